// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about write(2), pwrite(2), writev(2), O_APPEND and O_TRUNC.
 * They write at most GRADE_BYTES at once, since the capacity is not known yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

static unsigned char buf[4096];

static void check_stored(void)
{
	if (grade->mangles)
		not_ok("%s", grade->lacks[STORES]);
	if (!grade->has[STORES])
		does_not_apply("%s", grade->lacks[STORES]);
}

static void check_count(void)
{
	int fd = open_node(grade->write_flags | O_NONBLOCK);

	for (size_t n = 0; n <= GRADE_BYTES; n++) {
		ssize_t done;

		step("a write of %zu bytes", n);
		done = grade->has[SEEKS] ? pwrite(fd, pattern, n, 0) : write(fd, pattern, n);
		if (done > (ssize_t)n || (!n && done) || (n && !done) || (done < 0 && errno == EFAULT))
			wrong(done, n ? "at most %zu, or an error" : "%zu", n);
	}
	if (!grade->has[STORES] || grade->consumes)
		return;
	fd = open_with(pattern, GRADE_BYTES);
	node_pwrite(fd, "", 0, 0);
	expect_contents(fd, pattern, GRADE_BYTES, "after a write of 0 bytes");
}

static void check_bytes(void)
{
	for (int first = 0; first < 256; first += GRADE_BYTES) {
		struct sample sample;
		ssize_t got;

		for (int i = 0; i < GRADE_BYTES; i++)
			pattern[i] = first + i;
		sample = sample_of(pattern, GRADE_BYTES);
		got = sample_read(&sample, buf, GRADE_BYTES);
		if (got < GRADE_BYTES)
			not_ok("of the bytes 0x%02x to 0x%02x, a read returns %zd", first, first + GRADE_BYTES - 1, got);
		if (memcmp(buf, pattern, GRADE_BYTES))
			not_ok("of the bytes 0x%02x to 0x%02x, a read returns others", first, first + GRADE_BYTES - 1);
		node_close(sample.fd);
	}
}

static void check_pieces(void)
{
	static const size_t sizes[] = { 1, 2, 4, 5 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		unsigned char zeros[GRADE_BYTES] = { 0 };
		int fd;

		close(open_with(zeros, GRADE_BYTES));
		fd = open_node(O_RDWR);
		for (size_t at = 0; at < GRADE_BYTES; at += sizes[i]) {
			size_t n = GRADE_BYTES - at < sizes[i] ? GRADE_BYTES - at : sizes[i];
			ssize_t done = node_write(fd, pattern + at, n);

			if (done != (ssize_t)n)
				wrong(done, "%zu", n);
		}
		expect_contents(fd, pattern, GRADE_BYTES, "after writes in pieces");
		node_close(fd);
	}
	trait_set(FOLLOWS);
}

static void check_offset(void)
{
	for (off_t at = 0; at < GRADE_BYTES - 1; at++) {
		int fd;

		fill_pattern(pattern, GRADE_BYTES, 0);
		fd = open_with(pattern, GRADE_BYTES);
		if (node_pwrite(fd, "!?", 2, at) != 2)
			not_ok("%s failed", grade->step);
		pattern[at] = '!';
		pattern[at + 1] = '?';
		expect_contents(fd, pattern, GRADE_BYTES, "after a write of 2 bytes at an offset");
		node_close(fd);
	}
	trait_set(PLACES);
}

static void check_position(void)
{
	unsigned char want[] = "abcdefghijkl";
	int fd;

	close(open_with(pattern, GRADE_BYTES));
	fd = open_node(O_RDWR);
	node_write(fd, "abcd", 4);
	node_pwrite(fd, "ijkl", 4, 8);
	node_write(fd, "efgh", 4);
	expect_contents(fd, want, 12, "after a write, a write at another offset, and a write");
}

static void check_writev(void)
{
	struct iovec iov[] = {
		{ (char[]){ "abc" }, 3 }, { buf, 0 }, { (char[]){ "d" }, 1 }, { NULL, 0 }, { (char[]){ "efgh" }, 4 },
	};
	ssize_t done;
	int fd;

	close(open_with(pattern, GRADE_BYTES));
	fd = open_node(O_RDWR);
	step("a writev of 3, 0, 1, 0 and 4 bytes");
	done = writev(fd, iov, COUNT(iov));
	if (done != 8)
		wrong(done, "8");
	if (node_write(fd, "i", 1) != 1)
		not_ok("a write after a writev failed");
	expect_contents(fd, "abcdefghi", 9, "after a writev and a write");
}

/* The end of the contents, if a write there moves it; only then O_APPEND and gaps make sense. */
static size_t growing_end(int fd)
{
	static unsigned char *all;
	size_t end;

	if (!grade->has[ENDS])
		does_not_apply("%s", grade->lacks[ENDS]);
	all = all ? all : memory(GRADE_CAPACITY_MAX, PROT_READ | PROT_WRITE);
	end = read_at(fd, all, GRADE_CAPACITY_MAX, 0);
	if (node_pwrite(fd, "e", 1, (off_t)end) != 1)
		does_not_apply("the contents have a fixed size: a write after %zu bytes fails", end);
	if (read_at(fd, all, GRADE_CAPACITY_MAX, 0) != (ssize_t)end + 1)
		does_not_apply("a write after the contents does not make them longer");
	return end + 1;
}

static int open_short(int flags)
{
	/* a shared buffer may be full; the driver may ignore O_TRUNC */
	if (grade->has[SHARED])
		node_close(open_node(O_WRONLY | O_TRUNC));
	return open_node(O_RDWR | flags);
}

static void check_append(void)
{
	int fd = open_short(O_APPEND), plain = grade->has[SHARED] ? open_node(O_RDWR) : -1;
	size_t end = growing_end(plain >= 0 ? plain : fd);
	unsigned char got[3] = "";
	ssize_t done;

	/* private: that write already went to the end, wherever it was meant to go */
	if (grade->has[SEEKS])
		node_lseek(fd, 0, SEEK_SET);
	done = node_write(fd, "one", 3);
	if (done < 0 && errno == ENOSPC)
		does_not_apply("the device is full");
	if (done != 3)
		wrong(done, "3");
	if (read_at(fd, got, 3, (off_t)end) != 3 || memcmp(got, "one", 3))
		not_ok("a write with O_APPEND is not after the %zu bytes that were there", end);
	if (grade->has[SEEKS] && node_lseek(fd, 0, SEEK_CUR) != (off_t)end + 3)
		not_ok("after a write with O_APPEND the position is not the end");
	trait_set(APPENDS);
}

#define RECORDS	25

/* Each process appends records of its own letter. */
static void append_records(int fd, char letter)
{
	char record[8];

	memset(record, letter, sizeof(record));
	for (int i = 0; i < RECORDS; i++) {
		ssize_t done = node_write(fd, record, sizeof(record));

		if (done < 0 ? errno == ENOSPC : done && done < (ssize_t)sizeof(record))
			does_not_apply("the device has no room for %d records", 4 * RECORDS);
		if (done != (ssize_t)sizeof(record))
			wrong(done, "%zu", sizeof(record));
	}
	_exit(0);
}

static void check_append_at_once(void)
{
	int fd = open_short(O_APPEND), counts[4] = { 0 };
	size_t end = growing_end(fd), n;
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i])
			append_records(grade->has[SHARED] ? open_node(O_RDWR | O_APPEND) : fd, 'A' + i);
	}
	for (int i = 0; i < 4; i++)
		join(pids[i]);
	n = read_at(fd, buf, sizeof(buf), (off_t)end);
	for (size_t at = 0; at + 8 <= n; at += 8) {
		if (buf[at] < 'A' || buf[at] > 'D' || memcmp(buf + at, buf + at + 1, 7))
			not_ok("of records that four processes append at once, one is torn");
		counts[buf[at] - 'A']++;
	}
	for (int i = 0; i < 4; i++)
		if (counts[i] != RECORDS)
			not_ok("of %d records that a process appends while others do, %d are there", RECORDS,
			       counts[i]);
}

static void check_gap(void)
{
	static const size_t gaps[] = { 1, 7, 8, 100, 1000 };

	for (size_t i = 0; i < COUNT(gaps); i++) {
		int fd = open_short(0);
		size_t end = growing_end(fd), n;
		unsigned char got[1001];

		if (node_pwrite(fd, "g", 1, (off_t)(end + gaps[i])) != 1) {
			if (!i)
				does_not_apply("the device takes no write after the contents");
			return;
		}
		n = read_at(fd, got, gaps[i] + 1, (off_t)end);
		if (n != gaps[i] + 1)
			not_ok("after a write %zu bytes past the contents, a read finds %zu of them", gaps[i], n);
		for (size_t at = 0; at < gaps[i]; at++)
			if (got[at])
				not_ok("byte %zu of a gap, which was never written, is 0x%02x", at, got[at]);
		node_close(fd);
	}
}

static void check_truncate(void)
{
	unsigned char got[GRADE_BYTES] = "";
	size_t n;
	int fd;

	close(open_with(pattern, GRADE_BYTES));
	fd = open_node(O_RDWR | O_TRUNC);
	n = read_at(fd, got, GRADE_BYTES, 0);
	if (n)
		does_not_apply("O_TRUNC does not empty the device, which a driver may choose");
	if (node_pwrite(fd, "t", 1, GRADE_BYTES - 1) != 1)
		does_not_apply("the device takes no write after the contents");
	n = read_at(fd, got, GRADE_BYTES, 0);
	for (size_t at = 0; at + 1 < n; at++)
		if (got[at])
			not_ok("byte %zu, which was there before O_TRUNC, is there again: 0x%02x", at, got[at]);
}

static void check_splice(void)
{
	struct sample sample;
	ssize_t moved;
	int p[2], fd;

	if (pipe2(p, O_CLOEXEC) || write(p[1], pattern, GRADE_BYTES) != GRADE_BYTES)
		does_not_apply("no pipe: %s", strerrorname_np(errno));
	if (grade->consumes)
		node_drain();
	fd = open_to_write();
	step("a splice of %d bytes", GRADE_BYTES);
	moved = splice(p[0], NULL, fd, NULL, GRADE_BYTES, SPLICE_F_NONBLOCK);
	if (moved < 0 && errno == EINVAL)
		does_not_apply("splice(2) fails with EINVAL: the driver has no splice_write");
	if (moved <= 0 || moved > GRADE_BYTES)
		wrong(moved, "%d", GRADE_BYTES);
	if (!grade->has[STORES])
		return;
	if (grade->has[PRIVATE] && !grade->has[POSITIONS])
		does_not_apply("what was moved cannot be read back");
	sample = (struct sample){ .fd = grade->has[PRIVATE] ? fd : open_to_read() };
	sample.pread_only = grade->has[POSITIONS];
	if (sample_read(&sample, buf, moved) < moved || memcmp(buf, pattern, moved))
		not_ok("a splice of %zd bytes stored others", moved);
}

static void check_sendfile(void)
{
	int file = memfd_create("grade", MFD_CLOEXEC), fd = open_to_write();
	off_t from = 0;
	ssize_t moved;

	fill_pattern(pattern, GRADE_BYTES, 100);
	if (write(file, pattern, GRADE_BYTES) != GRADE_BYTES)
		does_not_apply("no file: %s", strerrorname_np(errno));
	step("a sendfile of %d bytes", GRADE_BYTES);
	moved = sendfile(fd, file, &from, GRADE_BYTES);
	if (moved < 0 && errno == EINVAL)
		does_not_apply("sendfile(2) fails with EINVAL: the driver has no splice_write");
	if (moved <= 0 || moved > GRADE_BYTES)
		wrong(moved, "%d", GRADE_BYTES);
	if (grade->has[STORES] && grade->has[POSITIONS] && grade->write_flags == O_RDWR)
		expect_contents(fd, pattern, moved, "after a sendfile");
}

#define STORED	(NEEDS(STORES) | NEEDS(POSITIONS))

const struct fact grade_write_facts[] = {
	{ "write-stored", "what is written can be read, if anything can",
	  "the device loses data", "copying-to-user", NEEDS(WRITES), check_stored },
	{ "write-count", "a write returns at most its size, and 0 only for 0 bytes",
	  "printf to the device never returns, or believes what is not stored", "copying-to-user",
	  NEEDS(WRITES), check_count },
	{ "write-bytes", "each of the 256 bytes reads back as written",
	  "only text can be stored: a zero or a newline cuts it", "copying-to-user",
	  NEEDS(STORES), check_bytes },
	{ "write-pieces", "writes in pieces follow one another",
	  "of several writes only the last one is kept", "copying-to-user", STORED, check_pieces },
	{ "write-offset", "pwrite changes the bytes at its offset, and no others",
	  "a program that changes a record destroys another one", "copying-to-user", STORED,
	  check_offset },
	{ "write-position", "pwrite leaves the position of write",
	  "threads that share a descriptor disturb each other", "copying-to-user",
	  STORED | NEEDS(FOLLOWS) | NEEDS(PLACES), check_position },
	{ "write-vector", "writev stores its buffers one after another",
	  "programs that write several buffers store mixed data", "copying-to-user",
	  STORED | NEEDS(FOLLOWS), check_writev },
	{ "write-append", "O_APPEND writes after the contents", "'>>' overwrites what is there",
	  "a-device-is-a-file", STORED | NEEDS(PLACES), check_append },
	{ "append-at-once", "processes that append at once lose nothing",
	  "lines of a log are lost at random", "races-and-delays", NEEDS(APPENDS),
	  check_append_at_once },
	{ "write-gap", "bytes that were never written are zero",
	  "a program gets kernel memory, with other users' data", "open-and-private-data",
	  STORED | NEEDS(PLACES), check_gap },
	{ "write-truncate", "what O_TRUNC removed does not come back",
	  "deleted data can be read again", "open-and-private-data",
	  STORED | NEEDS(PLACES), check_truncate },
	{ "write-splice", "splice stores the bytes of a pipe",
	  "programs that move data without copying it lose it", "copying-to-user", NEEDS(WRITES),
	  check_splice },
	{ "write-sendfile", "sendfile stores the bytes of a file",
	  "programs that copy files lose data", "copying-to-user", NEEDS(WRITES), check_sendfile },
	{ 0 },
};
