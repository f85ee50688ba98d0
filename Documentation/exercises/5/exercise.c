// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 5: no update shall be lost.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

static unsigned int counter;
module_param(counter, uint, 0444);

/* Each write is an update that takes a millisecond, and sleeps. */
static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	unsigned int seen;

	seen = READ_ONCE(counter);
	msleep(1);
	WRITE_ONCE(counter, seen + 1);
	return size;
}

static const struct file_operations fops = {
	.owner	= THIS_MODULE,
	.write	= exercise_write,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "exercise",
	.fops	= &fops,
	.mode	= 0600,
};
module_misc_device(device);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 5 of the course of hello");
