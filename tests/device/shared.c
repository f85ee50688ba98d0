// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/shared.c: buffer_mode=shared: one buffer for all opens
 * that outlives the last close, until reset.
 */
#include <pthread.h>
#include <sys/uio.h>

#include "harness.h"

static char buf[8192];

static void expect_contents(int fd, const char *want)
{
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), strlen(want));
	EXPECT_STR(buf, want);
}

TEST(all_opens_see_one_buffer_that_outlives_them)
{
	int a, b;

	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	EXPECT_EQ(write(a, "one", 3), 3);
	expect_contents(b, "one");
	EXPECT_EQ(lseek(b, 0, SEEK_END), 3);
	EXPECT_EQ(write(b, "two", 3), 3);
	expect_contents(a, "onetwo");
	EXPECT_EQ(lseek(a, 0, SEEK_CUR), 3);	/* each has its own position */
	close(a);
	close(b);
	EXPECT_EQ(number("stats/opens"), live_before[0]);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
	expect_contents(open_hello(O_RDONLY), "onetwo");
}

TEST(reset_empties_it_and_frees_it_when_idle)
{
	int fd;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(write(fd, "gone", 4), 4);
	SET("reset", "1");
	expect_contents(fd, "");
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);	/* the position stays: the gap reads as zeros */
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(pread(fd, buf, 10, 0), 5);
	EXPECT_MEM(buf, "\0\0\0\0x", 5);
	close(fd);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
	SET("reset", "1");
	EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
	EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
	expect_contents(open_hello(O_RDONLY), "");
}

TEST(buffer_mode_is_what_the_next_open_gets)
{
	int private = open_hello(O_RDWR), shared;

	EXPECT_EQ(write(private, "private", 7), 7);
	SET("buffer_mode", "shared");
	shared = open_hello(O_RDWR);
	EXPECT_EQ(write(shared, "shared", 6), 6);
	expect_contents(private, "private");
	SET("buffer_mode", "private");
	expect_contents(open_hello(O_RDWR), "");
	expect_contents(shared, "shared");
	SET("buffer_mode", "shared");	/* it was kept meanwhile */
	expect_contents(open_hello(O_RDONLY), "shared");
}

TEST(O_TRUNC_empties_it_for_all)
{
	int fd;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(write(fd, "something", 9), 9);
	open_hello(O_RDONLY | O_TRUNC);
	expect_contents(fd, "something");
	open_hello(O_WRONLY | O_TRUNC);
	expect_contents(fd, "");
	EXPECT_EQ(pwrite(fd, "x", 1, 2), 1);
	EXPECT_EQ(pread(fd, buf, 10, 0), 3);
	EXPECT_MEM(buf, "\0\0x", 3);
}

TEST(processes_append_without_losing_each_others_records)
{
	enum { WRITERS = 4, RECORDS = 50, RECORD = 16 };
	int fd, status, seen[WRITERS] = { 0 };

	SET("buffer_mode", "shared");
	for (int w = 0; w < WRITERS; w++)
		if (!fork()) {
			fd = open_hello(O_WRONLY | O_APPEND);
			memset(buf, 'a' + w, RECORD);
			for (int i = 0; i < RECORDS; i++)
				EXPECT_EQ(write(fd, buf, RECORD), RECORD);
			stop(failures);
		}
	for (int w = 0; w < WRITERS; w++) {
		wait(&status);
		EXPECT_EQ(status, 0);
	}
	fd = open_hello(O_RDONLY);
	EXPECT_EQ(read(fd, buf, sizeof(buf)), WRITERS * RECORDS * RECORD);
	for (char *r = buf; r < buf + WRITERS * RECORDS * RECORD; r += RECORD) {
		char want[RECORD];

		memset(want, *r, RECORD);
		EXPECT_MEM(r, want, RECORD);
		if (report(*r >= 'a' && *r < 'a' + WRITERS, "no writer wrote 0x%02x", *r))
			seen[*r - 'a']++;
	}
	for (int w = 0; w < WRITERS; w++)
		EXPECT_EQ(seen[w], RECORDS);
}

TEST(poison_fills_the_shared_buffer_too)
{
	SET("init_mode", "poison");
	SET("buffer_mode", "shared");
	EXPECT_EQ(read(open_hello(O_RDONLY), buf, sizeof(buf)), 4096);
	EXPECT_EQ(strspn(buf, "Z"), 4096);
}

TEST(it_is_one_buffer_with_every_allocator)
{
	FOR_EACH_ALLOCATOR(mode) {
		SET("buffer_mode", "shared");
		EXPECT_EQ(write(open_hello(O_WRONLY), mode, strlen(mode)), strlen(mode));
		expect_contents(open_hello(O_RDONLY), mode);
		SET("buffer_mode", "private");
		EXPECT_EQ(close_range(3, ~0U, 0), 0);
		SET("reset", "1");
	}
}

/* Each MiB of a write gives up the CPU, with the lock held: another writer waits. */
static void *write_until_one_waits(void *mem)
{
	int fd = open_hello(O_WRONLY);

	for (int i = 0; i < 200 && !number_after("shared", "contended: "); i++)
		EXPECT_EQ(pwrite(fd, mem, 8 << 20, 0), 8 << 20);
	close(fd);
	return NULL;
}

TEST(waits_for_each_lock_that_may_sleep_are_counted_since_it_was_set)
{
	unsigned char *mem = resident_memory(8 << 20);

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "8M");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		pthread_t t[2];

		if (!strcmp(lock, "spinlock") || !strcmp(lock, "rwlock"))
			continue;
		CASE("%s", lock);
		SET("lock_mode", "spinlock");
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		EXPECT_EQ(number_after("shared", "contended: "), 0);
		EXPECT_EQ(number_after("shared", "wait_ns: "), 0);
		for (int i = 0; i < 2; i++)
			pthread_create(&t[i], NULL, write_until_one_waits, mem);
		for (int i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
		EXPECT(number_after("shared", "contended: ") > 0);
		EXPECT(number_after("shared", "wait_ns: ") > 0);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

static volatile bool done;

static void *write_until_done(void *mem)
{
	int fd = open_hello(O_WRONLY);

	for (int i = 0; i < 100 && !done; i++)
		EXPECT_EQ(pwrite(fd, mem, 8 << 20, 0), 8 << 20);
	done = true;
	close(fd);
	return NULL;
}

TEST(RWF_NOWAIT_waits_for_no_lock_that_may_sleep)
{
	static const char *const locks[] = { "mutex", "rwsem" };
	unsigned char *mem = resident_memory(8 << 20);
	struct iovec v = { buf, 1 };

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "8M");
	for (size_t i = 0; i < ARRAY_SIZE(locks); i++) {
		bool refused[2] = { false };
		pthread_t writer;
		int fd;

		CASE("%s", locks[i]);
		SET("lock_mode", locks[i]);
		SET("buffer_mode", "shared");
		fd = open_hello(O_RDWR);
		EXPECT_EQ(write(fd, "x", 1), 1);
		done = false;
		pthread_create(&writer, NULL, write_until_done, mem);
		while (!done && !(refused[0] && refused[1])) {
			refused[0] |= preadv2(fd, &v, 1, 0, RWF_NOWAIT) < 0 && errno == EAGAIN;
			refused[1] |= pwritev2(fd, &v, 1, 0, RWF_NOWAIT) < 0 && errno == EAGAIN;
		}
		done = true;
		pthread_join(writer, NULL);
		EXPECT(refused[0]);
		EXPECT(refused[1]);
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}
