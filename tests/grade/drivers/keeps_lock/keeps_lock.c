// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: the path for a bad pointer returns without unlocking, so every
 * later call waits for ever.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);

static ssize_t keeps_lock_read(struct kiocb *iocb, struct iov_iter *to)
{
	size_t pos = min_t(u64, iocb->ki_pos, CAPACITY), size;
	ssize_t done = 0;

	mutex_lock(&lock);
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

static ssize_t keeps_lock_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t pos, size = iov_iter_count(from);
	ssize_t done;

	mutex_lock(&lock);
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = length;
	pos = min_t(u64, iocb->ki_pos, CAPACITY);
	done = copy_from_iter(buffer + pos, min(size, CAPACITY - pos), from);
	if (!done && size && pos < CAPACITY)
		return -EFAULT;
	if (!done && size)
		done = -ENOSPC;
	if (done > 0) {
		iocb->ki_pos += done;
		length = max_t(size_t, length, iocb->ki_pos);
	}
	mutex_unlock(&lock);
	return done;
}

static loff_t keeps_lock_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations keeps_lock_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= keeps_lock_read,
	.write_iter	= keeps_lock_write,
	.llseek		= keeps_lock_llseek,
};

static struct miscdevice keeps_lock_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "keeps_lock",
	.fops	= &keeps_lock_fops,
};

module_misc_device(keeps_lock_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Keeps its lock on an error path");
