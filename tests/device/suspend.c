// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/suspend.c: processes that use the device can be frozen at any time, as
 * before a suspend, and continue unchanged after a thaw.
 */
#include "harness.h"

#define RECORD	3000

/* Each within a page: a write must be one unit. */
static char buf[RECORD] __attribute__((aligned(4096))), record[RECORD] __attribute__((aligned(4096)));

static int write_power(const char *file, const char *text)
{
	char path[64];
	int fd, n, err;

	snprintf(path, sizeof(path), "/sys/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	err = errno;
	close(fd);
	errno = err;
	return n == (int)strlen(text) ? 0 : -1;
}

/* Freezes and thaws every process; fails if one sleeps with a lock held. */
static void freeze(void)
{
	EXPECT_EQ(write_power("power/state", "freeze"), 0);
}

/* The harness cannot undo this. */
static void prepare(void)
{
	if (access("/sys/power/pm_test", W_OK))
		SKIP("this kernel cannot test its freezer");
	write_power("module/suspend/parameters/pm_test_delay", "0");
	ASSERT(EXPECT_EQ(write_power("power/pm_test", "freezer"), 0));
}

static void finish(void)
{
	EXPECT_EQ(write_power("power/pm_test", "none"), 0);
}

static void write_for_ever(char c)
{
	int fd = open_hello(O_RDWR);

	memset(record, c, sizeof(record));
	while (EXPECT_EQ(pwrite(fd, record, RECORD, 0), RECORD))
		;
	stop(1);
}

static void read_for_ever(void)
{
	int fd = open_hello(O_RDWR);

	while (EXPECT_EQ(pread(fd, record, RECORD, 0), RECORD) &&
	       report(!memcmp(record, record + 1, RECORD - 1), "a torn record"))
		;
	stop(1);
}

static void migrate_for_ever(void)
{
	for (int i = 0;; i++)
		SET("alloc_mode", i % 2 ? "kmalloc" : "vmalloc");
}

TEST(readers_writers_and_migrations_under_any_lock_can_be_frozen_and_go_on)
{
	prepare();
	FOR_EACH_CHOICE(lock, "lock_mode") {
		pid_t pids[5];
		int fd;

		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		fd = open_hello(O_RDWR);
		EXPECT_EQ(pwrite(fd, record, RECORD, 0), RECORD);
		for (int i = 0; i < 5; i++) {
			pids[i] = fork();
			if (pids[i])
				continue;
			if (i < 2)
				write_for_ever('a' + i);
			if (i < 4)
				read_for_ever();
			migrate_for_ever();
		}
		for (int i = 0; i < volume(3); i++)
			freeze();
		for (int i = 0; i < 5; i++) {
			int status;

			/* it still runs: none of its calls has failed */
			EXPECT_EQ(waitpid(pids[i], &status, WNOHANG), 0);
			kill(pids[i], SIGKILL);
			EXPECT_EQ(waitpid(pids[i], &status, 0), pids[i]);
		}
		EXPECT_EQ(pread(fd, buf, RECORD, 0), RECORD);
		EXPECT_MEM(buf, buf + 1, RECORD - 1);
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
		SET("alloc_mode", "kmalloc");
	}
	finish();
}

TEST(buffers_and_mappings_of_every_allocator_are_as_before)
{
	int fds[16], n = 0;
	char *map;

	prepare();
	memset(record, 'r', sizeof(record));
	FOR_EACH_ALLOCATOR(mode) {
		fds[n] = open_hello(O_RDWR);
		EXPECT_EQ(pwrite(fds[n], record, RECORD, 0), RECORD);
		n++;
	}
	use_allocator("pages");
	fds[n] = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(fds[n], record, RECORD, 0), RECORD);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[n], 0);
	ASSERT(EXPECT(map != MAP_FAILED));
	freeze();
	EXPECT_MEM(map, record, RECORD);
	for (int i = 0; i <= n; i++) {
		CASE("buffer %d", i);
		EXPECT_EQ(pread(fds[i], buf, RECORD, 0), RECORD);
		EXPECT_MEM(buf, record, RECORD);
	}
	finish();
}

/* Asleep in poll: frozen, thawed, and still woken by what it waits for */
TEST(a_waiter_in_poll_is_still_woken_after_a_freeze)
{
	struct pollfd p = { .events = POLLPRI };
	int fd, status;
	pid_t pid;

	prepare();
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	/* Opened before the write: poll() reports only later changes. */
	p.fd = open_hello(O_RDONLY);
	pid = fork();
	if (!pid) {
		stop(poll(&p, 1, -1) == 1 && p.revents == POLLPRI ? 0 : 1);
	}
	wait_until_asleep(pid);
	freeze();
	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	EXPECT_EQ(write(fd, "news", 4), 4);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	finish();
}
