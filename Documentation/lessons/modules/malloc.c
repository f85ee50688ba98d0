// SPDX-License-Identifier: GPL-2.0-only
/*
 * malloc: calls a function of the C library, which the kernel does not have. The
 * lesson building-a-module fails to load it.
 */
#include <linux/module.h>
#include <linux/types.h>

void *malloc(size_t size);

static void *memory;

static int __init malloc_init(void)
{
	memory = malloc(64);
	return memory ? 0 : -ENOMEM;
}
module_init(malloc_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Cannot be loaded");
