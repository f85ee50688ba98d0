// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/migrate.c: while buffer_mode=shared, a store to the recipe
 * moves the shared buffer with its contents; what cannot work changes nothing.
 */
#include <linux/hello.h>
#include <sys/ioctl.h>

#include "harness.h"

static char pattern[65536], buf[1 << 20];

static struct hello_info info(int fd)
{
	struct hello_info i = { .size = sizeof(i) };

	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &i), 0);
	return i;
}

static void expect_contents(int fd, size_t n)
{
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), n);
	EXPECT_MEM(buf, pattern, n);
}

/* The shared buffer with n bytes of the pattern in it */
static int open_shared(size_t n)
{
	int fd;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 37 + i / 251;
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	ASSERT(EXPECT_EQ(pwrite(fd, pattern, n, 0), n));
	return fd;
}

TEST(contents_move_to_every_allocator_under_every_lock)
{
	SET("buffer_size", "40000");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int fd;

		SET("lock_mode", lock);
		use_allocator("kmalloc");
		fd = open_shared(30000);
		FOR_EACH_ALLOCATOR(mode) {
			CASE("lock_mode=%s alloc_mode=%s", lock, mode);
			expect_contents(fd, 30000);
			EXPECT(strstr(info(fd).recipe, mode));
			EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
			EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 40000);
		}
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(every_word_of_the_recipe_that_makes_memory_migrates)
{
	int fd = open_shared(4000);

	SET("buffer_size", "64K");
	EXPECT_EQ(info(fd).capacity, 65536);
	EXPECT_EQ(pwrite(fd, pattern + 4000, 61536, 4000), 61536);
	SET("alloc_mode", "vmalloc");
	SET("gfp_flags", "GFP_NOIO");
	EXPECT(strstr(info(fd).recipe, "gfp_flags=GFP_NOIO"));
	SET("alloc_context", "workqueue");
	EXPECT(strstr(info(fd).recipe, "alloc_context=workqueue"));
	SET("alloc_mode", "pages");
	SET("numa_node", "0");
	EXPECT(strstr(info(fd).recipe, "numa_node=0"));
	expect_contents(fd, 65536);
	EXPECT_EQ(number("stats/allocations") - number("stats/frees"), number("stats/live_buffers"));
}

TEST(init_mode_and_alloc_when_never_migrate)
{
	int fd = open_shared(100);
	long long allocations = number("stats/allocations");

	SET("init_mode", "poison");
	SET("alloc_when", "first_use");
	EXPECT_EQ(set("alloc_mode", "kmalloc"), 0);	/* what it is already */
	EXPECT_EQ(number("stats/allocations"), allocations);
	expect_contents(fd, 100);
}

TEST(in_private_mode_the_shared_buffer_keeps_its_recipe)
{
	int fd = open_shared(100);

	SET("buffer_mode", "private");
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "50");
	EXPECT(strstr(info(fd).recipe, "alloc_mode=kmalloc"));
	EXPECT_EQ(info(fd).capacity, 4096);
	expect_contents(fd, 100);
}

TEST(contents_that_do_not_fit_are_ENOSPC_and_nothing_changes)
{
	int fd = open_shared(3000);
	struct hello_info before = info(fd), after;

	EXPECT_ERRNO(set("buffer_size", "2999"), ENOSPC);
	EXPECT_EQ(number("buffer_size"), 4096);
	after = info(fd);
	EXPECT_MEM(&after, &before, sizeof(after));
	EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 4096);
	SET("buffer_size", "3000");
	expect_contents(fd, 3000);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 3000), ENOSPC);
}

TEST(a_mapped_buffer_is_EBUSY_and_nothing_changes)
{
	int fd;
	void *m;

	SET("alloc_mode", "pages");
	fd = open_shared(100);
	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_hello(O_RDONLY), 0);
	EXPECT_ERRNO(set("alloc_mode", "vmalloc"), EBUSY);
	EXPECT_ERRNO(set("buffer_size", "8192"), EBUSY);
	EXPECT_STR(get("alloc_mode"), "pages");
	EXPECT_EQ(number("buffer_size"), 4096);
	EXPECT_EQ(munmap(m, 4096), 0);
	SET("alloc_mode", "vmalloc");
	expect_contents(fd, 100);
}

TEST(old_and_new_count_against_the_cap_and_its_ENOMEM_changes_nothing)
{
	int fd = open_shared(100);
	char cap[32];

	snprintf(cap, sizeof(cap), "%lld", live_before[2] + 4096 + 4095);
	SET("max_total_size", cap);
	EXPECT_ERRNO(set("alloc_mode", "vmalloc"), ENOMEM);
	EXPECT_STR(get("alloc_mode"), "kmalloc");
	EXPECT(strstr(info(fd).recipe, "alloc_mode=kmalloc"));
	expect_contents(fd, 100);
	snprintf(cap, sizeof(cap), "%lld", live_before[2] + 4096 + 4096);
	SET("max_total_size", cap);
	EXPECT_EQ(set("alloc_mode", "vmalloc"), 0);
	expect_contents(fd, 100);
}

TEST(a_recipe_that_cannot_work_does_not_migrate)
{
	int fd = open_shared(100);

	EXPECT_ERRNO(set("alloc_context", "softirq"), EINVAL);
	EXPECT_ERRNO(set("buffer_size", "512M"), EINVAL);
	EXPECT(strstr(info(fd).recipe, "alloc_context=process"));
	expect_contents(fd, 100);
}

TEST(lock_mode_is_EBUSY_while_open_or_mapped_and_keeps_the_contents)
{
	FOR_EACH_CHOICE(lock, "lock_mode") {
		char *before = strdup(get("lock_mode"));
		int fd;
		void *m;

		CASE("%s", lock);
		SET("alloc_mode", "pages");
		fd = open_shared(100);
		EXPECT_ERRNO(set("lock_mode", strcmp(before, "rcu") ? "rcu" : "mutex"), EBUSY);
		EXPECT_STR(get("lock_mode"), before);
		EXPECT_EQ(set("lock_mode", before), 0);		/* no change */
		m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_hello(O_RDONLY), 0);
		close_range(fd, ~0U, 0);
		if (m != MAP_FAILED) {
			EXPECT_ERRNO(set("lock_mode", strcmp(before, "rcu") ? "rcu" : "mutex"), EBUSY);
			munmap(m, 4096);
		}
		SET("lock_mode", lock);
		fd = open_hello(O_RDONLY);
		expect_contents(fd, 100);
		close(fd);
		free(before);
	}
}

TEST(a_position_above_a_capacity_that_shrank_stays)
{
	int fd = open_shared(100);

	EXPECT_EQ(lseek(fd, 2000, SEEK_SET), 2000);
	SET("buffer_size", "1000");
	EXPECT_EQ(read(fd, buf, 10), 0);
	EXPECT_ERRNO(write(fd, buf, 10), ENOSPC);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2000);
}

TEST(each_lock_maps_the_shared_buffer_but_for_rcu)
{
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64K");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int fd, other;
		char *m;

		SET("lock_mode", lock);
		CASE("%s", lock);
		fd = open_shared(1000);
		other = open_hello(O_RDWR);
		m = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (!strcmp(lock, "rcu")) {
			EXPECT(m == MAP_FAILED && errno == ENODEV);
		} else {
			ASSERT(report(m != MAP_FAILED, "mmap: %s", strerrorname_np(errno)));
			/* read and write, with a user buffer that is the device's own unfaulted memory */
			EXPECT_EQ(madvise(m, 65536, MADV_DONTNEED), 0);
			EXPECT_EQ(pread(fd, m, 65536, 0), 65536);
			EXPECT_EQ(madvise(m, 65536, MADV_DONTNEED), 0);
			EXPECT_EQ(pwrite(other, m, 65536, 0), 65536);
			strcpy(m + 5000, "coherent");
			EXPECT_EQ(pread(other, buf, 9, 5000), 9);
			EXPECT_STR(buf, "coherent");
			EXPECT_EQ(pwrite(other, "written", 8, 60000), 8);
			EXPECT_STR(m + 60000, "written");
			munmap(m, 65536);
		}
		close(fd);
		close(other);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}
