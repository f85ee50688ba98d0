// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that helloctl prints: tables by libsmartcols, and errors.
 * The only file that knows libsmartcols.
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

/* libsmartcols fails for no other reason here. */
static void done(int error)
{
	if (error)
		checked(NULL);
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
	char *before = *all, *more;
	va_list args;

	va_start(args, format);
	more = vtext(format, args);
	va_end(args);
	*all = text("%s%s", before, more);
	free(before);
	free(more);
}

/* How many bytes the well-formed UTF-8 character at @c has; 0: it is none. */
static size_t utf8_length(const unsigned char *c)
{
	size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;
	/* no longer form than is needed, no surrogate, nothing past U+10FFFF */
	unsigned char least = *c == 0xe0 ? 0xa0 : *c == 0xf0 ? 0x90 : 0x80;
	unsigned char most = *c == 0xed ? 0x9f : *c == 0xf4 ? 0x8f : 0xbf;

	for (size_t i = 1; i < length; i++, least = 0x80, most = 0xbf)
		if (c[i] < least || c[i] > most)
			return 0;
	return length;
}

char *printable(const char *string, enum medium medium)
{
	char *out = checked(malloc(4 * strlen(string) + 1)), *end = out;
	const unsigned char *c = (const unsigned char *)string;

	while (*c) {
		size_t length = utf8_length(c);
		/* the second block of them is in U+0080 to U+009F */
		bool control = *c < ' ' || *c == 0x7f || (*c == 0xc2 && length && c[1] < 0xa0);

		if (!length || (medium != FOR_JSON && control) || (medium == FOR_TABLE && length > 1)) {
			end += sprintf(end, "\\%03o", *c++);
		} else {
			memcpy(end, c, length);
			end += length;
			c += length;
		}
	}
	*end = 0;
	return out;
}

void note(const char *format, ...)
{
	char *message, *shown;
	va_list args;

	va_start(args, format);
	message = vtext(format, args);
	va_end(args);
	shown = printable(message, FOR_TERMINAL);
	fprintf(stderr, "helloctl: %s\n", shown);
	free(shown);
	free(message);
}

static void add_column(struct libscols_table *table, const char *name)
{
	/* a terminal shows as much of a recipe as has room, as ps does with commands */
	checked(scols_table_new_column(table, name, 0,
				       strcmp(name, "recipe") ? 0 : SCOLS_FL_TRUNC));
}

static const char *name_of(struct libscols_column *column)
{
	return scols_cell_get_data(scols_column_get_header(column));
}

static struct libscols_column *find_column(struct libscols_table *table, const char *name)
{
	struct libscols_column *column;

	for (size_t i = 0; (column = scols_table_get_column(table, i)); i++)
		if (!strcasecmp(name_of(column), name))
			break;
	return column;
}

struct libscols_table *table_new(const char *name, const char *head)
{
	char *line = text("%s\n", head);
	char *rest = line;
	struct libscols_table *table = table_parse(name, &rest);

	free(line);
	return table;
}

void table_add_cells(struct libscols_table *table, size_t count, const char *const *cells)
{
	struct libscols_line *line = checked(scols_table_new_line(table, NULL));

	for (size_t i = 0; i < count; i++)
		done(scols_line_set_data(line, i, cells[i]));
}

void table_set(struct libscols_table *table, const char *name, const char *value)
{
	if (!table_has(table, name))
		add_column(table, name);
	done(scols_line_set_column_data(scols_table_get_line(table, table_rows(table) - 1),
					find_column(table, name), value));
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

struct libscols_table *table_parse(const char *name, char **from)
{
	struct libscols_table *table = checked(scols_new_table());
	char *line = strsep(from, "\n"), *word;
	size_t columns = 0;

	scols_table_set_name(table, name);
	for (; line && line[strspn(line, " \t")]; columns++) {
		word = next_cell(&line, false);
		add_column(table, word);
		free(word);
	}
	while (columns && (line = strsep(from, "\n")) && *line) {
		struct libscols_line *row = checked(scols_table_new_line(table, NULL));

		/* the last column takes the rest: a recipe has blanks */
		for (size_t i = 0; i < columns; i++) {
			word = next_cell(&line, i == columns - 1);
			done(scols_line_set_data(row, i, word));
			free(word);
		}
	}
	return table;
}

size_t table_rows(const struct libscols_table *table)
{
	return scols_table_get_nlines(table);
}

bool table_has(struct libscols_table *table, const char *name)
{
	return find_column(table, name);
}

const char *table_cell(struct libscols_table *table, size_t row, const char *name)
{
	struct libscols_column *column = find_column(table, name);
	struct libscols_line *line = scols_table_get_line(table, row);

	return column && line ? scols_line_get_column_data(line, column) : NULL;
}

static int larger_first(struct libscols_cell *a, struct libscols_cell *b, void *data)
{
	const char *cell_a = scols_cell_get_data(a), *cell_b = scols_cell_get_data(b);
	unsigned long long size_a = cell_a ? strtoull(cell_a, NULL, 10) : 0;
	unsigned long long size_b = cell_b ? strtoull(cell_b, NULL, 10) : 0;

	return (size_a < size_b) - (size_a > size_b);
}

void table_top(struct libscols_table *table, const char *name, size_t rows)
{
	struct libscols_column *column = find_column(table, name);

	if (column) {
		scols_column_set_cmpfunc(column, larger_first, NULL);
		scols_sort_table(table, column);
	}
	while (table_rows(table) > rows)
		scols_table_remove_line(table, scols_table_get_line(table, rows));
}

void table_free(struct libscols_table *table)
{
	scols_unref_table(table);
}

static bool is_number(const char *value)
{
	const char *first = value + (*value == '-');
	size_t digits = strspn(first, "0123456789");

	/* JSON takes no 007 */
	return digits && !first[digits] && (*first != '0' || digits == 1);
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
	const char *unit = "BKMGTPE";
	double size;

	if (opts.bytes || opts.json || opts.csv || !value || !is_size(name) || !is_number(value))
		return text("%s", value ? value : "");
	size = strtod(value, NULL);
	while (size >= 1024) {
		size /= 1024;
		unit++;
	}
	/* one decimal, as lsblk prints, but not 4.0K; and no B */
	return text("%.*f%.*s", (int)(size * 10 + 0.5) % 10 != 0, size, *unit != 'B', unit);
}

/* Shows only the columns of "NAME,NAME", in that order; those that it has not are left out. */
static void choose_columns(struct libscols_table *table, const char *list)
{
	struct libscols_column *column, *before = NULL;
	char *copy = checked(strdup(list)), *rest = copy, *name;

	for (size_t i = 0; (column = scols_table_get_column(table, i)); i++)
		scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
	while ((name = strsep(&rest, ","))) {
		column = find_column(table, name);
		if (!column || !scols_column_is_hidden(column))
			continue;
		scols_column_set_flags(column, scols_column_get_flags(column) & ~SCOLS_FL_HIDDEN);
		scols_table_move_column(table, before, column);
		before = column;
	}
	free(copy);
}

/* Makes a column fit to be printed: its type, its name, its sizes. */
static void finish_column(struct libscols_table *table, struct libscols_column *column)
{
	enum medium medium = opts.json ? FOR_JSON : FOR_TABLE;
	char *name = printable(name_of(column), medium), *c;
	/* names and values stay strings in JSON, whatever a process calls itself */
	bool text_only = !strcmp(name, "comm") || !strcmp(name, "name") || !strcmp(name, "value");
	bool number = false;

	for (size_t row = 0; row < table_rows(table); row++) {
		struct libscols_line *line = scols_table_get_line(table, row);
		const char *cell = scols_line_get_column_data(line, column);
		char *shown = value_text(name, cell);

		/* an empty one is null in JSON */
		if (cell && *cell) {
			number |= is_number(cell);
			text_only |= !is_number(cell);
		}
		done(scols_line_refer_column_data(line, column, printable(shown, medium)));
		free(shown);
	}
	number &= !text_only;
	scols_column_set_json_type(column, number ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING);
	if (number)
		scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_RIGHT);
	for (c = name; *c && !opts.json && !opts.csv; c++)
		*c = toupper((unsigned char)*c);
	done(scols_cell_refer_data(scols_column_get_header(column), name));
}

/* What is to be printed, without a newline at its end; NULL if there is no column to show. */
static char *render(struct libscols_table *table, const char *list)
{
	struct libscols_column *column;
	char *printed = NULL;
	bool any = false;

	if (list)
		choose_columns(table, list);
	scols_table_enable_json(table, opts.json);
	scols_table_enable_raw(table, opts.raw || opts.csv);
	/* no cell of those commands has a comma or a quote */
	if (opts.csv)
		done(scols_table_set_column_separator(table, ","));
	scols_table_enable_noheadings(table, opts.noheadings);
	for (size_t i = 0; (column = scols_table_get_column(table, i)); i++) {
		any |= !scols_column_is_hidden(column);
		finish_column(table, column);
	}
	if (any)
		done(scols_print_table_to_string(table, &printed));
	/* some versions end the text with a newline, some do not */
	if (printed && ends_with(printed, "\n"))
		printed[strlen(printed) - 1] = 0;
	return printed;
}

/* Every name in the list must be a column of one of the tables. */
static int check_columns(struct libscols_table *const *tables, size_t count, const char *list)
{
	char *copy = checked(strdup(list)), *rest = copy, *name;
	int ret = 0;

	while (!ret && (name = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < count && !table_has(tables[i], name))
			i++;
		if (i == count)
			ret = usage_error("no column '%s'; without -o all columns are shown", name);
	}
	free(copy);
	return ret;
}

int tables_print(struct libscols_table *const *tables, size_t count)
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

int table_print(struct libscols_table *table)
{
	int ret = tables_print(&table, 1);

	table_free(table);
	return ret;
}

int fail(const char *hint, const char *format, ...)
{
	va_list args;
	char *message, *printed;
	struct libscols_table *table;

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
		note("%s", message);
		if (hint)
			note("%s", hint);
	}
	free(message);
	return EXIT_FAILED;
}
