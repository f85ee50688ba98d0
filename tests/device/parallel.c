// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/parallel.c: how many times the throughput of one reader of a shared buffer
 * two readers get, on processors that run in parallel.
 */
#include <pthread.h>
#include <sched.h>

#include "harness.h"

#define SIZE	65536

/* A thread on a processor of its own, which works until the end */
struct reader {
	pthread_t thread;
	int cpu, fd;		/* fd: -1 to spin instead of reading */
	unsigned long long done;
	char buffer[SIZE];
};

static int begun, stopped;

static void *read_or_spin(void *arg)
{
	struct reader *r = arg;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(r->cpu, &cpus);
	EXPECT_EQ(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		sched_yield();
	while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED)) {
		if (r->fd < 0)
			for (volatile int i = 0; i < 10000; i++)
				;
		else if (pread(r->fd, r->buffer, SIZE, 0) != SIZE)
			break;
		r->done++;
	}
	return NULL;
}

/* Operations a second of @n threads together, over a tenth of a second */
static double rate(int n, int fd)
{
	static struct reader readers[2];
	unsigned long long done = 0;
	double start;

	begun = stopped = 0;
	for (int i = 0; i < n; i++) {
		readers[i].cpu = i;
		readers[i].fd = fd;
		readers[i].done = 0;
		ASSERT(EXPECT_EQ(pthread_create(&readers[i].thread, NULL, read_or_spin, &readers[i]), 0));
	}
	start = seconds();
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	usleep(100000);
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++) {
		EXPECT_EQ(pthread_join(readers[i].thread, NULL), 0);
		done += readers[i].done;
	}
	return done / (seconds() - start);
}

static double ratio(int fd)
{
	double one = rate(1, fd);

	return rate(2, fd) / one;
}

/* A round counts only if the machine gave two threads two processors before and after it */
static void two_readers_get(double times, const char *lock)
{
	double best = 0, got;
	int fd, valid = 0;

	/* In other lanes a busy machine can make any ratio. */
	if (!getenv("HELLO_TEST_PARALLEL"))
		SKIP("only check-hammer's processors run in parallel");
	SET("buffer_mode", "shared");
	SET("lock_mode", lock);
	SET("buffer_size", "65536");
	fd = open("/dev/hello", O_RDWR | O_CLOEXEC);
	ASSERT(EXPECT(fd >= 0));
	for (int i = 0; i < SIZE; i += 4096)
		ASSERT(EXPECT_EQ(pwrite(fd, "hello", 5, i), 5));
	ASSERT(EXPECT_EQ(pwrite(fd, "", 1, SIZE - 1), 1));
	for (int round = 0; round < 30 && valid < 10 && best < times; round++) {
		bool parallel = ratio(-1) > 1.9;

		got = parallel ? ratio(fd) : 0;
		if (!parallel || ratio(-1) <= 1.9)
			continue;
		valid++;
		if (got > best)
			best = got;
	}
	close(fd);
	if (!valid)
		SKIP("this machine's processors do not run in parallel, or are busy");
	report(best >= times, "%s: two readers got %.2f times the throughput of one", lock, best);
}

TEST(two_readers_under_rcu_get_nine_tenths_of_two_processors)
{
	two_readers_get(1.8, "rcu");
}

TEST(two_readers_under_rwsem_get_three_quarters_of_two_processors)
{
	two_readers_get(1.5, "rwsem");
}
