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
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "buffer.h"
#include "compat.h"
#include "context.h"
#include "experiment.h"
#include "fail.h"
#include "lock.h"
#include "recipe.h"

#define TIME_MAX_NS	(10 * NSEC_PER_SEC)
#define COUNT_MAX	1000000
#define BATCH_MAX	4096
/* Allocations in one go where nothing else can run meanwhile. */
#define ATOMIC_BATCH	64

/* ---- a log-linear histogram: 32 steps for each power of two, so 3 % ---- */

#define STEP_SHIFT	5
#define STEPS		BIT(STEP_SHIFT)
#define NS_SHIFT_MAX	36
#define NR_STEPS	((NS_SHIFT_MAX - STEP_SHIFT + 2) * STEPS)

struct samples {
	u64 n;
	u64 sum;
	u64 min;
	u64 max;
	u32 step[NR_STEPS];
};

static unsigned int step_of(u64 ns)
{
	unsigned int shift;

	ns = min_t(u64, ns, (1ULL << (NS_SHIFT_MAX + 1)) - 1);
	if (ns < STEPS)
		return ns;
	shift = ilog2(ns) - STEP_SHIFT;
	return (shift + 1) * STEPS + (ns >> shift) - STEPS;
}

static u64 ns_of(unsigned int step)
{
	unsigned int shift;

	if (step < STEPS)
		return step;
	shift = step / STEPS - 1;
	return (u64)(step % STEPS + STEPS) << shift;
}

static void add_sample(struct samples *s, u64 ns)
{
	if (!s->n || ns < s->min)
		s->min = ns;
	if (ns > s->max)
		s->max = ns;
	s->n++;
	s->sum += ns;
	s->step[step_of(ns)]++;
}

static void add_samples(struct samples *to, const struct samples *from)
{
	unsigned int i;

	if (!from->n)
		return;
	to->min = to->n ? min(to->min, from->min) : from->min;
	to->max = max(to->max, from->max);
	to->n += from->n;
	to->sum += from->sum;
	for (i = 0; i < NR_STEPS; i++)
		to->step[i] += from->step[i];
}

/* The step that the sample of a rank is in; the extremes are known exactly. */
static u64 percentile(const struct samples *s, unsigned int permille)
{
	u64 rank = div_u64(s->n * permille + 999, 1000);
	unsigned int i;
	u64 seen = 0;

	for (i = 0; i < NR_STEPS; i++) {
		seen += s->step[i];
		if (seen >= rank)
			break;
	}
	return clamp(ns_of(i), s->min, s->max);
}

/* ---- the clock ---- */

/*
 * What measuring costs at least: two readings of the clock, and between them
 * the way through the table to an allocator that does nothing. And what two
 * readings can tell apart.
 */
struct overhead {
	u64 clock;
	u64 alloc;
	u64 free;
	u64 resolution;
};

static void measure_overhead(struct overhead *o)
{
	struct hello_mem nothing = {
		.recipe.alloc_mode = HELLO_ALLOC_NOTHING,
	};
	unsigned int i;

	*o = (struct overhead) { U64_MAX, U64_MAX, U64_MAX, U64_MAX };
	for (i = 0; i < 1000; i++) {
		u64 t[4];

		t[0] = ktime_get_ns();
		t[1] = ktime_get_ns();
		nothing.addr = hello_allocator_of(&nothing)->alloc(&nothing);
		t[2] = ktime_get_ns();
		hello_allocator_of(&nothing)->free(&nothing);
		t[3] = ktime_get_ns();
		o->clock = min(o->clock, t[1] - t[0]);
		o->alloc = min(o->alloc, t[2] - t[1]);
		o->free = min(o->free, t[3] - t[2]);
		if (t[1] > t[0])
			o->resolution = min(o->resolution, t[1] - t[0]);
		cond_resched();
	}
	/* A clock whose steps are longer than a reading: not seen to step. */
	if (o->resolution == U64_MAX)
		o->resolution = 0;
}

/* ---- threads ---- */

struct crew;
struct version;

struct worker {
	struct crew *crew;
	unsigned int cpu;
	u64 done;		/* operations */
	u64 failures;		/* of them, those that failed */
	struct samples first;	/* allocations, or waits for a lock */
	struct samples second;	/* frees, or holds of a lock */
	struct hello_mem *mems;	/* batch of alloc */
	unsigned int n;		/* of them, those in use */
};

/* What all threads of one experiment work on. */
struct crew {
	void (*work)(struct worker *worker);
	unsigned int threads;
	u64 count;		/* operations of each thread */
	u64 start_ns;
	u64 ns;			/* from the first start to the last end */
	bool stop;
	atomic_t ready;
	atomic_t running;
	struct completion ended;
	struct worker *workers;

	/* alloc */
	struct hello_recipe recipe;
	u64 pattern;
	u64 batch;

	/* lock */
	struct hello_lock lock;
	bool locked;
	void (*delay)(u64 amount);
	u64 amount;
	u64 counter;		/* guarded by lock, or by nothing */
	struct version __rcu *version;
};

static bool must_stop(const struct crew *crew)
{
	return READ_ONCE(crew->stop) ||
	       ktime_get_ns() - READ_ONCE(crew->start_ns) > TIME_MAX_NS;
}

/* Threads that begin one after the other would hardly meet. */
static void wait_for_all(struct crew *crew)
{
	if (atomic_inc_return(&crew->ready) == crew->threads)
		WRITE_ONCE(crew->start_ns, ktime_get_ns());
	while (atomic_read(&crew->ready) < crew->threads && !must_stop(crew)) {
		cpu_relax();
		cond_resched();
	}
}

static int worker_thread(void *arg)
{
	struct worker *worker = arg;
	struct crew *crew = worker->crew;

	wait_for_all(crew);
	crew->work(worker);
	if (atomic_dec_and_test(&crew->running)) {
		crew->ns = ktime_get_ns() - crew->start_ns;
		complete(&crew->ended);
	}
	return 0;
}

static void free_workers(struct crew *crew)
{
	unsigned int i;

	for (i = 0; i < crew->threads; i++)
		kvfree(crew->workers[i].mems);
	kvfree(crew->workers);
}

static int make_workers(struct crew *crew)
{
	unsigned int cpu = -1;
	unsigned int i;

	crew->workers = hello_fail() ? NULL :
			kvcalloc(crew->threads, sizeof(*crew->workers),
				 GFP_KERNEL);
	if (!crew->workers)
		return -ENOMEM;
	for (i = 0; i < crew->threads; i++) {
		struct worker *worker = &crew->workers[i];

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		worker->crew = crew;
		worker->cpu = cpu;
		worker->mems = hello_fail() ? NULL :
			       kvcalloc(crew->batch, sizeof(*worker->mems),
					GFP_KERNEL);
		if (!worker->mems) {
			free_workers(crew);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Runs all threads to their end; a kill makes the end come soon. A CPU that
 * goes offline meanwhile only moves its thread.
 */
static int run_crew(struct crew *crew)
{
	struct task_struct **tasks;
	unsigned int i;
	int err = 0;

	tasks = kcalloc(crew->threads, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	for (i = 0; i < crew->threads && !err; i++) {
		tasks[i] = kthread_create(worker_thread, &crew->workers[i],
					  "hello/%u", i);
		err = PTR_ERR_OR_ZERO(tasks[i]);
		if (!err)
			kthread_bind(tasks[i], crew->workers[i].cpu);
	}
	if (err) {
		/* The last one is the error; the others have not begun. */
		for (i--; i-- > 0;)
			kthread_stop(tasks[i]);
		goto free_tasks;
	}

	init_completion(&crew->ended);
	atomic_set(&crew->running, crew->threads);
	WRITE_ONCE(crew->start_ns, ktime_get_ns());
	for (i = 0; i < crew->threads; i++) {
		/* Kept, so that kthread_stop() finds it after its end. */
		get_task_struct(tasks[i]);
		wake_up_process(tasks[i]);
	}
	if (wait_for_completion_killable(&crew->ended)) {
		WRITE_ONCE(crew->stop, true);
		wait_for_completion(&crew->ended);
		err = -EINTR;
	}
	/* Their code is ours until they have left it. */
	for (i = 0; i < crew->threads; i++) {
		kthread_stop(tasks[i]);
		put_task_struct(tasks[i]);
	}
free_tasks:
	kfree(tasks);
	return err;
}

/* ---- alloc ---- */

enum pattern { PAIR, BATCH, REMOTE };

static const struct pattern_choice { struct hello_choice choice; } patterns[] = {
	[PAIR]	 = { { .name = "pair" } },
	[BATCH]	 = { { .name = "batch" } },
	[REMOTE] = { { .name = "remote" } },
};

static const struct hello_table pattern_table = HELLO_TABLE(patterns);

/* Called in the context of the recipe. */
static void alloc_batch(void *arg)
{
	struct worker *worker = arg;
	unsigned int i;

	for (i = 0; i < worker->n; i++) {
		struct hello_mem *mem = &worker->mems[i];
		u64 start = ktime_get_ns();

		mem->addr = hello_allocator_of(mem)->alloc(mem);
		/* How fast it fails is not what an allocation costs. */
		if (mem->addr)
			add_sample(&worker->first, ktime_get_ns() - start);
		else
			worker->failures++;
	}
}

static long free_batch(void *arg)
{
	struct worker *worker = arg;
	unsigned int i;

	for (i = 0; i < worker->n; i++) {
		struct hello_mem *mem = &worker->mems[i];
		u64 start = ktime_get_ns();

		if (!mem->addr)
			continue;
		hello_allocator_of(mem)->free(mem);
		add_sample(&worker->second, ktime_get_ns() - start);
	}
	return 0;
}

static void free_elsewhere(struct worker *worker)
{
	unsigned int cpu;

	cpus_read_lock();
	cpu = cpumask_next(worker->cpu, cpu_online_mask);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	work_on_cpu(cpu, free_batch, worker);
	cpus_read_unlock();
}

static void alloc_work(struct worker *worker)
{
	const struct crew *crew = worker->crew;
	unsigned int context = crew->recipe.alloc_context;
	u64 batch = crew->batch;
	unsigned int i;

	if (hello_context_atomic(context))
		batch = min_t(u64, batch, ATOMIC_BATCH);
	for (i = 0; i < batch; i++) {
		worker->mems[i].recipe = crew->recipe;
		worker->mems[i].recipe.mask &= ~__GFP_ACCOUNT;
		/* That it can be prepared was seen before. */
		hello_alloc_prepare(&worker->mems[i]);
	}
	while (worker->done < crew->count && !must_stop(crew)) {
		worker->n = min(batch, crew->count - worker->done);
		hello_context_run(context, alloc_batch, worker);
		if (crew->pattern == REMOTE)
			free_elsewhere(worker);
		else
			free_batch(worker);
		worker->done += worker->n;
		cond_resched();
	}
}

static u64 less(u64 ns, u64 overhead)
{
	return ns > overhead ? ns - overhead : 0;
}

static void print_samples(struct seq_buf *answer, const char *what,
			  const struct samples *s, u64 overhead)
{
	static const struct { const char *name; unsigned int permille; } p[] = {
		{ "p50", 500 }, { "p90", 900 }, { "p99", 990 },
		{ "p99.9", 999 },
	};
	unsigned int i;

	seq_buf_printf(answer, "%s_ns: n %llu min %llu mean %llu", what, s->n,
		       s->n ? less(s->min, overhead) : 0,
		       s->n ? less(div64_u64(s->sum, s->n), overhead) : 0);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		seq_buf_printf(answer, " %s %llu", p[i].name,
			       s->n ? less(percentile(s, p[i].permille), overhead) : 0);
	seq_buf_printf(answer, " max %llu\n", s->n ? less(s->max, overhead) : 0);
}

/* By powers of two, as debugfs latency has it. */
static void print_histogram(struct seq_buf *answer, const struct samples *s,
			    u64 overhead)
{
	u64 bucket[NS_SHIFT_MAX + 1] = { 0 };
	unsigned int i;

	for (i = 0; i < NR_STEPS; i++)
		bucket[ilog2(less(ns_of(i), overhead) | 1)] += s->step[i];
	seq_buf_printf(answer, "from_ns count\n");
	for (i = 0; i < ARRAY_SIZE(bucket); i++)
		if (bucket[i])
			seq_buf_printf(answer, "%llu %llu\n",
				       i ? 1ULL << i : 0, bucket[i]);
}

static void print_overhead(struct seq_buf *answer, struct overhead *o)
{
	measure_overhead(o);
	seq_buf_printf(answer, "clock: ktime_get_ns\n");
	seq_buf_printf(answer, "clock_overhead_ns: %llu\n", o->clock);
	seq_buf_printf(answer, "clock_resolution_ns: %llu\n", o->resolution);
}

static void merge(struct crew *crew, u64 *done, u64 *failures)
{
	struct worker *sum = &crew->workers[0];
	unsigned int i;

	*done = sum->done;
	*failures = sum->failures;
	for (i = 1; i < crew->threads; i++) {
		*done += crew->workers[i].done;
		*failures += crew->workers[i].failures;
		add_samples(&sum->first, &crew->workers[i].first);
		add_samples(&sum->second, &crew->workers[i].second);
	}
}

static int refuse(struct seq_buf *answer, const char *reason)
{
	pr_notice_ratelimited("experiment: %s\n", reason);
	seq_buf_printf(answer, "error: %s\n", reason);
	return -EINVAL;
}

static int run_alloc(struct crew *crew, struct seq_buf *answer)
{
	struct hello_mem mem = { .recipe = crew->recipe };
	unsigned int n = crew->threads * crew->batch;
	char recipe[HELLO_RECIPE_MAX];
	const char *cap;
	struct overhead overhead;
	u64 failures;
	u64 done;
	int err;

	if (crew->pattern == REMOTE && num_online_cpus() < 2)
		return refuse(answer, "pattern=remote frees on another CPU, and there is one only");

	err = hello_alloc_prepare(&mem);
	if (err)
		return err;
	cap = hello_buffer_reserve(&crew->recipe, n);
	if (cap) {
		seq_buf_printf(answer, "error: threads x batch buffers are more than %s\n",
			       cap);
		return -ENOMEM;
	}
	crew->work = alloc_work;
	err = run_crew(crew);
	hello_buffer_release(&crew->recipe, n);
	if (err)
		return err;

	merge(crew, &done, &failures);
	hello_recipe_print(&crew->recipe, recipe, sizeof(recipe));
	seq_buf_printf(answer, "version: 1\nexperiment: alloc\n");
	seq_buf_printf(answer, "recipe: %s\n", recipe);
	seq_buf_printf(answer, "pattern: %s\n",
		       hello_table_get(&pattern_table, crew->pattern)->name);
	seq_buf_printf(answer, "threads: %u\n", crew->threads);
	seq_buf_printf(answer, "batch: %llu\n", crew->batch);
	seq_buf_printf(answer, "count: %llu\n", done);
	seq_buf_printf(answer, "failures: %llu\n", failures);
	seq_buf_printf(answer, "elapsed_ns: %llu\n", crew->ns);
	print_overhead(answer, &overhead);
	seq_buf_printf(answer, "alloc_overhead_ns: %llu\n", overhead.alloc);
	seq_buf_printf(answer, "free_overhead_ns: %llu\n", overhead.free);
	print_samples(answer, "alloc", &crew->workers[0].first, overhead.alloc);
	print_samples(answer, "free", &crew->workers[0].second, overhead.free);
	print_histogram(answer, &crew->workers[0].first, overhead.alloc);
	return 0;
}

/* ---- lock ---- */

/* What rcu publishes: a counter that is replaced, never changed. */
struct version {
	struct rcu_head rcu;
	u64 counter;
};

static void no_delay(u64 amount)
{
}

static void do_udelay(u64 amount)
{
	udelay(amount);
}

static void do_mdelay(u64 amount)
{
	mdelay(amount);
}

static void do_msleep(u64 amount)
{
	msleep(amount);
}

static const struct delay {
	struct hello_choice choice;
	bool sleeps;
	u64 max;
	u64 ns;		/* that one of amount takes */
	void (*delay)(u64 amount);
} delays[] = {
	{ .choice.name = "none", .delay = no_delay },
	{ .choice.name = "udelay", .max = 1000, .ns = NSEC_PER_USEC,
	  .delay = do_udelay },
	{ .choice.name = "mdelay", .max = 10, .ns = NSEC_PER_MSEC,
	  .delay = do_mdelay },
	{ .choice.name = "msleep", .max = 100, .ns = NSEC_PER_MSEC,
	  .sleeps = true, .delay = do_msleep },
};

/* The tutorials' unsafe_increment(): what happens between load and store is lost. */
static int increment_plain(struct crew *crew)
{
	u64 counter = READ_ONCE(crew->counter);

	crew->delay(crew->amount);
	WRITE_ONCE(crew->counter, counter + 1);
	return 0;
}

/* Copy, update, publish; readers of the old version keep it. */
static int increment_version(struct crew *crew)
{
	struct version *old = rcu_dereference_protected(crew->version,
						hello_lock_held(&crew->lock));
	struct version *new;

	new = hello_fail() ? NULL : kmalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->counter = old->counter;
	crew->delay(crew->amount);
	new->counter++;
	rcu_assign_pointer(crew->version, new);
	kfree_rcu(old, rcu);
	return 0;
}

static void lock_work(struct worker *worker)
{
	struct crew *crew = worker->crew;
	int err;

	while (worker->done < crew->count && !must_stop(crew)) {
		u64 asked = ktime_get_ns();
		u64 got;

		if (crew->locked && hello_lock_write(&crew->lock))
			break;
		got = ktime_get_ns();
		if (hello_lock_versions(&crew->lock))
			err = increment_version(crew);
		else
			err = increment_plain(crew);
		if (crew->locked) {
			add_sample(&worker->second, ktime_get_ns() - got);
			hello_unlock_write(&crew->lock);
			add_sample(&worker->first, got - asked);
		}
		if (err)
			worker->failures++;
		worker->done++;
		cond_resched();
	}
}

static int run_lock(struct crew *crew, const struct delay *delay, int kind,
		    struct seq_buf *answer)
{
	struct version *version;
	struct overhead overhead;
	u64 observed;
	u64 failures;
	u64 done;
	int err;

	crew->locked = kind >= 0;
	hello_lock_init(&crew->lock, max(kind, HELLO_LOCK_MUTEX), NULL);
	crew->delay = delay->delay;
	if (delay->sleeps && hello_lock_spins(&crew->lock))
		return refuse(answer, "who holds a spinning lock may not sleep: use udelay or mdelay, or another lock");
	if (crew->amount > delay->max)
		return refuse(answer, "the delay is too long: udelay to 1000, mdelay to 10, msleep to 100");
	if (crew->amount * delay->ns * crew->count * crew->threads > TIME_MAX_NS)
		return refuse(answer, "threads x count x delay is more than 10 seconds; lower one");

	version = hello_fail() ? NULL : kzalloc(sizeof(*version), GFP_KERNEL);
	if (!version)
		return -ENOMEM;
	RCU_INIT_POINTER(crew->version, version);
	crew->work = lock_work;
	err = run_crew(crew);
	version = rcu_dereference_protected(crew->version, true);
	observed = hello_lock_versions(&crew->lock) ? version->counter :
						      crew->counter;
	kfree(version);
	if (err)
		return err;

	merge(crew, &done, &failures);
	seq_buf_printf(answer, "version: 1\nexperiment: lock\n");
	seq_buf_printf(answer, "lock_mode: %s\n",
		       crew->locked ? hello_table_get(&hello_locks, kind)->name :
				      "none");
	seq_buf_printf(answer, "threads: %u\n", crew->threads);
	seq_buf_printf(answer, "delay: %s:%llu\n", delay->choice.name,
		       crew->amount);
	seq_buf_printf(answer, "failures: %llu\n", failures);
	seq_buf_printf(answer, "expected: %llu\n", done - failures);
	seq_buf_printf(answer, "observed: %llu\n", observed);
	seq_buf_printf(answer, "lost: %llu\n", done - failures - observed);
	seq_buf_printf(answer, "elapsed_ns: %llu\n", crew->ns);
	seq_buf_printf(answer, "ns_per_operation: %llu\n",
		       done ? div64_u64(crew->ns, done) : 0);
	print_overhead(answer, &overhead);
	print_samples(answer, "wait", &crew->workers[0].first, overhead.clock);
	print_samples(answer, "hold", &crew->workers[0].second, overhead.clock);
	return 0;
}

/* ---- orders ---- */

/* The words of an order that are not words of a recipe. */
enum word { COUNT, THREADS, PATTERN, BATCH_WORD, LOCK_MODE, DELAY, NR_WORDS };

static const char *const words[NR_WORDS] = {
	[COUNT] = "count", [THREADS] = "threads", [PATTERN] = "pattern",
	[BATCH_WORD] = "batch", [LOCK_MODE] = "lock_mode", [DELAY] = "delay",
};

struct order {
	struct crew crew;
	const struct delay *delay;
	int lock;
};

static int parse_number(const char *text, u64 max, u64 *number)
{
	if (kstrtoull(text, 10, number) || !*number || *number > max)
		return -EINVAL;
	return 0;
}

/* NAME or NAME:AMOUNT */
static int parse_delay(char *text, struct order *order)
{
	static const struct hello_table table = HELLO_TABLE(delays);
	char *amount = strchr(text, ':');
	int i;

	if (amount)
		*amount++ = '\0';
	i = hello_table_find(&table, text);
	if (i < 0 || !amount != !delays[i].max)
		return -EINVAL;
	order->delay = &delays[i];
	return amount ? parse_number(amount, U32_MAX, &order->crew.amount) : 0;
}

static int parse_word(enum word word, char *text, struct order *order)
{
	struct crew *crew = &order->crew;
	u64 threads;
	int i;

	switch (word) {
	case COUNT:
		return parse_number(text, COUNT_MAX, &crew->count);
	case THREADS:
		if (parse_number(text, num_online_cpus(), &threads))
			return -EINVAL;
		crew->threads = threads;
		return 0;
	case PATTERN:
		i = hello_table_find(&pattern_table, text);
		crew->pattern = i;
		return min(i, 0);
	case BATCH_WORD:
		return parse_number(text, BATCH_MAX, &crew->batch);
	case LOCK_MODE:
		order->lock = hello_table_find(&hello_locks, text);
		return order->lock < 0 && strcmp(text, "none") ? -EINVAL : 0;
	case DELAY:
		return parse_delay(text, order);
	default:
		return -EINVAL;
	}
}

/* Takes the words of an order; @first and @last are those that it may have. */
static int parse_words(char *text, enum word first, enum word last,
		       bool recipe_too, struct order *order, char *why)
{
	char *word;

	while ((word = strsep(&text, " \t\n"))) {
		char *value = strchr(word, '=');
		unsigned int i;
		int err;

		if (!*word)
			continue;
		for (i = 0; i < NR_WORDS && value; i++)
			if (strlen(words[i]) == value - word &&
			    !memcmp(words[i], word, value - word))
				break;
		if (value && i < NR_WORDS &&
		    (i <= THREADS || (i >= first && i <= last))) {
			err = parse_word(i, value + 1, order);
			if (err)
				snprintf(why, HELLO_WHY_MAX,
					 "%s cannot be '%.40s'", words[i],
					 value + 1);
		} else if (recipe_too) {
			err = hello_recipe_parse(word, &order->crew.recipe,
						 why);
		} else {
			err = -EINVAL;
			snprintf(why, HELLO_WHY_MAX, "no word '%.40s' here",
				 word);
		}
		if (err)
			return err;
	}
	return 0;
}

static int run_order(struct order *order, char *text, struct seq_buf *answer)
{
	struct hello_settings settings;
	char why[HELLO_WHY_MAX];
	char *what = strsep(&text, " \t\n");
	bool lock = !strcmp(what, "lock");
	int err;

	if (!lock && strcmp(what, "alloc"))
		return refuse(answer, "an experiment begins with alloc or lock");
	hello_settings_get(&settings);
	order->crew.recipe = settings.recipe;
	order->crew.threads = lock ? num_online_cpus() : 1;
	order->crew.count = lock ? 100000 : 1000;
	order->crew.pattern = PAIR;
	order->crew.batch = lock ? 1 : 16;
	order->delay = &delays[0];

	if (lock)
		err = parse_words(text, LOCK_MODE, DELAY, false, order, why);
	else
		err = parse_words(text, PATTERN, BATCH_WORD, true, order, why);
	if (!err && !lock)
		err = hello_recipe_check(&order->crew.recipe,
					 settings.max_buffer_size, why);
	if (err)
		return refuse(answer, why);
	if (order->crew.pattern == PAIR)
		order->crew.batch = 1;

	err = make_workers(&order->crew);
	if (err)
		return err;
	if (lock)
		err = run_lock(&order->crew, order->delay, order->lock, answer);
	else
		err = run_alloc(&order->crew, answer);
	free_workers(&order->crew);
	return err;
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
	struct order *order = hello_fail() ? NULL :
			      kzalloc(sizeof(*order), GFP_KERNEL);
	int err;

	if (!order)
		return -ENOMEM;
	err = run_order(order, text, answer);
	kfree(order);
	return err;
}
