// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 1: each open shall have a buffer of its own.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define CAPACITY	4096

struct buffer {
	size_t length;
	char bytes[CAPACITY];
};

static struct buffer shared;

static int exercise_open(struct inode *inode, struct file *filp)
{
	filp->private_data = &shared;
	return 0;
}

static int exercise_release(struct inode *inode, struct file *filp)
{
	return 0;
}

static ssize_t exercise_read(struct file *filp, char __user *user, size_t size,
			     loff_t *pos)
{
	struct buffer *buffer = filp->private_data;

	return simple_read_from_buffer(user, size, pos, buffer->bytes,
				       buffer->length);
}

static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	struct buffer *buffer = filp->private_data;
	ssize_t n;

	if (*pos >= CAPACITY)
		return -ENOSPC;
	n = simple_write_to_buffer(buffer->bytes, CAPACITY, pos, user, size);
	if (n > 0)
		buffer->length = max_t(size_t, buffer->length, *pos);
	return n;
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= exercise_open,
	.release	= exercise_release,
	.read		= exercise_read,
	.write		= exercise_write,
	.llseek		= default_llseek,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "exercise",
	.fops	= &fops,
	.mode	= 0600,
};
module_misc_device(device);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 1 of the course of hello");
