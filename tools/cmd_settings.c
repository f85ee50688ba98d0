// SPDX-License-Identifier: GPL-2.0-only
/*
 * status, get, set, reset: read and write the files in /sys/class/misc/hello.
 * The kernel lists the tunables and their choices; this file names none.
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
	char *name;		/* the word of the command line, cut at '=' */
	const char *value;
	char *old;		/* for rollback */
	int error;		/* errno of the last write */
	char *reason;		/* the driver's reason, or NULL */
	bool done;
};

static void add_attrs(struct table *table, const char *dir)
{
	char *all = attr_list(dir), *rest = all, *path;

	while ((path = strsep(&rest, " "))) {
		char *value = attr_current(path);
		char *shown = value_text(path + strlen(dir), value);

		table_add(table, path, shown);
		free(shown);
		free(value);
	}
	free(all);
}

int cmd_status(int argc, char **argv)
{
	struct table *table = table_new("status", "name value");
	char *version = file_read("/sys/module/hello/version");
	char *number = attr_read("dev");

	table_add(table, "device", NODE);
	table_add(table, "number", number);
	if (version)
		table_add(table, "version", version);
	add_attrs(table, ATTR_TUNABLES);
	add_attrs(table, ATTR_STATS);
	free(number);
	free(version);
	return table_print(table);
}

/* Only names that the kernel lists become paths. */
static int check_tunable(const char *name)
{
	char *all = attr_list(ATTR_TUNABLES), *hint = text("the kernel has: %s", all);
	char *rest = all, *known;
	int ret = 0;

	while ((known = strsep(&rest, " ")) && strcmp(known, name))
		;
	if (!known)
		ret = fail(hint, "there is no setting '%s'", name);
	free(hint);
	free(all);
	return ret;
}

static int cannot_read(const char *name)
{
	return fail(NULL, "cannot read " SYSFS "/%s: %s", name, strerror(errno));
}

static int add_tunable(struct table *table, const char *name)
{
	char *value, *choices;

	if (check_tunable(name))
		return EXIT_FAILED;
	value = attr_current(name);
	if (!value)
		return cannot_read(name);
	choices = attr_choices(name);
	table_add(table, name, value, choices);
	free(choices);
	free(value);
	return 0;
}

int cmd_get(int argc, char **argv)
{
	struct table *table = table_new("get", "name value choices");
	char *all = attr_list(ATTR_TUNABLES), *rest = all, *name;
	int ret = 0;

	while (!ret && (name = argc ? *argv++ : strsep(&rest, " ")))
		ret = add_tunable(table, name);
	if (!opts.output && !opts.json)
		opts.output = "name,value";
	if (ret)
		table_free(table);
	else
		ret = table_print(table);
	free(all);
	return ret;
}

/* Splits name=value, and saves the old value. */
static int parse_setting(struct setting *all, int index, char *word)
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
	if (check_tunable(word))
		return EXIT_FAILED;
	setting->old = attr_current(word);
	return setting->old ? 0 : cannot_read(word);
}

/*
 * Validity of a value may depend on others: retries refused writes as long as another
 * one succeeds. Stores the successful ones in @applied in order; returns their number.
 */
static int write_settings(struct setting *all, int count, struct setting **applied)
{
	int nr_applied = 0, before;

	do {
		before = nr_applied;
		for (struct setting *setting = all; setting < all + count; setting++) {
			if (setting->done)
				continue;
			free(setting->reason);
			setting->error = attr_write_reason(setting->name, setting->value,
							   &setting->reason);
			setting->done = !setting->error;
			if (setting->done)
				applied[nr_applied++] = setting;
		}
	} while (nr_applied > before && nr_applied < count);
	return nr_applied;
}

/* In reverse order, so that each state is one that the kernel has accepted before. */
static bool roll_back(struct setting **applied, int nr_applied)
{
	bool whole = true;

	while (nr_applied--) {
		int error = attr_write(applied[nr_applied]->name, applied[nr_applied]->old);

		if (error) {
			fail(hint_for(HINT_TUNABLE, error), "cannot restore %s=%s: %s",
			     applied[nr_applied]->name, applied[nr_applied]->old, strerror(error));
			whole = false;
		}
	}
	return whole;
}

static int print_set_error(const struct setting *setting, bool whole)
{
	char *choices = setting->error == EINVAL ? attr_choices(setting->name) : NULL;
	char *hint = text("%s%s%s%s", choices ? "the kernel has: " : "", choices ? choices : "",
			  choices ? "; " : "",
			  setting->reason ? setting->reason : hint_for(HINT_TUNABLE, setting->error));

	fail(hint, "cannot set " SYSFS "/%s to '%s': %s%s", setting->name, setting->value,
	     strerror(setting->error), whole ? "; nothing is changed" : "");
	free(hint);
	free(choices);
	return EXIT_FAILED;
}

int cmd_set(int argc, char **argv)
{
	struct setting *all = checked(calloc(argc, sizeof(*all))), *undone = all;
	struct setting **applied = checked(calloc(argc, sizeof(*applied)));
	int ret = 0, nr_applied;

	for (int i = 0; i < argc && !ret; i++)
		ret = parse_setting(all, i, argv[i]);
	nr_applied = ret ? 0 : write_settings(all, argc, applied);
	if (!ret && nr_applied < argc) {
		while (undone->done)
			undone++;
		ret = print_set_error(undone, roll_back(applied, nr_applied));
	}
	for (int i = 0; i < argc; i++) {
		free(all[i].old);
		free(all[i].reason);
	}
	free(applied);
	free(all);
	return ret;
}

int cmd_reset(int argc, char **argv)
{
	int error;

	if (argc > 1 || (argc && strcmp(argv[0], "stats")))
		return usage_error("reset takes no word but stats: '%s'", argv[argc - 1]);
	error = argc ? debugfs_request("reset", "1", NULL) : attr_write("reset", "1");
	if (error && argc)
		return debugfs_fail("reset", error);
	if (error)
		return fail(hint_for(HINT_TUNABLE, error), "cannot reset the shared buffer: %s",
			    strerror(error));
	return 0;
}
