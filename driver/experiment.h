/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Experiments: measuring allocators and locks on the user's own kernel.
 */
#ifndef HELLO_EXPERIMENT_H
#define HELLO_EXPERIMENT_H

struct seq_buf;

int hello_experiment_run(char *text, struct seq_buf *answer);

#endif /* HELLO_EXPERIMENT_H */
