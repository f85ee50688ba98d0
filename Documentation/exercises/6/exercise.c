// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 6: no order of the two locks shall deadlock.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>

struct account {
	/* guards the balance */
	struct mutex lock;
	long balance;
};

static struct account accounts[2] = {
	{ __MUTEX_INITIALIZER(accounts[0].lock), 1000 },
	{ __MUTEX_INITIALIZER(accounts[1].lock), 1000 },
};

static void transfer(struct account *from, struct account *to)
{
	mutex_lock(&from->lock);
	mutex_lock(&to->lock);
	from->balance--;
	to->balance++;
	mutex_unlock(&to->lock);
	mutex_unlock(&from->lock);
}

/* A write of n bytes transfers n from the first account to the second. */
static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	size_t i;

	for (i = 0; i < min_t(size_t, size, 1000); i++)
		transfer(&accounts[0], &accounts[1]);
	return size;
}

/* A read of n bytes transfers n back. */
static ssize_t exercise_read(struct file *filp, char __user *user, size_t size,
			     loff_t *pos)
{
	size_t i;

	for (i = 0; i < min_t(size_t, size, 1000); i++)
		transfer(&accounts[1], &accounts[0]);
	return 0;
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
MODULE_DESCRIPTION("Exercise 6 of the course of hello");
