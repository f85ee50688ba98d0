// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: the buffer has no length. A read shows what the memory had before
 * the first write.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define CAPACITY 4096

struct no_length_buffer {
	struct mutex lock;
	char data[CAPACITY];
};

static int no_length_open(struct inode *inode, struct file *file)
{
	struct no_length_buffer *buffer = kmalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);

	if (!buffer)
		return -ENOMEM;
	mutex_init(&buffer->lock);
	file->private_data = buffer;
	return 0;
}

static int no_length_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t no_length_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct no_length_buffer *buffer = iocb->ki_filp->private_data;
	size_t pos = min_t(u64, iocb->ki_pos, CAPACITY), size;
	ssize_t done = 0;

	if (mutex_lock_killable(&buffer->lock))
		return -EINTR;
	if (pos < CAPACITY) {
		size = min_t(size_t, CAPACITY - pos,
			     iov_iter_count(to));
		done = copy_to_iter(buffer->data + pos, size, to);
		iocb->ki_pos += done;
		if (!done && size)
			done = -EFAULT;
	}
	mutex_unlock(&buffer->lock);
	return done;
}

static ssize_t no_length_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct no_length_buffer *buffer = iocb->ki_filp->private_data;
	size_t pos, size = iov_iter_count(from);
	ssize_t done;

	if (mutex_lock_killable(&buffer->lock))
		return -EINTR;
	pos = min_t(u64, iocb->ki_pos, CAPACITY);
	done = copy_from_iter(buffer->data + pos, min(size, CAPACITY - pos), from);
	if (!done && size)
		done = pos < CAPACITY ? -EFAULT : -ENOSPC;
	if (done > 0)
		iocb->ki_pos += done;
	mutex_unlock(&buffer->lock);
	return done;
}

static loff_t no_length_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, CAPACITY);
}

static const struct file_operations no_length_fops = {
	.owner		= THIS_MODULE,
	.open		= no_length_open,
	.release	= no_length_release,
	.read_iter	= no_length_read,
	.write_iter	= no_length_write,
	.llseek		= no_length_llseek,
};

static struct miscdevice no_length_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "no_length",
	.fops	= &no_length_fops,
};

module_misc_device(no_length_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The tutorial's kmalloc driver");
