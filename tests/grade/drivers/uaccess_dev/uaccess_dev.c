// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes: a write copies any length into 32 bytes, and a read ignores
 * length and offset, so cat never ends. The room behind the 32 bytes keeps
 * the kernel alive.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

static struct {
	char text[32];
	char room[SZ_128K];
} kernel;
static int major;

static ssize_t uaccess_dev_read(struct file *file, char __user *to, size_t size,
			 loff_t *pos)
{
	if (copy_to_user(to, kernel.text, sizeof(kernel.text)))
		return -EFAULT;
	return sizeof(kernel.text);
}

static ssize_t uaccess_dev_write(struct file *file, const char __user *from,
			  size_t size, loff_t *pos)
{
	if (copy_from_user(&kernel, from, size))
		return -EFAULT;
	return size;
}

static const struct file_operations uaccess_dev_fops = {
	.owner	= THIS_MODULE,
	.read	= uaccess_dev_read,
	.write	= uaccess_dev_write,
};

static int __init uaccess_dev_init(void)
{
	major = register_chrdev(0, "uaccess_dev", &uaccess_dev_fops);
	return major < 0 ? major : 0;
}

static void __exit uaccess_dev_exit(void)
{
	unregister_chrdev(major, "uaccess_dev");
}

module_init(uaccess_dev_init);
module_exit(uaccess_dev_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The tutorial's driver with a 32-byte buffer");
