// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics: statistics in the text format of Prometheus, for node_exporter's textfile collector.
 * Totals come from sysfs; metrics of each allocator need debugfs and root.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "file.h"
#include "helloctl.h"
#include "output.h"

/* Stable names: dashboards depend on them. */
struct metric {
	const char *name;	/* file in stats/, and column in debugfs */
	bool counter;		/* monotonic; its name ends in _total */
	const char *help;
};

static const struct metric metrics[] = {
	{ "allocations", true, "Buffers allocated." },
	{ "frees", true, "Buffers freed." },
	{ "failures", true, "Allocations that failed." },
	{ "live_buffers", false, "Buffers that exist now." },
	{ "live_bytes", false, "Bytes in buffers that exist now." },
	{ "peak_bytes", false, "Most bytes in buffers at one time." },
	{ "pinned_bytes", true, "Bytes freed while their pages were still referenced." },
	{ "opens", false, "Files that are open now." },
};

/* Prints the total from sysfs, and the column of @table if it has one. */
static void print_metric(FILE *to, const struct metric *metric, struct table *table)
{
	char *path = text(ATTR_STATS "%s", metric->name), *total = attr_read(path);
	char *name = text("%s%s", metric->name, metric->counter ? "_total" : "");
	const char *type = metric->counter ? "counter" : "gauge";

	if (total)
		fprintf(to, "# HELP hello_%s %s\n# TYPE hello_%s %s\nhello_%s %s\n", name,
			metric->help, name, type, name, total);
	if (table && table_has(table, metric->name)) {
		fprintf(to, "# HELP hello_allocator_%s %s\n# TYPE hello_allocator_%s %s\n", name,
			metric->help, name, type);
		for (size_t row = 0; row < table_rows(table); row++)
			fprintf(to, "hello_allocator_%s{allocator=\"%s\"} %s\n", name,
				table_cell(table, row, "allocator"),
				table_cell(table, row, metric->name));
	}
	free(name);
	free(total);
	free(path);
}

static void print_metrics(FILE *to)
{
	struct table *table = NULL;
	char *all, *rest;

	/* best effort: only root can read debugfs */
	if (!debugfs_request("stats", NULL, &all)) {
		rest = all;
		strsep(&rest, "\n");	/* the version */
		table = table_parse("allocators", &rest);
	}
	for (size_t i = 0; i < COUNT(metrics); i++)
		print_metric(to, &metrics[i], table);
	if (table)
		table_free(table);
	free(all);
}

/* The collector must never read half a file. */
int cmd_metrics(int argc, char **argv)
{
	char *all = NULL;
	size_t size;
	FILE *to;
	int ret;

	if (!opts.output) {
		print_metrics(stdout);
		return 0;
	}
	ret = file_check(opts.output, NULL);
	if (ret)
		return ret;
	to = checked(open_memstream(&all, &size));
	print_metrics(to);
	fclose(to);
	ret = file_replace(opts.output, all, size);
	free(all);
	return ret;
}
