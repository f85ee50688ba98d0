// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 11: a device that counts the bytes that are written to it.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static unsigned long total;

static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	total += size;
	return size;
}

/* Prints the number of bytes. */
static ssize_t exercise_read(struct file *filp, char __user *user,
			     size_t size, loff_t *pos)
{
	char text[32];
	int n = scnprintf(text, sizeof(text), "%lu\n", total);

	return simple_read_from_buffer(user, size, pos, text, n);
}

static const struct file_operations fops = {
	.owner	= THIS_MODULE,
	.read	= exercise_read,
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
MODULE_DESCRIPTION("Exercise 11 of the course of hello");
