// SPDX-License-Identifier: GPL-2.0-only
/*
 * mem_alloc: allocates with kmalloc(), vmalloc() and alloc_pages() at load, and frees
 * at unload. The lesson building-a-module runs it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define ORDER	2

static unsigned int size = 1024;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "Bytes of the kmalloc and vmalloc buffers (default: 1024)");

static char *from_kmalloc;
static char *from_vmalloc;
static struct page *pages;

/* Each step that fails undoes the steps before it, in reverse order. */
static int __init mem_alloc_init(void)
{
	from_kmalloc = kzalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (!from_kmalloc)
		goto err;
	from_vmalloc = vzalloc(size);
	if (!from_vmalloc)
		goto err_free_kmalloc;
	pages = alloc_pages(GFP_KERNEL, ORDER);
	if (!pages)
		goto err_free_vmalloc;

	/* The caller chooses the size: a copy must know it. */
	strscpy(from_kmalloc, "Hello from kmalloc", size);
	pr_info("kmalloc: asked %u, usable %zu, at %p: %s\n", size,
		ksize(from_kmalloc), from_kmalloc, from_kmalloc);
	pr_info("vmalloc: asked %u, usable %lu, at %p\n", size,
		PAGE_ALIGN((unsigned long)size), from_vmalloc);
	pr_info("alloc_pages: order %d is %lu bytes, at %p\n", ORDER,
		PAGE_SIZE << ORDER, page_address(pages));
	return 0;

err_free_vmalloc:
	vfree(from_vmalloc);
err_free_kmalloc:
	kfree(from_kmalloc);
err:
	return -ENOMEM;
}

/* Each free function matches its allocation; __free_pages() takes the struct page. */
static void __exit mem_alloc_exit(void)
{
	__free_pages(pages, ORDER);
	vfree(from_vmalloc);
	kfree(from_kmalloc);
	pr_info("freed\n");
}

module_init(mem_alloc_init);
module_exit(mem_alloc_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Allocates, prints and frees memory");
