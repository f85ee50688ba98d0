/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A store: a buffer and its lock. A private open has a store of its own; all
 * shared opens use the same one.
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
 * struct hello_store - a buffer and its lock
 */
struct hello_store {
	/** @lock: guards everything but @maps and @writable_maps */
	struct hello_lock lock;
	/** @buffer: the buffer; it has no memory before the first use */
	struct hello_buffer __rcu *buffer;
	/**
	 * @next: the successor during a migration, else NULL. Its length is how
	 * much is copied already; a write below that goes to both buffers.
	 */
	struct hello_buffer *next;
	/** @changes: change count of the contents, from 1; poll reads it locklessly */
	unsigned long changes;
	/** @maps: number of mappings; becomes nonzero under @lock only */
	atomic_t maps;
	/** @writable_maps: those of @maps that may be written through */
	atomic_t writable_maps;
	/** @wait: pollers; NULL in a private store, which wakes none */
	wait_queue_head_t *wait;
	/** @first: the first @buffer, without an allocation of its own */
	struct hello_buffer first;
};

/**
 * struct hello_store_info - a description of a store
 */
struct hello_store_info {
	/** @recipe: recipe of the buffer, allocated or not */
	struct hello_recipe recipe;
	/** @length: bytes of contents */
	size_t length;
	/** @alloc_ns: nanoseconds in the allocator */
	u64 alloc_ns;
	/** @node: NUMA node of the first page, -1 without memory */
	int node;
	/** @flags: &enum hello_info_flags */
	u32 flags;
	/** @maps: number of mappings */
	int maps;
	/** @changes: change count of the contents */
	u64 changes;
	/** @lock_mode: number of its lock in hello_lock_table */
	unsigned int lock_mode;
};

void hello_store_init(struct hello_store *store, unsigned int lock_type,
		      wait_queue_head_t *wait);

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
 * hello_store_start() - give a store a buffer without memory
 * @store: the store, after hello_store_init() or hello_store_stop(); the recipe
 *	   of @first is set and resolved
 */
static inline void hello_store_start(struct hello_store *store)
{
	hello_buffer_setup(&store->first, false);
	RCU_INIT_POINTER(store->buffer, &store->first);
	store->changes = 1;
}

/**
 * hello_store_stop() - put the buffer of a store
 * @store: the store, which no other task can find; it may be started again
 */
static inline void hello_store_stop(struct hello_store *store)
{
	hello_buffer_put(store->next);
	store->next = NULL;
	hello_buffer_put(rcu_dereference_protected(store->buffer, true));
}

/* The buffer, which may have no memory. Caller must hold the lock. */
static inline struct hello_buffer *
hello_store_buffer(const struct hello_store *store)
{
	return rcu_dereference_protected(store->buffer,
					 hello_lock_held(&store->lock));
}

/* Counts a change of the contents. Caller must hold the lock for writing. */
static inline void hello_store_changed(struct hello_store *store)
{
	/* Pairs with the acquire in pin_version(). */
	smp_store_release(&store->changes, store->changes + 1);
}

/**
 * hello_store_wake() - wake pollers after a change
 * @store: the store; the caller does not hold its lock
 *
 * Wakes for EPOLLPRI alone: reads and writes never wait, and an edge-triggered
 * poller for EPOLLOUT that writes would wake itself for ever.
 */
static inline void hello_store_wake(struct hello_store *store)
{
	if (store->wait && wq_has_sleeper(store->wait))
		wake_up_interruptible_poll(store->wait, EPOLLPRI);
}

/**
 * hello_store_drop_abandoned() - detach the successor of a killed migration
 * @store: the store; the caller holds its lock for writing
 *
 * Return: the successor, to be put after unlocking; or NULL.
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
 * hello_store_pin() - take a reference on the buffer locklessly
 * @store: the store
 *
 * Headers are type-safe under RCU: a stale pointer may lead to the buffer of
 * another store, hence the recheck. The recipe of a pinned buffer is constant;
 * so are its contents if the lock has HELLO_LOCK_VERSIONS, but for a truncation.
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
