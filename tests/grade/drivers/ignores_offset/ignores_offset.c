// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: a read ignores the offset and always starts at the first byte, so
 * cat never ends.
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

static ssize_t ignores_offset_read(struct kiocb *iocb, struct iov_iter *to)
{
	ssize_t done;
	size_t size;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	size = min(length, iov_iter_count(to));
	done = copy_to_iter(buffer, size, to);
	if (!done && size)
		done = -EFAULT;
	mutex_unlock(&lock);
	return done;
}

static ssize_t ignores_offset_write(struct kiocb *iocb, struct iov_iter *from)
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

static loff_t ignores_offset_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations ignores_offset_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= ignores_offset_read,
	.write_iter	= ignores_offset_write,
	.llseek		= ignores_offset_llseek,
};

static struct miscdevice ignores_offset_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ignores_offset",
	.fops	= &ignores_offset_fops,
};

module_misc_device(ignores_offset_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Reads without an offset");
