// SPDX-License-Identifier: GPL-2.0-only
/*
 * Experiments: measuring allocators and locks on the user's own kernel, in
 * threads that are bound to CPUs, within the caps and within ten seconds.
 */
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
/* Allocations in one go where nothing else can run meanwhile. */
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

/* Not in the table of allocators: to call it costs what the indirect call costs. */
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

	/* A constant would be called directly. */
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
struct version;

struct worker {
	struct experiment *exp;
	struct task_struct *task;
	unsigned int cpu;
	u64 done;		/* operations */
	u64 failures;		/* of them, those that failed */
	struct hello_samples samples[2];	/* allocs and frees, or waits and holds */

	/* alloc: a batch */
	struct hello_mem *mems;
	unsigned int n;		/* tried so far */
	unsigned int made_on;	/* a CPU */
};

/* An order, and what its threads work on. */
struct experiment {
	/* The kind of experiment. */
	const char *name;
	const char *usage;	/* for who orders what cannot be */
	bool takes_recipe;
	int (*prepare)(struct experiment *exp);
	void (*work)(struct worker *worker);
	void (*report)(struct experiment *exp, const struct worker *sum);
	const char *samples[2];	/* names of a worker's samples */
	enum cost cost[2];	/* that is no part of them */

	struct seq_buf *answer;
	u64 count;		/* operations of each thread */
	u64 threads;
	struct worker *workers;
	u64 start_ns;
	u64 ns;			/* from the last start to the last end */
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
	unsigned int reserved;	/* of them, against the caps */

	/* lock */
	int lock_mode;		/* number in hello_lock_table; negative for none */
	struct hello_lock lock;
	int delay;
	u64 amount;		/* of delay */
	u64 counter;		/* guarded by lock, or by nothing */
	struct version __rcu *version;	/* instead of counter, for rcu */
};

static int refuse(struct experiment *exp, const char *reason)
{
	pr_notice_ratelimited("experiment: %s\n", reason);
	seq_buf_printf(exp->answer, "error: %s\n", reason);
	return -EINVAL;
}

/* What can be said in an order, beside the words of a recipe. */
enum {
	COUNT, THREADS, PAIR, BATCH, REMOTE, BATCH_SIZE, LOCK_MODE,
	NO_DELAY, UDELAY, MDELAY, MSLEEP,
};

static const struct word {
	const char *text;	/* with a max, a number follows */
	const char *kind;	/* whose it is; NULL for all */
	size_t choice;		/* where in struct experiment it is noted */
	size_t number;		/* where the number goes */
	u64 max;
	u64 us;			/* that one of number takes */
} words[] = {
#define CHOICE(to)		.choice = offsetof(struct experiment, to)
#define NUMBER(to, most)	.number = offsetof(struct experiment, to), .max = most
	[COUNT]		= { "count=", NULL, NUMBER(count, 1000000) },
	[THREADS]	= { "threads=", NULL, NUMBER(threads, UINT_MAX) },
	[PAIR]		= { "pattern=pair", "alloc", CHOICE(pattern) },
	[BATCH]		= { "pattern=batch", "alloc", CHOICE(pattern) },
	[REMOTE]	= { "pattern=remote", "alloc", CHOICE(pattern) },
	[BATCH_SIZE]	= { "batch=", "alloc", NUMBER(batch, 4096) },
	[LOCK_MODE]	= { "lock_mode=", "lock" },
	[NO_DELAY]	= { "delay=none", "lock", CHOICE(delay) },
	[UDELAY]	= { "delay=udelay:", "lock", CHOICE(delay), NUMBER(amount, 1000), 1 },
	[MDELAY]	= { "delay=mdelay:", "lock", CHOICE(delay), NUMBER(amount, 10), 1000 },
	[MSLEEP]	= { "delay=msleep:", "lock", CHOICE(delay), NUMBER(amount, 100), 1000 },
};

/* The online CPU after one, round and round. */
static unsigned int cpu_after(int cpu)
{
	unsigned int next = cpumask_next(cpu, cpu_online_mask);

	return next < nr_cpu_ids ? next : cpumask_first(cpu_online_mask);
}

/* Added, not subtracted: the last one to be ready may set start_ns after @now. */
static bool must_stop(const struct experiment *exp, u64 now)
{
	return READ_ONCE(exp->stop) ||
	       now > READ_ONCE(exp->start_ns) + TIME_MAX_NS;
}

static int worker_thread(void *arg)
{
	struct worker *worker = arg;
	struct experiment *exp = worker->exp;

	/* Threads that begin one after the other would hardly meet. */
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

/*
 * Runs all threads to their end; a kill makes the end come soon. A CPU that
 * goes offline meanwhile only moves its thread.
 */
static int run_threads(struct experiment *exp)
{
	unsigned int made;
	int cpu = -1;
	int err = 0;

	init_completion(&exp->ended);
	atomic_set(&exp->running, exp->threads);
	exp->start_ns = ktime_get_ns();
	for (made = 0; made < exp->threads; made++) {
		struct worker *worker = &exp->workers[made];

		worker->exp = exp;
		worker->task = kthread_create(worker_thread, worker, "hello/%u",
					      made);
		err = PTR_ERR_OR_ZERO(worker->task);
		if (err)
			break;
		cpus_read_lock();
		cpu = cpu_after(cpu);
		worker->cpu = cpu;
		kthread_bind(worker->task, cpu);
		cpus_read_unlock();
		/* Kept, so that kthread_stop() finds it after its end. */
		get_task_struct(worker->task);
		wake_up_process(worker->task);
	}
	if (!err && wait_for_completion_killable(&exp->ended))
		err = -EINTR;
	WRITE_ONCE(exp->stop, true);
	/* Their code is ours until they have left it. */
	while (made--) {
		kthread_stop(exp->workers[made].task);
		put_task_struct(exp->workers[made].task);
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
		return refuse(exp, "pattern=remote frees on another CPU, and there is one only");
	if (exp->pattern == PAIR)
		exp->batch = 1;
	else if (hello_context_atomic(exp->recipe.alloc_context))
		exp->batch = min_t(u64, exp->batch, ATOMIC_BATCH);
	n = exp->threads * exp->batch;

	/* The threads are in nobody's cgroup. */
	mem.recipe.mask &= ~__GFP_ACCOUNT;
	exp->mems = hello_should_fail() ? NULL :
		     kvmalloc_array(n, sizeof(mem), GFP_KERNEL);
	if (!exp->mems)
		return -ENOMEM;
	err = hello_buffer_prepare(&exp->recipe);
	if (err)
		return err;
	exp->allocator = hello_allocator_of(&mem);
	hello_alloc_find(exp->allocator, &mem);
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

	worker->made_on = raw_smp_processor_id();
	for (worker->n = 0; worker->n < wanted; worker->n++) {
		struct hello_mem *mem = &worker->mems[worker->n];
		u64 ns;

		if (must_stop(exp, ktime_get_ns()))
			break;
		ns = hello_should_fail() ? 0 : time_alloc(exp->allocator, mem);
		/* How fast it fails is not what an allocation costs. */
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
 * If @cpu is offline by now, the thread stays where it is. The scheduler does not
 * expect a kernel thread on its way to a CPU that goes offline meanwhile: with
 * PREEMPT_RT it warns.
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
			go_to(cpu_after(worker->made_on));
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
		       recipe, words[exp->pattern].text + strlen("pattern="), exp->threads,
		       exp->batch, sum->done, sum->failures, exp->ns);
}

/* ---- lock ---- */

/* What rcu publishes: a counter that is replaced, never changed. */
struct version {
	struct rcu_head rcu;
	u64 counter;
};

static int prepare_lock(struct experiment *exp)
{
	u64 us = exp->amount * words[exp->delay].us;

	hello_lock_init(&exp->lock, max(exp->lock_mode, HELLO_LOCK_MUTEX),
			false);
	if (exp->delay == MSLEEP && hello_lock_spins(&exp->lock))
		return refuse(exp, "who holds a spinning lock may not sleep: use udelay or mdelay, or another lock");
	if (us * exp->count * exp->threads > TIME_MAX_NS / NSEC_PER_USEC)
		return refuse(exp, "threads x count x delay is more than 10 seconds; lower one");
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

/* The tutorials' unsafe_increment(): what happens between load and store is lost. */
static bool increment_plain(struct experiment *exp)
{
	u64 counter = READ_ONCE(exp->counter);

	delay(exp);
	WRITE_ONCE(exp->counter, counter + 1);
	return true;
}

/* Copy, update, publish; readers of the old version keep it. */
static bool increment_version(struct experiment *exp)
{
	struct version *old = rcu_dereference_protected(exp->version,
						hello_lock_held(&exp->lock));
	struct version *new;

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
		/* Else each in a long queue would still take its delay. */
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
	const char *delay = words[exp->delay].text + strlen("delay=");
	const struct version *version =
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

/* ---- orders ---- */

static const struct experiment kinds[] = {
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

static const struct word *find_word(const char *text, const char *kind)
{
	const struct word *word;

	for (word = words; word < words + ARRAY_SIZE(words); word++)
		if (str_has_prefix(text, word->text) &&
		    (!word->kind || !strcmp(word->kind, kind)))
			return word;
	return NULL;
}

/* Takes what follows the word itself. */
static bool parse_argument(struct experiment *exp, const struct word *word,
			   const char *rest)
{
	u64 *number = (void *)exp + word->number;

	if (word->choice)
		*(int *)((void *)exp + word->choice) = word - words;
	if (word->max)
		return !kstrtoull(rest, 10, number) && *number &&
		       *number <= word->max;
	if (word != &words[LOCK_MODE])
		return !*rest;
	exp->lock_mode = hello_table_find(&hello_lock_table, rest);
	return exp->lock_mode >= 0 || !strcmp(rest, "none");
}

static int parse_word(struct experiment *exp, char *text)
{
	const struct word *word = find_word(text, exp->name);
	char shown[HELLO_TEXT_ESCAPED(40)];
	char why[HELLO_WHY_MAX];

	if (word && parse_argument(exp, word, text + strlen(word->text)))
		return 0;
	if (word || !exp->takes_recipe)
		snprintf(why, sizeof(why), "no '%s' here: %s",
			 hello_text_escape(shown, sizeof(shown), text),
			 exp->usage);
	else if (!hello_recipe_parse(text, &exp->recipe, why))
		return 0;
	return refuse(exp, why);
}

/* What the order does not say is from its kind or, of a recipe, from sysfs. */
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
		return refuse(exp, "there are not so many CPUs online; lower threads");
	if (exp->takes_recipe &&
	    hello_recipe_check(&exp->recipe, settings.max_buffer_size, why))
		return refuse(exp, why);
	return 0;
}

/* ---- answers ---- */

static u64 percentile(const struct hello_samples *s, unsigned int permille,
		      u64 cost)
{
	return hello_samples_less(hello_samples_percentile(s, permille), cost);
}

static void print_samples(struct seq_buf *answer, const char *name,
			  const struct hello_samples *s, u64 cost)
{
	u64 mean = div64_u64(s->sum + s->n / 2, max(s->n, 1ULL));

	seq_buf_printf(answer, "%s_ns: n %llu min %llu mean %llu p50 %llu p90 %llu p99 %llu p99.9 %llu max %llu\n",
		       name, s->n, hello_samples_less(s->min, cost),
		       hello_samples_less(mean, cost), percentile(s, 500, cost),
		       percentile(s, 900, cost), percentile(s, 990, cost),
		       percentile(s, 999, cost), hello_samples_less(s->max, cost));
}

/* By powers of two, as debugfs latency has it. */
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

/* The first worker gets the sum of all. */
static struct worker *add_up(struct experiment *exp)
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
	const struct worker *sum = add_up(exp);
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
 * @answer: where the result goes, or the reason of -EINVAL
 *
 * Context: process, sleeps up to ten seconds. The caller lets one run at a time.
 *
 * Return: 0, -EINVAL, -ENOMEM for more than the caps, or -EINTR if killed.
 */
int hello_experiment_run(char *text, struct seq_buf *answer)
{
	const char *name = strsep(&text, BLANKS);
	const struct experiment *kind = kinds;
	struct experiment *exp;
	int err;

	while (kind < kinds + ARRAY_SIZE(kinds) && strcmp(name, kind->name))
		kind++;
	if (kind == kinds + ARRAY_SIZE(kinds)) {
		seq_buf_printf(answer, "error: an experiment begins with alloc or lock\n");
		return -EINVAL;
	}
	exp = hello_should_fail() ? NULL : kmemdup(kind, sizeof(*kind), GFP_KERNEL);
	if (!exp)
		return -ENOMEM;
	exp->answer = answer;
	err = parse_order(exp, text);
	if (err)
		goto free_crew;
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
free_crew:
	kfree(exp);
	return err;
}
