// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/splice.c: transfers without user memory:
 * splice, sendfile, copy_file_range, asynchronous I/O; fsync and fdinfo.
 */
#include <linux/aio_abi.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "harness.h"

#define SIZE	20000

static char pattern[SIZE], buf[2 * SIZE];

static void setup(void)
{
	for (int i = 0; i < SIZE; i++)
		pattern[i] = i * 31 + i / 256;
	SET("buffer_size", "20000");
}

/* For private buffers, then for the shared one under every lock */
#define FOR_EACH_MODE(mode)							\
	for (int nth_ = -1; select_mode(nth_, mode); nth_++)

static bool select_mode(int nth, char mode[64])
{
	close_range(3, ~0U, 0);
	SET("buffer_mode", "private");
	SET("reset", "1");
	if (nth < 0) {
		strcpy(mode, "private");
	} else {
		if (!choice("lock_mode", nth, mode))
			return false;
		SET("lock_mode", mode);
		SET("buffer_mode", "shared");
	}
	CASE("%s", mode);
	return true;
}

TEST(splice_moves_data_to_and_from_a_pipe)
{
	char mode[64];

	setup();
	FOR_EACH_MODE(mode) {
		int fd = open_hello(O_RDWR), p[2];
		loff_t off = 0;
		ssize_t n, sum = 0;

		EXPECT_EQ(pipe(p), 0);
		EXPECT_EQ(write(p[1], pattern, SIZE), SIZE);
		while (sum < SIZE && (n = splice(p[0], NULL, fd, NULL, SIZE - sum, 0)) > 0)
			sum += n;
		EXPECT_EQ(sum, SIZE);
		EXPECT_EQ(lseek(fd, 0, SEEK_CUR), SIZE);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), SIZE);
		EXPECT_MEM(buf, pattern, SIZE);
		EXPECT_EQ(write(p[1], "x", 1), 1);
		EXPECT_ERRNO(splice(p[0], NULL, fd, NULL, 1, 0), ENOSPC);
		EXPECT_EQ(read(p[0], buf, 10), 1);		/* and it is still in the pipe */

		memset(buf, 0, sizeof(buf));
		for (sum = 0; (n = splice(fd, &off, p[1], NULL, SIZE, SPLICE_F_NONBLOCK)) > 0; sum += n)
			EXPECT_EQ(read(p[0], buf + sum, n), n);
		EXPECT_EQ(n, 0);
		EXPECT_EQ(sum, SIZE);
		EXPECT_EQ(off, SIZE);
		EXPECT_MEM(buf, pattern, SIZE);
	}
}

TEST(sendfile_copies_from_a_file_to_the_device)
{
	char mode[64];

	setup();
	FOR_EACH_MODE(mode) {
		int file = memfd_create("file", 0), fd = open_hello(O_RDWR);
		off_t off = 0;
		ssize_t n, sum = 0;

		EXPECT_EQ(write(file, pattern, SIZE), SIZE);
		while (sum < SIZE && (n = sendfile(fd, file, &off, SIZE)) > 0)
			sum += n;
		EXPECT_EQ(sum, SIZE);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), SIZE);
		EXPECT_MEM(buf, pattern, SIZE);
	}
}

TEST(sendfile_copies_from_the_device_to_a_file)
{
	char mode[64];

	if (sendfile(memfd_create("file", 0), open("/dev/urandom", O_RDONLY), NULL, 1) < 0 && errno == EINVAL)
		SKIP("this kernel's sendfile takes no character device as its source");
	setup();
	FOR_EACH_MODE(mode) {
		int back = memfd_create("back", 0), fd = open_hello(O_RDWR);
		ssize_t n, sum = 0;

		EXPECT_EQ(pwrite(fd, pattern, SIZE, 0), SIZE);
		while ((n = sendfile(back, fd, NULL, 65536)) > 0)
			sum += n;
		EXPECT_EQ(n, 0);
		EXPECT_EQ(sum, SIZE);
		EXPECT_EQ(pread(back, buf, sizeof(buf), 0), SIZE);
		EXPECT_MEM(buf, pattern, SIZE);
	}
}

TEST(copy_file_range_is_for_regular_files_only)
{
	EXPECT_ERRNO(copy_file_range(open_hello(O_RDWR), NULL, open_hello(O_RDWR), NULL, 10, 0), EINVAL);
}

TEST(asynchronous_io_of_the_kernel_reads_and_writes)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE }, *list = &cb;
	struct io_event event;
	aio_context_t ctx = 0;
	char mode[64];

	setup();
	FOR_EACH_MODE(mode) {
		cb.aio_fildes = open_hello(O_RDWR);
		if (!ctx && syscall(SYS_io_setup, 4, &ctx) && errno == ENOSYS)
			SKIP("this kernel has no asynchronous I/O");
		cb.aio_lio_opcode = IOCB_CMD_PWRITE;
		cb.aio_buf = (uintptr_t)pattern;
		cb.aio_nbytes = SIZE + 1;
		EXPECT_EQ(syscall(SYS_io_submit, ctx, 1, &list), 1);
		EXPECT_EQ(syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL), 1);
		EXPECT_EQ(event.res, SIZE);
		cb.aio_lio_opcode = IOCB_CMD_PREAD;
		cb.aio_buf = (uintptr_t)buf;
		EXPECT_EQ(syscall(SYS_io_submit, ctx, 1, &list), 1);
		EXPECT_EQ(syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL), 1);
		EXPECT_EQ(event.res, SIZE);
		EXPECT_MEM(buf, pattern, SIZE);
	}
}

TEST(RWF_APPEND_appends)
{
	struct iovec v = { "two", 3 };
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(write(fd, "one", 3), 3);
	EXPECT_EQ(pwritev2(fd, &v, 1, 0, RWF_APPEND), 3);
	EXPECT_EQ(pread(fd, buf, 10, 0), 6);
	EXPECT_MEM(buf, "onetwo", 6);
}

/* A call that would have to sleep, as an allocation may, is EAGAIN and changes nothing. */
TEST(RWF_NOWAIT_transfers_what_needs_no_sleep)
{
	struct iovec v = { "one", 3 }, to = { buf, sizeof(buf) };
	int fd;

	SET("alloc_when", "first_use");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		bool rcu = !strcmp(lock, "rcu");	/* each write allocates a version */

		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		fd = open_hello(O_RDWR);
		EXPECT_ERRNO(pwritev2(fd, &v, 1, 0, RWF_NOWAIT), EAGAIN);
		EXPECT_EQ(preadv2(fd, &to, 1, 0, RWF_NOWAIT), 0);
		EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
		EXPECT_EQ(pwrite(fd, "two", 3, 0), 3);
		if (rcu)
			EXPECT_ERRNO(pwritev2(fd, &v, 1, 3, RWF_NOWAIT), EAGAIN);
		else
			EXPECT_EQ(pwritev2(fd, &v, 1, 3, RWF_NOWAIT), 3);
		EXPECT_EQ(preadv2(fd, &to, 1, 0, RWF_NOWAIT), rcu ? 3 : 6);
		EXPECT_MEM(buf, "twoone", rcu ? 3 : 6);
		EXPECT_ERRNO(pwritev2(fd, &v, 1, 4096, RWF_NOWAIT), ENOSPC);
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(fsync_and_fdatasync_have_nothing_to_do_and_say_so)
{
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(fsync(fd), 0);
	EXPECT_EQ(fdatasync(fd), 0);
}

TEST(fdinfo_shows_the_buffer_without_addresses)
{
	char path[64], line[512];
	bool id = false, recipe = false, capacity = false, length = false;
	int fd = open_hello(O_RDWR);
	FILE *f;

	EXPECT_EQ(write(fd, "12345", 5), 5);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (fgets(line, sizeof(line), f)) {
		unsigned long long n;

		id |= sscanf(line, "hello-id: %llu", &n) == 1 && n > 0;
		capacity |= sscanf(line, "hello-capacity: %llu", &n) == 1 && n == 4096;
		length |= sscanf(line, "hello-length: %llu", &n) == 1 && n == 5;
		recipe |= strstr(line, "hello-recipe:") == line && strstr(line, "alloc_mode=kmalloc");
		EXPECT(!strstr(line, "ffff8") && !strstr(line, "ffffc"));
	}
	fclose(f);
	EXPECT(id);
	EXPECT(recipe);
	EXPECT(capacity);
	EXPECT(length);
}
