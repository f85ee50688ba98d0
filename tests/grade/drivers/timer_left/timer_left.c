// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: unloading does not stop the timer, which then calls code that is
 * gone. The kernel panics.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/timer.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);

static void timer_left_tick(struct timer_list *timer)
{
	mod_timer(timer, jiffies + 1);
}

static DEFINE_TIMER(timer, timer_left_tick);

static ssize_t timer_left_read(struct kiocb *iocb, struct iov_iter *to)
{
	size_t pos = min_t(u64, iocb->ki_pos, CAPACITY), size;
	ssize_t done = 0;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	if (pos < length) {
		size = min(length - pos, iov_iter_count(to));
		done = copy_to_iter(buffer + pos, size, to);
		iocb->ki_pos += done;
		if (!done && size)
			done = -EFAULT;
	}
	mutex_unlock(&lock);
	return done;
}

static ssize_t timer_left_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t pos, size = iov_iter_count(from);
	ssize_t done;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = length;
	pos = min_t(u64, iocb->ki_pos, CAPACITY);
	done = copy_from_iter(buffer + pos, min(size, CAPACITY - pos), from);
	if (!done && size)
		done = pos < CAPACITY ? -EFAULT : -ENOSPC;
	if (done > 0) {
		iocb->ki_pos += done;
		length = max_t(size_t, length, iocb->ki_pos);
	}
	mutex_unlock(&lock);
	return done;
}

static loff_t timer_left_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations timer_left_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= timer_left_read,
	.write_iter	= timer_left_write,
	.llseek		= timer_left_llseek,
};

static struct miscdevice timer_left_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "timer_left",
	.fops	= &timer_left_fops,
};

static int __init timer_left_init(void)
{
	int err = misc_register(&timer_left_device);

	if (!err)
		mod_timer(&timer, jiffies + 1);
	return err;
}

static void __exit timer_left_exit(void)
{
	misc_deregister(&timer_left_device);
}

module_init(timer_left_init);
module_exit(timer_left_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Leaves its timer running at unload");
