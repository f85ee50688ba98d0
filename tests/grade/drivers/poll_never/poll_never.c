// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: poll says that the device is never ready, although no read or
 * write waits.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);

static ssize_t poll_never_read(struct kiocb *iocb, struct iov_iter *to)
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

static ssize_t poll_never_write(struct kiocb *iocb, struct iov_iter *from)
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

static loff_t poll_never_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static __poll_t poll_never_poll(struct file *file, poll_table *wait)
{
	return 0;
}

static const struct file_operations poll_never_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= poll_never_read,
	.write_iter	= poll_never_write,
	.poll		= poll_never_poll,
	.llseek		= poll_never_llseek,
};

static struct miscdevice poll_never_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "poll_never",
	.fops	= &poll_never_fops,
};

module_misc_device(poll_never_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Polls as never ready");
