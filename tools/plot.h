/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pictures of what measure found, by gnuplot.
 */
#ifndef HELLOCTL_PLOT_H
#define HELLOCTL_PLOT_H

#include <stdbool.h>

/* Can a picture of that name be made? If not, says what to do. */
int plot_check(const char *path);
/*
 * @data: curves with an empty line after each, that begin with their name.
 * @cost: points are a size, and median and 99th percentile in ns; else they
 * are where a step of a histogram begins in ns, its count, and the count of all.
 */
int plot_draw(const char *path, bool cost, const char *title, const char *data);

#endif /* HELLOCTL_PLOT_H */
