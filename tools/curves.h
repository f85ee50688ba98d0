/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of measure as curves of cost against size, and their crossovers.
 */
#ifndef HELLOCTL_CURVES_H
#define HELLOCTL_CURVES_H

struct result;

/* Fills the table of crossovers of a result. */
void curves_compare(struct result *result);
/* Draws the curves to a picture; with a single size, histograms. */
int curves_draw(const struct result *result, const char *path);

#endif /* HELLOCTL_CURVES_H */
