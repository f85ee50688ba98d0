// SPDX-License-Identifier: GPL-2.0-only
/*
 * status, get, set, reset: the files in /sys/class/misc/hello.
 * Which tunables there are, and what they take, is asked from the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"

struct setting {
	char *name;		/* the user's word, cut at its '=' */
	const char *value;
	char *old;		/* what to go back to */
	int error;		/* what the kernel said last */
	bool done;
};

static const char *set_hint(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "settings are for root: sudo helloctl set ...";
	case EBUSY:
		return "close and unmap the shared buffer first: sudo helloctl opens shows who uses it";
	case ENOSPC:
		return "the shared contents do not fit: helloctl reset drops them";
	case ENOMEM:
		return "max_total_size is reached or the allocator failed: see dmesg";
	default:
		return "the kernel log says why, and what would work: sudo dmesg | tail";
	}
}

static void add_attrs(struct table *table, const struct device *dev, const char *dir, mode_t mode)
{
	char **names;
	int count = attr_list(dev, dir, mode, &names);

	for (int i = 0; i < count; i++) {
		char *path = text("%s%s%s", dir, *dir ? "/" : "", names[i]);
		char *value = attr_current(dev, path);
		char *shown = value ? value_text(names[i], value) : NULL;

		table_add(table, path, shown);
		free(shown);
		free(value);
		free(path);
		free(names[i]);
	}
	free(names);
}

int cmd_status(int argc, char **argv)
{
	struct table *table;
	struct device dev;
	char *number, *version;
	int ret;

	if (device_find(&dev))
		return EXIT_FAILED;
	table = table_new("status", "name value");
	number = text("%u:%u", major(dev.number), minor(dev.number));
	version = file_read("/sys/module/hello/version");
	table_add(table, "device", dev.node);
	table_add(table, "number", number);
	if (version) {
		version[strcspn(version, "\n")] = 0;
		table_add(table, "version", version);
	}
	add_attrs(table, &dev, "", ATTR_TUNABLE);
	add_attrs(table, &dev, "stats", ATTR_NUMBER);
	ret = tables_print(&table, 1);
	table_free(table);
	free(version);
	free(number);
	device_release(&dev);
	return ret;
}

/* The names of all tunables, separated by blanks. */
static char *tunables(const struct device *dev)
{
	char *all = text("%s", ""), **names;
	int count = attr_list(dev, "", ATTR_TUNABLE, &names);

	for (int i = 0; i < count; i++) {
		append(&all, "%s%s", i ? " " : "", names[i]);
		free(names[i]);
	}
	free(names);
	return all;
}

/* Only names from the kernel's own list become paths. */
static int check_tunable(const struct device *dev, const char *name)
{
	char *all = tunables(dev), *rest = all, *known;
	int ret = 0;

	while ((known = strsep(&rest, " ")) && strcmp(known, name))
		;
	free(all);
	if (!known) {
		char *hint;

		all = tunables(dev);
		hint = text("the kernel has: %s", all);
		ret = fail(hint, "there is no tunable '%s'", name);
		free(hint);
		free(all);
	}
	return ret;
}

int cmd_get(int argc, char **argv)
{
	struct table *table;
	struct device dev;
	char *all, *rest;
	int ret = 0;

	if (device_find(&dev))
		return EXIT_FAILED;
	table = table_new("get", "name value choices");
	all = tunables(&dev);
	rest = all;
	for (int i = 0; !ret; i++) {
		char *name = argc ? argv[i] : strsep(&rest, " ");
		char *value, *choices;

		if (!name)
			break;
		ret = check_tunable(&dev, name);
		if (ret)
			break;
		value = attr_current(&dev, name);
		choices = attr_choices(&dev, name);
		if (value)
			table_add(table, name, value, choices);
		else
			ret = fail(NULL, "cannot read %s/%s: %s", dev.sysfs, name, strerror(errno));
		free(choices);
		free(value);
	}
	if (!opts.output && !opts.json)
		opts.output = "name,value";
	if (!ret)
		ret = tables_print(&table, 1);
	free(all);
	table_free(table);
	device_release(&dev);
	return ret;
}

/* Splits name=value, and remembers the old value. */
static int parse_setting(const struct device *dev, struct setting *all, int index, char *word)
{
	struct setting *setting = &all[index];
	char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return usage_error("'%s' is not name=value", word);
	*equals = 0;
	setting->name = word;
	setting->value = equals + 1;
	for (int i = 0; i < index; i++)
		if (!strcmp(all[i].name, word))
			return usage_error("%s is given twice", word);
	if (check_tunable(dev, word))
		return EXIT_FAILED;
	setting->old = attr_current(dev, word);
	if (!setting->old)
		return fail(NULL, "cannot read %s/%s: %s", dev->sysfs, word, strerror(errno));
	return 0;
}

/*
 * Whether one value is valid depends on the others: stores what the kernel
 * takes, and tries the rest again for as long as that helps. @order becomes
 * the order in which they were taken; returns how many.
 */
static int apply(const struct device *dev, struct setting *all, int count, struct setting **order)
{
	int taken = 0, before;

	do {
		before = taken;
		for (int i = 0; i < count; i++) {
			if (all[i].done)
				continue;
			all[i].error = attr_write(dev, all[i].name, all[i].value);
			all[i].done = !all[i].error;
			if (all[i].done)
				order[taken++] = &all[i];
		}
	} while (taken > before && taken < count);
	return taken;
}

/* Each step back leads to a state that the kernel has had. */
static bool roll_back(const struct device *dev, struct setting **order, int taken)
{
	bool whole = true;

	while (taken--) {
		int error = attr_write(dev, order[taken]->name, order[taken]->old);

		if (error) {
			fail(set_hint(error), "cannot go back to %s=%s: %s", order[taken]->name,
			     order[taken]->old, strerror(error));
			whole = false;
		}
	}
	return whole;
}

static int refuse(const struct device *dev, const struct setting *setting, bool whole)
{
	char *choices = attr_choices(dev, setting->name), *hint;
	int ret;

	if (setting->error == EINVAL && choices)
		hint = text("the kernel has: %s; %s", choices, set_hint(setting->error));
	else
		hint = text("%s", set_hint(setting->error));
	ret = fail(hint, "cannot set %s/%s to '%s': %s%s", dev->sysfs, setting->name,
		   setting->value, strerror(setting->error), whole ? "; nothing is changed" : "");
	free(hint);
	free(choices);
	return ret;
}

int cmd_set(int argc, char **argv)
{
	struct setting *all, **order, *undone;
	struct device dev;
	int ret = 0, taken;

	if (!argc)
		return usage_error("set needs NAME=VALUE");
	if (device_find(&dev))
		return EXIT_FAILED;
	all = checked(calloc(argc, sizeof(*all)));
	order = checked(calloc(argc, sizeof(*order)));
	for (int i = 0; i < argc && !ret; i++)
		ret = parse_setting(&dev, all, i, argv[i]);
	if (!ret) {
		taken = apply(&dev, all, argc, order);
		if (taken < argc) {
			for (undone = all; undone->done; undone++)
				;
			ret = refuse(&dev, undone, roll_back(&dev, order, taken));
		}
	}
	for (int i = 0; i < argc; i++)
		free(all[i].old);
	free(order);
	free(all);
	device_release(&dev);
	return ret;
}

int cmd_reset(int argc, char **argv)
{
	struct device dev;
	int error;

	if (argc > 1 || (argc && strcmp(argv[0], "stats")))
		return usage_error("reset takes nothing, or the word stats");
	if (argc) {
		error = debugfs_ask("reset", "1", NULL);
		return error ? debugfs_fail("reset", error) : 0;
	}
	if (device_find(&dev))
		return EXIT_FAILED;
	error = attr_write(&dev, "reset", "1");
	device_release(&dev);
	if (error)
		return fail(set_hint(error), "cannot reset the shared buffer: %s", strerror(error));
	return 0;
}
