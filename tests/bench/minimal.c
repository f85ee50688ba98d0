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
#include <linux/uaccess.h>

static struct page *pages;
static void *data;

static ssize_t minimal_read(struct file *filp, char __user *to, size_t size,
			    loff_t *pos)
{
	if (*pos >= SZ_1M)
		return 0;
	size = min_t(size_t, size, SZ_1M - *pos);
	if (copy_to_user(to, data + *pos, size))
		return -EFAULT;
	*pos += size;
	return size;
}

static ssize_t minimal_write(struct file *filp, const char __user *from,
			     size_t size, loff_t *pos)
{
	if (*pos >= SZ_1M)
		return -ENOSPC;
	size = min_t(size_t, size, SZ_1M - *pos);
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
	.name	= "minimal",
	.fops	= &fops,
};

static int __init minimal_init(void)
{
	int err;

	pages = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO,
			    get_order(SZ_1M));
	if (!pages)
		return -ENOMEM;
	data = page_address(pages);
	err = misc_register(&misc);
	if (err)
		__free_pages(pages, get_order(SZ_1M));
	return err;
}

static void __exit minimal_exit(void)
{
	misc_deregister(&misc);
	__free_pages(pages, get_order(SZ_1M));
}

module_init(minimal_init);
module_exit(minimal_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The least misc device, to compare /dev/hello with");
