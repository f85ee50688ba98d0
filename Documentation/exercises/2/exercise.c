// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 2: cat shall end.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

static const char greeting[] = "Hello from the kernel\n";

static ssize_t exercise_read(struct file *filp, char __user *user, size_t size,
			     loff_t *pos)
{
	if (copy_to_user(user, greeting, sizeof(greeting)))
		return -EFAULT;
	return sizeof(greeting);
}

static const struct file_operations fops = {
	.owner	= THIS_MODULE,
	.read	= exercise_read,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "exercise",
	.fops	= &fops,
	.mode	= 0600,
};
module_misc_device(device);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 2 of the course of hello");
