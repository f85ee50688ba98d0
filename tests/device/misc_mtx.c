// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/misc_mtx.c: the work of open() under misc_mtx is bounded: opens of other
 * misc devices do not wait for it.
 */
#include <math.h>
#include <pthread.h>
#include <sys/utsname.h>

#include "missing_page.h"

#define BOUND	(64 << 10)	/* maximum that an open may allocate, fill or zero of the shared buffer */
#define LARGE	(1 << 20)
#define HUGE	(16 << 20)
#define OPENS	100

static char *buf;

static char *memory(size_t n)
{
	char *m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT(EXPECT(m != MAP_FAILED));
	return m;
}

static void set_size(size_t size)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", size);
	SET("buffer_size", text);
}

/* Frees the shared buffer; the test has closed every descriptor */
static void start_again(void)
{
	close_range(3, ~0U, 0);
	SET("buffer_mode", "private");
	SET("reset", "1");
	SET("buffer_mode", "shared");
}

/* ---- making the buffer ---- */

static void by_read(int fd)
{
	EXPECT_EQ(read(fd, buf, 1), 1);		/* of poison */
}

static void by_write(int fd)
{
	EXPECT_EQ(write(fd, "x", 1), 1);
}

static void by_mmap(int fd)
{
	void *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT(EXPECT(map != MAP_FAILED));
	EXPECT_EQ(munmap(map, PAGE), 0);
}

TEST(open_makes_no_more_than_64_KiB_of_the_shared_buffer_and_the_first_use_makes_the_rest)
{
	static const size_t sizes[] = { 4096, BOUND, BOUND + 1, LARGE };
	static const char *const modes[] = { "kmalloc", "vmalloc", "pages" };
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND };
	static void (*const uses[])(int) = { by_read, by_write, by_mmap };

	buf = memory(PAGE);
	SET("alloc_when", "open");
	SET("init_mode", "poison");
	SET("buffer_mode", "shared");
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
	for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
	for (size_t u = 0; u < ARRAY_SIZE(uses); u++) {
		long long allocations, frees;
		bool at_open = sizes[s] <= BOUND;

		if (uses[u] == by_mmap && !strcmp(modes[m], "kmalloc"))
			continue;
		CASE("%s, %zu bytes, use %zu", modes[m], sizes[s], u);
		use_allocator(modes[m]);
		set_size(sizes[s]);
		start_again();
		allocations = number("stats/allocations");
		frees = number("stats/frees");
		for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
			close(open_hello(flags[f]));
			EXPECT_EQ(number("stats/allocations"), allocations + at_open);
		}
		uses[u](open_hello(O_RDWR));
		EXPECT_EQ(number("stats/allocations"), allocations + 1);
		EXPECT_EQ(number("stats/frees"), frees);
	}
}

TEST(O_TRUNC_makes_no_buffer_of_more_than_64_KiB)
{
	long long allocations;
	int fd;

	buf = memory(PAGE);
	SET("init_mode", "poison");
	SET("alloc_mode", "vmalloc");
	set_size(LARGE);
	SET("buffer_mode", "shared");
	allocations = number("stats/allocations");
	fd = open_hello(O_RDWR | O_TRUNC);
	EXPECT_EQ(number("stats/allocations"), allocations);
	EXPECT_EQ(read(fd, buf, PAGE), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
	EXPECT_EQ(number("stats/allocations"), allocations);
}

/* ---- making caches ---- */

static int caches(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *e;
	int n = 0;

	if (!dir)
		SKIP("this kernel does not show its slab caches");
	while ((e = readdir(dir)))
		n += !strncmp(e->d_name, "hello-", 6);
	closedir(dir);
	return n;
}

TEST(open_makes_no_slab_cache)
{
	/* unused size classes; otherwise the test proves nothing */
	static const size_t sizes[] = { 33, 65, 129, 257, 513, 1025, 2049, 4097, 8193, 16385, 32769, 65537 };
	int before;

	caches();
	use_allocator("slab");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		CASE("%zu bytes", sizes[i]);
		set_size(sizes[i]);
		before = caches();
		close(open_hello(O_RDWR));
		EXPECT_EQ(caches(), before);
	}
}

/* ---- truncating ---- */

TEST(O_TRUNC_of_a_mapped_shared_buffer_is_EBUSY_over_64_KiB_and_changes_nothing)
{
	static const size_t sizes[] = { BOUND, BOUND + 1, LARGE };
	static const int protections[] = { PROT_READ, PROT_READ | PROT_WRITE };

	buf = memory(LARGE);
	SET("alloc_mode", "vmalloc");
	FOR_EACH_CHOICE(lock, "lock_mode")
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
	for (size_t p = 0; p < ARRAY_SIZE(protections); p++) {
		struct pollfd news = { .events = POLLPRI };
		bool writable = protections[p] & PROT_WRITE;
		size_t size = sizes[s];
		long long opens;
		char *map;
		int fd;

		if (!strcmp(lock, "rcu"))	/* no mapping */
			continue;
		CASE("%s, %zu bytes, %s", lock, size, writable ? "writable" : "read-only");
		SET("lock_mode", lock);
		set_size(size);
		start_again();
		fd = open_hello(O_RDWR);
		memset(buf, 'c', size);
		EXPECT_EQ(pwrite(fd, buf, size, 0), size);
		news.fd = open_hello(O_RDONLY);
		/* a read-only descriptor, whose mapping mprotect() cannot make writable */
		map = mmap(NULL, size, protections[p], MAP_SHARED, writable ? fd : news.fd, 0);
		ASSERT(EXPECT(map != MAP_FAILED));
		EXPECT_EQ(read(news.fd, buf, 1), 1);	/* a mapping may be a change: consume it */
		opens = number("stats/opens");

		close(open_hello(O_RDONLY | O_TRUNC));	/* truncates nothing */
		if (size > BOUND) {
			EXPECT_ERRNO(try_open(O_WRONLY | O_TRUNC), EBUSY);
			EXPECT_ERRNO(try_open(O_RDWR | O_TRUNC | O_APPEND), EBUSY);
			EXPECT_EQ(poll(&news, 1, 0), 0);
			EXPECT_EQ(number("stats/opens"), opens);
			EXPECT_MEM(map, buf, size);
			EXPECT_EQ(lseek(fd, 0, SEEK_END), size);
			close(open_hello(O_RDWR));
			SET("reset", "1");		/* reset still empties it */
		} else {
			close(open_hello(O_WRONLY | O_TRUNC));
		}
		memset(buf, 0, size);
		EXPECT_MEM(map, buf, size);
		EXPECT_EQ(lseek(fd, 0, SEEK_END), writable ? size : 0);
		EXPECT_EQ(poll(&news, 1, 0), 1);

		EXPECT_EQ(pwrite(fd, "again", 5, 0), 5);
		EXPECT_EQ(munmap(map, size), 0);
		close(open_hello(O_WRONLY | O_TRUNC));	/* not mapped any more */
		EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
		start_again();
	}
}

/* ---- opens of others ---- */

/* A harmless misc device with a short open() */
static const char *other_device(void)
{
	static const char *const devices[] = { "/dev/vga_arbiter", "/dev/fuse", "/dev/cpu_dma_latency" };

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		int fd = open(devices[i], O_RDWR | O_CLOEXEC);

		close(fd);
		if (fd >= 0)
			return devices[i];
	}
	SKIP("no other misc device to open");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct times {
	double median, longest;
};

/* Times repeated opens of @device; stops after one that takes too long. */
static struct times time_opens(const char *device)
{
	double took[OPENS], limit = env("HELLO_TEST_SLOW");
	int n = 0;

	do {
		double begin = seconds();
		int fd = open(device, O_RDWR | O_CLOEXEC);

		took[n] = seconds() - begin;
		EXPECT(fd >= 0);
		close(fd);
	} while (took[n++] < limit && n < OPENS);
	qsort(took, n, sizeof(took[0]), compare);
	return (struct times){ .median = took[n / 2], .longest = took[n - 1] };
}

/* Child processes, which run until they are killed */
#define MAX_LOAD	16

static pid_t load[MAX_LOAD];
static int nr_load;

static void start(void (*forever)(const char *), const char *path)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			forever(path);
	load[nr_load++] = pid;
}

static void stop_load(void)
{
	while (nr_load) {
		kill(load[--nr_load], SIGKILL);
		EXPECT_EQ(waitpid(load[nr_load], NULL, 0), load[nr_load]);
	}
}

static void read_whole(const char *path)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(path, O_RDONLY);
	if (pread(fd, buf, HUGE, 0) != HUGE)
		stop(1);
}

static void truncate_it(const char *path)
{
	close(open(path, O_RDWR | O_TRUNC));
}

/* Times opens beside four readers of the whole file and two loops of opens */
static struct times time_beside_load(const char *device, const char *read_from, const char *opened)
{
	struct times t;

	for (int i = 0; i < 4; i++)
		start(read_whole, read_from);
	for (int i = 0; i < 2; i++)
		start(truncate_it, opened);
	t = time_opens(device);
	stop_load();
	return t;
}

/* Limit: a second, or, on a busy host, the longest open beside an equal load. */
static bool long_wait(struct times t, struct times equal)
{
	double limit = env("HELLO_TEST_SLOW");

	return t.longest >= (4 * equal.longest > limit ? 4 * equal.longest : limit);
}

static void expect_no_long_wait(const char *device, struct times t)
{
	report(!long_wait(t, (struct times){ 0 }), "an open of %s took %.3f s", device, t.longest);
}

/* With PREEMPT_RT the holder of any lock is preempted. */
static bool is_rt(void)
{
	struct utsname name;

	uname(&name);
	return strstr(name.version, "PREEMPT_RT");
}

/* How much longer the median of opens may be than beside an equal load */
static double ratio_limit(const char *lock)
{
	/* With PREEMPT_RT a writer that waits for readers cannot boost them. */
	return is_rt() && !strcmp(lock, "rwlock") ? INFINITY : 2;
}

TEST(readers_a_mapping_and_truncating_opens_hold_up_no_open_of_another_misc_device)
{
	const char *device = other_device();
	struct times equal, own;
	char path[32], *map;
	int fd;

	buf = memory(HUGE);
	fd = memfd_create("other", 0);
	EXPECT_EQ(write(fd, buf, HUGE), HUGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	equal = time_beside_load(device, path, device);

	SET("alloc_mode", "vmalloc");
	set_size(HUGE);
	FOR_EACH_CHOICE(lock, "lock_mode") {
		if (!strcmp(lock, "rcu"))	/* no mapping */
			continue;
		CASE("%s", lock);
		SET("lock_mode", lock);
		start_again();
		fd = open_hello(O_RDWR);
		map = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ASSERT(EXPECT(map != MAP_FAILED));
		/* The host's load may change between the two measurements: one of three tries must pass. */
		for (int i = 0; i < 3; i++) {
			own = time_beside_load(device, HELLO_DEV, HELLO_DEV);
			if (own.median <= ratio_limit(lock) * equal.median && !long_wait(own, equal))
				break;
			equal = time_beside_load(device, path, device);
		}
		EXPECT_EQ(munmap(map, HUGE), 0);
		start_again();
		report(!long_wait(own, equal), "an open of %s took %.3f s, beside an equal load %.3f s", device,
		       own.longest, equal.longest);
		report(own.median <= ratio_limit(lock) * equal.median,
		       "the median of opens of %s is %.1f us, beside an equal load %.1f us", device,
		       own.median * 1e6, equal.median * 1e6);
	}
}

/* ---- readers of debugfs ---- */

#define OPENS_FILE	"/sys/kernel/debug/hello/opens"

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		SKIP("it takes two processors");
}

static void read_opens_when_idle(const char *path)
{
	char rows[PAGE];
	int fd;

	run_on(1);
	EXPECT_EQ(sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 }), 0);
	for (;;) {
		fd = open(path, O_RDONLY);
		while (read(fd, rows, sizeof(rows)) > 0)
			;
		close(fd);
	}
}

static void spin(const char *unused)
{
	(void)unused;
	run_on(1);
	for (;;)
		__asm__ volatile("" ::: "memory");
}

/* The reader is preempted in the middle of the list and gets little CPU time. */
TEST(a_reader_of_the_list_of_opens_that_gets_no_time_holds_up_no_open)
{
	const char *device = other_device();
	struct times own, other;

	/* Priority inheritance boosts it for real-time tasks only. */
	if (is_rt())
		SKIP("with PREEMPT_RT the reader is preempted while it holds the list");
	SET("alloc_when", "first_use");
	for (int i = 0; i < 300; i++)
		open_hello(O_RDONLY);
	run_on(1);
	run_on(0);
	start(read_opens_when_idle, OPENS_FILE);
	start(truncate_it, HELLO_DEV);
	start(spin, NULL);
	own = time_opens(HELLO_DEV);
	other = time_opens(device);
	stop_load();
	expect_no_long_wait(HELLO_DEV, own);
	expect_no_long_wait(device, other);
}

static void *read_opens(void *page)
{
	int fd = open(OPENS_FILE, O_RDONLY | O_CLOEXEC);

	EXPECT(read(fd, page, PAGE) > 0);
	close(fd);
	return NULL;
}

TEST(a_reader_of_the_list_of_opens_whose_page_does_not_come_holds_up_no_open)
{
	pthread_t reader;
	int uffd, fd;
	char *page;

	uffd = missing_page(&page);
	fd = open_hello(O_RDONLY);
	pthread_create(&reader, NULL, read_opens, page);
	wait_for_fault(uffd);
	/* The reader is in the middle of its call: an open that waited for it would not end. */
	EXPECT(time_opens(HELLO_DEV).longest < 30 * env("HELLO_TEST_SLOW"));
	EXPECT(time_opens(other_device()).longest < 30 * env("HELLO_TEST_SLOW"));
	close(fd);
	answer(uffd, page, memory(PAGE));
	pthread_join(reader, NULL);
	close(uffd);
}
