/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The execution contexts that an allocator can be called in.
 */
#ifndef HELLO_CONTEXT_H
#define HELLO_CONTEXT_H

#include <linux/compiler.h>
#include <linux/sizes.h>

#include "table.h"

/* Where a call that must not sleep runs, a large one would hold up the CPU. */
#define HELLO_ATOMIC_MAX	SZ_64K

/* With HELLO_ALLOCATORS_MAX: a recipe's cell has a byte for both. */
#define HELLO_CONTEXTS_MAX	16

extern const struct hello_table hello_context_table;

/* The number of the context that needs no detour; the default. */
#define HELLO_CONTEXT_PROCESS	0

bool hello_context_atomic(unsigned int context);
void hello_context_detour(unsigned int context, void (*fn)(void *arg),
			  void *arg);

/**
 * hello_context_run() - call a function in a context and wait for it
 * @context: number in hello_context_table
 * @fn: what to call; it must be fit for that context
 * @arg: its argument
 *
 * Nothing of the call is left anywhere when this returns, so none can outlive
 * the module. Context: process, may sleep.
 */
static inline void hello_context_run(unsigned int context,
				     void (*fn)(void *arg), void *arg)
{
	if (likely(context == HELLO_CONTEXT_PROCESS))
		fn(arg);
	else
		hello_context_detour(context, fn, arg);
}

#endif /* HELLO_CONTEXT_H */
