// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/poll.c: the device is always readable and writable, like a regular file,
 * since its calls never wait. A change by another descriptor is EPOLLPRI, and wakes
 * only waiters for EPOLLPRI.
 */
#include <linux/hello.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "missing_page.h"

#define CAPACITY	8192
#define ALWAYS		(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM)
#define EVERYTHING	(ALWAYS | POLLPRI | POLLRDBAND | POLLWRBAND | POLLMSG | POLLRDHUP)

static char buf[PAGE_MAX];

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = EVERYTHING };

	EXPECT(poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* ---- ready always ---- */

/* The results of poll, select and epoll without a change */
static void expect_ready(int fd)
{
	struct epoll_event e = { .events = EVERYTHING }, got = { 0 };
	struct pollfd p = { .fd = fd, .events = EVERYTHING };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct timespec none = { 0 };
	struct timeval no_time = { 0 };
	fd_set in, out, pri;
	sigset_t mask;

	EXPECT_EQ(events(fd), ALWAYS);
	sigfillset(&mask);
	EXPECT_EQ(ppoll(&p, 1, &none, &mask), 1);
	EXPECT_EQ(p.revents, ALWAYS);

	for (int masked = 0; masked < 2; masked++) {
		FD_ZERO(&in);
		FD_SET(fd, &in);
		out = pri = in;
		EXPECT_EQ(masked ? pselect(fd + 1, &in, &out, &pri, &none, &mask) :
				   select(fd + 1, &in, &out, &pri, &no_time), 2);
		EXPECT(FD_ISSET(fd, &in) && FD_ISSET(fd, &out) && !FD_ISSET(fd, &pri));
	}

	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
	for (int twice = 0; twice < 2; twice++) {
		EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
		EXPECT_EQ(got.events, ALWAYS);
	}
	close(ep);
}

static void expect_ready_in_every_state(const char *mode)
{
	static const off_t positions[] = { 0, 1, CAPACITY / 2, CAPACITY - 1, CAPACITY };
	static const size_t lengths[] = { 0, 1, CAPACITY / 2, CAPACITY };
	static const int accesses[] = { O_RDONLY, O_WRONLY, O_RDWR };

	for (size_t l = 0; l < ARRAY_SIZE(lengths); l++)
		for (size_t a = 0; a < ARRAY_SIZE(accesses); a++) {
			int fd = open_hello(O_RDWR | O_TRUNC), other;

			EXPECT_EQ(pwrite(fd, buf, lengths[l], 0), lengths[l]);
			other = strcmp(mode, "shared") ? dup(fd) : open_hello(accesses[a]);
			for (size_t p = 0; p < ARRAY_SIZE(positions); p++) {
				CASE("%s, length %zu, position %ld", mode, lengths[l], (long)positions[p]);
				EXPECT_EQ(lseek(other, positions[p], SEEK_SET), positions[p]);
				expect_ready(other);
			}
			close(fd);
			close(other);
		}
}

TEST(ready_to_read_and_write_whatever_the_position_and_the_contents)
{
	static const char *const modes[] = { "private", "shared" };

	SET("buffer_size", "8192");
	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		SET("buffer_mode", modes[m]);
		SET("alloc_when", "open");
		expect_ready_in_every_state(modes[m]);
		SET("alloc_when", "first_use");
		SET("reset", "1");
		CASE("%s, before the first use", modes[m]);
		expect_ready(open_hello(O_RDWR));
	}
}

TEST(ready_at_a_position_above_a_capacity_that_shrank)
{
	struct hello_recipe_request req = { .size = sizeof(req), .recipe = "buffer_size=10" };
	int fd;

	SET("buffer_size", "8192");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(lseek(fd, CAPACITY, SEEK_SET), CAPACITY);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &req), 0);
	expect_ready(fd);
	EXPECT_EQ(read(fd, buf, 1), 0);
	EXPECT_ERRNO(write(fd, "x", 1), ENOSPC);
}

/* ---- news ---- */

TEST(a_change_by_another_descriptor_is_PRI_until_one_reads_or_writes)
{
	int a, b;

	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	EXPECT_EQ(events(b), ALWAYS);
	EXPECT_EQ(write(a, "x", 1), 1);
	EXPECT_EQ(events(a), ALWAYS);		/* its own change is no news */
	EXPECT_EQ(events(b), ALWAYS | POLLPRI);
	EXPECT_EQ(events(b), ALWAYS | POLLPRI);
	EXPECT_EQ(read(b, buf, 10), 1);
	EXPECT_EQ(events(b), ALWAYS);
	EXPECT_EQ(write(b, "y", 1), 1);
	EXPECT_EQ(events(a), ALWAYS | POLLPRI);
	EXPECT_EQ(pwrite(a, "z", 1, 0), 1);	/* a write consumes the change too */
	EXPECT_EQ(events(a), ALWAYS);
	EXPECT_EQ(pread(b, buf, 1, 0), 1);

	close(open_hello(O_WRONLY | O_TRUNC));
	EXPECT_EQ(events(a), ALWAYS | POLLPRI);
	EXPECT_EQ(events(b), ALWAYS | POLLPRI);
	EXPECT_EQ(read(a, buf, 1), 0);
	EXPECT_EQ(events(a), ALWAYS);
	EXPECT_EQ(pread(b, buf, 1, 0), 0);
	EXPECT_EQ(write(b, "x", 1), 1);
	EXPECT_EQ(read(a, buf, 1), 1);		/* of the gap */
	SET("reset", "1");
	EXPECT_EQ(events(a), ALWAYS | POLLPRI);
	EXPECT_EQ(events(open_hello(O_RDWR)), ALWAYS);	/* opened after it */
}

TEST(a_writable_mapping_is_news_if_it_extends_the_length_and_stores_to_it_are_not)
{
	char *map;
	int a, b;

	SET("alloc_mode", "vmalloc");
	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open_hello(O_RDONLY), 0);
	ASSERT(EXPECT(map != MAP_FAILED));
	EXPECT_EQ(events(b), ALWAYS);		/* the length is still 0 */
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	ASSERT(EXPECT(map != MAP_FAILED));
	EXPECT_EQ(events(a), ALWAYS);		/* its own mapping is no news */
	EXPECT_EQ(events(b), ALWAYS | POLLPRI);
	EXPECT_EQ(read(b, buf, sizeof(buf)), number("buffer_size"));
	EXPECT_EQ(events(b), ALWAYS);
	map[0] = 'x';
	EXPECT_EQ(events(b), ALWAYS);
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	ASSERT(EXPECT(map != MAP_FAILED));
	EXPECT_EQ(events(b), ALWAYS);		/* the length was the capacity */
}

TEST(a_read_that_fails_has_not_seen_the_change)
{
	int a, b;

	SET("buffer_mode", "shared");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		CASE("%s", lock);
		SET("lock_mode", lock);
		a = open_hello(O_RDWR);
		b = open_hello(O_RDWR);
		EXPECT_EQ(pwrite(a, "x", 1, 0), 1);
		EXPECT_ERRNO(pread(b, BAD_POINTER, 1, 0), EFAULT);
		EXPECT_EQ(events(b), ALWAYS | POLLPRI);
		EXPECT_EQ(pread(b, buf, 1, 0), 1);
		EXPECT_EQ(events(b), ALWAYS);
		close(a);
		close(b);
	}
}

TEST(a_call_that_changed_nothing_is_no_change)
{
	int a, b;

	SET("buffer_mode", "shared");
	a = open_hello(O_RDWR);
	b = open_hello(O_RDWR);
	EXPECT_EQ(write(a, "", 0), 0);
	EXPECT_ERRNO(write(a, BAD_POINTER, 10), EFAULT);
	EXPECT_ERRNO(pwrite(a, "x", 1, 4096), ENOSPC);
	EXPECT_EQ(read(a, buf, 1), 0);
	EXPECT_EQ(events(b), ALWAYS);
}

/* ---- those who wait ---- */

/* Starts a child that waits for EPOLLPRI on @fd; SIGALRM ends it if it is not woken */
static pid_t waiter(int fd)
{
	pid_t pid = fork();

	if (!pid) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };

		/* Not a timeout of poll(), which checks again before it returns. */
		failures = 0;
		alarm(5 * env("HELLO_TEST_SLOW"));
		EXPECT_EQ(poll(&p, 1, -1), 1);
		EXPECT_EQ(p.revents, POLLPRI);
		stop(failures);
	}
	wait_until_asleep(pid);
	return pid;
}

static bool was_woken(pid_t pid)
{
	int status;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	return !status;
}

static void by_write(int other)
{
	EXPECT_EQ(write(other, "x", 1), 1);
}

static void by_append(int other)
{
	EXPECT_EQ(fcntl(other, F_SETFL, O_APPEND), 0);
	EXPECT_EQ(write(other, "x", 1), 1);
}

static void by_truncate(int other)
{
	(void)other;
	close(open_hello(O_WRONLY | O_TRUNC));
}

static void by_reset(int other)
{
	(void)other;
	SET("reset", "1");
}

static void by_recipe(int other)
{
	(void)other;
	SET("init_mode", "poison");
}

static void by_size(int other)
{
	(void)other;
	SET("buffer_size", "64K");
}

static void by_mapping(int other)
{
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);

	ASSERT(EXPECT(map != MAP_FAILED));
	EXPECT_EQ(munmap(map, PAGE), 0);
}

static const struct change {
	const char *name;
	void (*make)(int other);
	bool before_use;	/* of the buffer, which has no memory then */
} changes[] = {
	{ "a write", by_write, false },
	{ "an append", by_append, false },
	{ "a truncation", by_truncate, false },
	{ "a reset", by_reset, false },
	{ "a recipe of another length", by_recipe, true },
	{ "another size of poison", by_size, true },
	{ "a writable mapping", by_mapping, false },
};

TEST(each_change_wakes_a_waiter_for_it)
{
	SET("alloc_mode", "vmalloc");
	SET("alloc_when", "first_use");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
			const struct change *c = &changes[i];
			pid_t pid;
			int other;

			CASE("%s, %s", c->name, lock);
			if (c->make == by_mapping && !strcmp(lock, "rcu"))
				continue;
			if (c->make == by_size)
				SET("init_mode", "poison");
			SET("buffer_mode", "shared");
			other = open_hello(O_RDWR);
			if (!c->before_use)
				EXPECT_EQ(write(other, "old", 3), 3);
			pid = waiter(open_hello(O_RDWR));
			c->make(other);
			EXPECT(was_woken(pid));
			close_range(other, ~0U, 0);
			SET("buffer_mode", "private");
			SET("init_mode", "zero");
			SET("buffer_size", "4096");
			SET("reset", "1");
		}
	}
}

/* Writes a present page and one whose fault is not served */
struct long_write {
	int fd;
	char *from;
	bool vectors;
	ssize_t ret;
};

static void *write_long(void *arg)
{
	struct long_write *w = arg;
	struct iovec v[2] = { { w->from, PAGE }, { w->from + PAGE, PAGE } };

	w->ret = w->vectors ? writev(w->fd, v, 2) : write(w->fd, w->from, 2 * PAGE);
	return NULL;
}

static void expect_each_unit_wakes(bool vectors)
{
	struct uffdio_register missing = { .range.len = PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct long_write w = { .vectors = vectors };
	pthread_t writer;
	char *unused, got[2 * PAGE];
	const ssize_t page = PAGE;
	ssize_t n, total = 0;
	int uffd, fd;

	uffd = missing_page(&unused);
	w.from = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	missing.range.start = (uintptr_t)w.from + PAGE;
	ASSERT(EXPECT_EQ(ioctl(uffd, UFFDIO_REGISTER, &missing), 0));
	memset(w.from, '1', PAGE);
	memset(buf, '2', PAGE);
	w.fd = open_hello(O_RDWR);
	fd = open_hello(O_RDWR);

	for (int unit = 0; unit < 2; unit++) {
		pid_t pid = waiter(fd);

		if (!unit) {
			pthread_create(&writer, NULL, write_long, &w);
			wait_for_fault(uffd);
		} else {
			answer(uffd, w.from + PAGE, buf);
		}
		EXPECT(was_woken(pid));
		if (unit)
			pthread_join(writer, NULL);
		EXPECT_EQ(events(fd), ALWAYS | POLLPRI);
		EXPECT_EQ(events(w.fd), ALWAYS);	/* the writer's own change is no change for it */
		/* On some architectures a copy ends a few words before the missing page. */
		n = read(fd, got, sizeof(got));
		total += n;
		EXPECT(unit ? total == 2 * page : n > page - 128 && n <= page);
		EXPECT_EQ(got[n - 1], '1' + unit);
	}
	EXPECT_EQ(w.ret, 2 * PAGE);
	EXPECT_EQ(munmap(w.from, 2 * PAGE), 0);
	close_range(uffd, ~0U, 0);
}

TEST(each_unit_of_a_write_that_waits_for_user_memory_wakes_a_waiter)
{
	SET_NUMBER("buffer_size", 2 * PAGE);
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		for (int vectors = 0; vectors < 2; vectors++) {
			CASE("%s, %s", lock, vectors ? "writev" : "write");
			SET("buffer_mode", "shared");
			expect_each_unit_wakes(vectors);
			SET("buffer_mode", "private");
			SET("reset", "1");
		}
	}
}

/* ---- epoll ---- */

static int watch(int fd, uint32_t wanted)
{
	struct epoll_event e = { .events = wanted };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
	return ep;
}

/* The pending events, or 0 */
static uint32_t told(int ep)
{
	struct epoll_event e = { 0 };

	EXPECT(epoll_wait(ep, &e, 1, 0) >= 0);
	return e.events;
}

TEST(an_edge_triggered_waiter_for_data_and_room_is_told_once)
{
	static const char *const modes[] = { "private", "shared" };

	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		int fd, other, ep;

		CASE("%s", modes[m]);
		SET("buffer_mode", modes[m]);
		fd = open_hello(O_RDWR);
		other = open_hello(O_RDWR);
		ep = watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
		EXPECT_EQ(told(ep), EPOLLIN | EPOLLOUT);
		EXPECT_EQ(told(ep), 0);
		EXPECT_EQ(write(fd, buf, 10), 10);
		EXPECT_EQ(told(ep), 0);
		EXPECT_EQ(pread(fd, buf, 100, 0), 10);
		EXPECT_EQ(told(ep), 0);
		EXPECT_EQ(write(fd, buf, 4096), 4096 - 10);
		EXPECT_ERRNO(write(fd, buf, 1), ENOSPC);
		EXPECT_EQ(told(ep), 0);
		EXPECT_EQ(write(other, buf, 10), 10);
		EXPECT_EQ(told(ep), 0);
		close(open_hello(O_WRONLY | O_TRUNC));
		EXPECT_EQ(told(ep), 0);
		SET("reset", "1");
		EXPECT_EQ(told(ep), 0);
	}
}

TEST(an_edge_triggered_waiter_for_changes_is_told_of_each_by_others_and_of_none_of_its_own)
{
	int fd, other, ep;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	ep = watch(fd, EPOLLPRI | EPOLLET);
	EXPECT_EQ(told(ep), 0);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(told(ep), 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(write(other, "y", 1), 1);
		EXPECT_EQ(told(ep), EPOLLPRI);
		EXPECT_EQ(told(ep), 0);		/* reported, but not read */
	}
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(told(ep), 0);
	close(open_hello(O_WRONLY | O_TRUNC));
	EXPECT_EQ(told(ep), EPOLLPRI);
}

/*
 * A loop that writes at each event must end. In shared mode a writer that also waits for
 * EPOLLPRI is woken by its own changes: all opens share one wait queue.
 */
TEST(writes_to_a_private_buffer_wake_no_edge_triggered_waiter_for_everything)
{
	int fd = open_hello(O_RDWR), ep = watch(fd, EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLET);

	EXPECT_EQ(told(ep), EPOLLIN | EPOLLOUT);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(write(fd, "x", 1), 1);
		EXPECT_EQ(told(ep), 0);
	}
}

TEST(a_level_triggered_waiter_is_told_until_it_reads)
{
	int fd, other, ep, pri;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	ep = watch(fd, EPOLLIN | EPOLLOUT | EPOLLPRI);
	pri = watch(fd, EPOLLPRI);
	EXPECT_EQ(told(ep), EPOLLIN | EPOLLOUT);
	EXPECT_EQ(told(pri), 0);
	EXPECT_EQ(write(other, "x", 1), 1);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(told(ep), EPOLLIN | EPOLLOUT | EPOLLPRI);
		EXPECT_EQ(told(pri), EPOLLPRI);
	}
	EXPECT_EQ(read(fd, buf, 10), 1);
	EXPECT_EQ(told(ep), EPOLLIN | EPOLLOUT);
	EXPECT_EQ(told(pri), 0);
}

TEST(EPOLLONESHOT_tells_once_until_it_is_armed_again)
{
	struct epoll_event again = { .events = EPOLLPRI | EPOLLONESHOT };
	int fd, other, ep, data;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	ep = watch(fd, again.events);
	data = watch(fd, EPOLLIN | EPOLLOUT | EPOLLONESHOT);
	EXPECT_EQ(told(data), EPOLLIN | EPOLLOUT);
	EXPECT_EQ(told(ep), 0);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(write(other, "x", 1), 1);
		EXPECT_EQ(told(ep), EPOLLPRI);
		EXPECT_EQ(write(other, "x", 1), 1);
		EXPECT_EQ(told(ep), 0);
		EXPECT_EQ(read(fd, buf, 10), 2);
		EXPECT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &again), 0);
		EXPECT_EQ(told(ep), 0);
	}
	EXPECT_EQ(told(data), 0);
}

TEST(an_epoll_set_survives_the_close_of_what_it_watches)
{
	int fd, copy, other, ep;

	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	other = open_hello(O_RDWR);
	copy = dup(fd);
	ep = watch(fd, EPOLLPRI);
	EXPECT_EQ(told(ep), 0);
	close(fd);				/* the duplicate keeps it in the set */
	EXPECT_EQ(write(other, "x", 1), 1);
	EXPECT_EQ(told(ep), EPOLLPRI);
	SET("buffer_mode", "private");
	SET("reset", "1");
	EXPECT_EQ(told(ep), EPOLLPRI);
	close(copy);
	EXPECT_EQ(told(ep), 0);
	close(other);
	SET("reset", "1");
	EXPECT_EQ(told(ep), 0);
}

/* ---- changes while they are read ---- */

#define BATCH	8

static uint64_t written;	/* by completed writes */
static sem_t caught_up;

/* With two CPUs, reader and writer run on one each. */
static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *write_numbers(void *arg)
{
	uint64_t last = (uintptr_t)arg;
	int fd = open_hello(O_WRONLY);

	run_on(1);
	for (uint64_t n = 1; n <= last; n++) {
		EXPECT_EQ(pwrite(fd, &n, sizeof(n), 0), sizeof(n));
		__atomic_store_n(&written, n, __ATOMIC_RELEASE);
		/* no later change may hide the loss of this one */
		if (n % BATCH == 0)
			while (sem_wait(&caught_up))
				;
	}
	close(fd);
	return NULL;
}

/*
 * Reads, then polls for a different time after each read, so that reads meet each
 * part of a write.
 */
static void watch_numbers(uint64_t last)
{
	uint64_t reads = 0, lost = 0, got = 0, batches = 0;
	int fd = open_hello(O_RDONLY);
	pthread_t writer;

	run_on(0);
	written = 0;
	sem_init(&caught_up, 0, 0);
	pthread_create(&writer, NULL, write_numbers, (void *)(uintptr_t)last);
	while (got < last) {
		EXPECT(pread(fd, &got, sizeof(got), 0) >= 0);
		for (int looks = 1 + reads++ % 8; looks; looks--) {
			uint64_t before = __atomic_load_n(&written, __ATOMIC_ACQUIRE);

			if (events(fd) & POLLPRI)
				break;
			lost += got < before;
			if (got < before)
				break;
		}
		if (got / BATCH > batches) {
			batches = got / BATCH;
			sem_post(&caught_up);
		}
	}
	pthread_join(writer, NULL);
	report(!lost, "%llu of %llu reads returned an old number, and poll had no news",
	       (unsigned long long)lost, (unsigned long long)reads);
	close(fd);
}

TEST(no_change_is_lost_between_a_read_and_a_poll)
{
	SET("buffer_size", "8");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		/* Only rcu publishes contents and the count of changes separately. */
		watch_numbers(volume(strcmp(lock, "rcu") ? 40 : 300) * BATCH);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}
