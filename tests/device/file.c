// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/file.c: /dev/hello is a file of fixed capacity:
 * open, read, write, lseek, truncate, append, hostile offsets, bad pointers, threads.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/uio.h>

#include "harness.h"

#define CAPACITY	4096

static unsigned char pattern[CAPACITY], buf[2 * CAPACITY], zeros[CAPACITY];

/* No eight bytes occur twice in the pattern. */
static void fill_pattern(void)
{
	for (unsigned int i = 0; i < CAPACITY / 4; i++)
		memcpy(pattern + 4 * i, &(unsigned int){ i * 2654435761u + 1 }, 4);
}

/* A fresh open whose contents are the first n bytes of the pattern */
static int open_filled(size_t n)
{
	int fd = open_hello(O_RDWR);

	fill_pattern();
	ASSERT(EXPECT_EQ(pwrite(fd, pattern, n, 0), n));
	return fd;
}

static off_t position(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

/* The whole contents, and nothing after them */
static void expect_contents(int fd, const void *want, size_t n)
{
	memset(buf, 0xee, sizeof(buf));
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), n);
	EXPECT_MEM(buf, want, n);
}

TEST(every_open_has_its_own_buffer)
{
	int a = open_hello(O_RDWR), b = open_hello(O_RDWR);

	EXPECT_EQ(write(a, "from a", 6), 6);
	EXPECT_EQ(read(b, buf, 6), 0);
	EXPECT_EQ(write(b, "b", 1), 1);
	expect_contents(a, "from a", 6);
	expect_contents(b, "b", 1);
}

TEST(dup_and_fork_share_the_buffer_and_the_position)
{
	int fd = open_hello(O_RDWR), copy = dup(fd), status;

	EXPECT_EQ(write(fd, "one", 3), 3);
	EXPECT_EQ(write(copy, "two", 3), 3);
	if (!fork())
		_exit(write(fd, "child", 5) != 5);
	wait(&status);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(position(fd), 11);
	close(fd);
	expect_contents(copy, "onetwochild", 11);
}

TEST(what_is_written_reads_back_and_then_ends_with_every_allocator)
{
	fill_pattern();
	FOR_EACH_ALLOCATOR(mode) {
		int fd = open_hello(O_RDWR);

		EXPECT_EQ(write(fd, pattern, CAPACITY), CAPACITY);
		EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
		for (size_t at = 0; at < CAPACITY; at += 512) {
			EXPECT_EQ(read(fd, buf, 512), 512);
			EXPECT_MEM(buf, pattern + at, 512);
		}
		EXPECT_EQ(read(fd, buf, 512), 0);
		/* hardened usercopy: the first and the last byte, and the whole */
		EXPECT_EQ(pread(fd, buf, 1, 0), 1);
		EXPECT_EQ(pread(fd, buf, 1, CAPACITY - 1), 1);
		EXPECT_EQ(pread(fd, buf, CAPACITY, 0), CAPACITY);
		EXPECT_MEM(buf, pattern, CAPACITY);
		close(fd);
	}
}

TEST(a_write_that_partly_fits_is_short_and_the_next_is_ENOSPC)
{
	int fd = open_hello(O_RDWR);

	fill_pattern();
	EXPECT_EQ(write(fd, pattern, CAPACITY - 10), CAPACITY - 10);
	EXPECT_EQ(write(fd, pattern, 100), 10);
	EXPECT_ERRNO(write(fd, pattern, 1), ENOSPC);
	EXPECT_EQ(write(fd, pattern, 0), 0);
	EXPECT_EQ(position(fd), CAPACITY);
	EXPECT_EQ(pread(fd, buf, CAPACITY, 0), CAPACITY);
	EXPECT_MEM(buf + CAPACITY - 10, pattern, 10);
}

TEST(a_gap_reads_as_zeros)
{
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(pwrite(fd, "x", 1, 0), 1);
	EXPECT_EQ(pwrite(fd, "y", 1, 3000), 1);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 3001);
	EXPECT_MEM(buf + 1, zeros, 2999);
	EXPECT_EQ(buf[0], 'x');
	EXPECT_EQ(buf[3000], 'y');
}

TEST(reads_and_writes_at_every_offset_and_length_are_bounded)
{
	static const off_t offsets[] = {
		0, 1, CAPACITY - 1, CAPACITY, CAPACITY + 1, INT_MAX, 1LL << 31, 1LL << 32, LLONG_MAX - 4095, LLONG_MAX,
	};
	/* above that the VFS returns EFAULT; 32-bit kernels have no 1 << 32 */
	static const size_t lengths[] = {
		0, 1, CAPACITY, CAPACITY + 1, INT_MAX, 1UL << 31, (size_t)(1ULL << 32),
	};
	size_t longest = (size_t)(1ULL << 32) ?: 1UL << 31;
	unsigned char *big = mmap(NULL, longest + PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = open_filled(CAPACITY), reader = open_filled(CAPACITY);

	ASSERT(EXPECT(big != MAP_FAILED));
	for (size_t o = 0; o < ARRAY_SIZE(offsets); o++)
		for (size_t l = 0; l < ARRAY_SIZE(lengths); l++) {
			size_t room = offsets[o] < CAPACITY ? CAPACITY - offsets[o] : 0;
			size_t want = lengths[l] < room ? lengths[l] : room;

			CASE("offset %lld length %zu", (long long)offsets[o], lengths[l]);
			/* the VFS stops these */
			if (lengths[l] > SSIZE_MAX ||
			    lengths[l] > (unsigned long long)(LLONG_MAX - offsets[o])) {
				EXPECT_ERRNO(pread(reader, big, lengths[l], offsets[o]), EINVAL);
				EXPECT_ERRNO(pwrite(fd, big, lengths[l], offsets[o]), EINVAL);
				continue;
			}
			EXPECT_EQ(pread(reader, big, lengths[l], offsets[o]), want);
			EXPECT_MEM(big, pattern + offsets[o] * !!room, want);
			if (lengths[l] && !room)
				EXPECT_ERRNO(pwrite(fd, big, lengths[l], offsets[o]), ENOSPC);
			else
				EXPECT_EQ(pwrite(fd, big, lengths[l], offsets[o]), want);
		}
	expect_contents(reader, pattern, CAPACITY);
	EXPECT_EQ(position(fd), 0);
}

TEST(a_negative_offset_is_EINVAL_and_changes_nothing)
{
	static const off_t offsets[] = { -1, -4096, LLONG_MIN };
	int fd = open_filled(100);

	EXPECT_EQ(lseek(fd, 7, SEEK_SET), 7);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		CASE("offset %lld", (long long)offsets[i]);
		EXPECT_ERRNO(pread(fd, buf, 10, offsets[i]), EINVAL);
		EXPECT_ERRNO(pwrite(fd, buf, 10, offsets[i]), EINVAL);
	}
	EXPECT_EQ(position(fd), 7);
	expect_contents(fd, pattern, 100);
}

TEST(lseek_stays_within_the_capacity)
{
	static const struct {
		int whence;
		off_t offset;
		long long want;	/* negative: errno */
	} cases[] = {
		{ SEEK_SET, 0, 0 }, { SEEK_SET, CAPACITY, CAPACITY },
		{ SEEK_SET, CAPACITY + 1, -EINVAL }, { SEEK_SET, -1, -EINVAL },
		{ SEEK_SET, LLONG_MAX, -EINVAL }, { SEEK_SET, LLONG_MIN, -EINVAL },
		{ SEEK_CUR, 0, 50 }, { SEEK_CUR, -50, 0 }, { SEEK_CUR, -51, -EINVAL },
		{ SEEK_CUR, CAPACITY - 50, CAPACITY }, { SEEK_CUR, CAPACITY, -EINVAL },
		{ SEEK_CUR, LLONG_MAX, -EINVAL },
		{ SEEK_END, 0, 100 }, { SEEK_END, -100, 0 }, { SEEK_END, -101, -EINVAL },
		{ SEEK_END, CAPACITY - 100, CAPACITY }, { SEEK_END, CAPACITY - 99, -EINVAL },
		{ SEEK_END, LLONG_MAX, -EINVAL },
		{ SEEK_DATA, 0, 0 }, { SEEK_DATA, 99, 99 }, { SEEK_DATA, 100, -ENXIO }, { SEEK_DATA, -1, -ENXIO },
		{ SEEK_HOLE, 0, 100 }, { SEEK_HOLE, 99, 100 }, { SEEK_HOLE, 100, -ENXIO },
		{ 99, 0, -EINVAL },
	};
	int fd = open_filled(100);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(lseek(fd, 50, SEEK_SET), 50);
		CASE("whence %d offset %lld", cases[i].whence, (long long)cases[i].offset);
		if (cases[i].want < 0) {
			EXPECT_ERRNO(lseek(fd, cases[i].offset, cases[i].whence), -cases[i].want);
			EXPECT_EQ(position(fd), 50);
		} else {
			EXPECT_EQ(lseek(fd, cases[i].offset, cases[i].whence), cases[i].want);
			EXPECT_EQ(position(fd), cases[i].want);
		}
	}
}

TEST(a_read_between_length_and_capacity_is_the_end)
{
	int fd = open_filled(100);

	EXPECT_EQ(lseek(fd, 200, SEEK_SET), 200);
	EXPECT_EQ(read(fd, buf, 10), 0);
	EXPECT_EQ(position(fd), 200);
	EXPECT_EQ(pread(fd, buf, 200, 50), 50);
}

TEST(O_TRUNC_empties_and_what_was_there_never_comes_back)
{
	int fd;

	SET("init_mode", "poison");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), CAPACITY);
	close(fd);

	fd = open_hello(O_RDWR | O_TRUNC);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
	EXPECT_EQ(pread(fd, buf, 10, 0), 0);
	EXPECT_EQ(pwrite(fd, "x", 1, 1000), 1);
	EXPECT_EQ(pread(fd, buf, CAPACITY, 0), 1001);
	EXPECT_MEM(buf, zeros, 1000);
	close(fd);

	fd = open_hello(O_RDONLY | O_TRUNC);	/* not open for writing */
	EXPECT_EQ(lseek(fd, 0, SEEK_END), CAPACITY);
}

TEST(O_APPEND_writes_at_the_length_wherever_the_position_is)
{
	int fd = open_hello(O_RDWR | O_APPEND);

	EXPECT_EQ(write(fd, "one", 3), 3);
	EXPECT_EQ(position(fd), 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(write(fd, "two", 3), 3);
	EXPECT_EQ(position(fd), 6);
	EXPECT_EQ(lseek(fd, CAPACITY, SEEK_SET), CAPACITY);
	EXPECT_EQ(writev(fd, &(struct iovec){ "three", 5 }, 1), 5);
	expect_contents(fd, "onetwothree", 11);
	EXPECT_EQ(write(fd, pattern, CAPACITY), CAPACITY - 11);
	EXPECT_ERRNO(write(fd, "x", 1), ENOSPC);
}

TEST(the_access_mode_of_the_descriptor_holds)
{
	int rd = open_hello(O_RDONLY), wr = open_hello(O_WRONLY);

	EXPECT_ERRNO(write(rd, "x", 1), EBADF);
	EXPECT_ERRNO(read(wr, buf, 1), EBADF);
	EXPECT_EQ(write(wr, "x", 1), 1);
	EXPECT_ERRNO(ftruncate(wr, 0), EINVAL);
}

TEST(an_unmapped_user_buffer_is_EFAULT_and_changes_nothing)
{
	unsigned char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *ro = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *bad[] = { NULL, (void *)8, none, (void *)-4096L, (void *)0xffff888000000000UL };
	int fd = open_filled(100);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CASE("pointer %zu", i);
		EXPECT_ERRNO(read(fd, bad[i], 50), EFAULT);
		EXPECT_ERRNO(write(fd, bad[i], 200), EFAULT);
		EXPECT_ERRNO(pwrite(fd, bad[i], 1, CAPACITY - 1), EFAULT);
		EXPECT_EQ(position(fd), 0);
	}
	EXPECT_ERRNO(read(fd, ro, 50), EFAULT);
	expect_contents(fd, pattern, 100);
}

/* The call returns the bytes that it moved, and changes no byte beyond them. */
TEST(a_half_mapped_user_buffer_moves_exactly_what_it_reports)
{
	unsigned char *mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char want[100];

	EXPECT_EQ(mprotect(mem + PAGE, PAGE, PROT_NONE), 0);
	fill_pattern();
	for (size_t good = 0; good <= 70; good++) {
		unsigned char *p = mem + PAGE - good;
		int fd = open_filled(100);
		ssize_t n;

		CASE("%zu good bytes", good);
		memset(p, 'w', good);
		n = write(fd, p, 80);
		if (n < 0)
			EXPECT_EQ(errno, EFAULT), n = 0;
		else
			EXPECT(n > 0 && n <= (ssize_t)good);
		EXPECT_EQ(position(fd), n);
		memcpy(want, pattern, 100);
		memset(want, 'w', n);
		expect_contents(fd, want, 100);

		EXPECT_EQ(pwrite(fd, pattern, 100, 0), 100);
		EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
		n = read(fd, p, 80);
		if (n < 0)
			EXPECT_EQ(errno, EFAULT), n = 0;
		else
			EXPECT(n > 0 && n <= (ssize_t)good);
		EXPECT_EQ(position(fd), n);
		EXPECT_MEM(p, pattern, n);
		close(fd);
	}
}

TEST(an_iovec_with_a_bad_end_is_a_short_count)
{
	struct iovec iov[] = { { "0123456789", 10 }, { (void *)8, 10 } };
	int fd = open_filled(100);

	EXPECT_EQ(writev(fd, iov, 2), 10);
	EXPECT_EQ(position(fd), 10);
	iov[0].iov_base = buf;
	EXPECT_EQ(readv(fd, iov, 2), 10);
	EXPECT_MEM(buf, pattern + 10, 10);
	EXPECT_EQ(position(fd), 20);
}

TEST(vectors_add_up_and_wrong_ones_are_EINVAL)
{
	static struct iovec iov[IOV_MAX + 1];
	int fd = open_hello(O_RDWR);

	fill_pattern();
	for (int i = 0; i <= IOV_MAX; i++)	/* lengths 0..7, 3584 bytes in all */
		iov[i] = (struct iovec){ pattern + (i / 8) * 28 + (int[]){ 0, 0, 1, 3, 6, 10, 15, 21 }[i % 8], i % 8 };
	EXPECT_EQ(writev(fd, iov, IOV_MAX), 3584);
	expect_contents(fd, pattern, 3584);
	for (int i = 0; i <= IOV_MAX; i++)
		iov[i].iov_base = buf + ((unsigned char *)iov[i].iov_base - pattern);
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(preadv(fd, iov, IOV_MAX, 0), 3584);
	EXPECT_MEM(buf, pattern, 3584);

	EXPECT_ERRNO(writev(fd, iov, IOV_MAX + 1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_writev, fd, iov, -1L), EINVAL);
	EXPECT_EQ(writev(fd, iov, 0), 0);
	EXPECT_ERRNO(preadv(fd, (struct iovec[]){ { buf, 1 }, { buf, SIZE_MAX } }, 2, 0), EINVAL);
	expect_contents(fd, pattern, 3584);
}

/* The eight bytes of a record of the pattern, wherever it was read */
static void *read_records(void *arg)
{
	int fd = (int)(intptr_t)arg;
	unsigned char rec[8];

	for (int i = 0; i < volume(4000); i++) {
		ssize_t n = read(fd, rec, 8);

		if (n <= 0)
			lseek(fd, (i * 52) % CAPACITY, SEEK_SET);
		if (!report(n >= 0 && n <= 8, "read is %zd", n) ||
		    !report(!n || memmem(pattern, CAPACITY, rec, n), "no such bytes in the contents"))
			break;
	}
	return NULL;
}

TEST(four_threads_on_one_descriptor_read_only_what_is_there)
{
	int fd = open_filled(CAPACITY);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, read_records, (void *)(intptr_t)fd);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EXPECT(position(fd) >= 0 && position(fd) <= CAPACITY);
}

static volatile bool done;
static volatile long preads;

static void *pread_all_over(void *arg)
{
	unsigned char rec[8];

	for (int i = 0; !done; i++) {
		off_t at = i * 52 % (CAPACITY - 8);

		if (!report(pread((int)(intptr_t)arg, rec, 8, at) == 8 && !memcmp(rec, pattern + at, 8),
			    "pread at %lld is wrong", (long long)at))
			break;
		preads = i + 1;
	}
	return NULL;
}

TEST(pread_in_one_thread_never_moves_the_position_of_another)
{
	int fd = open_filled(CAPACITY);
	pthread_t t;

	pthread_create(&t, NULL, pread_all_over, (void *)(intptr_t)fd);
	for (int round = 0; (round < volume(40) || !preads) && !failures; round++) {
		EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
		for (int at = 0; at < CAPACITY; at += 64) {
			EXPECT_EQ(read(fd, buf, 64), 64);
			EXPECT_MEM(buf, pattern + at, 64);
		}
	}
	done = true;
	pthread_join(t, NULL);
}

/*
 * Check MemAvailable, because counters do not show leaked memory. KASAN keeps up to
 * 1/32 of RAM in quarantine, so require only half of 200 MiB.
 */
TEST(close_gives_the_memory_back_to_the_system_with_every_allocator)
{
	SET("buffer_size", "1M");
	FOR_EACH_ALLOCATOR(mode) {
		long long before = available_memory();

		for (int i = 0; i < 200; i++)
			close(open_hello(O_RDWR));
		expect_memory_back(before, 100 << 10, mode);
	}
}
