// SPDX-License-Identifier: GPL-2.0-only
/*
 * report: saved results as one page that needs no other file.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "compare.h"
#include "curves.h"
#include "device.h"
#include "file.h"
#include "helloctl.h"
#include "html.h"
#include "json.h"
#include "output.h"
#include "plot.h"
#include "result.h"
#include "shares.h"

static const char *refusal(const char *path)
{
	char *all = file_read(path);
	bool report = all && !strncmp(all, HTML_BEGIN, strlen(HTML_BEGIN));

	free(all);
	return report ? NULL : "is not a report of helloctl";
}

/* Adds and frees a plot of the figures of @name; one without data is omitted. */
static int add_picture(FILE *to, struct plot plot, const char *name, const char *label)
{
	static int pictures;
	bool draws = *plot.data;
	char *svg = draws ? plot_svg(&plot, name) : NULL;

	if (svg)
		html_picture(to, svg, pictures++, label);
	free(svg);
	curves_free(&plot);
	return draws && !svg ? EXIT_FAILED : 0;
}

/* One picture for each allocator of the first file, with a curve for each file. */
static int add_allocators(FILE *to, const struct result *results, char **names, int count)
{
	const struct table *rows = results[0].tables[RESULT_MEASURE];
	int ret = 0;

	for (size_t row = 0; rows && row < table_rows(rows) && !ret; row++) {
		const char *mode = table_cell(rows, row, "alloc_mode");
		size_t before = 0;

		while (mode && before < row && strcmp(mode, table_cell(rows, before, "alloc_mode") ?: ""))
			before++;
		if (mode && before == row)
			ret = add_picture(to, curves_of_mode(results, names, count, mode), "the files together",
					  "A curve for each file: the median, and a line to the 99th percentile.");
	}
	return ret;
}

static int add_pictures(FILE *to, const struct result *result, const char *name)
{
	unsigned long long size = curves_typical_size(result);
	int ret = 0;

	if (curves_have_sizes(result))
		ret = add_picture(to, curves_plot(result, true, 0), name,
				  "The cost of one allocation: the median, and a line to the 99th percentile.");
	if (!ret && result->tables[RESULT_HISTOGRAM] && table_rows(result->tables[RESULT_HISTOGRAM])) {
		char *bytes = text("%llu", size), *shown = value_text("buffer_size", bytes);
		char *label = text("How often an allocation of %s took how long.", shown);

		ret = add_picture(to, curves_plot(result, false, size), name, label);
		free(label);
		free(shown);
		free(bytes);
	}
	return ret;
}

static void add_metadata(FILE *to, const struct result *result)
{
	struct table *facts = table_new("metadata", "fact value");

	json_each(result->metadata, i) {
		struct json_object *value = json_object_iter_peek_value(&i);

		table_add(facts, json_object_iter_peek_name(&i),
			  value ? json_object_get_string(value) : "unknown");
	}
	html_text(to, "h3", "%s", "Where the figures are from");
	html_table(to, facts, NULL);
	table_free(facts);
}

static void add_rows(FILE *to, const struct result *result, int rows)
{
	const struct table *table = result->tables[rows];
	char *words, *columns;

	if (!table_rows(table)) {
		html_text(to, "p", "%s", "There are no rows.");
		return;
	}
	words = result_words(result, table, true);
	columns = text("%s%s%s", words, *words ? "," : "", result_figures(rows));

	html_table(to, table, columns);
	free(columns);
	free(words);
}

static int add_result(FILE *to, const struct result *result, const char *name)
{
	const struct table *warnings = result->tables[RESULT_WARNING];
	const struct table *crossovers = result->tables[RESULT_CROSSOVER];
	const struct table *refused = result->tables[RESULT_REFUSED];
	char *origin = result_origin(result);
	int ret = 0;

	html_text(to, "h2", "%s", name);
	html_text(to, "p", "%s", origin);
	free(origin);
	for (size_t row = 0; warnings && row < table_rows(warnings); row++)
		html_text(to, "p class=\"warning\"", "Warning: %s", table_cell(warnings, row, "text"));
	for (size_t row = 0; crossovers && row < table_rows(crossovers); row++) {
		char *line = result_crossover_text(crossovers, row);

		html_text(to, "p", "%s.", line);
		free(line);
	}
	if (result->tables[RESULT_MEASURE]) {
		ret = add_pictures(to, result, name);
		html_text(to, "h3", "%s", "Allocations");
		add_rows(to, result, RESULT_MEASURE);
	}
	if (!ret && result->tables[RESULT_RACE]) {
		ret = add_picture(to, shares_plot(result), name,
				  "Above the operations in a second, below the 99th percentile of the waits.");
		html_text(to, "h3", "%s", "Locks");
		add_rows(to, result, RESULT_RACE);
	}
	if (refused && table_rows(refused)) {
		html_text(to, "h3", "%s", "Refused by the driver");
		html_table(to, refused, NULL);
	}
	add_metadata(to, result);
	return ret;
}

static int add_comparison(FILE *to, const struct result *results, char **names, int count)
{
	struct comparison all;
	int ret;

	ret = compare_results(&all, 0.05, results, names, count);
	html_text(to, "h2", "What differs from %s", names[0]);
	if (table_rows(all.facts))
		html_table(to, all.facts, NULL);
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++) {
		char *columns;

		if (!table_rows(all.rows[i]))
			continue;
		columns = compare_columns(i, &results[0], count > 2);
		html_text(to, "h3", "%s", i == RESULT_RACE ? "Locks" : "Allocations");
		html_table(to, all.rows[i], columns);
		free(columns);
	}
	if (table_rows(all.unmatched)) {
		html_text(to, "h3", "%s", "Only in one file");
		html_table(to, all.unmatched, NULL);
	}
	html_text(to, "p", "%zu of %zu figures differ, %zu are dearer by more than 5 %%.",
		  table_rows(all.rows[0]) + table_rows(all.rows[1]), all.compared, all.dearer);
	compare_free(&all);
	return ret ? ret : add_allocators(to, results, names, count);
}

/* Whether no result before @end is of the release. */
static bool is_first(const struct result *results, int end, const char *release)
{
	for (int i = 0; i < end; i++) {
		const char *before = result_fact(&results[i], "kernel_release");

		if (before && !strcmp(before, release))
			return false;
	}
	return true;
}

static char *make_title(const struct result *results, int count)
{
	char *title = text("%s", "What kernel memory costs on Linux");
	const char *comma = "";

	for (int i = 0; i < count; i++) {
		const char *release = result_fact(&results[i], "kernel_release");

		if (!release || !is_first(results, i, release))
			continue;
		append(&title, "%s %s", comma, release);
		comma = ",";
	}
	return title;
}

static int report(const struct result *results, char **names, int count)
{
	char *page = NULL, *title = make_title(results, count);
	size_t size;
	FILE *to = checked(open_memstream(&page, &size));
	int ret = 0;

	html_begin(to, title);
	if (count > 1)
		ret = add_comparison(to, results, names, count);
	for (int i = 0; i < count && !ret; i++)
		ret = add_result(to, &results[i], names[i]);
	html_end(to);
	fclose(to);
	if (!ret)
		ret = file_replace(opts.output, page, size);
	free(page);
	free(title);
	return ret;
}

int cmd_report(int argc, char **argv)
{
	struct result *results = checked(calloc(argc, sizeof(*results)));
	int ret = opts.output ? file_check(opts.output, refusal) :
		usage_error("report needs --output FILE"), loaded;

	if (!ret)
		ret = plot_check_gnuplot();
	for (loaded = 0; !ret && loaded < argc; loaded++)
		ret = result_load(&results[loaded], argv[loaded]);
	if (!ret)
		ret = report(results, argv, argc);
	while (loaded--)
		result_free(&results[loaded]);
	free(results);
	return ret;
}
