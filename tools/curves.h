/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of measure as curves of cost against size, and their crossovers.
 */
#ifndef HELLOCTL_CURVES_H
#define HELLOCTL_CURVES_H

#include <stdbool.h>

#include "plot.h"

struct result;

/* Fills the table of crossovers of a result. */
void curves_compare(struct result *result);
/* Draws the curves to a picture; with a single size, histograms. */
int curves_draw(const struct result *result, const char *path);

/* Whether a curve has several points. */
bool curves_have_sizes(const struct result *result);
/* Returns 4096 if a row has it, else the smallest size. */
unsigned long long curves_typical_size(const struct result *result);
/* Returns the curves, or if not @sizes the histograms of @size, 0 for all. */
struct plot curves_plot(const struct result *result, bool sizes, unsigned long long size);
/* Returns the curves of one allocator in several results, which the names tell apart. */
struct plot curves_of_mode(const struct result *results, char **names, int count, const char *mode);
void curves_free(struct plot *plot);

#endif /* HELLOCTL_CURVES_H */
