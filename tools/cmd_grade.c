// SPDX-License-Identifier: GPL-2.0-only
/*
 * grade: checks the facts that hold for any character device with a buffer, on any node.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "grade_run.h"
#include "helloctl.h"
#include "output.h"
#include "terminal.h"

static const struct fact *const tables[] = {
	grade_kind_facts, grade_read_facts, grade_seek_facts, grade_write_facts,
	grade_memory_facts, grade_wait_facts, grade_share_facts, grade_compat_facts,
	grade_limit_facts, grade_map_facts, grade_last_facts,
};

#define FOR_EACH_FACT(fact)							\
	for (size_t t_ = 0; t_ < COUNT(tables); t_++)				\
		for (const struct fact *fact = tables[t_]; fact->name; fact++)

static const char *const verdicts[] = { "ok", "not ok", "does not apply" };

/* Devices that a grade would make do something. */
static const struct {
	unsigned int major, minor;
	bool only_writes;
	const char *reason;
	const char *subsystem;	/* all devices of it, whatever their number */
} dangerous[] = {
	{ 1, 1, true, "a write to it changes the memory of the kernel", NULL },
	{ 1, 4, false, "a read of it is an access to the ports of devices", NULL },
	{ 10, 130, false, "an open of it starts the watchdog, which restarts the machine", "watchdog" },
};

static bool is_of_subsystem(dev_t number, const char *name)
{
	char *path = text("/sys/dev/char/%u:%u/subsystem", major(number), minor(number));
	char subsystem[4096];
	ssize_t n = readlink(path, subsystem, sizeof(subsystem) - 1);

	free(path);
	subsystem[n < 0 ? 0 : n] = 0;
	return !strcmp(basename(subsystem), name);
}

/* Returns 0 or EXIT_USAGE after printing why the node cannot be graded. */
static int check_node(const char *path, const struct stat *st)
{
	const char *hint = "grade takes the node of a character device, such as /dev/hello";

	if (S_ISBLK(st->st_mode))
		fail(hint, "%s is a block device: facts that write would destroy a disk", path);
	else if (!S_ISCHR(st->st_mode))
		fail(hint, "%s is %s", path, S_ISREG(st->st_mode) ? "a regular file" :
		     S_ISDIR(st->st_mode) ? "a directory" : S_ISFIFO(st->st_mode) ? "a pipe" :
		     "no device");
	else
		hint = NULL;
	if (hint)
		return EXIT_USAGE;
	for (size_t i = 0; i < COUNT(dangerous); i++)
		if ((st->st_rdev == makedev(dangerous[i].major, dangerous[i].minor) ||
		     (dangerous[i].subsystem && is_of_subsystem(st->st_rdev, dangerous[i].subsystem))) &&
		    (opts.destroy_contents || !dangerous[i].only_writes)) {
			fail(dangerous[i].only_writes ? "leave --destroy-contents out" : NULL,
			     "%s cannot be graded: %s", path, dangerous[i].reason);
			return EXIT_USAGE;
		}
	return 0;
}

static void print_tap(size_t number, const struct fact *fact, enum verdict verdict)
{
	char *finding = printable(grade->finding, FOR_TERMINAL);

	printf("%s %zu - %s: %s%s%s\n", verdict == NOT_OK ? "not ok" : "ok", number, fact->name,
	       fact->sentence, verdict == DOES_NOT_APPLY ? " # SKIP " : "",
	       verdict == DOES_NOT_APPLY ? finding : "");
	if (verdict == NOT_OK)
		printf("#   found:  %s\n#   harm:   %s\n#   lesson: Documentation/lessons/%s.rst\n",
		       finding, fact->harm, fact->lesson);
	/* a machine that panics has printed all facts until then */
	fflush(stdout);
	free(finding);
}

static void add_row(struct table *table, const struct fact *fact, enum verdict verdict)
{
	char *lesson = text("Documentation/lessons/%s.rst", fact->lesson);

	table_add(table, fact->name, verdicts[verdict], verdict == OK ? NULL : grade->finding,
		  fact->sentence, fact->harm, lesson);
	free(lesson);
}

static void print_failures(const struct table *all)
{
	for (size_t i = 0; i < table_rows(all); i++) {
		char *finding;

		if (strcmp(table_cell(all, i, "result"), verdicts[NOT_OK]))
			continue;
		finding = printable(table_cell(all, i, "finding"), FOR_TERMINAL);
		printf("\n%s: %s\n  found:  %s\n  harm:   %s\n  lesson: %s\n",
		       table_cell(all, i, "fact"), table_cell(all, i, "sentence"), finding,
		       table_cell(all, i, "harm"), table_cell(all, i, "lesson"));
		free(finding);
	}
}

/* Returns what the first facts found out about the device. The caller frees it. */
static char *device_kind(void)
{
	const bool *has = grade->has;
	char *kind;

	if (has[STORES])
		kind = text("%s", grade->consumes ? "a stream, whose reads remove the bytes" :
			    has[PRIVATE] ? "a buffer for each open" :
			    has[SHARED] ? "one buffer for all opens" : "a buffer");
	else if (grade->endless)
		kind = text("%s", has[WRITES] ? "a source without an end, which ignores writes" :
						"a source without an end");
	else if (has[ENDS])
		kind = text("%llu bytes of contents%s", grade->length,
			    has[WRITES] ? ", and writes are not stored" : "");
	else if (grade->read_error)
		kind = text("contents that end with %s", strerrorname_np(grade->read_error));
	else
		kind = text("%s", grade->read_waits ? "a stream, whose reads wait" : "neither a buffer nor a source");
	if (has[CAPACITY])
		append(&kind, ", %llu bytes", grade->capacity);
	if (has[MAPS])
		append(&kind, ", which can be mapped");
	return kind;
}

/* Why nothing can be graded, or NULL */
static const char *open_hint(int error)
{
	return error == EACCES || error == EPERM ? "run it as root: sudo helloctl grade NODE" :
	       error == ENXIO || error == ENODEV ? "load the module of the device" : NULL;
}

/* Checks all facts, and adds a row for each to @all; prints TAP at once. */
static int check_facts(struct table *all, size_t counts[3])
{
	size_t total = 0, done = 0;

	FOR_EACH_FACT(fact)
		total++;
	FOR_EACH_FACT(fact) {
		enum verdict verdict;

		if (!opts.tap)
			progress(done, total, fact->name);
		verdict = grade_run(fact);
		if (!done && grade->read_flags < 0 && grade->write_flags < 0 && grade->open_error) {
			progress_end();
			fail(open_hint(grade->open_error), "cannot open %s: %s", grade->path,
			     strerror(grade->open_error));
			return EXIT_USAGE;
		}
		if (verdict == CANNOT_RUN) {
			progress_end();
			fail("is there a limit of processes, or of memory?",
			     "cannot check %s in a process: grade ends here", fact->name);
			return EXIT_USAGE;
		}
		if (opts.tap && !done)
			printf("1..%zu\n", total);
		done++;
		if (opts.tap)
			print_tap(done, fact, verdict);
		add_row(all, fact, verdict);
		counts[verdict]++;
	}
	progress_end();
	return counts[NOT_OK] ? EXIT_FAILED : 0;
}

/* Returns EXIT_USAGE if a column is unknown. */
static int print_results(struct table *all, const char *kind)
{
	char *capacity = grade->has[CAPACITY] ? text("%llu", grade->capacity) : NULL;
	struct table *tables[] = { table_new("device", "node kind capacity"), all };
	int ret;

	table_add(tables[0], grade->path, kind, capacity);
	ret = tables_print(opts.json ? tables : &all, opts.json ? 2 : 1);
	table_free(tables[0]);
	free(capacity);
	return ret;
}

static void print_summary(const struct table *all, const char *kind, const size_t counts[3])
{
	struct table *shown = table_new("grade", "fact result finding");

	for (size_t i = 0; i < table_rows(all); i++)
		table_add(shown, table_cell(all, i, "fact"), table_cell(all, i, "result"),
			  table_cell(all, i, "finding"));
	table_print(shown);
	print_failures(all);
	printf("\nthe device: %s\n%zu ok, %zu not ok, %zu do not apply\n", kind, counts[OK],
	       counts[NOT_OK], counts[DOES_NOT_APPLY]);
}

int cmd_grade(int argc, char **argv)
{
	size_t counts[3] = { 0 };
	struct table *all;
	struct stat st;
	char *kind;
	int ret, bad;

	/* EXIT_FAILED says that a fact is not ok */
	opts.failure = EXIT_USAGE;
	if (argc > 1)
		return usage_error("grade takes one node: '%s'", argv[1]);
	if (opts.tap && (opts.json || opts.output))
		return usage_error("--tap prints no table: leave --json and --output out");
	if (stat(argv[0], &st)) {
		fail(errno == ENOENT ? "load the module, or make the node with mknod" : NULL,
		     "cannot grade %s: %s", argv[0], strerror(errno));
		return EXIT_USAGE;
	}
	ret = check_node(argv[0], &st);
	if (ret)
		return ret;
	if (!grade_start(argv[0], opts.destroy_contents))
		return EXIT_USAGE;

	all = table_new("grade", "fact result finding sentence harm lesson");
	ret = check_facts(all, counts);
	if (ret != EXIT_USAGE) {
		kind = device_kind();
		if (opts.tap) {
			printf("# the device: %s\n", kind);
		} else if (opts.json || opts.output) {
			bad = print_results(all, kind);
			ret = bad ? bad : ret;
		} else {
			print_summary(all, kind, counts);
		}
		free(kind);
	}
	table_free(all);
	return ret;
}
