/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A refcounted buffer made from a recipe, and the bytes in it.
 */
#ifndef HELLO_BUFFER_H
#define HELLO_BUFFER_H

#include <linux/refcount.h>

#include "alloc.h"

/**
 * struct hello_buffer - memory and how much of it is contents
 *
 * It has no lock: the store that holds it does. Until hello_buffer_alloc_mem() or
 * hello_buffer_adopt() it has no memory either, but all that can be said before.
 */
struct hello_buffer {
	/** @mem: the memory; its recipe's buffer_size is the capacity */
	struct hello_mem mem;
	/** @length: bytes of contents, or what they will be; at most the capacity */
	size_t length;
	/** @dirty: bytes from here on are zero; at least @length */
	size_t dirty;
	/** @pages: once it was mapped page by page: all of its pages; else NULL */
	struct page **pages;
	/** @alloc_ns: nanoseconds that the allocator took */
	u64 alloc_ns;
	/**
	 * @users: the store, and lockless readers. The header is type-safe under
	 * RCU: a reader that takes a reference rechecks the pointer to it.
	 */
	refcount_t users;
	/** @slab: the header is an object of its own, given back with the memory */
	bool slab;
	/** @emptied: it was truncated: a new recipe does not bring the fill back */
	bool emptied;
	/** @abandoned: its migration was killed; read without the lock */
	bool abandoned;
};

int hello_buffer_prepare(const struct hello_recipe *recipe);

const char *hello_buffer_reserve(const struct hello_recipe *recipe,
				 unsigned int n);
void hello_buffer_release(const struct hello_recipe *recipe, unsigned int n);

/**
 * hello_buffer_setup() - begin a buffer
 * @buffer: raw memory, or a buffer whose last reference was put
 * @recipe: how its memory will be made
 * @slab: the header came from hello_buffer_new(); else it is part of something
 */
static inline void hello_buffer_setup(struct hello_buffer *buffer,
				      const struct hello_recipe *recipe,
				      bool slab)
{
	buffer->mem.recipe = *recipe;
	buffer->mem.addr = NULL;
	buffer->mem.any = 0;
	buffer->pages = NULL;
	buffer->length = recipe->init_mode == HELLO_INIT_ZERO ?
			 0 : recipe->buffer_size;
	buffer->dirty = buffer->length;
	buffer->slab = slab;
	buffer->emptied = false;
	buffer->abandoned = false;
	/*
	 * From here on a reader with a stale pointer can take a reference; it
	 * rechecks the pointer and drops it. As refcount_set_release(), which is
	 * newer than some kernels.
	 */
	atomic_set_release(&buffer->users.refs, 1);
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
 * Return: false if its memory is being given back already.
 */
static inline bool hello_buffer_get(struct hello_buffer *buffer)
{
	if (!refcount_inc_not_zero(&buffer->users))
		return false;
	/* What is looked at from here on is not of an earlier life. */
	smp_acquire__after_ctrl_dep();
	return true;
}

/**
 * hello_buffer_put() - give a reference back, and with the last the memory
 * @buffer: the buffer, or NULL
 *
 * Context: process, may sleep.
 */
static inline void hello_buffer_put(struct hello_buffer *buffer)
{
	if (buffer && refcount_dec_and_test(&buffer->users))
		hello_buffer_free(buffer);
}

/**
 * hello_buffer_ready() - whether a buffer has its memory
 * @buffer: the buffer, pinned or locked
 *
 * Return: true if it has, and then all of it can be looked at.
 */
static inline bool hello_buffer_ready(const struct hello_buffer *buffer)
{
	/* Pairs with the release of hello_buffer_adopt(). */
	return smp_load_acquire(&buffer->mem.addr);
}

int hello_buffer_mmap(struct hello_buffer *buffer, struct vm_area_struct *vma);
bool hello_buffer_zero_tail(struct hello_buffer *buffer, size_t max);
void hello_buffer_dirty_tail(struct hello_buffer *buffer);

/**
 * hello_buffer_set_empty() - let a buffer that is not used yet begin empty
 * @buffer: set up, not published; its fill, if any, is not shown
 */
static inline void hello_buffer_set_empty(struct hello_buffer *buffer)
{
	buffer->length = 0;
	buffer->emptied = true;
}

/**
 * hello_buffer_extend() - let contents reach to where a write ended
 * @buffer: the buffer, locked for writing by its store
 * @end: first byte after what was written
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
