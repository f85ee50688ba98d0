/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output of helloctl: tables by libsmartcols, sizes and errors.
 * All commands print tables, sizes and errors through these functions.
 */
#ifndef HELLOCTL_OUTPUT_H
#define HELLOCTL_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

bool ends_with(const char *string, const char *end);
/* Whether the text is a number as JSON writes it, without an exponent. */
bool is_number(const char *value);

/* A table of text. The column names are the keys in JSON. */
struct table;

/* @head: column names, separated by blanks */
struct table *table_new(const char *name, const char *head);
/* Adds a row of one string for each column. NULL is an empty cell. */
void table_add_cells(struct table *table, size_t count, const char *const *cells);
#define CELLS(...)	((const char *const []){ __VA_ARGS__ })
#define table_add(table, ...) \
	table_add_cells(table, COUNT(CELLS(__VA_ARGS__)), CELLS(__VA_ARGS__))
/* Adds an empty column, unless the table has it. */
void table_add_column(struct table *table, const char *name);
/* Sets a cell of the last row; adds the column if needed. */
void table_set(struct table *table, const char *name, const char *value);
/* Parses a heading and rows up to an empty line, and moves *@from past it. */
struct table *table_parse(const char *name, char **from);
size_t table_rows(const struct table *table);
size_t table_width(const struct table *table);
const char *table_column(const struct table *table, size_t column);
const char *table_at(const struct table *table, size_t row, size_t column);
bool table_has(const struct table *table, const char *name);
/* Returns NULL if the cell is empty or the column does not exist. */
const char *table_cell(const struct table *table, size_t row, const char *name);
/* Returns the number in such a cell, or 0. */
unsigned long long table_number(const struct table *table, size_t row, const char *name);
/* Returns indices of "NAME,NAME" in that order, without unknown and repeated ones; NULL: all. */
size_t *table_columns(const struct table *table, const char *list, size_t *count);
/* Whether all cells are numbers, or empty; such a column is right-aligned. */
bool table_is_numeric(const struct table *table, size_t column);
/*
 * For a full-screen display: sorts by the numbers of a column, the largest first, and
 * drops all but @rows rows. Columns that do not fit are not printed.
 */
void table_keep_largest(struct table *table, const char *name, size_t rows);
void table_free(struct table *table);

/* Returns EXIT_USAGE after printing an error if no table has a column that -o names. */
int tables_check(struct table *const *tables, size_t count);
/* Returns the rows with the columns that the options demand. */
struct json_object *table_json(const struct table *table);
/* Checks and prints the tables as the options demand: one JSON object, or one table after another. */
int tables_print(struct table *const *tables, size_t count);
/* Prints and frees one table. */
int table_print(struct table *table);
/* Prints a table; without -o and --csv, the columns of @list. tables_check() comes first. */
void table_print_columns(const struct table *table, const char *list);

/* Formats a value: sizes (recognized by @name) with a unit, or in bytes. The caller frees it. */
char *value_text(const char *name, const char *value);

/*
 * Escapes bytes as \ooo: invalid UTF-8 always, control characters except in JSON, which
 * escapes them itself, and in tables all that is not ASCII. The caller frees the string.
 */
enum medium { FOR_JSON, FOR_TERMINAL, FOR_TABLE };
char *printable(const char *string, enum medium medium);

/* Prints a line on standard error. */
__attribute__((format(printf, 1, 2)))
void note(const char *format, ...);
/* Whether the options are those of a script, which reads rows and nothing else. */
bool for_script(void);
/* Prints a line on standard output, wrapped on a terminal; for a script, nothing. */
__attribute__((format(printf, 1, 2)))
void say(const char *format, ...);
/* Prints an error and, if not NULL, @hint: what to do next. Returns EXIT_FAILED. */
__attribute__((format(printf, 2, 3)))
int fail(const char *hint, const char *format, ...);
/* Prints an error of the command line. Returns EXIT_USAGE. */
#define usage_error(...) ((void)fail("helloctl --help lists the commands, " \
	"helloctl COMMAND --help its options", __VA_ARGS__), EXIT_USAGE)

/* Allocating functions; they exit if out of memory. text() is asprintf(). */
__attribute__((format(printf, 1, 2)))
char *text(const char *format, ...);
char *vtext(const char *format, va_list args);
/* Appends to *@all, an allocated string. Copies it each time: not for long loops. */
__attribute__((format(printf, 2, 3)))
void append(char **all, const char *format, ...);
void *checked(void *memory);
/* Makes room for element @count. Doubles the array, so that filling it takes linear time. */
void *array_grow(void *array, size_t count, size_t size);

#endif /* HELLOCTL_OUTPUT_H */
