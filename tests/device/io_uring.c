// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/io_uring.c: requests complete with the results of the system calls. A
 * request that waits for a page or a change can be cancelled or left behind, and blocks
 * no other task.
 */
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <sys/uio.h>

#include "missing_page.h"

#define ENTRIES	8
#define SIZE	4096	/* of a buffer */

/* A ring, used by system calls */
static struct ring {
	int fd;
	unsigned int setup, features;
	unsigned int *sq_tail, sq_mask, *sq_array, *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	struct {
		void *at;
		size_t size;
	} maps[3];		/* the mappings also hold the ring */
} ring;

static char buf[PAGE_MAX], got[SIZE];

static void *map_ring(int nth, size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, offset);

	ASSERT(EXPECT(at != MAP_FAILED));
	ring.maps[nth].at = at;
	ring.maps[nth].size = size;
	return at;
}

static void open_ring_with(unsigned int setup)
{
	struct io_uring_params p = { .flags = setup, .sq_thread_idle = 1 };
	char *sq, *cq;

	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring.fd < 0 && (errno == ENOSYS || errno == EPERM))
		SKIP("this kernel has no io_uring");
	ASSERT(EXPECT(ring.fd >= 0));
	ring.setup = setup;
	ring.features = p.features;
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

static void open_ring(void)
{
	open_ring_with(0);
}

static void close_ring(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ring.maps); i++)
		EXPECT_EQ(munmap(ring.maps[i].at, ring.maps[i].size), 0);
	close(ring.fd);
}

/* Submits the requests with one system call */
static void submit_all(const struct io_uring_sqe *requests, unsigned int n)
{
	unsigned int tail = *ring.sq_tail;
	int flags = ring.setup & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0;

	for (unsigned int nth = 0; nth < n; nth++, tail++) {
		unsigned int i = tail & ring.sq_mask;

		ring.sqes[i] = requests[nth];
		ring.sq_array[i] = i;
	}
	__atomic_store_n(ring.sq_tail, tail, __ATOMIC_RELEASE);
	EXPECT_EQ(syscall(SYS_io_uring_enter, ring.fd, n, 0, flags, NULL, 0), n);
}

static void submit(struct io_uring_sqe request)
{
	submit_all(&request, 1);
}

/*
 * Waits for the next completion and returns its result. Ends the test after a
 * timeout; on older kernels the harness does.
 */
static int done(unsigned long long *which)
{
	unsigned int head = *ring.cq_head, flags = IORING_ENTER_GETEVENTS;
	struct __kernel_timespec limit = { .tv_sec = 5 * env("HELLO_TEST_SLOW") };
	struct io_uring_getevents_arg arg = { .ts = (uintptr_t)&limit };
	bool limited = ring.features & IORING_FEAT_EXT_ARG;
	struct io_uring_cqe *e = &ring.cqes[head & ring.cq_mask];
	int res;

	if (limited)
		flags |= IORING_ENTER_EXT_ARG;
	while (__atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE) == head) {
		res = syscall(SYS_io_uring_enter, ring.fd, 0, 1, flags, limited ? &arg : NULL,
			      limited ? sizeof(arg) : 0);
		ASSERT(report(res >= 0 || errno == EINTR, "a request is not done: %s", strerrorname_np(errno)));
	}
	*which = e->user_data;
	res = e->res;
	__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

static struct io_uring_sqe transfer(int op, int fd, void *at, unsigned int n)
{
	/* IOSQE_ASYNC: a thread of the ring makes the call, and waits instead of us */
	return (struct io_uring_sqe){ .opcode = op, .flags = IOSQE_ASYNC, .fd = fd, .addr = (uintptr_t)at,
				      .len = n, .user_data = 1 };
}

static struct io_uring_sqe cancel(void)
{
	return (struct io_uring_sqe){ .opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = 1, .user_data = 2 };
}

/* A ring lets go of its files after it is closed. */
static void close_all(void)
{
	close_ring();
	close_range(3, ~0U, 0);
	while (number("stats/opens") != live_before[0])
		sched_yield();
}

static void fill(int fd)
{
	memset(buf, 'b', sizeof(buf));
	EXPECT_EQ(pwrite(fd, buf, SIZE, 0), SIZE);
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
	submit(transfer(IORING_OP_WRITE, fd, buf, SIZE));
	EXPECT_EQ(done(&which), SIZE);
	submit(transfer(IORING_OP_WRITE, fd, buf, 0));
	EXPECT_EQ(done(&which), 0);
	submit(transfer(IORING_OP_READ, fd, got, SIZE));
	EXPECT_EQ(done(&which), SIZE);
	EXPECT_MEM(got, buf, SIZE);
	submit(transfer(IORING_OP_READ, fd, BAD_POINTER, 8));
	EXPECT_EQ(done(&which), -EFAULT);
}

TEST(requests_write_read_and_fail_as_the_calls_do)
{
	in_each_mode(write_and_read);
}

/* A request that waits for its page cannot be cancelled; it blocks no task and ends with the page. */
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
		submit(transfer(reads ? IORING_OP_READ : IORING_OP_WRITE, fd, page, SIZE));
		wait_for_fault(uffd);
		submit(cancel());
		res = done(&which);
		EXPECT_EQ(which, 2);
		EXPECT(res == 0 || res == -EALREADY);

		/* meanwhile */
		EXPECT_EQ(pwrite(other, buf, SIZE, 0), SIZE);
		EXPECT_EQ(pread(other, got, SIZE, 0), SIZE);
		close(open_hello(O_RDWR));
		answer(uffd, page, buf);
		while (results < 1) {
			res = done(&which);
			results += which == 1;
		}
		/* the whole transfer, or nothing because it was cancelled */
		EXPECT(res == SIZE || res == -EINTR || res == -ECANCELED || res == -EFAULT);
		EXPECT_EQ(pread(other, got, SIZE, 0), SIZE);
		EXPECT_MEM(got, buf, SIZE);
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

/* Starts a read request that waits for its page; returns the userfaultfd that serves it. */
static int begin_stuck_read(int fd, char **page)
{
	int uffd;

	open_ring();
	uffd = missing_page(page);
	fill(fd);
	submit(transfer(IORING_OP_READ, fd, *page, SIZE));
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
	/* A child that skips has left the reason in shared memory. */
	if (read(ready[0], buf, 1) != 1) {
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(WEXITSTATUS(status), 77);
		stop(failures ? 1 : 77);
	}
	EXPECT_EQ(number("stats/opens"), opens + 1);
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (number("stats/opens") != opens)
		sched_yield();
}

/* ---- every request ends, with what the calls return ---- */

#define LENGTH	3000

static char model[SIZE], from[SIZE];

/* An operation of the ring, and the calls that do the same */
static const struct operation {
	int op;
	bool writes, vector, fixed;
} operations[] = {
	{ IORING_OP_READ, false, false, false }, { IORING_OP_WRITE, true, false, false },
	{ IORING_OP_READV, false, true, false }, { IORING_OP_WRITEV, true, true, false },
	{ IORING_OP_READ_FIXED, false, false, true }, { IORING_OP_WRITE_FIXED, true, false, true },
};

struct state {
	size_t length;
	off_t pos, offset;	/* offset -1: at the position */
};

static void enter_state(int fd, const struct state *s)
{
	close(open_hello(O_WRONLY | O_TRUNC));
	memset(from, 'o', SIZE);
	EXPECT_EQ(pwrite(fd, from, s->length, 0), s->length);
	EXPECT_EQ(lseek(fd, s->pos, SEEK_SET), s->pos);
	memset(from, 'n', SIZE);
	memset(got, 0, SIZE);
}

static long by_call(int fd, const struct operation *o, const struct state *s)
{
	long ret;

	if (s->offset < 0)
		ret = o->writes ? write(fd, from, SIZE) : read(fd, got, SIZE);
	else
		ret = o->writes ? pwrite(fd, from, SIZE, s->offset) : pread(fd, got, SIZE, s->offset);
	return ret < 0 ? -errno : ret;
}

static long by_ring(int fd, const struct operation *o, const struct state *s, int flags)
{
	struct iovec v = { o->writes ? from : got, SIZE };
	struct io_uring_sqe request = transfer(o->op, fd, o->vector ? (void *)&v : v.iov_base,
					       o->vector ? 1 : SIZE);
	unsigned long long which;

	request.flags = flags;
	request.off = s->offset;
	request.buf_index = o->fixed && o->writes;
	if (flags & IOSQE_FIXED_FILE)
		request.fd = 0;
	submit(request);
	return done(&which);
}

static void expect_the_same(int fd, const struct operation *o, const struct state *s, int flags)
{
	static char contents[2][SIZE];
	long ret, length;
	off_t pos;

	enter_state(fd, s);
	ret = by_call(fd, o, s);
	pos = lseek(fd, 0, SEEK_CUR);
	length = pread(fd, contents[0], SIZE, 0);
	memcpy(model, got, SIZE);

	enter_state(fd, s);
	EXPECT_EQ(by_ring(fd, o, s, flags), ret);
	EXPECT_MEM(got, model, SIZE);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), pos);
	EXPECT_EQ(pread(fd, contents[1], SIZE, 0), length);
	EXPECT_MEM(contents[1], contents[0], length);
}

/* Every operation in every state; registered files and buffers where @flags or the operation say so */
static void expect_all_the_same(unsigned int setup, int open_flags, int more)
{
	static const size_t lengths[] = { 0, LENGTH, SIZE };
	static const off_t positions[] = { 0, LENGTH / 2, LENGTH, SIZE };
	static const off_t offsets[] = { 0, LENGTH / 2, LENGTH, SIZE - 1, SIZE, 2 * SIZE, -1 };
	struct iovec buffers[] = { { got, SIZE }, { from, SIZE } };
	int fd;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR | open_flags);
	open_ring_with(setup);
	EXPECT_EQ(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, buffers, 2), 0);
	EXPECT_EQ(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1), 0);
	for (size_t l = 0; l < ARRAY_SIZE(lengths); l++)
	for (size_t p = 0; p < ARRAY_SIZE(positions); p++)
	for (size_t f = 0; f < ARRAY_SIZE(offsets); f++)
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		const struct operation *o = &operations[i];
		struct state s = { lengths[l], positions[p], offsets[f] };
		int flags = more | (o->fixed ? IOSQE_FIXED_FILE : 0);

		CASE("operation %d, length %zu, position %ld, offset %ld", o->op, s.length, (long)s.pos,
		     (long)s.offset);
		expect_the_same(fd, o, &s, flags);
	}
	close_all();
}

TEST(every_request_ends_with_what_the_call_returns)
{
	expect_all_the_same(0, 0, 0);
}

TEST(every_request_of_a_thread_of_the_ring_ends_with_what_the_call_returns)
{
	expect_all_the_same(0, 0, IOSQE_ASYNC);
}

TEST(every_request_on_an_O_NONBLOCK_descriptor_ends_with_what_the_call_returns)
{
	expect_all_the_same(0, O_NONBLOCK, 0);
}

/* Up to 5.10 such a ring takes only registered files. */
TEST(every_request_of_a_ring_that_the_kernel_polls_ends_with_what_the_call_returns)
{
	expect_all_the_same(IORING_SETUP_SQPOLL, 0, IOSQE_FIXED_FILE);
}

TEST(linked_requests_go_on_until_one_transfers_less_than_it_asked_for)
{
	static const int flags[] = { 0, IOSQE_ASYNC };

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
		int fd = open_hello(O_RDWR), other = open_hello(O_RDWR);
		struct io_uring_sqe chain[] = {
			transfer(IORING_OP_READ, fd, got, 0),
			transfer(IORING_OP_WRITE, fd, buf, SIZE),
			transfer(IORING_OP_READ, fd, got, SIZE),
			transfer(IORING_OP_WRITE, fd, buf, 1),		/* at the capacity */
			transfer(IORING_OP_READ, fd, got, SIZE),
		}, empty[] = {
			transfer(IORING_OP_READ, other, got, SIZE),	/* nothing there */
			transfer(IORING_OP_WRITE, other, buf, SIZE),
		};
		static const int wanted[] = { 0, SIZE, SIZE, -ENOSPC, -ECANCELED, 0, -ECANCELED };
		unsigned long long which;

		CASE("flags %d", flags[f]);
		open_ring();
		memset(buf, 'l', SIZE);
		memset(got, 0, SIZE);
		chain[3].off = SIZE;
		for (size_t i = 0; i < ARRAY_SIZE(chain); i++) {
			chain[i].user_data = i;
			chain[i].flags = flags[f] | (i + 1 < ARRAY_SIZE(chain) ? IOSQE_IO_LINK : 0);
		}
		for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
			empty[i].user_data = ARRAY_SIZE(chain) + i;
			empty[i].flags = flags[f] | (i ? 0 : IOSQE_IO_LINK);
		}
		submit_all(chain, ARRAY_SIZE(chain));
		submit_all(empty, ARRAY_SIZE(empty));
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			int res = done(&which);

			report(res == wanted[which], "request %llu: %d, expected %d", which, res, wanted[which]);
		}
		EXPECT_MEM(got, buf, SIZE);
		EXPECT_EQ(pread(other, got, SIZE, 0), 0);	/* the cancelled one wrote nothing */
		close_all();
	}
}

/* ---- poll ---- */

/* poll_events, not poll32_events, whose halves are swapped on big-endian machines */
static struct io_uring_sqe poll_for(int fd, int events)
{
	return (struct io_uring_sqe){ .opcode = IORING_OP_POLL_ADD, .fd = fd, .poll_events = events, .user_data = 1 };
}

TEST(a_poll_request_ends_at_once_if_there_is_what_it_asks_for)
{
	unsigned long long which;
	int fd, other;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	open_ring();
	submit(poll_for(fd, POLLIN));
	EXPECT_EQ(done(&which), POLLIN);
	submit(poll_for(fd, POLLIN | POLLOUT | POLLPRI));
	EXPECT_EQ(done(&which), POLLIN | POLLOUT);
	EXPECT_EQ(write(other, "news", 4), 4);
	submit(poll_for(fd, POLLPRI));
	EXPECT_EQ(done(&which), POLLPRI);
	submit(poll_for(fd, POLLIN | POLLOUT | POLLPRI));
	EXPECT_EQ(done(&which), POLLIN | POLLOUT | POLLPRI);
	close_all();
}

/*
 * The request leaves the wait queue when it ends. Do not check that a change wakes it:
 * io_uring ignores wake-ups for EPOLLPRI alone (IO_ASYNC_POLL_COMMON), and other
 * events would wake the writers themselves.
 */
static void expect_poll_until_cancelled(int fd)
{
	unsigned long long which;
	int res[3] = { 0 };

	submit(poll_for(fd, POLLPRI));
	submit(cancel());
	for (int i = 0; i < 2; i++) {
		int r = done(&which);

		res[which] = r;
	}
	EXPECT_EQ(res[1], -ECANCELED);
	EXPECT_EQ(res[2], 0);
}

TEST(a_poll_request_for_changes_of_a_private_buffer_waits_until_it_is_cancelled)
{
	int fd = open_hello(O_RDWR);

	open_ring();
	expect_poll_until_cancelled(fd);
	close_all();
}

TEST(a_poll_request_for_changes_is_cancelled_and_left_behind)
{
	long long opens = number("stats/opens");
	int fd, other;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	open_ring();
	expect_poll_until_cancelled(fd);
	EXPECT_EQ(write(other, "more", 4), 4);
	EXPECT_EQ(read(fd, got, SIZE), 4);

	submit(poll_for(fd, POLLPRI));
	close(fd);
	EXPECT_EQ(number("stats/opens"), opens + 2);
	close_ring();
	while (number("stats/opens") != opens + 1)
		sched_yield();
	EXPECT_EQ(write(other, "last", 4), 4);
	close(other);
	EXPECT_EQ(number("stats/opens"), opens);
}
