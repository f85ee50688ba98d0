// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks one fact of helloctl grade in a child. The driver may be wrong: the child may be
 * killed by an oops, or wait where even SIGKILL does not reach it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grade_run.h"
#include "output.h"

/* A check that does nothing, and one that works: a debug kernel under emulation takes long. */
#define FACT_SECONDS	60
#define WORK_SECONDS	300

static char hung[GRADE_TEXT];	/* why no further fact is checked */

/*
 * Of each trait, the fact that finds out about it, and one that the device must pass to keep
 * it: where reads ignore the offset, no fact about offsets can be judged.
 */
static const struct {
	const char *found_by;
	const char *kept_by;
} traits[TRAITS] = {
	[READS]		= { "read", "" },
	[ENDS]		= { "read", "read-end" },
	[WRITES]	= { "write", "" },
	[STORES]	= { "write", "" },
	[ADVANCES]	= { "read-pieces", "" },
	[FOLLOWS]	= { "write-pieces", "" },
	[POSITIONS]	= { "seek", "read-offset" },
	[PLACES]	= { "write-offset", "" },
	[SEEKS]		= { "seek", "seek-set" },
	[APPENDS]	= { "write-append", "" },
	[PROMPT_READ]	= { "nonblock-read", "" },
	[PROMPT_WRITE]	= { "nonblock-write", "" },
	[SECOND]	= { "second-open", "" },
	[PRIVATE]	= { "second-open", "" },
	[SHARED]	= { "second-open", "" },
	[CAPACITY]	= { "capacity", "" },
	[MAPS]		= { "mmap", "" },
};

bool grade_start(const char *path, bool destroy)
{
	grade = mmap(NULL, sizeof(*grade), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (grade == MAP_FAILED) {
		fail(NULL, "there is no memory");
		return false;
	}
	fill_pattern(pattern, GRADE_BYTES, 0);
	fill_pattern(other, GRADE_BYTES, 1000);
	grade->path = path;
	grade->destroy = destroy;
	grade->read_flags = -1;
	grade->write_flags = -1;
	return true;
}

static const char *missing_trait(const struct fact *fact)
{
	for (int i = 0; i < TRAITS; i++)
		if (fact->needs & NEEDS(i) && !grade->has[i])
			return grade->lacks[i];
	return NULL;
}

/* Starts a child that dies with this process. */
static pid_t start(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Ends all descendants. Returns false if one does not end. */
static bool clear_up(pid_t pid)
{
	kill(-pid, SIGKILL);
	for (int i = 0; i < GRADE_KILL_SECONDS * 100; i++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	return false;
}

static void add_finding(const char *words)
{
	size_t used = strlen(grade->finding);

	snprintf(grade->finding + used, GRADE_TEXT - used, "%s", words);
}

/* Adds to the finding in which kernel function the process waits, if that is readable. */
static void name_wait(pid_t pid)
{
	char path[64], where[128] = "";
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	from = fopen(path, "re");
	if (!from)
		return;
	if (fgets(where, sizeof(where), from) && strcmp(where, "0")) {
		add_finding(", in ");
		add_finding(where);
	}
	fclose(from);
}

/* Waits for the end of a child. Returns false if it does nothing for @seconds, or works for too long. */
static bool ends_in_time(pid_t pid, int *status, int seconds)
{
	char before[GRADE_STAT] = "", now[GRADE_STAT] = "";
	int quiet = 0, total = 0;

	while (quiet < seconds && total < WORK_SECONDS) {
		if (process_ends(pid, status, 1))
			return true;
		process_state(pid, now);
		quiet = strcmp(now, before) ? 0 : quiet + 1;
		memcpy(before, now, sizeof(before));
		total++;
	}
	return false;
}

/* Runs the check in a child, with a limit. */
static enum verdict judge(void (*check)(void), int seconds)
{
	pid_t pid = start();
	bool cleared;
	int status = 0;

	if (pid < 0)
		return CANNOT_RUN;
	if (!pid) {
		setpgid(0, 0);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		check();
		_exit(OK);
	}
	setpgid(pid, pid);
	grade->late = !ends_in_time(pid, &status, seconds);
	if (grade->late) {
		snprintf(grade->finding, GRADE_TEXT, "%.120s did not end in %d s", grade->step, seconds);
		name_wait(pid);
	}
	cleared = clear_up(pid);
	grade->suspicious = grade->late || !cleared || WIFSIGNALED(status);
	if (grade->late) {
		add_finding(cleared ? "" : ", and SIGKILL does not end it");
		return NOT_OK;
	}
	if (WIFSIGNALED(status)) {
		snprintf(grade->finding, GRADE_TEXT, "%.160s: signal %d (%s) killed the process; see dmesg",
			 grade->step, WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
		return NOT_OK;
	}
	if (!cleared && !grade->stuck) {
		snprintf(grade->finding, GRADE_TEXT, "%.160s does not end by SIGKILL", grade->step);
		return NOT_OK;
	}
	return WEXITSTATUS(status);
}

/*
 * judge() in a process of its own: children of a child that died come to it, and one that
 * cannot be killed is left behind when it ends.
 */
static enum verdict supervise(void (*check)(void), int seconds)
{
	pid_t pid;
	int status;

	grade->stuck = false;
	grade->late = false;
	grade->suspicious = false;
	grade->finding[0] = 0;
	step("the start");
	pid = start();
	if (!pid) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		_exit(judge(check, seconds));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return CANNOT_RUN;
	return WEXITSTATUS(status);
}

/* Calls that most facts make */
static void use_device(void)
{
	int flags = grade->has[WRITES] ? grade->write_flags : grade->read_flags;
	char byte = 0;
	int fd;

	if (flags < 0)
		return;
	fd = open(grade->path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	lseek(fd, 0, SEEK_SET);
	if (grade->has[WRITES])
		(void)!write(fd, &byte, 1);
	if (grade->has[READS])
		(void)!read(fd, &byte, 1);
	close(fd);
}

/* A driver that died with a lock held makes each later call hang: no fact can be judged. */
static void look_for_hang(const struct fact *last)
{
	static char finding[GRADE_TEXT];

	memcpy(finding, grade->finding, GRADE_TEXT);
	supervise(use_device, GRADE_KILL_SECONDS);
	if (grade->late)
		snprintf(hung, sizeof(hung), "the device hangs since the fact %s", last->name);
	memcpy(grade->finding, finding, GRADE_TEXT);
}

/* A fact that did not find out about its traits gives the reason for those after it. */
static void explain_traits(const struct fact *fact, enum verdict verdict)
{
	for (int i = 0; i < TRAITS; i++) {
		if (verdict == NOT_OK && !strcmp(traits[i].kept_by, fact->name))
			grade->has[i] = false;
		else if (strcmp(traits[i].found_by, fact->name) || *grade->lacks[i])
			continue;
		if (verdict == DOES_NOT_APPLY)
			trait_lacks(i, "%s", grade->finding);
		else
			trait_lacks(i, "the fact %s is not ok", fact->name);
	}
}

enum verdict grade_run(const struct fact *fact)
{
	const char *reason = *hung ? hung : missing_trait(fact);
	enum verdict verdict = DOES_NOT_APPLY;

	if (reason)
		snprintf(grade->finding, GRADE_TEXT, "%s", reason);
	else
		verdict = supervise(fact->check, FACT_SECONDS);
	explain_traits(fact, verdict);
	if (!reason && grade->suspicious)
		look_for_hang(fact);
	return verdict;
}
