// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats, opens, top, monitor: show the driver's statistics, open files and uevents.
 * The driver names the columns of its tables; a new one needs no change here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"
#include "terminal.h"

int cmd_stats(int argc, char **argv)
{
	char *all = debugfs_read("stats"), *rest = all;
	struct table *tables[2];
	int ret;

	if (!all)
		return EXIT_FAILED;
	ret = debugfs_check_version(&rest);
	if (!ret) {
		tables[0] = table_parse("allocators", &rest);
		tables[1] = table_parse("contexts", &rest);
		ret = tables_print(tables, COUNT(tables));
		table_free(tables[0]);
		table_free(tables[1]);
	}
	free(all);
	return ret;
}

static struct table *opens_read(void)
{
	char *all = debugfs_read("opens"), *rest = all;
	struct table *table = all ? table_parse("opens", &rest) : NULL;

	free(all);
	return table;
}

/* A descriptor can outlive its opener: in a child, or sent to another process. */
static void print_holders_hint(const struct table *table)
{
	size_t row = 0;

	while (row < table_rows(table) && strcmp(table_cell(table, row, "comm"), "-"))
		row++;
	if (row < table_rows(table))
		note("the process that opened %s has ended (-); to find what still has it open: "
		     "sudo grep -sl '^hello-id:.*\\<%s$' /proc/[0-9]*/fdinfo/* or sudo fuser -v " NODE,
		     table_cell(table, row, "id"), table_cell(table, row, "id"));
}

int cmd_opens(int argc, char **argv)
{
	struct table *table = opens_read();

	if (!table)
		return EXIT_FAILED;
	if (!opts.json && table_has(table, "comm"))
		print_holders_hint(table);
	return table_print(table);
}

/* Prints the totals, then the largest opens that fit the terminal. */
static int print_frame(void)
{
	char *all = attr_list(ATTR_STATS), *rest = all, *path;
	struct table *table = opens_read();
	size_t rows = terminal_rows(), columns = terminal_columns(), column = 0, lines = 4;
	int ret;

	if (table && rows)
		fputs("\033[H\033[J", stdout);
	while (table && (path = strsep(&rest, " "))) {
		const char *name = path + strlen(ATTR_STATS);
		char *value = attr_read(path), *shown = value_text(name, value);

		char *item = text("%s %s%s", name, shown, rest ? ", " : "");

		if (columns && column + strlen(item) > columns) {
			putchar('\n');
			lines++;
			column = 0;
		}
		column += strlen(item);
		printf("%s%s", item, rest ? "" : "\n\n");
		free(item);
		free(shown);
		free(value);
	}
	free(all);
	if (!table)
		return EXIT_FAILED;
	table_keep_largest(table, "capacity", rows > lines ? rows - lines : table_rows(table));
	ret = table_print(table);
	fflush(stdout);
	return ret;
}

int cmd_top(int argc, char **argv)
{
	unsigned long long left = opts.iterations;
	int stop_fd = stop_open(), ret;

	if (stop_fd < 0)
		return EXIT_FAILED;
	terminal_cbreak();
	do {
		ret = print_frame();
		left -= left != OPTION_UNSET;
	} while (!ret && left && !terminal_wait(stop_fd, opts.delay));
	terminal_restore();
	close(stop_fd);
	return ret;
}

static void print_event(const char *action, const char *changed, const char *value)
{
	if (opts.json) {
		struct table *table = table_new("event", "action name value");

		table_add(table, action, changed, value);
		table_print(table);
	} else if (changed) {
		printf("%s %s=%s\n", action, changed, value ? value : "?");
	} else {
		puts(action);
	}
	fflush(stdout);
}

int cmd_monitor(int argc, char **argv)
{
	int stop_fd = stop_open(), ret;

	if (stop_fd < 0)
		return EXIT_FAILED;
	ret = device_monitor(stop_fd, print_event);
	close(stop_fd);
	return ret;
}
