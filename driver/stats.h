/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of allocations, by allocator and context.
 */
#ifndef HELLO_STATS_H
#define HELLO_STATS_H

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/percpu.h>

/* Buckets of latency, by powers of two of nanoseconds; the last has no end. */
#define HELLO_STATS_BUCKETS	32

/* The counters. */
enum hello_stat {
	HELLO_STAT_ALLOCATIONS,
	HELLO_STAT_FREES,
	HELLO_STAT_FAILURES,
	HELLO_STAT_ASKED,	/* bytes requested by all allocations */
	HELLO_STAT_USABLE,	/* bytes that these took */
	HELLO_STAT_FREED,	/* requested bytes that were freed */
	HELLO_STAT_NS,		/* nanoseconds in the allocator */
	/* Allocations of [2^i, 2^(i+1)) ns; 0 ns counts in the first. */
	HELLO_STAT_BUCKET,
	HELLO_STAT_NR = HELLO_STAT_BUCKET + HELLO_STATS_BUCKETS,
};

/**
 * struct hello_stats - counters of one allocator in one context, or sums
 */
struct hello_stats {
	/** @count: by &enum hello_stat */
	u64 count[HELLO_STAT_NR];
	/** @min_ns: shortest allocation; U64_MAX before the first */
	u64 min_ns;
	/** @max_ns: longest allocation */
	u64 max_ns;
	/** @live_buffers: sums only: allocations less frees since load */
	u64 live_buffers;
	/** @live_bytes: sums only: requested bytes that are not freed */
	u64 live_bytes;
};

/* For hello_stats_sum(): all allocators, or all contexts. */
#define HELLO_STATS_ALL		(-1)

/* By hello_stats_cell(). */
extern struct hello_stats __percpu *hello_stats_cells;

void hello_stats_extreme(struct hello_stats __percpu *stats, u64 ns);

/**
 * hello_stats_time() - count the time of an allocation
 * @stats: one of hello_stats_cells
 * @ns: nanoseconds in the allocator
 */
static inline void hello_stats_time(struct hello_stats __percpu *stats, u64 ns)
{
	this_cpu_add(stats->count[HELLO_STAT_NS], ns);
	this_cpu_inc(stats->count[HELLO_STAT_BUCKET +
				  min(ilog2(ns | 1), HELLO_STATS_BUCKETS - 1)]);
	if (unlikely(ns < this_cpu_read(stats->min_ns) ||
		     ns > this_cpu_read(stats->max_ns)))
		hello_stats_extreme(stats, ns);
}

unsigned int hello_stats_cell(unsigned int allocator, unsigned int context);
void hello_stats_sum(int allocator, int context, struct hello_stats *sum);
void hello_stats_reset(void);

int hello_stats_init(unsigned int allocators, unsigned int contexts);
void hello_stats_exit(void);

#endif /* HELLO_STATS_H */
