// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/accounting.c: the driver's counters match those of the kernel: slabinfo,
 * vmallocinfo, the memory cgroup; to the byte if the kernel counts exactly.
 */
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "harness.h"

#define BUFFERS	50
#define CGROUP	"/sys/fs/cgroup/hello-accounting"

static int fds[BUFFERS];

static void open_all(void)
{
	for (int i = 0; i < BUFFERS; i++)
		fds[i] = open_hello(O_RDWR);
}

static void close_all(void)
{
	for (int i = 0; i < BUFFERS; i++)
		close(fds[i]);
}

/* usable_bytes of an allocator, cumulative: the tenth column in debugfs */
static long long usable_bytes(const char *mode)
{
	char line[512], name[64];
	long long usable = -1, got;
	FILE *f = fopen("/sys/kernel/debug/hello/stats", "re");

	ASSERT(EXPECT(f));
	while (usable < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %*d %*d %*d %*d %*d %*d %*d %lld", name, &got) == 2 && !strcmp(name, mode))
			usable = got;
	fclose(f);
	ASSERT(EXPECT(usable >= 0));
	return usable;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT(EXPECT_EQ(write(fd, text, strlen(text)), strlen(text)));
	close(fd);
}

/* -- slab -------------------------------------------------------------------- */

/* A column of slabinfo: objects in use, or objects with memory */
enum { ACTIVE, ALL };

static long long slabinfo(const char *cache, int column)
{
	char line[512], name[64];
	long long objects = 0, n[2];
	FILE *f = fopen("/proc/slabinfo", "re");

	ASSERT(EXPECT(f));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lld %lld", name, &n[ACTIVE], &n[ALL]) == 3 && !strcmp(name, cache))
			objects = n[column];
	fclose(f);
	return objects;
}

/* The cache of the headers: each load of the module gives it another name. */
static const char *headers_cache(void)
{
	static char name[64];
	char line[512];
	FILE *f = fopen("/proc/slabinfo", "re");

	ASSERT(EXPECT(f));
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "hello_buffer", strlen("hello_buffer")))
			sscanf(line, "%63s", name);
	fclose(f);
	EXPECT(*name);
	return name;
}

/* Objects in use; shrink the cache first: objects on per-CPU lists count as used. */
static long long objects_of(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	if (!access(path, F_OK))
		write_to(path, "1");
	return slabinfo(cache, ACTIVE);
}

static bool kfence_samples(void)
{
	FILE *f = fopen("/sys/module/kfence/parameters/sample_interval", "re");
	long interval = 0;

	if (f) {
		EXPECT_EQ(fscanf(f, "%ld", &interval), 1);
		fclose(f);
	}
	return interval;
}

TEST(buffers_of_slab_are_the_objects_in_slabinfo)
{
	static const struct {
		const char *size, *cache;
		int bytes;
	} classes[] = {
		{ "32", "hello-32", 32 }, { "100", "hello-128", 128 }, { "4096", "hello-4096", 4096 },
		{ "20000", "hello-32768", 32768 },
	};

	if (access("/sys/kernel/slab", F_OK))
		SKIP("this kernel has no /sys/kernel/slab");
	if (kfence_samples())
		SKIP("KFENCE takes some objects from no slab");
	use_allocator("slab");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		long long objects = objects_of(classes[i].cache), usable = usable_bytes("slab");
		long long live = number("stats/live_bytes"), files = objects_of("hello_file");
		long long headers = objects_of(headers_cache());

		CASE("%s bytes", classes[i].size);
		SET("buffer_size", classes[i].size);
		open_all();
		EXPECT_EQ(objects_of(classes[i].cache), objects + BUFFERS);
		EXPECT_EQ(objects_of("hello_file"), files + BUFFERS);
		/* The file structure embeds the header of a private buffer. */
		EXPECT_EQ(objects_of(headers_cache()), headers);
		EXPECT_EQ(number("stats/live_bytes"), live + BUFFERS * atoi(classes[i].size));
		EXPECT_EQ(usable_bytes("slab"), usable + BUFFERS * classes[i].bytes);
		close_all();
		EXPECT_EQ(objects_of(classes[i].cache), objects);
	}
}

/* SLAB_TYPESAFE_BY_RCU: headers may be reused within a grace period. */
TEST(headers_do_not_pile_up_however_fast_versions_come_and_go)
{
	long long headers = slabinfo(headers_cache(), ALL);
	int fd;

	SET("lock_mode", "rcu");
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	for (int i = 0; i < volume(5000); i++)
		EXPECT_EQ(pwrite(fd, &i, sizeof(i), 0), sizeof(i));
	report(slabinfo(headers_cache(), ALL) <= headers + 1000, "%lld headers, were %lld",
	       slabinfo(headers_cache(), ALL), headers);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
}

/* -- vmalloc ------------------------------------------------------------------ */

struct areas {
	int number;
	long long pages;
};

/* The areas of at least so many pages that this module asked for; the list of many pages is one, too. */
static struct areas areas(long long least)
{
	struct areas a = { 0 };
	char line[512];
	FILE *f = fopen("/proc/vmallocinfo", "re");

	ASSERT(EXPECT(f));
	while (fgets(line, sizeof(line), f)) {
		char *pages = strstr(line, "pages=");

		if (!pages || !strstr(line, " [hello] ") || atoll(pages + strlen("pages=")) < least)
			continue;
		a.number++;
		a.pages += atoll(pages + strlen("pages="));
	}
	fclose(f);
	return a;
}

static size_t pages_of(size_t size)
{
	return (size + PAGE - 1) / PAGE;
}

TEST(buffers_of_vmalloc_are_the_areas_in_vmallocinfo)
{
	const size_t sizes[] = { 1, PAGE, PAGE + 1, 1000000 };
	struct areas before = areas(0), now;

	use_allocator("vmalloc");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		long long usable = usable_bytes("vmalloc");

		CASE("%zu bytes", sizes[i]);
		SET_NUMBER("buffer_size", sizes[i]);
		open_all();
		now = areas(0);
		EXPECT_EQ(now.number, before.number + BUFFERS);
		EXPECT_EQ(now.pages, before.pages + BUFFERS * pages_of(sizes[i]));
		EXPECT_EQ(usable_bytes("vmalloc") - usable, (now.pages - before.pages) * PAGE);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2] + BUFFERS * sizes[i]);
		close_all();
		now = areas(0);
		EXPECT_EQ(now.number, before.number);
	}
}

/* Above kmalloc's maximum it is a vmalloc area, which some kernels round up to huge pages. */
TEST(large_buffers_of_kvmalloc_count_with_the_pages_that_they_take)
{
	const long long least = pages_of(above_kmalloc());
	struct areas before = areas(least);
	long long usable = usable_bytes("kvmalloc");
	int fd;

	SET("alloc_mode", "kvmalloc");
	SET_NUMBER("buffer_size", above_kmalloc());
	fd = open_hello(O_RDWR);
	EXPECT_EQ(areas(least).number, before.number + 1);
	EXPECT_EQ(usable_bytes("kvmalloc") - usable, (areas(least).pages - before.pages) * PAGE);
	close(fd);
}

/* -- the memory cgroup ----------------------------------------------------------- */

/* A key of the cgroup's memory.stat, or memory.current for NULL */
static long long charged(const char *key)
{
	char line[256], name[64];
	long long n, found = -1;
	FILE *f = fopen(key ? CGROUP "/memory.stat" : CGROUP "/memory.current", "re");

	ASSERT(EXPECT(f));
	while (found < 0 && fgets(line, sizeof(line), f))
		if (!key)
			found = atoll(line);
		else if (sscanf(line, "%63s %lld", name, &n) == 2 && !strcmp(name, key))
			found = n;
	fclose(f);
	return found;
}

/* Wait for a value: the kernel updates memory.stat every two seconds. */
static bool becomes(const char *key, long long least, long long most)
{
	long long n = 0;

	for (int i = 0; i < 100 * env("HELLO_TEST_SLOW"); i++) {
		n = charged(key);
		if (n >= least && n <= most)
			return true;
		poll(NULL, 0, 100);
	}
	return report(false, "%s is %lld, expected %lld to %lld", key ?: "memory.current", n, least, most);
}

static void enter_cgroup(void)
{
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK))
		SKIP("no cgroup2 is mounted");
	write_to("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	rmdir(CGROUP);
	ASSERT(EXPECT_EQ(mkdir(CGROUP, 0755), 0));
	write_to(CGROUP "/cgroup.procs", "0");
	/* this program's own pages, among them what it reads into, and what an open takes besides its buffer */
	EXPECT_EQ(mlockall(MCL_CURRENT), 0);
	open_all();
	close_all();
	charged("kernel");
}

/* Each processor charges up to 64 pages in advance. The test needs that to be half of the sum at most. */
static long long charged_in_advance(long long sum)
{
	long long advance = 64LL * PAGE * get_nprocs();

	if (2 * advance > sum)
		SKIP("memory.current is not exact enough with so many processors");
	return advance;
}

static void leave_cgroup(void)
{
	write_to("/sys/fs/cgroup/cgroup.procs", "0");
	EXPECT_EQ(rmdir(CGROUP), 0);
}

/*
 * memory.current may be too high by what is charged in advance; beside its buffer, an
 * open takes less than 4 KiB, also on a kernel that checks its slabs.
 */
TEST(the_cgroup_is_charged_what_lives_with_every_allocator_that_can)
{
	enum { SIZE = 256 << 10 };
	const long long sum = (long long)BUFFERS * SIZE, advance = charged_in_advance(sum);

	enter_cgroup();
	SET("buffer_size", "256K");
	FOR_EACH_ALLOCATOR(mode) {
		long long before = charged(NULL), now;

		open_all();
		now = charged(NULL) - before;
		EXPECT_EQ(number("stats/live_bytes"), live_before[2] + sum);
		if (is_charged(mode))
			report(now >= sum - advance && now <= sum + advance + BUFFERS * 4096,
			       "charged %lld for %lld", now, sum);
		else
			report(now <= advance + BUFFERS * 4096, "charged %lld", now);
		close_all();
		objects_of("hello-262144");	/* or KASAN holds back what was freed */
		now = charged(NULL) - before;
		report(now <= advance, "still charged %lld", now);
	}
	leave_cgroup();
}

TEST(memory_stat_of_the_cgroup_has_every_page_of_vmalloc)
{
	const long long sum = BUFFERS * pages_of(100 << 10) * PAGE;
	long long before;

	enter_cgroup();
	if (charged("vmalloc") < 0) {
		leave_cgroup();
		SKIP("this kernel does not count vmalloc by cgroup");
	}
	SET("buffer_size", "100K");
	SET("alloc_mode", "vmalloc");
	becomes("vmalloc", 0, 0);
	before = charged("vmalloc");
	open_all();
	becomes("vmalloc", before + sum, before + sum);
	/* what is asked for elsewhere is nobody's */
	close_all();
	SET("alloc_context", "workqueue");
	open_all();
	becomes("vmalloc", before, before);
	close_all();
	leave_cgroup();
}

/* -- pages that outlive their buffer ------------------------------------------------ */

#define PIPES		16
#define IN_A_PIPE	(256 << 10)

static int pipes[PIPES][2];

/* Splice a buffer into a pipe by pages, then free it */
static bool pin_buffer(int pipe[2])
{
	struct iovec v = { NULL, IN_A_PIPE };
	int fd = try_open(O_RDWR);

	if (fd < 0)
		return false;
	v.iov_base = mmap(NULL, IN_A_PIPE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (v.iov_base == MAP_FAILED || pipe2(pipe, O_CLOEXEC) ||
	    fcntl(pipe[1], F_SETPIPE_SZ, IN_A_PIPE) != IN_A_PIPE)
		return false;
	EXPECT_EQ(vmsplice(pipe[1], &v, 1, 0), IN_A_PIPE);
	EXPECT_EQ(munmap(v.iov_base, IN_A_PIPE), 0);
	close(fd);
	return true;
}

static void need_charged_pages(void)
{
	struct utsname u;
	int version, patch;

	EXPECT_EQ(uname(&u), 0);
	if (sscanf(u.release, "%d.%d", &version, &patch) == 2 && version * 1000 + patch < 5011)
		SKIP("before 5.11 pages that can be mapped are not charged");
}

TEST(pages_that_outlive_their_buffer_stay_charged_until_they_are_let_go)
{
	static const char *const modes[] = { "vmalloc", "pages", "pages_exact" };
	const long long sum = (long long)PIPES * IN_A_PIPE, advance = charged_in_advance(sum);
	static char bytes[IN_A_PIPE];

	need_charged_pages();
	enter_cgroup();
	SET("buffer_size", "256K");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		long long before, now;

		CASE("%s", modes[i]);
		use_allocator(modes[i]);
		before = charged(NULL);
		for (int n = 0; n < PIPES; n++)
			EXPECT(pin_buffer(pipes[n]));
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
		now = charged(NULL) - before;
		report(now >= sum - advance, "charged %lld for %lld", now, sum);
		for (int n = 0; n < PIPES; n++) {
			EXPECT_EQ(read(pipes[n][0], bytes, IN_A_PIPE), IN_A_PIPE);
			close(pipes[n][0]);
			close(pipes[n][1]);
		}
		now = charged(NULL) - before;
		report(now <= advance, "still charged %lld", now);
	}
	leave_cgroup();
}
