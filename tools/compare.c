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

/* The threshold counts in these, a millionth of a percent: 15 % is exact, 0.15 is not. */
#define UNITS	1e8

struct side {
	const struct table *rows;
	const char *file;
	char **keys;		/* of each row: the words that identify its combination */
	char **shared;		/* of each row: those of its words that both files have */
	size_t *sorted;		/* rows, by shared and then by key */
};

void compare_free(struct comparison *all)
{
	table_free(all->facts);
	table_free(all->rows[0]);
	table_free(all->rows[1]);
	table_free(all->unmatched);
}

/* Whether the column is a word that identifies a combination. */
static bool is_word(const char *name)
{
	return figure_of(name) == FIGURE_WORD && strcmp(name, "experiment");
}

/* Whether any row has the word. */
static bool has_word(const struct table *rows, const char *name)
{
	for (size_t row = 0; row < table_rows(rows); row++)
		if (table_cell(rows, row, name))
			return true;
	return false;
}

/* Returns those of the chosen columns that the row has. */
static char *make_key(const struct table *rows, const bool *chosen, size_t row)
{
	char *key = text("%s", "");

	for (size_t i = 0; i < table_width(rows); i++) {
		const char *cell = table_at(rows, row, i);

		if (chosen[i] && cell)
			append(&key, "%s%s=%s", *key ? " " : "", table_column(rows, i), cell);
	}
	return key;
}

static int by_key(const void *a, const void *b, void *data)
{
	const struct side *side = data;
	size_t row_a = *(const size_t *)a, row_b = *(const size_t *)b;
	int order = strcmp(side->shared[row_a], side->shared[row_b]);

	return order ? order : strcmp(side->keys[row_a], side->keys[row_b]);
}

static struct side make_side(const struct table *rows, const struct table *others, const char *file)
{
	struct side side = { .rows = rows, .file = file };
	size_t height = table_rows(rows), width = table_width(rows);
	bool *words = checked(calloc(width + 1, sizeof(*words)));
	bool *shared = checked(calloc(width + 1, sizeof(*shared)));

	for (size_t i = 0; i < width; i++) {
		words[i] = is_word(table_column(rows, i));
		shared[i] = words[i] && has_word(others, table_column(rows, i));
	}
	side.keys = checked(calloc(height + 1, sizeof(*side.keys)));
	side.shared = checked(calloc(height + 1, sizeof(*side.shared)));
	side.sorted = checked(calloc(height + 1, sizeof(*side.sorted)));
	for (size_t row = 0; row < height; row++) {
		side.keys[row] = make_key(rows, words, row);
		side.shared[row] = make_key(rows, shared, row);
		side.sorted[row] = row;
	}
	qsort_r(side.sorted, height, sizeof(*side.sorted), by_key, &side);
	free(shared);
	free(words);
	return side;
}

static void free_side(struct side *side)
{
	for (size_t row = 0; row < table_rows(side->rows); row++) {
		free(side->keys[row]);
		free(side->shared[row]);
	}
	free(side->keys);
	free(side->shared);
	free(side->sorted);
}

/* Returns the place in @sorted of the first row that is not before these words. */
static size_t find_place(const struct side *side, const char *shared, const char *key)
{
	size_t low = 0, high = table_rows(side->rows);

	while (low < high) {
		size_t middle = (low + high) / 2, row = side->sorted[middle];
		int order = strcmp(side->shared[row], shared);

		if ((order ? order : strcmp(side->keys[row], key)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct side *side, size_t place, const char *shared)
{
	return place < table_rows(side->rows) && !strcmp(side->shared[side->sorted[place]], shared);
}

/*
 * Returns the row of @other with the same combination, or NO_ROW. A newer driver may have
 * more words: those of both files identify a combination, unless several rows have them.
 */
static size_t find_row(const struct side *side, const struct side *other, size_t row)
{
	const char *shared = side->shared[row], *key = side->keys[row];
	size_t place = find_place(other, shared, "");
	bool several = is_at(other, place + 1, shared) ||
		       is_at(side, find_place(side, shared, "") + 1, shared);

	if (several)
		place = find_place(other, shared, key);
	if (!is_at(other, place, shared) ||
	    (several && strcmp(other->keys[other->sorted[place]], key)))
		return NO_ROW;
	return other->sorted[place];
}

/* A row of a combination that occurs twice has no counterpart. */
static int check_unique(const struct table *rows, const char *file)
{
	struct side side = make_side(rows, rows, file);
	int ret = 0;

	for (size_t i = 1; i < table_rows(rows) && !ret; i++) {
		const char *key = side.keys[side.sorted[i]];

		if (!strcmp(side.keys[side.sorted[i - 1]], key))
			ret = fail("measure each combination once, and with one count",
				   "%s has a combination twice: %s", file, key);
	}
	free_side(&side);
	return ret;
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

static bool is_past(double larger, double smaller, double threshold)
{
	double units = (unsigned long long)(threshold * UNITS + 0.5);

	return (larger - smaller) * UNITS > smaller * units;
}

static void set_words(struct table *rows, const struct side *side, size_t row)
{
	for (size_t i = 0; i < table_width(side->rows); i++)
		if (figure_of(table_column(side->rows, i)) == FIGURE_WORD && table_at(side->rows, row, i))
			table_set(rows, table_column(side->rows, i), table_at(side->rows, row, i));
}

/* The bounds are those of the two intervals that are farthest apart: they are not too narrow. */
static void compare_figure(struct comparison *all, struct table *rows, const char *figure,
			   const struct side *old, size_t old_row, const struct side *fresh, size_t row)
{
	double was = bound(old, old_row, figure, NULL), is = bound(fresh, row, figure, NULL);
	double low = bound(fresh, row, figure, "low") / bound(old, old_row, figure, "high");
	double high = bound(fresh, row, figure, "high") / bound(old, old_row, figure, "low");
	bool dearer = low > 1 && is_past(is, was, all->threshold);
	bool cheaper = high < 1 && is_past(was, is, all->threshold);

	all->compared++;
	all->dearer += dearer;
	if (low <= 1 && high >= 1)
		return;
	table_add_cells(rows, 0, NULL);
	set_words(rows, old, old_row);
	set_words(rows, fresh, row);
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

static void compare_row(struct comparison *all, struct table *rows, const struct side *old,
			size_t old_row, const struct side *fresh, size_t row)
{
	for (size_t i = 0; i < table_width(old->rows); i++) {
		const char *name = table_column(old->rows, i);
		char *has_interval = figure_bound(name, "low");
		bool was = table_at(old->rows, old_row, i), is = table_cell(fresh->rows, row, name);

		if (has_interval && was && is)
			compare_figure(all, rows, name, old, old_row, fresh, row);
		else if (has_interval && was != is)
			add_unmatched(all, was ? old->file : fresh->file,
				      was ? old->keys[old_row] : fresh->keys[row], name);
		free(has_interval);
	}
}

static void compare_tables(struct comparison *all, struct table *rows, const struct table *was,
			   const char *old_name, const struct table *is, const char *name)
{
	struct side old = make_side(was, is, old_name), fresh = make_side(is, was, name);

	for (size_t row = 0; row < table_rows(was); row++) {
		size_t found = find_row(&old, &fresh, row);

		if (found == NO_ROW)
			add_unmatched(all, old_name, old.keys[row], NULL);
		else
			compare_row(all, rows, &old, row, &fresh, found);
	}
	for (size_t row = 0; row < table_rows(is); row++)
		if (find_row(&fresh, &old, row) == NO_ROW)
			add_unmatched(all, name, fresh.keys[row], NULL);
	free_side(&old);
	free_side(&fresh);
}

/* Returns the words of rows that no row of the others has. */
static char *lone_words(const struct table *rows, const struct table *others)
{
	char *words = text("%s", "");

	for (size_t i = 0; i < table_width(rows); i++) {
		const char *name = table_column(rows, i);

		if (is_word(name) && has_word(rows, name) && !has_word(others, name))
			append(&words, "%s%s", *words ? " " : "", name);
	}
	return words;
}

/* The cells of words of one file only do not identify a combination. */
static void compare_words(struct comparison *all, const struct table *was, const struct table *is,
			  const char *fact, const char *name)
{
	char *old = lone_words(was, is), *fresh = lone_words(is, was);

	if (*old || *fresh)
		table_add(all->facts, fact, name, *old ? old : "none", *fresh ? fresh : "none");
	free(old);
	free(fresh);
}

static void compare_pair(struct comparison *all, const struct result *old, const char *old_name,
			 const struct result *fresh, const char *name)
{
	static const char *const facts[] = {
		"kernel_release", "kernel_version", "machine", "cpu_model", "cpus", "numa_nodes",
		"virtualization", "cmdline", "init_on_alloc", "init_on_free", "debug_checks",
		"helloctl_version", "module_version", "repeats",
	};
	static const char *const words[] = { "measure_words", "race_words" };

	for (size_t i = 0; i < COUNT(facts); i++) {
		const char *was = result_fact(old, facts[i]), *is = result_fact(fresh, facts[i]);

		if (strcmp(was ? was : "", is ? is : ""))
			table_add(all->facts, facts[i], name, was, is);
	}
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++) {
		struct table *none = table_new("none", "");
		const struct table *was = old->tables[i] ? old->tables[i] : none;
		const struct table *is = fresh->tables[i] ? fresh->tables[i] : none;

		if (table_rows(was) && table_rows(is))
			compare_words(all, was, is, words[i], name);
		compare_tables(all, all->rows[i], was, old_name, is, name);
		table_free(none);
	}
}

/* Adds the columns before the rows: -o may name them even if nothing differs. */
static struct table *make_rows(const char *name, int kind, const struct result *results, int count)
{
	static const char *const figures[] = {
		"file", "figure", "old", "new", "ratio", "ratio_low", "ratio_high", "change",
	};
	struct table *rows = table_new(name, "");

	for (int n = 0; n < count; n++) {
		const struct table *table = results[n].tables[kind];

		for (size_t i = 0; table && i < table_width(table); i++)
			if (figure_of(table_column(table, i)) == FIGURE_WORD)
				table_add_column(rows, table_column(table, i));
	}
	for (size_t i = 0; i < COUNT(figures); i++)
		table_add_column(rows, figures[i]);
	return rows;
}

int compare_results(struct comparison *all, double threshold, const struct result *results,
		    char **names, int count)
{
	int ret = 0;

	*all = (struct comparison){
		.threshold = threshold,
		.facts = table_new("differ", "fact file old new"),
		.rows = { make_rows("measure", RESULT_MEASURE, results, count),
			  make_rows("race", RESULT_RACE, results, count) },
		.unmatched = table_new("unmatched", "file combination"),
	};
	for (int n = 0; n < count && !ret; n++)
		for (int i = RESULT_MEASURE; i <= RESULT_RACE && !ret; i++)
			if (results[n].tables[i])
				ret = check_unique(results[n].tables[i], names[n]);
	for (int n = 1; n < count && !ret; n++)
		compare_pair(all, &results[0], names[0], &results[n], names[n]);
	return ret;
}

char *compare_columns(int rows, const struct result *old, bool several)
{
	char *words = result_words(old, old->tables[rows], true);
	char *columns = text("%s%s%s,%sfigure,old,new,ratio,ratio_low,ratio_high,change",
			     result_mode(rows), *words ? "," : "", words, several ? "file," : "");

	free(words);
	return columns;
}
