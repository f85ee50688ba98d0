// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of allocations: per CPU, so that counting costs a few instructions
 * and no shared cache line; summed when somebody reads. A sum is no snapshot,
 * but it is exact once the device is idle.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stats.h"

struct cell {
	u64 count[HELLO_STAT_NR];
	u64 bucket[HELLO_STATS_BUCKETS];
	u64 min_ns;
	u64 max_ns;
};

static unsigned int nr_allocators;
static unsigned int nr_contexts;

/* One cell for each allocator and context. */
static struct cell __percpu *cells;

/* What the counters were at the last reset, which thus loses no live buffer. */
static struct cell *base;
static DEFINE_MUTEX(base_lock);

static unsigned int index_of(unsigned int allocator, unsigned int context)
{
	return allocator * nr_contexts + context;
}

/**
 * hello_stats_allocated() - count an allocation
 * @allocator: who made it
 * @context: where
 * @asked: bytes asked for
 * @usable: bytes that it took
 * @ns: nanoseconds in the allocator
 *
 * Context: process.
 */
void hello_stats_allocated(unsigned int allocator, unsigned int context,
			   size_t asked, size_t usable, u64 ns)
{
	struct cell *cell =
		get_cpu_ptr(cells) + index_of(allocator, context);

	cell->count[HELLO_STAT_ALLOCATIONS]++;
	cell->count[HELLO_STAT_ASKED] += asked;
	cell->count[HELLO_STAT_USABLE] += usable;
	cell->count[HELLO_STAT_NS] += ns;
	cell->bucket[min(ilog2(ns | 1), HELLO_STATS_BUCKETS - 1)]++;
	cell->min_ns = min(cell->min_ns, ns);
	cell->max_ns = max(cell->max_ns, ns);
	put_cpu_ptr(cells);
}

/**
 * hello_stats_freed() - count a free
 * @allocator: whose memory
 * @context: where it was allocated
 * @asked: bytes asked for then
 *
 * Context: process.
 */
void hello_stats_freed(unsigned int allocator, unsigned int context,
		       size_t asked)
{
	struct cell *cell =
		get_cpu_ptr(cells) + index_of(allocator, context);

	cell->count[HELLO_STAT_FREES]++;
	cell->count[HELLO_STAT_FREED] += asked;
	put_cpu_ptr(cells);
}

/**
 * hello_stats_failed() - count an allocation that failed
 * @allocator: who was asked
 * @context: where
 *
 * Context: process.
 */
void hello_stats_failed(unsigned int allocator, unsigned int context)
{
	struct cell *cell =
		get_cpu_ptr(cells) + index_of(allocator, context);

	cell->count[HELLO_STAT_FAILURES]++;
	put_cpu_ptr(cells);
}

static void add_cell(struct cell *sum, const struct cell *cell)
{
	unsigned int i;

	for (i = 0; i < HELLO_STAT_NR; i++)
		sum->count[i] += READ_ONCE(cell->count[i]);
	for (i = 0; i < HELLO_STATS_BUCKETS; i++)
		sum->bucket[i] += READ_ONCE(cell->bucket[i]);
	sum->min_ns = min(sum->min_ns, READ_ONCE(cell->min_ns));
	sum->max_ns = max(sum->max_ns, READ_ONCE(cell->max_ns));
}

/* Adds what all CPUs counted since the module was loaded. */
static void add_cpus(struct cell *sum, unsigned int index)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		add_cell(sum, per_cpu_ptr(cells, cpu) + index);
}

/**
 * hello_stats_sum() - add up counters
 * @allocator: which allocator's, or HELLO_STATS_ALL
 * @context: of which context, or HELLO_STATS_ALL
 * @sum: the result, since the last reset
 *
 * Context: process, may sleep.
 */
void hello_stats_sum(int allocator, int context, struct hello_stats *sum)
{
	struct cell now = { .min_ns = U64_MAX };
	struct cell then = { .min_ns = U64_MAX };
	unsigned int i;

	mutex_lock(&base_lock);
	for (i = 0; i < nr_allocators * nr_contexts; i++) {
		if (allocator != HELLO_STATS_ALL && allocator != i / nr_contexts)
			continue;
		if (context != HELLO_STATS_ALL && context != i % nr_contexts)
			continue;
		add_cpus(&now, i);
		add_cell(&then, &base[i]);
	}
	mutex_unlock(&base_lock);

	for (i = 0; i < HELLO_STAT_NR; i++)
		sum->count[i] = now.count[i] - then.count[i];
	for (i = 0; i < HELLO_STATS_BUCKETS; i++)
		sum->bucket[i] = now.bucket[i] - then.bucket[i];
	sum->min_ns = now.min_ns;
	sum->max_ns = now.max_ns;
	sum->live_buffers = now.count[HELLO_STAT_ALLOCATIONS] -
			    now.count[HELLO_STAT_FREES];
	sum->live_bytes = now.count[HELLO_STAT_ASKED] -
			  now.count[HELLO_STAT_FREED];
}

/* A minimum cannot be subtracted like a count: it starts again. */
static void reset_extremes(unsigned int index)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct cell *cell = per_cpu_ptr(cells, cpu) + index;

		WRITE_ONCE(cell->min_ns, U64_MAX);
		WRITE_ONCE(cell->max_ns, 0);
	}
}

/**
 * hello_stats_reset() - let all counters begin at zero again
 *
 * What lives stays counted as live. Context: process, may sleep.
 */
void hello_stats_reset(void)
{
	unsigned int i;

	mutex_lock(&base_lock);
	for (i = 0; i < nr_allocators * nr_contexts; i++) {
		memset(&base[i], 0, sizeof(base[i]));
		add_cpus(&base[i], i);
		base[i].min_ns = U64_MAX;
		base[i].max_ns = 0;
		reset_extremes(i);
	}
	mutex_unlock(&base_lock);
}

/**
 * hello_stats_init() - make the counters
 * @allocators: how many allocators there are
 * @contexts: how many contexts there are
 *
 * Return: 0 or -ENOMEM.
 */
int hello_stats_init(unsigned int allocators, unsigned int contexts)
{
	size_t size = array_size(allocators * contexts, sizeof(struct cell));

	nr_allocators = allocators;
	nr_contexts = contexts;
	base = kzalloc(size, GFP_KERNEL);
	cells = __alloc_percpu(size, __alignof__(struct cell));
	if (!base || !cells) {
		hello_stats_exit();
		return -ENOMEM;
	}
	hello_stats_reset();
	return 0;
}

/**
 * hello_stats_exit() - unmake the counters
 */
void hello_stats_exit(void)
{
	free_percpu(cells);
	kfree(base);
}
