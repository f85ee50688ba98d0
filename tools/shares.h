/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of race as curves of throughput and of waits against the share of reads.
 */
#ifndef HELLOCTL_SHARES_H
#define HELLOCTL_SHARES_H

struct result;

/* Returns 0, or an exit status after printing an error. */
int shares_draw(const struct result *result, const char *path);

#endif /* HELLOCTL_SHARES_H */
