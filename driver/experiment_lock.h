/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The experiment that lets threads contend for a lock.
 */
#ifndef HELLO_EXPERIMENT_LOCK_H
#define HELLO_EXPERIMENT_LOCK_H

struct hello_experiment_type;

extern const struct hello_experiment_type hello_experiment_lock;

#endif /* HELLO_EXPERIMENT_LOCK_H */
