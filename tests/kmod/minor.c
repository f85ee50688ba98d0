// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kmod/minor.c: a driver that takes the static minor of /dev/hello, for
 * tests/guest/minor.t.
 */
#include <linux/fs.h>
#include <linux/hello.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static const struct file_operations fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice taken = {
	.minor = HELLO_MINOR,
	.name = "taken",
	.fops = &fops,
};
module_misc_device(taken);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Takes the minor of /dev/hello");
