// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: a bad pointer gives -1, which a program sees as EPERM, "Operation
 * not permitted".
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

static ssize_t returns_minus_1_read(struct kiocb *iocb, struct iov_iter *to)
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
			done = -1;
	}
	mutex_unlock(&lock);
	return done;
}

static ssize_t returns_minus_1_write(struct kiocb *iocb, struct iov_iter *from)
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
		done = pos < CAPACITY ? -1 : -ENOSPC;
	if (done > 0) {
		iocb->ki_pos += done;
		length = max_t(size_t, length, iocb->ki_pos);
	}
	mutex_unlock(&lock);
	return done;
}

static loff_t returns_minus_1_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations returns_minus_1_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= returns_minus_1_read,
	.write_iter	= returns_minus_1_write,
	.llseek		= returns_minus_1_llseek,
};

static struct miscdevice returns_minus_1_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "returns_minus_1",
	.fops	= &returns_minus_1_fops,
};

module_misc_device(returns_minus_1_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Returns -1 in place of an errno");
