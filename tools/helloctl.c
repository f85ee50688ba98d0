// SPDX-License-Identifier: GPL-2.0-only
/*
 * helloctl: shows and configures /dev/hello, and moves data through it.
 * Has main() and the tables of commands and options. A new command is a row of commands[].
 */
#include "helloctl.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "output.h"
#include "statistics.h"

struct command {
	const char *name;
	command_fn *fn;
	bool needs_device;
	const char *args;	/* "" if it takes no words */
	const char *options;	/* keys of options[] */
	const char *help;
	const char *columns;	/* of -o, or NULL; a newer kernel may have more */
	const char *words;	/* keywords for help and completion, or NULL */
};

#define OPENS_COLUMNS \
	"id pid comm mode capacity length reads writes bytes_read bytes_written mappings recipe"
#define TIMES(what) \
	what "_n " what "_min_ns " what "_mean_ns " what "_p50_ns " what "_p90_ns " \
	what "_p99_ns " what "_p99.9_ns " what "_max_ns"
#define BOUNDS(what)	what "_p50_low_ns " what "_p50_high_ns"

static const struct command commands[] = {
	{ "status", cmd_status, true, "", "Jonbr", "show the device, its settings and its totals",
	  "name value", NULL },
	{ "get", cmd_get, true, "[NAME...]", "Jonr", "print settings",
	  "name value choices (without -o: name value)", NULL },
	{ "set", cmd_set, true, "NAME=VALUE...", "J", "change settings, all of them or none",
	  NULL, NULL },
	{ "reset", cmd_reset, true, "[stats]", "J",
	  "empty the shared buffer, or zero the statistics",
	  NULL, NULL },
	{ "stats", cmd_stats, true, "", "Jonbr", "show counters of allocators and contexts (root)",
	  "allocator context allocations frees failures live_buffers live_bytes peak_bytes "
	  "asked_bytes usable_bytes min_ns mean_ns max_ns", NULL },
	{ "opens", cmd_opens, true, "", "Jonbr", "list the open files of the device (root)",
	  OPENS_COLUMNS, NULL },
	{ "top", cmd_top, true, "", "idob", "list the open files, refreshed (root); q quits",
	  OPENS_COLUMNS, NULL },
	{ "monitor", cmd_monitor, false, "", "J", "print changes as they happen",
	  NULL, NULL },
	{ "write", cmd_write, false, "[TEXT...]", "s", "write the words, or standard input",
	  NULL, NULL },
	{ "read", cmd_read, false, "", "sl", "print the contents",
	  NULL, NULL },
	{ "roundtrip", cmd_roundtrip, false, "[TEXT...]", "Jl",
	  "write, seek to 0 and read in one open",
	  NULL, NULL },
	{ "measure", cmd_measure, true, "[NAME=VALUE,...]...", "JonbrcvpRSfu",
	  "measure allocations of each combination (root)",
	  "experiment alloc_mode buffer_size gfp_flags alloc_context numa_node init_mode pattern "
	  "threads batch count failures free touch elapsed_ns clock clock_overhead_ns "
	  "clock_resolution_ns alloc_overhead_ns free_overhead_ns touch_overhead_ns "
	  TIMES("alloc") " " TIMES("free") " " TIMES("touch") " cpus repeats cut "
	  BOUNDS("alloc") " " BOUNDS("free") " " BOUNDS("touch") " (without -o: the words with "
	  "several values, and failures alloc_p50_ns alloc_p50_low_ns alloc_p50_high_ns "
	  "alloc_p99_ns free_p50_ns)",
	  "alloc_mode= buffer_size= gfp_flags= alloc_context= numa_node= init_mode= threads= "
	  "count= cpus= pattern=pair,batch,remote,bulk batch= free=fifo,lifo,random "
	  "touch=none,write,read,random" },
	{ "race", cmd_race, true, "[NAME=VALUE,...]...", "JonbrcvpRSfu",
	  "measure lost updates and lock costs (root)",
	  "experiment lock_mode threads delay reads writes failures expected observed lost torn "
	  "retries elapsed_ns ns_per_operation clock clock_overhead_ns clock_resolution_ns "
	  "wait_overhead_ns hold_overhead_ns read_overhead_ns write_overhead_ns " TIMES("wait") " "
	  TIMES("hold") " " TIMES("read") " " TIMES("write") " cpus repeats cut ns_per_operation_low "
	  "ns_per_operation_high " BOUNDS("wait") " " BOUNDS("hold") " " BOUNDS("read") " "
	  BOUNDS("write") " (without -o: the words with several values, and expected observed lost "
	  "torn ns_per_operation ns_per_operation_low ns_per_operation_high read_p50_ns "
	  "write_p50_ns wait_max_ns hold_mean_ns)",
	  "lock_mode=none reads= threads= count= cpus= delay=none,udelay:,mdelay:,msleep:" },
	{ "show", cmd_show, false, "FILE", "Jonbrcvp", "print a saved result",
	  "(those of measure and race)", NULL },
	{ "compare", cmd_compare, false, "FILE FILE...", "Jonbrc%",
	  "print what differs from the first saved result",
	  "file figure old new ratio ratio_low ratio_high change (and the words of the results)",
	  NULL },
	{ "report", cmd_report, false, "FILE...", "JO", "write saved results as one page of HTML",
	  NULL, NULL },
	{ "explain", cmd_explain, true, "NAME=VALUE,...", "Jnre",
	  "show what an allocation and a free call (root)", NULL,
	  "alloc_mode= buffer_size= gfp_flags= alloc_context= numa_node= init_mode=" },
	{ "metrics", cmd_metrics, true, "", "O", "print the totals for Prometheus",
	  NULL, NULL },
	{ "doctor", cmd_doctor, false, "", "Jonr", "find problems, and print remedies",
	  "check state finding remedy", NULL },
	{ "grade", cmd_grade, false, "NODE", "DtJonr", "check the driver of any character device",
	  "fact result finding sentence harm lesson (without -o: fact result finding)", NULL },
};

struct options opts = {
	.offset = OPTION_UNSET,
	.length = OPTION_UNSET,
	.iterations = OPTION_UNSET,
	.delay = 2,
	.threshold = "5%",
	.repeat = 6,
	.seed = OPTION_UNSET,
	.depth = 6,
	.failure = EXIT_FAILED,
};
static bool help;
static const struct command *running;

struct option_desc {
	char key;		/* in commands[].options; two options may share a letter */
	int letter;
	const char *name;
	const char *arg;
	const char *help;
	/* one of these receives the value */
	bool *flag;
	const char **string;
	unsigned long long *number;
	unsigned long long min;
	unsigned long long max;
};

static const struct option_desc options[] = {
	{ 'J', 'J', "json", NULL, "print JSON, also for errors", .flag = &opts.json },
	{ 'o', 'o', "output", "COLUMN,...", "print these columns only", .string = &opts.output },
	{ 'O', 'o', "output", "FILE", "replace FILE atomically instead of printing",
	  .string = &opts.output },
	{ 'n', 'n', "noheadings", NULL, "print no column names", .flag = &opts.noheadings },
	{ 'b', 'b', "bytes", NULL, "print sizes in bytes", .flag = &opts.bytes },
	{ 'r', 'r', "raw", NULL, "separate columns by one blank, print blanks as \\x20",
	  .flag = &opts.raw },
	{ 'c', 'c', "csv", NULL, "print all columns, separated by commas", .flag = &opts.csv },
	{ 'v', 'v', "verbose", NULL, "print why the driver refused a combination", .flag = &opts.verbose },
	{ 'p', 'p', "plot", "FILE", "also draw to FILE.svg or FILE.png", .string = &opts.plot },
	{ 'R', 'R', "repeat", "NUMBER", "repeat each combination (default 6)",
	  .number = &opts.repeat, .min = 1, .max = STATISTICS_MAX },
	{ 'S', 'S', "seed", "NUMBER", "replay the order of a run with this seed",
	  .number = &opts.seed, .max = UINT_MAX },
	{ 'u', 'u', "cpu", "LIST", "bind the threads to these CPUs, such as 0,2-3",
	  .string = &opts.cpu },
	{ 'f', 'f', "save", "FILE", "also write the result to FILE, as JSON", .string = &opts.save },
	{ '%', 't', "threshold", "PERCENT", "fail if a figure is dearer by more (default 5%)",
	  .string = &opts.threshold },
	{ 'i', 'n', "iterations", "NUMBER", "print NUMBER times, then exit",
	  .number = &opts.iterations, .min = 1, .max = OPTION_UNSET - 1 },
	{ 'd', 'd', "delay", "SECONDS", "wait SECONDS between updates (default 2)",
	  .number = &opts.delay, .min = 1, .max = 3600 },
	{ 'e', 'd', "depth", "NUMBER", "show calls NUMBER deep (default 6)",
	  .number = &opts.depth, .min = 1, .max = 50 },
	{ 's', 's', "offset", "SIZE", "start at SIZE; write keeps the other bytes",
	  .number = &opts.offset, .max = OPTION_UNSET - 1 },
	{ 'l', 'l', "length", "SIZE", "read at most SIZE bytes",
	  .number = &opts.length, .max = OPTION_UNSET - 1 },
	{ 'D', 'D', "destroy-contents", NULL, "also check the facts that write",
	  .flag = &opts.destroy_contents },
	{ 't', 't', "tap", NULL, "print a line for each fact as it is checked (TAP)",
	  .flag = &opts.tap },
	{ 'h', 'h', "help", NULL, "print this help", .flag = &help },
};

static int max(int a, int b)
{
	return a > b ? a : b;
}

static int print_help(void)
{
	int words = 0, args = 0;

	puts("Usage: helloctl COMMAND [OPTION...] [WORD...]\n"
	     "Shows and configures /dev/hello, a laboratory for kernel memory.\n\n"
	     "Commands:");
	for (size_t i = 0; i < COUNT(commands); i++) {
		words = max(words, strlen(commands[i].name));
		args = max(args, strlen(commands[i].args));
	}
	for (size_t i = 0; i < COUNT(commands); i++)
		printf("  %-*s %-*s %s\n", words, commands[i].name, args, commands[i].args,
		       commands[i].help);
	puts("\nhelloctl COMMAND --help lists its options; helloctl -V prints the version.\n"
	     "See also helloctl(8), hello(4).");
	return 0;
}

static bool has_option(const struct command *command, const struct option_desc *option)
{
	return option->key == 'h' || strchr(command->options, option->key);
}

/* Prints @label and @words, wrapped at 80 columns. */
static void print_words(const char *label, const char *words)
{
	int indent = strlen(label), column = 80;

	for (const char *word = words; word && *word; word += strspn(word, " ")) {
		int length = strcspn(word, " ");

		if (column + 1 + length > 80) {
			printf("\n%-*s", indent, word == words ? label : "");
			column = indent;
		}
		printf(" %.*s", length, word);
		column += 1 + length;
		word += length;
	}
	if (words)
		putchar('\n');
}

static int print_command_help(const struct command *command)
{
	printf("Usage: helloctl %s [OPTION...]%s%s\n%s\n\n", command->name,
	       *command->args ? " " : "", command->args, command->help);
	for (size_t i = 0; i < COUNT(options); i++) {
		const struct option_desc *o = &options[i];

		if (has_option(command, o))
			printf("  -%c, --%s %-*s %s\n", o->letter, o->name,
			       17 - (int)strlen(o->name), o->arg ? o->arg : "", o->help);
	}
	print_words("Words:", command->words);
	print_words("Columns:", command->columns);
	return 0;
}

int check_output(void)
{
	char *known = text(" %.*s ", (int)strcspn(running->columns, "("), running->columns);
	char *list = text("%s", opts.output ? opts.output : ""), *rest = list, *name;
	int ret = 0;

	while (opts.output && !ret && (name = strsep(&rest, ","))) {
		char *word = text(" %s ", name);

		if (!*name || strchr(name, ' ') || !strcasestr(known, word))
			ret = usage_error("no column '%s'; there are%s", name, known);
		free(word);
	}
	free(list);
	free(known);
	return ret;
}

bool parse_size(const char *word, unsigned long long *value)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	/* no octal numbers, as in the driver */
	*value = strtoull(word, &end, word[1] == 'x' || word[1] == 'X' ? 16 : 10);
	if (*end && (unit = strchr(units, *end))) {
		unsigned int shift = 10 * (unit - units + 1);

		if (*value > (~0ULL >> shift))
			return false;
		*value <<= shift;
		end++;
	}
	/* limit: the largest loff_t */
	return !*end && !errno && *value <= ~0ULL >> 1;
}

static bool parse_option(const struct option_desc *option, const char *arg)
{
	if (option->flag)
		*option->flag = true;
	if (option->string)
		*option->string = arg;
	return !option->number || (parse_size(arg, option->number) &&
				   *option->number >= option->min &&
				   *option->number <= option->max);
}

/* getopt_long() reports a bad letter in optopt, but a bad long option only by position. */
static char *option_error(const struct command *command, int problem, const char *word)
{
	for (const struct option_desc *o = options; o < options + COUNT(options); o++)
		if (has_option(command, o) && o->letter == optopt)
			return text("--%s %s", o->name, problem == ':' ? "needs a value" : "takes no value");
	return optopt ? text("%s does not know the option -%c", command->name, optopt) :
			text("%s does not know the option %s", command->name, word);
}

/* Returns 0 with optind at the first word, or the exit status. */
static int parse_options(const struct command *command, int argc, char **argv)
{
	struct option longs[COUNT(options) + 1] = { 0 };
	char shorts[2 * COUNT(options) + 2] = ":", *bad = NULL;
	int count = 0, end = 1, letter, ret;

	for (size_t i = 0; i < COUNT(options); i++) {
		if (!has_option(command, &options[i]))
			continue;
		longs[count].name = options[i].name;
		longs[count].has_arg = options[i].arg ? required_argument : no_argument;
		longs[count++].val = options[i].letter;
		shorts[end++] = options[i].letter;
		if (options[i].arg)
			shorts[end++] = ':';
	}
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_desc *o = options;

		while (o < options + COUNT(options) && !(has_option(command, o) && o->letter == letter))
			o++;
		if (o == options + COUNT(options))
			bad = bad ? bad : option_error(command, letter, argv[optind - 1]);
		else if (!parse_option(o, optarg))
			bad = bad ? bad : text("--%s: invalid value '%s'", o->name, optarg);
	}
	if (!bad && optind < argc && !*command->args)
		bad = text("%s takes no words: '%s'", command->name, argv[optind]);
	if (!bad && optind == argc && isupper((unsigned char)*command->args) && !help)
		bad = text("%s needs %s", command->name, command->args);
	/* report the error last: --json may come after the bad option */
	ret = bad ? usage_error("%s", bad) : 0;
	free(bad);
	return ret;
}

static int run(int argc, char **argv)
{
	int ret;

	if (argc < 2)
		return usage_error("no command given");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("helloctl " VERSION);
		return 0;
	}
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		ret = parse_options(&commands[i], argc - 1, argv + 1);
		if (ret)
			return ret;
		if (help)
			return print_command_help(&commands[i]);
		if (commands[i].needs_device && !device_exists(NULL))
			return fail("sudo modprobe hello; helloctl doctor finds what is missing",
				    "there is no device hello: the module is not loaded");
		running = &commands[i];
		return commands[i].fn(argc - 1 - optind, argv + 1 + optind);
	}
	return usage_error("there is no command '%s'", argv[1]);
}

/*
 * Fills closed standard descriptors, or the device would get their number and error
 * texts would be written to it. The wrong access mode keeps EBADF for their users.
 */
static bool open_std_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && !close(fd);
}

int main(int argc, char **argv)
{
	int ret;

	opts.line = argv;
	/* If the caller ignores it, waitpid() finds no child. */
	signal(SIGCHLD, SIG_DFL);
	ret = open_std_fds() ? run(argc, argv) : EXIT_FAILED;

	/* catches a full disk or a closed pipe */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "helloctl: cannot write the output: %s\n", strerror(errno));
		return ret == EXIT_USAGE ? ret : opts.failure;
	}
	return ret;
}
