// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer behind a lock: reading, writing, mapping and replacing it.
 *
 * Nothing that waits for user memory is done under the store's lock: .mmap and
 * .fault may thus be called with the mmap lock held, also for a buffer that is
 * being read into itself. Of the driver's own locks only those of making a
 * buffer are taken under it, and only where a writer of rcu makes a version.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "compat.h"
#include "fail.h"
#include "io.h"
#include "store.h"
#include "trace.h"

/* How much may be copied or zeroed before the lock must be let go. */
static size_t unit_of(const struct hello_store *store)
{
	return store->lock.spins ? HELLO_LOCK_UNIT : SIZE_MAX;
}

static struct hello_buffer *buffer_of(const struct hello_store *store)
{
	return rcu_dereference_check(store->buffer,
				     hello_lock_held(&store->lock));
}

/* Contents changed. The lock is held. */
static void note_change(struct hello_store *store)
{
	/* Pairs with the acquire of those who read versions without the lock. */
	smp_store_release(&store->changes, store->changes + 1);
}

/* Contents or capacity changed; called without the lock. */
static void tell_pollers(struct hello_store *store)
{
	if (wq_has_sleeper(&store->wait))
		wake_up_interruptible_poll(&store->wait, EPOLLIN | EPOLLOUT |
							 EPOLLPRI);
}

/**
 * hello_store_init() - make an empty store
 * @store: the store; its memory is zero
 * @lock_kind: number in hello_locks
 * @recipe: how its buffer will be made
 */
void hello_store_init(struct hello_store *store, unsigned int lock_kind,
		      const struct hello_recipe *recipe)
{
	hello_lock_init(&store->lock, lock_kind);
	store->recipe = *recipe;
	store->changes = 1;
	init_waitqueue_head(&store->wait);
}

/**
 * hello_store_exit() - put the buffer of a store that nobody uses any more
 * @store: the store
 */
void hello_store_exit(struct hello_store *store)
{
	hello_buffer_put(rcu_dereference_protected(store->buffer, true));
}

/**
 * hello_store_provide() - make the buffer if there is none
 * @store: the store
 *
 * It is made outside the lock; who comes second gives the second one back.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int hello_store_provide(struct hello_store *store)
{
	struct hello_recipe recipe;
	struct hello_buffer *buffer;
	int err;

	if (rcu_access_pointer(store->buffer))
		return 0;
	err = hello_lock_read(&store->lock);
	if (err)
		return err;
	recipe = store->recipe;
	hello_unlock_read(&store->lock);

	buffer = hello_buffer_create(&recipe);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);

	err = hello_lock_write(&store->lock);
	if (!err) {
		if (!buffer_of(store)) {
			rcu_assign_pointer(store->buffer, buffer);
			buffer = NULL;
		}
		hello_unlock_write(&store->lock);
	}
	hello_buffer_put(buffer);
	return err;
}

/**
 * hello_store_fill() - make the buffer of a store that nobody else has yet
 * @store: the store, just initialised
 *
 * Return: 0 or -ENOMEM.
 */
int hello_store_fill(struct hello_store *store)
{
	struct hello_buffer *buffer = hello_buffer_create(&store->recipe);

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	RCU_INIT_POINTER(store->buffer, buffer);
	return 0;
}

/**
 * hello_store_set_recipe() - how the next buffer will be made
 * @store: the store
 * @recipe: the recipe; a buffer that exists keeps its own
 *
 * Return: 0 or -EINTR.
 */
int hello_store_set_recipe(struct hello_store *store,
			   const struct hello_recipe *recipe)
{
	int err = hello_lock_write(&store->lock);

	if (err)
		return err;
	store->recipe = *recipe;
	hello_unlock_write(&store->lock);
	return 0;
}

/* ---- reading ---- */

/*
 * A reference on the current version. Headers are type-safe under RCU, so what
 * the pointer led to may have become another store's buffer meanwhile.
 */
static struct hello_buffer *pin_version(struct hello_store *store)
{
	struct hello_buffer *buffer;

	rcu_read_lock();
	for (;;) {
		buffer = rcu_dereference(store->buffer);
		if (!buffer)
			break;
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

/* The whole call from one version, even where user memory has to be waited for. */
static int read_version(struct hello_store *store, struct hello_io *io,
			loff_t *pos)
{
	struct hello_buffer *buffer;
	size_t length;
	int err = 0;

	/* Pairs with the release in note_change(): not newer than the version. */
	io->seen = smp_load_acquire(&store->changes);
	buffer = pin_version(store);
	length = buffer ? READ_ONCE(buffer->length) : 0;

	while (!err && io->left && *pos < length) {
		size_t n = min_t(u64, io->left, length - *pos);
		size_t copied = hello_io_put(io, buffer->mem.addr + *pos, n);

		*pos += copied;
		if (copied < n)
			err = hello_io_fault_in(io, true);
	}
	hello_buffer_put(buffer);
	return err;
}

static int read_locked(struct hello_store *store, struct hello_io *io,
		       loff_t *pos)
{
	size_t unit = unit_of(store);
	size_t copied;
	size_t n;
	int err;

	do {
		const struct hello_buffer *buffer;

		err = hello_lock_read(&store->lock);
		if (err)
			return err;
		buffer = buffer_of(store);
		if (!io->seen)
			io->seen = store->changes;
		n = 0;
		copied = 0;
		if (buffer && *pos < buffer->length) {
			n = min_t(u64, min(io->left, unit),
				  buffer->length - *pos);
			copied = hello_io_put(io, buffer->mem.addr + *pos, n);
		}
		hello_unlock_read(&store->lock);

		*pos += copied;
		if (unlikely(copied < n))
			err = hello_io_fault_in(io, true);
	} while (n && io->left && !err);
	return err;
}

/*
 * An iterator that is no user memory may allocate pages while it is copied to
 * (a pipe up to 6.4): not under a lock that spins.
 */
static bool needs_bounce(const struct hello_store *store,
			 const struct hello_io *io)
{
	return store->lock.spins && io->iter && !user_backed_iter(io->iter);
}

static int read_bounced(struct hello_store *store, struct hello_io *io,
			loff_t *pos)
{
	void *bounce = hello_fail() ? NULL : kmalloc(PAGE_SIZE, GFP_KERNEL);
	size_t copied;
	size_t n;
	int err;

	if (!bounce)
		return -ENOMEM;
	do {
		const struct hello_buffer *buffer;

		n = 0;
		err = hello_lock_read(&store->lock);
		if (err)
			break;
		buffer = buffer_of(store);
		if (!io->seen)
			io->seen = store->changes;
		if (buffer && *pos < buffer->length) {
			n = min_t(u64, min(io->left, PAGE_SIZE),
				  buffer->length - *pos);
			memcpy(bounce, buffer->mem.addr + *pos, n);
		}
		hello_unlock_read(&store->lock);

		copied = hello_io_put(io, bounce, n);
		*pos += copied;
		/* A pipe that takes no more is full. */
		if (copied < n)
			break;
	} while (n && io->left);
	kfree(bounce);
	return err;
}

/**
 * hello_store_read() - read contents
 * @store: the store
 * @io: where to; advanced by what was read
 * @pos: from where, not negative; advanced by what was read
 *
 * Context: process; holds no lock while user memory is waited for.
 *
 * Return: bytes read, 0 at or after the end; if none were, -EFAULT, -EINTR, or
 * -ENOMEM if the buffer had to be made.
 */
ssize_t hello_store_read(struct hello_store *store, struct hello_io *io,
			 loff_t *pos)
{
	size_t wanted = io->left;
	int err;

	if (!wanted)
		return 0;
	/* A buffer that will be zero has no contents: no need to make it. */
	if (store->recipe.init_mode != HELLO_INIT_ZERO) {
		err = hello_store_provide(store);
		if (err)
			return err;
	}
	if (store->lock.versions)
		err = read_version(store, io, pos);
	else if (unlikely(needs_bounce(store, io)))
		err = read_bounced(store, io, pos);
	else
		err = read_locked(store, io, pos);
	return io->left < wanted ? wanted - io->left : err;
}

/* ---- writing ---- */

/* Gives @to the contents of @from; what @to was filled with comes after them. */
static void carry_all(struct hello_buffer *to, const struct hello_buffer *from)
{
	memcpy(to->mem.addr, from->mem.addr, from->length);
	to->length = from->length;
	to->dirty = max(to->dirty, to->length);
}

/* A copy of the current version, to be changed and published. */
static struct hello_buffer *new_version(const struct hello_buffer *old)
{
	struct hello_buffer *buffer = hello_buffer_create(&old->recipe);

	if (!IS_ERR(buffer))
		carry_all(buffer, old);
	return buffer;
}

/* What is written to the part that a migration has carried already goes to both. */
static void mirror(struct hello_store *store, const struct hello_buffer *buffer,
		   size_t pos, size_t n)
{
	if (!store->next || pos >= store->carried)
		return;
	n = min(n, store->carried - pos);
	memcpy(store->next->mem.addr + pos, buffer->mem.addr + pos, n);
}

/* One unit of a write. The lock is held. Returns bytes written or an errno. */
static ssize_t write_unit(struct hello_store *store,
			  struct hello_buffer *buffer, struct hello_io *io,
			  loff_t pos, size_t n)
{
	size_t copied = hello_io_get(io, buffer->mem.addr + pos, n);

	if (copied) {
		hello_buffer_extend(buffer, pos + copied);
		mirror(store, buffer, pos, copied);
	}
	return copied;
}

/**
 * hello_store_write() - change contents
 * @store: the store
 * @io: where from; advanced by what was written
 * @pos: where to, not negative; advanced by what was written
 * @append: write each unit at the end of the contents instead
 *
 * Context: process; holds no lock while user memory is waited for.
 *
 * Return: bytes written; if none were, -ENOSPC at or after the capacity,
 * -EFAULT, -EINTR, or -ENOMEM if the buffer or a version had to be made.
 */
ssize_t hello_store_write(struct hello_store *store, struct hello_io *io,
			  loff_t *pos, bool append)
{
	size_t unit = unit_of(store);
	size_t wanted = io->left;
	int err = 0;

	while (!err && io->left) {
		struct hello_buffer *old = NULL;
		struct hello_buffer *buffer;
		size_t copied = 0;
		size_t n = 0;
		loff_t at;

		err = hello_lock_write(&store->lock);
		if (err)
			break;
		buffer = buffer_of(store);
		if (!buffer) {
			/* Without a buffer yet, and no need of one to fail. */
			if (!append && *pos >= store->recipe.buffer_size)
				err = -ENOSPC;
			hello_unlock_write(&store->lock);
			if (!err)
				err = hello_store_provide(store);
			continue;
		}
		at = append ? buffer->length : *pos;
		if (at >= buffer->mem.size) {
			err = -ENOSPC;
			goto unlock;
		}
		if (store->lock.versions) {
			old = buffer;
			buffer = new_version(old);
			if (IS_ERR(buffer)) {
				err = PTR_ERR(buffer);
				old = NULL;
				goto unlock;
			}
		}
		/* A gap reads as zeros. Not clean yet: another unit of cleaning. */
		if (at > buffer->length && !hello_buffer_clean(buffer, unit))
			goto unlock;

		n = min_t(u64, min(io->left, unit), buffer->mem.size - at);
		copied = write_unit(store, buffer, io, at, n);
		if (copied) {
			if (old)
				rcu_assign_pointer(store->buffer, buffer);
			note_change(store);
			io->seen = store->changes;
			*pos = at + copied;
		} else if (old) {
			old = buffer;
		}
unlock:
		hello_unlock_write(&store->lock);
		if (old)
			hello_buffer_put(old);
		if (likely(!io->left))
			break;
		if (copied < n)
			err = hello_io_fault_in(io, false);
		cond_resched();
	}
	if (io->left == wanted)
		return err;
	tell_pollers(store);
	return wanted - io->left;
}

/* ---- truncating ---- */

/*
 * Zeroes one unit of mapped contents, at *done, and advances it. Returns true
 * if that was the last one.
 */
static bool zero_unit(const struct hello_store *store,
		      struct hello_buffer *buffer, size_t *done)
{
	size_t n;

	/* It may have been truncated by others since the last unit. */
	if (*done > buffer->length)
		*done = buffer->length;
	n = min(unit_of(store), buffer->length - *done);
	memset(buffer->mem.addr + *done, 0, n);
	*done += n;
	return *done == buffer->length;
}

/**
 * hello_store_truncate() - make contents empty
 * @store: the store
 *
 * O(1): bytes are zeroed when the length grows over them again. Mapped ones
 * are zeroed at once, and where they may be written through a mapping the
 * length stays at the capacity.
 *
 * Return: 0 or -EINTR.
 */
int hello_store_truncate(struct hello_store *store)
{
	struct hello_buffer *buffer;
	bool finished = true;
	size_t done = 0;
	int err;

	do {
		err = hello_lock_write(&store->lock);
		if (err)
			return err;
		buffer = buffer_of(store);
		if (buffer && atomic_read(&store->maps)) {
			finished = zero_unit(store, buffer, &done);
			if (finished && !atomic_read(&store->writable_maps)) {
				buffer->length = 0;
				buffer->dirty = 0;
			}
		} else if (buffer) {
			/* Readers of a version look at it without the lock. */
			WRITE_ONCE(buffer->length, 0);
		}
		/* What a migration has carried is not the contents any more. */
		store->carried = 0;
		note_change(store);
		hello_unlock_write(&store->lock);
		cond_resched();
	} while (!finished);

	tell_pollers(store);
	return 0;
}

/* ---- replacing the buffer ---- */

/* Carries one unit over to the successor; 0 means that there is more. */
static int carry_unit(struct hello_store *store,
		      const struct hello_buffer *buffer)
{
	struct hello_buffer *next = store->next;
	size_t n;

	if (atomic_read(&store->maps))
		return -EBUSY;
	if (buffer->length > next->mem.size)
		return -ENOSPC;

	n = min_t(size_t, HELLO_LOCK_UNIT, buffer->length - store->carried);
	memcpy(next->mem.addr + store->carried,
	       buffer->mem.addr + store->carried, n);
	store->carried += n;
	next->dirty = max(next->dirty, store->carried);
	next->length = store->carried;
	return store->carried == buffer->length;
}

static void trace_replace(const struct hello_buffer *from,
			  const struct hello_recipe *to, size_t length, int err)
{
	char old_text[HELLO_RECIPE_MAX];
	char new_text[HELLO_RECIPE_MAX];

	if (!trace_hello_migrate_enabled())
		return;
	hello_recipe_print(&from->recipe, old_text, sizeof(old_text));
	hello_recipe_print(to, new_text, sizeof(new_text));
	trace_hello_migrate(old_text, new_text, length, err);
}

/**
 * hello_store_replace() - make the buffer anew from another recipe
 * @store: the store
 * @recipe: how; without a buffer it is only noted
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
	struct hello_buffer *next;
	struct hello_buffer *old;
	int ret;

	if (!rcu_access_pointer(store->buffer))
		return hello_store_set_recipe(store, recipe);

	next = hello_buffer_create(recipe);
	if (IS_ERR(next))
		return PTR_ERR(next);

	ret = hello_lock_write(&store->lock);
	if (ret)
		goto err_put_next;
	if (store->next) {
		ret = -EBUSY;
		goto err_unlock;
	}
	/* Given back meanwhile: the new one has nothing to carry over. */
	if (!buffer_of(store))
		goto err_unlock;

	store->next = next;
	store->carried = 0;
	for (;;) {
		/* A version of rcu may have come meanwhile: look every time. */
		old = buffer_of(store);
		ret = carry_unit(store, old);
		if (ret)
			break;
		hello_unlock_write(&store->lock);
		cond_resched();
		hello_lock_write_wait(&store->lock);
	}
	store->next = NULL;
	if (ret > 0) {
		rcu_assign_pointer(store->buffer, next);
		store->recipe = *recipe;
		ret = 0;
	}
	trace_replace(old, recipe, old->length, ret);
	hello_unlock_write(&store->lock);

	hello_buffer_put(ret ? next : old);
	if (!ret)
		tell_pollers(store);
	return ret;

err_unlock:
	hello_unlock_write(&store->lock);
err_put_next:
	hello_buffer_put(next);
	return ret;
}

/**
 * hello_store_drop() - give the buffer back, unless it is mapped
 * @store: the store; whoever still uses it gets a new buffer
 *
 * Return: 0 or -EINTR.
 */
int hello_store_drop(struct hello_store *store)
{
	struct hello_buffer *buffer;
	int err;

	err = hello_lock_write(&store->lock);
	if (err)
		return err;
	buffer = atomic_read(&store->maps) ? NULL : buffer_of(store);
	if (buffer) {
		RCU_INIT_POINTER(store->buffer, NULL);
		note_change(store);
	}
	hello_unlock_write(&store->lock);
	hello_buffer_put(buffer);
	return 0;
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
	return PAGE_ALIGN(buffer->mem.size) >> PAGE_SHIFT;
}

/* Only for pages that were dropped: .mmap has inserted them all. */
static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	struct hello_buffer *buffer = mapped_buffer(vmf->vma->vm_private_data);

	if (vmf->pgoff >= pages_of(buffer))
		return VM_FAULT_SIGBUS;
	hello_alloc_pages(&buffer->mem, vmf->pgoff, 1, &vmf->page);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vm_ops = {
	.open	= vma_open,
	.close	= vma_close,
	.fault	= vma_fault,
};

/* In batches: page by page would lock the page table each time. */
static int insert_pages(const struct hello_buffer *buffer,
			struct vm_area_struct *vma)
{
	unsigned long left = vma_pages(vma);
	unsigned long addr = vma->vm_start;
	pgoff_t pgoff = vma->vm_pgoff;
	unsigned long batch = min_t(unsigned long, left,
				    PAGE_SIZE / sizeof(struct page *));
	struct page **pages;
	int err = 0;

	pages = hello_fail() ? NULL :
			       kmalloc_array(batch, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	while (left && !err) {
		unsigned long n = min(left, batch);
		unsigned long missed = n;

		hello_alloc_pages(&buffer->mem, pgoff, n, pages);
		err = vm_insert_pages(vma, addr, pages, &missed);
		addr += n << PAGE_SHIFT;
		pgoff += n;
		left -= n;
	}
	kfree(pages);
	return err;
}

/* What may be mapped, and how. The lock is held. */
static int check_map(const struct hello_store *store,
		     const struct hello_buffer *buffer,
		     struct vm_area_struct *vma)
{
	if (store->lock.versions ||
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
		buffer = buffer_of(store);
		if (!buffer) {
			hello_unlock_write(&store->lock);
			continue;
		}
		err = check_map(store, buffer, vma);
		if (err) {
			hello_unlock_write(&store->lock);
			return err;
		}
		clean = hello_buffer_clean(buffer, unit_of(store));
		if (clean) {
			if (!(vma->vm_flags & VM_MAYSHARE))
				vm_flags_clear(vma, VM_MAYWRITE);
			vm_flags_clear(vma, VM_MAYEXEC);
			vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
			vma->vm_private_data = store;
			count_map(vma, 1);
		}
		hello_unlock_write(&store->lock);
		cond_resched();
	} while (!clean);

	vma->vm_ops = &vm_ops;
	err = hello_alloc_mmap(&buffer->mem, vma);
	if (err == -EOPNOTSUPP)
		err = insert_pages(buffer, vma);
	if (err) {
		count_map(vma, -1);
		return err;
	}
	/* What is written there is contents, wherever it is. */
	if (vma->vm_flags & VM_MAYWRITE) {
		hello_lock_write_wait(&store->lock);
		hello_buffer_extend(buffer, buffer->mem.size);
		hello_unlock_write(&store->lock);
	}
	return 0;
}

/* ---- looking ---- */

static void describe(const struct hello_store *store,
		     const struct hello_buffer *buffer,
		     struct hello_store_info *info)
{
	const struct hello_mem *mem = &buffer->mem;

	info->recipe = buffer->recipe;
	info->length = READ_ONCE(buffer->length);
	info->alloc_ns = buffer->alloc_ns;
	info->node = hello_alloc_node(mem);
	info->flags = HELLO_INFO_ALLOCATED;
	if (hello_alloc_contiguous(mem))
		info->flags |= HELLO_INFO_CONTIGUOUS;
	if (hello_alloc_mappable(mem) && !store->lock.versions)
		info->flags |= HELLO_INFO_MAPPABLE;
}

/**
 * hello_store_info() - what is in a store
 * @store: the store
 * @info: what is found
 *
 * Return: 0 or -EINTR.
 */
int hello_store_info(struct hello_store *store, struct hello_store_info *info)
{
	struct hello_buffer *buffer;
	int err;

	*info = (struct hello_store_info) {
		.recipe		= store->recipe,
		/* What it will have when the first use makes it. */
		.length		= store->recipe.init_mode == HELLO_INIT_ZERO ?
				  0 : store->recipe.buffer_size,
		.node		= NUMA_NO_NODE,
		.maps		= atomic_read(&store->maps),
		.changes	= READ_ONCE(store->changes),
		.lock_mode	= store->lock.kind,
		.contended	= atomic_read(&store->lock.contended),
		.wait_ns	= atomic64_read(&store->lock.wait_ns),
	};

	if (store->lock.versions) {
		buffer = pin_version(store);
		if (buffer)
			describe(store, buffer, info);
		hello_buffer_put(buffer);
		return 0;
	}
	err = hello_lock_read(&store->lock);
	if (err)
		return err;
	buffer = buffer_of(store);
	if (buffer)
		describe(store, buffer, info);
	hello_unlock_read(&store->lock);
	return 0;
}
