/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Medians and their confidence intervals.
 */
#ifndef HELLOCTL_STATISTICS_H
#define HELLOCTL_STATISTICS_H

#include <stddef.h>

/* More would underflow statistics_coverage(). */
#define STATISTICS_MAX	1000

struct estimate {
	unsigned long long median, low, high;
};

/*
 * The interval of the median from order statistics: from the @rank-th smallest to the
 * @rank-th largest value. It has the true median unless fewer than @rank values are on one
 * side of it, so its confidence is 1 - 2 P(B < @rank), where B is binomial (@count, 1/2).
 * It assumes independent values, but no distribution. See J.-Y. Le Boudec, "Performance
 * Evaluation of Computer and Communication Systems", theorem 2.1.
 */
double statistics_coverage(size_t count, size_t rank);
/* Returns the largest rank of at least 95 %; 1, which is all values, if there is none. */
size_t statistics_rank(size_t count);
/* Sorts @values, at least one. */
struct estimate statistics_estimate(unsigned long long *values, size_t count);

#endif /* HELLOCTL_STATISTICS_H */
