// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/bench/raw.c: each allocator in a bare loop, as the reference for the driver.
 * Write "NAME SIZE COUNT" to debugfs raw/run, then raw/ns has the nanoseconds of
 * COUNT pairs of allocating and freeing. Write the same to raw/alone, then raw/samples
 * has the least and the median time of the driver's own functions for allocator NAME,
 * with nothing between two samples.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "../driver/buffer.h"
#include "../driver/experiment.h"
#include "../driver/gfp.h"
#include "../driver/io.h"

#define MASK	(GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO)

/* Addresses of functions of the driver, which are not exported */
static unsigned long resolve, alloc_mem, create, free, allocators;
module_param(resolve, ulong, 0);
module_param(alloc_mem, ulong, 0);
module_param(create, ulong, 0);
module_param(free, ulong, 0);
module_param(allocators, ulong, 0);

/* as in hello_buffer_put() */
void hello_buffer_free(struct hello_buffer *buffer)
{
	((void (*)(struct hello_buffer *))free)(buffer);
}

static struct dentry *dir;
static struct platform_device *device;
static struct kmem_cache *cache;
static mempool_t *pool;
static struct hello_recipe recipe = {
	.gfp_flags = HELLO_GFP_KERNEL, .numa_node = -1,
};
static size_t bytes;
static unsigned int count;
static unsigned int order;
/* Variables, as in an experiment: with constants the compiler leaves out checks. */
static gfp_t mask;
static int node;
static dma_addr_t dma;
static u64 ns;

#define LOOP(name, make, unmake)					\
static noinline void loop_##name(void)					\
{									\
	unsigned int i;							\
									\
	for (i = 0; i < count; i++) {					\
		void *p = make;						\
									\
		unmake;							\
	}								\
}

static inline void *get_block(void)
{
	struct page *page = alloc_pages_node(node, mask | __GFP_COMP, order);

	return page ? page_address(page) : NULL;
}

LOOP(kmalloc, kmalloc_node(bytes, mask, node), kfree(p))
LOOP(vmalloc, __vmalloc(bytes, mask), vfree(p))
LOOP(kvmalloc, kvmalloc_node(bytes, mask, node), kvfree(p))
/* Include the lookup of the address in the cost. */
LOOP(pages, get_block(), free_pages((unsigned long)p, order))
LOOP(pages_exact, alloc_pages_exact(bytes, mask), free_pages_exact(p, bytes))
LOOP(slab, kmem_cache_alloc_node(cache, mask, node),
     kmem_cache_free(cache, p))
LOOP(mempool, mempool_alloc(pool, GFP_NOWAIT | __GFP_NOWARN),
     mempool_free(p, pool))
LOOP(dma_coherent, dma_alloc_coherent(&device->dev, bytes, &dma, mask),
     dma_free_coherent(&device->dev, bytes, p, dma))
/*
 * The whole cost of a buffer of the driver: in an open file, and as a version under rcu
 * with a header of its own. Then the pairs of calls in it: the memory, the header, and
 * the open file.
 */
static struct hello_buffer *make_in_place(void)
{
	static struct hello_buffer buffer;

	buffer.mem.recipe = recipe;
	hello_buffer_setup(&buffer, false);
	((int (*)(struct hello_buffer *))alloc_mem)(&buffer);
	return &buffer;
}

LOOP(buffer, make_in_place(), hello_buffer_put(p))
LOOP(version, ((void *(*)(struct hello_recipe *))create)(&recipe),
     hello_buffer_put(p))
LOOP(accounted, kmalloc(bytes, MASK | __GFP_ACCOUNT), kfree(p))
LOOP(header, kmem_cache_zalloc(cache, GFP_KERNEL), kmem_cache_free(cache, p))
LOOP(file, kmem_cache_zalloc(cache, GFP_KERNEL), kmem_cache_free(cache, p))

static const struct {
	const char *name;
	void (*loop)(void);
} loops[] = {
#define ENTRY(name) { #name, loop_##name }
	ENTRY(kmalloc), ENTRY(vmalloc), ENTRY(kvmalloc), ENTRY(pages),
	ENTRY(pages_exact), ENTRY(slab), ENTRY(mempool), ENTRY(dma_coherent),
	ENTRY(buffer), ENTRY(version), ENTRY(accounted), ENTRY(header),
	ENTRY(file),
};

static int prepare(const char *name)
{
	unsigned int flags = 0;

	if (!strcmp(name, "header"))
		bytes = sizeof(struct hello_buffer);
	if (!strcmp(name, "file"))
		bytes = sizeof(struct hello_file);
	if (!strcmp(name, "header") || !strcmp(name, "file"))
		flags = SLAB_ACCOUNT;
	order = get_order(bytes);
	recipe.buffer_size = bytes;
	((void (*)(struct hello_recipe *))resolve)(&recipe);
	mask = recipe.mask & ~__GFP_ACCOUNT;
	node = recipe.numa_node;
	/* The usercopy window prevents merging, as in the driver's caches. */
	cache = kmem_cache_create_usercopy("bench-raw", bytes, 0, flags, 0,
					   bytes, NULL);
	if (!cache)
		return -ENOMEM;
	pool = mempool_create_kmalloc_pool(4, bytes);
	if (pool)
		return 0;
	kmem_cache_destroy(cache);
	return -ENOMEM;
}

static int parse(const char __user *user, size_t size, char name[32])
{
	char text[64] = "";

	if (size >= sizeof(text) || copy_from_user(text, user, size) ||
	    sscanf(text, "%31s %zu %u", name, &bytes, &count) != 3)
		return -EINVAL;
	return 0;
}

/*
 * As many bytes as an experiment has for a thread: the allocators then find the same
 * free memory beside it.
 */
static void *surroundings(void)
{
	return kvcalloc(HELLO_EXPERIMENT_SAMPLES, sizeof(struct hello_samples), GFP_KERNEL);
}

static ssize_t run(struct file *filp, const char __user *user, size_t size,
		   loff_t *pos)
{
	char name[32];
	unsigned int i;
	void *beside;
	int err;

	err = parse(user, size, name);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(loops); i++)
		if (!strcmp(loops[i].name, name))
			break;
	if (i == ARRAY_SIZE(loops))
		return -EINVAL;
	err = prepare(name);
	if (err)
		return err;
	beside = surroundings();
	/* Warm up: fill the allocator's lists and caches. */
	loops[i].loop();
	ns = ktime_get_ns();
	loops[i].loop();
	ns = ktime_get_ns() - ns;
	kvfree(beside);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
	return size;
}

static const struct file_operations fops = {
	.owner	= THIS_MODULE,
	.write	= run,
};

/* ---- samples without the experiment's work between them ---- */

#define MOST	10000

static u64 alloc_ns[MOST], free_ns[MOST];

static noinline void sample(const struct hello_allocator *a,
			    struct hello_mem *mem)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		u64 start = ktime_get_ns();

		mem->addr = a->alloc(mem);
		alloc_ns[i] = ktime_get_ns() - start;
		start = ktime_get_ns();
		a->free(mem);
		free_ns[i] = ktime_get_ns() - start;
	}
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* The recipe must have been prepared: run an experiment before. */
static ssize_t alone(struct file *filp, const char __user *user, size_t size,
		     loff_t *pos)
{
	const struct hello_allocator *table = (void *)allocators;
	struct hello_mem mem = { .recipe = recipe };
	const struct hello_allocator *a;
	char name[32];
	void *beside;
	int err;

	err = parse(user, size, name);
	if (err)
		return err;
	for (a = table; strcmp(a->entry.name, name); a++)
		if (a == table + HELLO_BUFFER_ALLOCATORS - 1)
			return -EINVAL;
	if (!count || count > MOST)
		return -EINVAL;
	mem.recipe.buffer_size = bytes;
	mem.recipe.alloc_mode = a - table;
	if (!strcmp(name, "mempool"))
		mem.recipe.gfp_flags = HELLO_GFP_NOWAIT;
	((void (*)(struct hello_recipe *))resolve)(&mem.recipe);
	/* As in an experiment. */
	mem.recipe.mask &= ~__GFP_ACCOUNT;
	hello_alloc_lookup(a, &mem);
	beside = surroundings();
	sample(a, &mem);
	kvfree(beside);
	sort(alloc_ns, count, sizeof(*alloc_ns), compare, NULL);
	sort(free_ns, count, sizeof(*free_ns), compare, NULL);
	return size;
}

static const struct file_operations alone_fops = {
	.owner	= THIS_MODULE,
	.write	= alone,
};

static int samples_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%llu %llu %llu %llu\n", alloc_ns[0], alloc_ns[count / 2],
		   free_ns[0], free_ns[count / 2]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(samples);

static int __init raw_init(void)
{
	device = platform_device_register_simple("bench-raw",
						 PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	dir = debugfs_create_dir("raw", NULL);
	debugfs_create_file("run", 0200, dir, NULL, &fops);
	debugfs_create_u64("ns", 0400, dir, &ns);
	debugfs_create_file("alone", 0200, dir, NULL, &alone_fops);
	debugfs_create_file("samples", 0400, dir, NULL, &samples_fops);
	return dma_set_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));
}

static void __exit raw_exit(void)
{
	debugfs_remove(dir);
	platform_device_unregister(device);
}

module_init(raw_init);
module_exit(raw_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Allocators in bare loops, to compare experiments with");
