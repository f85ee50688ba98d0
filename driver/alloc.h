/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocators.
 */
#ifndef HELLO_ALLOC_H
#define HELLO_ALLOC_H

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/types.h>

#include "recipe.h"
#include "table.h"

struct kmem_cache;
struct page;
struct page_frag_cache;
struct vm_area_struct;

/**
 * struct hello_mem - one piece of memory
 */
struct hello_mem {
	/** @recipe: its recipe, resolved */
	struct hello_recipe recipe;
	/** @addr: its kernel address, or NULL */
	void *addr;
	/* Private to the allocator. */
	union {
		/** @cache: for slab */
		struct kmem_cache *cache;
		/** @pool: for mempool */
		mempool_t *pool;
		/** @dma: bus address, for dma_coherent */
		dma_addr_t dma;
		/** @order: of the block, for pages */
		unsigned int order;
		/** @frags: of the thread, for page_frag */
		struct page_frag_cache *frags;
		/** @any: to copy and to test any of them */
		u64 any;
	};
};

/* Properties of an allocator's memory. */
#define HELLO_CONTIGUOUS	BIT(0)	/* always one physical block */
#define HELLO_MAPPABLE		BIT(1)	/* user space may always map its pages */
#define HELLO_NODE		BIT(2)	/* takes a NUMA node */
#define HELLO_CHARGED		BIT(3)	/* can be charged to a cgroup */
#define HELLO_ZERO		BIT(4)	/* honours __GFP_ZERO */
#define HELLO_BY_SIZE		BIT(5)	/* small is contiguous, large mappable */
#define HELLO_SPLIT		BIT(6)	/* a copy for each CPU: no address has it all */
#define HELLO_ATOMIC_POOL	BIT(7)	/* without blocking, from a pool that drivers share */

/**
 * struct hello_allocator - an entry of the table of allocators
 */
struct hello_allocator {
	/** @entry: its name */
	struct hello_entry entry;
	/** @words: the GFP words that it honours; it ignores or warns about others */
	u32 words;
	/** @flags: properties of its memory */
	u32 flags;
	/** @max: the largest size in bytes; 0: limited by RAM alone */
	size_t max;
	/** @init: returns NULL, or why this machine does not have it; may be NULL */
	const char *(*init)(void);
	/**
	 * @usable: bytes that an allocation of @size takes. @addr: the memory, or
	 * NULL before it exists; with %HELLO_BY_SIZE, NULL gives the maximum.
	 */
	size_t (*usable)(size_t size, const void *addr);
	/**
	 * @prepare: create the slab cache or the like for @size, which does not
	 * exist yet; may be NULL. Calls are serialized and may sleep. Returns 0 or
	 * -ENOMEM.
	 */
	int (*prepare)(size_t size);
	/** @kept: number of buffers that @prepare keeps allocated until unload */
	unsigned int kept;
	/**
	 * @lookup: get what @prepare created into @mem, or NULL; or derive what @alloc
	 * and @free need from the recipe; may be NULL
	 */
	void (*lookup)(struct hello_mem *mem);
	/**
	 * @begin: create what the calls of one thread share, in @mem; may be NULL.
	 * For experiments alone. May sleep. Returns 0 or -ENOMEM.
	 */
	int (*begin)(struct hello_mem *mem);
	/** @end: undo @begin, after all memory was freed; may sleep */
	void (*end)(struct hello_mem *mem);
	/** @alloc: allocate memory; called in the context of the recipe */
	void *(*alloc)(struct hello_mem *mem);
	/** @free: free memory; may sleep */
	void (*free)(struct hello_mem *mem);
	/** @bulk_max: largest object of @alloc_bulk in bytes; 0: it has no such call */
	size_t bulk_max;
	/**
	 * @alloc_bulk: allocate @n objects like @mem in process context; may sleep.
	 * Returns their number, their addresses come first in @addrs.
	 */
	unsigned int (*alloc_bulk)(const struct hello_mem *mem, unsigned int n,
				   void **addrs);
	/** @free_bulk: free @n objects; NULL: @free does so one by one */
	void (*free_bulk)(const struct hello_mem *mem, unsigned int n,
			  void **addrs);
	/** @mmap: map the range of @vma; NULL: the driver inserts the pages */
	int (*mmap)(const struct hello_mem *mem, struct vm_area_struct *vma);
} ____cacheline_aligned;

/* With HELLO_CONTEXTS_MAX: the cell of a recipe has one byte for both. */
#define HELLO_ALLOCATORS_MAX	16

/* The number of allocators for buffers; the rest is for experiments alone. */
#define HELLO_BUFFER_ALLOCATORS	8

extern const struct hello_table hello_allocator_table;	/* for buffers */
extern const struct hello_table hello_allocator_table_all;
extern struct hello_allocator hello_allocators[];

static inline const struct hello_allocator *
hello_allocator_of(const struct hello_mem *mem)
{
	return &hello_allocators[mem->recipe.alloc_mode];
}

/*
 * True if an allocation may use the reserves, a small zone or a shared pool.
 * Others depend on that memory, so max_reserve_size caps it.
 */
static inline bool hello_alloc_scarce(const struct hello_recipe *recipe)
{
	if (recipe->mask & (__GFP_HIGH | __GFP_DMA | __GFP_DMA32))
		return true;
	return hello_allocators[recipe->alloc_mode].flags & HELLO_ATOMIC_POOL &&
	       !gfpflags_allow_blocking(recipe->mask);
}

/* Must precede a->alloc(); hello_buffer_prepare() has prepared the recipe. */
static inline void hello_alloc_lookup(const struct hello_allocator *a,
				      struct hello_mem *mem)
{
	if (unlikely(a->lookup))
		a->lookup(mem);
}

size_t hello_alloc_max(unsigned int allocator);
const char *hello_alloc_trait(unsigned int allocator, u32 flag);

bool hello_alloc_contiguous(const struct hello_mem *mem);
bool hello_alloc_mappable(const struct hello_mem *mem);
bool hello_alloc_may_map(const struct hello_mem *mem);
struct page *hello_alloc_page(const struct hello_mem *mem, pgoff_t i);

void hello_alloc_init(void);
void hello_alloc_exit(void);

#endif /* HELLO_ALLOC_H */
