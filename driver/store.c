// SPDX-License-Identifier: GPL-2.0-only
/*
 * Populating, truncating, replacing and mapping the buffer of a store.
 *
 * No code faults in user memory under the lock of a store: .mmap may take it
 * under the mmap lock, even while the buffer is read into its own mapping. Under
 * the lock only a writer under rcu allocates.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat.h"
#include "store.h"
#include "trace.h"

/**
 * hello_store_init() - initialize a store; it has no buffer yet
 * @store: uninitialized memory
 * @lock_type: number in hello_lock_table
 * @wait: wait queue of the shared store, whose lock counts waits; else NULL
 */
void hello_store_init(struct hello_store *store, unsigned int lock_type,
		      wait_queue_head_t *wait)
{
	memset(store, 0, sizeof(*store));
	hello_lock_init(&store->lock, lock_type, wait);
	store->wait = wait;
}

/* True if the buffer has memory or is larger than @max; otherwise sets up @next. */
static bool populated(struct hello_store *store, u64 max,
		      struct hello_buffer *next)
{
	struct hello_buffer *buffer = hello_store_pin(store);
	bool done = hello_buffer_ready(buffer) ||
		    buffer->mem.recipe.buffer_size > max;

	if (!done) {
		next->mem.recipe = buffer->mem.recipe;
		hello_buffer_setup(next, false);
	}
	hello_buffer_put(buffer);
	return done;
}

/**
 * hello_store_populate() - allocate the memory of the buffer if it has none
 * @store: the store
 * @max: leave a larger buffer as it is
 *
 * Allocates unlocked; the loser of the race frees its copy. If a cap has room
 * for one only, the loser may return -ENOMEM while the winner still allocates.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int hello_store_populate(struct hello_store *store, u64 max)
{
	struct hello_buffer new;
	bool done = false;
	int err;

	while (!done && !populated(store, max, &new)) {
		err = hello_buffer_alloc_mem(&new);
		if (err)
			return populated(store, max, &new) ? 0 : err;
		err = hello_lock_write(&store->lock, false);
		if (!err) {
			done = hello_buffer_adopt(hello_store_buffer(store),
						  &new);
			hello_unlock_write(&store->lock);
		}
		hello_buffer_put(&new);
		if (err)
			return err;
	}
	return 0;
}

/* ---- truncating ---- */

/* Zeroes one unit at *done, up to buffer->dirty. Returns true if it was the last. */
static bool zero_unit(struct hello_buffer *buffer, size_t *done)
{
	size_t n;

	/* May have been unmapped, truncated and mapped again while unlocked. */
	*done = min(*done, buffer->dirty);
	n = min_t(size_t, HELLO_LOCK_UNIT, buffer->dirty - *done);
	memset(buffer->mem.addr + *done, 0, n);
	*done += n;
	return *done == buffer->dirty;
}

/* hello_buffer_zero_tail(); writable mappings make the tail dirty again at once. */
static bool zero_tail(struct hello_store *store, struct hello_buffer *buffer)
{
	bool zero = hello_buffer_zero_tail(buffer, HELLO_LOCK_UNIT);

	if (zero && atomic_read(&store->writable_maps))
		hello_buffer_dirty_tail(buffer);
	return zero;
}

/**
 * hello_store_truncate() - truncate the contents to 0 bytes
 * @store: the store
 * @max: return -EBUSY if a larger buffer is mapped; if not U64_MAX, also leave
 *	 what a killed migration left
 *
 * O(1) without mappings: a later write or mapping zeroes the tail. A mapped
 * buffer is zeroed at once, one unit each time the lock is held; while it is mapped
 * writable its length stays the capacity.
 *
 * Return: 0; -EBUSY and nothing has changed; or -EINTR if killed, and a part of
 * a mapped buffer may be zero.
 */
int hello_store_truncate(struct hello_store *store, u64 max)
{
	struct hello_store_info info;
	struct hello_buffer *buffer;
	struct hello_buffer *abandoned;
	bool begun = false;
	bool cut = false;
	size_t done = 0;
	bool finished;
	int err;

	/* A check before waiting for the lock; repeated under it. */
	hello_store_info(store, &info);
	if (info.maps && info.recipe.buffer_size > max)
		return -EBUSY;
	do {
		err = hello_lock_write(&store->lock, false);
		if (err)
			return err;
		buffer = hello_store_buffer(store);
		if (!begun && atomic_read(&store->maps) &&
		    buffer->mem.recipe.buffer_size > max) {
			hello_unlock_write(&store->lock);
			return -EBUSY;
		}
		begun = true;
		/* With a bound, such as that of an open: it may be large. */
		abandoned = max == U64_MAX ? hello_store_drop_abandoned(store) : NULL;
		if (!cut && atomic_read(&store->writable_maps)) {
			finished = zero_unit(buffer, &done);
		} else {
			/* pin_version() and hello_store_peek() read it locklessly. */
			if (!cut)
				WRITE_ONCE(buffer->length, 0);
			cut = true;
			buffer->emptied = true;
			finished = !atomic_read(&store->maps) ||
				   zero_tail(store, buffer);
		}
		/* The migration must copy all of the contents anew. */
		if (store->next)
			store->next->length = 0;
		hello_store_changed(store);
		hello_unlock_write(&store->lock);
		hello_store_wake(store);
		hello_buffer_put(abandoned);
		if (!finished && fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (!finished);
	return 0;
}

/* ---- replacing the buffer ---- */

/*
 * Copies one unit of the contents to the successor. Caller must hold the lock.
 * Returns 1 if it was the last, 0 if there is more, -EBUSY or -ENOSPC.
 */
static int copy_unit(struct hello_store *store, const struct hello_buffer *old,
		     struct hello_buffer *next)
{
	size_t n;

	if (atomic_read(&store->maps) || next->outdated)
		return -EBUSY;
	if (old->length > next->mem.recipe.buffer_size)
		return -ENOSPC;

	n = min_t(size_t, HELLO_LOCK_UNIT, old->length - next->length);
	memcpy(next->mem.addr + next->length, old->mem.addr + next->length, n);
	next->length += n;
	next->dirty = max(next->dirty, next->length);
	return next->length == old->length;
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

/* One round of a migration, as copy_unit(); @next is store->next until it ends. */
static int migrate_unit(struct hello_store *store, struct hello_buffer *old,
			struct hello_buffer *next)
{
	int ret;

	if (store->next && store->next != next)
		return -EBUSY;
	if (!store->next)
		next->length = 0;
	store->next = next;
	ret = copy_unit(store, old, next);
	if (ret) {
		store->next = NULL;
		trace_replace(old, &next->mem.recipe, old->length, min(ret, 0));
	}
	return ret;
}

/*
 * One round of replacing the buffer by *next. Caller must hold the lock.
 * Returns 1 if it was the last, and *next is the old buffer; 0 if there is
 * more; -EAGAIN if *next needs memory; -EBUSY or -ENOSPC and nothing changed.
 */
static int replace_unit(struct hello_store *store, struct hello_buffer **next)
{
	struct hello_buffer *old = hello_store_buffer(store);
	int ret = 1;

	if (old->mem.addr)
		ret = (*next)->mem.addr ? migrate_unit(store, old, *next) :
					  -EAGAIN;
	else if (old->emptied)
		/* Truncated before the first use: do not fill it. */
		hello_buffer_set_empty(*next);
	if (ret <= 0)
		return ret;

	rcu_assign_pointer(store->buffer, *next);
	/* Without memory, the new recipe may have another fill. */
	if (old->length != (*next)->length)
		hello_store_changed(store);
	*next = old;
	return 1;
}

/*
 * Ends a killed migration without waiting for the lock: if another task holds
 * it, the next writer, migration or truncation drops the successor. Returns true
 * if the caller owns @next again.
 */
static bool end_migration(struct hello_store *store, struct hello_buffer *next)
{
	if (hello_lock_write(&store->lock, true)) {
		WRITE_ONCE(next->abandoned, true);
		return false;
	}
	store->next = NULL;
	hello_unlock_write(&store->lock);
	return true;
}

/**
 * hello_store_replace() - replace the buffer by one of another recipe
 * @store: the store
 * @recipe: the new recipe, resolved
 *
 * Keeps the contents, and allocates nothing if there is no memory yet. The lock
 * is released between units of copying; writes then go to both buffers.
 *
 * Return: 0, or nothing has changed and -ENOMEM, -EBUSY if it is mapped, was
 * mapped by a file opened for writing meanwhile, or is being replaced, -ENOSPC
 * if the contents do not fit, -EINTR if killed.
 */
int hello_store_replace(struct hello_store *store,
			const struct hello_recipe *recipe)
{
	struct hello_buffer *next = hello_buffer_new(recipe);
	struct hello_buffer *abandoned;
	bool migrating = false;
	int ret;

	if (!next)
		return -ENOMEM;
	do {
		ret = hello_lock_write(&store->lock, false);
		if (ret)
			break;
		abandoned = hello_store_drop_abandoned(store);
		ret = replace_unit(store, &next);
		migrating = store->next == next;
		hello_unlock_write(&store->lock);
		hello_buffer_put(abandoned);
		if (ret == -EAGAIN)
			ret = hello_buffer_alloc_mem(next);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (!ret);

	if (migrating && !end_migration(store, next))
		return ret;
	if (ret > 0)
		hello_store_wake(store);
	hello_buffer_put(next);
	return min(ret, 0);
}

/**
 * hello_store_discard() - replace the buffer by one without memory
 * @store: the store
 * @recipe: the new recipe, resolved
 * @drop: discard contents too, unless they are mapped
 *
 * Caller must serialize it with hello_store_replace().
 *
 * Return: 1; 0 if the buffer stays; -ENOMEM or -EINTR and nothing has changed.
 */
int hello_store_discard(struct hello_store *store,
			const struct hello_recipe *recipe, bool drop)
{
	struct hello_buffer *next = hello_buffer_new(recipe);
	struct hello_buffer *abandoned;
	struct hello_buffer *old;
	int ret;

	if (!next)
		return -ENOMEM;
	ret = hello_lock_write(&store->lock, false);
	if (ret)
		goto put_next;
	abandoned = hello_store_drop_abandoned(store);
	old = hello_store_buffer(store);
	ret = !old->mem.addr || (drop && !atomic_read(&store->maps));
	if (ret) {
		if (old->emptied && !drop)
			hello_buffer_set_empty(next);
		rcu_assign_pointer(store->buffer, next);
		if (old->length || next->length)
			hello_store_changed(store);
		next = old;
	}
	hello_unlock_write(&store->lock);
	hello_buffer_put(abandoned);
	if (ret)
		hello_store_wake(store);
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

/* No lock is needed: a mapped buffer is not replaced. */
static struct hello_buffer *mapped_buffer(const struct hello_store *store)
{
	return rcu_dereference_protected(store->buffer,
					 atomic_read(&store->maps));
}

static size_t pages_of(const struct hello_buffer *buffer)
{
	return PAGE_ALIGN(buffer->mem.recipe.buffer_size) >> PAGE_SHIFT;
}

/* .mmap has inserted all pages; this is for pages that were zapped since. */
static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct hello_buffer *buffer = mapped_buffer(vma->vm_private_data);
	struct page *page;
	int err;

	if (vma->vm_flags & VM_PFNMAP || vmf->pgoff >= pages_of(buffer))
		return VM_FAULT_SIGBUS;
	page = hello_alloc_page(&buffer->mem, vmf->pgoff);
	if (PageHWPoison(page))
		return VM_FAULT_HWPOISON;
	/*
	 * Not vmf->page: if the core has freed the page table, it may map a block
	 * of 2 MiB as one huge page, and zapping one of VM_MIXEDMAP puts nothing.
	 */
	err = vm_insert_page(vma, vmf->address & PAGE_MASK, page);
	/* Another thread may have inserted it. */
	if (!err || err == -EBUSY)
		return VM_FAULT_NOPAGE;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct vm_ops = {
	.open	= vma_open,
	.close	= vma_close,
	.fault	= vma_fault,
};

/* @mappable: the memory is, or can turn out to be, mappable. */
static int check_map(const struct hello_store *store,
		     const struct hello_buffer *buffer, bool mappable,
		     struct vm_area_struct *vma)
{
	if (hello_lock_versions(&store->lock) || !mappable)
		return -ENODEV;
	if (vma->vm_pgoff >= pages_of(buffer) ||
	    vma_pages(vma) > pages_of(buffer) - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	/* A copy-on-write page would not be the buffer's any more. */
	if (!(vma->vm_flags & VM_MAYSHARE) && vma->vm_flags & VM_WRITE)
		return -EINVAL;
	return 0;
}

/* Refuses before populating: the memory would stay. */
static int check_map_early(struct hello_store *store,
			   struct vm_area_struct *vma)
{
	struct hello_buffer *buffer = hello_store_pin(store);
	int err = check_map(store, buffer, hello_alloc_may_map(&buffer->mem), vma);

	hello_buffer_put(buffer);
	return err;
}

/* From 6.4 to 6.14 this takes a lock of the vma that sleeps: not under the store's. */
static void set_map_flags(struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_clear(vma, VM_MAYEXEC);
	/* VM_SEQ_READ: the pages are on no LRU, so references need no tracking. */
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_SEQ_READ);
}

/*
 * Zeroes a unit of the tail, which the mapping must not show, and counts the
 * mapping once all is zero. Caller must hold the lock. Returns true then.
 */
static bool begin_map(struct hello_store *store, struct hello_buffer *buffer,
		      struct vm_area_struct *vma)
{
	if (!zero_tail(store, buffer))
		return false;
	vma->vm_private_data = store;
	count_map(vma, 1);
	if (vma->vm_flags & VM_MAYWRITE) {
		hello_buffer_dirty_tail(buffer);
		/* The mapping may end before the migration's next unit. */
		if (store->next)
			store->next->outdated = true;
	}
	return true;
}

/* Everything that a writable mapping may store to belongs to the contents. */
static int extend_to_map(struct hello_store *store, struct hello_buffer *buffer,
			 unsigned long *seen)
{
	bool extended;
	int err = hello_lock_write(&store->lock, false);

	if (err)
		return err;
	extended = buffer->length < buffer->mem.recipe.buffer_size;
	if (extended) {
		hello_buffer_extend(buffer, buffer->mem.recipe.buffer_size);
		hello_store_changed(store);
		WRITE_ONCE(*seen, store->changes);
	}
	hello_buffer_dirty_tail(buffer);
	hello_unlock_write(&store->lock);
	if (extended)
		hello_store_wake(store);
	return 0;
}

/**
 * hello_store_mmap() - map the buffer into user space
 * @store: the store
 * @vma: the mapping; its file pins the store
 * @seen: change count that the caller's open file has seen; updated
 *
 * A mapped buffer is not replaced. Context: process, with the mmap lock.
 *
 * Return: 0; -ENODEV if such memory cannot be mapped, -EINVAL outside of it or
 * for a private writable mapping, -EPERM for an executable one, -ENOMEM, -EINTR.
 */
int hello_store_mmap(struct hello_store *store, struct vm_area_struct *vma,
		     unsigned long *seen)
{
	struct hello_buffer *buffer;
	bool begun = false;
	int err;

	set_map_flags(vma);
	do {
		err = check_map_early(store, vma);
		if (!err)
			err = hello_store_populate(store, U64_MAX);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (!err)
			err = hello_lock_write(&store->lock, false);
		if (err)
			return err;
		buffer = hello_store_buffer(store);
		/* Discarded meanwhile: populate once more. */
		if (!buffer->mem.addr) {
			hello_unlock_write(&store->lock);
			continue;
		}
		err = check_map(store, buffer, hello_alloc_mappable(&buffer->mem),
				vma);
		if (!err)
			begun = begin_map(store, buffer, vma);
		hello_unlock_write(&store->lock);
		if (err)
			return err;
		cond_resched();
	} while (!begun);

	vma->vm_ops = &vm_ops;
	err = hello_buffer_mmap(buffer, vma);
	if (!err && vma->vm_flags & VM_MAYWRITE)
		err = extend_to_map(store, buffer, seen);
	if (!err)
		return 0;
	/* PFN mappings hold no page references: unmap before the buffer is freed. */
	if (vma->vm_flags & VM_PFNMAP)
		zap_special_vma_range(vma, vma->vm_start,
				      vma->vm_end - vma->vm_start);
	count_map(vma, -1);
	return err;
}

/* ---- describing ---- */

/**
 * hello_store_peek() - describe a store locklessly, and pin its buffer
 * @store: the store
 * @info: the description
 *
 * Return: the buffer; the caller puts it where freeing may take long.
 */
struct hello_buffer *hello_store_peek(struct hello_store *store,
				      struct hello_store_info *info)
{
	struct hello_buffer *buffer = hello_store_pin(store);
	const struct hello_mem *mem = &buffer->mem;

	*info = (struct hello_store_info) {
		.recipe		= mem->recipe,
		.length		= READ_ONCE(buffer->length),
		.node		= NUMA_NO_NODE,
		.maps		= atomic_read(&store->maps),
		.changes	= READ_ONCE(store->changes),
		.lock_mode	= READ_ONCE(store->lock.type),
	};
	if (hello_buffer_ready(buffer)) {
		info->alloc_ns = buffer->alloc_ns;
		info->node = page_to_nid(hello_alloc_page(mem, 0));
		info->flags = HELLO_INFO_ALLOCATED;
		if (hello_alloc_contiguous(mem))
			info->flags |= HELLO_INFO_CONTIGUOUS;
		if (hello_alloc_mappable(mem) &&
		    !(hello_lock_types[info->lock_mode].flags & HELLO_LOCK_VERSIONS))
			info->flags |= HELLO_INFO_MAPPABLE;
	}
	return buffer;
}

/* hello_store_peek() that puts the buffer itself. */
void hello_store_info(struct hello_store *store, struct hello_store_info *info)
{
	hello_buffer_put(hello_store_peek(store, info));
}
