/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocators that a buffer's memory can come from.
 */
#ifndef HELLO_ALLOC_H
#define HELLO_ALLOC_H

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/mempool.h>
#include <linux/types.h>

#include "recipe.h"
#include "table.h"

struct kmem_cache;
struct page;
struct vm_area_struct;

/**
 * struct hello_mem - one piece of memory, and what it was asked to be
 */
struct hello_mem {
	/** @recipe: how it is made; it goes back to where it came from */
	struct hello_recipe recipe;
	/** @addr: its kernel address; NULL if there was none */
	void *addr;
	union {
		/** @cache: where it comes from, for slab */
		struct kmem_cache *cache;
		/** @pool: where it comes from, for mempool */
		mempool_t *pool;
		/** @dma: its bus address, for dma_coherent */
		dma_addr_t dma;
		/** @any: whichever of these it is */
		u64 any;
	};
};

/* What an allocator's memory is like. */
#define HELLO_CONTIGUOUS	BIT(0)	/* always one physical block */
#define HELLO_MAPPABLE		BIT(1)	/* always pages that user space may map */
#define HELLO_NODE		BIT(2)	/* can be asked for a NUMA node */
#define HELLO_CHARGED		BIT(3)	/* can be charged to a cgroup */
#define HELLO_ZERO		BIT(4)	/* honours __GFP_ZERO */
#define HELLO_BY_SIZE		BIT(5)	/* small is contiguous, large mappable */

/**
 * struct hello_allocator - what can be said of an allocator, and its calls
 */
struct hello_allocator {
	/** @entry: its name */
	struct hello_entry entry;
	/** @words: the GFP words that it honours; others it drops or warns of */
	u32 words;
	/** @flags: what its memory is like */
	u32 flags;
	/** @max: the largest size; 0: as much as there is RAM */
	size_t max;
	/** @init: why this kernel or machine does not have it, or NULL */
	const char *(*init)(void);
	/** @usable: bytes that memory takes; NULL: at most, if %HELLO_BY_SIZE */
	size_t (*usable)(size_t size, const void *addr);
	/**
	 * @prepare: make what memory of @size comes from, such as a slab cache,
	 * which @find does not find yet; NULL if nothing. Calls are serialized
	 * and may sleep. Returns 0 or -ENOMEM.
	 */
	int (*prepare)(size_t size);
	/** @kept: buffers of @size whose memory @prepare keeps until unload */
	unsigned int kept;
	/** @find: note in @mem what @prepare made, or NULL; NULL if nothing */
	void (*find)(struct hello_mem *mem);
	/** @alloc: make memory of a planned recipe, in any context of its mask */
	void *(*alloc)(struct hello_mem *mem);
	/** @free: give memory back; may sleep */
	void (*free)(struct hello_mem *mem);
	/** @mmap: map memory whose pages must not be mapped one by one, or NULL */
	int (*mmap)(const struct hello_mem *mem, struct vm_area_struct *vma);
} ____cacheline_aligned;

/* With HELLO_CONTEXTS_MAX: a recipe's cell has a byte for both. */
#define HELLO_ALLOCATORS_MAX	16

extern const struct hello_table hello_allocator_table;
extern struct hello_allocator hello_allocators[];

/**
 * hello_allocator_of() - what makes and frees a piece of memory
 * @mem: the memory
 *
 * Return: its allocator.
 */
static inline const struct hello_allocator *
hello_allocator_of(const struct hello_mem *mem)
{
	return &hello_allocators[mem->recipe.alloc_mode];
}

/**
 * hello_alloc_find() - get memory ready to be allocated
 * @a: the allocator
 * @mem: of a recipe for it, for which hello_buffer_prepare() was called
 */
static inline void hello_alloc_find(const struct hello_allocator *a,
				    struct hello_mem *mem)
{
	if (unlikely(a->find))
		a->find(mem);
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
