/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The result of a sweep: tables and metadata, printed and kept in files.
 */
#ifndef HELLOCTL_RESULT_H
#define HELLOCTL_RESULT_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct table;

/* The tables of a result: their names are the keys in JSON. */
enum {
	RESULT_MEASURE,		/* a row for each combination of measure */
	RESULT_RACE,		/* of race */
	RESULT_REFUSED,		/* combinations that the driver refused */
	RESULT_HISTOGRAM,	/* of the rows of measure */
	RESULT_CROSSOVER,
	RESULT_WARNING,		/* facts by which the figures mean less */
	RESULT_TABLES
};

struct result {
	struct json_object *metadata;
	struct table *tables[RESULT_TABLES];	/* NULL: the result has none */
};

/* Prepares an empty result with a table of rows, RESULT_MEASURE or RESULT_RACE. */
void result_init(struct result *result, int rows);
void result_free(struct result *result);

/* Returns the text of a fact of the metadata, or NULL. */
const char *result_fact(const struct result *result, const char *name);
/* Returns one line: kernel, processor and date. */
char *result_origin(const struct result *result);
/* Returns the words with several values in @rows, or with one, separated by commas. */
char *result_words(const struct result *result, const struct table *rows, bool several);
/* Returns a sentence. */
char *result_crossover_text(const struct table *crossovers, size_t row);
/* Returns the word that each row of this table has, and no row of the other one. */
const char *result_mode(int rows);
/* Returns the columns of figures that a reader wants first, separated by commas. */
const char *result_figures(int rows);
/* Prints the rows, then crossovers, cuts and warnings; as JSON everything. */
int result_print(const struct result *result);

/* Returns 0 if --save can write the file, else an exit status after printing an error. */
int result_check_target(const char *path);
int result_save(const struct result *result, const char *path);
/* Returns 0, or an exit status after printing an error. */
int result_load(struct result *result, const char *path);

#endif /* HELLOCTL_RESULT_H */
