// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: each open takes a page that close does not give back.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uio.h>

#define CAPACITY 4096

static char buffer[CAPACITY];
static size_t length;
static DEFINE_MUTEX(lock);

static int leaky_pages_open(struct inode *inode, struct file *file)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	file->private_data = (void *)page;
	return 0;
}

static ssize_t leaky_pages_read(struct kiocb *iocb, struct iov_iter *to)
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

static ssize_t leaky_pages_write(struct kiocb *iocb, struct iov_iter *from)
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

static loff_t leaky_pages_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations leaky_pages_fops = {
	.owner		= THIS_MODULE,
	.open		= leaky_pages_open,
	.read_iter	= leaky_pages_read,
	.write_iter	= leaky_pages_write,
	.llseek		= leaky_pages_llseek,
};

static struct miscdevice leaky_pages_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "leaky_pages",
	.fops	= &leaky_pages_fops,
};

module_misc_device(leaky_pages_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Leaks a page for each open");
