// SPDX-License-Identifier: GPL-2.0-only
/*
 * The columns of a result by their names: words of the order, counts and times.
 */
#include "figure.h"

#include <stdlib.h>
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

/* Whether @cell is a number that helloctl writes: not negative, and below 2^63. */
static bool is_figure(const char *cell)
{
	return is_number(cell) && *cell != '-' && strtod(cell, NULL) < 0x1p63;
}

static int not_a_number(const char *kind, size_t row, const char *column, const char *cell,
			const char *path)
{
	const char *quote = cell ? "'" : "";

	return fail(NULL, "%s[%zu].%s: %s%s%s is not a number: %s is damaged", kind, row, column,
		    quote, cell ? cell : "null", quote, path);
}

/* Whether the median may be empty: only that of no samples, which alloc_n of 0 says. */
static bool may_be_empty(const struct table *rows, size_t row, const char *median)
{
	char *samples;
	bool none;

	if (!ends_with(median, "_p50_ns"))
		return false;
	samples = text("%.*s_n", (int)(strlen(median) - strlen("_p50_ns")), median);
	none = !table_number(rows, row, samples);
	free(samples);
	return none;
}

static int check_interval(const struct table *rows, size_t row, const char *column,
			  const char *low_name, const char *high_name, const char *kind,
			  const char *path)
{
	const char *median = table_cell(rows, row, column);
	const char *low = table_cell(rows, row, low_name), *high = table_cell(rows, row, high_name);
	/* one repeat has no interval */
	bool bounds = low || high || (median && table_number(rows, row, "repeats") > 1);

	if (!median && (bounds || !may_be_empty(rows, row, column)))
		return not_a_number(kind, row, column, NULL, path);
	if (bounds && (!low || !high))
		return not_a_number(kind, row, low ? high_name : low_name, NULL, path);
	if (bounds && (strtod(low, NULL) > strtod(median, NULL) ||
		       strtod(median, NULL) > strtod(high, NULL)))
		return fail(NULL, "%s[%zu].%s: %s is not in its interval from %s to %s: %s is damaged",
			    kind, row, column, median, low, high, path);
	return 0;
}

static int check_column(const struct table *rows, size_t column, const char *kind, const char *path)
{
	const char *name = table_column(rows, column);
	enum figure how = figure_of(name);
	int ret = 0;

	/* sizes and rows of histograms are words, but numbers, too */
	if (how == FIGURE_TEXT ||
	    (how == FIGURE_WORD && !ends_with(name, "_size") && strcmp(name, "row")))
		return 0;
	for (size_t row = 0; row < table_rows(rows) && !ret; row++) {
		const char *cell = table_at(rows, row, column);

		if (cell && !is_figure(cell))
			ret = not_a_number(kind, row, name, cell, path);
	}
	return ret;
}

int figures_check(const struct table *rows, const char *kind, const char *path)
{
	int ret = 0;

	for (size_t i = 0; i < table_width(rows) && !ret; i++)
		ret = check_column(rows, i, kind, path);
	for (size_t i = 0; i < table_width(rows) && !ret; i++) {
		const char *name = table_column(rows, i);
		char *low = figure_bound(name, "low"), *high = figure_bound(name, "high");

		for (size_t row = 0; low && row < table_rows(rows) && !ret; row++)
			ret = check_interval(rows, row, name, low, high, kind, path);
		free(low);
		free(high);
	}
	return ret;
}
