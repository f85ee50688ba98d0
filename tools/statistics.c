// SPDX-License-Identifier: GPL-2.0-only
/*
 * Medians and their confidence intervals.
 */
#include "statistics.h"

#include <stdlib.h>

#define CONFIDENCE	0.95

double statistics_coverage(size_t count, size_t rank)
{
	double term = 1, outside = 0;

	/* term: the probability of @i values on one side */
	for (size_t i = 0; i < count; i++)
		term /= 2;
	for (size_t i = 0; i < rank; i++) {
		outside += term;
		term *= (double)(count - i) / (i + 1);
	}
	return 1 - 2 * outside;
}

size_t statistics_rank(size_t count)
{
	size_t rank = 1;

	while (rank < count && statistics_coverage(count, rank + 1) >= CONFIDENCE)
		rank++;
	return rank;
}

static int by_value(const void *a, const void *b)
{
	unsigned long long value_a = *(const unsigned long long *)a;
	unsigned long long value_b = *(const unsigned long long *)b;

	return (value_a > value_b) - (value_a < value_b);
}

struct estimate statistics_estimate(unsigned long long *values, size_t count)
{
	size_t rank = statistics_rank(count), middle = count / 2;
	struct estimate e;

	qsort(values, count, sizeof(*values), by_value);
	e.low = values[rank - 1];
	e.high = values[count - rank];
	e.median = values[middle];
	/* between the two middle values, rounded down */
	if (count % 2 == 0)
		e.median -= (values[middle] - values[middle - 1] + 1) / 2;
	return e;
}
