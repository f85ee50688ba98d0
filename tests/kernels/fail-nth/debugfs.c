// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kernels/fail-nth/debugfs.c: each allocation and copy fails once in what is
 * written to debugfs: experiments, knobs and the reset of counters.
 */
#include "walk.h"

static const char *file;
static const char *text;

static long do_write_file(void)
{
	char path[128];
	int f, err;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/kernel/debug/hello/%s", file);
	f = open(path, O_WRONLY | O_CLOEXEC);
	if (f < 0)
		return -1;
	n = write(f, text, strlen(text));
	err = errno;
	close(f);
	errno = err;
	return n;
}

TEST(experiments_knobs_and_the_reset_of_counters_fail_clean)
{
	static const struct {
		const char *file;
		const char *text;
	} writes[] = {
		{ "experiment", "alloc count=20 threads=2 pattern=pair" },
		{ "experiment", "alloc alloc_mode=vmalloc count=20 threads=2 pattern=batch batch=5" },
		{ "experiment", "alloc alloc_mode=slab count=20 threads=2 pattern=remote batch=5" },
		{ "experiment", "lock lock_mode=none count=20 threads=2 delay=none" },
		{ "experiment", "lock lock_mode=rcu count=20 threads=2 delay=udelay:1" },
		{ "experiment", "lock lock_mode=mutex count=20 threads=2 delay=mdelay:1" },
		{ "fail/probability", "0" },
		{ "fail/times", "1" },
		{ "fail/nth", "0" },
		{ "reset", "1" },
	};

	get_ready();
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		char name[128];

		file = writes[i].file;
		text = writes[i].text;
		snprintf(name, sizeof(name), "%s: %s", file, text);
		WALK(name, .call = do_write_file);
	}
}
