// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: the shared buffer has no lock, so of two writers that append at
 * the same time one loses its bytes.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;

static ssize_t no_lock_read(struct kiocb *iocb, struct iov_iter *to)
{
	size_t pos = min_t(u64, iocb->ki_pos, CAPACITY), size;
	ssize_t done = 0;

	if (pos < length) {
		size = min(length - pos, iov_iter_count(to));
		done = copy_to_iter(buffer + pos, size, to);
		iocb->ki_pos += done;
		if (!done && size)
			done = -EFAULT;
	}
	return done;
}

static ssize_t no_lock_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t pos, size = iov_iter_count(from);
	ssize_t done;

	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = length;
	pos = min_t(u64, iocb->ki_pos, CAPACITY);
	done = copy_from_iter(buffer + pos, min(size, CAPACITY - pos), from);
	usleep_range(100, 200);
	if (!done && size)
		done = pos < CAPACITY ? -EFAULT : -ENOSPC;
	if (done > 0) {
		iocb->ki_pos += done;
		length = max_t(size_t, length, iocb->ki_pos);
	}
	return done;
}

static loff_t no_lock_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations no_lock_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= no_lock_read,
	.write_iter	= no_lock_write,
	.llseek		= no_lock_llseek,
};

static struct miscdevice no_lock_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "no_lock",
	.fops	= &no_lock_fops,
};

module_misc_device(no_lock_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A shared buffer without a lock");
