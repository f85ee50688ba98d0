/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram of times: 32 steps for each power of two, so 3 %.
 */
#ifndef HELLO_SAMPLES_H
#define HELLO_SAMPLES_H

#include <linux/bits.h>
#include <linux/types.h>

/* log2 of the steps of each power of two, and of the longest time told apart */
#define HELLO_SAMPLES_SHIFT	5
#define HELLO_SAMPLES_MAX_SHIFT	36
#define HELLO_SAMPLES_STEPS	\
	((HELLO_SAMPLES_MAX_SHIFT - HELLO_SAMPLES_SHIFT + 2) * BIT(HELLO_SAMPLES_SHIFT))

/* Powers of two that hello_samples_buckets() counts by. */
#define HELLO_SAMPLES_BUCKETS	(HELLO_SAMPLES_MAX_SHIFT + 1)

/**
 * struct hello_samples - times in nanoseconds; empty if zeroed
 */
struct hello_samples {
	/** @n: number of samples */
	u64 n;
	/** @sum: of all samples */
	u64 sum;
	/** @min: shortest, exactly */
	u64 min;
	/** @max: longest, exactly */
	u64 max;
	/** @step: samples in each step */
	unsigned long step[HELLO_SAMPLES_STEPS];
};

/* Subtracts the overhead of measuring from a time. */
static inline u64 hello_samples_net(u64 ns, u64 overhead)
{
	return ns > overhead ? ns - overhead : 0;
}

void hello_samples_add(struct hello_samples *s, u64 ns);
void hello_samples_merge(struct hello_samples *to,
			 const struct hello_samples *from);
u64 hello_samples_percentile(const struct hello_samples *s,
			     unsigned int permille);
void hello_samples_buckets(const struct hello_samples *s, u64 overhead,
			   u64 bucket[HELLO_SAMPLES_BUCKETS]);

#endif /* HELLO_SAMPLES_H */
