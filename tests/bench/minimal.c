// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/bench/minimal.c: the reference: the smallest misc device with a buffer per open,
 * without locks, lengths or settings.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#ifdef SLAB
#define SIZE	SZ_4K
#else
#define SIZE	SZ_1M
#endif

static void *data;

static ssize_t minimal_read(struct file *filp, char __user *to, size_t size,
			    loff_t *pos)
{
	if (*pos >= SIZE)
		return 0;
	size = min_t(size_t, size, SIZE - *pos);
	if (copy_to_user(to, data + *pos, size))
		return -EFAULT;
	*pos += size;
	return size;
}

static ssize_t minimal_write(struct file *filp, const char __user *from,
			     size_t size, loff_t *pos)
{
	if (*pos >= SIZE)
		return -ENOSPC;
	size = min_t(size_t, size, SIZE - *pos);
	if (copy_from_user(data + *pos, from, size))
		return -EFAULT;
	*pos += size;
	return size;
}

static const struct file_operations fops = {
	.owner	= THIS_MODULE,
	.read	= minimal_read,
	.write	= minimal_write,
};

static struct miscdevice misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= KBUILD_MODNAME,
	.fops	= &fops,
};

static void *alloc_data(void)
{
#ifdef SLAB
	return kzalloc(SIZE, GFP_KERNEL);
#else
	return (void *)__get_free_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO,
					get_order(SIZE));
#endif
}

static void free_data(void)
{
#ifdef SLAB
	kfree(data);
#else
	free_pages((unsigned long)data, get_order(SIZE));
#endif
}

static int __init minimal_init(void)
{
	int err;

	data = alloc_data();
	if (!data)
		return -ENOMEM;
	err = misc_register(&misc);
	if (err)
		free_data();
	return err;
}

static void __exit minimal_exit(void)
{
	misc_deregister(&misc);
	free_data();
}

module_init(minimal_init);
module_exit(minimal_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The least misc device, to compare /dev/hello with");
