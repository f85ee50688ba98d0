// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 4: a write shall stay within its 32 bytes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#define CAPACITY	32

/* A write must not reach the neighbour. */
static struct {
	char bytes[CAPACITY];
	char neighbour[CAPACITY];
} memory = { .neighbour = "untouched" };

static char *bytes = memory.bytes;
module_param_string(neighbour, memory.neighbour, CAPACITY, 0444);
static size_t length;

static ssize_t exercise_read(struct file *filp, char __user *user, size_t size,
			     loff_t *pos)
{
	return simple_read_from_buffer(user, size, pos, bytes,
				       min_t(size_t, length, CAPACITY));
}

static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	/* Only so that the exercise does not crash: there are 64 bytes in all. */
	size = min(size, sizeof(memory));
	if (copy_from_user(READ_ONCE(bytes), user, size))
		pr_info("this is wrong\n");
	length = size;
	return size;
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
MODULE_DESCRIPTION("Exercise 4 of the course of hello");
