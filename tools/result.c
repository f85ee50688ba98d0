// SPDX-License-Identifier: GPL-2.0-only
/*
 * The result of a sweep: tables and metadata, printed and kept in files.
 */
#include "result.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "device.h"
#include "figure.h"
#include "file.h"
#include "helloctl.h"
#include "json.h"
#include "machine.h"
#include "output.h"

#define SCHEMA_NAME	"helloctl-result"
#define SCHEMA_VERSION	1

/* The cells of the columns @required are not empty. */
static const struct {
	const char *name, *head, *required;
} kinds[RESULT_TABLES] = {
	[RESULT_MEASURE]	= { "measure", "", "" },
	[RESULT_RACE]		= { "race", "", "" },
	[RESULT_REFUSED]	= { "refused", "order reason", "order reason" },
	[RESULT_HISTOGRAM]	= { "histogram", "row from_ns count", "row from_ns count" },
	[RESULT_CROSSOVER]	= { "crossover", "alloc_mode than from_size distinguishable words",
				    "alloc_mode than distinguishable" },
	[RESULT_WARNING]	= { "warning", "warning text", "warning text" },
};

void result_init(struct result *result, int rows)
{
	*result = (struct result){ .metadata = checked(json_object_new_object()) };
	for (int i = 0; i < RESULT_TABLES; i++)
		if (i == rows || i == RESULT_REFUSED || i == RESULT_WARNING ||
		    (rows == RESULT_MEASURE && i != RESULT_RACE))
			result->tables[i] = table_new(kinds[i].name, kinds[i].head);
	machine_describe(result->metadata, result->tables[RESULT_WARNING]);
}

void result_free(struct result *result)
{
	for (int i = 0; i < RESULT_TABLES; i++)
		if (result->tables[i])
			table_free(result->tables[i]);
	json_object_put(result->metadata);
	*result = (struct result){ 0 };
}

const char *result_fact(const struct result *result, const char *name)
{
	struct json_object *fact = json_object_object_get(result->metadata, name);

	return fact ? json_object_get_string(fact) : NULL;
}

static void append_fact(char **all, const char *between, const char *fact)
{
	if (fact && *fact)
		append(all, "%s%s", between, fact);
}

char *result_origin(const struct result *result)
{
	char *all = text("%s", "Linux ");

	append_fact(&all, "", result_fact(result, "kernel_release"));
	append_fact(&all, ", ", result_fact(result, "machine"));
	append_fact(&all, ", ", result_fact(result, "cpu_model"));
	append_fact(&all, ", CPUs: ", result_fact(result, "cpus"));
	append_fact(&all, ", ", result_fact(result, "date"));
	return all;
}

/* ---- words with several values ---- */

static bool varies(const struct table *rows, const char *name)
{
	const char *first = table_cell(rows, 0, name), *cell;

	for (size_t row = 1; row < table_rows(rows); row++) {
		cell = table_cell(rows, row, name);
		if (strcmp(first ? first : "", cell ? cell : ""))
			return true;
	}
	return false;
}

/*
 * Calls @use for the words with several values, or with one: those of the order in its
 * order. A file may have rows of several orders: then also the other columns that vary.
 */
static void each_word(const struct result *result, const struct table *rows, bool several,
		      void (*use)(const char *word, void *data), void *data)
{
	struct json_object *words = json_object_object_get(result->metadata, "words");

	if (json_object_is_type(words, json_type_object)) {
		json_each(words, i) {
			const char *name = json_object_iter_peek_name(&i);
			struct json_object *values = json_object_iter_peek_value(&i);

			if (table_has(rows, name) && several ==
			    ((json_object_is_type(values, json_type_array) &&
			      json_object_array_length(values) > 1) ||
			     (figure_of(name) == FIGURE_WORD && varies(rows, name))))
				use(name, data);
		}
	}
	for (size_t i = 0; several && i < table_width(rows); i++) {
		const char *name = table_column(rows, i);

		if (figure_of(name) == FIGURE_WORD && !json_object_object_get(words, name) &&
		    varies(rows, name))
			use(name, data);
	}
}

static void append_word(const char *word, void *data)
{
	char **all = data;

	append(all, "%s%s", **all ? "," : "", word);
}

char *result_words(const struct result *result, const struct table *rows, bool several)
{
	char *all = text("%s", "");

	each_word(result, rows, several, append_word, &all);
	return all;
}

/* ---- printing ---- */

char *result_crossover_text(const struct table *crossovers, size_t row)
{
	const char *mode = table_cell(crossovers, row, "alloc_mode");
	const char *than = table_cell(crossovers, row, "than");
	const char *words = table_cell(crossovers, row, "words");
	const char *size = table_cell(crossovers, row, "from_size");
	const char *known = table_cell(crossovers, row, "distinguishable");
	char *shown = value_text("from_size", size ? size : "no size"), *line;
	const char *colon = words && *words ? ": " : "";

	if (known && !strcmp(known, "true"))
		line = text("%s%s%s is cheaper than %s from %s on", words ? words : "", colon, mode,
			    than, shown);
	else
		line = text("%s%s%s and %s are not distinguishable at the largest size",
			    words ? words : "", colon, mode, than);
	free(shown);
	return line;
}

static void print_cuts(const struct table *rows)
{
	size_t cut = 0;
	char *line;

	for (size_t row = 0; row < table_rows(rows); row++) {
		const char *cell = table_cell(rows, row, "cut");

		cut += cell && !strcmp(cell, "true");
	}
	if (!cut)
		return;
	line = text("%zu of %zu rows are cut: a run took over ten seconds and has fewer samples; lower count",
		    cut, table_rows(rows));
	if (for_script())
		note("%s", line);
	else
		say("%s", line);
	free(line);
}

/* Says what a reader of the figures must know, then where they are from. */
static void print_foot(const struct result *result)
{
	struct json_object *confidence = json_object_object_get(result->metadata, "confidence");
	const struct table *crossovers = result->tables[RESULT_CROSSOVER];
	const struct table *warnings = result->tables[RESULT_WARNING];
	const char *repeats = result_fact(result, "repeats"), *seed = result_fact(result, "seed");
	char *origin;

	for (size_t row = 0; crossovers && row < table_rows(crossovers); row++) {
		char *line = result_crossover_text(crossovers, row);

		say("%s", line);
		free(line);
	}
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++)
		if (result->tables[i])
			print_cuts(result->tables[i]);
	if (repeats && strcmp(repeats, "1"))
		say("median of %s repeats, low and high at %.1f %% confidence; seed %s", repeats,
		     100 * json_object_get_double(confidence), seed ? seed : "unknown");
	else if (repeats)
		say("one repeat: the medians have no interval; seed %s", seed ? seed : "unknown");
	for (size_t row = 0; warnings && row < table_rows(warnings); row++)
		say("warning: %s", table_cell(warnings, row, "text"));
	origin = result_origin(result);
	say("%s", origin);
	free(origin);
}

static void note_refused(const struct result *result)
{
	const struct table *refused = result->tables[RESULT_REFUSED];
	size_t count = refused ? table_rows(refused) : 0, total = count;

	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++)
		total += result->tables[i] ? table_rows(result->tables[i]) : 0;
	if (count && !opts.verbose && !opts.json)
		note("%zu of %zu combinations were refused; -v says why", count, total);
	for (size_t i = 0; i < count && opts.verbose; i++)
		note("refused '%s': %s", table_cell(refused, i, "order"),
		     table_cell(refused, i, "reason"));
}

static struct json_object *to_json(const struct result *result, bool all)
{
	struct json_object *object = checked(json_object_new_object());
	struct json_object *schema = checked(json_object_new_object());

	json_object_object_add(schema, "name", checked(json_object_new_string(SCHEMA_NAME)));
	json_object_object_add(schema, "version", checked(json_object_new_int(SCHEMA_VERSION)));
	json_object_object_add(object, "schema", schema);
	json_object_object_add(object, "metadata", json_object_get(result->metadata));
	for (int i = 0; i < RESULT_TABLES; i++)
		if (result->tables[i])
			json_object_object_add(object, kinds[i].name,
					       all || i > RESULT_RACE ?
					       json_of_table(result->tables[i], NULL, 0) :
					       table_json(result->tables[i]));
	return object;
}

static void print_rows(const struct result *result, struct table *rows, const char *figures)
{
	char *words = result_words(result, rows, true);
	char *columns = text("%s", words), *copy = text("%s", figures), *rest = copy, *figure;

	/* race of atomic alone has no torn */
	while ((figure = strsep(&rest, ",")))
		if (table_has(rows, figure))
			append(&columns, "%s%s", *columns ? "," : "", figure);
	free(copy);
	table_print_columns(rows, *columns ? columns : NULL);
	free(columns);
	free(words);
}

const char *result_mode(int rows)
{
	return rows == RESULT_RACE ? "lock_mode" : "alloc_mode";
}

const char *result_figures(int rows)
{
	static const char *const figures[] = {
		[RESULT_MEASURE] = "failures,alloc_p50_ns,alloc_p50_low_ns,alloc_p50_high_ns,"
				   "alloc_p99_ns,free_p50_ns",
		[RESULT_RACE]	 = "expected,observed,lost,torn,ns_per_operation,"
				   "ns_per_operation_low,ns_per_operation_high,read_p50_ns,"
				   "write_p50_ns,wait_max_ns,hold_mean_ns",
	};

	return figures[rows];
}

static void print_json(const struct result *result)
{
	struct json_object *object = to_json(result, false);

	json_print(object, stdout);
	json_object_put(object);
}

static void print_text(const struct result *result)
{
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++)
		if (result->tables[i] && table_rows(result->tables[i]))
			print_rows(result, result->tables[i], result_figures(i));
		else if (result->tables[i])
			say("no rows of %s", kinds[i].name);
	print_foot(result);
}

int result_print(const struct result *result)
{
	struct table *rows[RESULT_TABLES];
	size_t count = 0;
	int ret;

	note_refused(result);
	for (int i = RESULT_MEASURE; i <= RESULT_RACE; i++)
		if (result->tables[i] && table_rows(result->tables[i]))
			rows[count++] = result->tables[i];
	/* the columns of an empty table are unknown */
	ret = count ? tables_check(rows, count) : 0;
	if (!ret && opts.json)
		print_json(result);
	else if (!ret)
		print_text(result);
	return ret;
}

/* ---- files ---- */

static bool has_schema(struct json_object *object)
{
	struct json_object *schema = json_object_object_get(object, "schema");
	struct json_object *name = json_object_object_get(schema, "name");

	return json_object_is_type(name, json_type_string) &&
	       !strcmp(json_object_get_string(name), SCHEMA_NAME);
}

static int check_version(struct json_object *object, const char *path)
{
	struct json_object *schema = json_object_object_get(object, "schema");
	struct json_object *version = json_object_object_get(schema, "version");
	const char *shown = version ? json_object_to_json_string(version) : "none";
	int64_t number = json_object_get_int64(version);

	if (!json_object_is_type(version, json_type_int) || number < 1)
		return fail(NULL, "%s: the version of the schema is %s, not a positive integer: it is damaged",
			    path, shown);
	if (number != SCHEMA_VERSION)
		return fail("install a newer helloctl",
			    "%s has version %s of the schema, this helloctl reads version %d", path,
			    shown, SCHEMA_VERSION);
	return 0;
}

/* Returns the name of a column that a row lacks, or NULL. The caller frees it. */
static char *missing_cell(const struct table *rows, const char *required)
{
	struct table *columns = table_new("required", required);
	char *missing = NULL;

	for (size_t row = 0; row < table_rows(rows) && !missing; row++)
		for (size_t i = 0; i < table_width(columns) && !missing; i++)
			if (!table_cell(rows, row, table_column(columns, i)))
				missing = text("%s", table_column(columns, i));
	table_free(columns);
	return missing;
}

static int parse_table(struct result *result, int kind, struct json_object *rows, const char *path)
{
	struct table *table = json_to_table(kinds[kind].name, rows);
	char *missing;
	int ret = 0;

	if (!table)
		return fail(NULL, "%s: '%s' is not a list of rows: it is damaged", path,
			    kinds[kind].name);
	result->tables[kind] = table;
	missing = missing_cell(table, kinds[kind].required);
	if (missing)
		ret = fail(NULL, "%s: a row of '%s' has no '%s': it is damaged", path,
			   kinds[kind].name, missing);
	free(missing);
	return ret;
}

static int parse(struct result *result, struct json_object *object, const char *path)
{
	struct json_object *metadata = json_object_object_get(object, "metadata"), *rows;
	int ret;

	if (!has_schema(object))
		return fail("helloctl measure --save writes one", "%s is not a result of helloctl", path);
	ret = check_version(object, path);
	if (ret)
		return ret;
	if (!json_object_is_type(metadata, json_type_object))
		return fail(NULL, "%s has no metadata: it is damaged", path);
	result->metadata = json_object_get(metadata);
	for (int i = 0; i < RESULT_TABLES && !ret; i++)
		if (json_object_object_get_ex(object, kinds[i].name, &rows))
			ret = parse_table(result, i, rows, path);
	if (!ret && !result->tables[RESULT_MEASURE] && !result->tables[RESULT_RACE])
		ret = fail(NULL, "%s has no rows of measure or race", path);
	return ret;
}

/* Each row is of an allocator, or of a lock. */
static int check_modes(const struct result *result, int rows, const char *path)
{
	const char *mode = result_mode(rows);
	const char *other = result_mode(rows == RESULT_RACE ? RESULT_MEASURE : RESULT_RACE);
	const struct table *table = result->tables[rows];

	for (size_t row = 0; row < table_rows(table); row++) {
		if (!table_cell(table, row, mode))
			return fail(NULL, "%s[%zu] has no %s: %s is damaged", kinds[rows].name, row,
				    mode, path);
		if (table_cell(table, row, other))
			return fail(NULL, "%s[%zu] has %s beside %s: %s is damaged",
				    kinds[rows].name, row, other, mode, path);
	}
	return 0;
}

static int check_tables(const struct result *result, const char *path)
{
	int ret = 0;

	for (int i = 0; i < RESULT_TABLES && !ret; i++) {
		if (result->tables[i])
			ret = figures_check(result->tables[i], kinds[i].name, path);
		if (!ret && result->tables[i] && i <= RESULT_RACE)
			ret = check_modes(result, i, path);
	}
	return ret;
}

int result_load(struct result *result, const char *path)
{
	struct json_object *object = json_read(path);
	int ret = EXIT_FAILED;

	*result = (struct result){ 0 };
	if (object)
		ret = parse(result, object, path);
	if (!ret)
		ret = check_tables(result, path);
	json_object_put(object);
	if (ret)
		result_free(result);
	return ret;
}

/* Whether an object with the schema's name has its metadata, and lists as tables. */
static bool is_whole(struct json_object *object)
{
	bool whole = json_object_is_type(json_object_object_get(object, "metadata"), json_type_object);
	struct json_object *rows;

	for (int i = 0; i < RESULT_TABLES; i++)
		if (json_object_object_get_ex(object, kinds[i].name, &rows))
			whole &= json_object_is_type(rows, json_type_array);
	return whole;
}

/* Says why --save must not replace a file, or returns NULL: a result of any version. */
static const char *refusal(const char *path)
{
	struct json_tokener *parser = checked(json_tokener_new());
	char *all = file_read(path);
	struct json_object *object;
	const char *reason = NULL;

	/* without the flag, the parser ignores what follows the result */
	json_tokener_set_flags(parser, JSON_TOKENER_STRICT);
	object = all ? json_tokener_parse_ex(parser, all, strlen(all) + 1) : NULL;
	if (object ? !has_schema(object) : !all || *all != '{')
		reason = "is not a result of helloctl";
	else if (!object || !is_whole(object))
		reason = "is not a whole result of helloctl (damaged or truncated)";
	json_object_put(object);
	free(all);
	json_tokener_free(parser);
	return reason;
}

int result_check_target(const char *path)
{
	return file_check(path, refusal);
}

int result_save(const struct result *result, const char *path)
{
	struct json_object *object = to_json(result, true);
	char *contents = NULL;
	size_t size;
	FILE *to = checked(open_memstream(&contents, &size));
	int ret;

	json_print(object, to);
	fclose(to);
	ret = file_replace(path, contents, size);
	free(contents);
	json_object_put(object);
	return ret;
}
