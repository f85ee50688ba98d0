/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that helloctl prints: tables by libsmartcols, and errors.
 * No command prints a table, a size or an error of its own making.
 */
#ifndef HELLOCTL_OUTPUT_H
#define HELLOCTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Rows of text. The names of the columns are the keys in JSON. */
struct table;

/* @head: column names, separated by blanks */
struct table *table_new(const char *name, const char *head);
/* Adds a row; takes as many strings as the table has columns. NULL is an empty cell. */
void table_add_cells(struct table *table, size_t count, const char *const *cells);
#define CELLS(...)	((const char *const []){ __VA_ARGS__ })
#define table_add(table, ...) \
	table_add_cells(table, COUNT(CELLS(__VA_ARGS__)), CELLS(__VA_ARGS__))
/* A cell of the last row; a new name makes a column. */
void table_set(struct table *table, const char *name, const char *value);
/* Reads a heading and rows from *@from, up to an empty line, and moves *@from past them. */
struct table *table_parse(const char *name, char **from);
size_t table_rows(const struct table *table);
bool table_has(const struct table *table, const char *name);
/* The cell of the column of that name: NULL where it is empty, or there is none. */
const char *table_cell(const struct table *table, size_t row, const char *name);
/*
 * For a screen: keeps that many rows, the largest first by the numbers in that column,
 * and prints only the columns that have room.
 */
void table_keep_largest(struct table *table, const char *name, size_t rows);
void table_free(struct table *table);

/* Prints the tables as the options ask: one JSON object, or one after the other. */
int tables_print(struct table *const *tables, size_t count);
/* The same for one table, which it also frees. */
int table_print(struct table *table);

/* A value as the options ask: sizes (known by @name) for people, or in bytes. Free it. */
char *value_text(const char *name, const char *value);

/*
 * @string with a byte as \ooo where it is no UTF-8; but for JSON, which has its own way
 * with them, also control characters; in a table all that is not ASCII. Free it.
 */
enum medium { FOR_JSON, FOR_TERMINAL, FOR_TABLE };
char *printable(const char *string, enum medium medium);

/* A line on standard error. */
__attribute__((format(printf, 1, 2)))
void note(const char *format, ...);
/* Tells what is wrong and, where @hint is not NULL, what to do next; EXIT_FAILED. */
__attribute__((format(printf, 2, 3)))
int fail(const char *hint, const char *format, ...);
/* The same for words that helloctl does not take; EXIT_USAGE. */
#define usage_error(...) ((void)fail("helloctl --help lists the commands, " \
	"helloctl COMMAND --help its options", __VA_ARGS__), EXIT_USAGE)

/* asprintf() and strdup() that end the program when memory is gone. */
__attribute__((format(printf, 1, 2)))
char *text(const char *format, ...);
/* The same at the end of *@all, a string of its own: not for a long loop, it copies. */
__attribute__((format(printf, 2, 3)))
void append(char **all, const char *format, ...);
void *checked(void *memory);
/* Room for one more in an array that has @count; it doubles, so that filling is no square. */
void *array_grow(void *array, size_t count, size_t size);

#endif /* HELLOCTL_OUTPUT_H */
