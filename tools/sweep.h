/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs an experiment for each combination of parameters, several times.
 */
#ifndef HELLOCTL_SWEEP_H
#define HELLOCTL_SWEEP_H

struct result;

/*
 * Runs the driver's experiment @kind for all combinations of the words NAME=VALUE,... of
 * @argv, and of those of @defaults that @argv omits. @rows is the table of the result that
 * gets a row for each. Returns 0, or an exit status after printing an error.
 */
int sweep_run(struct result *result, int rows, const char *kind, char **argv,
	      const char *const *defaults);

#endif /* HELLOCTL_SWEEP_H */
