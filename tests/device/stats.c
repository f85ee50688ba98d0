// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/stats.c: the counters are exact when the device is idle,
 * in sysfs and, by allocator, in debugfs.
 */
#include "harness.h"

/* The row of an allocator in debugfs: allocations frees failures live_buffers live_bytes peak_bytes ... */
static void row(const char *mode, long long v[6])
{
	char line[512], name[64];
	FILE *f = fopen("/sys/kernel/debug/hello/stats", "re");
	bool found = false;

	ASSERT(report(f != NULL, "debugfs: %s", strerrorname_np(errno)));
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %lld %lld %lld %lld %lld %lld", name, v, v + 1, v + 2, v + 3, v + 4,
			       v + 5) == 7 && !strcmp(name, mode);
	fclose(f);
	ASSERT(report(found, "no row for %s", mode));
}

TEST(an_open_counts_while_it_lives_with_every_allocator)
{
	SET("buffer_size", "12K");
	FOR_EACH_ALLOCATOR(mode) {
		long long before[6], now[6], allocations = number("stats/allocations"), frees = number("stats/frees");
		int fd[3];

		row(mode, before);
		for (int i = 0; i < 3; i++)
			fd[i] = open_hello(O_RDWR);
		EXPECT_EQ(number("stats/opens"), live_before[0] + 3);
		EXPECT_EQ(number("stats/allocations"), allocations + 3);
		EXPECT_EQ(number("stats/frees"), frees);
		EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 3);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 3 * 12288);
		row(mode, now);
		EXPECT_EQ(now[0], before[0] + 3);
		EXPECT_EQ(now[3], before[3] + 3);
		EXPECT_EQ(now[4], before[4] + 3 * 12288);
		for (int i = 0; i < 3; i++)
			close(fd[i]);
		EXPECT_EQ(number("stats/frees"), frees + 3);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
		row(mode, now);
		EXPECT_EQ(now[1], before[1] + 3);
		EXPECT_EQ(now[3], before[3]);
		EXPECT_EQ(now[4], before[4]);
	}
}

TEST(allocations_less_frees_are_the_live_buffers)
{
	int fds[20];

	for (int i = 0; i < 20; i++)
		fds[i] = open_hello(O_RDWR);
	for (int i = 0; i < 20; i += 3)
		close(fds[i]);
	EXPECT_EQ(number("stats/allocations") - number("stats/frees"), number("stats/live_buffers"));
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 13);
}

TEST(peak_bytes_keeps_the_highest_and_never_falls_by_itself)
{
	long long peak, before[6], now[6];
	int fd;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "8M");
	row("kmalloc", before);
	fd = open_hello(O_RDWR);
	peak = number("stats/peak_bytes");
	EXPECT(peak >= live_before[2] + (8 << 20));
	close(fd);
	EXPECT_EQ(number("stats/peak_bytes"), peak);
	row("vmalloc", now);
	EXPECT(now[5] >= 8 << 20);
	row("kmalloc", now);
	EXPECT_EQ(now[5], before[5]);
}

TEST(a_reset_of_debugfs_zeroes_the_counters_and_leaves_what_lives)
{
	int fd = open_hello(O_RDWR), reset = open("/sys/kernel/debug/hello/reset", O_WRONLY | O_CLOEXEC);
	long long v[6];

	close(open_hello(O_RDWR));
	EXPECT_EQ(write(reset, "1", 1), 1);
	EXPECT_EQ(number("stats/allocations"), 0);
	EXPECT_EQ(number("stats/frees"), 0);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
	EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 4096);
	EXPECT_EQ(number("stats/peak_bytes"), live_before[2] + 4096);
	row("kmalloc", v);
	EXPECT_EQ(v[0], 0);
	EXPECT_EQ(v[3], live_before[1] + 1);
	EXPECT_EQ(v[5], v[4]);
	close(fd);
	/* For other tests: allocations less frees are what lives. */
	EXPECT_EQ(write(reset, "1", 1), 1);
}

TEST(opens_on_two_processors_are_all_counted)
{
	enum { OPENS = 300 };
	long long allocations = number("stats/allocations"), frees = number("stats/frees");
	int status;

	for (int p = 0; p < 4; p++)
		if (!fork()) {
			for (int i = 0; i < OPENS; i++)
				close(open_hello(O_RDWR));
			stop(failures);
		}
	for (int p = 0; p < 4; p++) {
		wait(&status);
		EXPECT_EQ(status, 0);
	}
	EXPECT_EQ(number("stats/allocations"), allocations + 4 * OPENS);
	EXPECT_EQ(number("stats/frees"), frees + 4 * OPENS);
	EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
}

TEST(reads_and_writes_are_no_allocations)
{
	int fd = open_hello(O_RDWR);
	long long allocations = number("stats/allocations");
	char c;

	for (int i = 0; i < 100; i++) {
		EXPECT_EQ(pwrite(fd, "x", 1, i), 1);
		EXPECT_EQ(pread(fd, &c, 1, i), 1);
	}
	EXPECT_EQ(number("stats/allocations"), allocations);
}
