// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/shared.c: buffer_mode=shared: one buffer for all opens
 * that outlives the last close, until reset.
 */
#include "harness.h"

static char buf[8192];

static void expect_contents(int fd, const char *want)
{
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), strlen(want));
	EXPECT_STR(buf, want);
}

TEST(all_opens_see_one_buffer_that_outlives_them)
{
	int a, b;

	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	EXPECT_EQ(write(a, "one", 3), 3);
	expect_contents(b, "one");
	EXPECT_EQ(lseek(b, 0, SEEK_END), 3);
	EXPECT_EQ(write(b, "two", 3), 3);
	expect_contents(a, "onetwo");
	EXPECT_EQ(lseek(a, 0, SEEK_CUR), 3);	/* each has its own position */
	close(a);
	close(b);
	EXPECT_EQ(number("stats/opens"), live_before[0]);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
	expect_contents(open_hello(O_RDONLY), "onetwo");
}

TEST(reset_empties_it_and_frees_it_when_idle)
{
	int fd;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(write(fd, "gone", 4), 4);
	SET("reset", "1");
	expect_contents(fd, "");
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);	/* the position stays: the gap reads as zeros */
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(pread(fd, buf, 10, 0), 5);
	EXPECT_MEM(buf, "\0\0\0\0x", 5);
	close(fd);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
	SET("reset", "1");
	EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
	EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
	expect_contents(open_hello(O_RDONLY), "");
}

TEST(buffer_mode_is_what_the_next_open_gets)
{
	int private = open_hello(O_RDWR), shared;

	EXPECT_EQ(write(private, "private", 7), 7);
	SET("buffer_mode", "shared");
	shared = open_hello(O_RDWR);
	EXPECT_EQ(write(shared, "shared", 6), 6);
	expect_contents(private, "private");
	SET("buffer_mode", "private");
	expect_contents(open_hello(O_RDWR), "");
	expect_contents(shared, "shared");
	SET("buffer_mode", "shared");	/* it was kept meanwhile */
	expect_contents(open_hello(O_RDONLY), "shared");
}

TEST(O_TRUNC_empties_it_for_all)
{
	int fd;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(write(fd, "something", 9), 9);
	open_hello(O_RDONLY | O_TRUNC);
	expect_contents(fd, "something");
	open_hello(O_WRONLY | O_TRUNC);
	expect_contents(fd, "");
	EXPECT_EQ(pwrite(fd, "x", 1, 2), 1);
	EXPECT_EQ(pread(fd, buf, 10, 0), 3);
	EXPECT_MEM(buf, "\0\0x", 3);
}

TEST(processes_append_without_losing_each_others_records)
{
	enum { WRITERS = 4, RECORDS = 50, RECORD = 16 };
	int fd, status, seen[WRITERS] = { 0 };

	SET("buffer_mode", "shared");
	for (int w = 0; w < WRITERS; w++)
		if (!fork()) {
			fd = open_hello(O_WRONLY | O_APPEND);
			memset(buf, 'a' + w, RECORD);
			for (int i = 0; i < RECORDS; i++)
				EXPECT_EQ(write(fd, buf, RECORD), RECORD);
			stop(failures);
		}
	for (int w = 0; w < WRITERS; w++) {
		wait(&status);
		EXPECT_EQ(status, 0);
	}
	fd = open_hello(O_RDONLY);
	EXPECT_EQ(read(fd, buf, sizeof(buf)), WRITERS * RECORDS * RECORD);
	for (char *r = buf; r < buf + WRITERS * RECORDS * RECORD; r += RECORD) {
		char want[RECORD];

		memset(want, *r, RECORD);
		EXPECT_MEM(r, want, RECORD);
		if (report(*r >= 'a' && *r < 'a' + WRITERS, "no writer wrote 0x%02x", *r))
			seen[*r - 'a']++;
	}
	for (int w = 0; w < WRITERS; w++)
		EXPECT_EQ(seen[w], RECORDS);
}

TEST(poison_fills_the_shared_buffer_too)
{
	SET("init_mode", "poison");
	SET("buffer_mode", "shared");
	EXPECT_EQ(read(open_hello(O_RDONLY), buf, sizeof(buf)), 4096);
	EXPECT_EQ(strspn(buf, "Z"), 4096);
}

TEST(it_is_one_buffer_with_every_allocator)
{
	FOR_EACH_ALLOCATOR(mode) {
		SET("buffer_mode", "shared");
		EXPECT_EQ(write(open_hello(O_WRONLY), mode, strlen(mode)), strlen(mode));
		expect_contents(open_hello(O_RDONLY), mode);
		SET("buffer_mode", "private");
		EXPECT_EQ(close_range(3, ~0U, 0), 0);
		SET("reset", "1");
	}
}
