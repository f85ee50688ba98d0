// SPDX-License-Identifier: GPL-2.0-only
/*
 * The columns of a result by their names: words of the order, counts and times.
 */
#include "figure.h"

#include <string.h>

#include "output.h"

enum figure figure_of(const char *column)
{
	/* other columns without a unit of time are words */
	static const char *const sums[] = {
		"count", "failures", "expected", "observed", "lost", "writes", "torn",
		"retries", "repeats", "elapsed_ns",
	};

	for (size_t i = 0; i < COUNT(sums); i++)
		if (!strcmp(column, sums[i]))
			return FIGURE_SUM;
	if (!strcmp(column, "clock") || !strcmp(column, "cut"))
		return FIGURE_TEXT;
	if (ends_with(column, "_n"))
		return FIGURE_SUM;
	if (ends_with(column, "_min_ns"))
		return FIGURE_LEAST;
	if (ends_with(column, "_max_ns"))
		return FIGURE_MOST;
	if (ends_with(column, "_ns") || !strncmp(column, "ns_per_", strlen("ns_per_")))
		return FIGURE_MEDIAN;
	return FIGURE_WORD;
}

char *figure_bound(const char *column, const char *bound)
{
	if (ends_with(column, "_p50_ns"))
		return text("%.*s_%s_ns", (int)(strlen(column) - strlen("_ns")), column, bound);
	if (!strcmp(column, "ns_per_operation"))
		return text("%s_%s", column, bound);
	return NULL;
}
