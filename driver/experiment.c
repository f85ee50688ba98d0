// SPDX-License-Identifier: GPL-2.0-only
/*
 * Experiments: measuring allocators and locks in threads that are bound to CPUs,
 * within the caps and within ten seconds.
 */
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "buffer.h"
#include "context.h"
#include "experiment.h"
#include "fail.h"
#include "lock.h"
#include "recipe.h"
#include "samples.h"
#include "settings.h"
#include "text.h"

#define BLANKS		" \t\n"
#define TIME_MAX_NS	(10ULL * NSEC_PER_SEC)
/* The largest batch in softirq and hardirq, which hold up the CPU. */
#define ATOMIC_BATCH	64

/* ---- the clock ---- */

/* Inlined: the overhead is measured by the same code as the allocator. */
static __always_inline u64 time_alloc(const struct hello_allocator *a,
				      struct hello_mem *mem)
{
	u64 start = ktime_get_ns();

	mem->addr = a->alloc(mem);
	return ktime_get_ns() - start;
}

static __always_inline u64 time_free(const struct hello_allocator *a,
				     struct hello_mem *mem)
{
	u64 start = ktime_get_ns();

	a->free(mem);
	return ktime_get_ns() - start;
}

static void *alloc_nothing(struct hello_mem *mem)
{
	return NULL;
}

static void free_nothing(struct hello_mem *mem)
{
}

/* Its calls cost as much as any indirect call. */
static const struct hello_allocator nothing = {
	.alloc	= alloc_nothing,
	.free	= free_nothing,
};

/* The least overhead of a sample: two readings of the clock, and the call. */
enum cost { CLOCK, ALLOC_CALL, FREE_CALL, NR_COSTS };

static void measure_costs(u64 cost[NR_COSTS])
{
	const struct hello_allocator *a = &nothing;
	struct hello_mem mem = { };
	unsigned int i;

	/* Hides the constant: else the compiler calls directly. */
	OPTIMIZER_HIDE_VAR(a);

	memset64(cost, U64_MAX, NR_COSTS);
	for (i = 0; i < 1000; i++) {
		u64 start = ktime_get_ns();

		cost[CLOCK] = min(cost[CLOCK], ktime_get_ns() - start);
		cost[ALLOC_CALL] = min(cost[ALLOC_CALL], time_alloc(a, &mem));
		cost[FREE_CALL] = min(cost[FREE_CALL], time_free(a, &mem));
		cond_resched();
	}
}

/* ---- threads ---- */

struct experiment;
struct published;

struct worker {
	struct experiment *exp;
	struct task_struct *task;
	unsigned int cpu;
	u64 done;		/* operations, failed ones included */
	u64 failures;
	struct hello_samples samples[2];	/* allocs and frees, or waits and holds */

	/* alloc: a batch */
	struct hello_mem *mems;
	unsigned int n;		/* tried so far */
	unsigned int alloc_cpu;	/* that allocated it */
};

struct experiment {
	/* the type of experiment */
	const char *name;
	const char *usage;
	bool takes_recipe;
	int (*prepare)(struct experiment *exp);
	void (*work)(struct worker *worker);
	void (*report)(struct experiment *exp, const struct worker *sum);
	const char *samples[2];	/* names of worker.samples */
	enum cost cost[2];	/* overhead of each */

	struct seq_buf *answer;
	u64 count;		/* operations of each thread */
	u64 threads;
	struct worker *workers;
	u64 start_ns;
	u64 ns;			/* elapsed since start_ns */
	bool stop;
	atomic_t ready;
	atomic_t running;
	struct completion ended;

	/* alloc */
	struct hello_recipe recipe;
	const struct hello_allocator *allocator;
	int pattern;
	u64 batch;
	struct hello_mem *mems;	/* the batches of all workers */
	unsigned int reserved;	/* buffers, against the caps */

	/* lock */
	int lock_mode;		/* number in hello_lock_table; negative for none */
	struct hello_lock lock;
	int delay;
	u64 amount;		/* of delay */
	u64 counter;		/* guarded by lock, if there is one */
	struct published __rcu *version;	/* for rcu, in place of counter */
};

static int reject(struct experiment *exp, const char *reason)
{
	pr_notice_ratelimited("experiment: %s\n", reason);
	seq_buf_printf(exp->answer, "error: %s\n", reason);
	return -EINVAL;
}

/* The options of an order, besides the words of a recipe. */
enum {
	COUNT, THREADS, PAIR, BATCH, REMOTE, BATCH_SIZE, LOCK_MODE,
	NO_DELAY, UDELAY, MDELAY, MSLEEP,
};

static const struct option {
	const char *text;	/* a number follows if there is a max */
	const char *experiment;	/* that takes it; NULL: all */
	size_t selects;		/* offset of the member that is set to the option */
	size_t number;		/* offset of the member that is set to the number */
	u64 max;
	u64 us;			/* microseconds of one unit of a delay */
} options[] = {
#define SELECTS(to)		.selects = offsetof(struct experiment, to)
#define NUMBER(to, most)	.number = offsetof(struct experiment, to), .max = most
	[COUNT]		= { "count=", NULL, NUMBER(count, 1000000) },
	[THREADS]	= { "threads=", NULL, NUMBER(threads, UINT_MAX) },
	[PAIR]		= { "pattern=pair", "alloc", SELECTS(pattern) },
	[BATCH]		= { "pattern=batch", "alloc", SELECTS(pattern) },
	[REMOTE]	= { "pattern=remote", "alloc", SELECTS(pattern) },
	[BATCH_SIZE]	= { "batch=", "alloc", NUMBER(batch, 4096) },
	[LOCK_MODE]	= { "lock_mode=", "lock" },
	[NO_DELAY]	= { "delay=none", "lock", SELECTS(delay) },
	[UDELAY]	= { "delay=udelay:", "lock", SELECTS(delay), NUMBER(amount, 1000), 1 },
	[MDELAY]	= { "delay=mdelay:", "lock", SELECTS(delay), NUMBER(amount, 10), 1000 },
	[MSLEEP]	= { "delay=msleep:", "lock", SELECTS(delay), NUMBER(amount, 100), 1000 },
};

/* The online CPU after @cpu; after the last one, the first. */
static unsigned int cpu_after(int cpu)
{
	unsigned int next = cpumask_next(cpu, cpu_online_mask);

	return next < nr_cpu_ids ? next : cpumask_first(cpu_online_mask);
}

/* No subtraction: another thread may set start_ns after @now was read. */
static bool must_stop(const struct experiment *exp, u64 now)
{
	return READ_ONCE(exp->stop) ||
	       now > READ_ONCE(exp->start_ns) + TIME_MAX_NS;
}

static int worker_thread(void *arg)
{
	struct worker *worker = arg;
	struct experiment *exp = worker->exp;

	/* Wait for all threads: else they would hardly contend. */
	if (atomic_inc_return(&exp->ready) == exp->threads)
		WRITE_ONCE(exp->start_ns, ktime_get_ns());
	while (atomic_read(&exp->ready) < exp->threads &&
	       !must_stop(exp, ktime_get_ns())) {
		cpu_relax();
		cond_resched();
	}

	exp->work(worker);
	if (atomic_dec_and_test(&exp->running)) {
		exp->ns = ktime_get_ns() - exp->start_ns;
		complete(&exp->ended);
	}
	return 0;
}

/* Runs all threads and waits for them; a kill stops them early. */
static int run_threads(struct experiment *exp)
{
	unsigned int created;
	int cpu = -1;
	int err = 0;

	init_completion(&exp->ended);
	atomic_set(&exp->running, exp->threads);
	exp->start_ns = ktime_get_ns();
	for (created = 0; created < exp->threads; created++) {
		struct worker *worker = &exp->workers[created];

		worker->exp = exp;
		worker->task = kthread_create(worker_thread, worker, "hello/%u",
					      created);
		err = PTR_ERR_OR_ZERO(worker->task);
		if (err)
			break;
		cpus_read_lock();
		cpu = cpu_after(cpu);
		worker->cpu = cpu;
		kthread_bind(worker->task, cpu);
		cpus_read_unlock();
		/* kthread_stop() may come after the thread has exited. */
		get_task_struct(worker->task);
		wake_up_process(worker->task);
	}
	if (!err && wait_for_completion_killable(&exp->ended))
		err = -EINTR;
	WRITE_ONCE(exp->stop, true);
	/* The module must not be unloaded under them. */
	while (created--) {
		kthread_stop(exp->workers[created].task);
		put_task_struct(exp->workers[created].task);
	}
	return err;
}

/* ---- alloc ---- */

static int prepare_alloc(struct experiment *exp)
{
	struct hello_mem mem = { .recipe = exp->recipe };
	unsigned int n, i;
	const char *cap;
	int err;

	if (exp->pattern == REMOTE && num_online_cpus() < 2)
		return reject(exp, "pattern=remote frees on another CPU, and there is one only");
	if (exp->pattern == PAIR)
		exp->batch = 1;
	else if (hello_context_atomic(exp->recipe.alloc_context))
		exp->batch = min_t(u64, exp->batch, ATOMIC_BATCH);
	n = exp->threads * exp->batch;

	/* Kernel threads are in the root cgroup. */
	mem.recipe.mask &= ~__GFP_ACCOUNT;
	exp->mems = hello_should_fail() ? NULL :
		     kvmalloc_array(n, sizeof(mem), GFP_KERNEL);
	if (!exp->mems)
		return -ENOMEM;
	err = hello_buffer_prepare(&exp->recipe);
	if (err)
		return err;
	exp->allocator = hello_allocator_of(&mem);
	hello_alloc_lookup(exp->allocator, &mem);
	for (i = 0; i < n; i++)
		exp->mems[i] = mem;
	for (i = 0; i < exp->threads; i++)
		exp->workers[i].mems = &exp->mems[i * exp->batch];

	cap = hello_buffer_reserve(&exp->recipe, n);
	if (cap) {
		seq_buf_printf(exp->answer, "error: threads x batch buffers are more than %s\n",
			       cap);
		return -ENOMEM;
	}
	exp->reserved = n;
	return 0;
}

/* Called in the context of the recipe. */
static void alloc_batch(void *arg)
{
	struct worker *worker = arg;
	const struct experiment *exp = worker->exp;
	bool atomic = hello_context_atomic(exp->recipe.alloc_context);
	u64 wanted = min(exp->batch, exp->count - worker->done);

	worker->alloc_cpu = raw_smp_processor_id();
	for (worker->n = 0; worker->n < wanted; worker->n++) {
		struct hello_mem *mem = &worker->mems[worker->n];
		u64 ns;

		if (must_stop(exp, ktime_get_ns()))
			break;
		ns = hello_should_fail() ? 0 : time_alloc(exp->allocator, mem);
		/* The time of a failure is no sample. */
		if (mem->addr)
			hello_samples_add(&worker->samples[0], ns);
		else
			worker->failures++;
		if (!atomic)
			cond_resched();
	}
}

static void free_batch(struct worker *worker)
{
	unsigned int i;

	for (i = 0; i < worker->n; i++) {
		struct hello_mem *mem = &worker->mems[i];

		if (mem->addr)
			hello_samples_add(&worker->samples[1],
					  time_free(worker->exp->allocator, mem));
		mem->addr = NULL;
		cond_resched();
	}
}

/*
 * If @cpu is offline, the thread stays where it is. Holds off hotplug: with
 * PREEMPT_RT the scheduler warns if the CPU goes offline during the migration.
 */
static void go_to(unsigned int cpu)
{
	cpus_read_lock();
	if (cpu_online(cpu))
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
	cpus_read_unlock();
}

static void work_alloc(struct worker *worker)
{
	const struct experiment *exp = worker->exp;

	while (worker->done < exp->count && !must_stop(exp, ktime_get_ns())) {
		hello_context_run(exp->recipe.alloc_context, alloc_batch,
				  worker);
		if (exp->pattern == REMOTE)
			go_to(cpu_after(worker->alloc_cpu));
		free_batch(worker);
		if (exp->pattern == REMOTE)
			go_to(worker->cpu);
		worker->done += worker->n;
		cond_resched();
	}
}

static void report_alloc(struct experiment *exp, const struct worker *sum)
{
	char recipe[HELLO_RECIPE_MAX];

	hello_recipe_print(&exp->recipe, recipe, sizeof(recipe));
	seq_buf_printf(exp->answer,
		       "recipe: %s\npattern: %s\nthreads: %llu\nbatch: %llu\n"
		       "count: %llu\nfailures: %llu\nelapsed_ns: %llu\n",
		       recipe, options[exp->pattern].text + strlen("pattern="), exp->threads,
		       exp->batch, sum->done, sum->failures, exp->ns);
}

/* ---- lock ---- */

/* A counter that rcu publishes; replaced, never changed. */
struct published {
	struct rcu_head rcu;
	u64 counter;
};

static int prepare_lock(struct experiment *exp)
{
	u64 us = exp->amount * options[exp->delay].us;

	hello_lock_init(&exp->lock, max(exp->lock_mode, HELLO_LOCK_MUTEX),
			false);
	if (exp->delay == MSLEEP && hello_lock_spins(&exp->lock))
		return reject(exp, "the holder of a spinning lock must not sleep: use udelay or mdelay, or another lock");
	if (us * exp->count * exp->threads > TIME_MAX_NS / NSEC_PER_USEC)
		return reject(exp, "threads x count x delay is more than 10 seconds; lower one");
	return 0;
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

static void work_lock(struct worker *worker)
{
	struct experiment *exp = worker->exp;
	bool locked = exp->lock_mode >= 0;

	for (; worker->done < exp->count; worker->done++) {
		u64 asked = ktime_get_ns();
		u64 got, left;
		bool stop;

		if (locked && hello_lock_write(&exp->lock, false))
			return;
		got = ktime_get_ns();
		/* Checked under the lock: a long queue of waiters must not go on. */
		stop = must_stop(exp, got);
		if (!stop && !(hello_lock_versions(&exp->lock) ?
			       increment_version(exp) : increment_plain(exp)))
			worker->failures++;
		left = ktime_get_ns();
		if (locked)
			hello_unlock_write(&exp->lock);
		if (stop)
			return;
		if (locked) {
			hello_samples_add(&worker->samples[0], got - asked);
			hello_samples_add(&worker->samples[1], left - got);
		}
		cond_resched();
	}
}

static void report_lock(struct experiment *exp, const struct worker *sum)
{
	const char *delay = options[exp->delay].text + strlen("delay=");
	const struct published *version =
		rcu_dereference_protected(exp->version, true);
	u64 observed = version ? version->counter : exp->counter;
	u64 expected = sum->done - sum->failures;

	seq_buf_printf(exp->answer,
		       "lock_mode: %s\nthreads: %llu\ndelay: %.*s:%llu\n"
		       "failures: %llu\nexpected: %llu\nobserved: %llu\nlost: %llu\n"
		       "elapsed_ns: %llu\nns_per_operation: %llu\n",
		       exp->lock_mode < 0 ? "none" :
		       hello_table_get(&hello_lock_table, exp->lock_mode)->name,
		       exp->threads, (int)strcspn(delay, ":"), delay, exp->amount,
		       sum->failures, expected, observed, expected - observed,
		       exp->ns, sum->done ? div64_u64(exp->ns, sum->done) : 0);
}

/* ---- parsing an order ---- */

static const struct experiment types[] = {
	{
		.name = "alloc",
		.usage = "alloc [words of a recipe] count=1-1000000 threads=1-CPUs pattern=pair|batch|remote batch=1-4096",
		.takes_recipe = true,
		.prepare = prepare_alloc,
		.work = work_alloc,
		.report = report_alloc,
		.samples = { "alloc", "free" },
		.cost = { ALLOC_CALL, FREE_CALL },
		.count = 1000,
		.threads = 1,
		.pattern = PAIR,
		.batch = 16,
	}, {
		.name = "lock",
		.usage = "lock count=1-1000000 threads=1-CPUs lock_mode=none|... delay=none|udelay:1-1000|mdelay:1-10|msleep:1-100",
		.prepare = prepare_lock,
		.work = work_lock,
		.report = report_lock,
		.samples = { "wait", "hold" },
		.cost = { CLOCK, CLOCK },
		.count = 100000,
		.delay = NO_DELAY,	/* and as many threads as CPUs */
	},
};

static const struct option *find_option(const char *text, const char *experiment)
{
	const struct option *o;

	for (o = options; o < options + ARRAY_SIZE(options); o++)
		if (str_has_prefix(text, o->text) &&
		    (!o->experiment || !strcmp(o->experiment, experiment)))
			return o;
	return NULL;
}

/* Applies an option; @rest is the text after its own. */
static bool apply_option(struct experiment *exp, const struct option *option,
			 const char *rest)
{
	u64 *number = (void *)exp + option->number;

	if (option->selects)
		*(int *)((void *)exp + option->selects) = option - options;
	if (option->max)
		return !kstrtoull(rest, 10, number) && *number &&
		       *number <= option->max;
	if (option != &options[LOCK_MODE])
		return !*rest;
	exp->lock_mode = hello_table_find(&hello_lock_table, rest);
	return exp->lock_mode >= 0 || !strcmp(rest, "none");
}

static int parse_word(struct experiment *exp, char *text)
{
	const struct option *option = find_option(text, exp->name);
	char shown[HELLO_TEXT_ESCAPED(40)];
	char why[HELLO_WHY_MAX];

	if (option && apply_option(exp, option, text + strlen(option->text)))
		return 0;
	if (option || !exp->takes_recipe)
		snprintf(why, sizeof(why), "no '%s' here: %s",
			 hello_text_escape(shown, sizeof(shown), text),
			 exp->usage);
	else if (!hello_recipe_parse(text, &exp->recipe, why))
		return 0;
	return reject(exp, why);
}

/* Defaults are those of the type and, for a recipe, the tunables. */
static int parse_order(struct experiment *exp, char *text)
{
	struct hello_settings settings;
	char why[HELLO_WHY_MAX];
	char *word;
	int err;

	hello_settings_get(&settings);
	exp->recipe = settings.recipe;
	while ((word = strsep(&text, BLANKS))) {
		err = *word ? parse_word(exp, word) : 0;
		if (err)
			return err;
	}
	if (!exp->threads)
		exp->threads = num_online_cpus();
	if (exp->threads > num_online_cpus())
		return reject(exp, "there are not so many CPUs online; lower threads");
	if (exp->takes_recipe &&
	    hello_recipe_check(&exp->recipe, settings.max_buffer_size, why))
		return reject(exp, why);
	return 0;
}

/* ---- printing the answer ---- */

static u64 percentile(const struct hello_samples *s, unsigned int permille,
		      u64 cost)
{
	return hello_samples_net(hello_samples_percentile(s, permille), cost);
}

static void print_samples(struct seq_buf *answer, const char *name,
			  const struct hello_samples *s, u64 cost)
{
	u64 mean = div64_u64(s->sum + s->n / 2, max(s->n, 1ULL));

	seq_buf_printf(answer, "%s_ns: n %llu min %llu mean %llu p50 %llu p90 %llu p99 %llu p99.9 %llu max %llu\n",
		       name, s->n, hello_samples_net(s->min, cost),
		       hello_samples_net(mean, cost), percentile(s, 500, cost),
		       percentile(s, 900, cost), percentile(s, 990, cost),
		       percentile(s, 999, cost), hello_samples_net(s->max, cost));
}

/* By powers of two, as in debugfs latency. */
static void print_histogram(struct seq_buf *answer, const struct hello_samples *s,
			    u64 cost)
{
	u64 bucket[HELLO_SAMPLES_BUCKETS];
	unsigned int i;

	hello_samples_buckets(s, cost, bucket);
	seq_buf_printf(answer, "from_ns count\n");
	for (i = 0; i < ARRAY_SIZE(bucket); i++)
		if (bucket[i])
			seq_buf_printf(answer, "%llu %llu\n",
				       i ? 1ULL << i : 0, bucket[i]);
}

/* Sums all workers in the first one. */
static struct worker *sum_workers(struct experiment *exp)
{
	struct worker *sum = exp->workers;
	const struct worker *w;
	unsigned int i;

	for (w = sum + 1; w < sum + exp->threads; w++) {
		sum->done += w->done;
		sum->failures += w->failures;
		for (i = 0; i < 2; i++)
			hello_samples_merge(&sum->samples[i], &w->samples[i]);
	}
	return sum;
}

static void report(struct experiment *exp)
{
	const struct worker *sum = sum_workers(exp);
	u64 cost[NR_COSTS];
	unsigned int i;

	measure_costs(cost);
	seq_buf_printf(exp->answer, "version: 1\nexperiment: %s\n", exp->name);
	exp->report(exp, sum);
	seq_buf_printf(exp->answer,
		       "clock: ktime_get_ns\nclock_overhead_ns: %llu\n"
		       "clock_resolution_ns: %u\n",
		       cost[CLOCK], max(ktime_get_resolution_ns(), 1U));
	for (i = 0; i < 2; i++)
		seq_buf_printf(exp->answer, "%s_overhead_ns: %llu\n",
			       exp->samples[i], cost[exp->cost[i]]);
	for (i = 0; i < 2; i++)
		print_samples(exp->answer, exp->samples[i], &sum->samples[i],
			      cost[exp->cost[i]]);
	if (exp->mems)
		print_histogram(exp->answer, &sum->samples[0], cost[ALLOC_CALL]);
}

/**
 * hello_experiment_run() - run an experiment
 * @text: "alloc WORD=VALUE ..." or "lock WORD=VALUE ..."; it is written to
 * @answer: the result, or the reason of a failure
 *
 * Context: process, sleeps up to ten seconds. The caller serializes.
 *
 * Return: 0, -EINVAL, -ENOMEM if a cap would be exceeded, -EINTR if killed.
 */
int hello_experiment_run(char *text, struct seq_buf *answer)
{
	const char *name = strsep(&text, BLANKS);
	const struct experiment *type = types;
	struct experiment *exp;
	int err;

	while (type < types + ARRAY_SIZE(types) && strcmp(name, type->name))
		type++;
	if (type == types + ARRAY_SIZE(types)) {
		seq_buf_printf(answer, "error: an experiment begins with alloc or lock\n");
		return -EINVAL;
	}
	exp = hello_should_fail() ? NULL : kmemdup(type, sizeof(*type), GFP_KERNEL);
	if (!exp)
		return -ENOMEM;
	exp->answer = answer;
	err = parse_order(exp, text);
	if (err)
		goto free_exp;
	exp->workers = hello_should_fail() ? NULL :
			kvcalloc(exp->threads, sizeof(*exp->workers),
				 GFP_KERNEL);
	err = exp->workers ? exp->prepare(exp) : -ENOMEM;
	if (!err)
		err = run_threads(exp);
	if (!err)
		report(exp);

	hello_buffer_release(&exp->recipe, exp->reserved);
	kfree(rcu_access_pointer(exp->version));
	kvfree(exp->mems);
	kvfree(exp->workers);
free_exp:
	kfree(exp);
	return err;
}
