// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/first_use.c: alloc_when=first_use: open takes the recipe,
 * the first call that needs bytes allocates.
 */
#include <linux/hello.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "harness.h"

static char buf[8192];
static long long allocations;

static struct hello_info info(int fd)
{
	struct hello_info i = { .size = sizeof(i) };

	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &i), 0);
	return i;
}

static int open_late(void)
{
	int fd;

	SET("alloc_when", "first_use");
	allocations = number("stats/allocations");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(number("stats/allocations"), allocations);
	return fd;
}

TEST(open_and_what_needs_no_bytes_allocates_nothing)
{
	int fd = open_late();
	struct hello_info i = info(fd);

	EXPECT_EQ(i.flags & HELLO_INFO_ALLOCATED, 0);
	EXPECT_EQ(i.node, -1);
	EXPECT_EQ(i.capacity, 4096);
	EXPECT_EQ(i.length, 0);
	EXPECT_EQ(read(fd, buf, 100), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(write(fd, buf, 0), 0);
	EXPECT_ERRNO(pwrite(fd, buf, 1, 4096), ENOSPC);
	EXPECT_EQ(poll(&(struct pollfd){ fd, POLLIN | POLLOUT, 0 }, 1, 0), 1);
	EXPECT_EQ(number("stats/allocations"), allocations);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
}

TEST(write_read_and_mmap_allocate_once)
{
	int fd = open_late();

	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(number("stats/allocations"), allocations + 1);
	EXPECT_EQ(write(fd, "y", 1), 1);
	EXPECT_EQ(number("stats/allocations"), allocations + 1);
	EXPECT_EQ(info(fd).flags & HELLO_INFO_ALLOCATED, HELLO_INFO_ALLOCATED);
	close(fd);

	SET("init_mode", "poison");	/* here a read needs bytes */
	fd = open_late();
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 4096);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 4096);
	EXPECT_EQ(strspn(buf, "Z"), 4096);
	EXPECT_EQ(number("stats/allocations"), allocations + 1);
	close(fd);

	SET("init_mode", "zero");
	SET("alloc_mode", "pages");
	fd = open_late();
	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	EXPECT_EQ(number("stats/allocations"), allocations + 1);
}

TEST(a_mapping_that_is_refused_allocates_nothing)
{
	static const struct { const char *mode; size_t pages; int prot, flags, error; } refused[] = {
		{ "kmalloc", 1, PROT_READ, MAP_SHARED, ENODEV },
		{ "pages", 2, PROT_READ, MAP_SHARED, EINVAL },
		{ "pages", 1, PROT_READ | PROT_EXEC, MAP_SHARED, EPERM },
		{ "pages", 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		int fd;

		CASE("%s, %s", refused[i].mode, strerrorname_np(refused[i].error));
		SET("alloc_mode", refused[i].mode);
		fd = open_late();
		EXPECT_ERRNO((long)mmap(NULL, refused[i].pages * PAGE, refused[i].prot,
					refused[i].flags, fd, 0), refused[i].error);
		EXPECT_EQ(info(fd).flags & HELLO_INFO_ALLOCATED, 0);
		EXPECT_EQ(number("stats/allocations"), allocations);
		close(fd);
	}
}

TEST(O_TRUNC_empties_what_the_first_use_would_fill)
{
	static const char *const modes[] = { "private", "shared" };

	SET("init_mode", "poison");
	SET("alloc_when", "first_use");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		int fd;

		CASE("%s", modes[i]);
		SET("buffer_mode", modes[i]);
		fd = open_hello(O_RDWR | O_TRUNC);
		EXPECT_EQ(read(fd, buf, sizeof(buf)), 0);
		EXPECT_EQ(info(fd).length, 0);
		EXPECT_EQ(info(fd).flags & HELLO_INFO_ALLOCATED, 0);
		EXPECT_EQ(pwrite(fd, "x", 1, 3), 1);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 4);
		EXPECT_MEM(buf, "\0\0\0x", 4);
		close(fd);
	}
}

static int change(int fd, const char *words)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	snprintf(r.recipe, sizeof(r.recipe), "%s", words);
	return ioctl(fd, HELLO_IOC_RECIPE, &r);
}

/* The buffer is empty, and then has only the bytes written. */
static void expect_emptied(int fd)
{
	EXPECT_EQ(info(fd).flags & HELLO_INFO_ALLOCATED, 0);
	EXPECT_EQ(info(fd).length, 0);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
	EXPECT_EQ(pwrite(fd, "x", 1, 3), 1);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 4);
	EXPECT_MEM(buf, "\0\0\0x", 4);
}

TEST(what_O_TRUNC_emptied_stays_empty_with_another_recipe)
{
	static const char *const recipes[] = {
		"buffer_size=8192", "buffer_size=100", "alloc_mode=slab", "alloc_mode=pages buffer_size=64K",
		"gfp_flags=GFP_NOWAIT", "alloc_context=workqueue", "numa_node=0", "init_mode=poison", "",
	};

	SET("init_mode", "poison");
	SET("alloc_when", "first_use");
	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(recipes); j++) {
			int fd = open_hello(O_RDWR | O_TRUNC);

			CASE("\"%s\", \"%s\"", recipes[i], recipes[j]);
			EXPECT_EQ(change(fd, recipes[i]), 0);
			EXPECT_EQ(info(fd).length, 0);
			EXPECT_EQ(change(fd, recipes[j]), 0);
			expect_emptied(fd);
			close(fd);
		}
	CASE("not truncated");
	EXPECT_EQ(change(open_late(), "buffer_size=8192"), 0);
	EXPECT_EQ(pread(open_late(), buf, sizeof(buf), 0), 4096);
}

TEST(what_O_TRUNC_emptied_of_the_shared_buffer_stays_empty_with_another_recipe)
{
	static const struct { const char *file, *value; } stores[] = {
		{ "buffer_size", "8192" }, { "buffer_size", "100" }, { "alloc_mode", "vmalloc" },
		{ "gfp_flags", "GFP_NOWAIT" }, { "alloc_context", "workqueue" }, { "numa_node", "0" },
		{ "init_mode", "poison" }, { "alloc_when", "first_use" }, { "max_opens", "1000" },
	};
	static const char *const modes[] = { "shared", "private" };	/* while the store is made */

	SET("init_mode", "poison");
	SET("alloc_when", "first_use");
	FOR_EACH_CHOICE(lock, "lock_mode")
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
			for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
				char *was = strdup(get(stores[i].file));
				int fd;

				CASE("%s, %s, %s=%s", lock, modes[m], stores[i].file, stores[i].value);
				SET("lock_mode", lock);
				SET("buffer_mode", "shared");
				fd = open_hello(O_RDWR | O_TRUNC);
				EXPECT_EQ(read(fd, buf, sizeof(buf)), 0);
				SET("buffer_mode", modes[m]);
				SET(stores[i].file, stores[i].value);
				expect_emptied(fd);
				close(fd);
				SET("buffer_mode", "private");
				SET("reset", "1");
				SET(stores[i].file, was);
				free(was);
			}
}

TEST(the_recipe_is_that_of_the_open)
{
	int fd = open_late();

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64K");
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(info(fd).capacity, 4096);
	EXPECT(strstr(info(fd).recipe, "alloc_mode=kmalloc"));
}

TEST(a_cap_reached_is_ENOMEM_at_the_first_use_and_can_be_tried_again)
{
	char total[32];
	int a = open_late(), b = open_late();

	snprintf(total, sizeof(total), "%lld", number("stats/live_bytes") + 4096);
	SET("max_total_size", total);
	EXPECT_EQ(write(a, "x", 1), 1);
	EXPECT_ERRNO(write(b, "x", 1), ENOMEM);
	EXPECT_EQ(read(b, buf, 1), 0);
	EXPECT_EQ(lseek(b, 0, SEEK_CUR), 0);
	close(a);
	EXPECT_EQ(write(b, "x", 1), 1);
}

TEST(many_opens_that_are_never_used_cost_no_buffers)
{
	SET("max_total_size", "1M");
	SET("buffer_size", "1M");
	for (int i = 0; i < 500; i++)
		open_late();
	EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
}

TEST(the_shared_buffer_waits_for_its_first_use_too)
{
	int fd;

	SET("buffer_mode", "shared");
	fd = open_late();
	EXPECT_EQ(read(fd, buf, 10), 0);
	EXPECT_EQ(number("stats/allocations"), allocations);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(number("stats/allocations"), allocations + 1);
	EXPECT_EQ(read(open_hello(O_RDONLY), buf, 10), 1);
}

/* -- first uses that meet ------------------------------------------------------ */

enum { USERS = 4 };

static volatile bool done;
static long used[2];	/* reads of nothing, and of bytes */
static pthread_barrier_t round_begins, round_ends;

/* A read returns poison of the size of one recipe, or nothing after a reset. */
static void *use_first(void *unused)
{
	enum { MOST = 10000 };
	char *got = resident_memory(MOST);	/* a call is one unit */

	for (;;) {
		int fd, n;

		pthread_barrier_wait(&round_begins);
		if (done)
			break;
		fd = open_hello(O_RDWR);
		n = read(fd, got, MOST);

		report(n == 0 || n == 4000 || n == 9000, "%d bytes", n);
		for (int i = 0; i < n; i++)
			if (!EXPECT_EQ(got[i], 'Z'))
				break;
		__atomic_fetch_add(&used[n > 0], 1, __ATOMIC_RELAXED);
		close(fd);
		pthread_barrier_wait(&round_ends);
	}
	return unused;
}

TEST(first_uses_that_meet_under_changing_recipes_make_one_buffer)
{
	pthread_t threads[USERS];

	pthread_barrier_init(&round_begins, NULL, USERS + 1);
	pthread_barrier_init(&round_ends, NULL, USERS + 1);
	SET("alloc_when", "first_use");
	SET("init_mode", "poison");
	SET("buffer_size", "4000");
	SET("alloc_context", "workqueue");	/* the allocating task sleeps, and others call meanwhile */
	FOR_EACH_CHOICE(lock, "lock_mode") {
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		done = false;
		used[0] = used[1] = 0;
		for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
			pthread_create(&threads[i], NULL, use_first, NULL);
		for (int i = 0; i < volume(50); i++) {
			SET("reset", "1");	/* idle: a new buffer is filled again */
			pthread_barrier_wait(&round_begins);
			set("buffer_size", i % 2 ? "4000" : "9000");	/* to 4000: ENOSPC once 9000 are there */
			if (i % 3 == 0)
				set("reset", "1");
			pthread_barrier_wait(&round_ends);
		}
		done = true;
		pthread_barrier_wait(&round_begins);
		for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
			pthread_join(threads[i], NULL);
		EXPECT(used[1] > 0);
		EXPECT(number("stats/live_buffers") <= live_before[1] + 1);
		SET("buffer_mode", "private");
		SET("reset", "1");
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
	}
}
