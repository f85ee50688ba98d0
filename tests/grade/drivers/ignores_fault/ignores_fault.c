// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: a write ignores the result of copy_from_user(), so a bad pointer
 * "writes" zeros.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);

static ssize_t ignores_fault_read(struct kiocb *iocb, struct iov_iter *to)
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

static ssize_t ignores_fault_write(struct file *file, const char __user *from,
			  size_t size, loff_t *ppos)
{
	size_t pos;

	if (mutex_lock_killable(&lock))
		return -EINTR;
	if (file->f_flags & O_APPEND)
		*ppos = length;
	pos = min_t(u64, *ppos, CAPACITY);
	if (pos == CAPACITY && size) {
		mutex_unlock(&lock);
		return -ENOSPC;
	}
	size = min(size, CAPACITY - pos);
	if (copy_from_user(buffer + pos, from, size))
		pr_debug("a bad pointer\n");
	*ppos = pos + size;
	length = max(length, pos + size);
	mutex_unlock(&lock);
	return size;
}

static loff_t ignores_fault_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations ignores_fault_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= ignores_fault_read,
	.write		= ignores_fault_write,
	.llseek		= ignores_fault_llseek,
};

static struct miscdevice ignores_fault_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ignores_fault",
	.fops	= &ignores_fault_fops,
};

module_misc_device(ignores_fault_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Ignores a failed copy");
