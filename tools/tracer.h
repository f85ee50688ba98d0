/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's function_graph tracer: takes it, records calls, restores its state.
 */
#ifndef HELLOCTL_TRACER_H
#define HELLOCTL_TRACER_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Takes the tracer, unless somebody uses it. Calls are recorded down to @depth. A child
 * restores the state in tracer_release(), or when this process ends in any other way.
 * Returns 0, or EXIT_FAILED after printing an error.
 */
int tracer_take(unsigned int depth);
/* Returns 0, or EXIT_FAILED after printing an error. */
int tracer_release(void);

/*
 * Between them, records what the kernel calls in @functions, separated by blanks.
 * Return 0, or EXIT_FAILED after printing an error.
 */
int tracer_start(const char *functions);
int tracer_stop(void);
/* Opens the record of CPU @cpu, or returns NULL if it has none. */
FILE *tracer_open(unsigned int cpu);

/*
 * An event of the record. No function: the end of the last one that has not ended.
 * @ns: its duration, or -1 where a function begins that calls others
 * @context: '.', or s, h or H in an interrupt
 */
struct tracer_event {
	int pid;
	char *comm;
	char *function;
	double ns;
	char context;
};

/* Parses a line in place. Returns false if it is no event. */
bool tracer_parse(char *line, struct tracer_event *event);

#endif /* HELLOCTL_TRACER_H */
