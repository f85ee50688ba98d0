/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/kernels/fail-nth/walk.h: on the debug kernel, fails each allocation and each
 * copy of a call once; the call must return the error, change nothing, and work when retried.
 *
 * By default the injectors skip GFP_KERNEL and single pages: turn that off. A read of
 * the fail-nth file consumes a fault itself: count faults by the injectors' `times`.
 */
#ifndef HELLO_WALK_H
#define HELLO_WALK_H

#include "../../harness.h"
#include <linux/hello.h>
#include <sys/ioctl.h>

#define LENGTH	5000	/* contents of the buffer that the calls work on */

static const char *const injectors[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
static int nth_fd = -1;
static int fd = -1;
static char contents[3 * LENGTH];
static char scratch[3 * LENGTH];

static inline void knob(const char *injector, const char *name, const char *value, bool must)
{
	char path[128];
	int f, n;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", injector, name);
	f = open(path, O_WRONLY | O_CLOEXEC);
	if (f < 0 && !must)
		return;
	n = write(f, value, strlen(value));
	ASSERT(report(n == (int)strlen(value), "cannot write %s to %s: is this the debug kernel?", value, path));
	close(f);
}

static inline long times_left(void)
{
	long sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(injectors); i++) {
		char path[128], text[32] = "";
		int f;

		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", injectors[i]);
		f = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT(EXPECT(read(f, text, sizeof(text) - 1) > 0));
		close(f);
		sum += atol(text);
	}
	return sum;
}

static inline void get_ready(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(injectors); i++) {
		knob(injectors[i], "verbose", "0", true);
		knob(injectors[i], "task-filter", "Y", true);
		knob(injectors[i], "ignore-gfp-wait", "N", i < 2);
		knob(injectors[i], "min-order", "0", i == 1);
		knob(injectors[i], "times", "1000000000", true);
	}
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT(EXPECT(nth_fd >= 0));
	for (size_t i = 0; i < sizeof(contents); i++)
		contents[i] = 'a' + i % 23;
}

/* The state that a failed call must not change. */
static inline const char *state(void)
{
	static char ring[2][65536];
	static int at;
	char *text = ring[at++ % 2];
	size_t n = 0, size = sizeof(ring[0]);
	struct hello_info info = { .size = sizeof(info) };
	unsigned long sum = 0;
	ssize_t got;

	for (int i = 0; i < nr_tunables; i++)
		n += snprintf(text + n, size - n, "%s=%s\n", tunables[i].name, get_text(tunables[i].name));
	for (int i = 0; i < 3; i++)
		n += snprintf(text + n, size - n, "%s=%s\n", live_files[i], get_text(live_files[i]));
	if (fd < 0)
		return text;

	ASSERT(EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &info), 0));
	got = pread(fd, scratch, sizeof(scratch), 0);
	for (ssize_t i = 0; i < got; i++)
		sum = sum * 31 + (unsigned char)scratch[i];
	snprintf(text + n, size - n, "at %ld capacity %llu length %llu recipe %s contents %zd %lx\n",
		 lseek(fd, 0, SEEK_CUR), info.capacity, info.length, info.recipe, got, sum);
	return text;
}

static inline void arm(int n)
{
	char text[16];

	ASSERT(EXPECT(pwrite(nth_fd, text, snprintf(text, sizeof(text), "%d", n), 0) > 0));
}

/* True if the fault had not struck before: this write may have consumed it. */
static inline bool disarm(void)
{
	bool pending = false;

	while (pwrite(nth_fd, "0", 1, 0) != 1)
		pending = true;
	return pending;
}

struct step {
	long (*prepare)(void);	/* before each try, with no fault */
	long (*call)(void);	/* negative with errno is a failure */
	long (*undo)(void);	/* after a try that worked, for the next */
	int skip;		/* faults that are none of ours */
	int stride;		/* step of the walk, if a try is slow; 0 means 1 */
};

/* Fails the 1st, 2nd, ... allocation or copy of the call, until none is left. */
static inline int walk(const char *what, const struct step *step)
{
	char name[128];
	int struck = 0, failed = 0, n;

	for (n = 1 + step->skip;; n += step->stride ?: 1) {
		const char *before, *after;
		long left, ret;
		bool pending;
		int err;

		snprintf(name, sizeof(name), "%s, fault %d", what, n);
		CASE("%s", name);
		if (step->prepare)
			ASSERT(EXPECT(step->prepare() >= 0));
		before = state();
		left = times_left();
		arm(n);
		errno = 0;
		ret = step->call();
		err = errno;
		pending = disarm() || times_left() == left;
		if (ret < 0) {
			after = state();
			failed++;
			report(err == ENOMEM || err == EFAULT || err == EINTR, "failed with %s", strerrorname_np(err));
			report(!strcmp(before, after), "changed something:\n# was %s# is %s", before, after);
			ret = step->call();
			report(ret >= 0, "fails when retried: %s", strerrorname_np(errno));
		}
		if (step->undo)
			ASSERT(EXPECT(step->undo() >= 0));
		if (pending)
			break;
		struck++;
	}
	CASE("%s", what);
	printf("# %s: %d faults, %d made it fail\n", what, struck, failed);
	return struck;
}

/* A walk without faults would prove nothing. */
#define WALK(what, ...)	EXPECT(walk(what, &(struct step) { __VA_ARGS__ }) > 0)

/* -- the device ------------------------------------------------------------- */

static inline long open_it(void)
{
	fd = try_open(O_RDWR);
	return fd;
}

static inline long close_it(void)
{
	int ret = close(fd);

	fd = -1;
	return ret;
}

/* A device with known contents, at their start. */
static inline long fresh(void)
{
	if (open_it() < 0 || write(fd, contents, LENGTH) != LENGTH)
		return -1;
	return lseek(fd, 0, SEEK_SET);
}

static inline long do_write(void)
{
	return write(fd, contents + 1, LENGTH);
}

static inline long close_and_reset(void)
{
	return close_it() ?: set("reset", "1");
}

#endif /* HELLO_WALK_H */
