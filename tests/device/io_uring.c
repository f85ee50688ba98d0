// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/io_uring.c: requests that wait: for a page that does not come, and
 * for data. They can be cancelled or left behind, and hold up nobody.
 */
#include <linux/io_uring.h>

#include "missing_page.h"

#define ENTRIES	8

/* A ring, by system calls: one request at a time goes in, and what is done comes out. */
static struct ring {
	int fd;
	unsigned int *sq_tail, sq_mask, *sq_array, *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	struct {
		void *at;
		size_t size;
	} maps[3];		/* they hold the ring too */
} ring;

static char buf[PAGE], got[PAGE];

static void *map_ring(int nth, size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, offset);

	ASSERT(EXPECT(at != MAP_FAILED));
	ring.maps[nth].at = at;
	ring.maps[nth].size = size;
	return at;
}

static void open_ring(void)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring.fd < 0 && (errno == ENOSYS || errno == EPERM))
		SKIP("this kernel has no io_uring");
	ASSERT(EXPECT(ring.fd >= 0));
	sq = map_ring(0, p.sq_off.array + ENTRIES * sizeof(*ring.sq_array), IORING_OFF_SQ_RING);
	cq = map_ring(1, p.cq_off.cqes + p.cq_entries * sizeof(*ring.cqes), IORING_OFF_CQ_RING);
	ring.sqes = map_ring(2, ENTRIES * sizeof(*ring.sqes), IORING_OFF_SQES);
	ring.sq_tail = (void *)(sq + p.sq_off.tail);
	ring.sq_mask = *(unsigned int *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (void *)(sq + p.sq_off.array);
	ring.cq_head = (void *)(cq + p.cq_off.head);
	ring.cq_tail = (void *)(cq + p.cq_off.tail);
	ring.cq_mask = *(unsigned int *)(cq + p.cq_off.ring_mask);
	ring.cqes = (void *)(cq + p.cq_off.cqes);
}

static void close_ring(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ring.maps); i++)
		EXPECT_EQ(munmap(ring.maps[i].at, ring.maps[i].size), 0);
	close(ring.fd);
}

static void submit(struct io_uring_sqe request)
{
	unsigned int tail = *ring.sq_tail, i = tail & ring.sq_mask;

	ring.sqes[i] = request;
	ring.sq_array[i] = i;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	EXPECT_EQ(syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0), 1);
}

/* Waits for the next that is done, and says what came of it. */
static int done(unsigned long long *which)
{
	unsigned int head = *ring.cq_head;
	struct io_uring_cqe *e = &ring.cqes[head & ring.cq_mask];
	int res;

	while (__atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE) == head)
		EXPECT(syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0);
	*which = e->user_data;
	res = e->res;
	__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

static struct io_uring_sqe transfer(int op, int fd, void *at, unsigned int n)
{
	/* IOSQE_ASYNC: by a thread of the ring, which then waits instead of us */
	return (struct io_uring_sqe){ .opcode = op, .flags = IOSQE_ASYNC, .fd = fd, .addr = (uintptr_t)at,
				      .len = n, .user_data = 1 };
}

static struct io_uring_sqe cancel(void)
{
	return (struct io_uring_sqe){ .opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = 1, .user_data = 2 };
}

static void fill(int fd)
{
	memset(buf, 'b', sizeof(buf));
	EXPECT_EQ(pwrite(fd, buf, sizeof(buf), 0), sizeof(buf));
}

/* For private buffers, then for the shared one under every lock */
static void in_each_mode(void (*test)(const char *mode))
{
	CASE("private");
	test("private");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		test(lock);
		close_range(3, ~0U, 0);
		/* a ring lets go of its files after it is closed */
		while (number("stats/opens"))
			sched_yield();
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

static void write_and_read(const char *mode)
{
	unsigned long long which;
	int fd = open_hello(O_RDWR);

	(void)mode;
	open_ring();
	memset(buf, 'b', sizeof(buf));
	submit(transfer(IORING_OP_WRITE, fd, buf, PAGE));
	EXPECT_EQ(done(&which), PAGE);
	submit(transfer(IORING_OP_WRITE, fd, buf, 0));
	EXPECT_EQ(done(&which), 0);
	submit(transfer(IORING_OP_READ, fd, got, PAGE));
	EXPECT_EQ(done(&which), PAGE);
	EXPECT_MEM(got, buf, PAGE);
	submit(transfer(IORING_OP_READ, fd, BAD_POINTER, 8));
	EXPECT_EQ(done(&which), -EFAULT);
}

TEST(requests_write_read_and_fail_as_the_calls_do)
{
	in_each_mode(write_and_read);
}

/* A request that waits for its page cannot be taken back, but holds up nobody, and comes to its end with the page. */
static void cancel_waiting(const char *mode)
{
	for (int reads = 0; reads < 2; reads++) {
		int fd = open_hello(O_RDWR), other = open_hello(O_RDWR), uffd, res, results = 0;
		unsigned long long which;
		char *page;

		CASE("%s, %s", mode, reads ? "read" : "write");
		open_ring();
		uffd = missing_page(&page);
		fill(fd);
		submit(transfer(reads ? IORING_OP_READ : IORING_OP_WRITE, fd, page, PAGE));
		wait_for_fault(uffd);
		submit(cancel());
		res = done(&which);
		EXPECT_EQ(which, 2);
		EXPECT(res == 0 || res == -EALREADY);

		/* meanwhile */
		EXPECT_EQ(pwrite(other, buf, PAGE, 0), PAGE);
		EXPECT_EQ(pread(other, got, PAGE, 0), PAGE);
		close(open_hello(O_RDWR));
		answer(uffd, page, buf);
		while (results < 1) {
			res = done(&which);
			results += which == 1;
		}
		/* all of it, or nothing because it was told to stop */
		EXPECT(res == PAGE || res == -EINTR || res == -ECANCELED || res == -EFAULT);
		EXPECT_EQ(pread(other, got, PAGE, 0), PAGE);
		EXPECT_MEM(got, buf, PAGE);
		close(fd);
		close(other);
		close(uffd);
		close_ring();
	}
}

TEST(a_request_that_waits_for_its_page_holds_up_nobody_and_ends_when_cancelled_and_served)
{
	in_each_mode(cancel_waiting);
}

/* A request to read that waits for its page. Returns the userfaultfd that can bring it. */
static int begin_stuck_read(int fd, char **page)
{
	int uffd;

	open_ring();
	uffd = missing_page(page);
	fill(fd);
	submit(transfer(IORING_OP_READ, fd, *page, PAGE));
	wait_for_fault(uffd);
	return uffd;
}

/* The ring and the descriptor are closed first: the request still holds the buffer. */
TEST(a_request_that_is_left_behind_gives_its_buffer_back_when_it_ends)
{
	long long opens = number("stats/opens");
	int fd = open_hello(O_RDWR), uffd;
	char *page;

	uffd = begin_stuck_read(fd, &page);
	close(fd);
	EXPECT_EQ(number("stats/opens"), opens + 1);
	close_ring();
	EXPECT_EQ(number("stats/opens"), opens + 1);
	answer(uffd, page, buf);
	while (number("stats/opens") != opens)
		sched_yield();
}

/* The process is killed while a thread of its ring is in our read. */
TEST(SIGKILL_ends_a_process_whose_request_waits)
{
	long long opens = number("stats/opens");
	int ready[2], status;
	pid_t pid;

	EXPECT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		char *page;

		begin_stuck_read(open_hello(O_RDWR), &page);
		EXPECT_EQ(write(ready[1], "", 1), 1);
		pause();
	}
	close(ready[1]);
	if (read(ready[0], buf, 1) != 1)
		SKIP("no io_uring or no userfaultfd");
	EXPECT_EQ(number("stats/opens"), opens + 1);
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (number("stats/opens") != opens)
		sched_yield();
}

/*
 * Its place in the wait queue goes with it: nobody is woken who is not there any more.
 * For data, because io_uring of 6.1 is not woken for POLLPRI alone.
 */
TEST(a_poll_request_is_woken_cancelled_and_left_behind)
{
	struct io_uring_sqe poll_for_data = { .opcode = IORING_OP_POLL_ADD, .poll32_events = POLLIN, .user_data = 1 };
	long long opens = number("stats/opens");
	unsigned long long which;
	int fd, other, res[3] = { 0 };

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	open_ring();
	poll_for_data.fd = fd;
	submit(poll_for_data);
	EXPECT_EQ(write(other, "news", 4), 4);
	EXPECT(done(&which) & POLLIN);
	EXPECT_EQ(read(fd, got, PAGE), 4);

	submit(poll_for_data);
	submit(cancel());
	for (int i = 0; i < 2; i++) {
		int r = done(&which);

		res[which] = r;
	}
	EXPECT_EQ(res[1], -ECANCELED);
	EXPECT_EQ(res[2], 0);
	EXPECT_EQ(write(other, "more", 4), 4);
	EXPECT_EQ(read(fd, got, PAGE), 4);

	submit(poll_for_data);
	close(fd);
	EXPECT_EQ(number("stats/opens"), opens + 2);
	close_ring();
	while (number("stats/opens") != opens + 1)
		sched_yield();
	EXPECT_EQ(write(other, "last", 4), 4);
	close(other);
	EXPECT_EQ(number("stats/opens"), opens);
}
