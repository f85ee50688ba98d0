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

/* Long enough for a debug kernel under emulation: no right driver comes near. */
#define FACT_SECONDS	60
#define KILL_SECONDS	10

static bool suspicious;		/* a fact died or hung: the device may hang from now on */
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
	[ADVANCES]	= { "read-pieces", "" },
	[POSITIONS]	= { "seek", "read-offset" },
	[SEEKS]		= { "seek", "seek-set" },
	[WRITES]	= { "write", "" },
	[STORES]	= { "write", "" },
	[FOLLOWS]	= { "write-pieces", "" },
	[PLACES]	= { "write-offset", "" },
	[APPENDS]	= { "write-append", "" },
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
	grade->path = path;
	grade->destroy = destroy;
	grade->read_flags = -1;
	grade->write_flags = -1;
	/* the children of a child that was killed come to this process */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return true;
}

static const char *missing_trait(const struct fact *fact)
{
	for (int i = 0; i < TRAITS; i++)
		if (fact->needs & NEEDS(i) && !grade->has[i])
			return grade->lacks[i];
	return NULL;
}

static pid_t start(void (*check)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	check();
	_exit(OK);
}

/* Ends all descendants. Returns false if one does not end. */
static bool clear_up(pid_t pid)
{
	kill(-pid, SIGKILL);
	for (int i = 0; i < KILL_SECONDS * 100; i++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
	return false;
}

/* Prints into the finding in which kernel function the process waits, if that is readable. */
static void name_wait(pid_t pid)
{
	char path[64], where[128] = "";
	FILE *from;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	from = fopen(path, "re");
	if (!from)
		return;
	if (fgets(where, sizeof(where), from) && strcmp(where, "0"))
		snprintf(grade->finding + strlen(grade->finding),
			 GRADE_TEXT - strlen(grade->finding), ", in %s", where);
	fclose(from);
}

static enum verdict judge(pid_t pid)
{
	int status = 0;
	bool ended;

	setpgid(pid, pid);
	ended = process_ends(pid, &status, FACT_SECONDS);
	if (!ended) {
		snprintf(grade->finding, GRADE_TEXT, "%.120s did not end in %d s", grade->step,
			 FACT_SECONDS);
		name_wait(pid);
	}
	if (!clear_up(pid)) {
		if (ended)
			snprintf(grade->finding, GRADE_TEXT, "%.120s does not end", grade->step);
		snprintf(grade->finding + strlen(grade->finding),
			 GRADE_TEXT - strlen(grade->finding), ", and SIGKILL does not end it");
		snprintf(hung, sizeof(hung), "a process of an earlier fact cannot be killed");
		return NOT_OK;
	}
	if (!ended) {
		suspicious = true;
		return NOT_OK;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) <= DOES_NOT_APPLY)
		return WEXITSTATUS(status);
	suspicious = true;
	snprintf(grade->finding, GRADE_TEXT, "%.160s: signal %d (%s) killed the process; see dmesg",
		 grade->step, WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	return NOT_OK;
}

/* Calls that most facts make. */
static void use_device(void)
{
	int flags = grade->write_flags >= 0 ? grade->write_flags : grade->read_flags;
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

/* A driver that died with a lock held makes each later call hang, whatever is asked of it. */
static bool device_hangs(const struct fact *last)
{
	pid_t pid = start(use_device);
	int status;

	setpgid(pid, pid);
	if (process_ends(pid, &status, KILL_SECONDS))
		return false;
	clear_up(pid);
	snprintf(hung, sizeof(hung), "the device hangs since the fact %s", last->name);
	return true;
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
	static const struct fact *last;
	const char *reason = missing_trait(fact);
	enum verdict verdict;
	pid_t pid;

	if (!*hung && suspicious && last)
		device_hangs(last);
	suspicious = false;
	if (*hung)
		reason = hung;
	grade->finding[0] = 0;
	if (reason) {
		snprintf(grade->finding, GRADE_TEXT, "%s", reason);
		explain_traits(fact, DOES_NOT_APPLY);
		return DOES_NOT_APPLY;
	}
	step("the start");
	pid = start(fact->check);
	if (pid < 0) {
		snprintf(grade->finding, GRADE_TEXT, "no process: %s", strerror(errno));
		return DOES_NOT_APPLY;
	}
	verdict = judge(pid);
	explain_traits(fact, verdict);
	last = fact;
	return verdict;
}
