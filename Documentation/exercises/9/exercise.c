// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 9: a misc device /dev/exercise, from nothing.
 */
#include <linux/module.h>

static int __init exercise_init(void)
{
	return 0;
}

static void __exit exercise_exit(void)
{
}

module_init(exercise_init);
module_exit(exercise_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 9 of the course of hello");
