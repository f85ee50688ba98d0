// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/userfault.c: a page fault that is not served blocks only its own task,
 * under every lock, and the task can be killed.
 */
#include <pthread.h>

#include "missing_page.h"

#define SIZE	4096	/* of a buffer */

static char buf[PAGE_MAX];

static int ready[2];

static void *tell_of_fault(void *arg)
{
	wait_for_fault((int)(intptr_t)arg);
	EXPECT_EQ(write(ready[1], "", 1), 1);
	return NULL;
}

/* Starts a process that blocks in a call; the pipe tells when. */
static pid_t stuck_child(bool reads)
{
	pid_t pid = fork();
	pthread_t t;
	char *page;
	int uffd, fd;

	if (pid)
		return pid;
	uffd = missing_page(&page);
	fd = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(fd, buf, SIZE, 0), SIZE);
	pthread_create(&t, NULL, tell_of_fault, (void *)(intptr_t)uffd);
	if (reads)
		EXPECT(pread(fd, page, SIZE, 0) < -1);	/* it does not come back */
	else
		EXPECT(pwrite(fd, page, SIZE, 0) < -1);
	stop(1);
}

static void nobody_else_waits(const char *mode)
{
	for (int r = 0; r < 2; r++) {
		int status, fd = open_hello(O_RDWR);
		pid_t pid;

		CASE("%s, %s", mode, r ? "read" : "write");
		EXPECT_EQ(pipe(ready), 0);
		pid = stuck_child(r);
		EXPECT_EQ(read(ready[0], buf, 1), 1);

		/* the child is in the middle of its call */
		EXPECT_EQ(pwrite(fd, "others", 6, 0), 6);
		EXPECT_EQ(pread(fd, buf, 6, 0), 6);
		close(open_hello(O_RDWR | O_TRUNC));
		SET("buffer_size", "8192");
		SET("buffer_size", "4096");
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close_range(fd, ~0U, 0);
	}
}

TEST(a_call_that_waits_for_its_users_page_holds_up_nobody)
{
	char *page;

	close(missing_page(&page));	/* or the test ends here */
	nobody_else_waits("private");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		nobody_else_waits(lock);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(a_reader_of_an_answer_whose_page_does_not_come_keeps_no_experiment_from_running)
{
	const char *experiment = "/sys/kernel/debug/hello/experiment", *order = "alloc count=1";
	int fd = open(experiment, O_RDWR | O_CLOEXEC);
	pid_t pid;

	ASSERT(EXPECT(fd >= 0));
	EXPECT_EQ(write(fd, order, strlen(order)), strlen(order));
	EXPECT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		char *page;
		int uffd = missing_page(&page), reader = open(experiment, O_RDONLY | O_CLOEXEC);
		pthread_t t;

		pthread_create(&t, NULL, tell_of_fault, (void *)(intptr_t)uffd);
		EXPECT(read(reader, page, SIZE) < -1);	/* it does not come back */
		stop(1);
	}
	EXPECT_EQ(read(ready[0], buf, 1), 1);
	EXPECT_EQ(write(fd, order, strlen(order)), strlen(order));
	EXPECT_EQ(read(fd, buf, 10), 10);
	EXPECT_MEM(buf, "version: 1", 10);
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	close(fd);
}

struct call {
	int fd;
	char *page;
	ssize_t ret;
};

static void *write_page(void *arg)
{
	struct call *c = arg;

	c->ret = pwrite(c->fd, c->page, SIZE, 0);
	return NULL;
}

TEST(a_call_goes_on_when_the_page_comes)
{
	FOR_EACH_CHOICE(lock, "lock_mode") {
		struct call c;
		char got[SIZE];
		int uffd = missing_page(&c.page);
		pthread_t t;

		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		c.fd = open_hello(O_RDWR);
		memset(buf, 'p', SIZE);
		pthread_create(&t, NULL, write_page, &c);
		wait_for_fault(uffd);
		EXPECT_EQ(pread(c.fd, got, SIZE, 0), 0);
		answer(uffd, c.page, buf);
		pthread_join(t, NULL);
		EXPECT_EQ(c.ret, SIZE);
		EXPECT_EQ(pread(c.fd, got, SIZE, 0), SIZE);
		EXPECT_MEM(got, buf, SIZE);
		close(c.fd);
		close(uffd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

static void *read_page(void *arg)
{
	struct call *c = arg;

	c->ret = pread(c->fd, c->page, SIZE, 0);
	return NULL;
}

/* The first part of the read may be old: the reader must get EPOLLPRI. */
TEST(a_change_in_the_middle_of_a_read_is_news_after_it)
{
	FOR_EACH_CHOICE(lock, "lock_mode") {
		struct pollfd p = { .events = POLLPRI };
		struct call c;
		int uffd = missing_page(&c.page), other;
		pthread_t t;

		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		other = open_hello(O_RDWR);
		EXPECT_EQ(pwrite(other, buf, SIZE, 0), SIZE);
		p.fd = c.fd = open_hello(O_RDWR);
		pthread_create(&t, NULL, read_page, &c);
		wait_for_fault(uffd);
		EXPECT_EQ(pwrite(other, "news", 4, 0), 4);
		answer(uffd, c.page, buf);
		pthread_join(t, NULL);
		EXPECT_EQ(c.ret, SIZE);
		EXPECT_EQ(poll(&p, 1, 0), 1);
		EXPECT_EQ(pread(c.fd, buf, 4, 0), 4);
		EXPECT_EQ(poll(&p, 1, 0), 0);
		close_range(uffd, ~0U, 0);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}
