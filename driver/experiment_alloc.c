// SPDX-License-Identifier: GPL-2.0-only
/*
 * The experiment that times an allocator: pairs of an allocation and a free, or
 * batches of them, in any context and on any CPU.
 */
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
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

/* The largest batch in softirq and hardirq, which hold up the CPU. */
#define ATOMIC_BATCH	64

enum { ALLOC, FREE };	/* samples */

struct worker {
	struct hello_experiment_worker base;
	struct hello_mem *mems;	/* its batch */
	unsigned int n;		/* tried so far */
	unsigned int alloc_cpu;	/* that allocated it */
};

struct experiment {
	struct hello_experiment base;
	const struct hello_allocator *allocator;
	int pattern;
	u64 batch;
	struct hello_mem *mems;	/* the batches of all workers */
	unsigned int reserved;	/* buffers, against the caps */
};

enum { PAIR, BATCH, REMOTE, BATCH_SIZE };

static const struct hello_experiment_option options[] = {
#define SELECTS(to)		.selects = offsetof(struct experiment, to)
#define NUMBER(to, most)	.number = offsetof(struct experiment, to), .max = most
	[PAIR]		= { "pattern=pair", SELECTS(pattern) },
	[BATCH]		= { "pattern=batch", SELECTS(pattern) },
	[REMOTE]	= { "pattern=remote", SELECTS(pattern) },
	[BATCH_SIZE]	= { "batch=", NUMBER(batch, 4096) },
};

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

static void time_nothing(struct hello_experiment *exp,
			 u64 ns[HELLO_EXPERIMENT_SAMPLES])
{
	const struct hello_allocator *a = &nothing;
	struct hello_mem mem = { };

	/* Hides the constant: else the compiler calls directly. */
	OPTIMIZER_HIDE_VAR(a);

	ns[ALLOC] = time_alloc(a, &mem);
	ns[FREE] = time_free(a, &mem);
}

/* ---- the work ---- */

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

	if (exp->pattern == REMOTE && num_online_cpus() < 2)
		return hello_text_invalid(why, "pattern=remote frees on another CPU, and there is one only");
	if (exp->pattern == PAIR)
		exp->batch = 1;
	else if (hello_context_atomic(recipe->alloc_context))
		exp->batch = min_t(u64, exp->batch, ATOMIC_BATCH);
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
	exp->allocator = hello_allocator_of(&mem);
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
	const struct hello_experiment *exp = base->exp;
	bool remote = of(base->exp)->pattern == REMOTE;

	while (base->done < exp->count &&
	       !hello_experiment_must_stop(exp, ktime_get_ns())) {
		hello_context_run(exp->recipe.alloc_context, alloc_batch,
				  worker);
		if (remote)
			go_to(hello_experiment_cpu_after(worker->alloc_cpu));
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
		       "count: %llu\nfailures: %llu\nelapsed_ns: %llu\n",
		       recipe, options[exp->pattern].text + strlen("pattern="),
		       base->threads, exp->batch, sum->done, sum->failures,
		       base->ns);
}

static const struct experiment defaults = {
	.base.count	= 1000,
	.base.threads	= 1,
	.pattern	= PAIR,
	.batch		= 16,
};

const struct hello_experiment_type hello_experiment_alloc = {
	.name		= "alloc",
	.usage		= "alloc [words of a recipe] count=1-1000000 threads=1-CPUs pattern=pair|batch|remote batch=1-4096",
	.options	= options,
	.nr_options	= ARRAY_SIZE(options),
	.takes_recipe	= true,
	.histogram	= true,
	.defaults	= &defaults.base,
	.size		= sizeof(struct experiment),
	.worker_size	= sizeof(struct worker),
	.samples	= { "alloc", "free" },
	.prepare	= prepare,
	.cleanup	= cleanup,
	.work		= work,
	.report		= report,
	.time_nothing	= time_nothing,
};
