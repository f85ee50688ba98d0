// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kmod/race.c: a data race at load, for tests/kernels/kcsan.t.
 */
#include <linux/module.h>
#include <linux/smp.h>

static unsigned long count;

static void race_increment(void *unused)
{
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		count++;
		barrier();
	}
}

static int __init race_init(void)
{
	on_each_cpu(race_increment, NULL, 1);
	return 0;
}
module_init(race_init);

static void __exit race_exit(void)
{
}
module_exit(race_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Has a data race");
