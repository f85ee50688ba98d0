// SPDX-License-Identifier: GPL-2.0-only
/*
 * The allocators that a buffer's memory can come from: each is a pair of
 * functions and an entry in the table at the end, and nothing elsewhere.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "alloc.h"
#include "compat.h"
#include "gfp.h"

/* What an allocator's memory is like. */
#define CONTIGUOUS	BIT(0)	/* always one physical block */
#define PAGES		BIT(1)	/* always pages that user space may map */
#define NODE		BIT(2)	/* can be asked for a NUMA node */
#define CHARGE		BIT(3)	/* can be charged to a cgroup */
#define ZERO		BIT(4)	/* honours __GFP_ZERO */
#define ZEROED		BIT(5)	/* is zero whatever was asked */
#define BY_SIZE		BIT(6)	/* small is contiguous, large may be mapped */

struct allocator {
	struct hello_choice choice;
	u32 words;	/* the GFP words that it really honours */
	u32 flags;
	size_t max;	/* the largest size; 0: as much as there is RAM */
	/* Why this kernel or machine does not have it, or NULL. */
	const char *(*init)(void);
	/* Bytes that memory takes really; at most, while addr is not known yet. */
	size_t (*usable)(size_t size, const void *addr);
	/* What must sleep before alloc(), which may be called in any context. */
	int (*prepare)(struct hello_mem *mem);
	void *(*alloc)(struct hello_mem *mem);
	void (*free)(struct hello_mem *mem);
	/* For memory whose pages must not be referenced one by one. */
	int (*mmap)(const struct hello_mem *mem, struct vm_area_struct *vma);
};

/* ---- kmalloc ---- */

static size_t usable_kmalloc(size_t size, const void *addr)
{
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return PAGE_SIZE << get_order(size);
	if (KMALLOC_MIN_SIZE <= 32 && size > 64 && size <= 96)
		return 96;
	if (KMALLOC_MIN_SIZE <= 64 && size > 128 && size <= 192)
		return 192;
	return max_t(size_t, KMALLOC_MIN_SIZE, roundup_pow_of_two(size));
}

static void *alloc_kmalloc(struct hello_mem *mem)
{
	return kmalloc_node(mem->size, mem->gfp, mem->node);
}

static void free_kmalloc(struct hello_mem *mem)
{
	kfree(mem->addr);
}

/* ---- vmalloc ---- */

static size_t usable_pages(size_t size, const void *addr)
{
	return PAGE_ALIGN(size);
}

/*
 * The page tables are made with GFP_KERNEL: only a scope keeps I/O out of them.
 * Whole pages are asked for, since whole pages are mapped.
 */
static void *alloc_vmalloc(struct hello_mem *mem)
{
	size_t size = PAGE_ALIGN(mem->size);
	unsigned int saved;
	void *addr;

	if (!(mem->gfp & __GFP_IO)) {
		saved = memalloc_noio_save();
		addr = __vmalloc(size, mem->gfp);
		memalloc_noio_restore(saved);
	} else if (!(mem->gfp & __GFP_FS)) {
		saved = memalloc_nofs_save();
		addr = __vmalloc(size, mem->gfp);
		memalloc_nofs_restore(saved);
	} else {
		addr = __vmalloc(size, mem->gfp);
	}
	return addr;
}

static void free_vmalloc(struct hello_mem *mem)
{
	vfree(mem->addr);
}

/* ---- kvmalloc ---- */

static void *alloc_kvmalloc(struct hello_mem *mem)
{
	size_t size = mem->size;

	/* As vmalloc; what may come from a slab of less than a page does not. */
	if (size > PAGE_SIZE)
		size = PAGE_ALIGN(size);
	return kvmalloc_node(size, mem->gfp, mem->node);
}

static size_t usable_kvmalloc(size_t size, const void *addr)
{
	if (size > KMALLOC_MAX_SIZE || is_vmalloc_addr(addr))
		return usable_pages(size, addr);
	return usable_kmalloc(size, addr);
}

static void free_kvmalloc(struct hello_mem *mem)
{
	kvfree(mem->addr);
}

/* ---- pages ---- */

static size_t usable_order(size_t size, const void *addr)
{
	return PAGE_SIZE << get_order(size);
}

/*
 * __GFP_HIGHMEM is taken out of GFP_HIGHUSER: the word is offered only where
 * no highmem exists, and some allocators warn of the bit all the same.
 * __GFP_COMP makes every page mappable, not the first alone.
 */
static void *alloc_pages_mode(struct hello_mem *mem)
{
	struct page *page = alloc_pages_node(mem->node,
					     (mem->gfp & ~__GFP_HIGHMEM) | __GFP_COMP,
					     get_order(mem->size));

	return page ? page_address(page) : NULL;
}

static void free_pages_mode(struct hello_mem *mem)
{
	free_pages((unsigned long)mem->addr, get_order(mem->size));
}

/* ---- pages_exact ---- */

static void *alloc_pages_exact_mode(struct hello_mem *mem)
{
	return alloc_pages_exact(mem->size, mem->gfp & ~__GFP_HIGHMEM);
}

static void free_pages_exact_mode(struct hello_mem *mem)
{
	free_pages_exact(mem->addr, mem->size);
}

/* ---- size classes of slab and mempool ---- */

#define CLASS_MIN_SHIFT	5
#define CLASS_MAX_SHIFT	20
#define NR_CLASSES	(CLASS_MAX_SHIFT - CLASS_MIN_SHIFT + 1)
#define POOL_ELEMENTS	4

/* Made at first use, unmade at unload. */
static DEFINE_MUTEX(classes_lock);
static struct kmem_cache *caches[NR_CLASSES];
static mempool_t *pools[NR_CLASSES];

static unsigned int class_of(size_t size)
{
	return max(order_base_2(size), CLASS_MIN_SHIFT) - CLASS_MIN_SHIFT;
}

static size_t class_size(unsigned int class)
{
	return (size_t)1 << (class + CLASS_MIN_SHIFT);
}

static size_t usable_class(size_t size, const void *addr)
{
	return class_size(class_of(size));
}

/* ---- slab ---- */

/*
 * A cache without a usercopy window makes the kernel stop at the first read()
 * under CONFIG_HARDENED_USERCOPY.
 */
static struct kmem_cache *make_cache(unsigned int class)
{
	size_t size = class_size(class);
	char name[32];

	snprintf(name, sizeof(name), "hello-%zu", size);
	return kmem_cache_create_usercopy(name, size, 0, SLAB_NO_MERGE, 0,
					  size, NULL);
}

static int prepare_slab(struct hello_mem *mem)
{
	unsigned int class = class_of(mem->size);

	mutex_lock(&classes_lock);
	if (!caches[class])
		caches[class] = make_cache(class);
	mem->cache = caches[class];
	mutex_unlock(&classes_lock);
	return mem->cache ? 0 : -ENOMEM;
}

static void *alloc_slab(struct hello_mem *mem)
{
	return kmem_cache_alloc_node(mem->cache, mem->gfp, mem->node);
}

static void free_slab(struct hello_mem *mem)
{
	kmem_cache_free(mem->cache, mem->addr);
}

/* ---- mempool ---- */

static int prepare_mempool(struct hello_mem *mem)
{
	unsigned int class = class_of(mem->size);

	mutex_lock(&classes_lock);
	if (!pools[class])
		pools[class] = mempool_create_kmalloc_pool(POOL_ELEMENTS,
							   class_size(class));
	mem->pool = pools[class];
	mutex_unlock(&classes_lock);
	return mem->pool ? 0 : -ENOMEM;
}

static void *alloc_mempool(struct hello_mem *mem)
{
	return mempool_alloc(mem->pool, mem->gfp);
}

static void free_mempool(struct hello_mem *mem)
{
	mempool_free(mem->addr, mem->pool);
}

/* ---- dma_coherent ---- */

static struct platform_device *dma_device;

static void *alloc_dma(struct hello_mem *mem)
{
	return dma_alloc_coherent(&dma_device->dev, mem->size, &mem->dma, mem->gfp);
}

static void free_dma(struct hello_mem *mem)
{
	dma_free_coherent(&dma_device->dev, mem->size, mem->addr, mem->dma);
}

/* Without a device of its own the DMA API knows neither mask nor bus. */
static const char *init_dma(void)
{
	dma_device = platform_device_register_simple("hello-dma",
						     PLATFORM_DEVID_NONE,
						     NULL, 0);
	if (IS_ERR(dma_device)) {
		dma_device = NULL;
		return "its platform device could not be registered";
	}
	if (dma_set_mask_and_coherent(&dma_device->dev, DMA_BIT_MASK(64))) {
		platform_device_unregister(dma_device);
		dma_device = NULL;
		return "this machine has no coherent DMA for it";
	}
	return NULL;
}

/* No page references: the caller pins the memory for as long as it is mapped. */
static int mmap_dma(const struct hello_mem *mem, struct vm_area_struct *vma)
{
	return dma_mmap_coherent(&dma_device->dev, vma, mem->addr, mem->dma,
				 PAGE_ALIGN(mem->size));
}

/* ---- nothing ---- */

static void *alloc_nothing(struct hello_mem *mem)
{
	return NULL;
}

static void free_nothing(struct hello_mem *mem)
{
}

/* ---- the table ---- */

#ifdef CONFIG_HIGHMEM
#define NO_HIGHMEM	HELLO_GFP_HIGHUSER
#else
#define NO_HIGHMEM	0
#endif

static struct allocator allocators[] = {
	{
		.choice.name	= "kmalloc",
		.words		= HELLO_GFP_ALL & ~(HELLO_GFP_HIGHUSER |
						    HELLO_GFP_DMA32),
		.flags		= CONTIGUOUS | NODE | CHARGE | ZERO,
		.max		= KMALLOC_MAX_SIZE,
		.usable		= usable_kmalloc,
		.alloc		= alloc_kmalloc,
		.free		= free_kmalloc,
	}, {
		.choice.name	= "vmalloc",
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_USER |
				  HELLO_GFP_NOFS | HELLO_GFP_NOIO |
				  HELLO_GFP_NORETRY,
		.flags		= PAGES | CHARGE | ZERO,
		.usable		= usable_pages,
		.alloc		= alloc_vmalloc,
		.free		= free_vmalloc,
	}, {
		.choice.name	= "kvmalloc",
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_USER,
		.flags		= BY_SIZE | NODE | CHARGE | ZERO,
		/* Of more, which rounding up to pages could make, it warns. */
		.max		= INT_MAX & PAGE_MASK,
		.usable		= usable_kvmalloc,
		.alloc		= alloc_kvmalloc,
		.free		= free_kvmalloc,
	}, {
		.choice.name	= "pages",
		.words		= HELLO_GFP_ALL & ~NO_HIGHMEM,
		.flags		= CONTIGUOUS | PAGES | NODE | CHARGE | ZERO,
		.max		= KMALLOC_MAX_SIZE,
		.usable		= usable_order,
		.alloc		= alloc_pages_mode,
		.free		= free_pages_mode,
	}, {
		.choice.name	= "pages_exact",
		.words		= HELLO_GFP_ALL & ~NO_HIGHMEM,
		.flags		= CONTIGUOUS | PAGES | CHARGE | ZERO,
		.max		= KMALLOC_MAX_SIZE,
		.usable		= usable_pages,
		.alloc		= alloc_pages_exact_mode,
		.free		= free_pages_exact_mode,
	}, {
		.choice.name	= "slab",
		.words		= HELLO_GFP_ALL & ~(HELLO_GFP_HIGHUSER |
						    HELLO_GFP_DMA32 |
						    HELLO_GFP_DMA),
		.flags		= CONTIGUOUS | NODE | CHARGE | ZERO,
		.max		= 1 << CLASS_MAX_SHIFT,
		.usable		= usable_class,
		.prepare	= prepare_slab,
		.alloc		= alloc_slab,
		.free		= free_slab,
	}, {
		/* A mask that may reclaim would sleep for ever on an empty pool. */
		.choice.name	= "mempool",
		.words		= HELLO_GFP_ATOMIC | HELLO_GFP_NOWAIT |
				  HELLO_GFP_DMA | HELLO_GFP_NORETRY |
				  HELLO_GFP_RETRY_MAYFAIL |
				  HELLO_GFP_THISNODE | HELLO_GFP_HIGH,
		.flags		= CONTIGUOUS,
		.max		= 1 << CLASS_MAX_SHIFT,
		.usable		= usable_class,
		.prepare	= prepare_mempool,
		.alloc		= alloc_mempool,
		.free		= free_mempool,
	}, {
		.choice.name	= "dma_coherent",
		.words		= HELLO_GFP_ALL & ~(HELLO_GFP_HIGHUSER |
						    HELLO_GFP_DMA32 |
						    HELLO_GFP_DMA),
		.flags		= CONTIGUOUS | PAGES | ZEROED,
		.max		= KMALLOC_MAX_SIZE,
		.init		= init_dma,
		.usable		= usable_order,
		.alloc		= alloc_dma,
		.free		= free_dma,
		.mmap		= mmap_dma,
	}, {
		/* The last one: HELLO_ALLOC_NOTHING, which nobody may choose. */
		.alloc		= alloc_nothing,
		.free		= free_nothing,
	},
};

static_assert(ARRAY_SIZE(allocators) <= U8_MAX, "hello_mem has a byte for it");

const struct hello_table hello_allocators = {
	.first	= &allocators[0].choice,
	.stride	= sizeof(allocators[0]),
	.nr	= ARRAY_SIZE(allocators) - 1,
};

/* ---- interface ---- */

static const struct allocator *allocator_of(const struct hello_mem *mem)
{
	return &allocators[mem->allocator];
}

/**
 * hello_alloc_max() - the largest buffer of an allocator
 * @allocator: number in hello_allocators
 *
 * Return: bytes; all of RAM for those without a limit of their own.
 */
size_t hello_alloc_max(unsigned int allocator)
{
	size_t ram = totalram_pages() << PAGE_SHIFT;
	size_t max = allocators[allocator].max;

	return max ? min(max, ram) : ram;
}

/**
 * hello_alloc_words() - the GFP words that an allocator honours
 * @allocator: number in hello_allocators
 *
 * The kernel drops the others silently, or warns of them.
 *
 * Return: the set.
 */
u32 hello_alloc_words(unsigned int allocator)
{
	return allocators[allocator].words;
}

/**
 * hello_alloc_has_node() - whether an allocator can be asked for a NUMA node
 * @allocator: number in hello_allocators
 *
 * Return: true if the kernel exports a way to do so.
 */
bool hello_alloc_has_node(unsigned int allocator)
{
	return allocators[allocator].flags & NODE;
}

/**
 * hello_alloc_trait() - what an allocator's memory is like
 * @allocator: number in hello_allocators
 * @trait: what about it
 *
 * Return: "yes", "no", or for which sizes.
 */
const char *hello_alloc_trait(unsigned int allocator, enum hello_trait trait)
{
	static const struct {
		u32 flag;
		const char *by_size;
	} traits[] = {
		[HELLO_TRAIT_CONTIGUOUS]	= { CONTIGUOUS, "small" },
		[HELLO_TRAIT_MAPPABLE]		= { PAGES, "large" },
		[HELLO_TRAIT_NODE]		= { NODE },
		[HELLO_TRAIT_CHARGED]		= { CHARGE },
	};
	u32 flags = allocators[allocator].flags;

	if (flags & BY_SIZE && traits[trait].by_size)
		return traits[trait].by_size;
	return flags & traits[trait].flag ? "yes" : "no";
}

/**
 * hello_alloc_plan() - find out what memory will take, to reserve it
 * @mem: what will be asked for; gets @mem->usable
 */
void hello_alloc_plan(struct hello_mem *mem)
{
	mem->usable = allocator_of(mem)->usable(mem->size, NULL);
}

/**
 * hello_alloc_prepare() - do what hello_alloc() must not or need not do
 * @mem: what will be asked for; its mask is completed
 *
 * Context: process, may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int hello_alloc_prepare(struct hello_mem *mem)
{
	const struct allocator *a = allocator_of(mem);

	mem->gfp |= __GFP_NOWARN;
	if (mem->zero && a->flags & ZERO)
		mem->gfp |= __GFP_ZERO;
	if (mem->charge && a->flags & CHARGE &&
	    (HELLO_MAPS_CHARGED_PAGES || !(a->flags & (PAGES | BY_SIZE))))
		mem->gfp |= __GFP_ACCOUNT;
	return a->prepare ? a->prepare(mem) : 0;
}

/**
 * hello_alloc() - allocate
 * @mem: what to allocate; @mem->addr is NULL afterwards if that failed
 *
 * Context: any that the mask allows, after hello_alloc_prepare().
 */
void hello_alloc(struct hello_mem *mem)
{
	mem->addr = allocator_of(mem)->alloc(mem);
}

/**
 * hello_alloc_settle() - find out what memory takes now that it is there
 * @mem: what hello_alloc() made; @mem->usable becomes exact
 *
 * Return: bytes that hello_alloc_plan() thought of and that are not taken.
 */
size_t hello_alloc_settle(struct hello_mem *mem)
{
	const struct allocator *a = allocator_of(mem);
	size_t planned = mem->usable;

	if (a->flags & BY_SIZE)
		mem->usable = a->usable(mem->size, mem->addr);
	return planned - mem->usable;
}

/**
 * hello_free() - give memory back to the allocator that made it
 * @mem: what hello_alloc() made
 *
 * Context: process, may sleep (vmalloc).
 */
void hello_free(struct hello_mem *mem)
{
	allocator_of(mem)->free(mem);
	mem->addr = NULL;
}

/**
 * hello_alloc_zeroed() - whether the allocator has zeroed the memory
 * @mem: what hello_alloc() made
 *
 * Return: false if the caller has still to do it.
 */
bool hello_alloc_zeroed(const struct hello_mem *mem)
{
	u32 flags = allocator_of(mem)->flags;

	return flags & ZEROED || (mem->zero && flags & ZERO);
}

/**
 * hello_alloc_contiguous() - whether memory is one physical block
 * @mem: what hello_alloc() made
 *
 * Return: true if it is, whatever its size.
 */
bool hello_alloc_contiguous(const struct hello_mem *mem)
{
	return !is_vmalloc_addr(mem->addr);
}

/**
 * hello_alloc_mappable() - whether user space may map the memory
 * @mem: what hello_alloc() made
 *
 * Slab memory may not: its pages hold other objects too.
 *
 * Return: true if it may.
 */
bool hello_alloc_mappable(const struct hello_mem *mem)
{
	return allocator_of(mem)->flags & PAGES || is_vmalloc_addr(mem->addr);
}

/**
 * hello_alloc_pages() - pages of the memory
 * @mem: what hello_alloc() made
 * @first: which page is the first one
 * @n: how many
 * @pages: filled; no reference is taken
 */
void hello_alloc_pages(const struct hello_mem *mem, pgoff_t first,
		       unsigned long n, struct page **pages)
{
	void *addr = mem->addr + (first << PAGE_SHIFT);
	struct page *page;
	unsigned long i;

	if (is_vmalloc_addr(addr)) {
		for (i = 0; i < n; i++)
			pages[i] = vmalloc_to_page(addr + (i << PAGE_SHIFT));
		return;
	}
	page = virt_to_page(addr);
	for (i = 0; i < n; i++)
		pages[i] = page + i;
}

/**
 * hello_alloc_node() - the NUMA node where memory begins
 * @mem: what hello_alloc() made
 *
 * Return: the node.
 */
int hello_alloc_node(const struct hello_mem *mem)
{
	struct page *page;

	hello_alloc_pages(mem, 0, 1, &page);
	return page_to_nid(page);
}

/**
 * hello_alloc_mmap() - map memory as a whole
 * @mem: mappable memory
 * @vma: where; within the memory
 *
 * The mapping does not pin the memory: the caller must.
 *
 * Return: 0, a negative errno, or -EOPNOTSUPP if the memory is made of pages
 * of hello_alloc_page(), to be mapped by reference.
 */
int hello_alloc_mmap(const struct hello_mem *mem, struct vm_area_struct *vma)
{
	const struct allocator *a = allocator_of(mem);

	return a->mmap ? a->mmap(mem, vma) : -EOPNOTSUPP;
}

/**
 * hello_alloc_init() - find out which allocators this kernel has
 */
void hello_alloc_init(void)
{
	unsigned int i;

	for (i = 0; i < hello_allocators.nr; i++)
		if (allocators[i].init)
			allocators[i].choice.missing = allocators[i].init();
}

/**
 * hello_alloc_exit() - unmake caches, pools and the DMA device
 *
 * All memory must have been given back.
 */
void hello_alloc_exit(void)
{
	unsigned int i;

	for (i = 0; i < NR_CLASSES; i++) {
		kmem_cache_destroy(caches[i]);
		mempool_destroy(pools[i]);
	}
	if (dma_device)
		platform_device_unregister(dma_device);
}
