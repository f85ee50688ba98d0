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

/* @fresh is a result of the file @name, which the rows name. */
void compare_init(struct comparison *all, double threshold);
void compare_results(struct comparison *all, const struct result *old, const char *old_name,
		     const struct result *fresh, const char *name);
/* Returns the columns of rows that differ: the allocator or lock, the words that vary, figures. */
char *compare_columns(const struct table *rows, const struct result *old, bool several);
void compare_free(struct comparison *all);

#endif /* HELLOCTL_COMPARE_H */
