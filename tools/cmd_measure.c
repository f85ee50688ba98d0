// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure, race: the driver's experiments, one for each combination of the words given.
 * Words and answers are the driver's: a new one is swept and shown without a change here.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"
#include "plot.h"
#include "terminal.h"

/* A word of an order, NAME=VALUE, and the values that it takes one after the other. */
struct word {
	char *name;
	char **values;
	size_t count;
	size_t step;		/* combinations between two of its values */
};

struct sweep {
	struct word *words;	/* the last one changes fastest */
	size_t count;
	size_t total;		/* combinations */
	size_t *row_of;		/* each; NO_ROW where the driver refused it */
	struct table *rows;
	struct table *refused;
	struct table *histograms;	/* of all rows */
};

#define NO_ROW	(~(size_t)0)

/* ---- the words ---- */

static struct word *find_word(const struct sweep *sweep, const char *name)
{
	size_t length = strcspn(name, "=");

	for (size_t i = 0; i < sweep->count; i++)
		if (!strncmp(sweep->words[i].name, name, length) && !sweep->words[i].name[length])
			return &sweep->words[i];
	return NULL;
}

static void add_value(struct word *word, char *value)
{
	word->values = checked(realloc(word->values, (word->count + 1) * sizeof(*word->values)));
	word->values[word->count++] = value;
}

static void add_doubling(struct word *word, unsigned long long from, unsigned long long to)
{
	for (; from < to; from *= 2)
		add_value(word, text("%llu", from));
	add_value(word, text("%llu", to));
}

/* All that this kernel takes for the word. */
static int add_all(const struct device *dev, struct word *word)
{
	bool size = !strcmp(word->name, "buffer_size");
	char *all = size ? attr_read(dev, "max_buffer_size") : attr_choices(dev, word->name);
	char *rest = all, *choice;

	if (size && all)
		add_doubling(word, 64, strtoull(all, NULL, 10));
	else if (!strcmp(word->name, "threads"))
		add_doubling(word, 1, sysconf(_SC_NPROCESSORS_ONLN));
	else if (!all)
		return usage_error("%s=all: there is no list of them; name some", word->name);
	while (!size && (choice = strsep(&rest, " ")))
		add_value(word, text("%s", choice));
	free(all);
	return 0;
}

/* Sizes by size, for curves and crossovers; the rest stays as it is. */
static int by_size(const void *a, const void *b)
{
	unsigned long long size_a = 0, size_b = 0;

	parse_size(*(char *const *)a, &size_a);
	parse_size(*(char *const *)b, &size_b);
	return (size_a > size_b) - (size_a < size_b);
}

/* The values are separated by commas; FROM..TO doubles, and all is what the kernel has. */
static int add_word(const struct device *dev, struct sweep *sweep, const char *setting)
{
	struct word word = { .name = text("%s", setting) };
	char *list = word.name, *value, *dots;
	unsigned long long from, to;
	int ret = 0;

	strsep(&list, "=");
	if (!list || !*word.name || find_word(sweep, word.name))
		ret = usage_error("'%s' is not name=value, or the name is given twice", setting);
	while (!ret && (value = strsep(&list, ","))) {
		dots = strstr(value, "..");
		if (dots)
			*dots = 0;
		if (!strcmp(value, "all"))
			ret = add_all(dev, &word);
		else if (!dots)
			add_value(&word, text("%s", value));
		else if (parse_size(value, &from) && parse_size(dots + 2, &to) &&
			 from && from <= to)
			add_doubling(&word, from, to);
		else
			ret = usage_error("%s: no range is '%s..%s'", word.name, value, dots + 2);
	}
	if (!strcmp(word.name, "buffer_size") && word.count)
		qsort(word.values, word.count, sizeof(*word.values), by_size);
	sweep->words = checked(realloc(sweep->words, (sweep->count + 1) * sizeof(word)));
	sweep->words[sweep->count++] = word;
	return ret;
}

/* The user's words, then the defaults of those that they left out. */
static int add_words(struct sweep *sweep, int argc, char **argv, const char *const *defaults)
{
	struct device dev;
	int ret = 0;

	if (device_find(&dev))
		return EXIT_FAILED;
	while (!ret && argc--)
		ret = add_word(&dev, sweep, *argv++);
	for (; !ret && *defaults; defaults++)
		if (!find_word(sweep, *defaults))
			ret = add_word(&dev, sweep, *defaults);
	device_release(&dev);
	return ret;
}

static size_t index_of(const struct word *word, size_t combination)
{
	return combination / word->step % word->count;
}

static const char *value_of(const struct word *word, size_t combination)
{
	return word->values[index_of(word, combination)];
}

/* ---- running ---- */

/* "alloc_ns: n 9 min 120" makes alloc_n and alloc_min_ns; nothing has no times. */
static void add_times(struct table *rows, const char *name, char *times)
{
	int stem = strlen(name) - strlen("_ns");
	bool none = !strncmp(times, "n 0 ", 4);
	char *key, *time;

	while ((key = strsep(&times, " ")) && (time = strsep(&times, " "))) {
		bool number = !strcmp(key, "n");
		char *column = text("%.*s_%s%s", stem, name, key, number ? "" : "_ns");

		table_set(rows, column, none && !number ? NULL : time);
		free(column);
	}
}

/* Lines "name: value", times, or the words of the recipe; then the histogram. */
static void add_answer(struct sweep *sweep, char *answer)
{
	char *line, *values, *word, *row = text("%zu", sweep->rows->rows);

	table_row(sweep->rows);
	while ((line = strsep(&answer, "\n")) && (values = strstr(line, ": "))) {
		*values = 0;
		values += 2;
		if (strchr(values, '=')) {
			while ((word = strsep(&values, " "))) {
				const char *name = strsep(&word, "=");

				table_set(sweep->rows, name, word);
			}
		} else if (strchr(values, ' ')) {
			add_times(sweep->rows, line, values);
		} else {
			table_set(sweep->rows, line, values);
		}
	}
	while ((line = strsep(&answer, "\n")) && *line) {
		const char *from = strsep(&line, " ");

		table_add(sweep->histograms, row, from, line);
	}
	free(row);
}

static int run_one(struct sweep *sweep, const char *kind, size_t combination)
{
	char *order = text("%s", kind), *answer, *rest;
	int error, ret = 0;

	for (const struct word *word = sweep->words; word < sweep->words + sweep->count; word++)
		append(&order, " %s=%s", word->name, value_of(word, combination));
	progress(combination, sweep->total, order);
	error = debugfs_ask("experiment", order, &answer);
	rest = answer;
	sweep->row_of[combination] = NO_ROW;
	if (error) {
		progress_end();
		ret = debugfs_fail("experiment", error);
	} else if (!strncmp(answer, DEBUGFS_REFUSED, strlen(DEBUGFS_REFUSED))) {
		answer[strcspn(answer, "\n")] = 0;
		table_add(sweep->refused, order, answer + strlen(DEBUGFS_REFUSED));
	} else if (!(ret = debugfs_version(&rest))) {
		sweep->row_of[combination] = sweep->rows->rows;
		add_answer(sweep, rest);
	}
	free(answer);
	free(order);
	return ret;
}

/* Runs all that the driver takes; where it takes none, says why. */
static int run_all(struct sweep *sweep, const char *kind)
{
	char *const *refused;
	int ret = 0;

	sweep->total = 1;
	for (size_t i = sweep->count; i--; sweep->total *= sweep->words[i].count)
		sweep->words[i].step = sweep->total;
	sweep->row_of = checked(calloc(sweep->total, sizeof(*sweep->row_of)));
	for (size_t i = 0; i < sweep->total && !ret; i++)
		ret = run_one(sweep, kind, i);
	progress_end();
	refused = sweep->refused->cells;
	if (!ret && !sweep->rows->rows)
		ret = fail(refused[1], "the driver refuses '%s'%s", refused[0],
			   sweep->total > 1 ? " and all the others" : "");
	else if (!ret && sweep->refused->rows && !opts.verbose && !opts.json)
		fprintf(stderr, "helloctl: %zu of %zu combinations were refused; -v says why\n",
			sweep->refused->rows, sweep->total);
	for (size_t i = 0; i < sweep->refused->rows && opts.verbose; i++)
		fprintf(stderr, "helloctl: refused '%s': %s\n", refused[2 * i], refused[2 * i + 1]);
	return ret;
}

/* ---- telling ---- */

/* For people @results and the words that change; in JSON all, with what else there is. */
static int print_sweep(const struct sweep *sweep, const char *results, struct table *crossovers)
{
	struct table *tables[] = { sweep->rows, sweep->refused, sweep->histograms, crossovers };
	bool choose = !opts.output && !opts.json && !opts.csv;
	char *columns = text("%s", "");
	int ret;

	for (const struct word *word = sweep->words; word < sweep->words + sweep->count; word++)
		if (word->count > 1 && table_column(sweep->rows, word->name) >= 0)
			append(&columns, "%s,", word->name);
	append(&columns, "%s", results);
	if (choose)
		opts.output = columns;
	ret = tables_print(tables, !opts.json ? 1 : crossovers ? 4 : 2);
	free(columns);
	return ret;
}

static unsigned long long number(const struct table *table, size_t row, const char *name)
{
	int column = table_column(table, name);
	const char *cell = column < 0 ? NULL : table->cells[row * table->columns + column];

	return cell ? strtoull(cell, NULL, 10) : 0;
}

/* The median in ns; 0 where the driver refused it, or most allocations failed. */
static unsigned long long cost(const struct sweep *sweep, size_t combination)
{
	size_t row = sweep->row_of[combination];

	if (row == NO_ROW ||
	    2 * number(sweep->rows, row, "failures") >= number(sweep->rows, row, "count"))
		return 0;
	return number(sweep->rows, row, "alloc_p50_ns");
}

/*
 * The words of a combination that change, or else those that do not; without
 * what each curve and each picture have a place for.
 */
static char *describe(const struct sweep *sweep, size_t combination, bool changing)
{
	char *all = text("%s", "");

	for (const struct word *word = sweep->words; word < sweep->words + sweep->count; word++) {
		const char *value = value_of(word, combination);
		/* GFP_ATOMIC says of what it is a value, 2 does not */
		bool named = !changing || isdigit((unsigned char)*value);

		if ((word->count > 1) == changing && strcmp(word->name, "alloc_mode") &&
		    !(changing && !strcmp(word->name, "buffer_size")))
			append(&all, "%s%s%s%s", *all ? " " : "", named ? word->name : "",
			       named ? "=" : "", value);
	}
	return all;
}

/*
 * From which size on is each allocator cheaper than the first one? Only by
 * more than 3 %: the driver's histogram tells no less apart.
 */
static void find_crossover(const struct sweep *sweep, size_t combination, struct table *table,
			   char **lines)
{
	const struct word *modes = find_word(sweep, "alloc_mode");
	const struct word *sizes = find_word(sweep, "buffer_size");
	size_t mode = index_of(modes, combination), compared = 0, from = NO_ROW;
	char *size, *shown, *words;

	for (size_t i = 0; i < sizes->count; i++, combination += sizes->step) {
		unsigned long long ours = cost(sweep, combination);
		unsigned long long theirs = cost(sweep, combination - mode * modes->step);

		if (!theirs || !ours)
			continue;
		compared++;
		if (ours + ours / 32 >= theirs)
			from = NO_ROW;
		else if (from == NO_ROW)
			from = sweep->row_of[combination];
	}
	if (!mode || compared < 2)
		return;
	words = describe(sweep, combination - sizes->step, true);
	size = from == NO_ROW ? NULL : text("%llu", number(sweep->rows, from, "buffer_size"));
	shown = value_text("from_size", size ? size : "no size");
	table_add(table, modes->values[mode], modes->values[0], size, words);
	append(lines, "%s%s%s is cheaper than %s from %s on\n", words, *words ? ": " : "",
	       modes->values[mode], modes->values[0], shown);
	free(shown);
	free(size);
	free(words);
}

/* A curve: cost against size or, of one size, how many took how long. */
static void add_curve(const struct sweep *sweep, size_t combination, char **data)
{
	const struct word *sizes = find_word(sweep, "buffer_size");
	const char *mode = value_of(find_word(sweep, "alloc_mode"), combination);
	const struct table *rows = sweep->rows, *bars = sweep->histograms;
	char *words = describe(sweep, combination, true), *points = text("%s", "");

	for (size_t i = 0; i < sizes->count; i++, combination += sizes->step) {
		unsigned long long median = cost(sweep, combination);
		size_t row = sweep->row_of[combination];

		if (median && sizes->count > 1)
			append(&points, "%llu %llu %llu\n", number(rows, row, "buffer_size"),
			       median, number(rows, row, "alloc_p99_ns"));
		for (size_t bar = 0; median && bar < bars->rows && sizes->count == 1; bar++)
			if (number(bars, bar, "row") == row)
				append(&points, "%llu %llu %llu \"%s %s\"\n",
				       number(bars, bar, "from_ns"), number(bars, bar, "count"),
				       number(rows, row, "alloc_n"), mode, words);
	}
	if (*points)
		append(data, "\"%s %s\"\n%s\n\n", mode, words, points);
	free(points);
	free(words);
}

static int draw(const struct sweep *sweep, bool curves, const char *data, char *lines)
{
	char *words = describe(sweep, 0, false), *title;
	struct utsname kernel;
	const char *line;
	int ret;

	uname(&kernel);
	title = text("%s on Linux %s%s%s", curves ? "What allocations cost" :
		     "How long allocations take", kernel.release, *words ? "\\n" : "", words);
	while ((line = strsep(&lines, "\n")))
		append(&title, "\\n%s", line);
	ret = *data ? plot_draw(opts.plot, curves, title, data) :
		      fail(NULL, "nothing to draw: most allocations failed");
	free(title);
	free(words);
	return ret;
}

static int run_sweep(struct sweep *sweep, const char *name, const char *kind, int argc,
		     char **argv, const char *const *defaults)
{
	int ret = opts.plot ? plot_check(opts.plot) : 0;

	*sweep = (struct sweep){
		.rows = table_new(name, ""),
		.refused = table_new("refused", "order reason"),
		.histograms = table_new("histogram", "row from_ns count"),
	};
	if (!ret)
		ret = add_words(sweep, argc, argv, defaults);
	return ret ? ret : run_all(sweep, kind);
}

static void end_sweep(struct sweep *sweep)
{
	table_free(sweep->rows);
	table_free(sweep->refused);
	table_free(sweep->histograms);
	for (struct word *word = sweep->words; word < sweep->words + sweep->count; word++) {
		while (word->count)
			free(word->values[--word->count]);
		free(word->values);
		free(word->name);
	}
	free(sweep->words);
	free(sweep->row_of);
}

int cmd_measure(int argc, char **argv)
{
	static const char *const defaults[] = {
		"alloc_mode=kmalloc,vmalloc", "gfp_flags=GFP_KERNEL", "alloc_context=process",
		"buffer_size=64..4M", NULL,
	};
	struct table *crossovers = table_new("crossover", "alloc_mode than from_size words");
	char *lines = text("%s", ""), *data = text("%s", "");
	const struct word *sizes = NULL;
	struct sweep sweep;
	int ret = run_sweep(&sweep, "measure", "alloc", argc, argv, defaults);

	if (!ret) {
		sizes = find_word(&sweep, "buffer_size");
		for (size_t i = 0; i < sweep.total; i++)
			if (!index_of(sizes, i)) {
				find_crossover(&sweep, i, crossovers, &lines);
				if (opts.plot)
					add_curve(&sweep, i, &data);
			}
		ret = print_sweep(&sweep, "failures,alloc_p50_ns,alloc_mean_ns,alloc_p99_ns,free_p50_ns",
				  crossovers);
		if (!opts.json && !opts.csv)
			fputs(lines, stdout);
	}
	if (!ret && opts.plot)
		ret = draw(&sweep, sizes->count > 1, data, crossovers->rows > 3 ? NULL : lines);
	end_sweep(&sweep);
	table_free(crossovers);
	free(data);
	free(lines);
	return ret;
}

int cmd_race(int argc, char **argv)
{
	static const char *const defaults[] = { "lock_mode=none,all", NULL };
	struct sweep sweep;
	int ret = run_sweep(&sweep, "race", "lock", argc, argv, defaults);

	if (!ret)
		ret = print_sweep(&sweep,
				  "expected,observed,lost,ns_per_operation,wait_max_ns,hold_mean_ns",
				  NULL);
	end_sweep(&sweep);
	return ret;
}
