// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/fail.c: every allocation of every path fails in turn, by
 * fail/nth: the call says ENOMEM, nothing has changed, and it works when retried.
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

static int set_nth(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	return write_file(KNOBS "nth", text);
}

/* The paths: each prepares, then does one call that allocates, then undoes it. */
static int fd, result;
static void *map;

static void open_filled(void)
{
	fd = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(fd, pattern, sizeof(pattern), 0), sizeof(pattern));
}

static void nothing(void)
{
	fd = -1;
}

static int call_open(void)
{
	result = try_open(O_RDWR);
	return result;
}

static void undo_open(void)
{
	close(result);
}

static void prepare_first_use(void)
{
	SET("alloc_when", "first_use");
	fd = open_hello(O_RDWR);
}

static int call_write(void)
{
	return pwrite(fd, pattern, sizeof(pattern), 0) < 0 ? -1 : 0;
}

static void undo_write(void)
{
	close(fd);
	fd = open_hello(O_RDWR);
}

static int call_recipe(void)
{
	struct hello_recipe_request r = { .size = sizeof(r), .recipe = "alloc_mode=vmalloc buffer_size=64K" };

	return ioctl(fd, HELLO_IOC_RECIPE, &r);
}

static void undo_recipe(void)
{
	struct hello_recipe_request r = { .size = sizeof(r), .recipe = "alloc_mode=kmalloc buffer_size=4096" };

	EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &r), 0);
}

static void prepare_shared(void)
{
	SET("buffer_mode", "shared");
	open_filled();
}

static int call_migrate(void)
{
	return set("alloc_mode", "slab");
}

static void undo_migrate(void)
{
	SET("alloc_mode", "kmalloc");
}

static void prepare_rcu(void)
{
	SET("lock_mode", "rcu");
	prepare_shared();
}

static void prepare_mmap(void)
{
	SET("alloc_mode", "pages");
	open_filled();
}

static int call_mmap(void)
{
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? -1 : 0;
}

static void undo_mmap(void)
{
	EXPECT_EQ(munmap(map, 4096), 0);
	close(fd);
	open_filled();
}

static void undo_nothing(void)
{
}

static const struct path {
	const char *name;
	void (*prepare)(void);
	int (*call)(void);
	void (*undo)(void);
	int allocations;	/* at least so many can fail */
} paths[] = {
	{ "open", nothing, call_open, undo_open, 3 },
	{ "first use", prepare_first_use, call_write, undo_write, 2 },
	{ "RECIPE", open_filled, call_recipe, undo_recipe, 2 },
	{ "migration", prepare_shared, call_migrate, undo_migrate, 2 },
	{ "a write under rcu", prepare_rcu, call_write, undo_nothing, 2 },
	{ "mmap", prepare_mmap, call_mmap, undo_mmap, 1 },
};

static void expect_unchanged(const struct hello_info *before, long long live)
{
	struct hello_info after = { .size = sizeof(after) };

	EXPECT_EQ(number("stats/live_bytes"), live);
	if (fd < 0)
		return;
	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &after), 0);
	EXPECT_MEM(&after, before, sizeof(after));
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), before->length);
	EXPECT_MEM(buf, pattern, before->length);
}

TEST(every_allocation_of_every_path_can_fail_and_nothing_has_changed)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = 'a' + i % 26;
	for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
		int injected = 0;

		paths[p].prepare();
		for (int n = 1; n < 20; n++) {
			struct hello_info before = { .size = sizeof(before) };
			long long live = number("stats/live_bytes");
			bool struck;
			int ret, err;

			CASE("%s, allocation %d", paths[p].name, n);
			if (fd >= 0)
				EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &before), 0);
			EXPECT_EQ(set_nth(n), 0);
			ret = paths[p].call();
			err = errno;
			struck = read_file(KNOBS "nth") == 0;
			EXPECT_EQ(set_nth(0), 0);
			if (!struck) {		/* it has no more than n - 1 */
				EXPECT(ret >= 0);
				paths[p].undo();
				break;
			}
			injected++;
			EXPECT_EQ(ret, -1);
			EXPECT_STR(strerrorname_np(err), "ENOMEM");
			expect_unchanged(&before, live);
			EXPECT(paths[p].call() >= 0);	/* retried */
			paths[p].undo();
		}
		CASE("%s", paths[p].name);
		printf("# %s: %d failures injected\n", paths[p].name, injected);
		EXPECT(injected >= paths[p].allocations);
		close_range(3, ~0U, 0);
		SET("buffer_mode", "private");
		SET("reset", "1");
		SET("alloc_when", "open");
		SET("lock_mode", "mutex");
		SET("alloc_mode", "kmalloc");
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
			EXPECT_EQ(set_nth(n), 0);
			close(try_open(O_RDWR));
		}
		EXPECT_EQ(set_nth(0), 0);
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
