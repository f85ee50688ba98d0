// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that helloctl prints: tables by libsmartcols, and errors.
 * A table is text until it is printed; only here is it known how.
 */
#include "output.h"

#include <ctype.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "helloctl.h"

void *checked(void *memory)
{
	if (!memory)
		errx(EXIT_FAILED, "out of memory");
	return memory;
}

static char *vtext(const char *format, va_list args)
{
	char *out;

	if (vasprintf(&out, format, args) < 0)
		checked(NULL);
	return out;
}

char *text(const char *format, ...)
{
	va_list args;
	char *out;

	va_start(args, format);
	out = vtext(format, args);
	va_end(args);
	return out;
}

void append(char **all, const char *format, ...)
{
	size_t length = strlen(*all);
	va_list args;
	char *more;

	va_start(args, format);
	more = vtext(format, args);
	va_end(args);
	*all = checked(realloc(*all, length + strlen(more) + 1));
	memcpy(*all + length, more, strlen(more) + 1);
	free(more);
}

struct table *table_new(const char *name, const char *head)
{
	char *line = text("%s\n", head);
	char *rest = line;
	struct table *table = table_parse(name, &rest);

	free(line);
	return table;
}

char **table_row(struct table *table)
{
	/* one more, for a table that has no column yet */
	size_t size = ((table->rows + 1) * table->columns + 1) * sizeof(*table->cells);
	char **row;

	table->cells = checked(realloc(table->cells, size));
	row = &table->cells[table->rows++ * table->columns];
	memset(row, 0, table->columns * sizeof(*row));
	return row;
}

void table_add_cells(struct table *table, size_t count, const char *const *cells)
{
	char **row = table_row(table);

	for (size_t i = 0; i < count && i < table->columns; i++)
		row[i] = text("%s", cells[i] ? cells[i] : "");
}

void table_set(struct table *table, const char *name, const char *value)
{
	size_t size = (table->columns + 1) * sizeof(char *);
	int column = table_column(table, name);
	char **cell;

	if (column < 0 && table->rows == 1) {
		column = table->columns++;
		table->head = checked(realloc(table->head, size));
		table->head[column] = text("%s", name);
		table->cells = checked(realloc(table->cells, size));
		table->cells[column] = NULL;
	}
	if (column < 0)
		return;
	cell = &table->cells[(table->rows - 1) * table->columns + column];
	free(*cell);
	*cell = value ? text("%s", value) : NULL;
}

/* The next word of *line, or all that is left of it. */
static char *next_cell(char **line, bool last)
{
	char *word = *line + strspn(*line, " \t");
	size_t length = last ? strlen(word) : strcspn(word, " \t");

	*line = word + length;
	while (length && isspace((unsigned char)word[length - 1]))
		length--;
	return checked(strndup(word, length));
}

struct table *table_parse(const char *name, char **from)
{
	struct table *table = checked(calloc(1, sizeof(*table)));
	char *line = strsep(from, "\n");

	table->name = checked(strdup(name));
	while (line && line[strspn(line, " \t")]) {
		size_t size = (table->columns + 1) * sizeof(*table->head);

		table->head = checked(realloc(table->head, size));
		table->head[table->columns++] = next_cell(&line, false);
	}
	while (table->columns && (line = strsep(from, "\n")) && *line) {
		char **row = table_row(table);

		/* the last column takes the rest: a recipe has blanks */
		for (size_t i = 0; i < table->columns; i++)
			row[i] = next_cell(&line, i == table->columns - 1);
	}
	return table;
}

int table_column(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->columns; i++)
		if (!strcasecmp(table->head[i], name))
			return i;
	return -1;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->columns; i++)
		free(table->head[i]);
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->head);
	free(table->cells);
	free(table->name);
	free(table);
}

static bool is_number(const char *value)
{
	size_t digits = strspn(value + (*value == '-'), "0123456789");

	return digits && !value[(*value == '-') + digits];
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && !strcmp(name + length - tail, end);
}

static bool is_size(const char *name)
{
	return ends_with(name, "_size") || ends_with(name, "_bytes") ||
	       !strncmp(name, "bytes_", 6) || !strcmp(name, "capacity") ||
	       !strcmp(name, "length");
}

char *value_text(const char *name, const char *value)
{
	unsigned long long whole, tenths;
	unsigned int unit = 0;

	if (opts.bytes || opts.json || opts.csv || !value || !is_size(name) || !is_number(value))
		return text("%s", value ? value : "");
	whole = strtoull(value, NULL, 10);
	while (unit < 6 && whole >> (10 * unit) >= 1024)
		unit++;
	if (!unit)
		return text("%llu", whole);
	/* one decimal, as lsblk prints, but not 4.0K */
	tenths = ((whole >> (10 * (unit - 1))) * 10 + 512) / 1024;
	if (tenths % 10)
		return text("%llu.%llu%c", tenths / 10, tenths % 10, " KMGTPE"[unit]);
	return text("%llu%c", tenths / 10, " KMGTPE"[unit]);
}

/* Names and values stay strings in JSON, whatever a process calls itself. */
static bool column_is_number(const struct table *table, size_t column)
{
	const char *name = table->head[column];
	bool number = false;

	if (!strcmp(name, "comm") || !strcmp(name, "name") || !strcmp(name, "value"))
		return false;
	for (size_t row = 0; row < table->rows; row++) {
		const char *cell = table->cells[row * table->columns + column];

		/* an empty one is null in JSON */
		if (!cell || !*cell)
			continue;
		if (!is_number(cell))
			return false;
		number = true;
	}
	return number;
}

/* Parses "NAME,NAME" into indexes of the table's columns; those that it has not are left out. */
static size_t choose_columns(const struct table *table, const char *list, int *chosen)
{
	char *copy, *rest, *name;
	size_t count = 0;

	if (!list) {
		while (count < table->columns) {
			chosen[count] = count;
			count++;
		}
		return count;
	}
	copy = rest = checked(strdup(list));
	while ((name = strsep(&rest, ",")) && count < table->columns) {
		int column = table_column(table, name);

		if (column >= 0)
			chosen[count++] = column;
	}
	free(copy);
	return count;
}

static char *render(const struct table *table, const char *list)
{
	int *chosen = checked(calloc(table->columns + 1, sizeof(*chosen)));
	size_t columns = choose_columns(table, list, chosen);
	struct libscols_table *out = checked(scols_new_table());
	char *printed = NULL;

	scols_table_set_name(out, table->name);
	scols_table_enable_json(out, opts.json);
	scols_table_enable_raw(out, opts.raw || opts.csv);
	/* no cell of those commands has a comma or a quote */
	if (opts.csv && scols_table_set_column_separator(out, ","))
		checked(NULL);
	scols_table_enable_noheadings(out, opts.noheadings);
	for (size_t i = 0; i < columns; i++) {
		bool number = column_is_number(table, chosen[i]);
		char *head = checked(strdup(table->head[chosen[i]]));
		int flags = number ? SCOLS_FL_RIGHT : 0;
		struct libscols_column *column;

		for (char *c = head; *c && !opts.json && !opts.csv; c++)
			*c = toupper((unsigned char)*c);
		/* a terminal shows as much of a recipe as has room, as ps does with commands */
		if (!strcmp(table->head[chosen[i]], "recipe"))
			flags |= SCOLS_FL_TRUNC;
		column = checked(scols_table_new_column(out, head, 0, flags));
		scols_column_set_json_type(column, number ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING);
		free(head);
	}
	for (size_t row = 0; row < table->rows && columns; row++) {
		struct libscols_line *line = checked(scols_table_new_line(out, NULL));

		for (size_t i = 0; i < columns; i++) {
			char *cell = value_text(table->head[chosen[i]],
						table->cells[row * table->columns + chosen[i]]);

			if (scols_line_set_data(line, i, cell))
				checked(NULL);
			free(cell);
		}
	}
	if (columns && scols_print_table_to_string(out, &printed))
		checked(NULL);
	/* some versions end the text with a newline, some do not */
	if (printed && ends_with(printed, "\n"))
		printed[strlen(printed) - 1] = 0;
	scols_unref_table(out);
	free(chosen);
	return printed;
}

/* Every name in the list must be a column of one of the tables. */
static int check_columns(struct table *const *tables, size_t count, const char *list)
{
	char *copy = checked(strdup(list)), *rest = copy, *name;
	int ret = 0;

	while (!ret && (name = strsep(&rest, ","))) {
		size_t i;

		for (i = 0; i < count && table_column(tables[i], name) < 0; i++)
			;
		if (i == count)
			ret = usage_error("no column '%s'; without -o all columns are shown", name);
	}
	free(copy);
	return ret;
}

int tables_print(struct table *const *tables, size_t count)
{
	const char *list = opts.output, *between = "";
	int ret = list ? check_columns(tables, count, list) : 0;

	if (ret)
		return ret;
	if (opts.json)
		putchar('{');
	for (size_t i = 0; i < count; i++) {
		char *printed = render(tables[i], list), *start = printed;

		if (!printed)
			continue;
		if (opts.json) {
			/* libsmartcols makes an object of each table: join them into one */
			start = strchr(printed, '{') + 1;
			*strrchr(printed, '}') = 0;
		}
		printf("%s%s%s", between, start, opts.json ? "" : "\n");
		between = opts.json ? "," : "\n";
		free(printed);
	}
	if (opts.json)
		puts("}");
	return 0;
}

int fail(const char *hint, const char *format, ...)
{
	va_list args;
	char *message, *printed;
	struct table *table;

	va_start(args, format);
	message = vtext(format, args);
	va_end(args);
	if (opts.json) {
		table = table_new("error", "message hint");
		table_add(table, message, hint);
		printed = render(table, NULL);
		puts(printed);
		free(printed);
		table_free(table);
	} else {
		fprintf(stderr, "helloctl: %s\n", message);
		if (hint)
			fprintf(stderr, "helloctl: %s\n", hint);
	}
	free(message);
	return EXIT_FAILED;
}
