// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats, opens, top: the tables in debugfs.
 * Their columns are the kernel's: a new one is shown without a change here.
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
	ret = debugfs_version(&rest);
	if (!ret) {
		tables[0] = table_parse("allocators", &rest);
		tables[1] = table_parse("contexts", &rest);
		ret = tables_print(tables, 2);
		table_free(tables[0]);
		table_free(tables[1]);
	}
	free(all);
	return ret;
}

static struct table *opens_read(void)
{
	char *all = debugfs_read("opens"), *rest = all;
	struct table *table;

	if (!all)
		return NULL;
	table = table_parse("opens", &rest);
	free(all);
	return table;
}

int cmd_opens(int argc, char **argv)
{
	struct table *table = opens_read();
	int ret;

	if (!table)
		return EXIT_FAILED;
	ret = tables_print(&table, 1);
	table_free(table);
	return ret;
}

static int capacity_column;

static int larger_first(const void *a, const void *b)
{
	char *const *row_a = a, *const *row_b = b;
	unsigned long long size_a = strtoull(row_a[capacity_column], NULL, 10);
	unsigned long long size_b = strtoull(row_b[capacity_column], NULL, 10);

	return (size_a < size_b) - (size_a > size_b);
}

/* A line of totals, then as many opens as the terminal has room for, the largest first. */
static int top_frame(const struct device *dev)
{
	struct table *table = opens_read();
	int rows = terminal_rows(), count, ret;
	char **names;
	size_t shown;

	if (!table)
		return EXIT_FAILED;
	capacity_column = table_column(table, "capacity");
	if (table->rows && capacity_column >= 0)
		qsort(table->cells, table->rows, table->columns * sizeof(*table->cells),
		      larger_first);
	if (rows)
		fputs("\033[H\033[J", stdout);
	count = attr_list(dev, "stats", ATTR_NUMBER, &names);
	for (int i = 0; i < count; i++) {
		char *path = text("stats/%s", names[i]);
		char *value = attr_read(dev, path);
		char *human = value ? value_text(names[i], value) : NULL;

		printf("%s%s %s", i ? ", " : "", names[i], human ? human : "?");
		free(human);
		free(value);
		free(path);
		free(names[i]);
	}
	free(names);
	fputs("\n\n", stdout);
	shown = table->rows;
	if (rows > 4 && shown > (size_t)rows - 4)
		table->rows = rows - 4;
	ret = tables_print(&table, 1);
	table->rows = shown;
	table_free(table);
	fflush(stdout);
	return ret;
}

int cmd_top(int argc, char **argv)
{
	unsigned long long left = opts.iterations;
	unsigned int delay = opts.delay == OPTION_UNSET ? 2 : opts.delay;
	struct device dev;
	int stop_fd, ret;

	if (device_find(&dev))
		return EXIT_FAILED;
	stop_fd = stop_open();
	if (stop_fd < 0) {
		device_release(&dev);
		return EXIT_FAILED;
	}
	terminal_keys();
	do {
		ret = top_frame(&dev);
		left -= left != OPTION_UNSET;
	} while (!ret && left && !terminal_wait(stop_fd, delay));
	terminal_restore();
	close(stop_fd);
	device_release(&dev);
	return ret;
}
