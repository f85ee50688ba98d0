// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/user_memory.c: the caller's memory: read(2) changes no byte that it does
 * not return, write(2) none at all, and both end where that memory ends.
 */
#include <sys/uio.h>

#include "missing_page.h"

#define RW	(PROT_READ | PROT_WRITE)
#define BIG	((1 << 20) + 4097)	/* more than is faulted in at once */

static char contents[BIG], got[BIG], as[BIG + 4 * PAGE_MAX];

/* -- memory whose pages a call has to fault in, all of it 'A' ------------------ */

static char *memory;
static size_t memory_size;
static pid_t sharer;
static bool swaps;

static char *map_file(int fd, int prot, int flags)
{
	char *m;

	ASSERT(EXPECT_EQ(write(fd, as, memory_size), memory_size));
	m = mmap(NULL, memory_size, prot, flags, fd, 0);
	ASSERT(EXPECT(m != MAP_FAILED));
	close(fd);
	return m;
}

static int memory_file(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);

	ASSERT(EXPECT(fd >= 0));
	return fd;
}

static char *shared_memfd(void)
{
	return map_file(memory_file(), RW, MAP_SHARED);
}

static char *shared_file(void)
{
	char name[] = "/var/tmp/hello-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	ASSERT(EXPECT(fd >= 0));
	unlink(name);
	return map_file(fd, RW, MAP_SHARED);
}

/* Drops private copies: the pages are the file's again */
static char *private_file(void)
{
	char *m = map_file(memory_file(), RW, MAP_PRIVATE);

	memset(m, 'B', memory_size);
	EXPECT_EQ(madvise(m, memory_size, MADV_DONTNEED), 0);
	return m;
}

static char *anonymous(void)
{
	char *m = mmap(NULL, memory_size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(EXPECT(m != MAP_FAILED));
	memset(m, 'A', memory_size);
	return m;
}

/* Copy-on-write as long as the child lives */
static char *forked(void)
{
	char *m = anonymous();

	sharer = fork();
	if (!sharer)
		for (;;)
			pause();
	return m;
}

static char *made_writable(char *m)
{
	EXPECT_EQ(mprotect(m, memory_size, PROT_READ), 0);
	for (size_t at = 0; at < memory_size; at += PAGE)
		(void)*(volatile char *)(m + at);
	EXPECT_EQ(mprotect(m, memory_size, RW), 0);
	return m;
}

static char *writable_again(void)
{
	return made_writable(anonymous());
}

static char *writable_file(void)
{
	return made_writable(map_file(memory_file(), PROT_READ, MAP_SHARED));
}

/* Every page is in swap. */
static bool paged_out(const char *m)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool out = fd >= 0;
	uint64_t entry;

	for (size_t at = 0; out && at < memory_size; at += PAGE)
		out = pread(fd, &entry, sizeof(entry), (uintptr_t)(m + at) / PAGE * sizeof(entry)) ==
		      sizeof(entry) && entry >> 62 == 1;
	close(fd);
	return out;
}

static char *swapped(void)
{
	char *m = anonymous();

	do
		EXPECT_EQ(madvise(m, memory_size, MADV_PAGEOUT), 0);
	while (!paged_out(m));
	return m;
}

static const struct kind {
	const char *name;
	char *(*make)(void);
	bool swaps;
} kinds[] = {
	{ "forked", forked, .swaps = false },
	{ "a shared memfd", shared_memfd, .swaps = false },
	{ "a shared file", shared_file, .swaps = false },
	{ "a private file", private_file, .swaps = false },
	{ "writable again", writable_again, .swaps = false },
	{ "a file made writable", writable_file, .swaps = false },
	{ "swapped", swapped, .swaps = true },
};

#define FOR_EACH_KIND(kind)					\
	for (const struct kind *kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++)	\
		if (kind->swaps == swaps)

/* A buffer of n bytes at an offset in its first page, with guard pages around it */
static char *make_memory(const struct kind *kind, size_t offset, size_t n)
{
	memory_size = (PAGE + offset + n + 2 * PAGE - 1) / PAGE * PAGE;
	memory = kind->make();
	return memory + PAGE + offset;
}

static void drop_memory(void)
{
	munmap(memory, memory_size);
	if (sharer) {
		kill(sharer, SIGKILL);
		waitpid(sharer, NULL, 0);
		sharer = 0;
	}
}

static void expect_bytes(const char *mem, const char *want, size_t n)
{
	if (memcmp(mem, want, n))
		EXPECT_MEM(mem, want, n);
}

/* The n bytes at buf are as wanted, and all others are unchanged. */
static void expect_memory(const char *buf, const char *want, size_t n)
{
	size_t before = buf - memory;

	expect_bytes(memory, as, before);
	expect_bytes(buf, want, n);
	expect_bytes(buf + n, as, memory_size - before - n);
}

/* -- calls ------------------------------------------------------------------------ */

/* The n bytes at buf as three segments, an empty one among them */
static int split(struct iovec v[4], char *buf, size_t n, size_t first)
{
	first = first < n ? first : n;
	v[0] = (struct iovec){ buf, first };
	v[1] = (struct iovec){ buf + first, 0 };
	v[2] = (struct iovec){ buf + first, (n - first) / 2 };
	v[3] = (struct iovec){ buf + first + v[2].iov_len, n - first - v[2].iov_len };
	return 4;
}

enum call { PLAIN, PLAIN_AT, VECTOR, VECTOR_AT, SEGMENTS, CALLS };
static const char *const names[] = { "", "p", "v", "pv", "pv in segments" };

/* One call on n bytes at a position, which it must advance by what it returns. */
static ssize_t transfer(bool writes, enum call how, int fd, char *buf, size_t n, off_t pos,
			size_t first)
{
	struct iovec v[4] = { { buf, n } };
	ssize_t ret = -1;
	int err;

	EXPECT_EQ(lseek(fd, pos, SEEK_SET), pos);
	errno = 0;
	switch (how) {
	case PLAIN:
		ret = writes ? write(fd, buf, n) : read(fd, buf, n);
		break;
	case PLAIN_AT:
		ret = writes ? pwrite(fd, buf, n, pos) : pread(fd, buf, n, pos);
		break;
	case VECTOR:
		ret = writes ? writev(fd, v, 1) : readv(fd, v, 1);
		break;
	case VECTOR_AT:
		ret = writes ? pwritev(fd, v, 1, pos) : preadv(fd, v, 1, pos);
		break;
	case SEGMENTS:
		split(v, buf, n, first);
		ret = writes ? pwritev(fd, v, 4, pos) : preadv(fd, v, 4, pos);
		break;
	default:
		break;
	}
	err = errno;
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), pos + ((how == PLAIN || how == VECTOR) && ret > 0 ? ret : 0));
	errno = err;
	return ret;
}

/* The private buffer, and the shared one under every lock; each time empty */
static void with_every_lock(void (*run)(const char *lock))
{
	run("private");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		run(lock);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

/* Contents without a byte 0 or 'A' */
static int open_with(size_t n)
{
	int fd = open_hello(O_RDWR | O_TRUNC);

	for (size_t i = 0; i < n; i++)
		contents[i] = 'a' + (i * 7 + i / 4096) % 26;
	ASSERT(EXPECT_EQ(pwrite(fd, contents, n, 0), n));
	return fd;
}

/* -- no byte changes but those that are returned ---------------------------------------- */

#define SIZES	{ 1, 9, 10, 11, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 5, 65536, BIG }
#define OFFSETS	{ 0, PAGE - 1, 1, 7, PAGE / 2, PAGE - 7 }

/* Tries a fraction of the combinations, few large ones; strides are primes, to meet every pair. */
static bool in_turn(unsigned int prime, size_t size, size_t o)
{
	static unsigned int turn;

	return turn++ % prime == 0 && (size < 65536 || o < 2);
}

static void read_into(const struct kind *kind, int fd, size_t length, size_t size, size_t offset,
		      enum call how, const char *lock)
{
	off_t pos = offset % 3;
	size_t want = length - pos < size ? length - pos : size;
	char *buf = make_memory(kind, offset, size);

	CASE("%s: %sread of %zu of %zu bytes to %s + %zu", lock, names[how], size, length, kind->name, offset);
	EXPECT_EQ(transfer(false, how, fd, buf, size, pos, length / 2), want);
	expect_memory(buf, contents + pos, want);
	drop_memory();
}

static void read_everywhere(const char *lock)
{
	const size_t lengths[] = { 10, PAGE, PAGE + 904, 3 * PAGE + 123, 70000, BIG - 4000 };
	const size_t sizes[] = SIZES, offsets[] = OFFSETS;
	unsigned int prime = strcmp(lock, "private") ? 97 : 17;

	for (size_t l = 0; l < ARRAY_SIZE(lengths); l++) {
		int fd = open_with(lengths[l]);

		FOR_EACH_KIND(kind)
			for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
				for (size_t o = 0; o < ARRAY_SIZE(offsets); o++)
					for (int how = 0; how < CALLS; how++)
						if (in_turn(prime, sizes[s], o))
							read_into(kind, fd, lengths[l], sizes[s], offsets[o],
								  how, lock);
		close(fd);
	}
}

TEST(a_read_changes_no_byte_that_it_does_not_return)
{
	memset(as, 'A', sizeof(as));
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "2M");
	with_every_lock(read_everywhere);
}

static void write_from_everywhere(const char *lock)
{
	const size_t capacities[] = { 10, PAGE + 904, 2 << 20 };
	const size_t sizes[] = SIZES, offsets[] = OFFSETS;
	unsigned int prime = strcmp(lock, "private") ? 53 : 13;
	char text[32];

	for (size_t c = 0; c < ARRAY_SIZE(capacities); c++) {
		int fd;

		snprintf(text, sizeof(text), "%zu", capacities[c]);
		SET("reset", "1");
		SET("buffer_size", text);
		fd = open_hello(O_RDWR);
		FOR_EACH_KIND(kind)
			for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
				for (size_t o = 0; o < ARRAY_SIZE(offsets); o++)
					for (int how = 0; how < CALLS; how++) {
						size_t want = sizes[s] < capacities[c] ? sizes[s] : capacities[c];
						char *buf;

						if (!in_turn(prime, sizes[s], o))
							continue;
						CASE("%s: %swrite of %zu bytes to %zu from %s + %zu", lock, names[how],
						     sizes[s], capacities[c], kind->name, offsets[o]);
						buf = make_memory(kind, offsets[o], sizes[s]);
						EXPECT_EQ(transfer(true, how, fd, buf, sizes[s], 0, 5), want);
						expect_memory(buf, as, want);
						EXPECT_EQ(pread(fd, got, want, 0), want);
						expect_bytes(got, as, want);
						drop_memory();
					}
		close(fd);
	}
}

TEST(a_write_changes_no_byte_of_its_source)
{
	memset(as, 'A', sizeof(as));
	SET("alloc_mode", "vmalloc");
	with_every_lock(write_from_everywhere);
}

TEST(memory_in_swap_is_read_and_written_alike)
{
	memset(as, 'A', sizeof(as));
	if (system("modprobe -q zram && echo 64M >/sys/block/zram0/disksize && "
		   "mkswap /dev/zram0 >/dev/null && swapon /dev/zram0"))
		SKIP("this kernel has no zram to swap to");
	swaps = true;
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "2M");
	with_every_lock(read_everywhere);
	with_every_lock(write_from_everywhere);
	/* udevd opens it for a moment once it is free */
	EXPECT_EQ(system("swapoff /dev/zram0 && "
			 "timeout 60 sh -c 'until rmmod zram; do sleep 0.1; done' 2>/dev/null"), 0);
}

TEST(a_read_into_memory_that_may_not_be_written_changes_none_of_it)
{
	int fd = open_with(4000);

	memset(as, 'A', sizeof(as));
	FOR_EACH_KIND(kind)
		for (int how = 0; how < CALLS; how++) {
			char *buf = make_memory(kind, 5, 10000);

			CASE("%sread to %s", names[how], kind->name);
			EXPECT_EQ(mprotect(memory, memory_size, PROT_READ), 0);
			EXPECT_ERRNO(transfer(false, how, fd, buf, 10000, 0, 10), EFAULT);
			expect_memory(buf, as, 10000);
			drop_memory();
		}
}

/* -- every call ends ---------------------------------------------------------------- */

static char *where;	/* the child's current step, in shared memory */

/* Run in a child, killed early if it hangs: the fact fails, but the test goes on. */
static bool ends(void (*run)(const char *lock), const char *lock)
{
	pid_t pid;
	int status;

	where = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (!pid) {
		run(lock);
		stop(failures ? 1 : 0);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	CASE("%s", where);
	munmap(where, PAGE);
	return report(!WIFSIGNALED(status), "the call never ends") &&
	       report(!WEXITSTATUS(status), "it ended wrongly");
}

static void with_every_lock_in_time(void (*run)(const char *lock))
{
	if (!ends(run, "private"))
		return;
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		if (!ends(run, lock))
			return;
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

#define TRY(...) do {							\
	CASE(__VA_ARGS__);						\
	strcpy(where, test_case);					\
	alarm(10 * env("HELLO_TEST_SLOW"));				\
} while (0)

/* Maps pages of 'A' before an inaccessible page; returns the address of the latter. */
static char *border(size_t good)
{
	memory_size = (good + PAGE - 1) / PAGE * PAGE + 2 * PAGE;
	memory = map_file(memory_file(), RW, MAP_PRIVATE);
	EXPECT_EQ(mprotect(memory + memory_size - PAGE, PAGE, PROT_NONE), 0);
	return memory + memory_size - PAGE;
}

/* A call on more bytes than are accessible; checks and returns its count */
static size_t stopped(bool writes, enum call how, int fd, char *end, size_t good, size_t more,
		      off_t pos, size_t first)
{
	ssize_t ret = transfer(writes, how, fd, end - good, good + more, pos, first);

	if (ret == -1)
		EXPECT_STR(strerrorname_np(errno), "EFAULT");
	else
		report(ret > 0 && (size_t)ret <= good, "%zd of %zu good bytes", ret, good);
	return ret > 0 ? ret : 0;
}

static void stop_reading(int fd, enum call how, char *end, size_t good, size_t more, off_t pos,
			 size_t first)
{
	size_t ret = stopped(false, how, fd, end, good, more, pos, first);

	expect_bytes(end - good, contents + pos, ret);
	expect_bytes(end - good + ret, as, good - ret);
	expect_bytes(memory, as, end - good - memory);
	memset(end - good, 'A', ret);
}

static void stop_writing(int fd, enum call how, char *end, size_t good, size_t more, off_t pos,
			 size_t first)
{
	size_t ret = stopped(true, how, fd, end, good, more, pos, first);

	expect_bytes(memory, as, end - memory);
	EXPECT_EQ(pread(fd, got, good + 100, 0), good + 100);
	expect_bytes(got, contents, pos);
	expect_bytes(got + pos, as, ret);
	expect_bytes(got + pos + ret, contents + pos + ret, good + 100 - pos - ret);
	EXPECT_EQ(pwrite(fd, contents, good + 100, 0), good + 100);
}

/*
 * Accessible bytes before the border, in present or missing pages, split into segments
 * anywhere. On a private buffer every position with every number of bytes, by one call of
 * each path; elsewhere each position with some numbers of bytes.
 */
static void stop_at(const char *lock, int fd, bool writes, enum call how, size_t good)
{
	bool all = good < 18 && !strcmp(lock, "private") && how != PLAIN_AT && how != VECTOR_AT;
	char *end = border(good);

	for (int missing = 0; missing < 2; missing++)
		for (size_t more = 1; more <= 4096; more *= 4096)
			for (off_t pos = all ? 0 : good % 9; pos < 9; pos += all ? 1 : 9)
				/* at each position a third of the splits */
				for (size_t first = pos % 3, last = how == SEGMENTS && good < 9 ? good : first;
				     first <= last; first += 3) {
					TRY("%s: %s%s, %zu good bytes%s and %zu bad ones, position %d, split at %zu",
						lock, names[how], writes ? "write" : "read", good,
						missing ? " not present" : "", more, (int)pos, first);
					if (missing)
						EXPECT_EQ(madvise(memory, memory_size, MADV_DONTNEED), 0);
					(writes ? stop_writing : stop_reading)(fd, how, end, good, more, pos, first);
				}
	munmap(memory, memory_size);
}

static void stop_everywhere(const char *lock, bool writes)
{
	const size_t goods[] = { PAGE - 1, PAGE, PAGE + 1, 65536 + 3 };
	int fd;

	SET("buffer_size", "4096");
	fd = open_with(200);
	for (int how = 0; how < CALLS; how++)
		for (size_t good = 0; good < 18; good++)
			stop_at(lock, fd, writes, how, good);
	close(fd);
	SET("buffer_size", "128K");
	fd = open_with(80000);
	for (int how = 0; how < CALLS; how++)
		for (size_t g = 0; g < ARRAY_SIZE(goods); g++)
			stop_at(lock, fd, writes, how, goods[g]);
	close(fd);
}

static void stop_reads(const char *lock)
{
	stop_everywhere(lock, false);
}

static void stop_writes(const char *lock)
{
	stop_everywhere(lock, true);
}

TEST(a_read_ends_where_the_callers_memory_ends)
{
	memset(as, 'A', sizeof(as));
	with_every_lock_in_time(stop_reads);
}

TEST(a_write_ends_where_the_callers_memory_ends)
{
	memset(as, 'A', sizeof(as));
	with_every_lock_in_time(stop_writes);
}

static void stop_appends(const char *lock)
{
	int fd = open_hello(O_RDWR | O_TRUNC | O_APPEND);
	size_t length = 0;

	for (int how = 0; how < CALLS; how++)
		for (size_t good = 0; good < 18; good++) {
			char *end = border(good);
			struct iovec v[4] = { { end - good, good + 64 } };
			ssize_t ret;

			TRY("%s: append%s of %zu good bytes", lock, names[how], good);
			if (how == SEGMENTS)
				split(v, end - good, good + 64, good / 2);
			if (how == PLAIN || how == PLAIN_AT)
				ret = write(fd, end - good, good + 64);
			else
				ret = writev(fd, v, how == SEGMENTS ? 4 : 1);
			EXPECT(ret > 0 || errno == EFAULT);
			EXPECT(ret <= (ssize_t)good);
			length += ret > 0 ? ret : 0;
			EXPECT_EQ(lseek(fd, 0, SEEK_END), length);
			munmap(memory, memory_size);
		}
	EXPECT_EQ(pread(fd, got, sizeof(got), 0), length);
	expect_bytes(got, as, length);
	close(fd);
}

TEST(an_append_ends_where_the_callers_memory_ends)
{
	memset(as, 'A', sizeof(as));
	with_every_lock_in_time(stop_appends);
}

/* -- calls wait for no page that they do not need ---------------------------------- */

/* Eight bytes in a missing page, before a page whose fault is never served */
static char *before_missing_page(void)
{
	char *page;

	missing_page(&page);
	return page - 8;
}

static void need_eight_bytes(const char *lock)
{
	for (int how = 0; how < SEGMENTS; how++) {
		int fd = open_with(8);

		TRY("%s: %sread of 8 bytes that are there", lock, names[how]);
		EXPECT_EQ(transfer(false, how, fd, before_missing_page(), PAGE, 0, 0), 8);
		TRY("%s: %swrite of 8 bytes that fit", lock, names[how]);
		EXPECT_EQ(transfer(true, how, fd, before_missing_page(), PAGE, 4096 - 8, 0), 8);
		close(fd);
	}
}

TEST(a_call_waits_for_no_page_that_it_does_not_need)
{
	char *page;

	close(missing_page(&page));	/* or the test ends here */
	with_every_lock_in_time(need_eight_bytes);
}
