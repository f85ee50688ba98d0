// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about the capacity, and writes past it. Late: a driver without a
 * bound damages the kernel's memory here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

static unsigned char buf[65536], want[65536];

static bool is_full(int error)
{
	return error == ENOSPC || error == EFBIG || error == EDQUOT;
}

/* Fails if the contents are not the pattern up to @n. */
static void expect_pattern(int fd, unsigned long long n)
{
	for (unsigned long long at = 0; at < n; at += sizeof(buf)) {
		size_t size = n - at < sizeof(buf) ? n - at : sizeof(buf);
		size_t got = read_at(fd, buf, size, (off_t)at), same;

		fill_pattern(want, size, (off_t)at);
		same = first_difference(buf, want, got);
		if (same < size)
			not_ok("the device took %llu bytes, but byte %llu reads back %s", n, at + same,
			       same < got ? "as another one" : "as the end");
	}
}

/* Small writes first: they find a small capacity with the least damage. */
static void check_capacity(void)
{
	unsigned long long total = 0;
	int fd;

	if (grade->consumes)
		does_not_apply("a read removes the bytes");
	fd = open_node(O_RDWR);
	while (total < GRADE_CAPACITY_MAX) {
		size_t n = total < 4096 ? GRADE_BYTES : 4096;
		ssize_t done;

		fill_pattern(want, n, (off_t)total);
		done = node_pwrite(fd, want, n, (off_t)total);
		if (done > 0) {
			total += done;
			continue;
		}
		if (done < 0 && errno == ESPIPE)
			does_not_apply("pwrite(2) fails with ESPIPE");
		if (done < 0 && errno == ENOMEM)
			does_not_apply("after %llu bytes there is no memory", total);
		if (!done || !is_full(errno))
			wrong(done, "ENOSPC, after %llu bytes", total);
		break;
	}
	expect_pattern(fd, total);
	if (total >= GRADE_CAPACITY_MAX) {
		trait_lacks(CAPACITY, "the device takes %llu bytes and more", total);
		return;
	}
	grade->capacity = total;
	trait_set(CAPACITY);
}

/* Opens the device filled with the pattern. */
static int open_full(void)
{
	int fd = open_node(O_RDWR);

	for (unsigned long long at = 0; at < grade->capacity;) {
		size_t n = grade->capacity - at < sizeof(want) ? grade->capacity - at : sizeof(want);
		ssize_t done;

		fill_pattern(want, n, (off_t)at);
		done = node_pwrite(fd, want, n, (off_t)at);
		if (done <= 0)
			does_not_apply("the device cannot be filled: %s failed", grade->step);
		at += done;
	}
	return fd;
}

static void check_contents(void)
{
	int fd = open_full();
	size_t n;

	expect_pattern(fd, grade->capacity);
	n = read_at(fd, buf, sizeof(buf), (off_t)grade->capacity);
	if (n)
		not_ok("after %llu bytes of capacity, %zu more can be read", grade->capacity, n);
}

static void expect_refused(int fd, size_t n, off_t at)
{
	ssize_t done = node_pwrite(fd, buf, n, at);

	if (done > 0 || (!done && n) || (done < 0 && !is_full(errno) && errno != EINVAL && errno != EOVERFLOW))
		wrong(done, "ENOSPC");
}

static void check_past(void)
{
	static const size_t sizes[] = { 1, 2, 16, 4096 };
	int fd = open_full();

	memset(buf, '!', sizeof(buf));
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (off_t at = 0; at < 3; at++)
			expect_refused(fd, sizes[i], (off_t)grade->capacity + at);
	expect_pattern(fd, grade->capacity);
}

static void check_partial(void)
{
	for (size_t fits = 1; fits <= 8 && fits < grade->capacity; fits++) {
		off_t at = (off_t)(grade->capacity - fits);
		int fd = open_full();
		ssize_t done;

		memset(buf, '!', sizeof(buf));
		done = node_pwrite(fd, buf, 100, at);
		if (done < 0 ? !is_full(errno) && errno != EINVAL : !done || (size_t)done > fits)
			wrong(done, "%zu, which fit, or ENOSPC", fits);
		memset(want, '!', fits);
		if (done > 0 && (read_at(fd, buf, fits, at) != (ssize_t)fits || memcmp(buf, want, done)))
			not_ok("a write that partly fits stored other bytes than it says");
		expect_pattern(fd, at);
		node_close(fd);
	}
}

static void check_long(void)
{
	size_t n = grade->capacity + 100;
	unsigned char *from = memory(n, PROT_READ | PROT_WRITE);
	int fd = open_full();
	ssize_t done;

	memset(from, '?', n);
	done = node_pwrite(fd, from, n, 0);
	if (done < 0 ? !is_full(errno) && errno != EINVAL && errno != ENOMEM : !done || (size_t)done > grade->capacity)
		wrong(done, "%llu, or ENOSPC", grade->capacity);
	if (done <= 0) {
		expect_pattern(fd, grade->capacity);
		return;
	}
	n = (size_t)done < sizeof(buf) ? (size_t)done : sizeof(buf);
	if (read_at(fd, buf, n, 0) != (ssize_t)n || memcmp(buf, from, n))
		not_ok("a write of more than the capacity returned %zd, but stored other bytes", done);
}

static void check_far(void)
{
	int fd = open_full();

	memset(buf, '!', sizeof(buf));
	for (size_t i = 0; i < FAR_OFFSETS; i++)
		for (size_t n = 1; n <= 4096; n = n == 1 ? 8 : n * 8)
			expect_refused(fd, n, far_offsets[i]);
	expect_pattern(fd, grade->capacity);
}

/* The VFS cuts a count to 2 GiB less a page. */
static void check_huge(void)
{
	static const unsigned long long sizes[] = { 1ULL << 31, (1ULL << 31) - 4096, 1ULL << 32, (1ULL << 32) + 1 };
	int fd = open_full();

	for (size_t i = 0; i < COUNT(sizes) && sizeof(size_t) > 4; i++) {
		unsigned char *m = memory(sizes[i], PROT_READ | PROT_WRITE);
		ssize_t got;

		step("a read of %llu bytes", sizes[i]);
		got = pread(fd, m, sizes[i], 0);
		if (got < 0 ? errno != EINVAL && errno != ENOMEM : !got || (unsigned long long)got > grade->capacity)
			wrong(got, "at most %llu", grade->capacity);
		munmap(m, sizes[i]);
		m = memory(sizes[i], PROT_READ | PROT_WRITE);
		got = node_pwrite(fd, m, sizes[i], 0);
		if (got < 0 ? !is_full(errno) && errno != EINVAL && errno != ENOMEM :
			      !got || (unsigned long long)got > grade->capacity)
			wrong(got, "at most %llu", grade->capacity);
		munmap(m, sizes[i]);
	}
}

#define FULL	(NEEDS(STORES) | NEEDS(POSITIONS) | NEEDS(PLACES) | NEEDS(CAPACITY))

const struct fact grade_limit_facts[] = {
	{ "capacity", "writes stop with ENOSPC, and all before them can be read",
	  "cp ends without an error, and data is lost, or other memory is overwritten",
	  "copying-to-user", NEEDS(STORES), check_capacity },
	{ "capacity-end", "a full device reads back as written, and then ends",
	  "data is lost, or kernel memory is read", "copying-to-user", FULL, check_contents },
	{ "capacity-past", "a write after the capacity is ENOSPC and changes nothing",
	  "a program overwrites kernel memory", "copying-to-user", FULL, check_past },
	{ "capacity-partial", "a write that partly fits is short or ENOSPC",
	  "a program overwrites kernel memory, or believes what is not stored", "copying-to-user",
	  FULL, check_partial },
	{ "capacity-long", "a write of more than the capacity is short or ENOSPC",
	  "a program overwrites kernel memory, or believes what is not stored", "copying-to-user",
	  FULL, check_long },
	{ "write-far", "a write at any offset up to 2^63 is an error and changes nothing",
	  "a program overwrites kernel memory", "a-device-is-a-file", FULL, check_far },
	{ "huge-count", "a count of gigabytes moves no more than the capacity",
	  "a program overwrites kernel memory, or reads it", "a-device-is-a-file", FULL, check_huge },
	{ 0 },
};
