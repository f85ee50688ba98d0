// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: a read of the empty device waits for data, and neither a signal
 * nor O_NONBLOCK ends the wait.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uio.h>
#include <linux/wait.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(filled);

static ssize_t waits_unkillably_read(struct kiocb *iocb, struct iov_iter *to)
{
	size_t pos = min_t(u64, iocb->ki_pos, CAPACITY), size;
	ssize_t done = 0;

	wait_event(filled, READ_ONCE(length));
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

static ssize_t waits_unkillably_write(struct kiocb *iocb, struct iov_iter *from)
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
		wake_up(&filled);
	}
	mutex_unlock(&lock);
	return done;
}

static loff_t waits_unkillably_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations waits_unkillably_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= waits_unkillably_read,
	.write_iter	= waits_unkillably_write,
	.llseek		= waits_unkillably_llseek,
};

static struct miscdevice waits_unkillably_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "waits_unkillably",
	.fops	= &waits_unkillably_fops,
};

module_misc_device(waits_unkillably_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Waits where SIGKILL cannot end it");
