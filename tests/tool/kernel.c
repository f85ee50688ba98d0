// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fakes the kernel for helloctl's tests. Preloaded; makes stores to the fake device's
 * files in umockdev's sysfs succeed or fail.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t (*real_write)(int fd, const void *data, size_t size);

/* Reads a file beside @path. */
static char *read_file(const char *path, const char *name, char *value, size_t size)
{
	char file[4096];
	const char *slash = strrchr(path, '/');
	FILE *from;
	size_t got;

	snprintf(file, sizeof(file), "%.*s/%s", (int)(slash - path), path, name);
	from = fopen(file, "r");
	got = from ? fread(value, 1, size - 1, from) : 0;
	if (from)
		fclose(from);
	value[got] = 0;
	value[strcspn(value, "\n")] = 0;
	return value;
}

static unsigned long long number(const char *path, const char *name)
{
	char value[64];

	return strtoull(read_file(path, name, value, sizeof(value)), NULL, 0);
}

/* Makes "[a] b" of "a [b]" if @word is b; false if it is in no list. */
static bool choose(char *list, const char *word, char *chosen, size_t size)
{
	bool found = false;
	char *rest = list, *name;

	*chosen = 0;
	while ((name = strsep(&rest, " "))) {
		size_t used = strlen(chosen);
		bool this_one;

		name += *name == '[';
		name[strcspn(name, "]")] = 0;
		this_one = !strcmp(name, word);
		found |= this_one;
		snprintf(chosen + used, size - used, "%s%s%s%s", used ? " " : "",
			 this_one ? "[" : "", name, this_one ? "]" : "");
	}
	return found;
}

/* kmalloc takes at most 4 MiB here, so that settings depend on each other. */
static bool valid(const char *path, const char *name, const char *value)
{
	char mode[256];
	unsigned long long size = number(path, "buffer_size");
	bool kmalloc = strstr(read_file(path, "alloc_mode", mode, sizeof(mode)), "[kmalloc]");

	if (!strcmp(name, "alloc_mode"))
		return strcmp(value, "kmalloc") || size <= 4 << 20;
	if (!strcmp(name, "buffer_size"))
		return strtoull(value, NULL, 0) &&
		       strtoull(value, NULL, 0) <= number(path, "max_buffer_size") &&
		       (!kmalloc || strtoull(value, NULL, 0) <= 4 << 20);
	if (!strcmp(name, "max_buffer_size"))
		return strtoull(value, NULL, 0) >= size;
	return *value;
}

/* Logs a line of the driver, unless told to be silent. */
static void explain(const char *name)
{
	char path[4096];
	FILE *log;

	snprintf(path, sizeof(path), "%s/dev/kmsg", getenv("UMOCKDEV_DIR"));
	log = fopen(path, "a");
	if (!log)
		abort();
	if (!getenv("FAKE_SILENCE"))
		fprintf(log, "5,17,4711,-;hello: %s: the fake driver does not like it\n", name);
	fclose(log);
}

static ssize_t store(int fd, const char *path, const char *data, size_t size)
{
	const char *name = strrchr(path, '/') + 1;
	char value[256], old[256], list[512];
	int length;

	snprintf(value, sizeof(value), "%.*s", (int)size, data);
	value[strcspn(value, "\n")] = 0;
	read_file(path, name, old, sizeof(old));
	snprintf(list, sizeof(list), "%s", value);
	if (getenv("FAKE_ERRNO") && !strcmp(value, "refused")) {
		errno = atoi(getenv("FAKE_ERRNO"));
		return -1;
	}
	if (!valid(path, name, value) ||
	    (strchr(old, '[') && !choose(old, value, list, sizeof(list)))) {
		explain(name);
		errno = EINVAL;
		return -1;
	}
	length = strlen(list);
	list[length++] = '\n';
	if (ftruncate(fd, 0) || real_write(fd, list, length) != length)
		abort();
	return size;
}

/* Returns the value of NAME=VALUE in an order, or "". */
static char *word(const char *order, const char *name, char *value, size_t size)
{
	const char *at = strstr(order, name);

	snprintf(value, size, "%s", at ? at + strlen(name) : "");
	value[strcspn(value, " \n")] = 0;
	return value;
}

/* Returns the number in an environment variable, or 0. */
static int fake(const char *name)
{
	const char *value = getenv(name);

	return value ? atoi(value) : 0;
}

/*
 * Costs by a simple formula: vmalloc is cheaper than kmalloc from 128K on. pages
 * always fails; masks that sleep are refused in softirq. FAKE_SLOWER makes vmalloc
 * dearer by so many percent, FAKE_NOISE every second run, FAKE_CUT ends it early.
 */
static void measure(const char *order, char *answer, size_t size)
{
	char mode[64], gfp[64], context[64], bytes[64], threads[64], count[64], cpus[64];
	int n = atoi(word(order, "count=", count, 64));
	bool softirq = !strcmp(word(order, "alloc_context=", context, 64), "softirq");
	bool sleeps = !strstr(word(order, "gfp_flags=", gfp, 64), "ATOMIC");
	bool vmalloc = !strcmp(word(order, "alloc_mode=", mode, 64), "vmalloc");
	bool pages = !strcmp(mode, "pages");
	static int runs;
	const char *wanted = word(order, "buffer_size=", bytes, 64);
	char *unit;
	unsigned long long asked = strtoull(wanted, &unit, strncmp(wanted, "0x", 2) ? 10 : 16);
	unsigned long long ns;

	asked <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : 0;
	ns = vmalloc ? 5000 + asked / 64 : 200 + asked / 16 + 100 * softirq;
	ns += ns * (vmalloc ? fake("FAKE_SLOWER") : 0) / 100;
	ns += ns * (runs++ % 2 ? fake("FAKE_NOISE") : 0) / 100;
	word(order, "threads=", threads, 64);
	word(order, " cpus=", cpus, 64);
	if (softirq ? sleeps : vmalloc && !sleeps)
		snprintf(answer, size, "error: %s does not take %s\n",
			 softirq ? context : mode, gfp);
	else
		snprintf(answer, size,
			 "version: 1\nexperiment: alloc\nrecipe: alloc_mode=%s buffer_size=%llu gfp_flags=%s alloc_context=%s\n"
			 "threads: %s\n%s%s%scount: %d\nfailures: %d\nelapsed_ns: %s\n"
			 "alloc_ns: n %d min %llu mean %llu p50 %llu p99 %llu max %llu\n"
			 "free_ns: n %d min 30 mean 60 p50 40 p99 90 max 90\n"
			 "from_ns count\n%llu %d\n%llu 2\n",
			 mode, asked, gfp, context, *threads ? threads : "1",
			 *cpus ? "cpus: " : "", cpus, *cpus ? "\n" : "", n, pages ? n : 0,
			 fake("FAKE_CUT") ? "10000000001" : "1000", n, ns,
			 ns + 9, ns, 3 * ns, 4 * ns, pages ? 0 : n, ns, n - 2, 2 * ns);
}

static void lock_race(const char *lock, char *answer, size_t size)
{
	bool none = !strcmp(lock, "none");

	snprintf(answer, size,
		 "version: 1\nexperiment: lock\nlock_mode: %s\nreads: 300\nexpected: 200\nobserved: %d\n"
		 "lost: %d\n%sretries: 0\nns_per_operation: 70\n"
		 "wait_ns: n %d min 1 mean 2 p50 2 p99 3 max 3\nhold_ns: n %d min 4 mean 5 max 6\n"
		 "read_ns: n 300 min 7 p50 8\nwrite_ns: n 200 min 9 p50 10\n",
		 lock, none ? 187 : 200, none ? 13 : 0,
		 !strcmp(lock, "atomic") ? "" : none ? "torn: 2\n" : "torn: 0\n",
		 none ? 0 : 200, none ? 0 : 200);
}

/* Appends the order to the file FAKE_ORDERS. */
static void log_order(const char *order, size_t size)
{
	const char *path = getenv("FAKE_ORDERS");
	FILE *log = path ? fopen(path, "a") : NULL;

	if (log) {
		fwrite(order, 1, size, log);
		fclose(log);
	}
}

static ssize_t experiment(int fd, const char *order, size_t size)
{
	char answer[1024], lock[64];

	log_order(order, size);

	if (strstr(order, "refused")) {
		errno = atoi(getenv("FAKE_ERRNO"));
		return -1;
	}
	if (!strncmp(order, "alloc ", 6))
		measure(order, answer, sizeof(answer));
	else if (strstr(order, "delay=msleep") && strstr(order, "lock_mode=spinlock"))
		snprintf(answer, sizeof(answer), "error: spinlock may not sleep\n");
	else
		lock_race(word(order, "lock_mode=", lock, sizeof(lock)), answer, sizeof(answer));
	if (ftruncate(fd, 0) || pwrite(fd, answer, strlen(answer), 0) < 0)
		abort();
	errno = EINVAL;
	return *answer == 'e' ? -1 : (ssize_t)size;
}

ssize_t write(int fd, const void *data, size_t size)
{
	char link[64], path[4096];
	ssize_t length;

	if (!real_write)
		real_write = dlsym(RTLD_NEXT, "write");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = 0;
	if (strstr(path, "/debug/hello/experiment"))
		return experiment(fd, data, size);
	if (strstr(path, "/misc/hello/"))
		return store(fd, path, data, size);
	return real_write(fd, data, size);
}
