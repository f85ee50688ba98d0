// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing open files, in rounds: under the lock a unit is copied with
 * page faults disabled, then missing pages of the caller are faulted in unlocked.
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
#include "io.h"
#include "store.h"
#include "trace.h"

/* Bytes faulted in at once; a kill waits for them. */
#define FAULT_IN_MAX	SZ_1M

/*
 * Rounds in a row that copy nothing although the page was faulted in. More than
 * a few mean that no round will, as with memory tags that do not match.
 */
#define STALLS_MAX	16

/**
 * struct transfer - a read or write that may take several units
 */
struct transfer {
	/** @file: the open file */
	struct hello_file *file;
	/** @iter: the caller's memory; advances with each copy */
	struct iov_iter *iter;
	/** @user: the caller's memory if @iter is NULL */
	char __user *user;
	/** @size: bytes requested */
	size_t size;
	/** @pos: position; advances with each copy */
	loff_t *pos;
	/** @done: bytes copied so far */
	size_t done;
	/** @stalls: rounds in a row that copied nothing */
	unsigned int stalls;
	/** @changes: change count as of the first unit of a read */
	unsigned long changes;
	/** @begun: the first unit of a read is done */
	bool begun;
	/** @nowait: before the first byte, return -EAGAIN instead of sleeping */
	bool nowait;
};

/* ---- the caller's memory: at @iter, or at @user if that is NULL ---- */

/* Copies up to the first missing page. Advances @iter. Returns bytes copied. */
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
 * Copies in chunks, since a sleeping lock may be held for gigabytes. A kill ends
 * it early. Under a spinning lock a unit is less than a chunk.
 */
static noinline size_t copy_chunks(struct transfer *t, void *mem, size_t size,
				   bool to_user)
{
	size_t copied = 0;

	static_assert(HELLO_LOCK_UNIT <= HELLO_LOCK_CHUNK);

	for (;;) {
		char __user *user = t->user + t->done + copied;
		size_t n = min_t(size_t, size - copied, HELLO_LOCK_CHUNK);
		size_t step = to_user ? copy_out(t->iter, user, mem + copied, n) :
					copy_in(t->iter, user, mem + copied, n);

		copied += step;
		if (step < n || copied == size || fatal_signal_pending(current))
			return copied;
		cond_resched();
	}
}

/*
 * Bytes to try, of @n. A copy by words can stop before valid bytes at the end of
 * a page; a copy of one byte cannot.
 */
static size_t attempt(const struct transfer *t, size_t n)
{
	return t->stalls > 1 ? min_t(size_t, n, 1) : n;
}

/*
 * Faults in the rest of @n bytes, after the @copied ones. Writes nothing to user
 * memory: only the bytes that a call returns may change. Returns 0 if the copy
 * can continue, -EFAULT if there is no such memory, -EINTR if killed.
 */
static int fault_in(struct transfer *t, size_t copied, size_t n, bool to_user)
{
	size_t size = min_t(size_t, n - copied, FAULT_IN_MAX);
	char __user *user = t->user + t->done;
	size_t missing;

	if (t->iter && !user_backed_iter(t->iter))
		return -EFAULT;
	t->stalls = copied ? 0 : t->stalls + 1;
	if (t->stalls > STALLS_MAX)
		return -EFAULT;
	if (t->iter)
		missing = to_user ? fault_in_iov_iter_writeable(t->iter, size) :
				    fault_in_iov_iter_readable(t->iter, size);
	else
		missing = to_user ? fault_in_safe_writeable(user, size) :
				    fault_in_readable(user, size);
	if (fatal_signal_pending(current))
		return -EINTR;
	return missing == size ? -EFAULT : 0;
}

static void count_transfer(struct hello_io_count *count, ssize_t ret)
{
	/* Threads that collide may lose a count: not worth an atomic. */
	data_race(count->calls++);
	if (ret >= 0)
		/* as above */
		data_race(count->bytes += ret);
}

/* Start offset of a transfer that ended at @end. */
static inline loff_t start_of(loff_t end, ssize_t ret)
{
	return end - max_t(ssize_t, ret, 0);
}

/* Computes the start offset in the branches alone, which are cold. */
static __always_inline ssize_t end_transfer(struct hello_file *file, bool write,
					    size_t size, loff_t end, ssize_t ret)
{
	count_transfer(write ? &file->writes : &file->reads, ret);
	pr_debug("%s: req=%zu, actual=%zd, off=%lld\n",
		 write ? "write" : "read", size, ret, start_of(end, ret));
	if (write && trace_hello_write_enabled())
		trace_hello_write(file->link.id, size, ret, start_of(end, ret));
	if (!write && trace_hello_read_enabled())
		trace_hello_read(file->link.id, size, ret, start_of(end, ret));
	return ret;
}

/* ---- reading ---- */

/* @changes is the change count that the read has seen, if it did not fail. */
static __always_inline ssize_t end_read(struct hello_file *file, size_t size,
					loff_t end, ssize_t ret,
					unsigned long changes)
{
	/* The count of a private buffer is own.changes itself: not set back. */
	if (likely(ret >= 0) && file->store != &file->own)
		WRITE_ONCE(file->own.changes, changes);
	return end_transfer(file, false, size, end, ret);
}

/**
 * struct read_unit - one unit of a read
 */
struct read_unit {
	/** @size: bytes wanted */
	size_t size;
	/** @pos: position */
	loff_t pos;
	/** @bounce: copy to there instead of the caller's memory, if not NULL */
	void *bounce;
	/** @n: result: of @size, the bytes before the end of the contents */
	size_t n;
	/** @changes: result: the change count under the lock */
	unsigned long changes;
};

/*
 * Copies to u->bounce, else to the memory of @t, else to @user. Returns bytes
 * copied, -EINTR, -EAGAIN if @t must not wait, or -ENODATA if the memory does
 * not exist yet.
 */
static __always_inline ssize_t read_unit(struct hello_store *store,
					 struct transfer *t, char __user *user,
					 struct read_unit *u)
{
	const struct hello_buffer *buffer;
	size_t copied = 0;
	int err;

	u->n = 0;
	err = hello_lock_read(&store->lock, t && t->nowait && !t->done);
	if (unlikely(err)) {
		u->changes = 0;
		return err;
	}
	u->changes = store->changes;
	buffer = hello_store_buffer(store);
	if (likely(u->pos < buffer->length)) {
		void *from = buffer->mem.addr;

		u->n = min_t(u64, u->size, buffer->length - u->pos);
		if (unlikely(!from))
			err = u->n ? -ENODATA : 0;
		else if (u->bounce)
			memcpy(u->bounce, from + u->pos, u->n);
		else if (t)
			copied = copy_chunks(t, from + u->pos, u->n, true);
		else
			copied = copy_out(NULL, user, from + u->pos, u->n);
	}
	hello_unlock_read(&store->lock);
	return unlikely(err) ? err : copied;
}

/**
 * struct snapshot - a pinned version of the contents
 */
struct snapshot {
	/** @buffer: the buffer, to be put */
	struct hello_buffer *buffer;
	/** @length: its length when it was pinned; a truncation may cut it */
	size_t length;
	/** @changes: a change count that is not newer */
	unsigned long changes;
};

static __always_inline struct snapshot pin_version(struct hello_store *store)
{
	struct snapshot v;

	/* Pairs with the release in hello_store_changed(). */
	v.changes = smp_load_acquire(&store->changes);
	v.buffer = hello_store_pin(store);
	v.length = READ_ONCE(v.buffer->length);
	return v;
}

/* The whole call sees one version, even if pages must be faulted in meanwhile. */
static ssize_t copy_version(struct transfer *t, struct snapshot v)
{
	int err = 0;

	while (!err && t->done < t->size && *t->pos < v.length) {
		size_t n = attempt(t, min_t(u64, t->size - t->done,
					    v.length - *t->pos));
		size_t copied = copy_chunks(t, v.buffer->mem.addr + *t->pos, n,
					    true);

		*t->pos += copied;
		t->done += copied;
		if (copied < n)
			err = fault_in(t, copied, n, true);
		else
			t->stalls = 0;
	}
	return t->done ?: err;
}

static ssize_t read_version(struct transfer *t)
{
	struct snapshot v = pin_version(t->file->store);
	ssize_t ret = 0;

	t->changes = v.changes;
	if (likely(hello_buffer_ready(v.buffer)))
		ret = copy_version(t, v);
	else if (*t->pos < v.length && t->size)
		ret = -ENODATA;
	hello_buffer_put(v.buffer);
	return ret;
}

/*
 * A copy to an iterator of kernel memory may allocate (a pipe up to 6.4), which
 * a spinning lock forbids.
 */
static bool needs_bounce(const struct transfer *t)
{
	return hello_lock_spins(&t->file->store->lock) && t->iter &&
	       !user_backed_iter(t->iter);
}

static ssize_t read_units(struct transfer *t)
{
	struct hello_store *store = t->file->store;
	size_t unit = hello_lock_unit(&store->lock);
	void *bounce = NULL;
	int err = 0;

	if (needs_bounce(t)) {
		bounce = hello_should_fail() ? NULL : kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!bounce)
			return -ENOMEM;
		unit = PAGE_SIZE;
	}
	do {
		struct read_unit u = {
			.size	= attempt(t, min(t->size - t->done, unit)),
			.pos	= *t->pos,
			.bounce	= bounce,
		};
		ssize_t copied = read_unit(store, t, NULL, &u);

		/* poll() must report a change after the first unit. */
		if (!t->begun)
			t->changes = u.changes;
		if (copied < 0) {
			err = copied;
			break;
		}
		t->begun = true;
		if (bounce)
			copied = copy_out(t->iter, NULL, bounce, u.n);
		*t->pos += copied;
		t->done += copied;
		if (copied < u.n) {
			err = fault_in(t, copied, u.n, true);
		} else {
			t->stalls = 0;
			if (u.n < u.size)
				break;
		}
		cond_resched();
	} while (!err && t->done < t->size);
	kfree(bounce);
	return t->done ?: err;
}

static noinline ssize_t read_any(struct transfer *t)
{
	struct hello_store *store = t->file->store;
	ssize_t ret;

	for (;;) {
		if (hello_lock_versions(&store->lock))
			ret = read_version(t);
		else
			ret = read_units(t);
		if (likely(ret != -ENODATA))
			break;
		ret = t->nowait ? -EAGAIN : hello_store_populate(store, U64_MAX);
		if (ret)
			break;
	}
	/* Not counted: io_uring retries, and that is one read. */
	if (ret == -EAGAIN)
		return ret;
	return end_read(t->file, t->size, *t->pos, ret, t->changes);
}

/* noinline: keeps the struct off the stack of the fast paths. */
static noinline ssize_t read_rest(struct hello_file *file, char __user *user,
				  size_t size, loff_t *pos, ssize_t done,
				  unsigned long changes)
{
	struct transfer t = {
		.file	 = file,
		.user	 = user,
		.size	 = size,
		.pos	 = pos,
		.done	 = max_t(ssize_t, done, 0),
		.changes = changes,
		.begun	 = done >= 0,
	};

	return read_any(&t);
}

/* Most reads are of one unit. */
static __always_inline ssize_t read_fast(struct hello_file *file,
					 char __user *user, size_t size,
					 loff_t *pos)
{
	struct read_unit u = { .size = size, .pos = *pos };
	ssize_t copied = read_unit(file->store, NULL, user, &u);

	if (unlikely(copied != u.n)) {
		*pos += max_t(ssize_t, copied, 0);
		return read_rest(file, user, size, pos, copied, u.changes);
	}
	*pos += copied;
	return end_read(file, size, *pos, copied, u.changes);
}

/* Puts the version. */
static noinline ssize_t read_version_rest(struct hello_file *file,
					  char __user *user, size_t size,
					  loff_t *pos, size_t done,
					  struct snapshot v)
{
	struct transfer t = {
		.file	= file,
		.user	= user,
		.size	= size,
		.pos	= pos,
		.done	= done,
	};
	ssize_t ret = copy_version(&t, v);

	hello_buffer_put(v.buffer);
	return end_read(file, size, *pos, ret, v.changes);
}

/* A read of a version in one chunk. */
static noinline ssize_t read_version_fast(struct hello_file *file,
					  char __user *user, size_t size,
					  loff_t *pos)
{
	struct snapshot v = pin_version(file->store);
	size_t copied = 0;
	size_t n;

	if (likely(hello_buffer_ready(v.buffer) && *pos < v.length)) {
		n = min_t(u64, size, v.length - *pos);
		copied = copy_out(NULL, user, v.buffer->mem.addr + *pos, n);
		*pos += copied;
		if (unlikely(copied < n))
			return read_version_rest(file, user, size, pos, copied, v);
	} else if (*pos < v.length) {
		hello_buffer_put(v.buffer);
		return read_rest(file, user, size, pos, -ENODATA, v.changes);
	}
	hello_buffer_put(v.buffer);
	return end_read(file, size, *pos, copied, v.changes);
}

/**
 * hello_io_read() - .read of the device
 * @filp: the open file
 * @user: destination; the VFS has checked the range
 * @size: bytes
 * @pos: offset, not negative; advanced by the bytes read
 *
 * The fast path of read(2): no iterator.
 *
 * Return: bytes read, 0 at or after the end; before the first byte -EFAULT,
 * -EINTR if killed, or -ENOMEM if the buffer must be allocated.
 */
ssize_t hello_io_read(struct file *filp, char __user *user, size_t size,
		      loff_t *pos)
{
	struct hello_file *file = filp->private_data;

	if (likely(size < file->store->lock.fast_max))
		return read_fast(file, user, size, pos);
	if (hello_lock_versions(&file->store->lock) && size < HELLO_LOCK_CHUNK)
		return read_version_fast(file, user, size, pos);
	return read_rest(file, user, size, pos, -EAGAIN, 0);
}

/**
 * hello_io_read_iter() - .read_iter of the device
 * @iocb: the open file and the offset; IOCB_NOWAIT is honoured
 * @to: destination, advanced
 *
 * Return: as hello_io_read(), or -EAGAIN if IOCB_NOWAIT forbids to sleep.
 */
ssize_t hello_io_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct transfer t = {
		.file	= iocb->ki_filp->private_data,
		.iter	= to,
		.size	= iov_iter_count(to),
		.pos	= &iocb->ki_pos,
		.nowait	= iocb->ki_flags & IOCB_NOWAIT,
	};

	return read_any(&t);
}

/* ---- writing ---- */

/* Repeats a write in the successor, as far as the migration has copied. */
static void mirror(const struct hello_store *store,
		   const struct hello_buffer *buffer, size_t pos, size_t n)
{
	struct hello_buffer *next = store->next;

	if (pos >= next->length)
		return;
	memcpy(next->mem.addr + pos, buffer->mem.addr + pos,
	       min(n, next->length - pos));
}

/* Caller must hold the lock. poll() of @file does not report its own change. */
static __always_inline void note_change(struct hello_file *file,
					struct hello_store *store)
{
	hello_store_changed(store);
	WRITE_ONCE(file->own.changes, store->changes);
}

/* Publishes what a write copied up to @end. Caller must hold the lock. */
static __always_inline void end_unit(struct hello_file *file,
				     struct hello_store *store,
				     struct hello_buffer *buffer, loff_t end,
				     loff_t *pos)
{
	hello_buffer_extend(buffer, end);
	note_change(file, store);
	*pos = end;
}

/* A copy to be written and published. Returns NULL if killed or out of memory. */
static struct hello_buffer *new_version(const struct hello_buffer *old)
{
	struct hello_buffer *buffer = hello_buffer_create(&old->mem.recipe);
	size_t done = 0;

	if (!buffer)
		return NULL;
	for (; old->length - done > HELLO_LOCK_CHUNK; done += HELLO_LOCK_CHUNK) {
		memcpy(buffer->mem.addr + done, old->mem.addr + done,
		       HELLO_LOCK_CHUNK);
		if (fatal_signal_pending(current)) {
			hello_buffer_put(buffer);
			return NULL;
		}
		cond_resched();
	}
	memcpy(buffer->mem.addr + done, old->mem.addr + done, old->length - done);
	buffer->length = old->length;
	buffer->dirty = max(buffer->dirty, buffer->length);
	return buffer;
}

/*
 * A write at @at may leave a gap: zeroes the tail, so that the gap reads as
 * zeros. Returns false if that needs another round; a version is not published
 * yet, and is zeroed in one.
 */
static bool zero_gap(struct hello_buffer *buffer, loff_t at, bool version)
{
	if (at <= buffer->length)
		return true;
	while (!hello_buffer_zero_tail(buffer, HELLO_LOCK_UNIT)) {
		if (!version || fatal_signal_pending(current))
			return false;
		cond_resched();
	}
	return true;
}

/* The slow path: any write, or its rest after the fast path. */
static noinline ssize_t write_any(struct transfer *t, bool append)
{
	struct hello_store *store = t->file->store;
	bool versions = hello_lock_versions(&store->lock);
	size_t unit = hello_lock_unit(&store->lock);
	int err = 0;

	while (!err && t->done < t->size) {
		struct hello_buffer *abandoned = NULL;
		struct hello_buffer *version = NULL;
		struct hello_buffer *buffer;
		bool nowait = t->nowait && !t->done;
		size_t copied = 0;
		size_t n = 0;
		loff_t at;

		/* A kill must end a write that never waits, too. */
		err = fatal_signal_pending(current) ? -EINTR :
		      hello_lock_write(&store->lock, nowait);
		if (err)
			break;
		abandoned = hello_store_drop_abandoned(store);
		buffer = hello_store_buffer(store);
		at = append ? buffer->length : *t->pos;
		if (at >= buffer->mem.recipe.buffer_size) {
			err = -ENOSPC;
			goto unlock;
		}
		if (nowait && (versions || !buffer->mem.addr)) {
			err = -EAGAIN;
			goto unlock;
		}
		if (!buffer->mem.addr) {
			hello_unlock_write(&store->lock);
			hello_buffer_put(abandoned);
			err = hello_store_populate(store, U64_MAX);
			continue;
		}
		if (versions) {
			version = new_version(buffer);
			if (!version) {
				err = -ENOMEM;
				goto unlock;
			}
			buffer = version;
		}
		if (!zero_gap(buffer, at, versions))
			goto unlock;

		n = min_t(u64, min(t->size - t->done, unit),
			  buffer->mem.recipe.buffer_size - at);
		n = attempt(t, n);
		copied = copy_chunks(t, buffer->mem.addr + at, n, false);
		if (!copied)
			goto unlock;
		hello_buffer_extend(buffer, at + copied);
		if (store->next)
			mirror(store, buffer, at, copied);
		if (versions) {
			version = hello_store_buffer(store);
			rcu_assign_pointer(store->buffer, buffer);
		}
		/* After publishing: a reader that sees the count sees the bytes. */
		note_change(t->file, store);
		*t->pos = at + copied;
		t->done += copied;
unlock:
		hello_unlock_write(&store->lock);
		if (copied)
			hello_store_wake(store);
		hello_buffer_put(version);
		hello_buffer_put(abandoned);
		if (copied < n)
			err = fault_in(t, copied, n, false);
		else
			t->stalls = 0;
		cond_resched();
	}
	/* Not counted, as in read_any(). */
	if (err == -EAGAIN && !t->done)
		return err;
	return end_transfer(t->file, true, t->size, *t->pos, t->done ?: err);
}

/* noinline as read_rest(). */
static noinline ssize_t write_rest(struct hello_file *file,
				   const char __user *user, size_t size,
				   loff_t *pos, size_t done, bool append)
{
	struct transfer t = {
		.file	= file,
		.user	= (char __user *)user,
		.size	= size,
		.pos	= pos,
		.done	= done,
	};

	if (done)
		hello_store_wake(file->store);
	return write_any(&t, append);
}

/**
 * hello_io_write() - .write of the device
 * @filp: the open file; O_APPEND writes each unit at the end of the contents
 * @user: source; the VFS has checked the range
 * @size: bytes
 * @pos: offset, not negative; advanced by the bytes written
 *
 * Return: bytes written; before the first byte -ENOSPC at or after the capacity,
 * -EFAULT, -EINTR if killed, or -ENOMEM if an allocation failed.
 */
ssize_t hello_io_write(struct file *filp, const char __user *user, size_t size,
		       loff_t *pos)
{
	struct hello_file *file = filp->private_data;
	struct hello_store *store = file->store;
	struct hello_buffer *buffer;
	size_t copied = 0;
	loff_t at;

	if (unlikely(filp->f_flags & O_APPEND))
		return write_rest(file, user, size, pos, 0, true);
	if (unlikely(!size || size >= store->lock.fast_max ||
		     hello_lock_write(&store->lock, false)))
		goto any;
	/* Fast path: the first unit is the whole call. */
	buffer = hello_store_buffer(store);
	at = *pos;
	if (likely(buffer->mem.addr && !store->next && at <= buffer->length &&
		   size <= buffer->mem.recipe.buffer_size - at)) {
		copied = copy_in(NULL, user, buffer->mem.addr + at, size);
		if (likely(copied == size)) {
			end_unit(file, store, buffer, at + size, pos);
			hello_unlock_write(&store->lock);
			hello_store_wake(store);
			return end_transfer(file, true, size, at + size, size);
		}
		if (copied)
			end_unit(file, store, buffer, at + copied, pos);
	}
	hello_unlock_write(&store->lock);
any:
	return write_rest(file, user, size, pos, copied, false);
}

/**
 * hello_io_write_iter() - .write_iter of the device
 * @iocb: the open file and the offset; IOCB_NOWAIT and IOCB_APPEND are honoured
 * @from: source, advanced
 *
 * Return: as hello_io_write(), or -EAGAIN if IOCB_NOWAIT forbids to sleep.
 */
ssize_t hello_io_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct transfer t = {
		.file	= iocb->ki_filp->private_data,
		.iter	= from,
		.size	= iov_iter_count(from),
		.pos	= &iocb->ki_pos,
		.nowait	= iocb->ki_flags & IOCB_NOWAIT,
	};

	return write_any(&t, iocb->ki_flags & IOCB_APPEND);
}
