// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/fail.c: every allocation of every path fails in turn, by
 * fail/nth: the call fails with ENOMEM, changes nothing, and works when retried.
 */
#include <linux/hello.h>
#include <sys/ioctl.h>

#include "harness.h"

#define KNOBS	"/sys/kernel/debug/hello/fail/"

static char pattern[3000], buf[8192];

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err;
	ssize_t n = write(fd, text, strlen(text));

	err = errno;
	close(fd);
	errno = err;
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static long long read_file(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	EXPECT(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoll(text);
}

/*
 * The paths: one call each that allocates, with a buffer that is FILLED, UNUSED
 * (before its first use), or CLOSED (the call is an open).
 */
enum { CLOSED, UNUSED, FILLED };

struct path {
	const char *name;
	int (*call)(const char *mode);
	int at_least;		/* number of allocations that can fail */
	int file;		/* CLOSED, UNUSED or FILLED */
	const char *lock;	/* shared, under this lock */
	bool poison;
	bool from_other;	/* the existing buffer is of another allocator */
	bool maps;
	bool may_make;		/* a failure may leave the new, empty buffer */
	const char *only;	/* test this allocator only: the path does not depend on it */
};

static int fd, other, reader;
static void *map;
static char mask[64];	/* that mode takes */

static int call_open(const char *mode)
{
	(void)mode;
	other = try_open(O_RDWR);
	return other;
}

static int call_truncate(const char *mode)
{
	(void)mode;
	other = try_open(O_RDWR | O_TRUNC);
	return other;
}

static int call_write(const char *mode)
{
	(void)mode;
	return pwrite(fd, pattern, sizeof(pattern), 0) < 0 ? -1 : 0;
}

static int call_read(const char *mode)
{
	(void)mode;
	return pread(fd, buf, sizeof(buf), 0) < 0 ? -1 : 0;
}

static int call_mmap(const char *mode)
{
	(void)mode;
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? -1 : 0;
}

/* Under a spinning lock, data that is not in user memory goes through a bounce page. */
static int call_splice(const char *mode)
{
	loff_t from = 0;
	int ends[2];

	(void)mode;
	if (!other) {
		EXPECT_EQ(pipe(ends), 0);
		reader = ends[0];
		other = ends[1];
	}
	return splice(fd, &from, other, NULL, sizeof(pattern), 0);
}

static int call_recipe(const char *mode)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	snprintf(r.recipe, sizeof(r.recipe), "alloc_mode=%s buffer_size=30000 gfp_flags=%s", mode, mask);
	return ioctl(fd, HELLO_IOC_RECIPE, &r);
}

static int call_migrate(const char *mode)
{
	return set("alloc_mode", mode);
}

static int call_resize(const char *mode)
{
	(void)mode;
	return set("buffer_size", "30000");
}

static int call_race(const char *mode)
{
	(void)mode;
	return write_file("/sys/kernel/debug/hello/experiment", "lock lock_mode=mutex count=10");
}

/*
 * An open allocates its file and the memory; a replacement allocates a header instead
 * of the file; some allocators prepare a cache first.
 */
static const struct path paths[] = {
	{ "open", call_open, .at_least = 2, .file = CLOSED },
	{ "the first open", call_open, .at_least = 2, .file = CLOSED, .lock = "mutex" },
	{ "another open", call_open, .at_least = 1, .file = FILLED, .lock = "mutex", .only = "vmalloc" },
	{ "open with O_TRUNC", call_truncate, .at_least = 1, .file = FILLED, .lock = "mutex", .only = "vmalloc" },
	{ "a write as first use", call_write, .at_least = 1, .file = UNUSED },
	{ "a read as first use", call_read, .at_least = 1, .file = UNUSED, .poison = true },
	{ "a write as first use of the shared buffer", call_write, .at_least = 1, .file = UNUSED, .lock = "rwsem", .only = "vmalloc" },
	{ "mmap", call_mmap, .at_least = 1, .file = FILLED, .maps = true },
	{ "mmap as first use", call_mmap, .at_least = 2, .file = UNUSED, .maps = true, .may_make = true },
	{ "RECIPE, another allocator", call_recipe, .at_least = 2, .file = FILLED, .from_other = true },
	{ "RECIPE, another size", call_recipe, .at_least = 2, .file = FILLED },
	{ "migration under mutex", call_migrate, .at_least = 2, .file = FILLED, .lock = "mutex", .from_other = true },
	{ "migration under rcu", call_migrate, .at_least = 2, .file = FILLED, .lock = "rcu", .from_other = true },
	{ "resizing under mutex", call_resize, .at_least = 2, .file = FILLED, .lock = "mutex" },
	{ "resizing under rwsem", call_resize, .at_least = 2, .file = FILLED, .lock = "rwsem", .only = "vmalloc" },
	{ "resizing under spinlock", call_resize, .at_least = 2, .file = FILLED, .lock = "spinlock", .only = "vmalloc" },
	{ "resizing under rwlock", call_resize, .at_least = 2, .file = FILLED, .lock = "rwlock", .only = "vmalloc" },
	{ "resizing under rcu", call_resize, .at_least = 2, .file = FILLED, .lock = "rcu", .only = "vmalloc" },
	{ "a write under rcu", call_write, .at_least = 2, .file = FILLED, .lock = "rcu" },
	{ "splice under spinlock", call_splice, .at_least = 1, .file = FILLED, .lock = "spinlock", .only = "vmalloc" },
	{ "a store that the shared buffer will follow", call_resize, .at_least = 1, .file = CLOSED, .only = "vmalloc" },
	{ "experiment lock", call_race, .at_least = 3, .file = CLOSED, .only = "vmalloc" },
};

/* Avoid stores: each change sends an event to udev, which is slow. */
static void set_up(const struct path *p, const char *mode)
{
	use_allocator(mode);
	snprintf(mask, sizeof(mask), "%s", get("gfp_flags"));
	SET("alloc_when", p->file == UNUSED ? "first_use" : "open");
	SET("init_mode", p->poison ? "poison" : "zero");
	if (p->lock) {
		SET("lock_mode", p->lock);
		SET("buffer_mode", "shared");
	}
}

static void tear_down(void)
{
	SET("buffer_mode", "private");
	SET("buffer_size", "4096");
}

static void begin(const struct path *p, const char *mode)
{
	if (p->from_other)
		SET("alloc_mode", strcmp(mode, "kmalloc") ? "kmalloc" : "slab");
	SET("buffer_size", "4096");
	fd = p->file == CLOSED ? -1 : open_hello(O_RDWR);
	if (p->file == FILLED)
		EXPECT_EQ(pwrite(fd, pattern, sizeof(pattern), 0), sizeof(pattern));
}

static void end(void)
{
	if (map && map != MAP_FAILED)
		EXPECT_EQ(munmap(map, 4096), 0);
	map = NULL;
	if (other > 0)
		close(other);
	if (reader > 0)
		close(reader);
	other = reader = 0;
	if (fd >= 0)
		close(fd);
	SET("reset", "1");
}

static void expect_unchanged(const struct path *p, const struct hello_info *before, long long live)
{
	struct hello_info after = { .size = sizeof(after) };

	if (p->may_make && number("stats/live_bytes") == live + 4096) {
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 0);
		return;
	}
	EXPECT_EQ(number("stats/live_bytes"), live);
	EXPECT_EQ(number("stats/opens"), live_before[0] + (fd >= 0));
	if (fd < 0)
		return;
	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &after), 0);
	EXPECT_MEM(&after, before, sizeof(after));
	if (!(before->flags & HELLO_INFO_ALLOCATED))
		return;
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), before->length);
	EXPECT_MEM(buf, pattern, before->length);
}

/* Fails the nth allocation of the path; false if it has no nth. */
static bool strike(const struct path *p, const char *mode, int n)
{
	struct hello_info before = { .size = sizeof(before) };
	long long live = number("stats/live_bytes");
	bool struck;
	int ret, err;

	if (fd >= 0)
		EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &before), 0);
	fail_nth(n);
	ret = p->call(mode);
	err = errno;
	struck = read_file(KNOBS "nth") == 0;
	fail_nth(0);
	if (!struck) {
		EXPECT(ret >= 0);
		return false;
	}
	EXPECT_EQ(ret, -1);
	EXPECT_STR(strerrorname_np(err), "ENOMEM");
	expect_unchanged(p, &before, live);
	EXPECT(p->call(mode) >= 0);	/* retried */
	return true;
}

/* mmap of dma_coherent allocates nothing: it maps the buffer at once. */
static bool is_mapped_by_page(const char *mode)
{
	return !strcmp(mode, "vmalloc") || !strcmp(mode, "pages") || !strcmp(mode, "pages_exact");
}

/* The number of failed allocations */
static int walk(const struct path *p, const char *mode)
{
	bool more = true;
	int n = 0;

	CASE("%s, %s", mode, p->name);
	set_up(p, mode);
	while (more && n < 20) {
		CASE("%s, %s, allocation %d", mode, p->name, ++n);
		begin(p, mode);
		more = strike(p, mode, n);
		end();
	}
	CASE("%s, %s", mode, p->name);
	tear_down();
	return n - 1;
}

TEST(every_allocation_of_every_path_can_fail_with_every_allocator_and_nothing_has_changed)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = 'a' + i % 26;
	for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
		int sum = 0;

		FOR_EACH_CHOICE(mode, "alloc_mode") {
			int injected;

			if ((paths[p].only && strcmp(paths[p].only, mode)) ||
			    (paths[p].maps && !is_mapped_by_page(mode)))
				continue;
			injected = walk(&paths[p], mode);
			CASE("%s, %s", mode, paths[p].name);
			EXPECT(injected >= paths[p].at_least);
			sum += injected;
		}
		printf("# %s: %d failures injected\n", paths[p].name, sum);
	}
}

TEST(a_mapping_that_fails_is_none)
{
	struct hello_recipe_request bigger = { .size = sizeof(bigger), .recipe = "buffer_size=65536" };

	SET("alloc_mode", "pages");
	fd = open_hello(O_RDWR);
	fail_nth(1);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), ENOMEM);
	fail_nth(0);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &bigger), 0);	/* EBUSY while mapped */
	close(fd);
}

TEST(the_lock_is_changed_as_a_whole_or_not_at_all)
{
	FOR_EACH_CHOICE(lock, "lock_mode") {
		char line[64], file[1024] = "";
		int shared = open("/sys/kernel/debug/hello/shared", O_RDONLY);

		CASE("%s", lock);
		fail_nth(1);
		set("lock_mode", lock);
		fail_nth(0);
		EXPECT(read(shared, file, sizeof(file) - 1) > 0);
		snprintf(line, sizeof(line), "\nlock_mode: %s\n", get("lock_mode"));
		EXPECT(strstr(file, line));
		close(shared);
	}
}

TEST(probability_strikes_as_often_as_times_allows)
{
	long long failures_before = number("stats/failures");
	int failed = 0;

	EXPECT_EQ(write_file(KNOBS "times", "3"), 0);
	EXPECT_EQ(write_file(KNOBS "probability", "100"), 0);
	for (int i = 0; i < 10; i++) {
		int opened = try_open(O_RDWR);

		if (opened < 0)
			EXPECT_EQ(errno, ENOMEM), failed++;
		else
			close(opened);
	}
	EXPECT_EQ(write_file(KNOBS "probability", "0"), 0);
	EXPECT_EQ(write_file(KNOBS "times", "1"), 0);
	EXPECT_EQ(failed, 3);
	EXPECT(number("stats/failures") >= failures_before);
}

TEST(a_failed_allocation_is_counted_with_every_allocator)
{
	FOR_EACH_ALLOCATOR(mode) {
		long long failures_before = number("stats/failures"), frees = number("stats/frees");

		/* the last allocation of an open is the allocator itself */
		for (int n = 1; number("stats/failures") == failures_before && n < 10; n++) {
			fail_nth(n);
			close(try_open(O_RDWR));
		}
		fail_nth(0);
		EXPECT_EQ(number("stats/failures"), failures_before + 1);
		EXPECT_EQ(number("stats/frees"), frees);
		EXPECT_EQ(number("stats/allocations") - number("stats/frees"), number("stats/live_buffers"));
	}
}

TEST(knobs_refuse_nonsense)
{
	EXPECT_ERRNO(write_file(KNOBS "probability", "101"), EINVAL);
	EXPECT_ERRNO(write_file(KNOBS "probability", "-1"), EINVAL);
	EXPECT_ERRNO(write_file(KNOBS "nth", "-1"), EINVAL);
	EXPECT_ERRNO(write_file(KNOBS "nth", "x"), EINVAL);
	EXPECT_ERRNO(write_file(KNOBS "times", "-2"), EINVAL);
	EXPECT_EQ(write_file(KNOBS "times", "-1\n"), 0);
	EXPECT_EQ(read_file(KNOBS "times"), -1);
	EXPECT_EQ(write_file(KNOBS "times", "1"), 0);
}
