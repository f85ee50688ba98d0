/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer behind a lock: what an open file reads, writes and maps. A private
 * open has a store of its own; all shared opens have one together.
 */
#ifndef HELLO_STORE_H
#define HELLO_STORE_H

#include <linux/types.h>
#include <linux/wait.h>

#include "lock.h"
#include "recipe.h"

struct hello_buffer;
struct hello_io;
struct vm_area_struct;

/**
 * struct hello_store - a buffer behind a lock
 */
struct hello_store {
	/** @lock: guards all but the counts of mappings and @wait */
	struct hello_lock lock;
	/** @buffer: the buffer, or NULL as long as nobody needs it */
	struct hello_buffer __rcu *buffer;
	/** @recipe: how a buffer is made when somebody needs it */
	struct hello_recipe recipe;
	/** @next: while the buffer is being replaced, its successor */
	struct hello_buffer *next;
	/** @carried: bytes that @next has already; writers write them to both */
	size_t carried;
	/** @changes: from 1, one more for each change; poll reads it without the lock */
	u64 changes;
	/** @maps: mappings; leaves 0 under @lock only, so a holder can trust 0 */
	atomic_t maps;
	/** @writable_maps: those of @maps through which contents may change */
	atomic_t writable_maps;
	/** @wait: who polls */
	wait_queue_head_t wait;
};

/**
 * struct hello_store_info - what is in a store
 */
struct hello_store_info {
	/** @recipe: what the buffer was, or will be, made from */
	struct hello_recipe recipe;
	/** @length: bytes of contents */
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
	/** @lock_mode: number of its lock in hello_locks */
	unsigned int lock_mode;
	/** @contended: how often somebody had to wait for the lock */
	int contended;
	/** @wait_ns: nanoseconds that they waited all together */
	u64 wait_ns;
};

void hello_store_init(struct hello_store *store, unsigned int lock_kind,
		      const struct hello_recipe *recipe);
void hello_store_exit(struct hello_store *store);

int hello_store_fill(struct hello_store *store);
int hello_store_provide(struct hello_store *store);
int hello_store_set_recipe(struct hello_store *store,
			   const struct hello_recipe *recipe);
int hello_store_replace(struct hello_store *store,
			const struct hello_recipe *recipe);
int hello_store_drop(struct hello_store *store);

ssize_t hello_store_read(struct hello_store *store, struct hello_io *io,
			 loff_t *pos);
ssize_t hello_store_write(struct hello_store *store, struct hello_io *io,
			  loff_t *pos, bool append);
int hello_store_truncate(struct hello_store *store);
int hello_store_mmap(struct hello_store *store, struct vm_area_struct *vma);
int hello_store_info(struct hello_store *store, struct hello_store_info *info);

#endif /* HELLO_STORE_H */
