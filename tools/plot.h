/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plots the results of measure by gnuplot.
 */
#ifndef HELLOCTL_PLOT_H
#define HELLOCTL_PLOT_H

#include <stdbool.h>

/* Returns 0 if @path and gnuplot are usable, else an exit status after printing an error. */
int plot_check(const char *path);
int plot_check_gnuplot(void);
/* Formats text for a title or a name: a result of another machine must not run commands. */
__attribute__((format(printf, 1, 2)))
char *plot_safe(const char *format, ...);
/*
 * A picture. Each curve of @data begins with its name and ends with an empty line.
 * @cost: a point is a size, the median and the 99th percentile in ns; else it is the
 * lower bound of a histogram bucket in ns, its count, and the count of all buckets.
 */
struct plot {
	bool cost;
	bool shares;		/* a point is a percentage of reads, operations a second, ns */
	int height;		/* of a width of 960 */
	char *title;
	char *data;
};

int plot_draw(const char *path, const struct plot *plot);
/*
 * Returns the picture, or NULL after printing an error that says which figures gnuplot could
 * not draw, those of @name. The caller frees it.
 */
char *plot_svg(const struct plot *plot, const char *name);

#endif /* HELLOCTL_PLOT_H */
