/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The execution contexts that an allocator can be called in.
 */
#ifndef HELLO_CONTEXT_H
#define HELLO_CONTEXT_H

#include <linux/sizes.h>

#include "table.h"

/* Where a call that must not sleep runs, a large one would hold up the CPU. */
#define HELLO_ATOMIC_MAX	SZ_64K

extern const struct hello_table hello_contexts;

/* The number of the context that needs no detour; the default. */
#define HELLO_CONTEXT_PROCESS	0

bool hello_context_atomic(unsigned int context);
void hello_context_run(unsigned int context, void (*fn)(void *arg), void *arg);

#endif /* HELLO_CONTEXT_H */
