// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics: the statistics as Prometheus reads them, for node_exporter's textfile collector.
 * Totals come from sysfs; a label for each allocator needs debugfs, and root.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"

/* Dashboards know these names: they stay, whatever else the kernel counts. */
struct metric {
	const char *name;	/* of the file in stats/ and of the column in debugfs */
	bool counter;		/* only grows; its name ends in _total */
	const char *help;
};

static const struct metric metrics[] = {
	{ "allocations", true, "Buffers allocated." },
	{ "frees", true, "Buffers freed." },
	{ "failures", true, "Allocations that failed." },
	{ "live_buffers", false, "Buffers that exist now." },
	{ "live_bytes", false, "Bytes in buffers that exist now." },
	{ "peak_bytes", false, "Most bytes in buffers at one time." },
	{ "opens", false, "Files that are open now." },
};

static void print_head(FILE *to, const struct metric *metric, const char *prefix)
{
	const char *end = metric->counter ? "_total" : "";

	fprintf(to, "# HELP %s%s%s %s\n", prefix, metric->name, end, metric->help);
	fprintf(to, "# TYPE %s%s%s %s\n", prefix, metric->name, end,
		metric->counter ? "counter" : "gauge");
}

static void print_total(FILE *to, const struct metric *metric, const struct device *dev)
{
	char *path = text("stats/%s", metric->name);
	char *value = attr_read(dev, path);

	if (value) {
		print_head(to, metric, "hello_");
		fprintf(to, "hello_%s%s %s\n", metric->name, metric->counter ? "_total" : "", value);
	}
	free(value);
	free(path);
}

static void print_allocators(FILE *to, const struct metric *metric, const struct table *table)
{
	int column = table_column(table, metric->name);

	if (column < 0)
		return;
	print_head(to, metric, "hello_allocator_");
	for (size_t row = 0; row < table->rows; row++)
		fprintf(to, "hello_allocator_%s%s{allocator=\"%s\"} %s\n", metric->name,
			metric->counter ? "_total" : "", table->cells[row * table->columns],
			table->cells[row * table->columns + column]);
}

/* The collector must never see half a file: write beside it, then rename. */
static int replace_file(const char *path, const char *contents)
{
	char *temporary = text("%s.XXXXXX", path);
	int fd = mkstemp(temporary), ret = 0;
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (!to || fputs(contents, to) < 0 || fchmod(fd, 0644) || fflush(to) || fsync(fd) ||
	    rename(temporary, path)) {
		ret = fail(NULL, "cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(temporary);
	}
	if (to)
		fclose(to);
	free(temporary);
	return ret;
}

int cmd_metrics(int argc, char **argv)
{
	char *all, *rest, *contents;
	struct table *table = NULL;
	struct device dev;
	size_t size;
	FILE *to;
	int ret = 0;

	if (device_find(&dev))
		return EXIT_FAILED;
	/* without it, the totals are enough */
	if (!debugfs_ask("stats", NULL, &all)) {
		rest = all;
		strsep(&rest, "\n");	/* the version */
		table = table_parse("allocators", &rest);
	}
	to = checked(open_memstream(&contents, &size));
	for (size_t i = 0; i < COUNT(metrics); i++) {
		print_total(to, &metrics[i], &dev);
		if (table)
			print_allocators(to, &metrics[i], table);
	}
	fclose(to);
	if (opts.output)
		ret = replace_file(opts.output, contents);
	else
		fputs(contents, stdout);
	free(contents);
	if (table)
		table_free(table);
	free(all);
	device_release(&dev);
	return ret;
}
