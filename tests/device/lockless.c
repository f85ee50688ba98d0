// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/lockless.c: a reader that takes no lock, on one processor, beside writers on
 * another. Each value that it sees is one that a writer made.
 */
#include <linux/hello.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "harness.h"

/* A moment; the KCSAN lane sets RACE_TIME to seconds. */
#define DURATION	(getenv("RACE_TIME") ? atoi(getenv("RACE_TIME")) : 0.1)

static int started, stopped, wrote;

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	/* With one processor they take turns. */
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* A writer: calls the function until the end. A second one is where the reader is. */
static void *repeat(void *arg)
{
	void (*write_once)(void) = arg;

	run_on(!__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED));
	write_once();
	__atomic_fetch_add(&wrote, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED) && !failures)
		write_once();
	return NULL;
}

/* Runs the reader beside the writers; its last round is after their end. */
static void beside(void (*write_once)(void), void (*read_once)(void), int writers)
{
	double end = seconds() + DURATION;
	pthread_t t[2];

	for (int i = 0; i < writers; i++)
		ASSERT(EXPECT_EQ(pthread_create(&t[i], NULL, repeat, write_once), 0));
	run_on(0);
	do
		read_once();
	while ((seconds() < end || __atomic_load_n(&wrote, __ATOMIC_RELAXED) < writers) && !failures);
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < writers; i++)
		pthread_join(t[i], NULL);
	read_once();
}

/* ---- the tests ---- */

static int shared_fd;

static void write_truncate(void)
{
	char bytes[16] = "";
	int fd = open_hello(O_RDWR | O_TRUNC);

	EXPECT_EQ(pwrite(fd, bytes, 8, 0), 8);
	EXPECT_EQ(pwrite(fd, bytes, 8, 8), 8);
	close(fd);
}

static void read_length(void)
{
	off_t length = lseek(shared_fd, 0, SEEK_END);

	EXPECT(length == 0 || length == 8 || length == 16);
}

TEST(a_length_beside_writes_and_truncations_is_one_of_theirs)
{
	SET("buffer_mode", "shared");
	shared_fd = open_hello(O_RDWR);
	beside(write_truncate, read_length, 1);
	EXPECT_EQ(lseek(shared_fd, 0, SEEK_END), 16);
	close(shared_fd);
}

static void open_close(void)
{
	close(open_hello(O_RDONLY));
}

static void read_users(void)
{
	long long n = number_after("shared", "opens: ");

	EXPECT(n >= 0 && n <= 2);
}

TEST(no_shared_open_or_close_is_lost_of_two_at_once)
{
	SET("buffer_mode", "shared");
	beside(open_close, read_users, 2);
	EXPECT_EQ(number_after("shared", "opens: "), 0);
}

static void read_sums(void)
{
	static long long last;
	long long n = number("stats/allocations");

	EXPECT(n >= last);
	last = n;
	EXPECT(number("stats/live_buffers") >= live_before[1]);
	number_after("stats", "kmalloc ");
}

TEST(sums_beside_opens_never_fall)
{
	beside(open_close, read_sums, 1);
}

static void change_lock(void)
{
	set("lock_mode", "rwsem");
	set("lock_mode", "spinlock");
}

static void read_waits(void)
{
	EXPECT(number_after("shared", "contended: ") == 0);
	EXPECT(number_after("shared", "wait_ns: ") == 0);
}

TEST(a_lock_without_waiters_shows_no_wait_while_its_type_changes)
{
	change_lock();	/* earlier waits do not count */
	beside(change_lock, read_waits, 1);
}

static void list(void)
{
	number_after("opens", "id pid comm");
}

TEST(a_listing_beside_opens_ends)
{
	beside(open_close, list, 2);
}

static int private_fd;

static void read_private(void)
{
	char bytes[8];

	EXPECT_EQ(pread(private_fd, bytes, sizeof(bytes), 0), 8);
}

TEST(two_readers_of_one_private_file_get_its_contents)
{
	private_fd = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(private_fd, "contents", 8, 0), 8);
	beside(read_private, read_private, 1);
	close(private_fd);
}

static int fixed;

/* Replaces the file under the number by one whose first use allocates. */
static void use_first(void)
{
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(dup2(fd, fixed), fixed);
	close(fd);
	EXPECT_EQ(write(fixed, "x", 1), 1);
}

static void describe(void)
{
	struct hello_info info = { .size = sizeof(info) };

	EXPECT_EQ(ioctl(fixed, HELLO_IOC_INFO, &info), 0);
	EXPECT_EQ(info.node >= 0, !!(info.flags & HELLO_INFO_ALLOCATED));
}

TEST(a_description_has_a_node_as_soon_as_it_has_memory)
{
	SET("alloc_when", "first_use");
	fixed = open_hello(O_RDWR);
	beside(use_first, describe, 1);
	close(fixed);
}
