// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting times in a log-linear histogram, and percentiles of it.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "samples.h"

#define STEPS	BIT(HELLO_SAMPLES_SHIFT)

/* Below two times STEPS each step is one ns, then each power of two has STEPS. */
static unsigned int step_of(u64 ns)
{
	unsigned int shift;

	ns = min_t(u64, ns, (1ULL << (HELLO_SAMPLES_MAX_SHIFT + 1)) - 1);
	shift = ilog2(ns | STEPS) - HELLO_SAMPLES_SHIFT;
	return shift * STEPS + (ns >> shift);
}

static u64 ns_of(unsigned int step)
{
	unsigned int shift = max(step / (unsigned int)STEPS, 1U) - 1;

	return (u64)(step - shift * STEPS) << shift;
}

/**
 * hello_samples_add() - count one sample
 * @s: the samples; the caller serializes
 * @ns: nanoseconds
 */
void hello_samples_add(struct hello_samples *s, u64 ns)
{
	if (!s->n || ns < s->min)
		s->min = ns;
	if (ns > s->max)
		s->max = ns;
	s->n++;
	s->sum += ns;
	s->step[step_of(ns)]++;
}

/**
 * hello_samples_merge() - count the samples of another histogram too
 * @to: the sum
 * @from: the other one
 */
void hello_samples_merge(struct hello_samples *to,
			 const struct hello_samples *from)
{
	unsigned int i;

	if (from->n && (!to->n || from->min < to->min))
		to->min = from->min;
	to->max = max(to->max, from->max);
	to->n += from->n;
	to->sum += from->sum;
	for (i = 0; i < HELLO_SAMPLES_STEPS; i++)
		to->step[i] += from->step[i];
}

/**
 * hello_samples_percentile() - the sample of a rank, within the width of a step
 * @s: the samples
 * @permille: the rank, 1 to 1000
 *
 * Return: nanoseconds, 0 if there are no samples.
 */
u64 hello_samples_percentile(const struct hello_samples *s,
			     unsigned int permille)
{
	u64 rank = div_u64(s->n * permille + 999, 1000);
	unsigned int i = 0;
	u64 seen;

	for (seen = s->step[0]; seen < rank; seen += s->step[i])
		i++;
	return clamp(ns_of(i), s->min, s->max);
}

/**
 * hello_samples_buckets() - count samples by powers of two
 * @s: the samples
 * @overhead: nanoseconds to subtract from each
 * @bucket: samples of [2^i, 2^(i+1)) ns; 0 ns counts in the first
 */
void hello_samples_buckets(const struct hello_samples *s, u64 overhead,
			   u64 bucket[HELLO_SAMPLES_BUCKETS])
{
	unsigned int i;

	memset(bucket, 0, HELLO_SAMPLES_BUCKETS * sizeof(*bucket));
	for (i = 0; i < HELLO_SAMPLES_STEPS; i++)
		bucket[ilog2(hello_samples_net(ns_of(i), overhead) | 1)] +=
			s->step[i];
}
