/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of an experiment: orders, threads that are bound to CPUs, the clock
 * and the answer. A type of experiment adds its options, its work and its lines.
 */
#ifndef HELLO_EXPERIMENT_H
#define HELLO_EXPERIMENT_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/types.h>

#include "recipe.h"
#include "samples.h"

struct hello_experiment;
struct seq_buf;
struct task_struct;

#define HELLO_EXPERIMENT_MAX_NS	(10ULL * NSEC_PER_SEC)

/* The most kinds of samples that a type takes. */
#define HELLO_EXPERIMENT_SAMPLES	4

/**
 * struct hello_experiment_option - a word of an order
 *
 * Offsets count from the type's struct that begins with a hello_experiment.
 */
struct hello_experiment_option {
	/** @text: the word, or its beginning with @max or @find */
	const char *text;
	/** @selects: offset of the int that is set to the option's index; 0: none */
	size_t selects;
	/** @number: offset of the u64 that is set to the number behind @text */
	size_t number;
	/** @max: largest number; the smallest is 1; 0: no number follows */
	u64 max;
	/** @zero: the number may be 0 too */
	bool zero;
	/** @cpus: a list of CPUs follows */
	bool cpus;
	/** @find: the int at @selects for the text behind @text; negative: invalid */
	int (*find)(const char *text);
};

/**
 * struct hello_experiment_worker - one thread; a type's own struct begins with it
 */
struct hello_experiment_worker {
	/** @exp: the experiment of the thread */
	struct hello_experiment *exp;
	/** @task: the thread */
	struct task_struct *task;
	/** @cpu: that the thread is bound to */
	unsigned int cpu;
	/** @done: operations, failed ones included */
	u64 done;
	/** @failures: operations that failed */
	u64 failures;
	/** @samples: times, as named by the type */
	struct hello_samples samples[HELLO_EXPERIMENT_SAMPLES];
};

/**
 * struct hello_experiment_type - a type of experiment
 */
struct hello_experiment_type {
	/** @name: first word of an order */
	const char *name;
	/** @usage: its other words */
	const char *usage;
	/** @options: the words, besides count=, threads=, cpus= and those of a recipe */
	const struct hello_experiment_option *options;
	/** @nr_options: number of @options */
	unsigned int nr_options;
	/** @takes_recipe: an order has the words of a recipe too */
	bool takes_recipe;
	/** @histogram: the answer ends with a histogram of the first samples */
	bool histogram;
	/** @defaults: the type's struct as it is before an order */
	const struct hello_experiment *defaults;
	/** @size: of that struct */
	size_t size;
	/** @worker_size: size of the struct of one thread, which is zeroed */
	size_t worker_size;
	/** @samples: names of the samples; the unused ones at the end are NULL */
	const char *samples[HELLO_EXPERIMENT_SAMPLES];
	/**
	 * @prepare: called once the threads' structs exist. Returns 0, -EINVAL
	 * with the reason in @why, or -ENOMEM.
	 */
	int (*prepare)(struct hello_experiment *exp, char *why);
	/** @work: the body of a thread; ends if hello_experiment_must_stop() */
	void (*work)(struct hello_experiment_worker *worker);
	/** @report: print the type's lines; @sum is of all threads */
	void (*report)(struct hello_experiment *exp,
		       const struct hello_experiment_worker *sum);
	/** @cleanup: free what @prepare and @work allocated; @prepare may have failed */
	void (*cleanup)(struct hello_experiment *exp);
	/**
	 * @time_nothing: take samples of an operation that does nothing; @ns has
	 * the time of two readings of the clock, which is that of the other samples
	 */
	void (*time_nothing)(struct hello_experiment *exp,
			     u64 ns[HELLO_EXPERIMENT_SAMPLES]);
};

/**
 * struct hello_experiment - an order and its run; a type's own struct begins with it
 */
struct hello_experiment {
	/** @type: the type of experiment */
	const struct hello_experiment_type *type;
	/** @answer: the text that the user reads */
	struct seq_buf *answer;
	/** @recipe: the words of a recipe, if the type takes them */
	struct hello_recipe recipe;
	/** @count: operations of each thread */
	u64 count;
	/** @threads: number of threads; 0 in an order: as many as CPUs */
	u64 threads;
	/** @cpus: that the threads may run on; empty: all */
	struct cpumask cpus;
	/** @workers: array of the type's structs of threads */
	void *workers;
	/** @start_ns: when the last thread was ready */
	u64 start_ns;
	/** @ns: elapsed since @start_ns */
	u64 ns;
	/** @stop: all threads must end */
	bool stop;
	/** @ready: threads that have started */
	atomic_t ready;
	/** @running: threads that have not ended */
	atomic_t running;
	/** @ended: completed by the last thread */
	struct completion ended;
};

/* Thread number @i, which is less than exp->threads. */
static inline struct hello_experiment_worker *
hello_experiment_worker(const struct hello_experiment *exp, unsigned int i)
{
	return exp->workers + i * exp->type->worker_size;
}

/* No subtraction: another thread may set start_ns after @now was read. */
static inline bool hello_experiment_must_stop(const struct hello_experiment *exp,
					      u64 now)
{
	return READ_ONCE(exp->stop) ||
	       now > READ_ONCE(exp->start_ns) + HELLO_EXPERIMENT_MAX_NS;
}

unsigned int hello_experiment_cpus(const struct hello_experiment *exp);
unsigned int hello_experiment_cpu_after(const struct hello_experiment *exp, int cpu);
int hello_experiment_run(const struct hello_experiment_type *const *types,
			 char *text, struct seq_buf *answer);

#endif /* HELLO_EXPERIMENT_H */
