// SPDX-License-Identifier: GPL-2.0-only
/*
 * The experiment that lets threads contend for a lock: each updates and reads one
 * counter.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/string.h>

#include "counter.h"
#include "experiment.h"
#include "experiment_lock.h"
#include "lock.h"
#include "text.h"

/* Samples; those of the two operations are in the order of enum hello_counter_op. */
enum { WAIT, HOLD, OPERATION };

struct worker {
	struct hello_experiment_worker base;
	struct rnd_state random;
	u32 left[HELLO_COUNTER_OPS];	/* operations to do */
	u64 torn;
	u64 retries;
};

struct experiment {
	struct hello_experiment base;
	int lock_mode;		/* as hello_counter_find() returns it */
	int delay;
	u64 amount;		/* of delay */
	u64 reads;		/* percent of the operations */
	struct hello_counter counter;
};

enum { NO_DELAY, UDELAY, MDELAY, MSLEEP, LOCK_MODE, READS };

static const struct hello_experiment_option options[] = {
#define SELECTS(to)		.selects = offsetof(struct experiment, to)
#define NUMBER(to, most)	.number = offsetof(struct experiment, to), .max = most
	[NO_DELAY]	= { "delay=none", SELECTS(delay) },
	[UDELAY]	= { "delay=udelay:", SELECTS(delay), NUMBER(amount, 1000) },
	[MDELAY]	= { "delay=mdelay:", SELECTS(delay), NUMBER(amount, 10) },
	[MSLEEP]	= { "delay=msleep:", SELECTS(delay), NUMBER(amount, 100) },
	[LOCK_MODE]	= { "lock_mode=", SELECTS(lock_mode), .find = hello_counter_find },
	[READS]		= { "reads=", NUMBER(reads, 100), .zero = true },
};

static struct experiment *of(struct hello_experiment *base)
{
	return container_of(base, struct experiment, base);
}

static struct worker *of_worker(struct hello_experiment_worker *base)
{
	return container_of(base, struct worker, base);
}

/* ---- delays ---- */

static void pause_us(unsigned int us)
{
	udelay(us);
}

static void pause_ms(unsigned int ms)
{
	mdelay(ms);
}

static const struct {
	void (*pause)(unsigned int amount);
	unsigned int us;	/* microseconds of one unit */
} delays[] = {
	[UDELAY]	= { pause_us, 1 },
	[MDELAY]	= { pause_ms, 1000 },
	[MSLEEP]	= { msleep, 1000 },
};

/* ---- the work ---- */

/* Of the first @operations of all threads. */
static u64 reads_of(const struct experiment *exp, u64 operations)
{
	return div_u64(operations * exp->reads, 100);
}

static int prepare(struct hello_experiment *base, char *why)
{
	struct experiment *exp = of(base);
	u64 all = base->count * base->threads;
	u64 us;
	unsigned int i;
	int err;

	/* An earlier word of the order may have set it. */
	if (exp->delay == NO_DELAY)
		exp->amount = 0;
	us = exp->amount * delays[exp->delay].us;
	exp->counter.pause = delays[exp->delay].pause;
	exp->counter.amount = exp->amount;
	err = hello_counter_init(&exp->counter, exp->lock_mode);
	if (err)
		return err;
	if (exp->delay == MSLEEP && exp->counter.spins)
		return hello_text_invalid(why, "the holder of a spinning lock must not sleep: use udelay or mdelay, or another lock");
	if (us * (all - reads_of(exp, all)) > HELLO_EXPERIMENT_MAX_NS / NSEC_PER_USEC)
		return hello_text_invalid(why, "threads x count x delay is more than 10 seconds; lower one, or raise reads");

	/* Each thread does its share of the reads, and all together exactly theirs. */
	for (i = 0; i < base->threads; i++) {
		struct worker *worker = of_worker(hello_experiment_worker(base, i));
		u32 reads = reads_of(exp, (i + 1) * base->count) -
			    reads_of(exp, i * base->count);

		worker->left[HELLO_COUNTER_READ] = reads;
		worker->left[HELLO_COUNTER_UPDATE] = base->count - reads;
		prandom_seed_state(&worker->random, i);
	}
	return 0;
}

static void cleanup(struct hello_experiment *base)
{
	hello_counter_destroy(&of(base)->counter);
}

/* In an order that differs between threads, and is the same in each run. */
static enum hello_counter_op choose(struct worker *worker)
{
	u32 *left = worker->left;
	u32 all = left[HELLO_COUNTER_READ] + left[HELLO_COUNTER_UPDATE];
	enum hello_counter_op op = prandom_u32_state(&worker->random) % all <
				   left[HELLO_COUNTER_READ] ?
				   HELLO_COUNTER_READ : HELLO_COUNTER_UPDATE;

	left[op]--;
	return op;
}

static void operate(struct worker *worker, enum hello_counter_op op)
{
	struct hello_counter *c = &of(worker->base.exp)->counter;

	if (op == HELLO_COUNTER_READ)
		worker->torn += c->kind->read(c, &worker->retries);
	else
		worker->base.failures += !c->kind->update(c);
}

/* Returns false if the thread must end. */
static bool do_one(struct worker *worker, enum hello_counter_op op)
{
	struct hello_samples *samples = worker->base.samples;
	struct experiment *exp = of(worker->base.exp);
	struct hello_counter *c = &exp->counter;
	u64 start = ktime_get_ns(), got = start, left = start;
	bool locks = c->kind->lock[op];
	bool stop;

	if (locks) {
		if (c->kind->lock[op](c))
			return false;
		got = ktime_get_ns();
	}
	/* Checked under the lock: a long queue of waiters must not go on. */
	stop = hello_experiment_must_stop(&exp->base, got);
	if (!stop)
		operate(worker, op);
	if (locks) {
		left = ktime_get_ns();
		c->kind->unlock[op](c);
	}
	if (stop)
		return false;
	hello_samples_add(&samples[OPERATION + op], ktime_get_ns() - start);
	if (locks) {
		hello_samples_add(&samples[WAIT], got - start);
		hello_samples_add(&samples[HOLD], left - got);
	}
	return true;
}

static void work(struct hello_experiment_worker *base)
{
	struct worker *worker = of_worker(base);

	while (base->done < base->exp->count && do_one(worker, choose(worker))) {
		base->done++;
		cond_resched();
	}
}

/* ---- the answer ---- */

/* The clock is read twice more if the operation has a lock. */
static void time_nothing(struct hello_experiment *base,
			 u64 ns[HELLO_EXPERIMENT_SAMPLES])
{
	const struct hello_counter_kind *kind = of(base)->counter.kind;
	enum hello_counter_op op;

	for (op = 0; op < HELLO_COUNTER_OPS; op++) {
		u64 start = ktime_get_ns();

		if (kind->lock[op]) {
			ktime_get_ns();
			ktime_get_ns();
		}
		ns[OPERATION + op] = ktime_get_ns() - start;
	}
}

static void report(struct hello_experiment *base,
		   const struct hello_experiment_worker *sum)
{
	const struct experiment *exp = of(base);
	const struct hello_counter *c = &exp->counter;
	const char *delay = options[exp->delay].text + strlen("delay=");
	u64 updates = sum->samples[OPERATION + HELLO_COUNTER_UPDATE].n;
	u64 expected = updates - sum->failures;
	u64 observed = c->kind->value(c);
	u64 torn = 0, retries = 0;
	unsigned int i;

	for (i = 0; i < base->threads; i++) {
		struct worker *worker = of_worker(hello_experiment_worker(base, i));

		torn += worker->torn;
		retries += worker->retries;
	}
	seq_buf_printf(base->answer,
		       "lock_mode: %s\nthreads: %llu\ndelay: %.*s:%llu\n"
		       "reads: %llu\nwrites: %llu\nfailures: %llu\n"
		       "expected: %llu\nobserved: %llu\nlost: %llu\n",
		       c->name, base->threads, (int)strcspn(delay, ":"), delay,
		       exp->amount, sum->done - updates, updates,
		       sum->failures, expected, observed, expected - observed);
	if (!c->kind->one_word)
		seq_buf_printf(base->answer, "torn: %llu\n", torn);
	seq_buf_printf(base->answer,
		       "retries: %llu\nelapsed_ns: %llu\nns_per_operation: %llu\n",
		       retries, base->ns,
		       sum->done ? div64_u64(base->ns, sum->done) : 0);
}

/* As many threads as CPUs. */
static const struct experiment defaults = {
	.base.count	= 100000,
	.lock_mode	= HELLO_LOCK_MUTEX,
	.delay		= NO_DELAY,
};

const struct hello_experiment_type hello_experiment_lock = {
	.name		= "lock",
	.usage		= "lock count=1-1000000 threads=1-CPUs cpus=LIST reads=0-100 lock_mode=none|... delay=none|udelay:1-1000|mdelay:1-10|msleep:1-100",
	.options	= options,
	.nr_options	= ARRAY_SIZE(options),
	.defaults	= &defaults.base,
	.size		= sizeof(struct experiment),
	.worker_size	= sizeof(struct worker),
	.samples	= { "wait", "hold", "read", "write" },
	.prepare	= prepare,
	.cleanup	= cleanup,
	.work		= work,
	.report		= report,
	.time_nothing	= time_nothing,
};
