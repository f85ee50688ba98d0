// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/poll.c: when the device is readable, writable, changed by
 * another, and who is woken.
 */
#include <sys/epoll.h>

#include "harness.h"

static char buf[8192];

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	EXPECT(poll(&p, 1, 0) >= 0);
	return p.revents;
}

TEST(readable_below_the_length_and_writable_below_the_capacity)
{
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(events(fd), POLLOUT);
	EXPECT_EQ(write(fd, buf, 10), 10);
	EXPECT_EQ(events(fd), POLLOUT);
	EXPECT_EQ(lseek(fd, 9, SEEK_SET), 9);
	EXPECT_EQ(events(fd), POLLIN | POLLOUT);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(write(fd, buf, 4096), 4096);
	EXPECT_EQ(events(fd), 0);
	EXPECT_EQ(lseek(fd, 4095, SEEK_SET), 4095);
	EXPECT_EQ(events(fd), POLLIN | POLLOUT);
}

TEST(a_change_by_another_descriptor_is_PRI_until_one_reads_or_writes)
{
	int a, b;

	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	EXPECT_EQ(events(b), POLLOUT);
	EXPECT_EQ(write(a, "x", 1), 1);
	EXPECT_EQ(events(a), POLLOUT);		/* its own change is no news */
	EXPECT_EQ(events(b), POLLIN | POLLOUT | POLLPRI);
	EXPECT_EQ(events(b), POLLIN | POLLOUT | POLLPRI);
	EXPECT_EQ(read(b, buf, 10), 1);
	EXPECT_EQ(events(b), POLLOUT);
	EXPECT_EQ(write(b, "y", 1), 1);
	EXPECT_EQ(events(a) & POLLPRI, POLLPRI);
	EXPECT_EQ(pwrite(a, "z", 1, 0), 1);	/* writing catches up, too */
	EXPECT_EQ(events(a) & POLLPRI, 0);
	EXPECT_EQ(pread(b, buf, 1, 0), 1);

	close(open_hello(O_WRONLY | O_TRUNC));
	EXPECT_EQ(events(a) & POLLPRI, POLLPRI);
	EXPECT_EQ(events(b) & POLLPRI, POLLPRI);
	EXPECT_EQ(read(a, buf, 1), 0);
	EXPECT_EQ(events(a) & POLLPRI, 0);
	SET("reset", "1");
	EXPECT_EQ(events(a) & POLLPRI, POLLPRI);
	EXPECT_EQ(events(open_hello(O_RDWR)) & POLLPRI, 0);	/* opened after it */
}

TEST(a_call_that_changed_nothing_is_no_change)
{
	int a, b;

	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	EXPECT_EQ(write(a, "", 0), 0);
	EXPECT_ERRNO(write(a, BAD_POINTER, 10), EFAULT);
	EXPECT_ERRNO(pwrite(a, "x", 1, 4096), ENOSPC);
	EXPECT_EQ(read(a, buf, 1), 0);
	EXPECT_EQ(events(b), POLLOUT);
}

/* A child that waits for the events, for as long as it takes */
static pid_t waiter(int fd, int wanted)
{
	pid_t pid = fork();

	if (!pid) {
		struct pollfd p = { .fd = fd, .events = wanted };

		EXPECT_EQ(poll(&p, 1, -1), 1);
		EXPECT_EQ(p.revents, wanted);
		stop(failures);
	}
	return pid;
}

TEST(whoever_waits_is_woken)
{
	struct { int wanted; const char *by; } cases[] = {
		{ POLLPRI, "write" }, { POLLPRI, "truncate" }, { POLLPRI, "reset" }, { POLLIN, "write" },
	};

	SET("buffer_mode", "shared");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd, other, status;
		pid_t pid;

		CASE("%s %d", cases[i].by, cases[i].wanted);
		SET("reset", "1");
		fd = open_hello(O_RDWR);
		other = open_hello(O_RDWR);
		pid = waiter(fd, cases[i].wanted);
		wait_until_asleep(pid);
		if (!strcmp(cases[i].by, "write"))
			EXPECT_EQ(write(other, "x", 1), 1);
		else if (!strcmp(cases[i].by, "truncate"))
			close(open_hello(O_WRONLY | O_TRUNC));
		else
			SET("reset", "1");
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, 0);
		close(fd);
		close(other);
	}
}

TEST(a_recipe_whose_first_use_makes_bytes_wakes_who_waits_for_them)
{
	int fd, status;
	pid_t pid;

	SET("alloc_when", "first_use");
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	pid = waiter(fd, POLLIN);
	wait_until_asleep(pid);
	SET("init_mode", "poison");
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(read(fd, buf, sizeof(buf)), 4096);
}

TEST(an_epoll_set_survives_the_close_of_what_it_watches)
{
	struct epoll_event e = { .events = EPOLLPRI | EPOLLIN }, got[4];
	int ep = epoll_create1(0), fd, copy, other;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	copy = dup(fd);
	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
	EXPECT_EQ(epoll_wait(ep, got, 4, 0), 0);
	close(fd);				/* the copy keeps it watched */
	EXPECT_EQ(write(other, "x", 1), 1);
	EXPECT_EQ(epoll_wait(ep, got, 4, -1), 1);
	EXPECT_EQ(got[0].events, EPOLLPRI | EPOLLIN);
	SET("buffer_mode", "private");
	SET("reset", "1");
	EXPECT_EQ(epoll_wait(ep, got, 4, 0), 1);
	close(copy);
	EXPECT_EQ(epoll_wait(ep, got, 4, 0), 0);
	close(other);
	SET("reset", "1");
	EXPECT_EQ(epoll_wait(ep, got, 4, 0), 0);
}
