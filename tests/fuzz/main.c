// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/main.c: the command line of the fuzzer, its phases and its output.
 */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define PROCESSES	5	/* of a storm */
#define SHRINK_LIMIT	(60 * slowness())	/* seconds */

static const char usage[] =
	"usage: fuzz [OPTION]... [FILE...]\n"
	"       fuzz --shrink FILE [COMMAND [ARGUMENT]...]\n"
	"\n"
	"Runs random sequences of operations on /dev/hello: for half of the time one at a\n"
	"time, where each answer must be that of a model, then several at once. Prints TAP.\n"
	"With FILEs, runs these sequences beside the model instead. --shrink prints the\n"
	"shortest part of FILE that fails: beside the model, or COMMAND with the name of a\n"
	"file appended has an exit status other than 0.\n"
	"\n"
	"  --time SECONDS  how long (default: FUZZ_TIME, or 10)\n"
	"  --seed N        the first seed (default: FUZZ_SEED, or the time)\n"
	"  --ops N         operations in a sequence (default: 1000)\n"
	"  --only PHASE    model or storm\n"
	"  --print         print the sequence of the seed, and run nothing\n"
	"  --wrong         the model forgets that a gap reads as zeros\n";

static unsigned long long seed;
static int limit, nr_ops = 1000, facts, bad;

static void fact(bool ok, const char *name)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++facts, name);
	fflush(stdout);
	bad |= !ok;
}

/* If the kernel dies, its console has the seed. */
static void announce(const char *phase, unsigned long long which)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "hello-fuzz: %s, --seed %llu --ops %d", phase, which, nr_ops);

	file_write("/dev/kmsg", text, n);
}

static bool fails(const struct sequence *s)
{
	struct outcome outcome;

	return !run_sequence(s, &outcome);
}

static void print_failure(const struct sequence *s, const struct outcome *outcome)
{
	printf("# at operation %ld: %s\n", outcome->step, outcome->why);
	sequence_print(s, stdout, "# sequence: ");
}

static void explain(const struct sequence *s, const struct outcome *outcome)
{
	/* The operations after the failing one have not run. */
	int nr = outcome->step < s->nr ? outcome->step + 1 : s->nr;
	struct sequence *begin = sequence_without(s, nr, s->nr - nr), *shorter;
	struct outcome again;

	printf("# at operation %ld: %s\n", outcome->step, outcome->why);
	printf("# shrinking %d operations\n", nr);
	shorter = shrink(begin, fails, SHRINK_LIMIT);
	if (run_sequence(shorter, &again))
		again = *outcome;
	print_failure(shorter, &again);
	sequence_free(shorter);
	sequence_free(begin);
}

/* ---- the phases ---- */

static void phase_model(double end)
{
	long done = 0, sequences = 0, no_memory = 0;
	struct outcome outcome;
	bool ok = true;

	for (; ok && now() < end; sequences++, seed++) {
		struct sequence *s = sequence_random(seed, nr_ops);

		announce("model", seed);
		ok = run_sequence(s, &outcome);
		done += outcome.done;
		no_memory += outcome.refused;
		if (!ok) {
			printf("# seed %llu, after %ld operations\n", seed, done);
			explain(s, &outcome);
		}
		sequence_free(s);
	}
	printf("# model: %ld operations in %ld sequences, %ld had no memory\n", done, sequences, no_memory);
	fact(ok && done, "each answer is that of the model, and nothing is left");
}

static void phase_storm(double end)
{
	struct sequence *s[PROCESSES];
	struct outcome outcome;
	long done = 0, storms = 0;
	bool ok = true;

	for (; ok && now() < end; storms++, seed += PROCESSES) {
		for (int i = 0; i < PROCESSES; i++)
			s[i] = sequence_random(seed + i, nr_ops);
		announce("storm", seed);
		ok = run_storm(s, PROCESSES, &outcome);
		done += outcome.done;
		if (!ok)
			printf("# seed %llu, after %ld operations\n# at operation %ld: %s\n", seed, done,
			       outcome.step, outcome.why);
		for (int i = 0; i < PROCESSES; i++)
			sequence_free(s[i]);
	}
	printf("# storm: %ld operations of %d processes in %ld storms\n", done, PROCESSES, storms);
	fact(ok && done, "storms: errnos are those of the manual, other memory stays, and nothing is left");
}

static int run_files(char **files)
{
	for (; *files; files++) {
		struct sequence *s = sequence_read(*files);
		const char *name = strrchr(*files, '/');
		struct outcome outcome;

		if (!s)
			return 2;
		announce(*files, 0);
		if (!run_sequence(s, &outcome))
			print_failure(s, &outcome);
		fact(!outcome.failed, name ? name + 1 : *files);
		sequence_free(s);
	}
	return 0;
}

/* ---- shrinking by a command ---- */

static char **command;		/* with room for a file name and NULL */
static int command_length;
static const char *beside;	/* this file: a guest does not see /tmp */

static bool command_fails(const struct sequence *s)
{
	char name[PATH_MAX];
	int status;
	bool ran;
	pid_t pid;
	FILE *f;

	snprintf(name, sizeof(name), "%s.shorter", beside);
	f = fopen(name, "we");
	if (!f) {
		fprintf(stderr, "fuzz: %s: %s\n", name, strerror(errno));
		exit(2);
	}
	sequence_print(s, f, "");
	fclose(f);
	command[command_length] = name;
	ran = !posix_spawnp(&pid, command[0], NULL, NULL, command, environ) && waitpid(pid, &status, 0) == pid;
	unlink(name);
	if (!ran) {
		fprintf(stderr, "fuzz: %s cannot be run\n", command[0]);
		exit(2);
	}
	return status;
}

static int shrink_file(const char *file, char **words, int nr)
{
	struct sequence *s = sequence_read(file), *shorter;
	bool (*test)(const struct sequence *s) = nr ? command_fails : fails;

	if (!s)
		return 2;
	command = calloc(nr + 2, sizeof(*command));
	memcpy(command, words, nr * sizeof(*command));
	command_length = nr;
	beside = file;
	if (!test(s)) {
		fprintf(stderr, "fuzz: %s does not fail\n", file);
		return 1;
	}
	shorter = shrink(s, test, 24 * 3600);
	sequence_print(shorter, stdout, "");
	return 0;
}

/* ---- begin ---- */

static bool device_ready(void)
{
	struct stat st;

	if (access(HELLO_SYSFS, F_OK) && !module_load())
		return false;
	return !stat(HELLO_DEV, &st) && S_ISCHR(st.st_mode);
}

static void prepare(void)
{
	int fd, to;

	if (!device_ready()) {
		printf("Bail out! " HELLO_DEV " is no character device of a loaded module: try modprobe hello\n");
		exit(1);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	device_save();
	device_restore();
	file_write(HELLO_DEBUGFS "reset", "1", 1);
	mkdir("/sys/fs/cgroup/fuzz-a", 0755);
	mkdir("/sys/fs/cgroup/fuzz-b", 0755);
	file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory", 7);
	fd = open(HELLO_DEV, O_RDWR | O_CLOEXEC);
	to = memfd_create("fuzz", MFD_CLOEXEC);
	world.no_sendfile = sendfile(to, fd, NULL, 1) < 0 && errno == EINVAL;
	close(fd);
	close(to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "time", required_argument, NULL, 't' }, { "seed", required_argument, NULL, 's' },
		{ "ops", required_argument, NULL, 'o' }, { "only", required_argument, NULL, 'p' },
		{ "print", no_argument, NULL, 'P' }, { "wrong", no_argument, NULL, 'w' },
		{ "shrink", required_argument, NULL, 'S' }, { "help", no_argument, NULL, 'h' }, { }
	};
	const char *only = "", *to_shrink = NULL;
	bool print = false;
	double begin;
	int c;

	seed = getenv("FUZZ_SEED") ? strtoull(getenv("FUZZ_SEED"), NULL, 0) : (unsigned long long)time(NULL);
	limit = getenv("FUZZ_TIME") ? atoi(getenv("FUZZ_TIME")) : 10;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0)
		switch (c) {
		case 't':
			limit = atoi(optarg);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			nr_ops = atoi(optarg);
			break;
		case 'p':
			only = optarg;
			if (!strcmp(only, "model") || !strcmp(only, "storm"))
				break;
			fprintf(stderr, "fuzz: --only %s: a phase is model or storm\n", only);
			return 2;
		case 'P':
			print = true;
			break;
		case 'w':
			world.wrong = true;
			break;
		case 'S':
			to_shrink = optarg;
			break;
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (print) {
		sequence_print(sequence_random(seed, nr_ops), stdout, "");
		return 0;
	}
	if (to_shrink && argc > optind)
		return shrink_file(to_shrink, argv + optind, argc - optind);
	prepare();
	if (to_shrink)
		return shrink_file(to_shrink, NULL, 0);
	if (argc > optind) {
		bad |= run_files(argv + optind);
	} else {
		/* In the guest of tests/fuzz/run: udevd would handle each uevent of a setting. */
		if (getenv("FUZZ_TIME") && system("udevadm control --exit"))
			printf("# udevd goes on\n");
		printf("# --seed %llu\n", seed);
		begin = now();
		if (strcmp(only, "storm"))
			phase_model(begin + (*only ? limit : limit / 2.0));
		if (strcmp(only, "model"))
			phase_storm(begin + limit);
	}
	device_give_back();
	printf("1..%d\n", facts);
	return bad;
}
