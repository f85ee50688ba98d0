// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/caps.c: permissions of root without capabilities and of plain users, and
 * the caps that keep them from taking each other's memory.
 */
#include <grp.h>
#include <linux/hello.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "harness.h"

/* root in a container passes the file mode, but lacks the capability */
TEST(no_store_works_without_CAP_SYS_ADMIN)
{
	drop_cap(CAP_SYS_ADMIN);
	for (int i = 0; i < nr_tunables; i++) {
		CASE("%s", tunables[i].name);
		EXPECT_ERRNO(set(tunables[i].name, get(tunables[i].name)), EPERM);
		EXPECT_ERRNO(set(tunables[i].name, "nonsense"), EPERM);
	}
	EXPECT_ERRNO(set("reset", "1"), EPERM);
}

static void become_nobody(bool member)
{
	struct group *g = getgrnam("hello");
	gid_t gid;

	ASSERT(report(g != NULL, "there is no group hello"));
	gid = g->gr_gid;
	EXPECT_EQ(setgroups(member, &gid), 0);
	EXPECT_EQ(setresgid(65534, 65534, 65534), 0);
	EXPECT_EQ(setresuid(65534, 65534, 65534), 0);
}

TEST(a_plain_user_cannot_open_the_device)
{
	become_nobody(false);
	EXPECT_ERRNO(try_open(O_RDONLY), EACCES);
	EXPECT_ERRNO(try_open(O_RDWR), EACCES);
}

TEST(a_member_of_the_group_can_do_all_that_harms_nobody)
{
	struct hello_info i = { .size = sizeof(i) };
	struct hello_recipe_request r = { .size = sizeof(r), .recipe = "alloc_mode=pages buffer_size=64K" };
	int fd;

	become_nobody(true);
	fd = open_hello(O_RDWR);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &i), 0);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &r), 0);
	EXPECT(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	for (int n = 0; n < nr_tunables; n++) {
		CASE("%s", tunables[n].name);
		EXPECT_STR(get(tunables[n].name), tunables[n].value);
		EXPECT_ERRNO(set(tunables[n].name, tunables[n].value), EACCES);
	}
	EXPECT_ERRNO(set("reset", "1"), EACCES);
	EXPECT_EQ(number("stats/opens"), live_before[0] + 1);
	EXPECT_ERRNO(open("/sys/kernel/debug/hello/stats", O_RDONLY), EACCES);
}

/* Memory from reserves has a smaller cap of its own. */
TEST(buffers_from_reserves_and_small_zones_share_a_small_cap)
{
	static const char *const masks[] = { "GFP_ATOMIC", "GFP_KERNEL|__GFP_HIGH", "GFP_DMA", "GFP_DMA32" };

	SET("alloc_mode", "pages");
	SET("buffer_size", "16K");
	SET("max_reserve_size", "64K");
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		int fd[4];

		CASE("%s", masks[i]);
		SET("gfp_flags", masks[i]);
		for (int n = 0; n < 4; n++)
			fd[n] = open_hello(O_RDWR);
		EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
		SET("gfp_flags", "GFP_KERNEL");
		close(open_hello(O_RDWR));	/* other masks do not count */
		SET("gfp_flags", masks[(i + 1) % ARRAY_SIZE(masks)]);
		EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
		close(fd[0]);
		close(open_hello(O_RDWR));
		for (int n = 1; n < 4; n++)
			close(fd[n]);
	}
}

static int change(int fd, const char *words)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	snprintf(r.recipe, sizeof(r.recipe), "%s", words);
	return ioctl(fd, HELLO_IOC_RECIPE, &r);
}

/* ---- memory that no cgroup is charged for ---- */

/* Bytes that count against max_uncharged_size: the lowest cap with room for a page, minus a page */
static long long uncharged(void)
{
	char cap[32], *was = strdup(get("max_uncharged_size"));
	long long least = 0, most = 256 << 20;
	int probe = open_hello(O_RDWR);

	while (least < most) {
		long long middle = least + (most - least) / 2;

		snprintf(cap, sizeof(cap), "%lld", middle + (long long)PAGE);
		SET("max_uncharged_size", cap);
		if (change(probe, "alloc_mode=dma_coherent buffer_size=4096 gfp_flags=GFP_KERNEL"))
			least = middle + 1;
		else
			most = middle;
		EXPECT_EQ(change(probe, "alloc_mode=kmalloc"), 0);
	}
	close(probe);
	SET("max_uncharged_size", was);
	free(was);
	return least;
}

static void need_dma_coherent(void)
{
	if (!has_choice("alloc_mode", "dma_coherent"))
		SKIP("this machine has no dma_coherent");
}

static void leave_room(long long bytes)
{
	char cap[32];

	snprintf(cap, sizeof(cap), "%lld", uncharged() + bytes);
	SET("max_uncharged_size", cap);
}

TEST(max_uncharged_size_is_64_MiB_unless_it_is_set)
{
	EXPECT_EQ(number("max_uncharged_size"), 64 << 20);
}

/* On some machines it comes from a pool, on which other drivers depend. */
TEST(dma_coherent_that_cannot_block_counts_against_max_reserve_size)
{
	need_dma_coherent();
	SET("alloc_mode", "dma_coherent");
	SET("buffer_size", "16K");
	SET("max_reserve_size", "32K");
	SET("gfp_flags", "GFP_NOWAIT");
	open_hello(O_RDWR);
	open_hello(O_RDWR);
	EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
	SET("gfp_flags", "GFP_KERNEL");
	open_hello(O_RDWR);
	close_range(3, ~0U, 0);
	SET("gfp_flags", "GFP_NOWAIT");
	open_hello(O_RDWR);
	SET("alloc_mode", "kmalloc");
	open_hello(O_RDWR);
	open_hello(O_RDWR);
}

TEST(max_uncharged_size_bounds_dma_coherent_and_mempool_together_until_they_are_closed)
{
	static const char *const modes[] = { "dma_coherent", "mempool" };

	need_dma_coherent();
	SET("buffer_size", "64K");
	use_allocator("mempool");	/* allocates its reserve */
	leave_room(4 * 65536);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		long long opens = number("stats/opens"), live = number("stats/live_bytes");
		long long failures_before = number("stats/failures");
		int fd[4];

		CASE("%s first", modes[i]);
		for (int n = 0; n < 4; n++) {
			use_allocator(modes[(i + n) % 2]);
			fd[n] = open_hello(O_RDWR);
		}
		for (int n = 0; n < 2; n++) {
			use_allocator(modes[n]);
			EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
		}
		EXPECT_EQ(number("stats/opens"), opens + 4);
		EXPECT_EQ(number("stats/live_bytes"), live + 4 * 65536);
		EXPECT_EQ(number("stats/failures"), failures_before + 2);
		for (int n = 0; n < 4; n++) {
			close(fd[n]);
			fd[n] = open_hello(O_RDWR);
			EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
		}
		for (int n = 0; n < 4; n++)
			close(fd[n]);
		EXPECT_EQ(number("stats/live_bytes"), live);
	}
}

TEST(max_uncharged_size_does_not_concern_what_can_be_charged)
{
	SET("max_uncharged_size", "0");
	FOR_EACH_CHOICE(mode, "alloc_mode") {
		if (!is_charged(mode))
			continue;
		CASE("%s", mode);
		use_allocator(mode);
		close(open_hello(O_RDWR));
	}
	use_allocator("kmalloc");
	SET("alloc_context", "workqueue");
	close(open_hello(O_RDWR));
}

TEST(HELLO_IOC_RECIPE_and_a_migration_over_max_uncharged_size_are_ENOMEM_and_change_nothing)
{
	struct hello_info i = { .size = sizeof(i) };
	char text[8];
	int fd = open_hello(O_RDWR);

	need_dma_coherent();
	EXPECT_EQ(pwrite(fd, "content", 8, 0), 8);
	leave_room(65536);
	EXPECT_ERRNO(change(fd, "alloc_mode=dma_coherent buffer_size=128K"), ENOMEM);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &i), 0);
	EXPECT(strstr(i.recipe, "alloc_mode=kmalloc buffer_size=4096 "));
	EXPECT_EQ(pread(fd, text, 8, 0), 8);
	EXPECT_STR(text, "content");
	EXPECT_EQ(change(fd, "alloc_mode=dma_coherent buffer_size=64K"), 0);
	/* Both buffers count: the old one lives until its contents are copied. */
	EXPECT_ERRNO(change(fd, "buffer_size=32K"), ENOMEM);
	close(fd);

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(fd, "content", 8, 0), 8);
	SET("buffer_size", "128K");
	EXPECT_ERRNO(set("alloc_mode", "dma_coherent"), ENOMEM);
	EXPECT_STR(get("alloc_mode"), "kmalloc");
	EXPECT_EQ(pread(fd, text, 8, 0), 8);
	EXPECT_STR(text, "content");
	SET("buffer_size", "64K");
	SET("alloc_mode", "dma_coherent");
	EXPECT_EQ(pread(fd, text, 8, 0), 8);
	EXPECT_STR(text, "content");
}

static int experiment(const char *order)
{
	int fd = open("/sys/kernel/debug/hello/experiment", O_WRONLY | O_CLOEXEC), err;
	ssize_t ret = write(fd, order, strlen(order));

	err = errno;
	close(fd);
	errno = err;
	return ret < 0 ? -1 : 0;
}

TEST(an_experiment_counts_against_max_uncharged_size)
{
	long long before;

	need_dma_coherent();
	before = uncharged();
	leave_room(4 * 65536);
	EXPECT_EQ(experiment("alloc alloc_mode=dma_coherent buffer_size=64K count=8 pattern=batch batch=4"), 0);
	EXPECT_ERRNO(experiment("alloc alloc_mode=dma_coherent buffer_size=64K count=8 pattern=batch batch=5"), ENOMEM);
	EXPECT_EQ(experiment("alloc alloc_mode=kmalloc buffer_size=64K count=8 pattern=batch batch=5"), 0);
	EXPECT_EQ(uncharged(), before);
}

TEST(a_pool_that_cannot_be_made_takes_nothing_of_max_uncharged_size)
{
	need_dma_coherent();
	SET("gfp_flags", "GFP_NOWAIT");
	for (long long size = 32; size <= 1 << 20; size *= 2) {
		long long before;

		CASE("%lld bytes", size);
		SET("alloc_mode", "kmalloc");
		SET_NUMBER("buffer_size", size);
		before = uncharged();
		fail_nth(1);
		EXPECT_ERRNO(set("alloc_mode", "mempool"), ENOMEM);
		fail_nth(0);
		EXPECT_EQ(uncharged(), before);
	}
}

/* Four elements of a size class, from the first recipe that selects it until unload */
TEST(the_reserve_of_mempool_counts_against_max_uncharged_size)
{
	int made = 0;

	need_dma_coherent();
	SET("gfp_flags", "GFP_NOWAIT");
	for (long long size = 32; size <= 1 << 20; size *= 2) {
		long long before, after;
		char text[32], cap[32];

		CASE("%lld bytes", size);
		snprintf(text, sizeof(text), "%lld", size);
		SET("alloc_mode", "kmalloc");
		SET("buffer_size", text);
		before = uncharged();
		snprintf(cap, sizeof(cap), "%lld", before + 4 * size - 1);
		SET("max_uncharged_size", cap);
		if (set("alloc_mode", "mempool")) {
			made++;
			EXPECT_EQ(errno, ENOMEM);
			EXPECT_STR(get("alloc_mode"), "kmalloc");
			EXPECT_EQ(uncharged(), before);
			snprintf(cap, sizeof(cap), "%lld", before + 4 * size);
			SET("max_uncharged_size", cap);
			SET("alloc_mode", "mempool");
			SET("alloc_mode", "kmalloc");
			before += 4 * size;
		}
		after = uncharged();
		EXPECT_EQ(after, before);
		/* Selecting it again needs no more room; the reserve stays while unused. */
		snprintf(cap, sizeof(cap), "%lld", after);
		SET("max_uncharged_size", cap);
		SET("alloc_mode", "mempool");
		EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
		SET("max_uncharged_size", "64M");
		SET("alloc_mode", "kmalloc");
		EXPECT_EQ(uncharged(), after);
	}
	/* All classes are selected now. */
	ASSERT(EXPECT(uncharged() >= 4 * ((2 << 20) - 32)));
	if (!made)
		SKIP("all classes were made before");
}

/* ---- races ---- */

static volatile bool done;
static const char *too_large;

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	EXPECT_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void *ask_too_much(void *unused)
{
	int fd = open_hello(O_RDWR);

	stay_on(1);
	while (!done)
		EXPECT_ERRNO(change(fd, too_large), ENOMEM);
	close(fd);
	return unused;
}

/* The race window is short: check-hammer is most likely to hit it. */
TEST(a_request_that_is_refused_makes_no_other_fail)
{
	static const struct {
		const char *cap, *room, *too_large, *fits[2];
	} cases[] = {
		{ "max_total_size", "1M", "buffer_size=2M", { "buffer_size=1000", "buffer_size=2000" } },
		{ "max_reserve_size", "64K", "buffer_size=128K gfp_flags=GFP_ATOMIC",
		  { "buffer_size=1000 gfp_flags=GFP_ATOMIC", "buffer_size=2000" } },
		{ "max_uncharged_size", NULL, "buffer_size=2M alloc_mode=dma_coherent gfp_flags=GFP_KERNEL",
		  { "buffer_size=1000 alloc_mode=dma_coherent gfp_flags=GFP_KERNEL", "buffer_size=2000" } },
	};

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP("this machine has one processor");
	stay_on(0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *was = strdup(get(cases[i].cap));
		int fd = open_hello(O_RDWR);
		pthread_t thread;

		CASE("%s", cases[i].cap);
		if (cases[i].room)
			SET(cases[i].cap, cases[i].room);
		else
			leave_room(1 << 20);	/* besides the reserve of mempool */
		too_large = cases[i].too_large;
		done = false;
		pthread_create(&thread, NULL, ask_too_much, NULL);
		for (int n = 0; n < volume(3000); n++)
			if (!EXPECT_EQ(change(fd, cases[i].fits[n % 2]), 0))
				break;
		done = true;
		pthread_join(thread, NULL);
		close(fd);
		SET(cases[i].cap, was);
		free(was);
	}
}

static volatile unsigned long attempts, wins;

/* Takes the only free place, if it can, and releases it at once. */
static void *take_a_place(void *unused)
{
	stay_on(1);
	while (!done) {
		int fd = try_open(O_RDONLY);

		if (fd >= 0) {
			wins++;
			close(fd);
		}
		attempts++;
	}
	return unused;
}

/* An open gets EUSERS only if another open has the place, not because of a refused open. */
TEST(an_open_that_is_refused_makes_no_other_fail)
{
	unsigned long before, seen;
	pthread_t thread;
	char max[32];
	int fd;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP("this machine has one processor");
	stay_on(0);
	snprintf(max, sizeof(max), "%lld", live_before[0] + 1);
	SET("max_opens", max);
	drop_cap(CAP_SYS_RESOURCE);
	fd = open_hello(O_RDONLY);
	pthread_create(&thread, NULL, take_a_place, NULL);
	for (int n = 0; n < volume(3000) && !failures; n++) {
		before = wins;		/* the thread gets no place while this one has it */
		close(fd);
		while ((fd = try_open(O_RDONLY)) < 0) {
			if (!EXPECT_EQ(errno, EUSERS))
				break;
			/* wait for the end of its current attempt */
			for (seen = attempts; attempts < seen + 2;)
				sched_yield();
			EXPECT(wins > before);
			before = 0;	/* from here on the thread may win any number of times */
		}
	}
	done = true;
	pthread_join(thread, NULL);
	close(fd);
}
