// SPDX-License-Identifier: GPL-2.0-only
/*
 * monitor: the device's uevents, and what changed with each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"
#include "terminal.h"

static void print_event(const char *action, const char *changed)
{
	struct device dev;
	char *value = NULL;

	if (changed && device_exists(&dev)) {
		value = attr_current(&dev, changed);
		device_release(&dev);
	}
	if (opts.json) {
		struct table *table = table_new("event", "action name value");

		table_add(table, action, changed, value);
		tables_print(&table, 1);
		table_free(table);
	} else if (changed) {
		printf("%s %s=%s\n", action, changed, value ? value : "?");
	} else {
		puts(action);
	}
	fflush(stdout);
	free(value);
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
