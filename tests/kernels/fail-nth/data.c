// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kernels/fail-nth/data.c: each allocation and copy fails once while data moves.
 */
#include "walk.h"
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

/* For a wrong copy, return an error that no call may return. */
static long same(long n, size_t from)
{
	if (n <= 0 || !memcmp(scratch, contents + from, n))
		return n;
	errno = EIO;
	return -1;
}

static long do_read(void)
{
	return same(read(fd, scratch, LENGTH), 0);
}

static long do_pread(void)
{
	return same(pread(fd, scratch, LENGTH, 1000), 1000);
}

static long do_readv(void)
{
	struct iovec v[2] = { { scratch, 10 }, { scratch + 10, LENGTH } };

	return same(readv(fd, v, 2), 0);
}

static long do_pwrite(void)
{
	return pwrite(fd, contents, LENGTH, 2 * LENGTH);
}

static long do_writev(void)
{
	struct iovec v[2] = { { contents + 1, 10 }, { contents + 11, LENGTH } };

	return writev(fd, v, 2);
}

static long do_lseek(void)
{
	return lseek(fd, 10, SEEK_SET);
}

static long do_poll(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0);
}

static long do_info(void)
{
	struct hello_info info = { .size = sizeof(info) };

	return ioctl(fd, HELLO_IOC_INFO, &info);
}

static long do_truncate(void)
{
	int again = open(HELLO_DEV, O_RDWR | O_TRUNC | O_CLOEXEC);

	return again < 0 ? -1 : close(again);
}

static int other = -1;

static long fresh_and_other(void)
{
	other = memfd_create("other", MFD_CLOEXEC);
	return other < 0 ? -1 : fresh();
}

static long close_both(void)
{
	close(other);
	return close_it();
}

static long do_sendfile(void)
{
	off_t from = 0;
	long ret = sendfile(other, fd, &from, LENGTH);

	/* Up to 6.4 splice returns this if there is no page for the pipe. */
	if (ret < 0 && errno == EAGAIN)
		errno = ENOMEM;
	return ret;
}

static long fresh_and_epoll(void)
{
	other = epoll_create1(EPOLL_CLOEXEC);
	return other < 0 ? -1 : fresh();
}

static long do_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	/* A try may register the file and then fail. */
	epoll_ctl(other, EPOLL_CTL_DEL, fd, NULL);
	return epoll_ctl(other, EPOLL_CTL_ADD, fd, &e);
}

TEST(data_calls_fail_clean_in_private_mode_and_under_every_lock)
{
	static const struct {
		const char *name;
		struct step step;
	} calls[] = {
		{ "read", { fresh, do_read, close_it } },
		{ "pread", { fresh, do_pread, close_it } },
		{ "readv", { fresh, do_readv, close_it } },
		{ "write", { fresh, do_write, close_it } },
		{ "pwrite with a gap", { fresh, do_pwrite, close_it } },
		{ "writev", { fresh, do_writev, close_it } },
		{ "lseek", { fresh, do_lseek, close_it } },
		{ "poll", { fresh, do_poll, close_it } },
		{ "epoll_ctl", { fresh_and_epoll, do_epoll, close_both } },
		{ "sendfile", { fresh_and_other, do_sendfile, close_both } },
		{ "HELLO_IOC_INFO", { fresh, do_info, close_it } },
		{ "open with O_TRUNC", { fresh, do_truncate, close_it } },
	};

	/* lseek() allocates nothing; write() does only if it makes a version. */
	int struck = 0;

	get_ready();
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "20000");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		struck += walk(calls[i].name, &calls[i].step);
	EXPECT(struck > 0);
	SET("buffer_mode", "shared");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		struck = 0;
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
			char name[64];

			snprintf(name, sizeof(name), "%s, %s", lock, calls[i].name);
			struck += walk(name, &calls[i].step);
		}
		EXPECT(struck > 0);
	}
}
