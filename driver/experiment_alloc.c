// SPDX-License-Identifier: GPL-2.0-only
/*
 * The experiment that times an allocator: pairs of an allocation and a free, or
 * batches of them, in any context and on any CPU, and the use in between.
 */
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "alloc.h"
#include "buffer.h"
#include "context.h"
#include "experiment.h"
#include "experiment_alloc.h"
#include "fail.h"
#include "text.h"

/* The largest batch that nothing interrupts: in softirq, hardirq and one bulk call. */
#define SHORT_BATCH	64

/* Cache lines that are touched between two checks for the end. */
#define TOUCH_LINES	16384UL

enum { ALLOC, FREE, TOUCH };	/* samples */

struct worker {
	struct hello_experiment_worker base;
	struct hello_mem *mems;	/* its batch */
	unsigned int n;		/* tried so far */
	unsigned int alloc_cpu;	/* that allocated it */
	u32 random;		/* the last number */
	void *addrs[SHORT_BATCH];	/* of a bulk call */
};

struct experiment {
	struct hello_experiment base;
	const struct hello_allocator *allocator;
	int pattern;
	int order;		/* of the frees of a batch */
	int touch;
	u64 batch;
	struct hello_mem *mems;	/* the batches of all workers */
	unsigned int reserved;	/* buffers, against the caps */
};

enum {
	PAIR, BATCH, REMOTE, BULK, FIFO, LIFO, RANDOM,
	NO_TOUCH, TOUCH_WRITE, TOUCH_READ, TOUCH_RANDOM, BATCH_SIZE,
};

static const struct hello_experiment_option options[] = {
#define SELECTS(to)		.selects = offsetof(struct experiment, to)
#define NUMBER(to, most)	.number = offsetof(struct experiment, to), .max = most
	[PAIR]		= { "pattern=pair", SELECTS(pattern) },
	[BATCH]		= { "pattern=batch", SELECTS(pattern) },
	[REMOTE]	= { "pattern=remote", SELECTS(pattern) },
	[BULK]		= { "pattern=bulk", SELECTS(pattern) },
	[FIFO]		= { "free=fifo", SELECTS(order) },
	[LIFO]		= { "free=lifo", SELECTS(order) },
	[RANDOM]	= { "free=random", SELECTS(order) },
	[NO_TOUCH]	= { "touch=none", SELECTS(touch) },
	[TOUCH_WRITE]	= { "touch=write", SELECTS(touch) },
	[TOUCH_READ]	= { "touch=read", SELECTS(touch) },
	[TOUCH_RANDOM]	= { "touch=random", SELECTS(touch) },
	[BATCH_SIZE]	= { "batch=", NUMBER(batch, 4096) },
};

/* The value of an option. */
static const char *value_of(int option)
{
	return strchr(options[option].text, '=') + 1;
}

static struct experiment *of(struct hello_experiment *base)
{
	return container_of(base, struct experiment, base);
}

static struct worker *of_worker(struct hello_experiment_worker *base)
{
	return container_of(base, struct worker, base);
}

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

/* A sample of a bulk call is the share of one object. */
static u64 per_object(u64 ns, u64 objects)
{
	return div64_u64(ns + objects / 2, objects);
}

static void time_nothing(struct hello_experiment *base,
			 u64 ns[HELLO_EXPERIMENT_SAMPLES])
{
	const struct experiment *exp = of(base);
	const struct hello_allocator *a = &nothing;
	struct hello_mem mem = { };

	/* Hides the constant: else the compiler calls directly. */
	OPTIMIZER_HIDE_VAR(a);

	ns[ALLOC] = time_alloc(a, &mem);
	ns[FREE] = time_free(a, &mem);
	if (exp->pattern == BULK)
		ns[ALLOC] = per_object(ns[ALLOC], exp->batch);
	if (exp->pattern == BULK && exp->allocator->free_bulk)
		ns[FREE] = per_object(ns[FREE], exp->batch);
}

/* ---- preparing ---- */

static int check_bulk(const struct experiment *exp, char *why)
{
	const struct hello_recipe *recipe = &exp->base.recipe;
	const struct hello_allocator *a = exp->allocator;

	if (!a->bulk_max)
		return hello_text_invalid(why, "pattern=bulk: this kernel has no bulk call for %s; use slab",
					  a->entry.name);
	if (recipe->buffer_size > a->bulk_max)
		return hello_text_invalid(why, "pattern=bulk: the bulk call of %s allocates at most %zu bytes each",
					  a->entry.name, a->bulk_max);
	if (recipe->alloc_context != HELLO_CONTEXT_PROCESS)
		return hello_text_invalid(why, "pattern=bulk: a bulk call needs alloc_context=process");
	if (recipe->numa_node != NUMA_NO_NODE)
		return hello_text_invalid(why, "pattern=bulk: a bulk call takes no node; use numa_node=-1");
	return 0;
}

static int check(const struct experiment *exp, char *why)
{
	const struct hello_allocator *a = exp->allocator;

	if (exp->pattern == REMOTE && hello_experiment_cpus(&exp->base) < 2)
		return hello_text_invalid(why, "pattern=remote frees on another CPU, and there is one only");
	if (exp->pattern == PAIR && exp->order != FIFO)
		return hello_text_invalid(why, "pattern=pair frees each allocation at once; an order of frees needs pattern=batch");
	if (exp->touch != NO_TOUCH && a->flags & HELLO_SPLIT)
		return hello_text_invalid(why, "%s memory has a copy for each CPU, so it cannot be walked; use touch=none",
					  a->entry.name);
	return exp->pattern == BULK ? check_bulk(exp, why) : 0;
}

/* Sets up the batch of a thread. */
static int begin(const struct experiment *exp, struct worker *worker,
		 struct hello_mem *mem, struct hello_mem *mems)
{
	unsigned int i;

	if (exp->allocator->begin &&
	    (hello_should_fail() || exp->allocator->begin(mem)))
		return -ENOMEM;
	for (i = 0; i < exp->batch; i++)
		mems[i] = *mem;
	worker->mems = mems;
	return 0;
}

static int prepare(struct hello_experiment *base, char *why)
{
	struct experiment *exp = of(base);
	struct hello_recipe *recipe = &base->recipe;
	struct hello_mem mem = { .recipe = *recipe };
	unsigned int n, i;
	const char *cap;
	int err;

	exp->allocator = hello_allocator_of(&mem);
	err = check(exp, why);
	if (err)
		return err;
	if (exp->pattern == PAIR)
		exp->batch = 1;
	else if (exp->pattern == BULK ||
		 hello_context_atomic(recipe->alloc_context))
		exp->batch = min_t(u64, exp->batch, SHORT_BATCH);
	n = base->threads * exp->batch;

	/* Kernel threads are in the root cgroup. */
	mem.recipe.mask &= ~__GFP_ACCOUNT;
	exp->mems = hello_should_fail() ? NULL :
		     kvmalloc_array(n, sizeof(mem), GFP_KERNEL);
	if (!exp->mems)
		return -ENOMEM;
	err = hello_buffer_prepare(recipe);
	if (err)
		return err;
	hello_alloc_lookup(exp->allocator, &mem);
	for (i = 0; i < base->threads; i++) {
		err = begin(exp, of_worker(hello_experiment_worker(base, i)),
			    &mem, &exp->mems[i * exp->batch]);
		if (err)
			return err;
	}

	cap = hello_buffer_reserve(recipe, n);
	if (cap) {
		seq_buf_printf(base->answer, "error: threads x batch buffers are more than %s\n",
			       cap);
		return -ENOMEM;
	}
	exp->reserved = n;
	return 0;
}

static void cleanup(struct hello_experiment *base)
{
	struct experiment *exp = of(base);
	unsigned int i;

	for (i = 0; i < base->threads; i++) {
		struct worker *worker = of_worker(hello_experiment_worker(base, i));

		if (worker->mems && exp->allocator->end)
			exp->allocator->end(worker->mems);
	}
	hello_buffer_release(&base->recipe, exp->reserved);
	kvfree(exp->mems);
}

/* ---- the work ---- */

/* Called in the context of the recipe. */
static void alloc_batch(void *arg)
{
	struct worker *worker = arg;
	const struct hello_experiment *base = worker->base.exp;
	const struct experiment *exp = of(worker->base.exp);
	bool atomic = hello_context_atomic(base->recipe.alloc_context);
	u64 wanted = min(exp->batch, base->count - worker->base.done);

	worker->alloc_cpu = raw_smp_processor_id();
	for (worker->n = 0; worker->n < wanted; worker->n++) {
		struct hello_mem *mem = &worker->mems[worker->n];
		u64 ns;

		if (hello_experiment_must_stop(base, ktime_get_ns()))
			break;
		ns = hello_should_fail() ? 0 : time_alloc(exp->allocator, mem);
		/* The time of a failure is no sample. */
		if (mem->addr)
			hello_samples_add(&worker->base.samples[ALLOC], ns);
		else
			worker->base.failures++;
		if (!atomic)
			cond_resched();
	}
}

/* Stops only between two calls. */
static void alloc_bulk(struct worker *worker)
{
	const struct experiment *exp = of(worker->base.exp);
	const struct hello_allocator *a = exp->allocator;
	unsigned int got, i;
	u64 start, ns;

	worker->n = min(exp->batch, exp->base.count - worker->base.done);
	start = ktime_get_ns();
	got = hello_should_fail() ? 0 :
	      a->alloc_bulk(worker->mems, worker->n, worker->addrs);
	ns = ktime_get_ns() - start;
	for (i = 0; i < got; i++) {
		worker->mems[i].addr = worker->addrs[i];
		hello_samples_add(&worker->base.samples[ALLOC], per_object(ns, got));
	}
	worker->base.failures += worker->n - got;
}

/* The numbers are the same in each run. */
static u32 next_random(u32 last)
{
	return last * 1664525 + 1013904223;
}

/* Accesses one byte of each cache line. Returns false if it stopped early. */
static bool touch(const struct experiment *exp, u8 *addr)
{
	unsigned long lines = DIV_ROUND_UP((size_t)exp->base.recipe.buffer_size,
					   L1_CACHE_BYTES);
	/* Modulo a power of two each number comes once. */
	u32 last = roundup_pow_of_two(lines) - 1;
	unsigned long i, end;
	u32 at = 0;

	for (i = 0; i < lines;) {
		end = min(lines, i + TOUCH_LINES);
		if (exp->touch == TOUCH_WRITE) {
			for (; i < end; i++)
				WRITE_ONCE(addr[i * L1_CACHE_BYTES], i);
		} else if (exp->touch == TOUCH_READ) {
			for (; i < end; i++)
				READ_ONCE(addr[i * L1_CACHE_BYTES]);
		} else {
			for (; i < end; i++) {
				do
					at = next_random(at) & last;
				while (at >= lines);
				READ_ONCE(addr[(size_t)at * L1_CACHE_BYTES]);
			}
		}
		if (i < lines &&
		    hello_experiment_must_stop(&exp->base, ktime_get_ns()))
			return false;
		cond_resched();
	}
	return true;
}

static void touch_batch(struct worker *worker)
{
	const struct experiment *exp = of(worker->base.exp);
	unsigned int i;

	for (i = 0; i < worker->n; i++) {
		u64 start = ktime_get_ns();

		if (hello_experiment_must_stop(&exp->base, start))
			break;
		if (worker->mems[i].addr && touch(exp, worker->mems[i].addr))
			hello_samples_add(&worker->base.samples[TOUCH],
					  ktime_get_ns() - start);
		cond_resched();
	}
}

/* Puts a batch into the order in which it is freed. */
static void sort_batch(struct worker *worker)
{
	int order = of(worker->base.exp)->order;
	struct hello_mem *mems = worker->mems;
	unsigned int i;

	if (order == LIFO)
		for (i = 0; i < worker->n / 2; i++)
			swap(mems[i], mems[worker->n - 1 - i]);
	if (order == RANDOM)
		for (i = worker->n; i > 1; i--) {
			worker->random = next_random(worker->random);
			swap(mems[i - 1], mems[(u64)worker->random * i >> 32]);
		}
}

static void free_bulk(struct worker *worker)
{
	const struct experiment *exp = of(worker->base.exp);
	unsigned int i, n = 0;
	u64 start, ns;

	for (i = 0; i < worker->n; i++) {
		if (worker->mems[i].addr)
			worker->addrs[n++] = worker->mems[i].addr;
		worker->mems[i].addr = NULL;
	}
	if (!n)
		return;
	start = ktime_get_ns();
	exp->allocator->free_bulk(worker->mems, n, worker->addrs);
	ns = ktime_get_ns() - start;
	for (i = 0; i < n; i++)
		hello_samples_add(&worker->base.samples[FREE], per_object(ns, n));
}

static void free_batch(struct worker *worker)
{
	const struct experiment *exp = of(worker->base.exp);
	unsigned int i;

	for (i = 0; i < worker->n; i++) {
		struct hello_mem *mem = &worker->mems[i];

		if (mem->addr)
			hello_samples_add(&worker->base.samples[FREE],
					  time_free(exp->allocator, mem));
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

static void work(struct hello_experiment_worker *base)
{
	struct worker *worker = of_worker(base);
	const struct experiment *exp = of(base->exp);
	bool remote = exp->pattern == REMOTE;
	bool bulk = exp->pattern == BULK;

	while (base->done < exp->base.count &&
	       !hello_experiment_must_stop(&exp->base, ktime_get_ns())) {
		if (bulk)
			alloc_bulk(worker);
		else
			hello_context_run(exp->base.recipe.alloc_context,
					  alloc_batch, worker);
		if (exp->touch != NO_TOUCH)
			touch_batch(worker);
		sort_batch(worker);
		if (remote)
			go_to(hello_experiment_cpu_after(&exp->base, worker->alloc_cpu));
		if (bulk && exp->allocator->free_bulk)
			free_bulk(worker);
		else
			free_batch(worker);
		if (remote)
			go_to(base->cpu);
		base->done += worker->n;
		cond_resched();
	}
}

static void report(struct hello_experiment *base,
		   const struct hello_experiment_worker *sum)
{
	const struct experiment *exp = of(base);
	char recipe[HELLO_RECIPE_MAX];

	hello_recipe_print(&base->recipe, recipe, sizeof(recipe));
	seq_buf_printf(base->answer,
		       "recipe: %s\npattern: %s\nthreads: %llu\nbatch: %llu\n"
		       "count: %llu\nfailures: %llu\nfree: %s\ntouch: %s\n"
		       "elapsed_ns: %llu\n",
		       recipe, value_of(exp->pattern), base->threads, exp->batch,
		       sum->done, sum->failures, value_of(exp->order),
		       value_of(exp->touch), base->ns);
}

static const struct experiment defaults = {
	.base.count	= 1000,
	.base.threads	= 1,
	.pattern	= PAIR,
	.order		= FIFO,
	.touch		= NO_TOUCH,
	.batch		= 16,
};

const struct hello_experiment_type hello_experiment_alloc = {
	.name		= "alloc",
	.usage		= "alloc [words of a recipe] count=1-1000000 threads=1-CPUs cpus=LIST pattern=pair|batch|remote|bulk batch=1-4096 free=fifo|lifo|random touch=none|write|read|random",
	.options	= options,
	.nr_options	= ARRAY_SIZE(options),
	.takes_recipe	= true,
	.histogram	= true,
	.defaults	= &defaults.base,
	.size		= sizeof(struct experiment),
	.worker_size	= sizeof(struct worker),
	.samples	= { "alloc", "free", "touch" },
	.prepare	= prepare,
	.cleanup	= cleanup,
	.work		= work,
	.report		= report,
	.time_nothing	= time_nothing,
};
