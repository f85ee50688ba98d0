// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of race as curves of throughput and of waits against the share of reads.
 */
#include "shares.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "result.h"

/* Returns the lock and the other words with several values. */
static char *curve_name(const struct table *rows, size_t row, const char *words)
{
	const char *lock = table_cell(rows, row, "lock_mode");
	char *copy = text("%s", words), *rest = copy, *word, *all = text("%s", ""), *safe;

	while ((word = strsep(&rest, ",")))
		if (*word && strcmp(word, "lock_mode") && strcmp(word, "reads"))
			append(&all, " %s=%s", word, table_cell(rows, row, word) ?: "");
	safe = plot_safe("%s%s", lock ?: "", all);
	free(all);
	free(copy);
	return safe;
}

/*
 * Writes the rows from @row on that have its name, unless an earlier row had it. A row
 * without a time has no point; the least time is the clock's unit.
 */
static void write_curve(const struct table *rows, char *const *names, size_t row, FILE *data)
{
	bool any = false;

	for (size_t i = 0; i < row; i++)
		if (!strcmp(names[i], names[row]))
			return;
	for (size_t i = row; i < table_rows(rows); i++) {
		unsigned long long ns = table_number(rows, i, "ns_per_operation");

		if (!table_cell(rows, i, "ns_per_operation") || strcmp(names[i], names[row]))
			continue;
		if (!any)
			fprintf(data, "\"%s\"\n", names[row]);
		any = true;
		fprintf(data, "%llu %g %llu\n", table_number(rows, i, "reads"), 1e9 / (ns ? ns : 1),
			table_number(rows, i, "wait_p99_ns"));
	}
	if (any)
		fputs("\n\n", data);
}

struct plot shares_plot(const struct result *result)
{
	const struct table *rows = result->tables[RESULT_RACE];
	const char *release = result_fact(result, "kernel_release");
	char *words = result_words(result, rows, true);
	struct plot plot = { .shares = true, .height = 1080 };
	char **names = checked(calloc(table_rows(rows) + 1, sizeof(*names)));
	size_t length;
	FILE *to = checked(open_memstream(&plot.data, &length));

	for (size_t i = 0; i < table_rows(rows); i++)
		names[i] = curve_name(rows, i, words);
	for (size_t i = 0; i < table_rows(rows); i++)
		write_curve(rows, names, i, to);
	fclose(to);
	plot.title = plot_safe("What locks cost readers and writers on Linux %s", release ?: "");
	for (size_t i = 0; i < table_rows(rows); i++)
		free(names[i]);
	free(names);
	free(words);
	return plot;
}
