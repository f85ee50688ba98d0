/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parsed options, and the commands that main() calls.
 */
#ifndef HELLOCTL_H
#define HELLOCTL_H

#include <stdbool.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* An option means the same in each command. */
struct options {
	bool json;
	bool noheadings;
	bool bytes;
	bool raw;
	bool csv;
	bool verbose;
	bool destroy_contents;
	bool tap;
	const char *plot;		/* path of the picture */
	const char *cpu;		/* list of CPUs */
	const char *save;		/* path of the result */
	const char *threshold;		/* a percentage */
	const char *output;		/* list of columns; for metrics a path */
	unsigned long long offset;	/* OPTION_UNSET: not given */
	unsigned long long length;	/* OPTION_UNSET: not given */
	unsigned long long iterations;	/* OPTION_UNSET: until stopped */
	unsigned long long delay;	/* seconds */
	unsigned long long repeat;
	unsigned long long seed;	/* OPTION_UNSET: any */
	char **line;			/* the command line, NULL-terminated */
	unsigned long long depth;	/* of calls */
	int failure;			/* exit status if out of memory, or output fails */
};

#define OPTION_UNSET	(~0ULL)

extern struct options opts;

/* Parses a number as sysfs does: decimal or 0x digits, at most one suffix K, M or G. */
bool parse_size(const char *word, unsigned long long *value);

/* Returns EXIT_USAGE after printing an error if the command's help lacks a column of -o. */
int check_output(void);

/* argv[0] .. argv[argc - 1] are the words after the command, without options. */
typedef int command_fn(int argc, char **argv);
command_fn cmd_status, cmd_get, cmd_set, cmd_reset, cmd_stats, cmd_opens, cmd_top, cmd_monitor,
	cmd_write, cmd_read, cmd_roundtrip, cmd_measure, cmd_race, cmd_metrics, cmd_doctor,
	cmd_grade;
command_fn cmd_show, cmd_compare, cmd_report, cmd_explain;

#endif /* HELLOCTL_H */
