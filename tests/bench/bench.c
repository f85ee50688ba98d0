// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/bench/bench.c: measures /dev/hello and its peers from user space, one
 * operation between two RDTSC; meant for a guest where one instruction is one
 * tick of the clock. Prints rows: device, operation, size, min, median, mean, max.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SAMPLES	201
#define KIB	1024ul
#define MIB	(1024 * KIB)
#define NR(array)	(sizeof(array) / sizeof(*(array)))

static uint64_t samples[SAMPLES];
static char memory[64 * MIB] __attribute__((aligned(4096)));

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	int err = errno;
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

static uint64_t now(void)
{
	return __builtin_ia32_rdtsc();
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void row(const char *device, const char *op, uint64_t size, int n)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += samples[i];
	qsort(samples, n, sizeof(*samples), order);
	printf("%s\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\n", device, op, size,
	       samples[0], samples[n / 2], sum / n, samples[n - 1]);
}

static void one(const char *device, const char *op, uint64_t size, uint64_t value)
{
	samples[0] = value;
	row(device, op, size, 1);
}

/* Runs a statement n times; times only the statement. */
#define MEASURE(device, op, size, n, statement) do {			\
	for (int i_ = 0; i_ < (n); i_++) {				\
		uint64_t start_ = now();				\
									\
		statement;						\
		samples[i_] = now() - start_;				\
	}								\
	row(device, op, size, n);					\
} while (0)

/* ---- settings ---- */

/* Relative paths name tunables: main() has changed the directory. */
static void set(const char *path, const char *format, ...)
{
	char text[512];
	va_list args;
	int fd, len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len)
		die("cannot write '%s' to %s", text, path);
	close(fd);
}

static void get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (len < 0)
		die("cannot read %s", path);
	text[len] = '\0';
	close(fd);
}

static const char *const allocators[] = {
	"kmalloc", "vmalloc", "kvmalloc", "pages", "pages_exact", "slab",
	"mempool", "dma_coherent",
};

/* mempool takes no mask that reclaims. */
static const char *mask_for(const char *allocator)
{
	return strcmp(allocator, "mempool") ? "GFP_KERNEL" : "GFP_NOWAIT";
}

/* Stores in an order in which each step is valid from any state. */
static void recipe(const char *allocator, size_t size)
{
	set("buffer_size", "4K");
	set("alloc_mode", "kmalloc");
	set("gfp_flags", "%s", mask_for(allocator));
	set("alloc_mode", "%s", allocator);
	set("buffer_size", "%zu", size);
}

static int must_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		die("cannot open %s", path);
	return fd;
}

/* ---- measurements ---- */

static const size_t sizes[] = { 64, 4 * KIB, MIB };

static void must_pread(int fd, size_t size)
{
	if (pread(fd, memory, size, 0) != (ssize_t)size)
		die("cannot read %zu bytes", size);
}

static void must_pwrite(int fd, size_t size)
{
	if (pwrite(fd, memory, size, 0) != (ssize_t)size)
		die("cannot write %zu bytes", size);
}

static void io(const char *device, int fd, size_t max)
{
	/* Filled, like a buffer or file in use. */
	must_pwrite(fd, max);
	for (size_t i = 0; i < NR(sizes) && sizes[i] <= max; i++) {
		MEASURE(device, "pwrite", sizes[i], SAMPLES, must_pwrite(fd, sizes[i]));
		MEASURE(device, "pread", sizes[i], SAMPLES, must_pread(fd, sizes[i]));
	}
}

static void open_close(const char *device, const char *path, size_t size)
{
	MEASURE(device, "open+close", size, SAMPLES, close(must_open(path, O_RDWR)));
}

static void touch(int fd, size_t size)
{
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("cannot map %zu bytes", size);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	munmap((void *)p, size);
}

static void peers(void)
{
	static char to[MIB];
	int zero = must_open("/dev/zero", O_RDWR);
	int null = must_open("/dev/null", O_RDWR);
	int fd, ends[2];

	fd = must_open("/dev/minimal_slab", O_RDWR);
	io("minimal_slab", fd, 4 * KIB);
	close(fd);
	fd = must_open("/dev/minimal", O_RDWR);
	io("minimal", fd, MIB);
	close(fd);
	open_close("minimal", "/dev/minimal", 0);

	fd = memfd_create("bench", 0);
	io("memfd", fd, MIB);
	MEASURE("memfd", "mmap+touch+munmap", MIB, SAMPLES, touch(fd, MIB));
	close(fd);
	MEASURE("memfd", "open+close", 0, SAMPLES, close(memfd_create("b", 0)));

	fd = must_open("/dev/shm/bench", O_RDWR | O_CREAT);
	io("shm", fd, MIB);
	MEASURE("shm", "mmap+touch+munmap", MIB, SAMPLES, touch(fd, MIB));
	close(fd);
	open_close("shm", "/dev/shm/bench", 0);

	if (pipe(ends))
		die("no pipe");
	memset(to, 1, sizeof(to));
	for (size_t i = 0; i < NR(sizes); i++) {
		MEASURE("zero", "pread", sizes[i], SAMPLES, must_pread(zero, sizes[i]));
		MEASURE("null", "pwrite", sizes[i], SAMPLES, must_pwrite(null, sizes[i]));
		/* The cost of copying alone. */
		MEASURE("copy", "movsq", sizes[i], SAMPLES, ({
			void *d = to, *s = memory;
			size_t n = sizes[i] / 8;

			__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n)
					 :: "memory");
		}));
		if (sizes[i] <= 4 * KIB)
			MEASURE("pipe", "write+read", sizes[i], SAMPLES,
				if (write(ends[1], memory, sizes[i]) < 0 ||
				    read(ends[0], memory, sizes[i]) < 0)
					die("the pipe"));
	}
	open_close("zero", "/dev/zero", 0);
}

static void hello_private(void)
{
	char device[64];
	int fd;

	/* The default: 4 KiB of kmalloc. */
	fd = must_open("/dev/hello", O_RDWR);
	io("hello", fd, 4 * KIB);
	close(fd);
	open_close("hello", "/dev/hello", 4 * KIB);
	set("alloc_when", "first_use");
	open_close("hello", "/dev/hello", 0);
	set("alloc_when", "open");

	for (size_t i = 0; i < NR(allocators); i++) {
		snprintf(device, sizeof(device), "hello/%s", allocators[i]);
		recipe(allocators[i], 4 * KIB);
		open_close(device, "/dev/hello", 4 * KIB);
		recipe(allocators[i], MIB);
		fd = must_open("/dev/hello", O_RDWR);
		io(device, fd, MIB);
			if (strstr("vmalloc pages_exact dma_coherent", allocators[i]))	/* mappable */
			MEASURE(device, "mmap+touch+munmap", MIB, SAMPLES, touch(fd, MIB));
		close(fd);
	}
	recipe("kmalloc", 4 * KIB);
}

static void hello_shared(void)
{
	static const char *const locks[] = {
		"mutex", "rwsem", "spinlock", "rwlock", "rcu",
	};
	char device[64];
	int fd;

	recipe("pages", MIB);
	set("buffer_mode", "shared");
	for (size_t i = 0; i < NR(locks); i++) {
		snprintf(device, sizeof(device), "hello/shared/%s", locks[i]);
		set("lock_mode", "%s", locks[i]);
		fd = must_open("/dev/hello", O_RDWR);
		io(device, fd, MIB);
		close(fd);
		open_close(device, "/dev/hello", MIB);
	}
	set("reset", "1");
	set("lock_mode", "mutex");
	set("buffer_mode", "private");
	recipe("kmalloc", 4 * KIB);
}

static void statistics(const char *path)
{
	char text[8 * KIB];

	MEASURE("statistics", path, 0, SAMPLES, get(path, text, sizeof(text)));
}

/* ---- the laboratory against bare loops ---- */

/* Enough iterations to outweigh a timer tick, within a reasonable time. */
static unsigned int count_for(size_t size)
{
	if (size <= 4 * KIB)
		return 10000;
	return size < MIB ? 1000 : 100;
}

static void raw(const char *device, const char *name, size_t size)
{
	char text[64];

	set("/sys/kernel/debug/raw/run", "%s %zu %u", name, size, count_for(size));
	get("/sys/kernel/debug/raw/ns", text, sizeof(text));
	one(device, name, size, strtoul(text, NULL, 10) / count_for(size));
}

/* A number of the answer: that behind a word of the line that begins with another. */
static uint64_t number_of(const char *answer, const char *line, const char *word)
{
	const char *p = strstr(answer, line);

	p = p ? strstr(p, word) : NULL;
	if (!p)
		die("the experiment has no %s%s", line, word);
	return strtoul(p + strlen(word), NULL, 10);
}

/* A median as an experiment reports it: the beginning of its step of the histogram. */
static uint64_t step_of(uint64_t ns)
{
	int shift = ns < 64 ? 0 : 63 - __builtin_clzl(ns) - 5;

	return ns >> shift << shift;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * How far the experiment's least and median sample are from those of the same calls
 * without the experiment's work between them.
 */
static uint64_t changed(const char *answer, const char *line, const char *overhead_line,
			uint64_t least, uint64_t median)
{
	uint64_t overhead = number_of(answer, overhead_line, " ");
	uint64_t low = number_of(answer, line, " min ") + overhead;
	uint64_t p50 = number_of(answer, line, " p50 ") + overhead;
	uint64_t by = 0;

	/* The least change of the median that ends in the same step. */
	while (by < median && step_of(median + by) != p50 && step_of(median - by) != p50 &&
	       apart(median, p50) > by)
		by++;
	return by > apart(low, least) ? by : apart(low, least);
}

/* Compares the answer of an experiment with the same calls without its work. */
static void own_work(const char *name, size_t size, const char *answer)
{
	uint64_t alloc[2], free[2], by[2];
	char alone[128];

	set("/sys/kernel/debug/raw/alone", "%s %zu %u", name, size, count_for(size));
	get("/sys/kernel/debug/raw/samples", alone, sizeof(alone));
	if (sscanf(alone, "%lu %lu %lu %lu", &alloc[0], &alloc[1], &free[0], &free[1]) != 4)
		die("raw/samples has '%s'", alone);
	by[0] = changed(answer, "alloc_ns:", "alloc_overhead_ns:", alloc[0], alloc[1]);
	by[1] = changed(answer, "free_ns:", "free_overhead_ns:", free[0], free[1]);
	one("own work", name, size, by[0] > by[1] ? by[0] : by[1]);
}

static void experiment(const char *name, size_t size)
{
	char text[8 * KIB];

	set("/sys/kernel/debug/hello/experiment",
	    "alloc alloc_mode=%s buffer_size=%zu gfp_flags=%s count=%u threads=1 pattern=pair",
	    name, size, mask_for(name), count_for(size));
	get("/sys/kernel/debug/hello/experiment", text, sizeof(text));
	one("experiment", name, size,
	    number_of(text, "alloc_ns:", " mean ") + number_of(text, "free_ns:", " mean "));
	one("resolution", name, size, number_of(text, "clock_resolution_ns:", " "));
	/* A larger block costs more or less with the blocks beside it, which others take. */
	if (size <= 4 * KIB)
		own_work(name, size, text);
}

static void laboratory(void)
{
	static const size_t bytes[] = { 64, 256, 4 * KIB, 64 * KIB, MIB };

	for (size_t i = 0; i < NR(allocators); i++)
		for (size_t j = 0; j < NR(bytes); j++) {
			raw("raw", allocators[i], bytes[j]);
			experiment(allocators[i], bytes[j]);
		}
	raw("raw", "buffer", 256);
	raw("raw", "version", 256);
	raw("raw", "accounted", 256);
	raw("raw", "accounted", 4 * KIB);
	raw("raw", "header", 1);
	raw("raw", "file", 1);
}

/* ---- how costs grow ---- */

/* Bytes of all objects in the driver's caches, with the allocator's padding. */
static unsigned long cached(void)
{
	unsigned long objects, all, size, sum = 0;
	char line[256], name[64];
	FILE *file = fopen("/proc/slabinfo", "r");

	if (!file)
		die("no /proc/slabinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lu %lu %lu", name, &objects, &all, &size) == 4 &&
		    !strncmp(name, "hello_", 6))
			sum += objects * size;
	fclose(file);
	return sum;
}

static void growth_opens(const char *device, const char *path)
{
	static int fds[10000];
	const struct rlimit limit = { 16384, 16384 };
	unsigned long before = cached();
	char name[64];
	int fd, n = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("cannot raise the number of open files");
	snprintf(name, sizeof(name), "opens/%s", device);
	fd = must_open(path, O_RDWR);
	must_pwrite(fd, 64);
	for (int goal = 1; goal <= 10000; goal *= 10) {
		while (n < goal)
			fds[n++] = must_open(path, O_RDWR);
		open_close(name, path, goal);
		MEASURE(name, "pread", goal, SAMPLES, must_pread(fd, 64));
	}
	/* Memory of an open file without its buffer. */
	one(name, "bytes", n, (cached() - before) / n);
	while (n)
		close(fds[--n]);
	close(fd);
}

static void read_all(const char *path)
{
	int fd = must_open(path, O_RDONLY);
	ssize_t n;

	while ((n = read(fd, memory, 64 * KIB)) > 0)
		;
	if (n)
		die("cannot read %s", path);
	close(fd);
}

/* The list of open files: the cost is in the rows. */
static void growth_list(void)
{
	enum { MOST = 100000 };
	static int fds[MOST];
	const struct rlimit limit = { MOST + 64, MOST + 64 };
	int n = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("cannot raise the number of open files");
	set("alloc_when", "first_use");
	for (int goal = 1000; goal <= MOST; goal *= 10) {
		while (n < goal)
			fds[n++] = must_open("/dev/hello", O_RDWR);
		MEASURE("opens/debugfs", "read all", goal, 3,
			read_all("/sys/kernel/debug/hello/opens"));
	}
	while (n)
		close(fds[--n]);
	set("alloc_when", "open");
}

static void growth_size(const char *allocator, size_t max)
{
	static const size_t bytes[] = {
		1, 64, 4 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB,
	};
	char name[64];

	snprintf(name, sizeof(name), "size/%s", allocator);
	for (size_t i = 0; i < NR(bytes) && bytes[i] <= max; i++) {
		size_t size = bytes[i];
		int fd;

		recipe(allocator, size);
		MEASURE(name, "open+close", size, 11,
			close(must_open("/dev/hello", O_RDWR)));
		fd = must_open("/dev/hello", O_RDWR);
		MEASURE(name, "pwrite", size, 11, must_pwrite(fd, size));
		MEASURE(name, "pread", size, 11, must_pread(fd, size));
		close(fd);
	}
	recipe("kmalloc", 4 * KIB);
}

static void growth_mappings(void)
{
	static void *maps[10000];
	int fd, n = 0;

	recipe("pages", 4 * KIB);
	fd = must_open("/dev/hello", O_RDWR);
	for (int goal = 1; goal <= 10000; goal *= 10) {
		for (; n < goal; n++) {
			maps[n] = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				       MAP_SHARED, fd, 0);
			if (maps[n] == MAP_FAILED)
				die("cannot map a %dth time", n);
		}
		MEASURE("mappings/hello", "mmap+touch+munmap", goal, SAMPLES, touch(fd, 4096));
		MEASURE("mappings/hello", "pread", goal, SAMPLES, must_pread(fd, 64));
	}
	while (n)
		munmap(maps[--n], 4096);
	close(fd);
	recipe("kmalloc", 4 * KIB);
}

#define THREAD_OPS	10000

static int threads;

static void *thread(void *arg)
{
	char bytes[64] = "";
	int fd = *(int *)arg;

	for (int i = 0; i < THREAD_OPS / threads; i++)
		if (pwrite(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
			die("cannot write 64 bytes");
	return NULL;
}

/* One CPU: measures the cost of preemption and waiting. */
static void growth_threads(void)
{
	pthread_t ids[64];
	int fd;

	set("buffer_mode", "shared");
	fd = must_open("/dev/hello", O_RDWR);
	for (threads = 1; threads <= 64; threads *= 4) {
		uint64_t start = now();

		for (int i = 0; i < threads; i++)
			if (pthread_create(&ids[i], NULL, thread, &fd))
				die("no thread");
		for (int i = 0; i < threads; i++)
			pthread_join(ids[i], NULL);
		one("threads/hello", "pwrite", threads, (now() - start) / THREAD_OPS);
	}
	close(fd);
	set("reset", "1");
	set("buffer_mode", "private");
}

/* The argument is peers, all, or the name of a variant of the driver. */
int main(int argc, char **argv)
{
	int fd;

	if (argc != 2)
		die("one argument");
	memset(memory, 1, sizeof(memory));
	if (!strcmp(argv[1], "peers")) {
		peers();
		return 0;
	}
	if (chdir("/sys/class/misc/hello"))
		die("no device");
	if (!strcmp(argv[1], "all")) {
		hello_private();
		hello_shared();
		statistics("stats/allocations");
		statistics("/sys/kernel/debug/hello/stats");
		laboratory();
		growth_opens("hello", "/dev/hello");
		growth_opens("minimal", "/dev/minimal");
		growth_list();
		growth_size("kmalloc", 4 * MIB);
		growth_size("vmalloc", 64 * MIB);
		growth_mappings();
		growth_threads();
	} else {
		fd = must_open("/dev/hello", O_RDWR);
		io(argv[1], fd, 4 * KIB);
		close(fd);
		raw(argv[1], "buffer", 256);
		raw(argv[1], "version", 256);
	}
	return 0;
}
