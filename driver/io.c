// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing open files, in two steps: a unit is copied without page
 * faults, which is possible under any lock, and what was missing of the caller's
 * memory is faulted in outside the lock.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buffer.h"
#include "compat.h"
#include "fail.h"
#include "file.h"
#include "io.h"
#include "store.h"
#include "trace.h"

/* How much is faulted in at once: a kill shall not wait for all of it. */
#define FAULT_IN_MAX	SZ_1M

/* ---- the caller's memory: at @iter, or at @user if that is NULL ---- */

/* Copies up to the first missing page, advances @iter, returns bytes copied. */
static __always_inline size_t copy_out(struct iov_iter *iter, char __user *user,
				       const void *from, size_t size)
{
	size_t copied;

	pagefault_disable();
	copied = iter ? copy_to_iter(from, size, iter) :
			size - __copy_to_user_inatomic(user, from, size);
	pagefault_enable();
	return copied;
}

static __always_inline size_t copy_in(struct iov_iter *iter,
				      const char __user *user, void *to,
				      size_t size)
{
	size_t copied;

	pagefault_disable();
	copied = iter ? copy_from_iter(to, size, iter) :
			size - __copy_from_user_inatomic(to, user, size);
	pagefault_enable();
	return copied;
}

/*
 * Brings in the page that stopped a copy, and waits for it as long as it takes.
 * Returns 0 if the copy can go on, -EFAULT if there is no such memory, -EINTR if
 * the task was killed.
 */
static int fault_in(struct iov_iter *iter, const char __user *user, size_t left,
		    bool write)
{
	size_t size = min_t(size_t, left, FAULT_IN_MAX);
	size_t missing;

	if (iter && !user_backed_iter(iter))
		return -EFAULT;
	if (iter)
		missing = write ? fault_in_iov_iter_writeable(iter, size) :
				  fault_in_iov_iter_readable(iter, size);
	else
		missing = write ? fault_in_writeable((char __user *)user, size) :
				  fault_in_readable(user, size);
	if (fatal_signal_pending(current))
		return -EINTR;
	return missing == size ? -EFAULT : 0;
}

static void count(u64 *calls, u64 *bytes, ssize_t ret)
{
	/* Threads that collide may lose a count: it is not worth an atomic. */
	data_race((*calls)++);
	if (ret > 0)
		/* as above */
		data_race(*bytes += ret);
}

/* Where a call began that has ended at @pos. */
static loff_t began(loff_t pos, ssize_t ret)
{
	return pos - max_t(ssize_t, ret, 0);
}

/* ---- reading ---- */

static __always_inline ssize_t
end_read(struct hello_file *file, size_t size, const loff_t *pos, ssize_t ret)
{
	count(&file->count.reads, &file->count.bytes_read, ret);
	pr_debug("read: req=%zu, actual=%zd, off=%lld\n", size, ret,
		 began(*pos, ret));
	if (trace_hello_read_enabled())
		trace_hello_read(file->id, size, ret, began(*pos, ret));
	return ret;
}

/*
 * One unit of a read, of which *n bytes are there to be copied. Returns bytes
 * copied, or -EINTR; -EAGAIN if they must be made first.
 */
static __always_inline ssize_t
read_unit(struct hello_store *store, struct iov_iter *iter, char __user *user,
	  size_t size, loff_t pos, void *bounce, unsigned long *seen, size_t *n)
{
	const struct hello_buffer *buffer;
	size_t copied = 0;
	int err;

	*n = 0;
	err = hello_lock_read(&store->lock);
	if (unlikely(err))
		return err;
	WRITE_ONCE(*seen, store->changes);
	buffer = hello_store_buffer(store);
	if (likely(pos < buffer->length)) {
		const void *from = buffer->mem.addr;

		*n = min_t(u64, size, buffer->length - pos);
		if (unlikely(!from))
			err = *n ? -EAGAIN : 0;
		else if (bounce)
			memcpy(bounce, from + pos, *n);
		else
			copied = copy_out(iter, user, from + pos, *n);
	}
	hello_unlock_read(&store->lock);
	if (unlikely(err))
		return err;
	if (bounce)
		copied = copy_out(iter, NULL, bounce, *n);
	return copied;
}

/* The whole call from one version, even where user memory has to be waited for. */
static ssize_t read_version(struct hello_file *file, struct iov_iter *iter,
			    char __user *user, size_t size, loff_t *pos)
{
	struct hello_buffer *buffer;
	size_t copied, n;
	size_t done = 0;
	size_t length;
	int err = 0;

	/* Pairs with the release of a change: not newer than the version. */
	WRITE_ONCE(file->own.changes, smp_load_acquire(&file->store->changes));
	buffer = hello_store_pin(file->store);
	length = READ_ONCE(buffer->length);
	if (unlikely(!hello_buffer_ready(buffer))) {
		if (*pos < length && size)
			err = -EAGAIN;
		length = 0;
	}
	while (likely(*pos < length)) {
		n = min_t(u64, size - done, length - *pos);
		copied = copy_out(iter, user + done, buffer->mem.addr + *pos,
				  n);
		*pos += copied;
		done += copied;
		if (likely(copied == n))
			break;
		err = fault_in(iter, user + done, size - done, true);
		if (err)
			break;
	}
	hello_buffer_put(buffer);
	return done ?: err;
}

/*
 * An iterator that is no user memory may allocate pages while it is copied to
 * (a pipe up to 6.4): not under a lock that spins.
 */
static bool needs_bounce(const struct hello_store *store,
			 const struct iov_iter *iter)
{
	return hello_lock_spins(&store->lock) && iter && !user_backed_iter(iter);
}

/* One unit after the other. What the first saw is what the call has seen. */
static noinline ssize_t read_units(struct hello_file *file,
				   struct iov_iter *iter, char __user *user,
				   size_t size, loff_t *pos)
{
	struct hello_store *store = file->store;
	size_t unit = hello_lock_unit(&store->lock);
	unsigned long later, *seen = &file->own.changes;
	void *bounce = NULL;
	size_t done = 0;
	ssize_t ret;
	size_t n;

	if (needs_bounce(store, iter)) {
		bounce = hello_fail() ? NULL : kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!bounce)
			return -ENOMEM;
		unit = PAGE_SIZE;
	}
	do {
		size_t wanted = min(size - done, unit);

		ret = read_unit(store, iter, user + done, wanted, *pos, bounce,
				seen, &n);
		if (ret < 0)
			break;
		seen = &later;
		*pos += ret;
		done += ret;
		if (ret < n)
			ret = fault_in(iter, user + done, size - done, true);
		else if (n < wanted)
			break;
		cond_resched();
	} while (ret >= 0 && done < size);
	kfree(bounce);
	return done ?: ret;
}

static noinline ssize_t read_any(struct hello_file *file, struct iov_iter *iter,
				 char __user *user, size_t size, loff_t *pos)
{
	struct hello_store *store = file->store;
	ssize_t ret;

	do {
		/* Each read under rcu comes here, of the others few. */
		if (likely(hello_lock_versions(&store->lock)))
			ret = read_version(file, iter, user, size, pos);
		else
			ret = read_units(file, iter, user, size, pos);
		if (likely(ret != -EAGAIN))
			break;
		/* A buffer that will be zero is empty until it is written. */
		ret = hello_store_provide(store);
	} while (!ret);
	return end_read(file, size, pos, ret);
}

/* A read of one unit, which most are; another one begins anew. */
static noinline ssize_t read_straight(struct hello_file *file,
				      char __user *user, size_t size,
				      loff_t *pos)
{
	ssize_t ret;
	size_t n;

	ret = read_unit(file->store, NULL, user, size, *pos, NULL,
			&file->own.changes, &n);
	if (unlikely(ret != n))
		return read_any(file, NULL, user, size, pos);
	*pos += ret;
	return end_read(file, size, pos, ret);
}

/**
 * hello_io_read() - .read of the device
 * @filp: the open file
 * @user: where to; the VFS has checked the range
 * @size: bytes
 * @pos: from where, not negative; advanced by what was read
 *
 * The VFS prefers it for read(2): no iterator to set up. Holds no lock while
 * user memory is waited for.
 *
 * Return: bytes read, 0 at or after the end; if none were, -EFAULT, -EINTR, or
 * -ENOMEM if the buffer had to be made.
 */
ssize_t hello_io_read(struct file *filp, char __user *user, size_t size,
		      loff_t *pos)
{
	struct hello_file *file = filp->private_data;

	if (likely(size < file->store->lock.unit))
		return read_straight(file, user, size, pos);
	return read_any(file, NULL, user, size, pos);
}

/**
 * hello_io_read_iter() - .read_iter of the device
 * @iocb: the open file and the position
 * @to: where to, advanced by what was read
 *
 * Return: as hello_io_read().
 */
ssize_t hello_io_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return read_any(iocb->ki_filp->private_data, to, NULL,
			iov_iter_count(to), &iocb->ki_pos);
}

/* ---- writing ---- */

static __always_inline ssize_t
end_write(struct hello_file *file, size_t size, const loff_t *pos, ssize_t ret)
{
	count(&file->count.writes, &file->count.bytes_written, ret);
	pr_debug("write: req=%zu, actual=%zd, off=%lld\n", size, ret,
		 began(*pos, ret));
	if (trace_hello_write_enabled())
		trace_hello_write(file->id, size, ret, began(*pos, ret));
	return ret;
}

/* What is written to the part that a migration has carried already goes to both. */
static void mirror(const struct hello_store *store,
		   const struct hello_buffer *buffer, size_t pos, size_t n)
{
	const struct hello_migration *migration = store->migration;

	if (pos >= migration->carried)
		return;
	n = min(n, migration->carried - pos);
	memcpy(migration->next->mem.addr + pos, buffer->mem.addr + pos, n);
}

/*
 * One unit of a write that leaves no gap and that fits. The lock is held.
 * Returns bytes copied.
 */
static __always_inline size_t
write_unit(struct hello_store *store, struct hello_buffer *buffer,
	   struct iov_iter *iter, const char __user *user, size_t n, loff_t at,
	   loff_t *pos, unsigned long *seen)
{
	size_t copied = copy_in(iter, user, buffer->mem.addr + at, n);

	if (likely(copied)) {
		hello_buffer_extend(buffer, at + copied);
		if (unlikely(store->migration))
			mirror(store, buffer, at, copied);
		hello_store_changed(store);
		WRITE_ONCE(*seen, store->changes);
		*pos = at + copied;
	}
	return copied;
}

/*
 * A copy of the current version, to be changed and published. What the new
 * buffer was filled with comes after the contents.
 */
static struct hello_buffer *new_version(const struct hello_buffer *old)
{
	struct hello_buffer *buffer = hello_buffer_create(&old->mem.recipe);

	if (!buffer)
		return NULL;
	memcpy(buffer->mem.addr, old->mem.addr, old->length);
	buffer->length = old->length;
	buffer->dirty = max(buffer->dirty, buffer->length);
	return buffer;
}

/* Any write, or what is left of it after some bytes are done. */
static noinline ssize_t write_any(struct hello_file *file,
				  struct iov_iter *iter,
				  const char __user *user, size_t size,
				  loff_t *pos, bool append, size_t done)
{
	struct hello_store *store = file->store;
	size_t unit = hello_lock_unit(&store->lock);
	int err = 0;

	while (!err && done < size) {
		struct hello_buffer *old = NULL;
		struct hello_buffer *buffer;
		size_t copied = 0;
		size_t n = 0;
		loff_t at;

		err = hello_lock_write(&store->lock);
		if (err)
			break;
		buffer = hello_store_buffer(store);
		at = append ? buffer->length : *pos;
		if (at >= buffer->mem.recipe.buffer_size) {
			err = -ENOSPC;
			goto unlock;
		}
		if (!buffer->mem.addr) {
			hello_unlock_write(&store->lock);
			err = hello_store_provide(store);
			continue;
		}
		if (hello_lock_versions(&store->lock)) {
			struct hello_buffer *version = new_version(buffer);

			if (!version) {
				err = -ENOMEM;
				goto unlock;
			}
			old = buffer;
			buffer = version;
		}
		/* A gap reads as zeros. Not clean yet: another unit of cleaning. */
		if (at > buffer->length && !hello_buffer_clean(buffer, unit))
			goto unlock;

		n = min_t(u64, min(size - done, unit), buffer->mem.recipe.buffer_size - at);
		copied = write_unit(store, buffer, iter, user + done, n, at,
				    pos, &file->own.changes);
		done += copied;
		if (old && copied)
			rcu_assign_pointer(store->buffer, buffer);
		else if (old)
			old = buffer;
unlock:
		hello_unlock_write(&store->lock);
		hello_buffer_put(old);
		if (copied < n)
			err = fault_in(iter, user + done, size - done, false);
		cond_resched();
	}
	if (done)
		hello_store_tell(store);
	return end_write(file, size, pos, done ?: err);
}

/**
 * hello_io_write() - .write of the device
 * @filp: the open file; O_APPEND writes each unit at the end of the contents
 * @user: where from; the VFS has checked the range
 * @size: bytes
 * @pos: where to, not negative; advanced by what was written
 *
 * Holds no lock while user memory is waited for.
 *
 * Return: bytes written; if none were, -ENOSPC at or after the capacity,
 * -EFAULT, -EINTR, or -ENOMEM if the buffer or a version had to be made.
 */
ssize_t hello_io_write(struct file *filp, const char __user *user, size_t size,
		       loff_t *pos)
{
	struct hello_file *file = filp->private_data;
	struct hello_store *store = file->store;
	struct hello_buffer *buffer;
	size_t copied = 0;

	if (unlikely(filp->f_flags & O_APPEND))
		return write_any(file, NULL, user, size, pos, true, 0);
	if (unlikely(size >= store->lock.unit ||
		     hello_lock_write(&store->lock)))
		goto any;
	/* Mostly the first unit is the whole call. */
	buffer = hello_store_buffer(store);
	if (likely(buffer->mem.addr && *pos <= buffer->length &&
		   size <= buffer->mem.recipe.buffer_size - *pos))
		copied = write_unit(store, buffer, NULL, user, size, *pos, pos,
				    &file->own.changes);
	hello_unlock_write(&store->lock);
	if (likely(copied == size)) {
		hello_store_tell(store);
		return end_write(file, size, pos, size);
	}
any:
	return write_any(file, NULL, user, size, pos, false, copied);
}

/**
 * hello_io_write_iter() - .write_iter of the device
 * @iocb: the open file and the position
 * @from: where from, advanced by what was written
 *
 * Return: as hello_io_write().
 */
ssize_t hello_io_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return write_any(iocb->ki_filp->private_data, from, NULL,
			 iov_iter_count(from), &iocb->ki_pos,
			 iocb->ki_flags & IOCB_APPEND, 0);
}
