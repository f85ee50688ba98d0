// SPDX-License-Identifier: GPL-2.0-only
/*
 * Init and exit: the misc device is registered last and deregistered first.
 */
#include <linux/device.h>
#include <linux/hello.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "alloc.h"
#include "buffer.h"
#include "context.h"
#include "debugfs.h"
#include "file.h"
#include "settings.h"
#include "shared.h"
#include "stats.h"
#include "sysfs.h"

/* The udev rule widens the mode. */
static struct miscdevice misc = {
	.minor	= HELLO_MINOR,
	.name	= "hello",
	.mode	= 0600,
	.fops	= &hello_file_operations,
	.groups	= hello_sysfs_groups,
};

/*
 * With the static minor an open of the node loads the module. If another driver
 * has it, take any: but a node for the static minor then leads to that driver.
 */
static int register_device(void)
{
	int err = misc_register(&misc);

	if (err != -EBUSY)
		return err;
	misc.minor = MISC_DYNAMIC_MINOR;
	err = misc_register(&misc);
	if (!err)
		pr_notice("minor %d is taken, using %d; a node /dev/hello from before is wrong: rm it and load hello again\n",
			  HELLO_MINOR, misc.minor);
	return err;
}

static int __init hello_init(void)
{
	int err;

	hello_alloc_init();
	err = hello_stats_init(hello_allocator_table.nr, hello_context_table.nr);
	if (err)
		goto err_alloc;
	err = hello_settings_init();
	if (err)
		goto err_stats;
	err = hello_buffer_init();
	if (err)
		goto err_stats;
	err = hello_buffer_prepare(&hello_settings.recipe);
	if (err)
		goto err_buffer;
	err = hello_file_init();
	if (err)
		goto err_buffer;
	hello_sysfs_init();
	hello_shared_init(hello_settings.lock_mode, &hello_settings.recipe);
	hello_debugfs_init();
	err = register_device();
	if (err)
		goto err_debugfs;
	return 0;

err_debugfs:
	hello_debugfs_exit();
	hello_shared_exit();
	hello_file_exit();
err_buffer:
	hello_buffer_exit();
err_stats:
	hello_stats_exit();
err_alloc:
	hello_alloc_exit();
	return err;
}

static void __exit hello_exit(void)
{
	misc_deregister(&misc);
	hello_debugfs_exit();
	hello_shared_exit();
	hello_file_exit();
	hello_buffer_exit();
	hello_stats_exit();
	hello_alloc_exit();
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(HELLO_VERSION);
MODULE_DESCRIPTION("A laboratory for kernel memory behind /dev/hello");
MODULE_AUTHOR("The hello developers");
MODULE_ALIAS_MISCDEV(HELLO_MINOR);
MODULE_ALIAS("devname:hello");
