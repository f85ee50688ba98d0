/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection into the driver's own allocations, for kernels without
 * CONFIG_FAULT_INJECTION; its knobs are named as there.
 */
#ifndef HELLO_FAIL_H
#define HELLO_FAIL_H

#include <linux/jump_label.h>
#include <linux/types.h>

/**
 * enum hello_fail_knob - the knobs
 * @HELLO_FAIL_PROBABILITY: percent of allocations that fail
 * @HELLO_FAIL_TIMES: failures that probability has left; -1 for no limit
 * @HELLO_FAIL_NTH: the nth allocation from now fails, once; 0 is off
 * @HELLO_FAIL_KNOBS: number of knobs
 */
enum hello_fail_knob {
	HELLO_FAIL_PROBABILITY,
	HELLO_FAIL_TIMES,
	HELLO_FAIL_NTH,
	HELLO_FAIL_KNOBS,
};

/* Enabled from setting probability or nth until both are set to 0; else a NOP. */
DECLARE_STATIC_KEY_FALSE(hello_fail_armed);

bool hello_fail_strikes(void);

/* True if the caller must fail its next allocation. */
static inline bool hello_should_fail(void)
{
	return static_branch_unlikely(&hello_fail_armed) &&
	       hello_fail_strikes();
}

int hello_fail_set(enum hello_fail_knob knob, s64 value);
s64 hello_fail_get(enum hello_fail_knob knob);

#endif /* HELLO_FAIL_H */
