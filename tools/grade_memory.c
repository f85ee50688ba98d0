// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about the caller's memory: bad pointers, page borders, pages that
 * are not there yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

#define RW	(PROT_READ | PROT_WRITE)

/* Returns an address that no process may access, or MAP_FAILED after the last one. */
static void *bad_pointer(size_t i, bool write)
{
	/* never mapped; the last one is the kernel's own memory on amd64 */
	static const uintptr_t addresses[] = { 0, 8, -4096UL, (uintptr_t)0xffff888000000000ULL };
	static void *pages[2];
	void *bad = MAP_FAILED;

	if (!pages[0]) {
		pages[0] = memory(page_size(), PROT_NONE);
		pages[1] = memory(page_size(), write ? PROT_NONE : PROT_READ);
	}
	if (i < COUNT(addresses))
		memcpy(&bad, &addresses[i], sizeof(bad));
	else if (i < COUNT(addresses) + COUNT(pages))
		bad = pages[i - COUNT(addresses)];
	return bad;
}

/* Two pages, of which the second may not be accessed. Returns the border. */
static unsigned char *page_border(void)
{
	static unsigned char *m;

	if (!m) {
		m = memory(2 * page_size(), RW);
		memset(m, 0, page_size());
		if (mprotect(m + page_size(), page_size(), PROT_NONE))
			does_not_apply("mprotect failed");
	}
	return m + page_size();
}

/* ---- reads ---- */

static void check_read_efault(void)
{
	void *bad;

	for (size_t i = 0; (bad = bad_pointer(i, false)) != MAP_FAILED; i++)
		for (size_t n = 1; n <= GRADE_BYTES; n++) {
			struct sample sample = sample_open(GRADE_BYTES);
			ssize_t got = sample_read(&sample, bad, n);

			if (got != -1 || errno != EFAULT)
				not_ok("a read of %zu bytes to the bad pointer %p %s instead of EFAULT", n, bad,
				       outcome(got));
			if (!sample.pread_only && !grade->consumes) {
				unsigned char byte = 0;

				got = node_read(sample.fd, &byte, 1);
				if (got != 1 || !sample_has(&sample, &byte, 0, 1))
					not_ok("after a read that was EFAULT the next one does not begin where it did");
			}
			node_close(sample.fd);
		}
}

static void check_read_border(void)
{
	unsigned char *border = page_border();

	for (size_t n = 1; n <= GRADE_BYTES; n++)
		for (size_t good = 0; good < n; good++) {
			struct sample sample = sample_open(GRADE_BYTES);
			unsigned char *to = border - good;
			ssize_t got;

			memset(border - 64, 0xa5, 64);
			got = sample_read(&sample, to, n);
			if (got < 0 ? errno != EFAULT : !got || (size_t)got > good)
				not_ok("a read of %zu bytes to memory that ends after %zu %s", n, good, outcome(got));
			if (got > 0 && !sample_has(&sample, to, 0, got))
				not_ok("a read of %zu bytes to memory that ends after %zu returns wrong bytes", n, good);
			for (unsigned char *p = border - 64; p < to; p++)
				if (*p != 0xa5)
					not_ok("a read of %zu bytes to memory that ends after %zu changed the memory before",
					       n, good);
			node_close(sample.fd);
		}
}

static void check_read_untouched(void)
{
	for (int i = 0; i < 8; i++) {
		struct sample sample = sample_open(1);
		unsigned char *to = memory(2 * page_size(), RW) + page_size() - i;
		ssize_t got = sample_read(&sample, to, sample.n);

		if (got <= 0)
			wrong(got, "%zu", sample.n);
		if (!sample_has(&sample, to, 0, (size_t)got < sample.n ? (size_t)got : sample.n))
			not_ok("a read to memory that was never touched returns other bytes");
		node_close(sample.fd);
	}
}

static void check_readv_bad(void)
{
	struct sample sample = sample_open_to_read(8);
	unsigned char buf[64];
	struct iovec iov[] = { { buf, 4 }, { bad_pointer(1, false), 4 } };
	ssize_t got;

	step("a readv whose second buffer is bad");
	got = readv(sample.fd, iov, 2);
	if (got > 8)
		does_not_apply("a read returns more than was asked for");
	if (got < 0 ? errno != EFAULT : got > 4)
		wrong(got, "4 or EFAULT");
	if (got > 0 && !sample_has(&sample, buf, 0, got))
		not_ok("a readv whose second buffer is bad returns other bytes in the first");
	if (grade->consumes || !grade->has[ADVANCES])
		return;
	if (node_read(sample.fd, buf, 1) != 1 || !sample_has(&sample, buf, got < 0 ? 0 : got, 1))
		not_ok("after a readv whose second buffer is bad, the next read does not go on at %zd",
		       got < 0 ? 0 : got);
}

/* ---- writes ---- */

/* Of a buffer of 16 known bytes, a write may have changed only those from @from to @to. */
static void expect_others(int fd, size_t from, size_t to, const char *when)
{
	unsigned char got[GRADE_BYTES];
	size_t length = read_at(fd, got, GRADE_BYTES, 0);

	if (length < GRADE_BYTES)
		not_ok("%s, %zu of %d bytes are left", when, length, GRADE_BYTES);
	for (size_t i = 0; i < GRADE_BYTES; i++)
		if ((i < from || i >= to) && got[i] != pattern[i])
			not_ok("%s, byte %zu has changed too", when, i);
}

static void check_write_efault(void)
{
	void *bad;

	for (size_t i = 0; (bad = bad_pointer(i, true)) != MAP_FAILED; i++)
		for (size_t n = 1; n <= 8; n++) {
			int fd = open_with(pattern, GRADE_BYTES);
			ssize_t done = node_pwrite(fd, bad, n, 4);

			if (done != -1 || errno != EFAULT)
				not_ok("a write of %zu bytes from the bad pointer %p %s instead of EFAULT", n, bad,
				       outcome(done));
			expect_others(fd, 4, 4 + n, "after a write that was EFAULT");
			node_close(fd);
		}
}

static void check_write_border(void)
{
	unsigned char *border = page_border();

	for (size_t n = 1; n <= 8; n++)
		for (size_t good = 0; good < n; good++) {
			int fd = open_with(pattern, GRADE_BYTES);
			unsigned char got[GRADE_BYTES];
			ssize_t done;

			memset(border - 64, '!', 64);
			done = node_pwrite(fd, border - good, n, 4);
			if (done < 0 ? errno != EFAULT : !done || (size_t)done > good)
				not_ok("a write of %zu bytes from memory that ends after %zu %s", n, good,
				       outcome(done));
			expect_others(fd, 4, 4 + n, "after a write from memory that ends early");
			if (done > 0 && read_at(fd, got, GRADE_BYTES, 0) == GRADE_BYTES &&
			    memcmp(got + 4, border - good, done))
				not_ok("a write from memory that ends early stored other bytes");
			node_close(fd);
		}
}

/* Pages that the process has never read or written hold zeros. */
static void check_write_untouched(void)
{
	for (size_t i = 0; i < 8; i++) {
		unsigned char got[GRADE_BYTES];
		unsigned char *from = memory(2 * page_size(), RW) + page_size() - i;
		int fd;
		ssize_t done;

		fill_pattern(pattern, GRADE_BYTES, 0);
		fd = open_with(pattern, GRADE_BYTES);
		done = node_pwrite(fd, from, 8, 0);
		if (done <= 0)
			wrong(done, "8");
		memset(pattern, 0, done);
		if (read_at(fd, got, GRADE_BYTES, 0) != GRADE_BYTES || memcmp(got, pattern, GRADE_BYTES))
			not_ok("a write from memory that was never touched stored other bytes than zeros");
		node_close(fd);
	}
}

static void check_writev_bad(void)
{
	struct iovec iov[] = { { (char[]){ "wxyz" }, 4 }, { bad_pointer(1, true), 4 } };
	unsigned char got[GRADE_BYTES];
	ssize_t done;
	int fd;

	fd = open_with(pattern, GRADE_BYTES);
	step("a writev whose second buffer is bad");
	done = pwritev(fd, iov, 2, 0);
	if (done < 0 ? errno != EFAULT : !done || done > 4)
		wrong(done, "4 or EFAULT");
	expect_others(fd, 0, 8, "after a writev whose second buffer is bad");
	if (done > 0 && read_at(fd, got, GRADE_BYTES, 0) == GRADE_BYTES && memcmp(got, "wxyz", done))
		not_ok("a writev whose second buffer is bad stored other bytes than those of the first");
}

#define STORED	(NEEDS(STORES) | NEEDS(POSITIONS) | NEEDS(PLACES))

const struct fact grade_memory_facts[] = {
	{ "read-fault", "a read to a bad pointer is EFAULT and moves nothing",
	  "a program's mistake stops the kernel, or data is lost", "copying-to-user",
	  NEEDS(READS), check_read_efault },
	{ "read-border", "a read to memory that ends early returns what fits, or EFAULT",
	  "a program takes bytes for data that were never read", "copying-to-user",
	  NEEDS(READS), check_read_border },
	{ "read-untouched", "a read to memory that was never touched works",
	  "reads fail at random, as memory comes and goes", "copying-to-user",
	  NEEDS(READS), check_read_untouched },
	{ "read-vector-fault", "a readv with a bad buffer returns what fits, or EFAULT",
	  "a program takes bytes for data that were never read", "copying-to-user",
	  NEEDS(READS), check_readv_bad },
	{ "write-fault", "a write from a bad pointer is EFAULT and changes no other bytes",
	  "a program's mistake stops the kernel, or destroys data", "copying-to-user",
	  STORED, check_write_efault },
	{ "write-border", "a write from memory that ends early takes what is there, or is EFAULT",
	  "the device stores bytes that the program never wrote", "copying-to-user",
	  STORED, check_write_border },
	{ "write-untouched", "a write from memory that was never touched works",
	  "writes fail at random, as memory comes and goes", "copying-to-user",
	  STORED, check_write_untouched },
	{ "write-vector-fault", "a writev with a bad buffer takes what is there, or is EFAULT",
	  "the device stores bytes that the program never wrote", "copying-to-user",
	  STORED, check_writev_bad },
	{ 0 },
};
