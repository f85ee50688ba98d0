// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running an experiment: parsing its order, threads that are bound to CPUs, within
 * the caps and within ten seconds, and printing the answer.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"
#include "experiment.h"
#include "fail.h"
#include "settings.h"
#include "text.h"

#define BLANKS		" \t\n"

/* ---- threads ---- */

static const struct cpumask *cpus_of(const struct hello_experiment *exp)
{
	return cpumask_empty(&exp->cpus) ? cpu_online_mask : &exp->cpus;
}

/**
 * hello_experiment_cpus() - number of CPUs that the threads may run on
 * @exp: the experiment
 */
unsigned int hello_experiment_cpus(const struct hello_experiment *exp)
{
	return cpumask_weight(cpus_of(exp));
}

/**
 * hello_experiment_cpu_after() - the CPU of an experiment after another
 * @exp: the experiment
 * @cpu: a CPU, or -1
 *
 * Return: the next online CPU; after the last one, the first. Any online CPU
 * if all of the experiment have gone offline.
 */
unsigned int hello_experiment_cpu_after(const struct hello_experiment *exp, int cpu)
{
	unsigned int next = cpumask_next_and(cpu, cpus_of(exp), cpu_online_mask);

	if (next >= nr_cpu_ids)
		next = cpumask_next_and(-1, cpus_of(exp), cpu_online_mask);
	return next < nr_cpu_ids ? next : cpumask_first(cpu_online_mask);
}

static int worker_thread(void *arg)
{
	struct hello_experiment_worker *worker = arg;
	struct hello_experiment *exp = worker->exp;

	/* Wait for all threads: else they would hardly contend. */
	if (atomic_inc_return(&exp->ready) == exp->threads)
		WRITE_ONCE(exp->start_ns, ktime_get_ns());
	while (atomic_read(&exp->ready) < exp->threads &&
	       !hello_experiment_must_stop(exp, ktime_get_ns())) {
		cpu_relax();
		cond_resched();
	}

	exp->type->work(worker);
	if (atomic_dec_and_test(&exp->running)) {
		exp->ns = ktime_get_ns() - exp->start_ns;
		complete(&exp->ended);
	}
	return 0;
}

/* Runs all threads and waits for them; a kill stops them early. */
static int run_threads(struct hello_experiment *exp)
{
	unsigned int created;
	int cpu = -1;
	int err = 0;

	init_completion(&exp->ended);
	atomic_set(&exp->running, exp->threads);
	exp->start_ns = ktime_get_ns();
	for (created = 0; created < exp->threads; created++) {
		struct hello_experiment_worker *worker =
			hello_experiment_worker(exp, created);

		worker->exp = exp;
		worker->task = kthread_create(worker_thread, worker, "hello/%u",
					      created);
		err = PTR_ERR_OR_ZERO(worker->task);
		if (err)
			break;
		cpus_read_lock();
		cpu = hello_experiment_cpu_after(exp, cpu);
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
		struct task_struct *task =
			hello_experiment_worker(exp, created)->task;

		kthread_stop(task);
		put_task_struct(task);
	}
	return err;
}

/* ---- parsing an order ---- */

/* The options of all types. */
static const struct hello_experiment_option common[] = {
#define NUMBER(to, most)	.number = offsetof(struct hello_experiment, to), .max = most
	{ "count=", NUMBER(count, 1000000) },
	{ "threads=", NUMBER(threads, UINT_MAX) },
	{ "cpus=", .cpus = true },
};

static int reject(struct hello_experiment *exp, const char *reason)
{
	pr_notice_ratelimited("experiment: %s\n", reason);
	seq_buf_printf(exp->answer, "error: %s\n", reason);
	return -EINVAL;
}

/* Applies an option that is number @i of its array. */
static bool apply_option(struct hello_experiment *exp,
			 const struct hello_experiment_option *option,
			 unsigned int i, const char *rest)
{
	u64 *number = (void *)exp + option->number;
	int *selected = (void *)exp + option->selects;

	if (option->cpus)
		return !cpulist_parse(rest, &exp->cpus) &&
		       cpumask_and(&exp->cpus, &exp->cpus, cpu_online_mask);
	if (option->find) {
		*selected = option->find(rest);
		return *selected >= 0;
	}
	if (option->selects)
		*selected = i;
	if (option->max)
		return !kstrtoull(rest, 10, number) &&
		       (*number || option->zero) && *number <= option->max;
	return !*rest;
}

/* Returns 1 if @text is no option of @options, 0, or -EINVAL for its value. */
static int parse_option(struct hello_experiment *exp,
			const struct hello_experiment_option *options,
			unsigned int nr, const char *text)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		size_t len = str_has_prefix(text, options[i].text);

		if (len)
			return apply_option(exp, &options[i], i, text + len) ?
			       0 : -EINVAL;
	}
	return 1;
}

/* Knows allocators that the tunable does not offer. */
static bool parse_allocator(struct hello_experiment *exp, const char *text)
{
	size_t len = str_has_prefix(text, "alloc_mode=");
	int i = len ? hello_table_find(&hello_allocator_table_all, text + len) : -1;

	if (i >= 0)
		exp->recipe.alloc_mode = i;
	return i >= 0;
}

static int parse_word(struct hello_experiment *exp, char *text)
{
	const struct hello_experiment_type *type = exp->type;
	char shown[HELLO_TEXT_ESCAPED(40)];
	char why[HELLO_WHY_MAX];
	int ret;

	ret = parse_option(exp, common, ARRAY_SIZE(common), text);
	if (ret > 0)
		ret = parse_option(exp, type->options, type->nr_options, text);
	if (!ret)
		return 0;
	if (ret < 0 || !type->takes_recipe)
		snprintf(why, sizeof(why), "no '%s' here: %s",
			 hello_text_escape(shown, sizeof(shown), text),
			 type->usage);
	else if (parse_allocator(exp, text) ||
		 !hello_recipe_parse(text, &exp->recipe, why))
		return 0;
	return reject(exp, why);
}

/* Defaults are those of the type and, for a recipe, the tunables. */
static int parse_order(struct hello_experiment *exp, char *text)
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
		exp->threads = hello_experiment_cpus(exp);
	if (exp->threads > hello_experiment_cpus(exp))
		return reject(exp, "there are not so many CPUs online; lower threads");
	if (exp->type->takes_recipe &&
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
static const struct hello_experiment_worker *
sum_workers(const struct hello_experiment *exp)
{
	struct hello_experiment_worker *sum = hello_experiment_worker(exp, 0);
	unsigned int i, k;

	for (i = 1; i < exp->threads; i++) {
		const struct hello_experiment_worker *w =
			hello_experiment_worker(exp, i);

		sum->done += w->done;
		sum->failures += w->failures;
		for (k = 0; k < HELLO_EXPERIMENT_SAMPLES; k++)
			hello_samples_merge(&sum->samples[k], &w->samples[k]);
	}
	return sum;
}

/* The least overhead of each sample: two readings of the clock, and a call. */
static u64 measure_overhead(struct hello_experiment *exp,
			    u64 overhead[HELLO_EXPERIMENT_SAMPLES])
{
	u64 clock = U64_MAX;
	unsigned int i, k;

	memset64(overhead, U64_MAX, HELLO_EXPERIMENT_SAMPLES);
	for (i = 0; i < 1000; i++) {
		u64 ns[HELLO_EXPERIMENT_SAMPLES];
		u64 start = ktime_get_ns();

		clock = min(clock, ktime_get_ns() - start);
		memset64(ns, clock, HELLO_EXPERIMENT_SAMPLES);
		exp->type->time_nothing(exp, ns);
		for (k = 0; k < HELLO_EXPERIMENT_SAMPLES; k++)
			overhead[k] = min(overhead[k], ns[k]);
		cond_resched();
	}
	return clock;
}

static void report(struct hello_experiment *exp)
{
	const struct hello_experiment_worker *sum = sum_workers(exp);
	const struct hello_experiment_type *type = exp->type;
	u64 overhead[HELLO_EXPERIMENT_SAMPLES];
	u64 clock = measure_overhead(exp, overhead);
	unsigned int i;

	seq_buf_printf(exp->answer, "version: 1\nexperiment: %s\n", type->name);
	type->report(exp, sum);
	if (!cpumask_empty(&exp->cpus))
		seq_buf_printf(exp->answer, "cpus: %*pbl\n",
			       cpumask_pr_args(&exp->cpus));
	seq_buf_printf(exp->answer,
		       "clock: ktime_get_ns\nclock_overhead_ns: %llu\n"
		       "clock_resolution_ns: %u\n",
		       clock, max(ktime_get_resolution_ns(), 1U));
	for (i = 0; i < HELLO_EXPERIMENT_SAMPLES && type->samples[i]; i++)
		seq_buf_printf(exp->answer, "%s_overhead_ns: %llu\n",
			       type->samples[i], overhead[i]);
	for (i = 0; i < HELLO_EXPERIMENT_SAMPLES && type->samples[i]; i++)
		print_samples(exp->answer, type->samples[i], &sum->samples[i],
			      overhead[i]);
	if (type->histogram)
		print_histogram(exp->answer, &sum->samples[0], overhead[0]);
}

static int run(struct hello_experiment *exp, char *text)
{
	const struct hello_experiment_type *type = exp->type;
	char why[HELLO_WHY_MAX];
	int err;

	err = parse_order(exp, text);
	if (err)
		return err;
	exp->workers = hello_should_fail() ? NULL :
			kvcalloc(exp->threads, type->worker_size, GFP_KERNEL);
	if (!exp->workers)
		return -ENOMEM;
	err = type->prepare(exp, why);
	if (err == -EINVAL)
		reject(exp, why);
	if (!err)
		err = run_threads(exp);
	if (!err)
		report(exp);
	type->cleanup(exp);
	kvfree(exp->workers);
	return err;
}

static int reject_name(const struct hello_experiment_type *const *types,
		       struct seq_buf *answer)
{
	const struct hello_experiment_type *const *type;

	seq_buf_printf(answer, "error: an experiment begins with");
	for (type = types; *type; type++)
		seq_buf_printf(answer, "%s %s", type == types ? "" : " or",
			       (*type)->name);
	seq_buf_printf(answer, "\n");
	return -EINVAL;
}

/**
 * hello_experiment_run() - run an experiment
 * @types: the types to choose from; the last is NULL
 * @text: "TYPE WORD=VALUE ..."; it is written to
 * @answer: the result, or the reason of a failure
 *
 * Context: process, sleeps up to ten seconds. The caller serializes.
 *
 * Return: 0, -EINVAL, -ENOMEM if a cap would be exceeded, -EINTR if killed.
 */
int hello_experiment_run(const struct hello_experiment_type *const *types,
			 char *text, struct seq_buf *answer)
{
	const struct hello_experiment_type *const *type = types;
	const char *name = strsep(&text, BLANKS);
	struct hello_experiment *exp;
	int err;

	while (*type && strcmp(name, (*type)->name))
		type++;
	if (!*type)
		return reject_name(types, answer);
	exp = hello_should_fail() ? NULL :
	      kmemdup((*type)->defaults, (*type)->size, GFP_KERNEL);
	if (!exp)
		return -ENOMEM;
	exp->type = *type;
	exp->answer = answer;
	err = run(exp, text);
	kfree(exp);
	return err;
}
