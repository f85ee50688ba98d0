// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts of helloctl grade about mmap(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grade.h"
#include "output.h"

#define RW	(PROT_READ | PROT_WRITE)

static void *map(int fd, size_t n, int prot, int flags, off_t at)
{
	step("an mmap of %zu bytes at %lld", n, (long long)at);
	return mmap(NULL, n, prot, flags, fd, at);
}

static size_t mapped_size(void)
{
	size_t page = page_size();

	return (grade->capacity + page - 1) / page * page;
}

/* Maps the first page, and ends the process if the device refuses that. */
static unsigned char *map_first(int fd, int prot, int flags)
{
	unsigned char *m = map(fd, page_size(), prot, flags, 0);

	if (m == MAP_FAILED)
		does_not_apply("an mmap of one page failed with %s", strerrorname_np(errno));
	return m;
}

static sigjmp_buf back;

static void jump(int signal)
{
	siglongjmp(back, signal);
}

/* Returns the signal that a load from the address raises, or 0. */
static int signal_of_load(volatile unsigned char *at)
{
	int got;

	signal(SIGBUS, jump);
	signal(SIGSEGV, jump);
	step("a load from a mapping");
	got = sigsetjmp(back, 1);
	if (!got)
		(void)*at;
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return got;
}

static void check_map(void)
{
	unsigned char *m;
	int fd;

	/* a device may refuse to show a page without contents */
	fd = grade->has[STORES] && grade->has[POSITIONS] ? open_with(pattern, GRADE_BYTES) : open_node(O_RDWR);
	m = map(fd, page_size(), RW, MAP_SHARED, 0);
	if (m == MAP_FAILED && (errno == EAGAIN || errno == EFAULT || errno == EBADF))
		wrong(-1, "a mapping, or ENODEV");
	if (m == MAP_FAILED)
		does_not_apply("mmap(2) fails with %s", strerrorname_np(errno));
	if (signal_of_load(m))
		not_ok("the first byte of a mapping cannot be read");
	if (munmap(m, page_size()))
		wrong(-1, "0");
	if (!grade->has[STORES])
		trait_lacks(MAPS, "%s", grade->lacks[STORES]);
	else
		trait_set(MAPS);
}

static void check_same(void)
{
	unsigned char *m;
	int fd;

	fd = open_with(pattern, GRADE_BYTES);
	m = map_first(fd, RW, MAP_SHARED);
	if (memcmp(m, pattern, GRADE_BYTES))
		not_ok("a mapping shows other bytes than were written");
	if (node_pwrite(fd, other, GRADE_BYTES, 0) != GRADE_BYTES)
		not_ok("a write to a mapped device failed");
	if (memcmp(m, other, GRADE_BYTES))
		not_ok("a mapping does not show a later write");
	step("a store to a mapping");
	memcpy(m, pattern, GRADE_BYTES);
	expect_contents(fd, pattern, GRADE_BYTES, "after a store to the mapping");
}

static void check_bounds(void)
{
	size_t page = page_size(), size = mapped_size();
	const struct {
		size_t n;
		off_t at;
		size_t load;	/* the first byte after the buffer */
	} cases[] = {
		{ size + page, 0, size }, { size + 16 * page, 0, size + 15 * page }, { page, (off_t)size, 0 },
		{ page, (off_t)(size + page), 0 }, { 2 * page, (off_t)(size - page), page },
		{ page, (off_t)(1ULL << 40), 0 }, { page, (off_t)(0x7fffffffffffffffULL / page * page), 0 },
	};
	int fd = open_node(O_RDWR);

	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char *m = map(fd, cases[i].n, PROT_READ, MAP_SHARED, cases[i].at);

		if (m == MAP_FAILED)
			continue;
		if (!signal_of_load(m + cases[i].load))
			not_ok("an mmap of %zu bytes at %lld shows memory after the %llu bytes of the device",
			       cases[i].n, (long long)cases[i].at, grade->capacity);
		munmap(m, cases[i].n);
	}
}

static void check_tail(void)
{
	size_t size = mapped_size();
	int fd = open_node(O_RDWR);
	unsigned char *m;

	if (grade->capacity == size)
		does_not_apply("the capacity is a number of pages");
	m = map(fd, size, PROT_READ, MAP_SHARED, 0);
	if (m == MAP_FAILED)
		does_not_apply("%s failed with %s", grade->step, strerrorname_np(errno));
	if (signal_of_load(m + grade->capacity))
		does_not_apply("the last page is not there before it has contents");
	for (size_t at = grade->capacity; at < size; at++)
		if (m[at])
			not_ok("byte %zu of a mapping, after the %llu bytes of the device, is 0x%02x", at,
			       grade->capacity, m[at]);
}

static void check_exec(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *m = map(fd, page_size(), PROT_READ | PROT_EXEC, MAP_SHARED, 0);

	if (m != MAP_FAILED)
		not_ok("an mmap with PROT_EXEC works");
	m = map_first(fd, RW, MAP_SHARED);
	if (!mprotect(m, page_size(), PROT_READ | PROT_EXEC))
		not_ok("an mprotect to PROT_EXEC works");
}

static void check_close(void)
{
	unsigned char *m;
	int fd, more[8];

	fd = open_with(pattern, GRADE_BYTES);
	m = map_first(fd, RW, MAP_SHARED);
	node_close(fd);
	step("a load from a mapping after the close");
	if (memcmp(m, pattern, GRADE_BYTES))
		not_ok("after a close, the mapping shows other bytes");
	/* they get the memory that a driver may have freed too early */
	for (size_t i = 0; i < COUNT(more) && !grade->has[SHARED]; i++)
		more[i] = open_with(other, GRADE_BYTES);
	if (memcmp(m, pattern, GRADE_BYTES))
		not_ok("after a close and other opens, the mapping shows their bytes");
	for (size_t i = 0; i < COUNT(more) && !grade->has[SHARED]; i++)
		node_close(more[i]);
	step("a store to a mapping after the close");
	memcpy(m, other, GRADE_BYTES);
	if (munmap(m, page_size()))
		wrong(-1, "0");
}

static void check_private(void)
{
	unsigned char *m;
	int fd;

	fd = open_with(pattern, GRADE_BYTES);
	m = map(fd, page_size(), RW, MAP_PRIVATE, 0);
	if (m == MAP_FAILED)
		return;
	step("a store to a private mapping");
	memcpy(m, other, GRADE_BYTES);
	if (memcmp(m, other, GRADE_BYTES))
		not_ok("a private mapping does not keep a store");
	expect_contents(fd, pattern, GRADE_BYTES, "after a store to a private mapping");
}

static void check_fork(void)
{
	unsigned char *m;
	pid_t pid;
	int fd;

	fd = open_with(pattern, GRADE_BYTES);
	m = map_first(fd, RW, MAP_SHARED);
	pid = fork();
	if (!pid) {
		close(fd);
		step("a store to a mapping in a child");
		memcpy(m, other, GRADE_BYTES);
		step("an munmap in a child");
		if (munmap(m, page_size()))
			wrong(-1, "0");
		_exit(0);
	}
	join(pid);
	step("a load from a mapping that a child has unmapped");
	if (memcmp(m, other, GRADE_BYTES))
		not_ok("a mapping does not show what a child stored in it");
	expect_contents(fd, other, GRADE_BYTES, "after a child's store to the mapping");
}

#define BOUNDED	(NEEDS(MAPS) | NEEDS(CAPACITY))

const struct fact grade_map_facts[] = {
	{ "mmap", "mmap works, or fails", "a program that maps the device crashes", "mmap-and-faults",
	  NEEDS(WRITES), check_map },
	{ "mmap-same", "a mapping is the memory that read and write use",
	  "two programs see different data", "mmap-and-faults", NEEDS(MAPS) | NEEDS(POSITIONS) | NEEDS(PLACES),
	  check_same },
	{ "mmap-bounds", "a mapping shows nothing after the buffer",
	  "a program gets kernel memory, and can change it", "mmap-and-faults", BOUNDED, check_bounds },
	{ "mmap-tail", "the rest of the last page is zero",
	  "a program gets kernel memory, with other users' data", "mmap-and-faults", BOUNDED, check_tail },
	{ "mmap-exec", "no mapping of the buffer is executable",
	  "bytes that anyone may write run as code", "mmap-and-faults", NEEDS(MAPS), check_exec },
	{ "mmap-close", "a mapping keeps the buffer after the close",
	  "a program changes memory that belongs to others now", "mmap-and-faults", NEEDS(MAPS),
	  check_close },
	{ "mmap-private", "a private mapping is refused, or keeps its stores to itself",
	  "a program's private copy changes the device", "mmap-and-faults", NEEDS(MAPS), check_private },
	{ "mmap-fork", "a child's mapping is its parent's",
	  "a program that forks changes memory that belongs to others now", "mmap-and-faults",
	  NEEDS(MAPS), check_fork },
	{ 0 },
};
