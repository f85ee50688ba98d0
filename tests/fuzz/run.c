// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/run.c: running sequences: one beside the model, or several at once. Each has
 * a process of its own, which a failure ends.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

/* That an open of another misc device may take, and a sequence, even on a busy machine */
#define OPEN_LIMIT	(10 * slowness())
#define RUN_LIMIT	(120 * slowness())

int slowness(void)
{
	return getenv("HELLO_TEST_SLOW") ? atoi(getenv("HELLO_TEST_SLOW")) : 1;
}

/* Seconds */
double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Root in a container, as it were */
static void drop_cap(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps))
		abort();
	caps[cap / 32].effective &= ~(1U << cap % 32);
	if (syscall(SYS_capset, &head, caps))
		abort();
}

/* The processes of a storm: root, a user, and two that lack a capability, then root again */
static void take_identity(int nth)
{
	if (nth % 5 == 1) {
		if (seteuid(65534))
			abort();
		world.user = true;
	} else if (nth % 5 == 2) {
		drop_cap(CAP_SYS_ADMIN);
	} else if (nth % 5 == 3) {
		drop_cap(CAP_SYS_RESOURCE);
	}
}

static void run_steps(const struct sequence *s, struct outcome *outcome)
{
	world.outcome = outcome;
	for (outcome->step = 0; outcome->step < s->nr; outcome->step++) {
		const struct step *step = &s->steps[outcome->step];

		long calls = world.calls;

		world.op = step->op;
		step->op->run(step->op, step->arg);
		outcome->done += world.calls > calls;
	}
	world_end();
}

static pid_t start(const struct sequence *s, struct outcome *outcome, int nth)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	if (world.storm)
		take_identity(nth);
	run_steps(s, outcome);
	_exit(0);
}

/* Opens another misc device; returns false if that took too long */
static bool others_open(double *longest)
{
	double begin = now(), took;
	int fd = open("/dev/cpu_dma_latency", O_RDWR | O_CLOEXEC);

	took = now() - begin;
	close(fd);
	if (took > *longest)
		*longest = took;
	return took < OPEN_LIMIT;
}

/* In a storm the cap is never lowered; a reload raises it. */
static bool cap_holds(void)
{
	long long live = file_number(HELLO_SYSFS "stats/live_bytes");
	long long cap = file_number(HELLO_SYSFS "max_total_size");

	return !world.storm || cap < 0 || live <= cap;
}

static void blame(struct outcome *outcome, const char *why)
{
	if (outcome->failed)
		return;
	outcome->failed = true;
	snprintf(outcome->why, sizeof(outcome->why), "%s", why);
}

/* Waits for one process; meanwhile other misc devices must open, and the cap hold. */
static void finish(pid_t pid, struct outcome *outcome)
{
	struct pollfd p = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	double end = now() + RUN_LIMIT, longest = 0;
	char why[128];
	int status;

	while (!poll(&p, 1, 100) && now() < end) {
		if (!others_open(&longest))
			blame(outcome, "an open of another misc device took too long");
		if (!cap_holds())
			blame(outcome, "live_bytes exceeds max_total_size");
	}
	if (!poll(&p, 1, 0)) {
		blame(outcome, "the sequence did not end");
		kill(-pid, SIGKILL);
	}
	close(p.fd);
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	snprintf(why, sizeof(why), "its process ended with status 0x%x", status);
	if (status)
		blame(outcome, why);
}

static struct outcome *shared_outcomes(int nr)
{
	struct outcome *o = mmap(NULL, nr * sizeof(*o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (o == MAP_FAILED)
		abort();
	return o;
}

/* The device is as before. */
static void check_quiet(struct outcome *outcome)
{
	char why[128] = "";

	if (access(HELLO_SYSFS, F_OK) && !module_load()) {
		blame(outcome, "the module cannot be loaded");
		return;
	}
	file_write("/sys/devices/system/cpu/cpu1/online", "1", 1);
	/* Knobs that are still set would make the reset fail. */
	device_restore();
	if (!device_is_quiet(outcome->counts_apart, why, sizeof(why)))
		blame(outcome, why);
	file_write(HELLO_DEBUGFS "reset", "1", 1);
}

/* Runs a sequence beside the model; returns false if they differ. */
bool run_sequence(const struct sequence *s, struct outcome *sum)
{
	static struct outcome *outcome;

	if (!outcome)
		outcome = shared_outcomes(1);
	memset(outcome, 0, sizeof(*outcome));
	world.storm = false;
	world_begin();
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, world.socket))
		abort();
	finish(start(s, outcome, 0), outcome);
	close(world.socket[0]);
	close(world.socket[1]);
	check_quiet(outcome);
	*sum = *outcome;
	return !sum->failed;
}

/* Runs sequences at once; returns false if one failed or something is left. */
bool run_storm(struct sequence **s, int nr, struct outcome *sum)
{
	static struct outcome *outcomes;
	pid_t pid[nr];

	if (!outcomes)
		outcomes = shared_outcomes(nr);
	memset(outcomes, 0, nr * sizeof(*outcomes));
	memset(sum, 0, sizeof(*sum));
	world.storm = true;
	world_begin();
	/* Less than all processes ask for */
	setting_write("max_total_size", "1M");
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, world.socket))
		abort();
	for (int i = 0; i < nr; i++)
		pid[i] = start(s[i], &outcomes[i], i);
	for (int i = 0; i < nr; i++) {
		finish(pid[i], &outcomes[i]);
		sum->done += outcomes[i].done;
		if (outcomes[i].failed && !sum->failed) {
			blame(sum, outcomes[i].why);
			sum->step = outcomes[i].step;
		}
	}
	close(world.socket[0]);
	close(world.socket[1]);
	check_quiet(sum);
	return !sum->failed;
}
