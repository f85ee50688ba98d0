/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A refcounted buffer: memory allocated by a recipe, and its contents.
 */
#ifndef HELLO_BUFFER_H
#define HELLO_BUFFER_H

#include <linux/refcount.h>

#include "alloc.h"

/**
 * struct hello_buffer - memory, and the length of its contents
 *
 * The lock of its store guards it. It has no memory before
 * hello_buffer_alloc_mem() or hello_buffer_adopt().
 */
struct hello_buffer {
	/** @mem: the memory; buffer_size of its recipe is the capacity */
	struct hello_mem mem;
	/** @length: bytes of contents, at most the capacity; known without memory */
	size_t length;
	/** @dirty: bytes from here on are zero; at least @length */
	size_t dirty;
	/**
	 * @pages: all of its pages, NULL before the first mapping; set by
	 * cmpxchg(), not under the lock
	 */
	struct page **pages;
	/** @alloc_ns: nanoseconds that the allocator took */
	u64 alloc_ns;
	/**
	 * @refs: references of the store and of lockless readers. The header is
	 * type-safe under RCU: a reader rechecks the pointer after it took one.
	 */
	refcount_t refs;
	/** @own_header: the header was allocated, and is freed with the memory */
	bool own_header;
	/** @emptied: it was truncated, so a new recipe must not fill it */
	bool emptied;
	/** @outdated: a write through a mapping may be missing in it: do not publish */
	bool outdated;
	/** @abandoned: its migration was killed; accessed locklessly */
	bool abandoned;
};

int hello_buffer_prepare(const struct hello_recipe *recipe);

const char *hello_buffer_reserve(const struct hello_recipe *recipe,
				 unsigned int n);
void hello_buffer_release(const struct hello_recipe *recipe, unsigned int n);

/**
 * hello_buffer_setup() - initialize a buffer without memory, with one reference
 * @buffer: uninitialized but for its recipe, which is resolved; no reader can
 *	    take a reference
 * @own_header: the header was allocated by hello_buffer_new()
 */
static inline void hello_buffer_setup(struct hello_buffer *buffer,
				      bool own_header)
{
	const struct hello_recipe *recipe = &buffer->mem.recipe;

	buffer->mem.addr = NULL;
	buffer->mem.any = 0;
	buffer->pages = NULL;
	buffer->length = recipe->init_mode == HELLO_INIT_ZERO ?
			 0 : recipe->buffer_size;
	buffer->dirty = buffer->length;
	buffer->own_header = own_header;
	buffer->emptied = false;
	buffer->outdated = false;
	buffer->abandoned = false;
	/*
	 * From here on a reader with a stale pointer can take a reference; it
	 * rechecks the pointer and drops it. Some kernels do not have
	 * refcount_set_release().
	 */
	atomic_set_release(&buffer->refs.refs, 1);
}

struct hello_buffer *hello_buffer_new(const struct hello_recipe *recipe);
int hello_buffer_alloc_mem(struct hello_buffer *buffer);
bool hello_buffer_adopt(struct hello_buffer *to, struct hello_buffer *from);
struct hello_buffer *hello_buffer_create(const struct hello_recipe *recipe);
void hello_buffer_free(struct hello_buffer *buffer);

/**
 * hello_buffer_get() - take a reference
 * @buffer: a buffer found under rcu_read_lock()
 *
 * Return: false if it is being freed.
 */
static inline bool hello_buffer_get(struct hello_buffer *buffer)
{
	if (!refcount_inc_not_zero(&buffer->refs))
		return false;
	/* Pairs with the release in hello_buffer_setup(). */
	smp_acquire__after_ctrl_dep();
	return true;
}

/**
 * hello_buffer_put() - drop a reference; the last one frees the memory
 * @buffer: the buffer, or NULL
 *
 * Context: process, may sleep.
 */
static inline void hello_buffer_put(struct hello_buffer *buffer)
{
	if (buffer && refcount_dec_and_test(&buffer->refs))
		hello_buffer_free(buffer);
}

/**
 * hello_buffer_ready() - whether a buffer has its memory
 * @buffer: a pinned or locked buffer
 *
 * Return: true if so, and then its other members are valid too.
 */
static inline bool hello_buffer_ready(const struct hello_buffer *buffer)
{
	/* Pairs with the release of hello_buffer_adopt(). */
	return smp_load_acquire(&buffer->mem.addr);
}

int hello_buffer_mmap(struct hello_buffer *buffer, struct vm_area_struct *vma);
bool hello_buffer_zero_tail(struct hello_buffer *buffer, size_t max);
void hello_buffer_dirty_tail(struct hello_buffer *buffer);

/* Makes a buffer that is not published yet empty, whatever its init_mode. */
static inline void hello_buffer_set_empty(struct hello_buffer *buffer)
{
	buffer->length = 0;
	buffer->emptied = true;
}

/**
 * hello_buffer_extend() - extend the contents to the end of a write
 * @buffer: the buffer; the caller holds its store's lock for writing
 * @end: offset after the last byte written
 */
static inline void hello_buffer_extend(struct hello_buffer *buffer, size_t end)
{
	if (end <= buffer->length)
		return;
	/* hello_store_peek() reads it locklessly. */
	WRITE_ONCE(buffer->length, end);
	buffer->dirty = max(buffer->dirty, end);
}

u64 hello_buffer_pinned(void);
u64 hello_buffer_peak(int allocator);
void hello_buffer_reset_peaks(void);

int hello_buffer_init(void);
void hello_buffer_exit(void);

#endif /* HELLO_BUFFER_H */
