// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 8: the timer and the writer share a history.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static DEFINE_SPINLOCK(lock);
static unsigned long ticks;
static unsigned long *history;
module_param(ticks, ulong, 0444);

/* A timer runs in softirq, on top of what it interrupts. */
static void tick(struct timer_list *timer)
{
	spin_lock(&lock);
	ticks++;
	if (history)
		*history = ticks;
	spin_unlock(&lock);
	mod_timer(timer, jiffies + 1);
}

static DEFINE_TIMER(timer, tick);

/* A write begins a new history. */
static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	spin_lock(&lock);
	kfree(history);
	history = kzalloc(sizeof(*history), GFP_KERNEL);
	spin_unlock(&lock);
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

static int __init exercise_init(void)
{
	int err = misc_register(&device);

	if (!err)
		mod_timer(&timer, jiffies + 1);
	return err;
}

static void __exit exercise_exit(void)
{
	misc_deregister(&device);
	del_timer_sync(&timer);
	kfree(history);
}

module_init(exercise_init);
module_exit(exercise_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 8 of the course of hello");
