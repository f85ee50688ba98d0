// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of measure as curves of cost against size, and their crossovers.
 */
#include "curves.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "helloctl.h"
#include "output.h"
#include "plot.h"
#include "result.h"
#include "shares.h"

/* A row. It is drawn and compared if it has a median, and most allocations succeeded. */
struct point {
	char *key;		/* all words but the allocator and the size */
	const char *mode;
	size_t row;
	unsigned long long size, median, low, high, p99;
	bool measured, failed, interval;
};

/* The rows of one allocator and key, by size. */
struct curve {
	const struct point *points;
	size_t count;
	/* those of the first allocator and the same key, or NULL */
	const struct point *first;
	size_t first_count;
};

struct curves {
	struct point *points;
	struct curve *curves;	/* in the order of their first rows */
	size_t count;
	bool sizes;		/* a curve has several */
};

static bool on_axis(const char *word)
{
	return !strcmp(word, "alloc_mode") || !strcmp(word, "buffer_size");
}

static struct point make_point(const struct table *rows, size_t row)
{
	unsigned long long failures = table_number(rows, row, "failures");
	struct point p = {
		.row = row,
		.key = text("%s", ""),
		.mode = table_cell(rows, row, "alloc_mode"),
		.size = table_number(rows, row, "buffer_size"),
		.median = table_number(rows, row, "alloc_p50_ns"),
		.p99 = table_number(rows, row, "alloc_p99_ns"),
		.low = table_number(rows, row, "alloc_p50_low_ns"),
		.high = table_number(rows, row, "alloc_p50_high_ns"),
		.interval = table_cell(rows, row, "alloc_p50_low_ns"),
	};

	p.mode = p.mode ? p.mode : "";
	p.failed = failures && 2 * failures >= table_number(rows, row, "count");
	p.measured = !p.failed && table_cell(rows, row, "alloc_p50_ns");
	for (size_t i = 0; i < table_width(rows); i++) {
		const char *name = table_column(rows, i), *cell = table_at(rows, row, i);

		if (figure_of(name) == FIGURE_WORD && !on_axis(name))
			append(&p.key, "%s ", cell ? cell : "");
	}
	return p;
}

static int by_curve(const struct point *a, const struct point *b)
{
	int order = strcmp(a->key, b->key);

	return order ? order : strcmp(a->mode, b->mode);
}

static int by_curve_and_size(const void *a, const void *b)
{
	const struct point *point_a = a, *point_b = b;
	int order = by_curve(a, b);

	if (!order)
		order = (point_a->size > point_b->size) - (point_a->size < point_b->size);
	return order ? order : (point_a->row > point_b->row) - (point_a->row < point_b->row);
}

static int by_row(const void *a, const void *b)
{
	const struct curve *curve_a = a, *curve_b = b;
	size_t row_a = curve_a->points->row, row_b = curve_b->points->row;

	return (row_a > row_b) - (row_a < row_b);
}

/* Takes curves in the order of the keys. */
static void find_first(struct curve *curves, size_t count, const char *mode)
{
	for (size_t from = 0, to; from < count; from = to) {
		const struct curve *first = NULL;

		for (to = from; to < count && !strcmp(curves[to].points->key, curves[from].points->key); to++)
			if (!strcmp(curves[to].points->mode, mode))
				first = &curves[to];
		for (size_t i = from; first && i < to; i++) {
			curves[i].first = first->points;
			curves[i].first_count = first->count;
		}
	}
}

static struct curves make_curves(const struct table *rows)
{
	size_t height = table_rows(rows);
	struct curves all = { .points = checked(calloc(height + 1, sizeof(*all.points))) };

	const char *mode;

	for (size_t row = 0; row < height; row++)
		all.points[row] = make_point(rows, row);
	mode = all.points->mode;
	qsort(all.points, height, sizeof(*all.points), by_curve_and_size);
	for (size_t i = 0; i < height; i++) {
		struct point *p = &all.points[i];

		if (!i || by_curve(p - 1, p)) {
			all.curves = array_grow(all.curves, all.count, sizeof(*all.curves));
			all.curves[all.count++] = (struct curve){ .points = p };
		} else {
			all.sizes |= p->size != p[-1].size;
		}
		all.curves[all.count - 1].count++;
	}
	if (all.count) {
		find_first(all.curves, all.count, mode);
		qsort(all.curves, all.count, sizeof(*all.curves), by_row);
	}
	return all;
}

static void free_curves(struct curves *all, const struct table *rows)
{
	for (size_t i = 0; i < table_rows(rows); i++)
		free(all->points[i].key);
	free(all->points);
	free(all->curves);
}

/*
 * Returns the words with several values, or with one, of a row. Omits the allocator, and
 * the size if it is on the axis; the plot shows them elsewhere.
 */
static char *label(const struct table *rows, size_t row, const char *words, bool several)
{
	char *all = text("%s", ""), *copy = text("%s", words), *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		const char *value = *word ? table_cell(rows, row, word) : NULL;
		/* GFP_ATOMIC needs no name, a number does */
		bool named = !several || (value && isdigit((unsigned char)*value));

		if (value && strcmp(word, "alloc_mode") && !(several && !strcmp(word, "buffer_size")))
			append(&all, "%s%s%s%s", *all ? " " : "", named ? word : "", named ? "=" : "",
			       value);
	}
	free(copy);
	return all;
}

/* ---- crossovers ---- */

/* The histogram of the driver tells apart times that differ by more than 1/32. */
static bool cheaper(const struct point *a, const struct point *b)
{
	return a->interval && b->interval && a->high + a->high / 32 < b->low;
}

/*
 * Adds the size from which on @ours is cheaper than @theirs. Where the intervals of all
 * larger sizes do not stay apart there is none.
 */
static void add_crossover(struct table *crossovers, const struct curve *curve, const char *words)
{
	const struct point *our = curve->points, *their = curve->first;
	const struct point *our_end = our + curve->count, *their_end = their + curve->first_count;
	bool distinguishable = false;
	unsigned long long size = 0;
	size_t compared = 0;
	char *shown;

	while (our < our_end && their < their_end) {
		if (our->size < their->size) {
			our++;
			continue;
		}
		if (our->size == their->size && our->measured && their->measured) {
			bool better = cheaper(our, their);

			size = !better ? 0 : size ? size : our->size;
			distinguishable = better || cheaper(their, our);
			compared++;
			our++;
		}
		their++;
	}
	shown = size ? text("%llu", size) : NULL;
	if (compared > 1)
		table_add(crossovers, curve->points->mode, curve->first->mode, shown,
			  distinguishable ? "true" : "false", words);
	free(shown);
}

void curves_compare(struct result *result)
{
	const struct table *rows = result->tables[RESULT_MEASURE];
	struct curves all = make_curves(rows);
	char *words = result_words(result, rows, true);

	for (const struct curve *curve = all.curves; curve < all.curves + all.count; curve++) {
		char *shown = label(rows, curve->points->row, words, true);

		if (curve->first && curve->first != curve->points)
			add_crossover(result->tables[RESULT_CROSSOVER], curve, shown);
		free(shown);
	}
	free(words);
	free_curves(&all, rows);
}

/* ---- pictures ---- */

struct bar {
	unsigned long long row, from, count;
};

static int by_row_and_time(const void *a, const void *b)
{
	const struct bar *bar_a = a, *bar_b = b;

	if (bar_a->row != bar_b->row)
		return bar_a->row > bar_b->row ? 1 : -1;
	return (bar_a->from > bar_b->from) - (bar_a->from < bar_b->from);
}

/* Returns the bars of all rows, by row and time, and after them one of no row. */
static struct bar *sort_bars(const struct table *bars)
{
	size_t count = bars ? table_rows(bars) : 0;
	struct bar *all = checked(calloc(count + 1, sizeof(*all)));

	for (size_t i = 0; i < count; i++)
		all[i] = (struct bar){ table_number(bars, i, "row"), table_number(bars, i, "from_ns"),
				       table_number(bars, i, "count") };
	qsort(all, count, sizeof(*all), by_row_and_time);
	all[count].row = ~0ULL;
	return all;
}

/* Returns the first bar of each row, and of the end. */
static const struct bar **index_bars(const struct bar *bar, size_t rows)
{
	const struct bar **from = checked(calloc(rows + 1, sizeof(*from)));

	for (size_t row = 0; row <= rows; row++) {
		while (bar->row < row)
			bar++;
		from[row] = bar;
	}
	return from;
}

/* An axis of logarithms has no 0. The clock's unit is 1 ns. */
static unsigned long long on_log_axis(unsigned long long ns)
{
	return ns ? ns : 1;
}

static void write_bars(const struct bar *bar, const struct bar *end, unsigned long long all,
		       const char *name, FILE *data)
{
	for (; bar < end; bar++)
		fprintf(data, "%llu %llu %llu \"%s\"\n", on_log_axis(bar->from), bar->count, all, name);
}

static bool has_points(const struct curve *curve)
{
	return curve->points[0].size != curve->points[curve->count - 1].size;
}

/* Writes all points of a curve; with @from the histograms of @size, 0 for any. */
static bool write_curve(const struct curve *curve, const struct table *rows,
			unsigned long long size, const struct bar *const *from, const char *name, FILE *data)
{
	bool any = false;

	for (const struct point *p = curve->points; p < curve->points + curve->count; p++) {
		if (!p->measured || (size && p->size != size) ||
		    (from && from[p->row] == from[p->row + 1]))
			continue;
		if (!any)
			fprintf(data, "\"%s\"\n", name);
		any = true;
		if (!from)
			fprintf(data, "%llu %llu %llu\n", p->size, on_log_axis(p->median),
				on_log_axis(p->p99));
		else
			write_bars(from[p->row], from[p->row + 1],
				   table_number(rows, p->row, "alloc_n"), name, data);
	}
	if (any)
		fputs("\n\n", data);
	return any;
}

static char *make_title(const struct result *result, bool sizes)
{
	const struct table *crossovers = result->tables[RESULT_CROSSOVER];
	char *words = result_words(result, result->tables[RESULT_MEASURE], false);
	char *shown = label(result->tables[RESULT_MEASURE], 0, words, false), *part, *title;
	const char *release = result_fact(result, "kernel_release");

	part = plot_safe("%s", shown);
	title = plot_safe("%s on Linux %s", sizes ? "What allocations cost" :
			  "How long allocations take", release ? release : "");
	append(&title, "%s%s", *part ? "\\n" : "", part);
	for (size_t row = 0; sizes && crossovers && table_rows(crossovers) <= 3 &&
	     row < table_rows(crossovers); row++) {
		char *line = result_crossover_text(crossovers, row), *safe = plot_safe("%s", line);

		append(&title, "\\n%s", safe);
		free(safe);
		free(line);
	}
	free(part);
	free(shown);
	free(words);
	return title;
}

bool curves_have_sizes(const struct result *result)
{
	struct curves all = make_curves(result->tables[RESULT_MEASURE]);
	bool sizes = all.sizes;

	free_curves(&all, result->tables[RESULT_MEASURE]);
	return sizes;
}

unsigned long long curves_typical_size(const struct result *result)
{
	const struct table *rows = result->tables[RESULT_MEASURE];
	unsigned long long least = 0;

	for (size_t row = 0; row < table_rows(rows); row++) {
		unsigned long long size = table_number(rows, row, "buffer_size");

		if (size == 4096)
			return size;
		if (!row || size < least)
			least = size;
	}
	return least;
}

struct plot curves_plot(const struct result *result, bool sizes, unsigned long long size)
{
	const struct table *rows = result->tables[RESULT_MEASURE];
	struct plot plot = { .cost = sizes, .title = make_title(result, sizes) };
	struct bar *bars = sort_bars(result->tables[RESULT_HISTOGRAM]);
	const struct bar **from = index_bars(bars, table_rows(rows));
	size_t length;
	struct curves all = make_curves(rows);
	char *words = result_words(result, rows, true);
	FILE *to = checked(open_memstream(&plot.data, &length));
	int drawn = 0;

	for (const struct curve *curve = all.curves; curve < all.curves + all.count; curve++) {
		char *shown = label(rows, curve->points->row, words, true);
		char *name = plot_safe("%s %s", curve->points->mode, shown);

		/* masks and contexts at one size have no curve */
		if (!sizes || has_points(curve))
			drawn += write_curve(curve, rows, size, sizes ? NULL : from, name, to);
		free(name);
		free(shown);
	}
	fclose(to);
	plot.height = !sizes && drawn > 12 ? 40 + 50 * drawn : 640;
	free(from);
	free(bars);
	free(words);
	free_curves(&all, rows);
	return plot;
}

/* Names a file by its kernel, unless another file has the same one. */
static char *file_label(const struct result *results, char **names, int count, int file)
{
	const char *release = result_fact(&results[file], "kernel_release");

	for (int i = 0; release && i < count; i++) {
		const char *other = i == file ? NULL : result_fact(&results[i], "kernel_release");

		if (other && !strcmp(release, other))
			release = NULL;
	}
	return text("%s", release ? release : names[file]);
}

struct plot curves_of_mode(const struct result *results, char **names, int count, const char *mode)
{
	struct plot plot = { .cost = true, .height = 640 };
	size_t length;
	FILE *to = checked(open_memstream(&plot.data, &length));

	plot.title = plot_safe("What an allocation of %s costs", mode);
	for (int i = 0; i < count; i++) {
		const struct table *rows = results[i].tables[RESULT_MEASURE];
		struct curves all = rows ? make_curves(rows) : (struct curves){ 0 };
		char *words = rows ? result_words(&results[i], rows, true) : text("%s", "");
		char *file = file_label(results, names, count, i);

		for (const struct curve *curve = all.curves; curve < all.curves + all.count; curve++) {
			char *shown = label(rows, curve->points->row, words, true);
			char *name = plot_safe("%s %s", file, shown);

			if (!strcmp(curve->points->mode, mode) && has_points(curve))
				write_curve(curve, rows, 0, NULL, name, to);
			free(name);
			free(shown);
		}
		free(file);
		free(words);
		if (rows)
			free_curves(&all, rows);
	}
	fclose(to);
	return plot;
}

void curves_free(struct plot *plot)
{
	free(plot->title);
	free(plot->data);
}

/* Says why a plot of measure has no data. */
static const char *why_nothing(const struct table *rows)
{
	struct curves all = make_curves(rows);
	const char *why = table_rows(rows) ? "no row has a median" : "there are no rows";

	for (size_t i = 0; i < table_rows(rows); i++)
		if (all.points[i].failed)
			why = "most allocations failed";
		else if (all.points[i].measured && !all.sizes)
			why = "the result has no histograms";
	free_curves(&all, rows);
	return why;
}

int curves_draw(const struct result *result, const char *path)
{
	const struct table *rows = result->tables[RESULT_MEASURE];
	struct plot plot = rows ? curves_plot(result, curves_have_sizes(result), 0) : shares_plot(result);
	int ret = *plot.data ? plot_draw(path, &plot) :
		  fail(NULL, "nothing to draw: %s", rows ? why_nothing(rows) :
		       "no row has a time of an operation");

	curves_free(&plot);
	return ret;
}
