// SPDX-License-Identifier: GPL-2.0-only
/*
 * compare: which figures of saved results differ from those of the first one.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>

#include "compare.h"
#include "helloctl.h"
#include "json.h"
#include "output.h"
#include "result.h"

/* Parses a percentage, with or without its sign. */
static bool parse_threshold(const char *word, double *threshold)
{
	char *end;

	*threshold = strtod(word, &end) / 100;
	return *word >= '0' && *word <= '9' && (!*end || !strcmp(end, "%")) && *threshold < 1000;
}

static void print_rows(const struct comparison *all, int rows, const struct result *old, bool several)
{
	char *columns = compare_columns(rows, old, several);

	table_print_columns(all->rows[rows], columns);
	free(columns);
}

static void print_head(const struct comparison *all, const struct result *results, char **names,
		       int count)
{
	for (int i = 0; i < count; i++) {
		char *origin = result_origin(&results[i]);

		say("%s: %s, %s", i ? "new" : "old", names[i], origin);
		free(origin);
	}
	for (size_t row = 0; row < table_rows(all->facts); row++) {
		const char *was = table_cell(all->facts, row, "old");
		const char *is = table_cell(all->facts, row, "new");

		say("%s%s%s: %s -> %s", count > 2 ? table_cell(all->facts, row, "file") : "",
		    count > 2 ? " " : "", table_cell(all->facts, row, "fact"), was ? was : "unknown",
		    is ? is : "unknown");
	}
	say(" ");
}

static void print_text(const struct comparison *all, const struct result *results, char **names,
		       int count)
{
	size_t differ = table_rows(all->rows[0]) + table_rows(all->rows[1]);

	print_head(all, results, names, count);
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++)
		if (table_rows(all->rows[i]))
			print_rows(all, i, &results[0], count > 2);
	for (size_t row = 0; row < table_rows(all->unmatched); row++)
		say("only in %s: %s", table_cell(all->unmatched, row, "file"),
		    table_cell(all->unmatched, row, "combination"));
	say("%zu of %zu figures differ, %zu are dearer by more than %g %%", differ, all->compared,
	    all->dearer, 100 * all->threshold);
}

static void print_json(const struct comparison *all, char **names, int count)
{
	struct json_object *object = checked(json_object_new_object());
	struct json_object *head = checked(json_object_new_object());
	struct json_object *files = checked(json_object_new_array());
	char *threshold = text("%g", all->threshold);

	for (int i = 0; i < count; i++)
		json_object_array_add(files, json_of_string(names[i]));
	json_object_object_add(head, "files", files);
	json_object_object_add(head, "threshold", checked(json_object_new_double_s(all->threshold, threshold)));
	free(threshold);
	json_object_object_add(head, "compared", checked(json_object_new_uint64(all->compared)));
	json_object_object_add(head, "dearer", checked(json_object_new_uint64(all->dearer)));
	json_object_object_add(object, "compare", head);
	json_object_object_add(object, "differ", json_of_table(all->facts, NULL, 0));
	json_object_object_add(object, "measure", table_json(all->rows[0]));
	json_object_object_add(object, "race", table_json(all->rows[1]));
	json_object_object_add(object, "unmatched", json_of_table(all->unmatched, NULL, 0));
	json_print(object, stdout);
	json_object_put(object);
}

static int compare(const struct result *results, char **names, int count, double threshold)
{
	struct comparison all;
	int ret = EXIT_USAGE;

	if (!compare_results(&all, threshold, results, names, count) &&
	    !tables_check(all.rows, COUNT(all.rows))) {
		if (opts.json)
			print_json(&all, names, count);
		else
			print_text(&all, results, names, count);
		ret = all.dearer ? EXIT_FAILED : 0;
	}
	compare_free(&all);
	return ret;
}

int cmd_compare(int argc, char **argv)
{
	struct result *results = checked(calloc(argc + 1, sizeof(*results)));
	double threshold;
	int ret = 0, loaded;

	/* EXIT_FAILED says that something is dearer */
	opts.failure = EXIT_USAGE;
	if (!parse_threshold(opts.threshold, &threshold))
		ret = usage_error("--threshold: '%s' is not a percentage", opts.threshold);
	else if (argc < 2)
		ret = usage_error("compare needs two files or more");
	for (loaded = 0; !ret && loaded < argc; loaded++)
		if (result_load(&results[loaded], argv[loaded]))
			ret = EXIT_USAGE;
	if (!ret)
		ret = compare(results, argv, argc, threshold);
	while (loaded--)
		result_free(&results[loaded]);
	free(results);
	return ret;
}
