// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: unloading does not free the buffer that loading allocated.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#define CAPACITY 4096

static char *buffer;
static size_t length;
static DEFINE_MUTEX(lock);

static ssize_t leaks_at_unload_read(struct kiocb *iocb, struct iov_iter *to)
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

static ssize_t leaks_at_unload_write(struct kiocb *iocb, struct iov_iter *from)
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

static loff_t leaks_at_unload_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static const struct file_operations leaks_at_unload_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= leaks_at_unload_read,
	.write_iter	= leaks_at_unload_write,
	.llseek		= leaks_at_unload_llseek,
};

static struct miscdevice leaks_at_unload_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "leaks_at_unload",
	.fops	= &leaks_at_unload_fops,
};

static int __init leaks_at_unload_init(void)
{
	int err;

	buffer = vzalloc(CAPACITY);
	if (!buffer)
		return -ENOMEM;
	err = misc_register(&leaks_at_unload_device);
	if (err)
		vfree(buffer);
	return err;
}

static void __exit leaks_at_unload_exit(void)
{
	misc_deregister(&leaks_at_unload_device);
}

module_init(leaks_at_unload_init);
module_exit(leaks_at_unload_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Leaks its buffer at unload");
