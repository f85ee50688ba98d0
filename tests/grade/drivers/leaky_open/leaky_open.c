// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: close does not free what open allocated.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define CAPACITY 4096

struct leaky_open_buffer {
	struct mutex lock;
	size_t length;
	char data[CAPACITY];
};

static int leaky_open_open(struct inode *inode, struct file *file)
{
	struct leaky_open_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);

	if (!buffer)
		return -ENOMEM;
	mutex_init(&buffer->lock);
	file->private_data = buffer;
	return 0;
}

static int leaky_open_release(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static ssize_t leaky_open_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct leaky_open_buffer *buffer = iocb->ki_filp->private_data;
	size_t pos = min_t(u64, iocb->ki_pos, CAPACITY), size;
	ssize_t done = 0;

	if (mutex_lock_killable(&buffer->lock))
		return -EINTR;
	if (pos < buffer->length) {
		size = min(buffer->length - pos, iov_iter_count(to));
		done = copy_to_iter(buffer->data + pos, size, to);
		iocb->ki_pos += done;
		if (!done && size)
			done = -EFAULT;
	}
	mutex_unlock(&buffer->lock);
	return done;
}

static ssize_t leaky_open_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct leaky_open_buffer *buffer = iocb->ki_filp->private_data;
	size_t pos, size = iov_iter_count(from);
	ssize_t done;

	if (mutex_lock_killable(&buffer->lock))
		return -EINTR;
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = buffer->length;
	pos = min_t(u64, iocb->ki_pos, CAPACITY);
	done = copy_from_iter(buffer->data + pos, min(size, CAPACITY - pos), from);
	if (!done && size)
		done = pos < CAPACITY ? -EFAULT : -ENOSPC;
	if (done > 0) {
		iocb->ki_pos += done;
		buffer->length = max_t(size_t, buffer->length, iocb->ki_pos);
	}
	mutex_unlock(&buffer->lock);
	return done;
}

static loff_t leaky_open_llseek(struct file *file, loff_t offset, int whence)
{
	struct leaky_open_buffer *buffer = file->private_data;

	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(buffer->length));
}

static const struct file_operations leaky_open_fops = {
	.owner		= THIS_MODULE,
	.open		= leaky_open_open,
	.release	= leaky_open_release,
	.read_iter	= leaky_open_read,
	.write_iter	= leaky_open_write,
	.llseek		= leaky_open_llseek,
};

static struct miscdevice leaky_open_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "leaky_open",
	.fops	= &leaky_open_fops,
};

module_misc_device(leaky_open_device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Leaks a buffer for each open");
