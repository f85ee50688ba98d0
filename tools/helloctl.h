/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that main() parsed, and the commands that it calls.
 * Nothing else is shared this way: device, output and terminal have headers.
 */
#ifndef HELLOCTL_H
#define HELLOCTL_H

#include <stdbool.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* One way to say everything: the same option means the same in each command. */
struct options {
	bool json;
	bool noheadings;
	bool bytes;
	bool raw;
	bool csv;
	bool verbose;
	const char *plot;		/* the file */
	const char *output;		/* columns, or the file of metrics */
	unsigned long long offset;	/* OPTION_UNSET: not given */
	unsigned long long length;	/* OPTION_UNSET: not given */
	unsigned long long iterations;	/* OPTION_UNSET: until told to stop */
	unsigned long long delay;	/* seconds; OPTION_UNSET: the command's own */
};

#define OPTION_UNSET	(~0ULL)

extern struct options opts;

/* A number as sysfs takes it: decimal or 0x digits, at most one suffix. */
bool parse_size(const char *word, unsigned long long *value);

/* argv[0] .. argv[argc - 1] are the words after the command, without options. */
int cmd_status(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_opens(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_write(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_roundtrip(int argc, char **argv);
int cmd_measure(int argc, char **argv);
int cmd_race(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif /* HELLOCTL_H */
