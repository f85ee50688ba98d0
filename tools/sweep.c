// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs an experiment for each combination of parameters, several times.
 * The driver names parameters and results; a new one needs no change here.
 */
#include "sweep.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "device.h"
#include "figure.h"
#include "helloctl.h"
#include "json.h"
#include "output.h"
#include "result.h"
#include "statistics.h"
#include "terminal.h"

/* The driver ends an experiment after this time. */
#define LIMIT_NS	10000000000ULL

/* A parameter NAME=VALUE,... of an experiment. */
struct param {
	char *name;
	char **values;
	size_t count;
	size_t step;		/* combinations until the value changes */
};

struct bar {
	unsigned long long from, count;
};

struct combination {
	char *refused;		/* the reason, or NULL */
	size_t *runs;		/* rows of sweep.runs */
	size_t count;
	struct bar *bars;	/* the histograms of all runs */
	size_t bar_count;
};

struct sweep {
	const char *kind;
	struct param *params;	/* the last one changes fastest */
	size_t count;
	struct combination *combinations;
	size_t total;
	size_t *order;
	struct table *runs;	/* the answers, without those of the warm-up */
};

/* ---- parameters ---- */

static struct param *find_param(const struct sweep *sweep, const char *name)
{
	size_t length = strcspn(name, "=");

	for (size_t i = 0; i < sweep->count; i++)
		if (!strncmp(sweep->params[i].name, name, length) && !sweep->params[i].name[length])
			return &sweep->params[i];
	return NULL;
}

static bool same_value(const struct param *param, const char *a, const char *b)
{
	unsigned long long size_a, size_b;

	return !strcmp(a, b) || (!strcmp(param->name, "buffer_size") && parse_size(a, &size_a) &&
				 parse_size(b, &size_b) && size_a == size_b);
}

/* Consumes @value. A value that the list has, 4096 after 4K, would be the same combination. */
static void add_value(struct param *param, char *value)
{
	for (size_t i = 0; i < param->count; i++) {
		if (same_value(param, param->values[i], value)) {
			free(value);
			return;
		}
	}
	param->values = array_grow(param->values, param->count, sizeof(*param->values));
	param->values[param->count++] = value;
}

static void add_doubling(struct param *param, unsigned long long from, unsigned long long to)
{
	for (; from < to; from *= 2)
		add_value(param, text("%llu", from));
	add_value(param, text("%llu", to));
}

/* The kinds of lock of the experiment are more than those of the buffer. none is no lock. */
static int add_all_locks(struct param *param)
{
	char *all = debugfs_read("locks"), *rest = all, *line, *name;

	if (!all)
		return EXIT_FAILED;
	strsep(&rest, "\n");
	while ((line = strsep(&rest, "\n"))) {
		name = strsep(&line, " ");
		if (line && strcmp(name, "none") && !strstr(line, "missing:"))
			add_value(param, text("%s", name));
	}
	free(all);
	return 0;
}

/* Adds all values that this kernel supports. */
static int add_all(struct param *param)
{
	if (!strcmp(param->name, "lock_mode"))
		return add_all_locks(param);

	bool size = !strcmp(param->name, "buffer_size");
	char *all = size ? attr_read("max_buffer_size") : attr_choices(param->name);
	char *rest = all, *choice;
	int ret = 0;

	if (size && all)
		add_doubling(param, 64, strtoull(all, NULL, 10));
	else if (!strcmp(param->name, "threads"))
		add_doubling(param, 1, sysconf(_SC_NPROCESSORS_ONLN));
	else if (!all)
		ret = usage_error("%s=all: the kernel lists no values; name them", param->name);
	while (!size && (choice = strsep(&rest, " ")))
		add_value(param, text("%s", choice));
	free(all);
	return ret;
}

/* Curves and crossovers need sorted sizes. */
static int by_size(const void *a, const void *b)
{
	unsigned long long size_a = 0, size_b = 0;

	parse_size(*(char *const *)a, &size_a);
	parse_size(*(char *const *)b, &size_b);
	return (size_a > size_b) - (size_a < size_b);
}

/* Parses NAME=VALUE,... where FROM..TO doubles and "all" stands for the kernel's list. */
static int add_param(struct sweep *sweep, const char *setting)
{
	struct param param = { .name = text("%s", setting) };
	char *list = param.name, *value, *dots;
	unsigned long long from, to;
	int ret = 0;

	strsep(&list, "=");
	if (!list || !*param.name || find_param(sweep, param.name))
		ret = usage_error("'%s' is not name=value, or the name is given twice", setting);
	while (!ret && (value = strsep(&list, ","))) {
		dots = strstr(value, "..");
		if (dots)
			*dots = 0;
		if (!strcmp(value, "all"))
			ret = add_all(&param);
		else if (!dots)
			add_value(&param, text("%s", value));
		else if (parse_size(value, &from) && parse_size(dots + 2, &to) &&
			 from && from <= to)
			add_doubling(&param, from, to);
		else
			ret = usage_error("%s: '%s..%s' is not a range", param.name, value, dots + 2);
	}
	if (!ret && !param.count) {
		fail(NULL, "%s: the kernel lists no values", param.name);
		ret = EXIT_FAILED;
	}
	if (!strcmp(param.name, "buffer_size") && param.count)
		qsort(param.values, param.count, sizeof(*param.values), by_size);
	sweep->params = array_grow(sweep->params, sweep->count, sizeof(param));
	sweep->params[sweep->count++] = param;
	return ret;
}

static size_t index_of(const struct param *param, size_t combination)
{
	return combination / param->step % param->count;
}

static const char *value_of(const struct param *param, size_t combination)
{
	return param->values[index_of(param, combination)];
}

/* ---- running ---- */

/* "alloc_ns: n 9 min 120" sets alloc_n and alloc_min_ns; with n 0 the times are empty. */
static void add_times(struct table *runs, const char *name, char *times)
{
	int stem = strlen(name) - strlen("_ns");
	bool none = !strncmp(times, "n 0 ", 4);
	char *key, *time;

	while ((key = strsep(&times, " ")) && (time = strsep(&times, " "))) {
		bool number = !strcmp(key, "n");
		char *column = text("%.*s_%s%s", stem, name, key, number ? "" : "_ns");

		table_set(runs, column, none && !number ? NULL : time);
		free(column);
	}
}

static void add_bar(struct combination *c, unsigned long long from, unsigned long long count)
{
	size_t i = c->bar_count;

	while (i && c->bars[i - 1].from > from)
		i--;
	if (i && c->bars[i - 1].from == from) {
		c->bars[i - 1].count += count;
		return;
	}
	c->bars = array_grow(c->bars, c->bar_count, sizeof(*c->bars));
	memmove(c->bars + i + 1, c->bars + i, (c->bar_count++ - i) * sizeof(*c->bars));
	c->bars[i] = (struct bar){ from, count };
}

/* Parses lines of "name: value", times or the recipe, then the histogram. */
static void add_answer(struct table *runs, struct combination *c, char *answer)
{
	char *line, *values, *word;

	c->runs = array_grow(c->runs, c->count, sizeof(*c->runs));
	c->runs[c->count++] = table_rows(runs);
	table_add_cells(runs, 0, NULL);
	while ((line = strsep(&answer, "\n")) && (values = strstr(line, ": "))) {
		*values = 0;
		values += 2;
		if (strchr(values, '=')) {
			while ((word = strsep(&values, " "))) {
				const char *name = strsep(&word, "=");

				table_set(runs, name, word);
			}
		} else if (strchr(values, ' ')) {
			add_times(runs, line, values);
		} else {
			table_set(runs, line, values);
		}
	}
	while ((line = strsep(&answer, "\n")) && *line) {
		unsigned long long from = strtoull(line, &line, 10);

		add_bar(c, from, strtoull(line, NULL, 10));
	}
}

/*
 * The answer has the number of reads, as the samples have too. The percentage is the word
 * that rows are compared by.
 */
static void set_share(struct sweep *sweep, size_t combination)
{
	const struct param *reads = find_param(sweep, "reads");

	if (reads)
		table_set(sweep->runs, "reads", value_of(reads, combination));
}

static char *order_of(const struct sweep *sweep, size_t combination)
{
	char *order = text("%s", sweep->kind);

	for (const struct param *param = sweep->params; param < sweep->params + sweep->count; param++)
		append(&order, " %s=%s", param->name, value_of(param, combination));
	if (opts.cpu)
		append(&order, " cpus=%s", opts.cpu);
	return order;
}

/* Round 0 is the warm-up: it makes slab caches, fills free lists, and is discarded. */
static int run_one(struct sweep *sweep, size_t round, size_t done, size_t combination)
{
	struct combination *c = &sweep->combinations[combination];
	char *order = order_of(sweep, combination), *answer, *rest;
	int error, ret = 0;

	progress(round * sweep->total + done, (opts.repeat + 1) * sweep->total, order);
	error = debugfs_request("experiment", order, &answer);
	rest = answer;
	if (error) {
		progress_end();
		ret = debugfs_fail("experiment", error);
	} else if (!strncmp(answer, DEBUGFS_REFUSED, strlen(DEBUGFS_REFUSED))) {
		c->refused = text("%s", answer + strlen(DEBUGFS_REFUSED));
	} else if (!(ret = debugfs_check_version(&rest)) && round) {
		add_answer(sweep->runs, c, rest);
		set_share(sweep, combination);
	}
	free(answer);
	free(order);
	return ret;
}

/* A slow change of the machine must not hit one combination only: each round runs all. */
static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t with = lrand48() % i, kept = order[i - 1];

		order[i - 1] = order[with];
		order[with] = kept;
	}
}

static int run_all(struct sweep *sweep)
{
	int ret = 0;

	for (size_t i = 0; i < sweep->total; i++)
		sweep->order[i] = i;
	for (size_t round = 0; round <= opts.repeat && !ret; round++) {
		shuffle(sweep->order, sweep->total);
		for (size_t i = 0; i < sweep->total && !ret; i++)
			if (!sweep->combinations[sweep->order[i]].refused)
				ret = run_one(sweep, round, i, sweep->order[i]);
	}
	progress_end();
	return ret;
}

/* ---- rows from runs ---- */

/* Combines a column of the runs of a combination; returns NULL if all are empty. */
static char *combine(const struct sweep *sweep, const struct combination *c, size_t column,
		     struct estimate *estimate)
{
	const char *name = table_column(sweep->runs, column), *first = NULL;
	unsigned long long *values = checked(calloc(c->count, sizeof(*values))), sum = 0, value;
	enum figure how = figure_of(name);
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++) {
		const char *cell = table_at(sweep->runs, c->runs[i], column);

		if (!cell)
			continue;
		first = first ? first : cell;
		values[count] = strtoull(cell, NULL, 10);
		sum += values[count++];
	}
	*estimate = (struct estimate){ 0 };
	if (count)
		*estimate = statistics_estimate(values, count);
	value = how == FIGURE_SUM ? sum : how == FIGURE_LEAST ? values[0] :
		how == FIGURE_MOST ? values[count ? count - 1 : 0] : estimate->median;
	free(values);
	if (!first || how == FIGURE_WORD || how == FIGURE_TEXT)
		return first ? text("%s", first) : NULL;
	return text("%llu", value);
}

static void set_bound(struct table *rows, const char *column, const char *bound,
		      const char *median, unsigned long long value)
{
	char *name = figure_bound(column, bound), *cell = text("%llu", value);

	/* one run has no interval */
	if (name)
		table_set(rows, name, median && opts.repeat > 1 ? cell : NULL);
	free(cell);
	free(name);
}

static bool was_cut(const struct table *runs, const struct combination *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (table_number(runs, c->runs[i], "elapsed_ns") > LIMIT_NS)
			return true;
	return false;
}

/* New columns are the last ones: a CSV keeps its first columns. */
static void add_row(const struct sweep *sweep, const struct combination *c, struct table *rows,
		    struct table *histograms)
{
	size_t width = table_width(sweep->runs), row = table_rows(rows);
	struct estimate *estimates = checked(calloc(width, sizeof(*estimates)));
	char *number = text("%zu", row), *repeats = text("%zu", c->count), *value;

	table_add_cells(rows, 0, NULL);
	for (size_t i = 0; i < width; i++) {
		value = combine(sweep, c, i, &estimates[i]);
		table_set(rows, table_column(sweep->runs, i), value);
		free(value);
	}
	table_set(rows, "repeats", repeats);
	table_set(rows, "cut", was_cut(sweep->runs, c) ? "true" : "false");
	for (size_t i = 0; i < width; i++) {
		const char *name = table_column(sweep->runs, i), *median = table_cell(rows, row, name);

		set_bound(rows, name, "low", median, estimates[i].low);
		set_bound(rows, name, "high", median, estimates[i].high);
	}
	for (size_t i = 0; histograms && i < c->bar_count; i++) {
		char *from = text("%llu", c->bars[i].from), *count = text("%llu", c->bars[i].count);

		table_add(histograms, number, from, count);
		free(count);
		free(from);
	}
	free(repeats);
	free(number);
	free(estimates);
}

static void add_rows(const struct sweep *sweep, struct table *rows, struct table *refused,
		     struct table *histograms)
{
	for (size_t i = 0; i < sweep->total; i++) {
		const struct combination *c = &sweep->combinations[i];
		char *order = c->refused ? order_of(sweep, i) : NULL;

		if (c->refused)
			table_add(refused, order, c->refused);
		else
			add_row(sweep, c, rows, histograms);
		free(order);
	}
}

static int fail_if_refused(const struct table *refused, size_t total)
{
	if (table_rows(refused) < total)
		return 0;
	return fail(table_cell(refused, 0, "reason"), "the driver refuses '%s'%s",
		    table_cell(refused, 0, "order"), total > 1 ? " and all the others" : "");
}

static void describe(const struct sweep *sweep, struct json_object *metadata)
{
	char *line = text("%s", opts.line[0]);
	struct json_object *words = checked(json_object_new_object());
	double coverage = statistics_coverage(opts.repeat, statistics_rank(opts.repeat));

	for (const struct param *param = sweep->params; param < sweep->params + sweep->count; param++)
		json_object_object_add(words, param->name,
				       json_of_words((const char *const *)param->values, param->count));
	for (char **word = opts.line + 1; *word; word++)
		append(&line, " %s", *word);
	json_object_object_add(metadata, "command", json_of_string(line));
	free(line);
	json_object_object_add(metadata, "words", words);
	json_object_object_add(metadata, "repeats", checked(json_object_new_uint64(opts.repeat)));
	json_object_object_add(metadata, "confidence", checked(json_object_new_double(coverage)));
	json_object_object_add(metadata, "seed", checked(json_object_new_uint64(opts.seed)));
}

static void free_sweep(struct sweep *sweep)
{
	table_free(sweep->runs);
	for (size_t i = 0; i < sweep->total; i++) {
		free(sweep->combinations[i].refused);
		free(sweep->combinations[i].runs);
		free(sweep->combinations[i].bars);
	}
	free(sweep->combinations);
	free(sweep->order);
	for (struct param *param = sweep->params; param < sweep->params + sweep->count; param++) {
		while (param->count)
			free(param->values[--param->count]);
		free(param->values);
		free(param->name);
	}
	free(sweep->params);
}

int sweep_run(struct result *result, int rows, const char *kind, char **argv,
	      const char *const *defaults)
{
	struct sweep sweep = { .kind = kind, .runs = table_new("runs", "") };
	unsigned int seed = 0;
	size_t total = 1;
	int ret = 0;

	while (!ret && *argv)
		ret = add_param(&sweep, *argv++);
	for (; !ret && *defaults; defaults++)
		if (!find_param(&sweep, *defaults))
			ret = add_param(&sweep, *defaults);
	if (!ret) {
		for (size_t i = sweep.count; i--; total *= sweep.params[i].count)
			sweep.params[i].step = total;
		sweep.total = total;
		sweep.combinations = checked(calloc(total, sizeof(*sweep.combinations)));
		sweep.order = checked(calloc(total, sizeof(*sweep.order)));
		if (opts.seed == OPTION_UNSET && getrandom(&seed, sizeof(seed), 0) > 0)
			opts.seed = seed;
		srand48(opts.seed);
		describe(&sweep, result->metadata);
		ret = run_all(&sweep);
	}
	if (!ret) {
		add_rows(&sweep, result->tables[rows], result->tables[RESULT_REFUSED],
			 result->tables[RESULT_HISTOGRAM]);
		ret = fail_if_refused(result->tables[RESULT_REFUSED], total);
	}
	free_sweep(&sweep);
	return ret;
}
