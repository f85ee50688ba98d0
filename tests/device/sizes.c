// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/sizes.c: every allocator with sizes from 0 to 2^64-1: the buffer works, or
 * the call is EINVAL or ENOMEM, and the kernel logs no warning.
 */
#include <limits.h>

#include "harness.h"

static const char *const sizes[] = {
	"0", "1", "31", "33", "4095", "4096", "4097", "8192", "8193", "65536", "1048576", "1048577", "4194304", "4194305",
	"33554432", "67108864", "2147483647", "2147483648", "0x10000000000", "0x7fffffffffffffff", "0xffffffffffffffff",
};

static long long taint(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY);

	EXPECT(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoll(text);
}

TEST(every_allocator_takes_every_size_or_refuses_it_cleanly)
{
	long long tainted = taint();
	char most[32];

	/* a buffer is not larger than the kernel's signed word */
	snprintf(most, sizeof(most), "%ld", LONG_MAX);
	SET("max_buffer_size", most);
	SET("max_total_size", "256M");
	SET("max_uncharged_size", "256M");	/* 5.10 cannot charge what can be mapped */
	FOR_EACH_CHOICE(mode, "alloc_mode") {
		long long works_to = 0, refused_from = 0;

		SET("buffer_size", "4096");
		use_allocator(mode);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			unsigned long long size = strtoull(sizes[i], NULL, 0);
			char c = 'x';
			int fd;

			CASE("alloc_mode=%s buffer_size=%s", mode, sizes[i]);
			if (set("buffer_size", sizes[i])) {
				EXPECT_EQ(errno, EINVAL);
				if (size && !refused_from)
					refused_from = i;
				continue;
			}
			EXPECT(size > 0 && size <= LLONG_MAX);
			EXPECT(!refused_from);	/* every size up to the maximum works, none above it */
			fd = try_open(O_RDWR);
			if (fd < 0) {
				EXPECT_EQ(errno, ENOMEM);
				continue;
			}
			works_to = size;
			EXPECT_EQ(pwrite(fd, &c, 1, size - 1), 1);
			EXPECT_ERRNO(pwrite(fd, &c, 1, size), ENOSPC);
			c = 0;
			EXPECT_EQ(pread(fd, &c, 1, size - 1), 1);
			EXPECT_EQ(c, 'x');
			close(fd);
		}
		CASE("alloc_mode=%s", mode);
		EXPECT(works_to >= 65536);
		EXPECT(refused_from);
		if (!strcmp(mode, "vmalloc"))
			EXPECT(works_to >= 64 << 20);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
	}
	EXPECT_EQ(taint(), tainted);
}
