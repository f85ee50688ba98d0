// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/caps.c: what root without its capabilities, and what a plain
 * user may do, and that they do not take from each other.
 */
#include <grp.h>
#include <linux/hello.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "harness.h"

/* uid 0 of a container may have the file mode, but not the capability */
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

/* Memory that everybody needs in trouble has a cap of its own. */
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
		close(open_hello(O_RDWR));	/* others are not concerned */
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

/* The moment in which it could is short: the hammer is what sees it. */
TEST(a_request_that_is_refused_makes_no_other_fail)
{
	static const struct {
		const char *cap, *room, *too_large, *fits[2];
	} cases[] = {
		{ "max_total_size", "1M", "buffer_size=2M", { "buffer_size=1000", "buffer_size=2000" } },
		{ "max_reserve_size", "64K", "buffer_size=128K gfp_flags=GFP_ATOMIC",
		  { "buffer_size=1000 gfp_flags=GFP_ATOMIC", "buffer_size=2000" } },
	};

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP("this machine has one processor");
	stay_on(0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *was = strdup(get(cases[i].cap));
		int fd = open_hello(O_RDWR);
		pthread_t thread;

		CASE("%s", cases[i].cap);
		SET(cases[i].cap, cases[i].room);
		too_large = cases[i].too_large;
		done = false;
		pthread_create(&thread, NULL, ask_too_much, NULL);
		for (int n = 0; n < volume(20000); n++)
			if (!EXPECT_EQ(change(fd, cases[i].fits[n % 2]), 0))
				break;
		done = true;
		pthread_join(thread, NULL);
		close(fd);
		SET(cases[i].cap, was);
		free(was);
	}
}
