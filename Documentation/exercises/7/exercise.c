// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercise 7: nobody shall use freed memory.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct note {
	struct list_head list;
	char text[32];
};

static LIST_HEAD(notes);
static DEFINE_MUTEX(lock);

/* Each write is a note. */
static ssize_t exercise_write(struct file *filp, const char __user *user,
			      size_t size, loff_t *pos)
{
	struct note *note = kzalloc(sizeof(*note), GFP_KERNEL);

	if (!note)
		return -ENOMEM;
	if (copy_from_user(note->text, user, min(size, sizeof(note->text) - 1))) {
		kfree(note);
		return -EFAULT;
	}
	mutex_lock(&lock);
	list_add_tail(&note->list, &notes);
	mutex_unlock(&lock);
	return size;
}

/* A read frees all notes, and returns the number of characters that they had. */
static ssize_t exercise_read(struct file *filp, char __user *user, size_t size,
			     loff_t *pos)
{
	char answer[32];
	size_t total = 0;
	struct note *note;
	int n;

	mutex_lock(&lock);
	list_for_each_entry(note, &notes, list) {
		list_del(&note->list);
		kfree(note);
		total += strlen(note->text);
	}
	mutex_unlock(&lock);
	if (*pos)
		return 0;
	n = scnprintf(answer, sizeof(answer), "%zu\n", total);
	return simple_read_from_buffer(user, size, pos, answer, n);
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

static int __init exercise_init(void)
{
	return misc_register(&device);
}

static void __exit exercise_exit(void)
{
	misc_deregister(&device);
}

module_init(exercise_init);
module_exit(exercise_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Exercise 7 of the course of hello");
