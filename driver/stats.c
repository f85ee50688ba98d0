// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of allocations: counted per CPU without a shared cache line, and
 * summed by the reader. A sum is no snapshot, but exact if the device is idle.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stats.h"

struct hello_stats __percpu *hello_stats_cells;
static unsigned int nr_contexts;
static unsigned int nr_cells;

/* Snapshot at the last reset, subtracted on read: counters are never zeroed. */
static struct hello_stats *base;
static DEFINE_MUTEX(base_lock);	/* guards base */

/* The index in hello_stats_cells of an allocator in a context. */
unsigned int hello_stats_cell(unsigned int allocator, unsigned int context)
{
	return allocator * nr_contexts + context;
}

/* The slow path of hello_stats_time(): a new minimum or maximum. */
void hello_stats_extreme(struct hello_stats __percpu *stats, u64 ns)
{
	struct hello_stats *cell = get_cpu_ptr(stats);

	/* Other CPUs read both, and a reset writes them. */
	if (ns < READ_ONCE(cell->min_ns))
		WRITE_ONCE(cell->min_ns, ns);
	if (ns > READ_ONCE(cell->max_ns))
		WRITE_ONCE(cell->max_ns, ns);
	put_cpu_ptr(stats);
}

/* Adds the counts of all CPUs since load. */
static void add_cpus(struct hello_stats *sum, unsigned int index)
{
	unsigned int cpu;
	unsigned int i;

	for_each_possible_cpu(cpu) {
		const struct hello_stats *cell =
			per_cpu_ptr(hello_stats_cells, cpu) + index;

		for (i = 0; i < HELLO_STAT_NR; i++)
			sum->count[i] += READ_ONCE(cell->count[i]);
		sum->live_buffers += READ_ONCE(cell->count[HELLO_STAT_ALLOCATIONS]) -
				     READ_ONCE(cell->count[HELLO_STAT_FREES]);
		sum->live_bytes += READ_ONCE(cell->count[HELLO_STAT_ASKED]) -
				   READ_ONCE(cell->count[HELLO_STAT_FREED]);
		sum->min_ns = min(sum->min_ns, READ_ONCE(cell->min_ns));
		sum->max_ns = max(sum->max_ns, READ_ONCE(cell->max_ns));
	}
}

/**
 * hello_stats_sum() - sum the counters since the last reset
 * @allocator: number of the allocator, or HELLO_STATS_ALL
 * @context: number of the context, or HELLO_STATS_ALL
 * @sum: the sums
 *
 * Context: process, may sleep.
 */
void hello_stats_sum(int allocator, int context, struct hello_stats *sum)
{
	unsigned int i;
	unsigned int j;

	*sum = (struct hello_stats) { .min_ns = U64_MAX };
	mutex_lock(&base_lock);
	for (i = 0; i < nr_cells; i++) {
		if (allocator != HELLO_STATS_ALL && allocator != i / nr_contexts)
			continue;
		if (context != HELLO_STATS_ALL && context != i % nr_contexts)
			continue;
		add_cpus(sum, i);
		for (j = 0; j < HELLO_STAT_NR; j++)
			sum->count[j] -= base[i].count[j];
	}
	mutex_unlock(&base_lock);
	/* The free may be summed and the allocation, on another CPU, not yet. */
	sum->live_buffers = max_t(s64, sum->live_buffers, 0);
	sum->live_bytes = max_t(s64, sum->live_bytes, 0);
}

/**
 * hello_stats_reset() - restart all counters but those of live buffers
 *
 * Context: process, may sleep.
 */
void hello_stats_reset(void)
{
	unsigned int cpu;
	unsigned int i;

	mutex_lock(&base_lock);
	for (i = 0; i < nr_cells; i++) {
		base[i] = (struct hello_stats) { };
		add_cpus(&base[i], i);
		/* A minimum cannot be subtracted. */
		for_each_possible_cpu(cpu) {
			struct hello_stats *cell =
				per_cpu_ptr(hello_stats_cells, cpu) + i;

			WRITE_ONCE(cell->min_ns, U64_MAX);
			WRITE_ONCE(cell->max_ns, 0);
		}
	}
	mutex_unlock(&base_lock);
}

/* Allocates the counters. Returns 0 or -ENOMEM. */
int hello_stats_init(unsigned int allocators, unsigned int contexts)
{
	size_t size;

	nr_cells = allocators * contexts;
	nr_contexts = contexts;
	size = array_size(nr_cells, sizeof(*base));
	base = kzalloc(size, GFP_KERNEL);
	hello_stats_cells = __alloc_percpu(size, __alignof__(*base));
	if (!base || !hello_stats_cells) {
		hello_stats_exit();
		return -ENOMEM;
	}
	hello_stats_reset();
	return 0;
}

void hello_stats_exit(void)
{
	free_percpu(hello_stats_cells);
	kfree(base);
}
