// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about waiting: O_NONBLOCK, poll(2), select(2), SIGKILL; and
 * about an unknown ioctl(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

static unsigned char buf[4096];

/* ---- O_NONBLOCK ---- */

static void read_nonblocking(void)
{
	int fd = open_node(grade->read_flags | O_NONBLOCK);

	for (int i = 0; i < 1000 && node_read(fd, buf, sizeof(buf)) > 0; i++)
		;
}

static void check_nonblock_read(void)
{
	if (grade->read_flags < 0)
		does_not_apply("the device does not open for reading");
	if (grade->read_ignores_nonblock)
		not_ok("a read of the empty device with O_NONBLOCK sleeps");
	if (sleeps(read_nonblocking))
		not_ok("%s with O_NONBLOCK sleeps", grade->step);
	trait_set(PROMPT_READ);
}

static void write_nonblocking(void)
{
	int fd = open_node(grade->write_flags | O_NONBLOCK);

	fill_pattern(buf, GRADE_BYTES, 0);
	/* until it is full; other devices have a position, and other facts fill them */
	for (int i = 0; i < (grade->consumes ? 100000 : 1) && node_write(fd, buf, GRADE_BYTES) > 0; i++)
		;
}

static void check_nonblock_write(void)
{
	if (sleeps(write_nonblocking))
		not_ok("%s with O_NONBLOCK sleeps", grade->step);
	trait_set(PROMPT_WRITE);
}

/* ---- poll and select ---- */

static short ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	step("a poll");
	if (poll(&p, 1, 0) < 0)
		wrong(-1, "events");
	return p.revents;
}

/* Reads a byte where poll(2) says that a read would or would not wait. Returns whether it was right. */
static bool read_agrees(int fd, short events)
{
	ssize_t got = node_read(fd, buf, 1);
	bool waits = got < 0 && errno == EAGAIN;

	return waits == !(events & (POLLIN | POLLHUP | POLLERR));
}

static void expect_agreement(int fd, const char *where)
{
	/* bytes may arrive or be taken by others in between, but not each time */
	for (int i = 0; i < 5; i++)
		if (read_agrees(fd, ready(fd, POLLIN)))
			return;
	not_ok("%s, poll says that a read %s, but it %s", where,
	       ready(fd, POLLIN) & POLLIN ? "does not wait" : "waits",
	       ready(fd, POLLIN) & POLLIN ? "would" : "does not");
}

static void check_poll_read(void)
{
	int fd;

	fd = open_node(grade->read_flags | O_NONBLOCK);
	expect_agreement(fd, "after an open");
	node_close(fd);
	if (grade->has[STORES]) {
		struct sample sample = sample_open(1);

		fcntl(sample.fd, F_SETFL, fcntl(sample.fd, F_GETFL) | O_NONBLOCK);
		expect_agreement(sample.fd, "with contents");
		node_close(sample.fd);
	}
	if (grade->has[ENDS] && grade->length < sizeof(buf)) {
		fd = open_node(grade->read_flags | O_NONBLOCK);
		for (int i = 0; node_read(fd, buf, sizeof(buf)) > 0; i++)
			if (i > GRADE_CALLS_MAX)
				does_not_apply("reads do not end");
		expect_agreement(fd, "at the end");
	}
}

static void check_poll_write(void)
{
	int fd = open_node(grade->write_flags | O_NONBLOCK);

	for (int i = 0; i < 5; i++) {
		short events = ready(fd, POLLOUT);
		ssize_t done = node_write(fd, "x", 1);
		bool waits = done < 0 && errno == EAGAIN;
		bool is_ready = events & (POLLOUT | POLLERR | POLLHUP);

		if (waits != is_ready)
			return;
		/* /dev/random always takes bytes, and reports when it needs some */
		if (!is_ready && !grade->has[STORES])
			does_not_apply("the device stores nothing, and says when it wants bytes");
	}
	not_ok("poll and a write with O_NONBLOCK disagree on whether a write waits");
}

static void check_select(void)
{
	int fd = open_node(any_flags() | O_NONBLOCK);
	struct timeval no_time = { 0 };
	fd_set in, out;

	for (int i = 0; i < 5; i++) {
		short events = ready(fd, POLLIN | POLLOUT);

		FD_ZERO(&in);
		FD_SET(fd, &in);
		out = in;
		step("a select");
		if (select(fd + 1, &in, &out, NULL, &no_time) < 0)
			wrong(-1, "a count");
		if (FD_ISSET(fd, &in) == !!(events & (POLLIN | POLLHUP | POLLERR)) &&
		    FD_ISSET(fd, &out) == !!(events & (POLLOUT | POLLERR)))
			return;
	}
	not_ok("select and poll disagree on whether the device is ready");
}

/* ---- SIGKILL ---- */

static void expect_killed(void (*call)(void), const char *name)
{
	enum sleep sleep = sleeps(call);

	if (sleep == STUCK)
		not_ok("a %s sleeps, and SIGKILL does not end it", name);
	if (!sleep)
		does_not_apply("no %s of this device sleeps", name);
}

static void read_blocking(void)
{
	int fd = open_to_read();

	for (int i = 0; i < GRADE_CALLS_MAX && node_read(fd, buf, sizeof(buf)) > 0; i++)
		;
}

static void check_kill_read(void)
{
	if (!grade->read_waits && !grade->consumes)
		does_not_apply("no read of this device sleeps");
	/* once is enough: the process stays */
	if (grade->read_stuck)
		not_ok("a read sleeps, and SIGKILL does not end it");
	expect_killed(read_blocking, "read");
}

static void write_blocking(void)
{
	int fd = open_to_write();

	for (unsigned long done = 0; done < GRADE_CAPACITY_MAX; done += GRADE_BYTES)
		if (node_write(fd, buf, GRADE_BYTES) <= 0)
			break;
}

static void check_kill_write(void)
{
	if (!grade->write_waits && !grade->consumes)
		does_not_apply("no write of this device sleeps");
	if (grade->write_stuck)
		not_ok("a write sleeps, and SIGKILL does not end it");
	expect_killed(write_blocking, "write");
}

/* Memory whose page faults are never served */
static void *missing_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = memory(page_size(), PROT_READ | PROT_WRITE);

	reg.range.start = (uintptr_t)page;
	reg.range.len = page_size();
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		does_not_apply("userfaultfd(2) does not work here: %s", strerrorname_np(errno));
	return page;
}

/* Starts a read or write of a few bytes at the beginning, and ends with it. */
static pid_t start_call(int fd, bool write, bool missing)
{
	pid_t pid = fork();
	void *bytes;

	if (pid < 0)
		does_not_apply("no process: %s", strerrorname_np(errno));
	if (pid)
		return pid;
	bytes = missing ? missing_page() : buf;
	step("a %s of 8 bytes", write ? "write" : "read");
	(void)!(write ? pwrite(fd, bytes, 8, 0) : pread(fd, bytes, 8, 0));
	_exit(0);
}

/* While one call waits for a page of its caller, another one on the same buffer is killed. */
static void kill_behind(bool held_by_write, bool write)
{
	int status = 0, late, fd;
	pid_t holder, waiter;
	bool killed;

	fill_pattern(buf, GRADE_BYTES, 0);
	fd = grade->has[STORES] ? open_with(buf, GRADE_BYTES) : sample_open(8).fd;
	holder = start_call(fd, held_by_write, true);
	if (!process_waits(holder, 3)) {
		join(holder);
		return;
	}
	waiter = start_call(fd, write, false);
	/* it ends, or sleeps behind the holder; then the signal must reach it */
	process_waits(waiter, 3);
	kill(waiter, SIGKILL);
	killed = process_ends(waiter, &status, GRADE_KILL_SECONDS);
	kill(holder, SIGKILL);
	if (!process_ends(holder, &late, GRADE_KILL_SECONDS))
		not_ok("a %s that waits for a page of its caller cannot be killed",
		       held_by_write ? "write" : "read");
	if (!killed) {
		process_ends(waiter, &status, GRADE_KILL_SECONDS);
		not_ok("a %s cannot be killed while another process's %s waits for a page",
		       write ? "write" : "read", held_by_write ? "write" : "read");
	}
	node_close(fd);
}

static void check_kill_behind(void)
{
	for (int i = 0; i < 4; i++)
		if (grade->has[STORES] || !i)
			kill_behind(i & 1, i & 2);
}

/* ---- ioctl ---- */

static void check_ioctl(void)
{
	/* 0xf5 is nobody's in the kernel's list of ioctl numbers */
	static const unsigned long commands[] = {
		_IO(0xf5, 0xa7), _IOR(0xf5, 0xa7, char[64]), _IOWR(0xf5, 0xa7, char[64]), 0xf5a7,
	};
	int fd = open_node(any_flags());

	for (size_t i = 0; i < COUNT(commands); i++) {
		int got;

		memset(buf, 0, sizeof(buf));
		step("the unknown ioctl 0x%lx", commands[i]);
		got = ioctl(fd, commands[i], buf);
		if (got != -1 || errno != ENOTTY)
			wrong(got, "ENOTTY");
	}
}

const struct fact grade_wait_facts[] = {
	{ "nonblock-read", "a read with O_NONBLOCK does not sleep",
	  "a program with an event loop hangs", "a-device-is-a-file", 0, check_nonblock_read },
	{ "nonblock-write", "a write with O_NONBLOCK does not sleep",
	  "a program with an event loop hangs", "a-device-is-a-file", NEEDS(WRITES),
	  check_nonblock_write },
	{ "poll-read", "poll says whether a read would wait",
	  "a program waits for ever for bytes that are there, or spins", "a-device-is-a-file",
	  NEEDS(PROMPT_READ), check_poll_read },
	{ "poll-write", "poll says whether a write would wait",
	  "a program waits for ever for room that is there, or spins", "a-device-is-a-file",
	  NEEDS(WRITES) | NEEDS(PROMPT_WRITE), check_poll_write },
	{ "poll-select", "select says what poll says", "programs with select hang, or spin",
	  "a-device-is-a-file", 0, check_select },
	{ "kill-read", "SIGKILL ends a read that sleeps",
	  "the process stays until the machine restarts", "a-device-is-a-file", 0, check_kill_read },
	{ "kill-write", "SIGKILL ends a write that sleeps",
	  "the process stays until the machine restarts", "a-device-is-a-file", 0,
	  check_kill_write },
	{ "kill-behind", "SIGKILL ends a call that waits for another process's call",
	  "one program makes others unkillable, by memory that is slow or gone", "sharing-and-locks",
	  NEEDS(READS) | NEEDS(POSITIONS), check_kill_behind },
	{ "ioctl-unknown", "an unknown ioctl is ENOTTY",
	  "programs that ask for a feature believe that it is there", "copying-to-user", 0,
	  check_ioctl },
	{ 0 },
};
