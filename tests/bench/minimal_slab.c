// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/bench/minimal_slab.c: the reference with a buffer from a slab: hardened usercopy
 * checks it as it does a kmalloc buffer of the driver.
 */
#define SLAB
#include "minimal.c"
