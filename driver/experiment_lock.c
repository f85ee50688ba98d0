// SPDX-License-Identifier: GPL-2.0-only
/*
 * The experiment that lets threads contend for a lock: each adds to one counter.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "experiment.h"
#include "experiment_lock.h"
#include "fail.h"
#include "lock.h"
#include "text.h"

enum { WAIT, HOLD };	/* samples */

struct published;

struct experiment {
	struct hello_experiment base;
	int lock_mode;		/* 1 + number in hello_lock_table; 0: none */
	struct hello_lock lock;
	int delay;
	u64 amount;		/* of delay */
	u64 counter;		/* guarded by lock, if there is one */
	struct published __rcu *version;	/* for rcu, in place of counter */
};

/* A counter that rcu publishes; replaced, never changed. */
struct published {
	struct rcu_head rcu;
	u64 counter;
};

static int find_lock(const char *text)
{
	int i = hello_table_find(&hello_lock_table, text);

	return strcmp(text, "none") ? i < 0 ? i : i + 1 : 0;
}

enum { NO_DELAY, UDELAY, MDELAY, MSLEEP, LOCK_MODE };

static const struct hello_experiment_option options[] = {
#define SELECTS(to)		.selects = offsetof(struct experiment, to)
#define NUMBER(to, most)	.number = offsetof(struct experiment, to), .max = most
	[NO_DELAY]	= { "delay=none", SELECTS(delay) },
	[UDELAY]	= { "delay=udelay:", SELECTS(delay), NUMBER(amount, 1000) },
	[MDELAY]	= { "delay=mdelay:", SELECTS(delay), NUMBER(amount, 10) },
	[MSLEEP]	= { "delay=msleep:", SELECTS(delay), NUMBER(amount, 100) },
	[LOCK_MODE]	= { "lock_mode=", SELECTS(lock_mode), .find = find_lock },
};

static const char *name_of(const struct experiment *exp)
{
	return exp->lock_mode ?
	       hello_table_get(&hello_lock_table, exp->lock_mode - 1)->name :
	       "none";
}

static struct experiment *of(struct hello_experiment *base)
{
	return container_of(base, struct experiment, base);
}

static int prepare(struct hello_experiment *base, char *why)
{
	struct experiment *exp = of(base);
	u64 us = exp->delay == UDELAY ? exp->amount : exp->amount * 1000;

	hello_lock_init(&exp->lock,
			exp->lock_mode ? exp->lock_mode - 1 : HELLO_LOCK_MUTEX,
			false);
	if (exp->delay == MSLEEP && hello_lock_spins(&exp->lock))
		return hello_text_invalid(why, "the holder of a spinning lock must not sleep: use udelay or mdelay, or another lock");
	if (us * base->count * base->threads >
	    HELLO_EXPERIMENT_MAX_NS / NSEC_PER_USEC)
		return hello_text_invalid(why, "threads x count x delay is more than 10 seconds; lower one");
	return 0;
}

static void cleanup(struct hello_experiment *base)
{
	kfree(rcu_access_pointer(of(base)->version));
}

static void delay(const struct experiment *exp)
{
	if (exp->delay == UDELAY)
		udelay(exp->amount);
	else if (exp->delay == MDELAY)
		mdelay(exp->amount);
	else if (exp->delay == MSLEEP)
		msleep(exp->amount);
}

/* unsafe_increment() of the tutorials: unlocked, it loses updates meanwhile. */
static bool increment_plain(struct experiment *exp)
{
	u64 counter = READ_ONCE(exp->counter);

	delay(exp);
	WRITE_ONCE(exp->counter, counter + 1);
	return true;
}

/* Copies, updates and publishes; readers keep the old version. */
static bool increment_version(struct experiment *exp)
{
	struct published *old = rcu_dereference_protected(exp->version,
						hello_lock_held(&exp->lock));
	struct published *new;

	new = hello_should_fail() ? NULL : kmalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return false;
	new->counter = old ? old->counter : 0;
	delay(exp);
	new->counter++;
	rcu_assign_pointer(exp->version, new);
	kfree_rcu(old, rcu);
	return true;
}

static void work(struct hello_experiment_worker *worker)
{
	struct experiment *exp = of(worker->exp);
	bool locked = exp->lock_mode;

	for (; worker->done < exp->base.count; worker->done++) {
		u64 asked = ktime_get_ns();
		u64 got, left;
		bool stop;

		if (locked && hello_lock_write(&exp->lock, false))
			return;
		got = ktime_get_ns();
		/* Checked under the lock: a long queue of waiters must not go on. */
		stop = hello_experiment_must_stop(&exp->base, got);
		if (!stop && !(hello_lock_versions(&exp->lock) ?
			       increment_version(exp) : increment_plain(exp)))
			worker->failures++;
		left = ktime_get_ns();
		if (locked)
			hello_unlock_write(&exp->lock);
		if (stop)
			return;
		if (locked) {
			hello_samples_add(&worker->samples[WAIT], got - asked);
			hello_samples_add(&worker->samples[HOLD], left - got);
		}
		cond_resched();
	}
}

static void report(struct hello_experiment *base,
		   const struct hello_experiment_worker *sum)
{
	const struct experiment *exp = of(base);
	const char *delay = options[exp->delay].text + strlen("delay=");
	const struct published *version =
		rcu_dereference_protected(exp->version, true);
	u64 observed = version ? version->counter : exp->counter;
	u64 expected = sum->done - sum->failures;

	seq_buf_printf(base->answer,
		       "lock_mode: %s\nthreads: %llu\ndelay: %.*s:%llu\n"
		       "failures: %llu\nexpected: %llu\nobserved: %llu\nlost: %llu\n"
		       "elapsed_ns: %llu\nns_per_operation: %llu\n",
		       name_of(exp), base->threads, (int)strcspn(delay, ":"),
		       delay, exp->amount, sum->failures, expected, observed,
		       expected - observed, base->ns,
		       sum->done ? div64_u64(base->ns, sum->done) : 0);
}

/* As many threads as CPUs. */
static const struct experiment defaults = {
	.base.count	= 100000,
	.lock_mode	= 1 + HELLO_LOCK_MUTEX,
	.delay		= NO_DELAY,
};

const struct hello_experiment_type hello_experiment_lock = {
	.name		= "lock",
	.usage		= "lock count=1-1000000 threads=1-CPUs lock_mode=none|... delay=none|udelay:1-1000|mdelay:1-10|msleep:1-100",
	.options	= options,
	.nr_options	= ARRAY_SIZE(options),
	.defaults	= &defaults.base,
	.size		= sizeof(struct experiment),
	.worker_size	= sizeof(struct hello_experiment_worker),
	.samples	= { "wait", "hold" },
	.prepare	= prepare,
	.cleanup	= cleanup,
	.work		= work,
	.report		= report,
};
