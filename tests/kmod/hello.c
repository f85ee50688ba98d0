// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kmod/hello.c: another project's module called hello, as in many tutorials,
 * for tests/guest/doctor.t.
 */
#include <linux/module.h>

static int __init other_init(void)
{
	return 0;
}
module_init(other_init);

static void __exit other_exit(void)
{
}
module_exit(other_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A hello world");
