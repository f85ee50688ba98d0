/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of race as curves of throughput and of waits against the share of reads.
 */
#ifndef HELLOCTL_SHARES_H
#define HELLOCTL_SHARES_H

#include "plot.h"

struct result;

/* Returns the curves. curves_free() frees them. */
struct plot shares_plot(const struct result *result);

#endif /* HELLOCTL_SHARES_H */
