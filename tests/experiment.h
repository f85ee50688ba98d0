/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/experiment.h: orders to debugfs experiment, and their answers.
 */
#ifndef HELLO_EXPERIMENT_H
#define HELLO_EXPERIMENT_H

#include "harness.h"

#define DEBUGFS		"/sys/kernel/debug/hello/"
#define EXPERIMENT	DEBUGFS "experiment"

static char answer[16384];

static inline int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ASSERT(report(fd >= 0, "%s: %s", path, strerrorname_np(errno)));
	return fd;
}

/* Returns 0, or -1 with errno if the order was not written as a whole */
static inline int ask(int fd, const char *order)
{
	ssize_t ret = write(fd, order, strlen(order));

	return ret == (ssize_t)strlen(order) ? 0 : -1;
}

/* Reads from the descriptor's position to the end */
static inline const char *rest(int fd)
{
	ssize_t length = 0, n;

	while ((n = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
		length += n;
	EXPECT_EQ(n, 0);
	answer[length] = '\0';
	return answer;
}

/* Runs a valid order; sets answer */
__attribute__((format(printf, 1, 2)))
static inline void run(const char *format, ...)
{
	char order[600];
	va_list args;
	int fd = open_file(EXPERIMENT);

	va_start(args, format);
	vsnprintf(order, sizeof(order), format, args);
	va_end(args);
	ASSERT(report(!ask(fd, order), "'%s': %s", order, strerrorname_np(errno)));
	rest(fd);
	close(fd);
}

/* The line "NAME: VALUE" of the answer, or -1 */
static inline long long field(const char *name)
{
	size_t length = strlen(name);

	for (const char *line = answer; line; line = strchr(line, '\n'), line += !!line)
		if (!strncmp(line, name, length) && line[length] == ':')
			return strtoll(line + length + 2, NULL, 10);
	return -1;
}

/* The number after " KEY " in the line "NAME_ns: ...", or -1 */
static inline long long of_times(const char *name, const char *key)
{
	char start[32], word[32];
	const char *line, *found;

	snprintf(start, sizeof(start), "\n%s_ns: ", name);
	snprintf(word, sizeof(word), " %s ", key);
	line = strstr(answer, start);
	found = line ? strstr(line, word) : NULL;
	return found ? strtoll(found + strlen(word), NULL, 10) : -1;
}

/*
 * The number of allocations without which an order is ENOMEM. Then the first one of its
 * threads fails; sets answer to that of this run.
 */
static inline int own_allocations(const char *order)
{
	int fd = open_file(EXPERIMENT), n = 0;

	fail_nth(1);
	while (n < 20 && ask(fd, order)) {
		EXPECT_EQ(errno, ENOMEM);
		fail_nth(++n + 1);
	}
	fail_nth(0);
	rest(fd);
	close(fd);
	return n;
}

static inline int processors(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Starts a process that runs an order; returns once a second order gets EBUSY */
static inline pid_t run_in_child(const char *order)
{
	int fd = open_file(EXPERIMENT);
	pid_t pid = fork();

	if (!pid) {
		while (ask(fd, order))
			if (errno != EBUSY)
				stop(1);
		stop(0);
	}
	close(fd);
	fd = open_file(EXPERIMENT);
	while (!ask(fd, "alloc count=1")) {
		siginfo_t ended = { };

		/* Without WNOWAIT the caller could not wait for it. */
		waitid(P_PID, pid, &ended, WEXITED | WNOHANG | WNOWAIT);
		ASSERT(report(!ended.si_pid, "'%s' ended before it was seen to run", order));
		sched_yield();
	}
	EXPECT_EQ(errno, EBUSY);
	close(fd);
	return pid;
}

/* Seconds from the kill to the end of the process */
static inline double time_of_kill(const char *order)
{
	pid_t pid = run_in_child(order);
	double start = seconds();
	int status;

	CASE("%s", order);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return seconds() - start;
}

static inline void kill_ends(const char *order)
{
	double took = time_of_kill(order);

	report(took < 6 * env("HELLO_TEST_SLOW"), "it took %.3f s", took);
	CASE("%s", "");
	run("alloc count=1");
}

#endif /* HELLO_EXPERIMENT_H */
