/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of allocations, by allocator and context.
 */
#ifndef HELLO_STATS_H
#define HELLO_STATS_H

#include <linux/types.h>

/* Latencies are counted by powers of two of nanoseconds; the last is open. */
#define HELLO_STATS_BUCKETS	32

/* What is counted. Frees and failures have no size and time. */
enum hello_stat {
	HELLO_STAT_ALLOCATIONS,
	HELLO_STAT_FREES,
	HELLO_STAT_FAILURES,
	HELLO_STAT_ASKED,	/* bytes asked for, of all allocations */
	HELLO_STAT_USABLE,	/* bytes that they took */
	HELLO_STAT_FREED,	/* of the bytes asked for, those given back */
	HELLO_STAT_NS,		/* nanoseconds in the allocator */
	HELLO_STAT_NR,
};

/**
 * struct hello_stats - counters of one allocator in one context, or sums
 */
struct hello_stats {
	/** @count: by &enum hello_stat */
	u64 count[HELLO_STAT_NR];
	/** @bucket: allocations that took [2^i, 2^(i+1)) ns; 0 counts in the first */
	u64 bucket[HELLO_STATS_BUCKETS];
	/** @min_ns: shortest allocation; U64_MAX before the first */
	u64 min_ns;
	/** @max_ns: longest allocation */
	u64 max_ns;
	/** @live_buffers: allocations less frees; reset does not touch it */
	u64 live_buffers;
	/** @live_bytes: bytes asked for that are not given back */
	u64 live_bytes;
};

/* For hello_stats_sum(): of all allocators, or of all contexts. */
#define HELLO_STATS_ALL		(-1)

void hello_stats_allocated(unsigned int allocator, unsigned int context,
			   size_t asked, size_t usable, u64 ns);
void hello_stats_freed(unsigned int allocator, unsigned int context,
		       size_t asked);
void hello_stats_failed(unsigned int allocator, unsigned int context);

void hello_stats_sum(int allocator, int context, struct hello_stats *sum);
void hello_stats_reset(void);

int hello_stats_init(unsigned int allocators, unsigned int contexts);
void hello_stats_exit(void);

#endif /* HELLO_STATS_H */
