// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 3: no path shall lose memory.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct pair {
	void *first;
	void *second;
};

static unsigned long second_size = 256 * 1024;
module_param(second_size, ulong, 0644);
MODULE_PARM_DESC(second_size, "Bytes of the second buffer; too many make open() fail");

static int exercise_open(struct inode *inode, struct file *filp)
{
	struct pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);

	if (!pair)
		return -ENOMEM;
	pair->first = vmalloc(128 * 1024);
	pair->second = __vmalloc(second_size, GFP_KERNEL | __GFP_NOWARN);
	if (!pair->first || !pair->second)
		return -ENOMEM;
	filp->private_data = pair;
	return 0;
}

static int exercise_release(struct inode *inode, struct file *filp)
{
	struct pair *pair = filp->private_data;

	vfree(pair->first);
	return 0;
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= exercise_open,
	.release	= exercise_release,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "exercise",
	.fops	= &fops,
	.mode	= 0600,
};
module_misc_device(device);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 3 of the course of hello");
