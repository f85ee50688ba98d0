// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about several opens, descriptors and processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

static unsigned char buf[4096];

/* ---- one open ---- */

static void expect_next(const struct sample *sample, int fd, size_t at, const char *by)
{
	ssize_t got = node_read(fd, buf, 1);

	if (got != 1)
		wrong(got, "1");
	if (!sample_has(sample, buf, at, 1))
		not_ok("a read by %s does not go on at byte %zu", by, at);
}

static void check_dup(void)
{
	struct sample sample = sample_open_to_read(4);
	int copy = dup(sample.fd);

	expect_next(&sample, sample.fd, 0, "the descriptor");
	expect_next(&sample, copy, 1, "its duplicate");
	expect_next(&sample, sample.fd, 2, "the descriptor");
	node_close(sample.fd);
	expect_next(&sample, copy, 3, "the duplicate of a closed descriptor");
}

static void check_fork(void)
{
	struct sample sample = sample_open_to_read(4);
	pid_t pid;

	expect_next(&sample, sample.fd, 0, "the parent");
	pid = fork();
	if (!pid) {
		expect_next(&sample, sample.fd, 1, "the child");
		_exit(0);
	}
	join(pid);
	expect_next(&sample, sample.fd, 2, "the parent");
	pid = fork();
	if (!pid) {
		expect_next(&sample, sample.fd, 3, "the child");
		_exit(0);
	}
	node_close(sample.fd);
	join(pid);
}

/* Each process has bytes of its own in the buffer of one descriptor. */
static void use_slot(int fd, int slot)
{
	unsigned char mine[4], got[4];
	off_t at = (off_t)4 * slot;

	for (int i = 0; i < 500; i++) {
		ssize_t n;

		fill_pattern(mine, 4, 100 * slot + i);
		n = node_pwrite(fd, mine, 4, at);
		if (n != 4)
			wrong(n, "4");
		n = node_pread(fd, got, 4, at);
		if (n != 4)
			wrong(n, "4");
		if (memcmp(mine, got, 4))
			not_ok("a process reads other bytes than it wrote, while others use other bytes");
	}
}

static void check_at_once(void)
{
	pid_t pids[4];
	int fd;

	fd = open_with(pattern, GRADE_BYTES);
	for (int slot = 0; slot < 4; slot++) {
		pids[slot] = fork();
		if (!pids[slot]) {
			use_slot(fd, slot);
			_exit(0);
		}
	}
	for (int slot = 0; slot < 4; slot++)
		join(pids[slot]);
}

/*
 * Four processes read two bytes each through one descriptor, from the beginning again and
 * again: they come no further than to byte 8.
 */
static void check_reads_at_once(void)
{
	struct sample sample = sample_open_to_read(8);
	pid_t pids[4];

	if (grade->consumes || sample.unknown || !grade->has[SEEKS])
		does_not_apply("the position cannot be set back");
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (int round = 0; round < 500; round++) {
			ssize_t got;

			node_lseek(sample.fd, 0, SEEK_SET);
			got = node_read(sample.fd, buf, 2);
			if (got <= 0)
				wrong(got, "2");
			if (!memmem(sample.want, 8, buf, got))
				not_ok("four processes that read at once get bytes that are not there");
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++)
		join(pids[i]);
}

/* ---- two opens ---- */

static void check_positions(void)
{
	struct sample sample = sample_open_to_read(4);
	struct sample second = sample;

	if (grade->consumes)
		does_not_apply("a read removes the bytes");
	if (grade->has[PRIVATE])
		second = sample_open_to_read(4);
	else
		second.fd = open_to_read();
	expect_next(&sample, sample.fd, 0, "the first open");
	expect_next(&sample, sample.fd, 1, "the first open");
	expect_next(&second, second.fd, 0, "the second open");
	expect_next(&sample, sample.fd, 2, "the first open");
	expect_next(&second, second.fd, 1, "the second open");
}

static void check_private(void)
{
	int a, b;

	a = open_with(pattern, GRADE_BYTES);
	b = open_with(other, GRADE_BYTES);
	expect_contents(a, pattern, GRADE_BYTES, "after a write to a second open");
	expect_contents(b, other, GRADE_BYTES, "after a read of the first open");
}

static void check_private_close(void)
{
	int a, more[8];

	a = open_with(pattern, GRADE_BYTES);
	for (int i = 0; i < 3; i++) {
		node_close(open_with(other, GRADE_BYTES));
		expect_contents(a, pattern, GRADE_BYTES, "after a second open was closed");
	}
	/* they get the memory that a driver may have freed too early */
	for (size_t i = 0; i < COUNT(more); i++)
		more[i] = open_with(other, GRADE_BYTES);
	expect_contents(a, pattern, GRADE_BYTES, "after others were closed and opened");
	for (size_t i = 0; i < COUNT(more); i++) {
		expect_contents(more[i], other, GRADE_BYTES, "with several opens");
		node_close(more[i]);
	}
	expect_contents(a, pattern, GRADE_BYTES, "after the others were closed");
}

/* Whether the kernel's debugging filled these bytes: freed or never written memory */
static bool is_poison(const unsigned char *bytes, size_t n)
{
	static const unsigned char fills[] = { 0x6b, 0x5a, 0xaa, 0xbb, 0xcc };

	for (size_t i = 0; i < COUNT(fills) && n >= 8; i++)
		for (size_t at = 0; at + 8 <= n; at++)
			if (bytes[at] == fills[i] && !memcmp(bytes + at, bytes + at + 1, 7))
				return true;
	return false;
}

static void check_fresh(void)
{
	unsigned char first[4096], fresh[4096];
	size_t first_n = 0, n;

	for (int i = 0; i < 100; i++) {
		int fd = open_node(O_RDWR);

		n = read_at(fd, fresh, sizeof(fresh), 0);
		if (memmem(fresh, n, other, GRADE_BYTES))
			not_ok("a fresh open shows the bytes that another open wrote");
		if (is_poison(fresh, n))
			not_ok("a fresh open shows memory that the driver never wrote");
		if (!i) {
			memcpy(first, fresh, n);
			first_n = n;
		}
		if (n != first_n || memcmp(first, fresh, n))
			not_ok("two fresh opens show different bytes, and no program wrote them");
		if (node_pwrite(fd, other, GRADE_BYTES, 0) != GRADE_BYTES)
			does_not_apply("the device does not take %d bytes", GRADE_BYTES);
		/* also what comes after those bytes */
		n = read_at(fd, fresh, sizeof(fresh), 0);
		if (n > GRADE_BYTES && is_poison(fresh + GRADE_BYTES, n - GRADE_BYTES))
			not_ok("after a write of %d bytes, a read returns more, which the driver never wrote",
			       GRADE_BYTES);
		node_close(fd);
	}
}

static void check_shared(void)
{
	int a, b;

	a = open_with(pattern, GRADE_BYTES);
	b = open_node(O_RDWR);
	expect_contents(b, pattern, GRADE_BYTES, "in a second open");
	if (node_pwrite(b, other, GRADE_BYTES, 0) != GRADE_BYTES)
		not_ok("a write to a second open failed");
	expect_contents(a, other, GRADE_BYTES, "after a write to the second open");
}

static void check_shared_close(void)
{
	size_t n;
	int a, b;

	a = open_with(pattern, GRADE_BYTES);
	b = open_to_read();
	node_close(a);
	expect_contents(b, pattern, GRADE_BYTES, "after the open that wrote was closed");
	for (int i = 0; i < 8; i++)
		node_close(open_to_read());
	expect_contents(b, pattern, GRADE_BYTES, "after others were opened and closed");
	node_close(b);
	b = open_to_read();
	n = read_at(b, buf, GRADE_BYTES, 0);
	/* a driver may empty the buffer at the last close */
	for (size_t i = 0; i < n; i++)
		if (buf[i] && buf[i] != pattern[i])
			not_ok("after the last close, byte %zu is 0x%02x, which was never written", i, buf[i]);
}

#define KNOWN	(NEEDS(READS) | NEEDS(ADVANCES))
#define STORED	(NEEDS(STORES) | NEEDS(POSITIONS))

const struct fact grade_share_facts[] = {
	{ "dup", "a duplicate shares the position, and stays when the first is closed",
	  "a shell's redirections lose data", "open-and-private-data", KNOWN, check_dup },
	{ "fork", "a child shares the position, and each may close first",
	  "a shell's subshells lose data", "open-and-private-data", KNOWN, check_fork },
	{ "at-once", "processes that share a descriptor read what they wrote",
	  "data is lost at random", "races-and-delays", STORED | NEEDS(PLACES),
	  check_at_once },
	{ "reads-at-once", "processes that read one descriptor get only bytes that are there",
	  "data is wrong at random", "races-and-delays", KNOWN, check_reads_at_once },
	{ "own-position", "each open has its own position",
	  "a second cat begins in the middle", "open-and-private-data", KNOWN | NEEDS(SECOND),
	  check_positions },
	{ "private", "each open keeps its own bytes", "a second program destroys the first one's data",
	  "open-and-private-data", STORED | NEEDS(PRIVATE), check_private },
	{ "private-close", "a close leaves the buffers of other opens",
	  "a program's data is freed while it is in use", "open-and-private-data",
	  STORED | NEEDS(PRIVATE), check_private_close },
	{ "private-fresh", "a fresh open shows nothing that others left",
	  "a program gets kernel memory, with other users' data", "open-and-private-data",
	  STORED | NEEDS(PRIVATE), check_fresh },
	{ "shared", "each open sees at once what another one writes",
	  "two programs cannot work together", "sharing-and-locks", STORED | NEEDS(SHARED),
	  check_shared },
	{ "shared-close", "a close leaves the bytes to the other opens",
	  "a program's data is freed while it is in use", "sharing-and-locks",
	  STORED | NEEDS(SHARED), check_shared_close },
	{ 0 },
};
