// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/limits.c: the caps are reserved before allocating,
 * and a call that reaches one gets an errno and changes nothing.
 */
#include "harness.h"

static char text[32];

static char *decimal(unsigned long long n)
{
	snprintf(text, sizeof(text), "%llu", n);
	return text;
}

TEST(buffer_size_goes_up_to_max_buffer_size_and_no_further)
{
	SET("alloc_mode", "vmalloc");
	SET("max_buffer_size", "1M");
	EXPECT_EQ(set("buffer_size", "1M"), 0);
	EXPECT_ERRNO(set("buffer_size", "1048577"), EINVAL);
	EXPECT_EQ(number("buffer_size"), 1 << 20);
}

TEST(max_buffer_size_cannot_go_below_the_buffer_size)
{
	SET("buffer_size", "8192");
	EXPECT_ERRNO(set("max_buffer_size", "8191"), EINVAL);
	EXPECT_EQ(set("max_buffer_size", "8192"), 0);
	EXPECT_ERRNO(set("max_buffer_size", "0"), EINVAL);
	EXPECT_EQ(number("max_buffer_size"), 8192);
}

TEST(vmalloc_of_64_MiB_works_to_the_last_byte)
{
	char c = 'x';
	int fd;

	/* 5.10 cannot charge what can be mapped */
	SET("max_uncharged_size", "128M");
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64M");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(fd, &c, 1, (64 << 20) - 1), 1);
	EXPECT_ERRNO(pwrite(fd, &c, 1, 64 << 20), ENOSPC);
	c = 0;
	EXPECT_EQ(pread(fd, &c, 1, (64 << 20) - 1), 1);
	EXPECT_EQ(c, 'x');
}

/* Fill up to the cap; a close makes room again. */
TEST(max_total_size_reached_is_ENOMEM_until_a_buffer_goes)
{
	int fd[5], failures_before = number("stats/opens");

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "1M");
	SET("max_total_size", decimal(number("stats/live_bytes") + (4 << 20)));
	for (int i = 0; i < 4; i++)
		fd[i] = open_hello(O_RDWR);
	EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
	EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
	EXPECT_EQ(number("stats/opens"), failures_before + 4);
	close(fd[2]);
	fd[2] = open_hello(O_RDWR);
	EXPECT_ERRNO(try_open(O_RDWR), ENOMEM);
	SET("max_total_size", decimal(number("stats/live_bytes") + (1 << 20)));
	fd[4] = open_hello(O_RDWR);
	EXPECT_EQ(write(fd[4], "x", 1), 1);
}

TEST(max_opens_reached_is_EUSERS_and_dup_does_not_count)
{
	int fd[3];

	SET("max_opens", decimal(number("stats/opens") + 3));
	drop_cap(CAP_SYS_RESOURCE);
	for (int i = 0; i < 3; i++)
		fd[i] = open_hello(O_RDWR);
	EXPECT_ERRNO(try_open(O_RDWR), EUSERS);
	EXPECT(dup(fd[0]) >= 0);
	close(fd[1]);
	fd[1] = open_hello(O_RDWR);
	EXPECT_ERRNO(try_open(O_RDONLY), EUSERS);
}

TEST(max_opens_exempts_CAP_SYS_RESOURCE)
{
	SET("max_opens", "1");
	open_hello(O_RDWR);
	open_hello(O_RDWR);
}
