// SPDX-License-Identifier: GPL-2.0-only
/*
 * The allocators: each is a few functions and an entry in the table at the end.
 */
#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "alloc.h"
#include "compat.h"
#include "context.h"
#include "gfp.h"

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
	return kmalloc_node(mem->recipe.buffer_size, mem->recipe.mask,
			    mem->recipe.numa_node);
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
 * vmalloc() allocates page tables with GFP_KERNEL whatever the mask; only a
 * memalloc scope restricts that. Whole pages, since user space may map them.
 */
static void *alloc_vmalloc(struct hello_mem *mem)
{
	size_t size = PAGE_ALIGN(mem->recipe.buffer_size);
	unsigned int saved;
	void *addr;

	if (!(mem->recipe.mask & __GFP_IO)) {
		saved = memalloc_noio_save();
		addr = __vmalloc(size, mem->recipe.mask);
		memalloc_noio_restore(saved);
	} else if (!(mem->recipe.mask & __GFP_FS)) {
		saved = memalloc_nofs_save();
		addr = __vmalloc(size, mem->recipe.mask);
		memalloc_nofs_restore(saved);
	} else {
		addr = __vmalloc(size, mem->recipe.mask);
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
	size_t size = mem->recipe.buffer_size;

	/* Whole pages, as vmalloc; up to a page it comes from a slab. */
	if (size > PAGE_SIZE)
		size = PAGE_ALIGN(size);
	return kvmalloc_node(size, mem->recipe.mask, mem->recipe.numa_node);
}

/* With the largest pages that an area of vmalloc can have. */
static size_t usable_huge(size_t size, const void *addr)
{
	size_t pages = PAGE_ALIGN(size);

	return ALIGN(pages, pages >= PMD_SIZE ? PMD_SIZE :
		     1UL << arch_vmap_pte_supported_shift(pages));
}

/*
 * From 5.18 on a large area may consist of whole huge pages: then there is
 * memory where the guard page would be.
 */
static size_t usable_kvmalloc(size_t size, const void *addr)
{
	size_t pages = PAGE_ALIGN(size);
	size_t huge = usable_huge(size, addr);

	if (size <= KMALLOC_MAX_SIZE && !is_vmalloc_addr(addr))
		return usable_kmalloc(size, addr);
	if (addr && huge > pages && !vmalloc_to_page(addr + pages))
		return pages;
	return huge;
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

static void lookup_order(struct hello_mem *mem)
{
	mem->order = get_order(mem->recipe.buffer_size);
}

/*
 * GFP_HIGHUSER is offered only without highmem, but some allocators warn about
 * __GFP_HIGHMEM all the same. With __GFP_COMP every page is mappable, not the
 * first alone.
 */
static void *alloc_pages_mode(struct hello_mem *mem)
{
	struct page *page = alloc_pages_node(mem->recipe.numa_node,
					     (mem->recipe.mask & ~__GFP_HIGHMEM) | __GFP_COMP,
					     mem->order);

	return page ? page_address(page) : NULL;
}

static void free_pages_mode(struct hello_mem *mem)
{
	free_pages((unsigned long)mem->addr, mem->order);
}

/* Pages of one call, which keeps the CPU; vmalloc() asks for as many. */
#define BULK_PAGES	100UL

static unsigned long fill_pages(gfp_t mask, unsigned long n, struct page **pages)
{
	unsigned long done = 0;
	unsigned long got;

	/* A call may return fewer than it was asked for. */
	do {
		got = alloc_pages_bulk(mask, min(n - done, BULK_PAGES),
				       pages + done);
		done += got;
		cond_resched();
	} while (got && done < n);
	return done;
}

/* Single pages. */
static unsigned int alloc_bulk_pages(const struct hello_mem *mem, unsigned int n,
				     void **addrs)
{
	struct page **pages = (struct page **)addrs;
	unsigned int got, i;

	memset(pages, 0, n * sizeof(*pages));
	got = fill_pages(mem->recipe.mask & ~__GFP_HIGHMEM, n, pages);
	for (i = 0; i < got; i++)
		addrs[i] = page_address(pages[i]);
	return got;
}

/* ---- pages_exact ---- */

static void *alloc_pages_exact_mode(struct hello_mem *mem)
{
	return alloc_pages_exact(mem->recipe.buffer_size,
				 mem->recipe.mask & ~__GFP_HIGHMEM);
}

static void free_pages_exact_mode(struct hello_mem *mem)
{
	free_pages_exact(mem->addr, mem->recipe.buffer_size);
}

/* ---- size classes of slab and mempool ---- */

#define CLASS_MIN_SHIFT	5
#define CLASS_MAX_SHIFT	20
#define NR_CLASSES	(CLASS_MAX_SHIFT - CLASS_MIN_SHIFT + 1)
#define POOL_ELEMENTS	4

/* Created when a recipe is prepared, destroyed at unload. */
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
 * Without a usercopy window the first read() kills the caller under
 * CONFIG_HARDENED_USERCOPY.
 */
static struct kmem_cache *create_cache(unsigned int class)
{
	size_t size = class_size(class);
	char name[32];

	snprintf(name, sizeof(name), "hello-%zu", size);
	return kmem_cache_create_usercopy(name, size, 0, SLAB_NO_MERGE, 0,
					  size, NULL);
}

static int prepare_slab(size_t size)
{
	unsigned int class = class_of(size);
	struct kmem_cache *cache = create_cache(class);

	/* Pairs with the READ_ONCE() in lookup_slab(), which takes no lock. */
	smp_store_release(&caches[class], cache);
	return cache ? 0 : -ENOMEM;
}

static void lookup_slab(struct hello_mem *mem)
{
	mem->cache = READ_ONCE(caches[class_of(mem->recipe.buffer_size)]);
}

static void *alloc_slab(struct hello_mem *mem)
{
	return kmem_cache_alloc_node(mem->cache, mem->recipe.mask,
				     mem->recipe.numa_node);
}

static void free_slab(struct hello_mem *mem)
{
	kmem_cache_free(mem->cache, mem->addr);
}

static unsigned int alloc_bulk_slab(const struct hello_mem *mem, unsigned int n,
				    void **addrs)
{
	return kmem_cache_alloc_bulk(mem->cache, mem->recipe.mask, n, addrs) ? n : 0;
}

static void free_bulk_slab(const struct hello_mem *mem, unsigned int n,
			   void **addrs)
{
	kmem_cache_free_bulk(mem->cache, n, addrs);
}

/* ---- mempool ---- */

static int prepare_mempool(size_t size)
{
	unsigned int class = class_of(size);
	mempool_t *pool = mempool_create_kmalloc_pool(POOL_ELEMENTS,
						      class_size(class));

	/* Pairs with the READ_ONCE() in lookup_mempool(), which takes no lock. */
	smp_store_release(&pools[class], pool);
	return pool ? 0 : -ENOMEM;
}

static void lookup_mempool(struct hello_mem *mem)
{
	mem->pool = READ_ONCE(pools[class_of(mem->recipe.buffer_size)]);
}

static void *alloc_mempool(struct hello_mem *mem)
{
	return mempool_alloc(mem->pool, mem->recipe.mask);
}

static void free_mempool(struct hello_mem *mem)
{
	mempool_free(mem->addr, mem->pool);
}

/* ---- dma_coherent ---- */

static struct platform_device *dma_device;

static void *alloc_dma(struct hello_mem *mem)
{
	/* Whole pages, as mmap_dma() maps: a coherent pool zeroes no more than this. */
	return dma_alloc_coherent(&dma_device->dev,
				  PAGE_ALIGN(mem->recipe.buffer_size),
				  &mem->dma, mem->recipe.mask);
}

static void free_dma(struct hello_mem *mem)
{
	dma_free_coherent(&dma_device->dev,
			  PAGE_ALIGN(mem->recipe.buffer_size), mem->addr,
			  mem->dma);
}

/* The DMA API takes the mask and the bus from a device. */
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

/* Takes no page references: the caller keeps the memory while it is mapped. */
static int mmap_dma(const struct hello_mem *mem, struct vm_area_struct *vma)
{
	return dma_mmap_coherent(&dma_device->dev, vma, mem->addr, mem->dma,
				 PAGE_ALIGN(mem->recipe.buffer_size));
}

/* ---- percpu ---- */

static size_t usable_percpu(size_t size, const void *addr)
{
	return ALIGN(size, sizeof(u64)) * num_possible_cpus();
}

/* The address is a cookie, which no CPU can access. */
static void *alloc_percpu_mode(struct hello_mem *mem)
{
	return (void *)(__force unsigned long)
	       __alloc_percpu_gfp(mem->recipe.buffer_size, sizeof(u64),
				  mem->recipe.mask);
}

static void free_percpu_mode(struct hello_mem *mem)
{
	free_percpu((void __percpu __force *)(unsigned long)mem->addr);
}

/* ---- page_frag ---- */

/* As networking does: fragments share no cache line. */
static size_t frag_size(size_t size)
{
	return ALIGN(size, SMP_CACHE_BYTES);
}

/* A share of the block that it is cut from. */
static size_t usable_frag(size_t size, const void *addr)
{
	return PAGE_FRAG_CACHE_MAX_SIZE /
	       (PAGE_FRAG_CACHE_MAX_SIZE / frag_size(size));
}

/* A cache has no lock: one for each thread. */
static int begin_frag(struct hello_mem *mem)
{
	mem->frags = kzalloc(sizeof(*mem->frags), GFP_KERNEL);
	return mem->frags ? 0 : -ENOMEM;
}

static void end_frag(struct hello_mem *mem)
{
	page_frag_cache_drain(mem->frags);
	kfree(mem->frags);
}

static void *alloc_frag(struct hello_mem *mem)
{
	return page_frag_alloc(mem->frags, frag_size(mem->recipe.buffer_size),
			       mem->recipe.mask);
}

static void free_frag(struct hello_mem *mem)
{
	page_frag_free(mem->addr);
}

/* ---- vmalloc_huge ---- */

static void *alloc_huge(struct hello_mem *mem)
{
	return vmalloc_huge(PAGE_ALIGN(mem->recipe.buffer_size),
			    mem->recipe.mask);
}

/* ---- alloc_pages_bulk ---- */

static void *alloc_bulk_mode(struct hello_mem *mem)
{
	unsigned long n = PAGE_ALIGN(mem->recipe.buffer_size) >> PAGE_SHIFT;
	struct page **pages = kvmalloc_array(n, sizeof(*pages),
					     mem->recipe.mask | __GFP_ZERO);
	unsigned long done;
	void *addr = NULL;

	if (!pages)
		return NULL;
	done = fill_pages(mem->recipe.mask, n, pages);
	/* vfree() frees the pages and the array. */
	if (done == n)
		addr = vmap(pages, n, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (addr)
		return addr;
	while (done--)
		__free_page(pages[done]);
	kvfree(pages);
	return NULL;
}

/* ---- the table ---- */

#ifdef CONFIG_HIGHMEM
#define NO_HIGHMEM	HELLO_GFP_HIGHUSER
#else
#define NO_HIGHMEM	0
#endif

struct hello_allocator hello_allocators[] __ro_after_init = {
	{
		.entry.name	= "kmalloc",
		.words		= HELLO_GFP_ALL & ~(HELLO_GFP_HIGHUSER |
						    HELLO_GFP_DMA32),
		.flags		= HELLO_CONTIGUOUS | HELLO_NODE | HELLO_CHARGED |
				  HELLO_ZERO,
		.max		= KMALLOC_MAX_SIZE,
		.usable		= usable_kmalloc,
		.alloc		= alloc_kmalloc,
		.free		= free_kmalloc,
	}, {
		.entry.name	= "vmalloc",
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_USER |
				  HELLO_GFP_NOFS | HELLO_GFP_NOIO |
				  HELLO_GFP_NORETRY,
		.flags		= HELLO_MAPPABLE | HELLO_CHARGED_IF_MAPPABLE | HELLO_ZERO,
		.usable		= usable_pages,
		.alloc		= alloc_vmalloc,
		.free		= free_vmalloc,
	}, {
		.entry.name	= "kvmalloc",
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_USER,
		.flags		= HELLO_BY_SIZE | HELLO_NODE | HELLO_CHARGED_IF_MAPPABLE |
				  HELLO_ZERO,
		/* kvmalloc() warns above INT_MAX, whole pages included. */
		.max		= INT_MAX & PAGE_MASK,
		.usable		= usable_kvmalloc,
		.alloc		= alloc_kvmalloc,
		.free		= free_kvmalloc,
	}, {
		.entry.name	= "pages",
		.words		= HELLO_GFP_ALL & ~NO_HIGHMEM,
		.flags		= HELLO_CONTIGUOUS | HELLO_MAPPABLE | HELLO_NODE |
				  HELLO_CHARGED_IF_MAPPABLE | HELLO_ZERO,
		.max		= KMALLOC_MAX_SIZE,
		.usable		= usable_order,
		.lookup		= lookup_order,
		.alloc		= alloc_pages_mode,
		.free		= free_pages_mode,
		.bulk_max	= HELLO_BULK_PAGE_SIZE,
		.alloc_bulk	= alloc_bulk_pages,
	}, {
		.entry.name	= "pages_exact",
		.words		= HELLO_GFP_ALL & ~NO_HIGHMEM,
		.flags		= HELLO_CONTIGUOUS | HELLO_MAPPABLE |
				  HELLO_CHARGED_IF_MAPPABLE | HELLO_ZERO,
		.max		= KMALLOC_MAX_SIZE,
		.usable		= usable_pages,
		.alloc		= alloc_pages_exact_mode,
		.free		= free_pages_exact_mode,
	}, {
		.entry.name	= "slab",
		.words		= HELLO_GFP_ALL & ~(HELLO_GFP_HIGHUSER |
						    HELLO_GFP_DMA32 |
						    HELLO_GFP_DMA),
		.flags		= HELLO_CONTIGUOUS | HELLO_NODE | HELLO_CHARGED |
				  HELLO_ZERO,
		.max		= 1 << CLASS_MAX_SHIFT,
		.usable		= usable_class,
		.prepare	= prepare_slab,
		.lookup		= lookup_slab,
		.alloc		= alloc_slab,
		.free		= free_slab,
		.bulk_max	= 1 << CLASS_MAX_SHIFT,
		.alloc_bulk	= alloc_bulk_slab,
		.free_bulk	= free_bulk_slab,
	}, {
		/* If the mask may reclaim, mempool_alloc() of an empty pool sleeps for ever. */
		.entry.name	= "mempool",
		.words		= HELLO_GFP_ATOMIC | HELLO_GFP_NOWAIT |
				  HELLO_GFP_DMA | HELLO_GFP_NORETRY |
				  HELLO_GFP_RETRY_MAYFAIL |
				  HELLO_GFP_THISNODE | HELLO_GFP_HIGH,
		.flags		= HELLO_CONTIGUOUS,
		.max		= 1 << CLASS_MAX_SHIFT,
		.usable		= usable_class,
		.prepare	= prepare_mempool,
		.kept		= POOL_ELEMENTS,
		.lookup		= lookup_mempool,
		.alloc		= alloc_mempool,
		.free		= free_mempool,
	}, {
		.entry.name	= "dma_coherent",
		.words		= HELLO_GFP_ALL & ~(HELLO_GFP_HIGHUSER |
						    HELLO_GFP_DMA32 |
						    HELLO_GFP_DMA),
		.flags		= HELLO_CONTIGUOUS | HELLO_MAPPABLE | HELLO_ZERO |
				  HELLO_ATOMIC_POOL,
		.max		= KMALLOC_MAX_SIZE,
		.init		= init_dma,
		.usable		= usable_order,
		.alloc		= alloc_dma,
		.free		= free_dma,
		.mmap		= mmap_dma,
	},
	/* From here on: for experiments alone. */
	[HELLO_BUFFER_ALLOCATORS] = {
		/* Without reclaim it takes of the pages that percpu keeps in reserve. */
		.entry.name	= "percpu",
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_ATOMIC |
				  HELLO_GFP_NORETRY,
		.flags		= HELLO_CHARGED | HELLO_ZERO | HELLO_SPLIT,
		.max		= PCPU_MIN_UNIT_SIZE,
		.usable		= usable_percpu,
		.alloc		= alloc_percpu_mode,
		.free		= free_percpu_mode,
	}, {
		.entry.name	= "page_frag",
		.words		= HELLO_GFP_ALL & ~HELLO_GFP_HIGHUSER,
		.flags		= HELLO_CONTIGUOUS,
		/* A larger one fails if memory is short. */
		.max		= PAGE_SIZE,
		.usable		= usable_frag,
		.begin		= begin_frag,
		.end		= end_frag,
		.alloc		= alloc_frag,
		.free		= free_frag,
	}, {
		.entry.name	= "vmalloc_huge",
		.entry.missing	= HELLO_NO_VMALLOC_HUGE,
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_USER |
				  HELLO_GFP_NORETRY,
		.flags		= HELLO_CHARGED | HELLO_ZERO,
		.usable		= usable_huge,
		.alloc		= alloc_huge,
		.free		= free_vmalloc,
	}, {
		.entry.name	= "alloc_pages_bulk",
		.entry.missing	= HELLO_NO_ALLOC_PAGES_BULK,
		.words		= HELLO_GFP_KERNEL | HELLO_GFP_USER |
				  HELLO_GFP_NORETRY,
		.flags		= HELLO_ZERO,
		.usable		= usable_pages,
		.alloc		= alloc_bulk_mode,
		.free		= free_vmalloc,
	},
};

static_assert(ARRAY_SIZE(hello_allocators) <= HELLO_ALLOCATORS_MAX);
static_assert(HELLO_ALLOCATORS_MAX * HELLO_CONTEXTS_MAX <= U8_MAX + 1);
static_assert(offsetofend(struct hello_mem, any) == sizeof(struct hello_mem),
	      "hello_buffer_adopt() copies any in place of the union");

const struct hello_table hello_allocator_table_all = HELLO_TABLE(hello_allocators);
const struct hello_table hello_allocator_table =
	HELLO_TABLE_HEAD(hello_allocators, HELLO_BUFFER_ALLOCATORS);

/* ---- interface ---- */

/* The largest buffer of an allocator in bytes, at most all of RAM. */
size_t hello_alloc_max(unsigned int allocator)
{
	u64 ram = min_t(u64, (u64)totalram_pages() << PAGE_SHIFT, LONG_MAX);

	return min_t(u64, hello_allocators[allocator].max ?: ram, ram);
}

/**
 * hello_alloc_trait() - a property of an allocator, as text
 * @allocator: number in hello_allocator_table
 * @flag: one of the flags of struct hello_allocator
 *
 * Return: "yes", "no", or the sizes that have it: "small" or "large".
 */
const char *hello_alloc_trait(unsigned int allocator, u32 flag)
{
	u32 flags = hello_allocators[allocator].flags;

	if (flag & HELLO_MAPPABLE && hello_dcache_aliases())
		return "no";
	if (flags & HELLO_BY_SIZE && flag & HELLO_CONTIGUOUS)
		return "small";
	if (flags & HELLO_BY_SIZE && flag & HELLO_MAPPABLE)
		return "large";
	return flags & flag ? "yes" : "no";
}

/**
 * hello_alloc_contiguous() - whether memory is one physical block
 * @mem: allocated memory
 *
 * dma_coherent memory always is, as the device sees it: without coherent DMA its
 * kernel address is in the vmalloc area all the same.
 */
bool hello_alloc_contiguous(const struct hello_mem *mem)
{
	return hello_allocator_of(mem)->flags & HELLO_CONTIGUOUS ||
	       !is_vmalloc_addr(mem->addr);
}

/**
 * hello_alloc_mappable() - whether user space may map the memory
 * @mem: allocated memory
 *
 * Never slab memory, whose pages hold other objects too. Nothing if the data
 * cache aliases: user space and the driver would see different bytes.
 */
bool hello_alloc_mappable(const struct hello_mem *mem)
{
	return hello_alloc_may_map(mem) &&
	       (hello_allocator_of(mem)->flags & HELLO_MAPPABLE ||
		is_vmalloc_addr(mem->addr));
}

/* False if hello_alloc_mappable() cannot be true; @mem may be unallocated. */
bool hello_alloc_may_map(const struct hello_mem *mem)
{
	return !hello_dcache_aliases() && hello_allocator_of(mem)->flags &
	       (HELLO_MAPPABLE | HELLO_BY_SIZE);
}

/* Page number @i of allocated memory, without a reference. */
struct page *hello_alloc_page(const struct hello_mem *mem, pgoff_t i)
{
	void *addr = mem->addr + (i << PAGE_SHIFT);

	return is_vmalloc_addr(addr) ? vmalloc_to_page(addr) :
				       virt_to_page(addr);
}

/* Finds the allocators that are missing. */
void hello_alloc_init(void)
{
	struct hello_allocator *a;

	for (a = hello_allocators; a < hello_allocators + hello_allocator_table_all.nr; a++)
		if (a->init)
			a->entry.missing = a->init();
}

/* Destroys caches, pools and the DMA device; all memory must be freed. */
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
