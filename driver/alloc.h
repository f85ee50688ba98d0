/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocators that a buffer's memory can come from.
 */
#ifndef HELLO_ALLOC_H
#define HELLO_ALLOC_H

#include <linux/mempool.h>
#include <linux/types.h>

#include "table.h"

struct kmem_cache;
struct page;
struct vm_area_struct;

/**
 * struct hello_mem - one piece of memory, and what it was asked to be
 */
struct hello_mem {
	/** @addr: its kernel address; NULL before and after its life */
	void *addr;
	/** @size: bytes asked for */
	size_t size;
	/** @usable: bytes that it takes; at most, before it is allocated */
	size_t usable;
	union {
		/** @cache: where it comes from, for slab */
		struct kmem_cache *cache;
		/** @pool: where it comes from, for mempool */
		mempool_t *pool;
		/** @dma: its bus address, for dma_coherent */
		dma_addr_t dma;
	};
	/** @gfp: the mask; hello_alloc_prepare() completes it */
	gfp_t gfp;
	/** @node: the NUMA node asked for, -1 for any */
	s16 node;
	/** @allocator: number in hello_allocators; memory goes back where it came from */
	u8 allocator;
	/** @charge: charge it to the cgroup of the calling task */
	bool charge : 1;
	/** @zero: ask the allocator for zeroed memory */
	bool zero : 1;
};

/* What can be said of an allocator before it has allocated. */
enum hello_trait {
	HELLO_TRAIT_CONTIGUOUS,
	HELLO_TRAIT_MAPPABLE,
	HELLO_TRAIT_NODE,
	HELLO_TRAIT_CHARGED,
};

extern const struct hello_table hello_allocators;

/*
 * The number of an allocator that does nothing, which is not in the table: what
 * calling it costs is what the way through the table costs.
 */
#define HELLO_ALLOC_NOTHING	(hello_allocators.nr)

size_t hello_alloc_max(unsigned int allocator);
u32 hello_alloc_words(unsigned int allocator);
bool hello_alloc_has_node(unsigned int allocator);
const char *hello_alloc_trait(unsigned int allocator, enum hello_trait trait);
void hello_alloc_plan(struct hello_mem *mem);
int hello_alloc_prepare(struct hello_mem *mem);
void hello_alloc(struct hello_mem *mem);
size_t hello_alloc_settle(struct hello_mem *mem);
void hello_free(struct hello_mem *mem);

bool hello_alloc_zeroed(const struct hello_mem *mem);
bool hello_alloc_contiguous(const struct hello_mem *mem);
bool hello_alloc_mappable(const struct hello_mem *mem);
void hello_alloc_pages(const struct hello_mem *mem, pgoff_t first,
		       unsigned long n, struct page **pages);
int hello_alloc_mmap(const struct hello_mem *mem, struct vm_area_struct *vma);
int hello_alloc_node(const struct hello_mem *mem);

void hello_alloc_init(void);
void hello_alloc_exit(void);

#endif /* HELLO_ALLOC_H */
