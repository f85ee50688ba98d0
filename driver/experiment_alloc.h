/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The experiment that times an allocator.
 */
#ifndef HELLO_EXPERIMENT_ALLOC_H
#define HELLO_EXPERIMENT_ALLOC_H

struct hello_experiment_type;

extern const struct hello_experiment_type hello_experiment_alloc;

#endif /* HELLO_EXPERIMENT_ALLOC_H */
