// SPDX-License-Identifier: GPL-2.0-only
/*
 * The knobs of fault injection, and the decision which allocation fails.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/random.h>

#include "fail.h"

DEFINE_STATIC_KEY_FALSE(hello_fail_armed);

/* Serializes the knobs with the static key. */
static DEFINE_MUTEX(armed_mutex);

static atomic64_t knobs[HELLO_FAIL_KNOBS] = {
	[HELLO_FAIL_TIMES] = ATOMIC64_INIT(1),
};

static bool nth_strikes(void)
{
	atomic64_t *nth = &knobs[HELLO_FAIL_NTH];

	return atomic64_read(nth) > 0 && atomic64_dec_if_positive(nth) == 0;
}

static bool probability_strikes(void)
{
	atomic64_t *times = &knobs[HELLO_FAIL_TIMES];
	s64 percent = atomic64_read(&knobs[HELLO_FAIL_PROBABILITY]);

	if (get_random_u32() % 100 >= percent)
		return false;
	return atomic64_read(times) < 0 ||
	       atomic64_dec_if_positive(times) >= 0;
}

/* hello_should_fail() while a knob is set. */
bool hello_fail_strikes(void)
{
	return nth_strikes() || probability_strikes();
}

/**
 * hello_fail_set() - set a knob
 * @knob: the knob
 * @value: probability 0 to 100, times -1 or more, nth 0 or more
 *
 * Context: process, may sleep.
 *
 * Return: 0 or -EINVAL.
 */
int hello_fail_set(enum hello_fail_knob knob, s64 value)
{
	if (value < (knob == HELLO_FAIL_TIMES ? -1 : 0) ||
	    (knob == HELLO_FAIL_PROBABILITY && value > 100))
		return -EINVAL;

	mutex_lock(&armed_mutex);
	atomic64_set(&knobs[knob], value);
	if (atomic64_read(&knobs[HELLO_FAIL_PROBABILITY]) ||
	    atomic64_read(&knobs[HELLO_FAIL_NTH]))
		static_branch_enable(&hello_fail_armed);
	else
		static_branch_disable(&hello_fail_armed);
	mutex_unlock(&armed_mutex);
	return 0;
}

/* The value of a knob; times and nth count down. */
s64 hello_fail_get(enum hello_fail_knob knob)
{
	return atomic64_read(&knobs[knob]);
}
