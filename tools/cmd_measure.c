// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure, race: run the driver's experiments for each combination of parameters.
 * The driver names parameters and results; a new one needs no change here.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"
#include "plot.h"
#include "terminal.h"

/* A parameter NAME=VALUE,... of an experiment. */
struct param {
	char *name;
	char **values;
	size_t count;
	size_t step;		/* combinations until the value changes */
};

/* The result of one combination. No median: refused, or most allocations failed. */
struct result {
	size_t row;
	size_t bar, bars;	/* its rows in histograms */
	unsigned long long size, median, p99;
};

struct sweep {
	struct param *params;	/* the last one changes fastest */
	size_t count;
	size_t total;		/* combinations */
	struct result *results;
	struct table *rows;
	struct table *refused;
	struct table *histograms;	/* of all rows */
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

static void add_value(struct param *param, char *value)
{
	param->values = array_grow(param->values, param->count, sizeof(*param->values));
	param->values[param->count++] = value;
}

static void add_doubling(struct param *param, unsigned long long from, unsigned long long to)
{
	for (; from < to; from *= 2)
		add_value(param, text("%llu", from));
	add_value(param, text("%llu", to));
}

/* Adds all values that this kernel supports. */
static int add_all(struct param *param)
{
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

static unsigned long long number(struct table *table, size_t row, const char *name)
{
	const char *cell = table_cell(table, row, name);

	return cell ? strtoull(cell, NULL, 10) : 0;
}

/* "alloc_ns: n 9 min 120" sets alloc_n and alloc_min_ns; with n 0 the times are empty. */
static void add_times(struct table *rows, const char *name, char *times)
{
	int stem = strlen(name) - strlen("_ns");
	bool none = !strncmp(times, "n 0 ", 4);
	char *key, *time;

	while ((key = strsep(&times, " ")) && (time = strsep(&times, " "))) {
		bool number = !strcmp(key, "n");
		char *column = text("%.*s_%s%s", stem, name, key, number ? "" : "_ns");

		table_set(rows, column, none && !number ? NULL : time);
		free(column);
	}
}

/* Parses lines of "name: value", times or the recipe, then the histogram. */
static void add_answer(struct sweep *sweep, struct result *result, char *answer)
{
	char *line, *values, *word, *row = text("%zu", table_rows(sweep->rows));
	struct table *rows = sweep->rows;

	result->row = table_rows(rows);
	result->bar = table_rows(sweep->histograms);
	table_add_cells(rows, 0, NULL);
	while ((line = strsep(&answer, "\n")) && (values = strstr(line, ": "))) {
		*values = 0;
		values += 2;
		if (strchr(values, '=')) {
			while ((word = strsep(&values, " "))) {
				const char *name = strsep(&word, "=");

				table_set(rows, name, word);
			}
		} else if (strchr(values, ' ')) {
			add_times(rows, line, values);
		} else {
			table_set(rows, line, values);
		}
	}
	while ((line = strsep(&answer, "\n")) && *line) {
		const char *from = strsep(&line, " ");

		table_add(sweep->histograms, row, from, line);
		result->bars++;
	}
	free(row);
	result->size = number(rows, result->row, "buffer_size");
	result->p99 = number(rows, result->row, "alloc_p99_ns");
	if (2 * number(rows, result->row, "failures") < number(rows, result->row, "count"))
		result->median = number(rows, result->row, "alloc_p50_ns");
}

static int run_one(struct sweep *sweep, const char *kind, size_t combination)
{
	char *order = text("%s", kind), *answer, *rest;
	int error, ret = 0;

	for (const struct param *param = sweep->params; param < sweep->params + sweep->count; param++)
		append(&order, " %s=%s", param->name, value_of(param, combination));
	progress(combination, sweep->total, order);
	error = debugfs_request("experiment", order, &answer);
	rest = answer;
	if (error) {
		progress_end();
		ret = debugfs_fail("experiment", error);
	} else if (!strncmp(answer, DEBUGFS_REFUSED, strlen(DEBUGFS_REFUSED))) {
		table_add(sweep->refused, order, answer + strlen(DEBUGFS_REFUSED));
	} else if (!(ret = debugfs_check_version(&rest))) {
		add_answer(sweep, &sweep->results[combination], rest);
	}
	free(answer);
	free(order);
	return ret;
}

/* Runs all combinations. Fails if the driver refuses every one. */
static int run_all(struct sweep *sweep, const char *kind)
{
	size_t refused;
	int ret = 0;

	sweep->total = 1;
	for (size_t i = sweep->count; i--; sweep->total *= sweep->params[i].count)
		sweep->params[i].step = sweep->total;
	sweep->results = checked(calloc(sweep->total, sizeof(*sweep->results)));
	for (size_t i = 0; i < sweep->total && !ret; i++)
		ret = run_one(sweep, kind, i);
	progress_end();
	refused = table_rows(sweep->refused);
	if (!ret && refused == sweep->total)
		ret = fail(table_cell(sweep->refused, 0, "reason"), "the driver refuses '%s'%s",
			   table_cell(sweep->refused, 0, "order"),
			   refused > 1 ? " and all the others" : "");
	else if (!ret && refused && !opts.verbose && !opts.json)
		note("%zu of %zu combinations were refused; -v says why", refused, sweep->total);
	for (size_t i = 0; i < refused && opts.verbose; i++)
		note("refused '%s': %s", table_cell(sweep->refused, i, "order"),
		     table_cell(sweep->refused, i, "reason"));
	return ret;
}

/* Parameters are those of @argv, then those of @defaults that @argv omits. */
static int run_sweep(struct sweep *sweep, const char *name, const char *kind, char **argv,
		     const char *const *defaults)
{
	int ret = opts.plot ? plot_check(opts.plot) : 0;

	*sweep = (struct sweep){
		.rows = table_new(name, ""),
		.refused = table_new("refused", "order reason"),
		.histograms = table_new("histogram", "row from_ns count"),
	};
	while (!ret && *argv)
		ret = add_param(sweep, *argv++);
	for (; !ret && *defaults; defaults++)
		if (!find_param(sweep, *defaults))
			ret = add_param(sweep, *defaults);
	return ret ? ret : run_all(sweep, kind);
}

/* Prints @results and the parameters with several values; in JSON everything. */
static int print_sweep(const struct sweep *sweep, const char *results,
		       struct table *crossovers)
{
	struct table *tables[] = {
		sweep->rows, sweep->refused, sweep->histograms, crossovers
	};
	bool choose = !opts.output && !opts.json && !opts.csv;
	char *columns = text("%s", "");
	int ret;

	for (const struct param *param = sweep->params; param < sweep->params + sweep->count; param++)
		if (param->count > 1 && table_has(sweep->rows, param->name))
			append(&columns, "%s,", param->name);
	append(&columns, "%s", results);
	if (choose)
		opts.output = columns;
	ret = tables_print(tables, !opts.json ? 1 : crossovers ? 4 : 2);
	free(columns);
	return ret;
}

static void free_sweep(struct sweep *sweep)
{
	table_free(sweep->rows);
	table_free(sweep->refused);
	table_free(sweep->histograms);
	for (struct param *param = sweep->params; param < sweep->params + sweep->count; param++) {
		while (param->count)
			free(param->values[--param->count]);
		free(param->values);
		free(param->name);
	}
	free(sweep->params);
	free(sweep->results);
}

/* ---- crossovers and plots of measure ---- */

/*
 * Returns the parameters with several values, or else those with one, as text. Omits
 * the allocator and the size on the axis, which the plot shows elsewhere.
 */
static char *sweep_label(const struct sweep *sweep, size_t combination, bool changing)
{
	char *all = text("%s", "");

	for (const struct param *param = sweep->params; param < sweep->params + sweep->count; param++) {
		const char *value = value_of(param, combination);
		/* GFP_ATOMIC needs no name, a number does */
		bool named = !changing || isdigit((unsigned char)*value);

		if ((param->count > 1) == changing && strcmp(param->name, "alloc_mode") &&
		    !(changing && !strcmp(param->name, "buffer_size")))
			append(&all, "%s%s%s%s", *all ? " " : "", named ? param->name : "",
			       named ? "=" : "", value);
	}
	return all;
}

/* Writes the histogram of one combination. */
static void add_bars(const struct sweep *sweep, const struct result *result, const char *name,
		     FILE *data)
{
	struct table *bars = sweep->histograms;

	for (size_t bar = result->bar; bar < result->bar + result->bars; bar++)
		fprintf(data, "%s %s %llu %s\n", table_cell(bars, bar, "from_ns"),
			table_cell(bars, bar, "count"),
			number(sweep->rows, result->row, "alloc_n"), name);
}

/*
 * Writes all sizes of one combination of the others: a curve, or bars if there is one
 * size. Adds the size from which on its allocator is cheaper than the first one, by
 * more than 3 %, the resolution of the driver's histogram.
 */
static void add_series(const struct sweep *sweep, size_t combination,
		       struct table *crossovers, FILE *lines, FILE *data)
{
	const struct param *modes = find_param(sweep, "alloc_mode");
	const struct param *sizes = find_param(sweep, "buffer_size");
	const char *mode = value_of(modes, combination), *first = modes->values[0];
	size_t back = index_of(modes, combination) * modes->step, compared = 0;
	char *words = sweep_label(sweep, combination, true), *name = text("\"%s %s\"", mode, words);
	char *size = NULL, *shown;
	size_t points = 0;

	for (size_t i = 0; i < sizes->count; i++, combination += sizes->step) {
		const struct result *ours = &sweep->results[combination];
		const struct result *theirs = ours - back;
		bool cheaper = ours->median + ours->median / 32 < theirs->median;

		if (ours->median && !points++)
			fprintf(data, "%s\n", name);
		if (ours->median && sizes->count == 1)
			add_bars(sweep, ours, name, data);
		else if (ours->median)
			fprintf(data, "%llu %llu %llu\n", ours->size, ours->median, ours->p99);
		if (!theirs->median || !ours->median)
			continue;
		compared++;
		if (cheaper && !size)
			size = text("%llu", ours->size);
		if (!cheaper) {
			free(size);
			size = NULL;
		}
	}
	if (back && compared > 1) {
		shown = value_text("from_size", size ? size : "no size");
		table_add(crossovers, mode, first, size, words);
		fprintf(lines, "%s%s%s is cheaper than %s from %s on\n", words,
			*words ? ": " : "", mode, first, shown);
		free(shown);
	}
	if (points)
		fputs("\n\n", data);
	free(size);
	free(name);
	free(words);
}

static int draw(const struct sweep *sweep, bool curves, const char *data, char *lines)
{
	char *words = sweep_label(sweep, 0, false), *title;
	struct utsname kernel;
	const char *line;
	int ret;

	uname(&kernel);
	title = text("%s on Linux %s%s%s", curves ? "What allocations cost" :
		     "How long allocations take", kernel.release, *words ? "\\n" : "", words);
	while ((line = strsep(&lines, "\n")))
		append(&title, "\\n%s", line);
	ret = *data ? plot_draw(opts.plot, curves, title, data) :
		      fail(NULL, "nothing to draw: most allocations failed");
	free(title);
	free(words);
	return ret;
}

int cmd_measure(int argc, char **argv)
{
	static const char *const defaults[] = {
		"alloc_mode=kmalloc,vmalloc", "gfp_flags=GFP_KERNEL", "alloc_context=process",
		"buffer_size=64..4M", NULL,
	};
	struct table *crossovers = table_new("crossover", "alloc_mode than from_size words");
	char *lines = NULL, *data = NULL;
	size_t size;
	FILE *to_lines = checked(open_memstream(&lines, &size));
	FILE *to_data = checked(open_memstream(&data, &size));
	const struct param *sizes;
	struct sweep sweep;
	int ret = run_sweep(&sweep, "measure", "alloc", argv, defaults);
	bool few;

	if (ret)
		goto end;
	sizes = find_param(&sweep, "buffer_size");
	for (size_t i = 0; i < sweep.total; i++)
		if (!index_of(sizes, i))
			add_series(&sweep, i, crossovers, to_lines, to_data);
	fflush(to_lines);
	fflush(to_data);
	few = table_rows(crossovers) <= 3;
	ret = print_sweep(&sweep, "failures,alloc_p50_ns,alloc_mean_ns,alloc_p99_ns,free_p50_ns",
			  crossovers);
	if (!opts.json && !opts.csv)
		fputs(lines, stdout);
	if (!ret && opts.plot)
		ret = draw(&sweep, sizes->count > 1, data, few ? lines : NULL);
end:
	free_sweep(&sweep);
	table_free(crossovers);
	fclose(to_lines);
	fclose(to_data);
	free(data);
	free(lines);
	return ret;
}

int cmd_race(int argc, char **argv)
{
	static const char *const defaults[] = { "lock_mode=none,all", NULL };
	struct sweep sweep;
	int ret = run_sweep(&sweep, "race", "lock", argv, defaults);

	if (!ret)
		ret = print_sweep(&sweep,
				  "expected,observed,lost,ns_per_operation,wait_max_ns,hold_mean_ns",
				  NULL);
	free_sweep(&sweep);
	return ret;
}
