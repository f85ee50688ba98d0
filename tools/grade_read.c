// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about read(2), pread(2), readv(2), splice(2) and sendfile(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

static unsigned char buf[8192];

static void check_count(void)
{
	static const size_t sizes[] = { 0, 1, 3, 16, 100, 4096 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct sample sample = sample_open(0);
		ssize_t got;

		/* /dev/mem does not like it */
		if (!sizes[i] && sample.unknown)
			continue;
		got = sample_read(&sample, buf, sizes[i]);
		if (got > (ssize_t)sizes[i] || (got < 0 && errno == EFAULT))
			wrong(got, "at most %zu", sizes[i]);
		node_close(sample.fd);
	}
}

/* Reads @n bytes into memory of @fill. Returns the count, and the first changed byte from @from on. */
static ssize_t read_into(size_t n, unsigned char fill, bool after_count, size_t *changed)
{
	struct sample sample = sample_open(0);
	ssize_t got;
	size_t i;

	memset(buf, fill, sizeof(buf));
	got = sample_read(&sample, buf + 64, n);
	node_close(sample.fd);
	for (i = 0; i < sizeof(buf); i++)
		if (buf[i] != fill &&
		    (after_count ? i >= 64 + (size_t)(got > 0 ? got : 0) && i < 64 + n : i < 64 || i >= 64 + n))
			break;
	*changed = i;
	return got;
}

static void expect_unchanged(bool after_count)
{
	static const unsigned char fills[] = { 0xa5, 0x3c };

	for (size_t n = 1; n <= 64; n += n < 20 ? 1 : 11)
		for (size_t f = 0; f < COUNT(fills); f++) {
			size_t changed;
			ssize_t got = read_into(n, fills[f], after_count, &changed);

			if (got < 0)
				does_not_apply("%s failed with %s", grade->step, strerrorname_np(errno));
			if (changed < sizeof(buf))
				not_ok("a read of %zu bytes returned %zd and changed byte %zd of the memory", n,
				       got, (ssize_t)changed - 64);
		}
}

static void check_overrun(void)
{
	expect_unchanged(false);
}

static void check_tail(void)
{
	expect_unchanged(true);
}

static void check_end(void)
{
	struct sample sample;
	off_t end;

	if (grade->repeats)
		not_ok("each read of %d bytes returns the same %zu bytes", 65536, grade->repeats);
	if (!grade->has[ENDS]) {
		/* the device may be larger than what was read */
		end = grade->has[SEEKS] ? node_lseek(open_to_read(), 0, SEEK_END) : 0;
		if (grade->has[STORES] && !grade->read_waits && !grade->read_error && !grade->slow &&
		    end < (off_t)GRADE_CAPACITY_MAX)
			not_ok("%s", grade->lacks[ENDS]);
		does_not_apply("%s", grade->lacks[ENDS]);
	}
	sample = sample_open_to_read(0);
	for (int i = 0; i < GRADE_CALLS_MAX; i++) {
		ssize_t got = node_read(sample.fd, buf, sizeof(buf));

		if (got < 0)
			wrong(got, "bytes or 0");
		if (got)
			continue;
		for (int again = 0; again < 3; again++) {
			got = node_read(sample.fd, buf, sizeof(buf));
			if (got)
				wrong(got, "0, as the read before");
		}
		return;
	}
	not_ok("%d reads have not come to the end", GRADE_CALLS_MAX);
}

static void check_pieces(void)
{
	static const size_t sizes[] = { 1, 2, 7, 15 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct sample sample = sample_open_to_read(2);
		size_t done = 0;

		while (done < sample.n && done < 512) {
			size_t n = sample.n - done < sizes[i] ? sample.n - done : sizes[i];
			ssize_t got = node_read(sample.fd, buf, n);

			if (got <= 0)
				wrong(got, "bytes: %zu of %zu are read", done, sample.n);
			if (!sample_has(&sample, buf, done, got))
				not_ok("reads of %zu bytes: after %zu bytes follow others than in one read",
				       sizes[i], done);
			done += got;
		}
		node_close(sample.fd);
	}
	trait_set(ADVANCES);
}

static void check_offset(void)
{
	struct sample sample = sample_open(2);

	for (size_t at = 0; at < sample.n && at < 64; at++) {
		size_t n = sample.n - at < GRADE_BYTES ? sample.n - at : GRADE_BYTES;
		ssize_t got = node_pread(sample.fd, buf, n, (off_t)at);

		if (got <= 0)
			wrong(got, "bytes: there are %zu", sample.n);
		if (!sample_has(&sample, buf, at, got))
			not_ok("a read at %zu returns other bytes than those at %zu", at, at);
	}
}

static void check_position(void)
{
	struct sample sample = sample_open_to_read(4);
	ssize_t got;

	got = node_read(sample.fd, buf, 1);
	if (got != 1 || !sample_has(&sample, buf, 0, 1))
		does_not_apply("reads do not begin at 0");
	node_pread(sample.fd, buf, 2, 0);
	node_pread(sample.fd, buf, 1, (off_t)sample.n - 1);
	got = node_read(sample.fd, buf, 1);
	if (got != 1)
		wrong(got, "1");
	if (!sample_has(&sample, buf, 1, 1))
		not_ok("after a read at another offset, read(2) does not go on where it was");
}

static void check_readv(void)
{
	struct sample sample = sample_open_to_read(8);
	struct iovec iov[] = { { buf, 3 }, { buf + 3, 0 }, { buf + 3, 1 }, { NULL, 0 }, { buf + 4, 4 } };
	ssize_t got;

	step("a readv of 3, 0, 1, 0 and 4 bytes");
	got = readv(sample.fd, iov, COUNT(iov));
	if (got < 1 || got > 8)
		wrong(got, "8");
	if (!sample_has(&sample, buf, 0, got))
		not_ok("a readv of 3, 0, 1, 0 and 4 bytes returns other bytes than a read");
	if (!grade->consumes && got == 8) {
		ssize_t next = sample.n > 8 ? node_read(sample.fd, buf, 1) : 0;

		if (next == 1 && !sample_has(&sample, buf, 8, 1))
			not_ok("after a readv the next read does not go on");
	}
}

static void check_splice(void)
{
	struct sample sample = sample_open_to_read(1);
	size_t done = 0;
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		does_not_apply("no pipe: %s", strerrorname_np(errno));
	while (done < sample.n) {
		ssize_t moved, got;

		step("a splice of %zu bytes", sample.n - done);
		moved = splice(sample.fd, NULL, p[1], NULL, sample.n - done, SPLICE_F_NONBLOCK);
		if (moved < 0 && errno == EINVAL && !done)
			does_not_apply("splice(2) fails with EINVAL: the driver has no splice_read");
		if (moved <= 0)
			wrong(moved, "bytes: %zu of %zu are moved", done, sample.n);
		got = read(p[0], buf, moved);
		if (got != moved || !sample_has(&sample, buf, done, got))
			not_ok("a splice returned %zd, and other bytes than a read", moved);
		done += moved;
	}
}

static void check_sendfile(void)
{
	struct sample sample = sample_open_to_read(1);
	int file = memfd_create("grade", MFD_CLOEXEC);
	size_t done = 0;

	while (done < sample.n) {
		ssize_t moved;

		step("a sendfile of %zu bytes", sample.n - done);
		moved = sendfile(file, sample.fd, NULL, sample.n - done);
		if (moved < 0 && errno == EINVAL && !done)
			does_not_apply("sendfile(2) fails with EINVAL: the driver has no splice_read, "
				       "or this kernel's sendfile takes no character device");
		if (moved <= 0)
			wrong(moved, "bytes: %zu of %zu are moved", done, sample.n);
		done += moved;
	}
	if (pread(file, buf, sample.n, 0) != (ssize_t)sample.n || !sample_has(&sample, buf, 0, sample.n))
		not_ok("sendfile copied other bytes than a read returns");
}

const struct fact grade_read_facts[] = {
	{ "read-count", "a read returns at most what was asked for",
	  "the program takes bytes after its buffer for data", "copying-to-user",
	  NEEDS(READS), check_count },
	{ "read-overrun", "a read changes no memory outside of the caller's buffer",
	  "the program's other variables change, and it crashes later", "copying-to-user",
	  NEEDS(READS), check_overrun },
	{ "read-tail", "a read changes no byte after those that it returns",
	  "the program gets kernel memory that it did not ask for", "copying-to-user",
	  NEEDS(READS), check_tail },
	{ "read-end", "reads come to an end, and stay there", "cat never ends", "copying-to-user",
	  NEEDS(READS), check_end },
	{ "read-pieces", "reads in pieces return what one read returns",
	  "a program that reads with a small buffer gets other data", "copying-to-user",
	  NEEDS(READS), check_pieces },
	{ "read-offset", "pread returns the bytes at its offset",
	  "a program that reads a record gets another one", "copying-to-user",
	  NEEDS(READS) | NEEDS(POSITIONS), check_offset },
	{ "read-position", "pread leaves the position of read",
	  "threads that share a descriptor disturb each other", "copying-to-user",
	  NEEDS(READS) | NEEDS(ADVANCES) | NEEDS(POSITIONS), check_position },
	{ "read-vector", "readv fills its buffers one after another",
	  "programs that read into several buffers get mixed data", "copying-to-user",
	  NEEDS(READS) | NEEDS(ADVANCES), check_readv },
	{ "read-splice", "splice moves the bytes that read returns",
	  "programs that move data without copying it get other data", "copying-to-user",
	  NEEDS(READS) | NEEDS(ADVANCES), check_splice },
	{ "read-sendfile", "sendfile copies the bytes that read returns",
	  "programs that serve files get other data", "copying-to-user",
	  NEEDS(READS) | NEEDS(ADVANCES), check_sendfile },
	{ 0 },
};
