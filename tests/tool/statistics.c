// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the estimate of the numbers on its command line by tools/statistics.c: median,
 * low, high, and the confidence in percent.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../tools/statistics.h"

int main(int argc, char **argv)
{
	unsigned long long values[STATISTICS_MAX];
	size_t count = argc - 1;
	struct estimate e;

	for (size_t i = 0; i < count; i++)
		values[i] = strtoull(argv[i + 1], NULL, 10);
	e = statistics_estimate(values, count);
	printf("%llu %llu %llu %.2f\n", e.median, e.low, e.high,
	       100 * statistics_coverage(count, statistics_rank(count)));
	return 0;
}
