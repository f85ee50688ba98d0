/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer behind a lock: what an open file reads, writes and maps. A private
 * open has a store of its own; all shared opens have one together.
 */
#ifndef HELLO_STORE_H
#define HELLO_STORE_H

#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "buffer.h"
#include "lock.h"
#include "recipe.h"

struct vm_area_struct;

/**
 * struct hello_store - a buffer behind a lock
 */
struct hello_store {
	/** @lock: guards all but the counts of mappings and @wait */
	struct hello_lock lock;
	/** @buffer: the buffer; without memory as long as nobody needs that */
	struct hello_buffer __rcu *buffer;
	/**
	 * @next: the successor while @buffer is being replaced, else NULL. Its
	 * length says how much of the contents it has; a write below that goes
	 * to both. If it is abandoned, its migration was killed.
	 */
	struct hello_buffer *next;
	/** @changes: from 1, one more for each change; poll reads it without the lock */
	unsigned long changes;
	/** @maps: mappings; leaves 0 under @lock only, so a holder can trust 0 */
	atomic_t maps;
	/** @writable_maps: those of @maps through which contents may change */
	atomic_t writable_maps;
	/** @wait: pollers */
	wait_queue_head_t wait;
	/** @first: the first @buffer, for most stores the only one */
	struct hello_buffer first;
};

/**
 * struct hello_store_info - what is in a store
 */
struct hello_store_info {
	/** @recipe: what the buffer was, or will be, made from */
	struct hello_recipe recipe;
	/** @length: bytes of contents, or what the first use will make of them */
	size_t length;
	/** @alloc_ns: nanoseconds that its allocation took */
	u64 alloc_ns;
	/** @node: NUMA node where it begins, -1 if there is none yet */
	int node;
	/** @flags: &enum hello_info_flags */
	u32 flags;
	/** @maps: how often it is mapped */
	int maps;
	/** @changes: how often contents changed */
	u64 changes;
	/** @lock_mode: number of its lock in hello_lock_table */
	unsigned int lock_mode;
};

void hello_store_init(struct hello_store *store, unsigned int lock_type,
		      bool counted);
void hello_store_stop(struct hello_store *store);

int hello_store_populate(struct hello_store *store, u64 max);
int hello_store_replace(struct hello_store *store,
			const struct hello_recipe *recipe);
int hello_store_discard(struct hello_store *store,
			const struct hello_recipe *recipe, bool drop);

int hello_store_truncate(struct hello_store *store, u64 max);
int hello_store_mmap(struct hello_store *store, struct vm_area_struct *vma,
		     unsigned long *seen);
struct hello_buffer *hello_store_peek(struct hello_store *store,
				      struct hello_store_info *info);
void hello_store_info(struct hello_store *store, struct hello_store_info *info);

/**
 * hello_store_start() - begin to use a store
 * @store: the store, as hello_store_init() or hello_store_stop() left it
 * @recipe: how its buffer will be made
 */
static inline void hello_store_start(struct hello_store *store,
				     const struct hello_recipe *recipe)
{
	hello_buffer_setup(&store->first, recipe, false);
	RCU_INIT_POINTER(store->buffer, &store->first);
	store->changes = 1;
}

/**
 * hello_store_buffer() - the buffer of a store whose lock is held
 * @store: the store
 *
 * Return: the buffer, which may have no memory yet.
 */
static inline struct hello_buffer *
hello_store_buffer(const struct hello_store *store)
{
	return rcu_dereference_protected(store->buffer,
					 hello_lock_held(&store->lock));
}

/**
 * hello_store_changed() - note that contents changed, the lock being held
 * @store: the store
 */
static inline void hello_store_changed(struct hello_store *store)
{
	/* Pairs with the acquire of those who read versions without the lock. */
	smp_store_release(&store->changes, store->changes + 1);
}

/**
 * hello_store_wake() - wake pollers after a change
 * @store: the store; the caller does not hold its lock
 *
 * EPOLLPRI alone: reading and writing never wait, and an edge-triggered writer
 * that watches for EPOLLOUT would wake itself for ever. Changes of a private
 * store, whose lock is not counted, are no news to any poller.
 */
static inline void hello_store_wake(struct hello_store *store)
{
	if (wq_has_sleeper(&store->wait) && store->lock.counted)
		wake_up_interruptible_poll(&store->wait, EPOLLPRI);
}

/**
 * hello_store_drop_abandoned() - end a migration that was killed
 * @store: the store; the caller holds its lock for writing
 *
 * Return: its successor, to be put without the lock; or NULL.
 */
static inline struct hello_buffer *
hello_store_drop_abandoned(struct hello_store *store)
{
	struct hello_buffer *next = store->next;

	if (likely(!next) || !READ_ONCE(next->abandoned))
		return NULL;
	store->next = NULL;
	return next;
}

/**
 * hello_store_pin() - take a reference on the buffer, without the lock
 * @store: the store
 *
 * Headers are type-safe under RCU, so what the pointer led to may have become
 * another store's buffer meanwhile. The recipe of what is pinned does not
 * change; memory may come. Contents change, unless the lock makes versions.
 *
 * Return: the buffer, to be put by hello_buffer_put().
 */
static inline struct hello_buffer *hello_store_pin(struct hello_store *store)
{
	struct hello_buffer *buffer;

	rcu_read_lock();
	for (;;) {
		buffer = rcu_dereference(store->buffer);
		if (!hello_buffer_get(buffer))
			continue;
		if (buffer == rcu_access_pointer(store->buffer))
			break;
		rcu_read_unlock();
		hello_buffer_put(buffer);
		rcu_read_lock();
	}
	rcu_read_unlock();
	return buffer;
}

#endif /* HELLO_STORE_H */
