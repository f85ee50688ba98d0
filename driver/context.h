/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contexts that an allocator can be called in.
 */
#ifndef HELLO_CONTEXT_H
#define HELLO_CONTEXT_H

#include <linux/compiler.h>
#include <linux/sizes.h>

#include "table.h"

/* The largest allocation where the caller cannot sleep: it holds up the CPU. */
#define HELLO_ATOMIC_MAX	SZ_64K

/* With HELLO_ALLOCATORS_MAX: a recipe's cell has a byte for both. */
#define HELLO_CONTEXTS_MAX	16

extern const struct hello_table hello_context_table;

/* The number of process context; the default. */
#define HELLO_CONTEXT_PROCESS	0

bool hello_context_atomic(unsigned int context);
void hello_context_detour(unsigned int context, void (*fn)(void *arg),
			  void *arg);

/**
 * hello_context_run() - call a function in a context and wait for it
 * @context: number in hello_context_table
 * @fn: the function; it must not sleep in softirq and hardirq
 * @arg: its argument
 *
 * When this returns, no queue or interrupt refers to the call any more: the
 * module may be unloaded. Context: process, may sleep.
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
