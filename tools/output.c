// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output of helloctl: tables, sizes and errors. The only file that uses libsmartcols.
 */
#include "output.h"

#include <ctype.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>
#include <libsmartcols/libsmartcols.h>

#include "helloctl.h"
#include "json.h"
#include "terminal.h"

void *checked(void *memory)
{
	if (!memory)
		errx(opts.failure, "out of memory");
	return memory;
}

/* Here libsmartcols fails only if out of memory. */
static void check_error(int error)
{
	if (error)
		checked(NULL);
}

char *vtext(const char *format, va_list args)
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

/* Returns the length of the UTF-8 character at @c, or 0 if it is invalid. */
static size_t utf8_length(const unsigned char *c)
{
	size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;
	/* reject overlong forms, surrogates, and code points past U+10FFFF */
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
		/* C0, DEL, C1: U+0080 to U+009F, and U+FFFE and U+FFFF, which XML excludes too */
		bool control = *c < ' ' || *c == 0x7f || (*c == 0xc2 && length && c[1] < 0xa0) ||
			       (length == 3 && *c == 0xef && c[1] == 0xbf && c[2] >= 0xbe);

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

bool for_script(void)
{
	return opts.json || opts.csv || opts.raw || opts.noheadings;
}

/* Prints a line; on a terminal, several that fit. */
static void put_wrapped(const char *line)
{
	size_t room = terminal_columns(), used = 0;

	for (const char *word = line; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");
		bool fits = !used || !room || used + 1 + length <= room;

		printf("%s%.*s", !used ? "" : fits ? " " : "\n", (int)length, word);
		used = (fits && used ? used + 1 : 0) + length;
		word += length;
	}
	putchar('\n');
}

void say(const char *format, ...)
{
	char *message, *shown;
	va_list args;

	va_start(args, format);
	message = vtext(format, args);
	va_end(args);
	shown = printable(message, FOR_TERMINAL);
	if (!for_script())
		put_wrapped(shown);
	free(shown);
	free(message);
}

struct row {
	char **cells;		/* NULL: empty */
	size_t count;		/* columns past these are empty */
};

/* Arrays: libsmartcols walks its lists from the start for each line. */
struct table {
	char *name;
	char **columns;
	size_t width;
	struct row *rows;
	size_t height;
	bool clip;		/* omit columns that do not fit the terminal */
};

void *array_grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return checked(reallocarray(array, count ? 2 * count : 1, size));
}

static void add_column(struct table *table, char *name)
{
	table->columns = array_grow(table->columns, table->width, sizeof(*table->columns));
	table->columns[table->width++] = name;
}

static struct row *add_row(struct table *table)
{
	struct row *row;

	table->rows = array_grow(table->rows, table->height, sizeof(*table->rows));
	row = &table->rows[table->height++];
	*row = (struct row){ 0 };
	return row;
}

static void add_cell(struct row *row, char *value)
{
	row->cells = array_grow(row->cells, row->count, sizeof(*row->cells));
	row->cells[row->count++] = value;
}

const char *table_at(const struct table *table, size_t row, size_t column)
{
	return row < table->height && column < table->rows[row].count ?
		table->rows[row].cells[column] : NULL;
}

/* Returns the index of the column, or the table's width if it does not exist. */
static size_t find_column(const struct table *table, const char *name)
{
	size_t i = 0;

	while (i < table->width && strcasecmp(table->columns[i], name))
		i++;
	return i;
}

struct table *table_new(const char *name, const char *head)
{
	char *line = text("%s\n", head);
	char *rest = line;
	struct table *table = table_parse(name, &rest);

	free(line);
	return table;
}

void table_add_cells(struct table *table, size_t count, const char *const *cells)
{
	struct row *row = add_row(table);

	for (size_t i = 0; i < count; i++)
		add_cell(row, cells[i] ? text("%s", cells[i]) : NULL);
}

void table_add_column(struct table *table, const char *name)
{
	if (!table_has(table, name))
		add_column(table, text("%s", name));
}

void table_set(struct table *table, const char *name, const char *value)
{
	size_t column = find_column(table, name);
	struct row *row = &table->rows[table->height - 1];

	if (column == table->width)
		add_column(table, text("%s", name));
	while (row->count <= column)
		add_cell(row, NULL);
	free(row->cells[column]);
	row->cells[column] = value ? text("%s", value) : NULL;
}

/* Cuts the next word from *line, or the rest of the line. */
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

	table->name = text("%s", name);
	while (line && line[strspn(line, " \t")])
		add_column(table, next_cell(&line, false));
	while (table->width && (line = strsep(from, "\n")) && *line) {
		struct row *row = add_row(table);

		/* the last column gets the rest of the line: a recipe has blanks */
		while (row->count < table->width)
			add_cell(row, next_cell(&line, row->count == table->width - 1));
	}
	return table;
}

size_t table_rows(const struct table *table)
{
	return table->height;
}

size_t table_width(const struct table *table)
{
	return table->width;
}

const char *table_column(const struct table *table, size_t column)
{
	return table->columns[column];
}

bool table_has(const struct table *table, const char *name)
{
	return find_column(table, name) < table->width;
}

const char *table_cell(const struct table *table, size_t row, const char *name)
{
	return table_at(table, row, find_column(table, name));
}

unsigned long long table_number(const struct table *table, size_t row, const char *name)
{
	const char *cell = table_cell(table, row, name);

	return cell ? strtoull(cell, NULL, 10) : 0;
}

static int larger_first(const void *a, const void *b, void *data)
{
	const size_t column = *(size_t *)data;
	const struct row *row_a = a, *row_b = b;
	unsigned long long size_a = strtoull(row_a->cells[column], NULL, 10);
	unsigned long long size_b = strtoull(row_b->cells[column], NULL, 10);

	return (size_a < size_b) - (size_a > size_b);
}

static void free_row(struct row *row)
{
	while (row->count)
		free(row->cells[--row->count]);
	free(row->cells);
}

void table_keep_largest(struct table *table, const char *name, size_t rows)
{
	size_t column = find_column(table, name);

	table->clip = true;
	/* table_parse() fills every cell */
	if (column < table->width)
		qsort_r(table->rows, table->height, sizeof(*table->rows), larger_first, &column);
	while (table->height > rows)
		free_row(&table->rows[--table->height]);
}

void table_free(struct table *table)
{
	while (table->height)
		free_row(&table->rows[--table->height]);
	while (table->width)
		free(table->columns[--table->width]);
	free(table->rows);
	free(table->columns);
	free(table->name);
	free(table);
}

bool is_number(const char *value)
{
	const char *first = value + (*value == '-');
	size_t digits = strspn(first, "0123456789");
	const char *point = first + digits;
	size_t decimals = *point == '.' ? strspn(point + 1, "0123456789") : 0;

	/* JSON allows no leading zeros */
	return digits && (*first != '0' || digits == 1) && !point[decimals + !!decimals];
}

bool ends_with(const char *string, const char *end)
{
	size_t length = strlen(string), tail = strlen(end);

	return length >= tail && !strcmp(string + length - tail, end);
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
	/* one decimal as lsblk, but 4K rather than 4.0K, and no B */
	return text("%.*f%.*s", (int)(size * 10 + 0.5) % 10 != 0, size, *unit != 'B', unit);
}

size_t *table_columns(const struct table *table, const char *list, size_t *count)
{
	size_t *chosen = checked(calloc(table->width + 1, sizeof(*chosen)));
	char *copy = text("%s", list ? list : ""), *rest = copy, *name;

	*count = 0;
	while (!list && *count < table->width) {
		chosen[*count] = *count;
		++*count;
	}
	while (list && (name = strsep(&rest, ","))) {
		size_t column = find_column(table, name), before = 0;

		while (before < *count && chosen[before] != column)
			before++;
		if (column < table->width && before == *count)
			chosen[(*count)++] = column;
	}
	free(copy);
	return chosen;
}

bool table_is_numeric(const struct table *table, size_t column)
{
	const char *name = table->columns[column];
	bool number = false;

	/* a process may be named 17 */
	if (!strcmp(name, "comm") || !strcmp(name, "name") || !strcmp(name, "value"))
		return false;
	for (size_t row = 0; row < table->height; row++) {
		const char *cell = table_at(table, row, column);

		if (cell && *cell && !is_number(cell))
			return false;
		number |= cell && *cell;
	}
	return number;
}

/* Quotes a cell of CSV that has a comma or a quote. Consumes @cell. */
static char *quoted(char *cell)
{
	char *out, *end;

	if (!strpbrk(cell, ",\""))
		return cell;
	out = end = checked(malloc(2 * strlen(cell) + 3));
	*end++ = '"';
	for (const char *c = cell; *c; c++) {
		if (*c == '"')
			*end++ = '"';
		*end++ = *c;
	}
	*end++ = '"';
	*end = '\0';
	free(cell);
	return out;
}

/* Formats a value for output; a NULL name prints the string as it is. */
static char *cell_text(const char *name, const char *string)
{
	char *value = name ? value_text(name, string) : text("%s", string);
	char *out = printable(value, opts.csv ? FOR_TERMINAL : FOR_TABLE);

	free(value);
	return opts.csv ? quoted(out) : out;
}

static void render_column(struct libscols_table *out, const struct table *table, size_t column)
{
	char *name = cell_text(NULL, table->columns[column]), *c;
	bool number = table_is_numeric(table, column);

	for (c = name; *c; c++)
		*c = toupper((unsigned char)*c);
	/* a terminal truncates the recipe, as ps does with commands */
	checked(scols_table_new_column(out, name, 0,
		number ? SCOLS_FL_RIGHT :
		strcmp(table->columns[column], "recipe") ? 0 : SCOLS_FL_TRUNC));
	free(name);
}

/* libsmartcols has no quotes: it escapes blanks. */
static char *render_csv(const struct table *table, const size_t *columns, size_t count)
{
	size_t length;
	char *printed;
	FILE *to = checked(open_memstream(&printed, &length));

	/* row -1 is the heading */
	for (ssize_t row = -!opts.noheadings; row < (ssize_t)table->height; row++)
		for (size_t i = 0; i < count; i++) {
			const char *name = table->columns[columns[i]];
			char *cell = row < 0 ? cell_text(NULL, name) :
				cell_text(name, table_at(table, row, columns[i]));

			fprintf(to, "%s%s", i ? "," : row > -!opts.noheadings ? "\n" : "", cell);
			free(cell);
		}
	check_error(fclose(to));
	return printed;
}

/* Returns the cell; between others, an empty one is a dash, or awk would skip it. */
static char *raw_cell(char *cell, size_t count)
{
	if (*cell || count == 1)
		return cell;
	free(cell);
	return text("-");
}

/* Returns the output without the last newline. */
static char *render_block(const struct table *table, const size_t *columns, size_t count)
{
	struct libscols_table *out = checked(scols_new_table());
	char *printed = NULL;

	scols_table_enable_raw(out, opts.raw);
	scols_table_enable_noheadings(out, opts.noheadings);
	for (size_t i = 0; i < count; i++)
		render_column(out, table, columns[i]);
	for (size_t row = 0; row < table->height; row++) {
		struct libscols_line *line = checked(scols_table_new_line(out, NULL));

		for (size_t i = 0; i < count; i++) {
			char *cell = cell_text(table->columns[columns[i]], table_at(table, row, columns[i]));

			check_error(scols_line_refer_data(line, i, opts.raw ? raw_cell(cell, count) : cell));
		}
	}
	check_error(scols_print_table_to_string(out, &printed));
	/* only some versions of libsmartcols append a newline */
	if (printed && ends_with(printed, "\n"))
		printed[strlen(printed) - 1] = 0;
	scols_unref_table(out);
	return printed;
}

/* Returns the width of a column; of free text, which may be cut or wrapped, the heading's. */
static size_t column_width(const struct table *table, size_t column)
{
	const char *name = table->columns[column];
	size_t width = strlen(name);
	bool words = false;

	for (size_t row = 0; row < table->height && !words; row++) {
		char *cell = cell_text(name, table_at(table, row, column));

		words = strchr(cell, ' ');
		width = strlen(cell) > width ? strlen(cell) : width;
		free(cell);
	}
	return words ? strlen(name) : width;
}

/* Returns the end of the columns from @from on that fit beside the first one. */
static size_t fit_columns(const struct table *table, const size_t *columns, size_t from, size_t count)
{
	size_t room = opts.raw || opts.csv ? 0 : terminal_columns(), used, to;

	used = room ? column_width(table, columns[0]) : 0;
	for (to = from; room && to < count; to++) {
		used += 1 + column_width(table, columns[to]);
		if (used > room && to > from)
			return to;
	}
	return count;
}

/*
 * Renders the columns of @list, or all; returns NULL if the table has none of them.
 * Columns that do not fit follow in further blocks, each beside the first column, so
 * that no row wraps.
 */
static char *render_table(const struct table *table, const char *list)
{
	size_t count, *columns = table_columns(table, list, &count), from = 1, to;
	char *all = NULL, *block;

	while (from <= count && !(all && table->clip)) {
		to = fit_columns(table, columns, from, count);
		columns[from - 1] = columns[0];
		block = (opts.csv ? render_csv : render_block)(table, columns + from - 1, to - from + 1);
		if (all)
			append(&all, "\n\n%s", block);
		else
			all = text("%s", block);
		free(block);
		from = to < count ? to : count + 1;
	}
	free(columns);
	return all;
}

static int unknown_column(struct table *const *tables, size_t count, const char *name)
{
	char *all = text("%s", "");
	int ret;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < tables[i]->width; j++)
			append(&all, " %s", tables[i]->columns[j]);
	ret = usage_error("no column '%s'; there are%s", name, all);
	free(all);
	return ret;
}

int tables_check(struct table *const *tables, size_t count)
{
	char *copy = opts.output ? text("%s", opts.output) : NULL, *rest = copy, *name;
	int ret = 0;

	while (!ret && (name = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < count && !table_has(tables[i], name))
			i++;
		if (i == count)
			ret = unknown_column(tables, count, name);
	}
	free(copy);
	return ret;
}

struct json_object *table_json(const struct table *table)
{
	size_t count, *columns = table_columns(table, opts.output, &count);
	struct json_object *rows = json_of_table(table, columns, count);

	free(columns);
	return rows;
}

static void print_json(struct table *const *tables, size_t count)
{
	struct json_object *all = checked(json_object_new_object());

	for (size_t i = 0; i < count; i++)
		json_object_object_add(all, tables[i]->name, table_json(tables[i]));
	json_print(all, stdout);
	json_object_put(all);
}

int tables_print(struct table *const *tables, size_t count)
{
	const char *between = "";
	int ret = tables_check(tables, count);

	if (!ret && opts.json) {
		print_json(tables, count);
		return 0;
	}
	for (size_t i = 0; !ret && i < count; i++) {
		char *printed = render_table(tables[i], opts.output);

		if (!printed)
			continue;
		printf("%s%s\n", between, printed);
		between = "\n";
		free(printed);
	}
	return ret;
}

int table_print(struct table *table)
{
	int ret = tables_print(&table, 1);

	table_free(table);
	return ret;
}

void table_print_columns(const struct table *table, const char *list)
{
	char *printed = render_table(table, opts.output || opts.csv ? opts.output : list);

	if (printed)
		printf("%s\n", printed);
	free(printed);
}

int fail(const char *hint, const char *format, ...)
{
	va_list args;
	char *message;
	struct table *table;
	struct json_object *all;

	va_start(args, format);
	message = vtext(format, args);
	va_end(args);
	if (opts.json) {
		table = table_new("error", "message hint");
		table_add(table, message, hint);
		all = checked(json_object_new_object());
		json_object_object_add(all, "error", json_of_table(table, NULL, 0));
		json_print(all, stdout);
		json_object_put(all);
		table_free(table);
	} else {
		note("%s", message);
		if (hint)
			note("%s", hint);
	}
	free(message);
	return EXIT_FAILED;
}
