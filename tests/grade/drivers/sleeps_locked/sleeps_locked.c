// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: a write allocates with GFP_KERNEL, which may sleep, while it holds
 * a spinlock. Only the debug kernel notices it each time.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);
static DEFINE_SPINLOCK(length_lock);

static ssize_t sleeps_locked_read(struct kiocb *iocb, struct iov_iter *to)
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

static ssize_t sleeps_locked_write(struct kiocb *iocb, struct iov_iter *from)
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
		spin_lock(&length_lock);
		kfree(kmalloc(64, GFP_KERNEL));
		length = max_t(size_t, length, iocb->ki_pos);
		spin_unlock(&length_lock);
	}
	mutex_unlock(&lock);
	return done;
}

static loff_t sleeps_locked_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations sleeps_locked_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= sleeps_locked_read,
	.write_iter	= sleeps_locked_write,
	.llseek		= sleeps_locked_llseek,
};

static struct miscdevice sleeps_locked_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "sleeps_locked",
	.fops	= &sleeps_locked_fops,
};

module_misc_device(sleeps_locked_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("May sleep under a spinlock");
