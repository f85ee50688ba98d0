// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistake: mmap checks neither offset, size nor protection, so a program maps
 * the memory behind the buffer, and may execute it.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uio.h>

#define CAPACITY PAGE_SIZE

static char *buffer;
static size_t length;
static DEFINE_MUTEX(lock);

static ssize_t mmap_anywhere_read(struct kiocb *iocb, struct iov_iter *to)
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

static ssize_t mmap_anywhere_write(struct kiocb *iocb, struct iov_iter *from)
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

static loff_t mmap_anywhere_llseek(struct file *file, loff_t offset, int whence)
{
	return generic_file_llseek_size(file, offset, whence, CAPACITY,
					READ_ONCE(length));
}

static int mmap_anywhere_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start,
			       (virt_to_phys(buffer) >> PAGE_SHIFT) + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations mmap_anywhere_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= mmap_anywhere_read,
	.write_iter	= mmap_anywhere_write,
	.mmap		= mmap_anywhere_mmap,
	.llseek		= mmap_anywhere_llseek,
};

static struct miscdevice mmap_anywhere_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "mmap_anywhere",
	.fops	= &mmap_anywhere_fops,
};

static int __init mmap_anywhere_init(void)
{
	int err;

	buffer = (char *)get_zeroed_page(GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	err = misc_register(&mmap_anywhere_device);
	if (err)
		free_page((unsigned long)buffer);
	return err;
}

static void __exit mmap_anywhere_exit(void)
{
	misc_deregister(&mmap_anywhere_device);
	free_page((unsigned long)buffer);
}

module_init(mmap_anywhere_init);
module_exit(mmap_anywhere_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Maps any memory");
