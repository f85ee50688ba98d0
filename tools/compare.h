/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares the figures of results, combination by combination.
 */
#ifndef HELLOCTL_COMPARE_H
#define HELLOCTL_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct result;
struct table;

struct comparison {
	double threshold;	/* 0.05: 5 % */
	struct table *facts;	/* in which the machines differ */
	struct table *rows[2];	/* figures that differ, of measure and of race */
	struct table *unmatched;	/* combinations, or figures, of one file only */
	size_t compared;	/* figures */
	size_t dearer;		/* by more than the threshold */
};

/*
 * Compares each further result with the first one; the rows name their files @names.
 * Returns 0, or an exit status after printing an error. The caller frees @all in any case.
 */
int compare_results(struct comparison *all, double threshold, const struct result *results,
		    char **names, int count);
/*
 * Returns the columns of rows[@rows] that a reader wants first: the allocator or lock, the
 * words that vary, and the figures.
 */
char *compare_columns(int rows, const struct result *old, bool several);
void compare_free(struct comparison *all);

#endif /* HELLOCTL_COMPARE_H */
