// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares the figures of results, combination by combination.
 */
#include "compare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "output.h"
#include "result.h"

#define NO_ROW	((size_t)-1)

struct side {
	const struct table *rows;
	const char *file;
	char **keys;		/* of each row: the words that identify its combination */
	size_t *sorted;		/* rows, by key */
};

void compare_init(struct comparison *all, double threshold)
{
	*all = (struct comparison){
		.threshold = threshold,
		.facts = table_new("differ", "fact file old new"),
		.rows = { table_new("measure", ""), table_new("race", "") },
		.unmatched = table_new("unmatched", "file combination"),
	};
}

void compare_free(struct comparison *all)
{
	table_free(all->facts);
	table_free(all->rows[0]);
	table_free(all->rows[1]);
	table_free(all->unmatched);
}

/* A newer driver may have more words: only those of both files identify a combination. */
static char *make_key(const struct table *rows, const struct table *others, size_t row)
{
	char *key = text("%s", "");

	for (size_t i = 0; i < table_width(rows); i++) {
		const char *name = table_column(rows, i), *cell = table_at(rows, row, i);

		if (figure_of(name) == FIGURE_WORD && strcmp(name, "experiment") &&
		    table_has(others, name) && cell)
			append(&key, "%s%s=%s", *key ? " " : "", name, cell);
	}
	return key;
}

static int by_key(const void *a, const void *b, void *data)
{
	char *const *keys = data;

	return strcmp(keys[*(const size_t *)a], keys[*(const size_t *)b]);
}

static struct side make_side(const struct table *rows, const struct table *others, const char *file)
{
	struct side side = { .rows = rows, .file = file };
	size_t height = table_rows(rows);

	side.keys = checked(calloc(height + 1, sizeof(*side.keys)));
	side.sorted = checked(calloc(height + 1, sizeof(*side.sorted)));
	for (size_t row = 0; row < height; row++) {
		side.keys[row] = make_key(rows, others, row);
		side.sorted[row] = row;
	}
	qsort_r(side.sorted, height, sizeof(*side.sorted), by_key, side.keys);
	return side;
}

static void free_side(struct side *side)
{
	for (size_t row = 0; row < table_rows(side->rows); row++)
		free(side->keys[row]);
	free(side->keys);
	free(side->sorted);
}

/* Returns the row with the key, or NO_ROW if there is none, or several. */
static size_t find_row(const struct side *side, const char *key)
{
	size_t low = 0, high = table_rows(side->rows), end = high;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(side->keys[side->sorted[middle]], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == end || strcmp(side->keys[side->sorted[low]], key) ||
	    (low + 1 < end && !strcmp(side->keys[side->sorted[low + 1]], key)))
		return NO_ROW;
	return side->sorted[low];
}

/* Reads a bound of the interval; without one, the median. The clock's unit is 1 ns. */
static double bound(const struct side *side, size_t row, const char *figure, const char *which)
{
	char *name = which ? figure_bound(figure, which) : text("%s", figure);
	const char *cell = table_cell(side->rows, row, name);
	double value;

	if (!cell)
		cell = table_cell(side->rows, row, figure);
	value = strtod(cell, NULL);
	free(name);
	return value > 1 ? value : 1;
}

static void set_ratio(struct table *rows, const char *name, double ratio)
{
	char *cell = text("%.3f", ratio);

	table_set(rows, name, cell);
	free(cell);
}

/* The bounds are those of the two intervals that are farthest apart: they are not too narrow. */
static void compare_figure(struct comparison *all, struct table *rows, const char *figure,
			   const struct side *old, size_t old_row, const struct side *fresh, size_t row)
{
	double was = bound(old, old_row, figure, NULL), is = bound(fresh, row, figure, NULL);
	double low = bound(fresh, row, figure, "low") / bound(old, old_row, figure, "high");
	double high = bound(fresh, row, figure, "high") / bound(old, old_row, figure, "low");
	bool dearer = low > 1 && is > was * (1 + all->threshold);
	bool cheaper = high < 1 && was > is * (1 + all->threshold);

	all->compared++;
	all->dearer += dearer;
	if (low <= 1 && high >= 1)
		return;
	table_add_cells(rows, 0, NULL);
	for (size_t i = 0; i < table_width(fresh->rows); i++) {
		const char *name = table_column(fresh->rows, i);

		if (figure_of(name) == FIGURE_WORD)
			table_set(rows, name, table_at(fresh->rows, row, i));
	}
	table_set(rows, "file", fresh->file);
	table_set(rows, "figure", figure);
	table_set(rows, "old", table_cell(old->rows, old_row, figure));
	table_set(rows, "new", table_cell(fresh->rows, row, figure));
	set_ratio(rows, "ratio", is / was);
	set_ratio(rows, "ratio_low", low);
	set_ratio(rows, "ratio_high", high);
	table_set(rows, "change", dearer ? "dearer" : cheaper ? "cheaper" : "within");
}

static void add_unmatched(struct comparison *all, const char *file, const char *key, const char *figure)
{
	char *words = text("%s%s%s", key, figure ? ": " : "", figure ? figure : "");

	table_add(all->unmatched, file, words);
	free(words);
}

static void compare_row(struct comparison *all, struct table *rows, const char *key,
			const struct side *old, size_t old_row, const struct side *fresh, size_t row)
{
	for (size_t i = 0; i < table_width(old->rows); i++) {
		const char *name = table_column(old->rows, i);
		char *has_interval = figure_bound(name, "low");
		bool was = table_at(old->rows, old_row, i), is = table_cell(fresh->rows, row, name);

		if (has_interval && was && is)
			compare_figure(all, rows, name, old, old_row, fresh, row);
		else if (has_interval && was != is)
			add_unmatched(all, was ? old->file : fresh->file, key, name);
		free(has_interval);
	}
}

static void compare_tables(struct comparison *all, struct table *rows, const struct table *was,
			   const char *old_name, const struct table *is, const char *name)
{
	struct side old = make_side(was, is, old_name), fresh = make_side(is, was, name);

	for (size_t row = 0; row < table_rows(was); row++) {
		const char *key = old.keys[row];
		size_t found = find_row(&old, key) == NO_ROW ? NO_ROW : find_row(&fresh, key);

		if (found == NO_ROW)
			add_unmatched(all, old_name, key, NULL);
		else
			compare_row(all, rows, key, &old, row, &fresh, found);
	}
	for (size_t row = 0; row < table_rows(is); row++)
		if (find_row(&fresh, fresh.keys[row]) == NO_ROW ||
		    find_row(&old, fresh.keys[row]) == NO_ROW)
			add_unmatched(all, name, fresh.keys[row], NULL);
	free_side(&old);
	free_side(&fresh);
}

void compare_results(struct comparison *all, const struct result *old, const char *old_name,
		     const struct result *fresh, const char *name)
{
	static const char *const facts[] = {
		"kernel_release", "kernel_version", "machine", "cpu_model", "cpus", "numa_nodes",
		"virtualization", "cmdline", "init_on_alloc", "init_on_free", "debug_checks",
		"helloctl_version", "module_version", "repeats",
	};

	for (size_t i = 0; i < COUNT(facts); i++) {
		const char *was = result_fact(old, facts[i]), *is = result_fact(fresh, facts[i]);

		if (strcmp(was ? was : "", is ? is : ""))
			table_add(all->facts, facts[i], name, was, is);
	}
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++) {
		struct table *none = table_new("none", "");
		const struct table *was = old->tables[i] ? old->tables[i] : none;
		const struct table *is = fresh->tables[i] ? fresh->tables[i] : none;

		compare_tables(all, all->rows[i], was, old_name, is, name);
		table_free(none);
	}
}

char *compare_columns(const struct table *rows, const struct result *old, bool several)
{
	bool race = table_has(rows, "lock_mode");
	char *words = result_words(old, old->tables[race ? RESULT_RACE : RESULT_MEASURE], true);
	char *columns = text("%s%s%s,%sfigure,old,new,ratio,ratio_low,ratio_high,change",
			     race ? "lock_mode" : "alloc_mode", *words ? "," : "", words,
			     several ? "file," : "");

	free(words);
	return columns;
}
