// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer behind a lock: making, mapping and replacing it.
 *
 * Nothing that waits for user memory is done under the store's lock: .mmap and
 * .fault may thus be called with the mmap lock held, also for a buffer that is
 * being read into itself. Of the driver's own locks only those of making a
 * buffer are taken under it, and only where a writer of rcu makes a version.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat.h"
#include "store.h"
#include "trace.h"

/**
 * hello_store_init() - make a store out of raw memory
 * @store: the store
 * @lock_kind: number in hello_locks
 * @counted: count who has to wait for the lock
 */
void hello_store_init(struct hello_store *store, unsigned int lock_kind,
		      bool counted)
{
	memset(store, 0, sizeof(*store));
	hello_lock_init(&store->lock, lock_kind, counted);
	init_waitqueue_head(&store->wait);
}

/**
 * hello_store_stop() - put the buffer of a store that nobody can find any more
 * @store: the store; it may be started again
 */
void hello_store_stop(struct hello_store *store)
{
	hello_buffer_put(rcu_dereference_protected(store->buffer, true));
}

/* Whether the buffer has its memory; if not, @next is planned to make it. */
static bool ready(struct hello_store *store, struct hello_buffer *next)
{
	struct hello_buffer *buffer = hello_store_pin(store);
	bool has = hello_buffer_ready(buffer);

	if (!has)
		hello_buffer_plan(next, &buffer->mem.recipe, false);
	hello_buffer_put(buffer);
	return has;
}

/**
 * hello_store_provide() - let the buffer have its memory
 * @store: the store
 *
 * It is made outside the lock; who comes second gives the second one back. Under
 * a cap with room for one that can be -ENOMEM while the first is being made.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int hello_store_provide(struct hello_store *store)
{
	struct hello_buffer made;
	bool taken = false;
	int err;

	while (!taken && !ready(store, &made)) {
		err = hello_buffer_make(&made);
		if (err)
			return ready(store, &made) ? 0 : err;
		err = hello_lock_write(&store->lock);
		if (!err) {
			taken = hello_buffer_take(hello_store_buffer(store),
						  &made);
			hello_unlock_write(&store->lock);
		}
		hello_buffer_put(&made);
		if (err)
			return err;
	}
	return 0;
}

/* ---- truncating ---- */

/* Zeroes one unit of the contents, at *done. Returns true if it was the last. */
static bool zero_unit(struct hello_buffer *buffer, size_t *done)
{
	size_t n;

	/* Others may have unmapped it, made it empty and mapped it again. */
	*done = min(*done, buffer->length);
	n = min_t(size_t, HELLO_LOCK_UNIT, buffer->length - *done);
	memset(buffer->mem.addr + *done, 0, n);
	*done += n;
	return *done == buffer->length;
}

/**
 * hello_store_truncate() - make contents empty
 * @store: the store
 *
 * O(1): bytes are zeroed when the length grows over them again. Mapped ones
 * are zeroed at once, a unit each time the lock is held; where they may be
 * written through a mapping the length stays at the capacity.
 *
 * Return: 0 or -EINTR.
 */
int hello_store_truncate(struct hello_store *store)
{
	struct hello_buffer *buffer;
	bool cut = false;
	size_t done = 0;
	bool finished;
	int err;

	do {
		err = hello_lock_write(&store->lock);
		if (err)
			return err;
		buffer = hello_store_buffer(store);
		if (!cut && atomic_read(&store->writable_maps)) {
			finished = zero_unit(buffer, &done);
		} else {
			/* Readers of a version look at it without the lock. */
			if (!cut)
				WRITE_ONCE(buffer->length, 0);
			cut = true;
			finished = !atomic_read(&store->maps) ||
				   hello_buffer_clean(buffer, HELLO_LOCK_UNIT);
		}
		/* What a migration has carried is not the contents any more. */
		if (store->migration)
			store->migration->carried = 0;
		hello_store_changed(store);
		hello_unlock_write(&store->lock);
		cond_resched();
	} while (!finished);

	hello_store_tell(store);
	return 0;
}

/* ---- replacing the buffer ---- */

/* Carries one unit over to the successor; 0 means that there is more. */
static int carry_unit(struct hello_store *store,
		      const struct hello_buffer *buffer)
{
	struct hello_migration *migration = store->migration;
	struct hello_buffer *next = migration->next;
	size_t n;

	if (atomic_read(&store->maps))
		return -EBUSY;
	if (buffer->length > next->mem.recipe.buffer_size)
		return -ENOSPC;

	n = min_t(size_t, HELLO_LOCK_UNIT, buffer->length - migration->carried);
	memcpy(next->mem.addr + migration->carried,
	       buffer->mem.addr + migration->carried, n);
	migration->carried += n;
	next->dirty = max(next->dirty, migration->carried);
	next->length = migration->carried;
	return migration->carried == buffer->length;
}

static void trace_replace(const struct hello_buffer *from,
			  const struct hello_recipe *to, size_t length, int err)
{
	char old_text[HELLO_RECIPE_MAX];
	char new_text[HELLO_RECIPE_MAX];

	if (!trace_hello_migrate_enabled())
		return;
	hello_recipe_print(&from->mem.recipe, old_text, sizeof(old_text));
	hello_recipe_print(to, new_text, sizeof(new_text));
	trace_hello_migrate(old_text, new_text, length, err);
}

/* The lock is held. Returns -EBUSY or -ENOSPC, and all is as it was; or 0. */
static int migrate(struct hello_store *store, struct hello_buffer *next)
{
	struct hello_migration migration = { .next = next };
	struct hello_buffer *old;
	int ret;

	if (store->migration)
		return -EBUSY;
	store->migration = &migration;
	for (;;) {
		/* A version of rcu may have come meanwhile: look every time. */
		old = hello_store_buffer(store);
		ret = carry_unit(store, old);
		if (ret)
			break;
		hello_unlock_write(&store->lock);
		cond_resched();
		hello_lock_write_wait(&store->lock);
	}
	store->migration = NULL;
	ret = min(ret, 0);
	trace_replace(old, &next->mem.recipe, old->length, ret);
	return ret;
}

/**
 * hello_store_replace() - make the buffer anew from another recipe
 * @store: the store
 * @recipe: how; as long as there is no memory it is only noted
 *
 * Contents are kept. Readers and writers go on meanwhile: between units of
 * copying the lock is let go, and what is then written goes to both buffers.
 *
 * Return: 0, or nothing has changed and -ENOMEM, -EBUSY if it is mapped or
 * being replaced already, -ENOSPC if the contents do not fit, -EINTR.
 */
int hello_store_replace(struct hello_store *store,
			const struct hello_recipe *recipe)
{
	struct hello_buffer *next = hello_buffer_new(recipe);
	struct hello_buffer *old;
	int err;

	if (!next)
		return -ENOMEM;
	for (;;) {
		err = hello_lock_write(&store->lock);
		if (err)
			goto put_next;
		old = hello_store_buffer(store);
		if (!old->mem.addr || next->mem.addr)
			break;
		hello_unlock_write(&store->lock);
		err = hello_buffer_make(next);
		if (err)
			goto put_next;
	}

	if (old->mem.addr)
		err = migrate(store, next);
	if (!err) {
		old = hello_store_buffer(store);
		rcu_assign_pointer(store->buffer, next);
		next = old;
	}
	hello_unlock_write(&store->lock);
	if (!err)
		hello_store_tell(store);
put_next:
	hello_buffer_put(next);
	return err;
}

/**
 * hello_store_renew() - begin again with a buffer without memory
 * @store: the store
 * @recipe: how the memory will be made when somebody needs it
 * @drop: do so also if there is memory, unless it is mapped
 *
 * Return: 1; 0 if the memory stays; or nothing has changed and -ENOMEM or -EINTR.
 */
int hello_store_renew(struct hello_store *store,
		      const struct hello_recipe *recipe, bool drop)
{
	struct hello_buffer *next = hello_buffer_new(recipe);
	struct hello_buffer *old;
	int ret;

	if (!next)
		return -ENOMEM;
	ret = hello_lock_write(&store->lock);
	if (ret)
		goto put_next;
	old = hello_store_buffer(store);
	ret = !old->mem.addr || (drop && !atomic_read(&store->maps));
	if (ret) {
		rcu_assign_pointer(store->buffer, next);
		if (old->length || next->length)
			hello_store_changed(store);
		next = old;
	}
	hello_unlock_write(&store->lock);
	if (ret)
		hello_store_tell(store);
put_next:
	hello_buffer_put(next);
	return ret;
}

/* ---- mapping ---- */

static void count_map(struct vm_area_struct *vma, int n)
{
	struct hello_store *store = vma->vm_private_data;

	if (vma->vm_flags & VM_MAYWRITE)
		atomic_add(n, &store->writable_maps);
	atomic_add(n, &store->maps);
}

/* fork() and the splitting of a mapping make one more. */
static void vma_open(struct vm_area_struct *vma)
{
	count_map(vma, 1);
}

static void vma_close(struct vm_area_struct *vma)
{
	count_map(vma, -1);
}

/* A mapped buffer is not replaced: no lock is needed to find it. */
static struct hello_buffer *mapped_buffer(const struct hello_store *store)
{
	return rcu_dereference_protected(store->buffer,
					 atomic_read(&store->maps));
}

static size_t pages_of(const struct hello_buffer *buffer)
{
	return PAGE_ALIGN(buffer->mem.recipe.buffer_size) >> PAGE_SHIFT;
}

/* Only for pages that were dropped: .mmap has inserted them all. */
static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	struct hello_buffer *buffer = mapped_buffer(vmf->vma->vm_private_data);

	if (vmf->pgoff >= pages_of(buffer))
		return VM_FAULT_SIGBUS;
	vmf->page = hello_alloc_page(&buffer->mem, vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vm_ops = {
	.open	= vma_open,
	.close	= vma_close,
	.fault	= vma_fault,
};

/* What may be mapped, and how. The lock is held. */
static int check_map(const struct hello_store *store,
		     const struct hello_buffer *buffer,
		     struct vm_area_struct *vma)
{
	if (hello_lock_versions(&store->lock) ||
	    !hello_alloc_mappable(&buffer->mem))
		return -ENODEV;
	if (vma->vm_pgoff >= pages_of(buffer) ||
	    vma_pages(vma) > pages_of(buffer) - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	/* A private copy of a page would be neither the device's nor private. */
	if (!(vma->vm_flags & VM_MAYSHARE) && vma->vm_flags & VM_WRITE)
		return -EINVAL;
	return 0;
}

/**
 * hello_store_mmap() - map the buffer into user space
 * @store: the store
 * @vma: where
 *
 * The file of @vma pins the store, and the mapping keeps its buffer from being
 * replaced. Context: process, with the mmap lock.
 *
 * Return: 0; -ENODEV if such memory cannot be mapped, -EINVAL outside of it or
 * for a private writable mapping, -EPERM for an executable one, -ENOMEM, -EINTR.
 */
int hello_store_mmap(struct hello_store *store, struct vm_area_struct *vma)
{
	struct hello_buffer *buffer;
	bool clean = false;
	int err;

	do {
		err = hello_store_provide(store);
		if (err)
			return err;
		err = hello_lock_write(&store->lock);
		if (err)
			return err;
		buffer = hello_store_buffer(store);
		/* Given back meanwhile: once more. */
		if (!buffer->mem.addr) {
			hello_unlock_write(&store->lock);
			continue;
		}
		err = check_map(store, buffer, vma);
		if (err) {
			hello_unlock_write(&store->lock);
			return err;
		}
		clean = hello_buffer_clean(buffer, hello_lock_unit(&store->lock));
		if (clean) {
			if (!(vma->vm_flags & VM_MAYSHARE))
				vm_flags_clear(vma, VM_MAYWRITE);
			vm_flags_clear(vma, VM_MAYEXEC);
			/* No LRU has these pages: their use need not be noted. */
			vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP |
					  VM_SEQ_READ);
			vma->vm_private_data = store;
			count_map(vma, 1);
		}
		hello_unlock_write(&store->lock);
		cond_resched();
	} while (!clean);

	vma->vm_ops = &vm_ops;
	err = hello_buffer_mmap(buffer, vma);
	if (err) {
		count_map(vma, -1);
		return err;
	}
	/* What is written there is contents, wherever it is. */
	if (vma->vm_flags & VM_MAYWRITE) {
		hello_lock_write_wait(&store->lock);
		hello_buffer_extend(buffer, buffer->mem.recipe.buffer_size);
		hello_unlock_write(&store->lock);
	}
	return 0;
}

/* ---- looking ---- */

/**
 * hello_store_info() - what is in a store
 * @store: the store
 * @info: what is found
 *
 * Takes no lock: it waits for nobody, and contents may change meanwhile.
 */
void hello_store_info(struct hello_store *store, struct hello_store_info *info)
{
	struct hello_buffer *buffer = hello_store_pin(store);
	const struct hello_mem *mem = &buffer->mem;

	*info = (struct hello_store_info) {
		.recipe		= mem->recipe,
		.length		= READ_ONCE(buffer->length),
		.node		= NUMA_NO_NODE,
		.maps		= atomic_read(&store->maps),
		.changes	= READ_ONCE(store->changes),
		.lock_mode	= READ_ONCE(store->lock.kind),
	};
	if (hello_buffer_ready(buffer)) {
		info->alloc_ns = buffer->alloc_ns;
		info->node = page_to_nid(hello_alloc_page(mem, 0));
		info->flags = HELLO_INFO_ALLOCATED;
		if (hello_alloc_contiguous(mem))
			info->flags |= HELLO_INFO_CONTIGUOUS;
		if (hello_alloc_mappable(mem) &&
		    hello_lock_kinds[info->lock_mode].unit)
			info->flags |= HELLO_INFO_MAPPABLE;
	}
	hello_buffer_put(buffer);
}
