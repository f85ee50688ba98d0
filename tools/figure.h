/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The columns of a result by their names: words of the order, counts and times.
 * The driver names them; a new one needs no change here if its name follows the rules.
 */
#ifndef HELLOCTL_FIGURE_H
#define HELLOCTL_FIGURE_H

#include <stdbool.h>

struct table;

/* How a figure of several runs becomes one. A word or a text is the same in all runs. */
enum figure { FIGURE_WORD, FIGURE_TEXT, FIGURE_SUM, FIGURE_LEAST, FIGURE_MOST, FIGURE_MEDIAN };
enum figure figure_of(const char *column);

/*
 * Returns the name of a bound of the interval of a median, "alloc_p50_low_ns" for
 * "alloc_p50_ns" and "low", or NULL if the column has no interval. The caller frees it.
 */
char *figure_bound(const char *column, const char *bound);

/*
 * Checks that the figures and sizes of rows are numbers, and medians in their intervals.
 * Returns 0, or an exit status after printing an error that names @kind and the file @path.
 */
int figures_check(const struct table *rows, const char *kind, const char *path);

#endif /* HELLOCTL_FIGURE_H */
