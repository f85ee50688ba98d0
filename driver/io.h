/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The caller's memory in one read or write: a plain pointer or an iterator.
 */
#ifndef HELLO_IO_H
#define HELLO_IO_H

#include <linux/types.h>
#include <linux/uaccess.h>

struct iov_iter;

/**
 * struct hello_io - memory that a read fills or a write empties
 */
struct hello_io {
	/** @iter: where it is, or NULL if it is at @user */
	struct iov_iter *iter;
	/** @user: the next byte; the VFS has checked the range */
	char __user *user;
	/** @left: bytes that are still to be moved */
	size_t left;
	/** @seen: in: 0; out: the last change of the store that this call knows of */
	u64 seen;
};

size_t hello_io_put_iter(struct hello_io *io, const void *from, size_t size);
size_t hello_io_get_iter(struct hello_io *io, void *to, size_t size);
int hello_io_fault_in(struct hello_io *io, bool write);

/**
 * hello_io_put() - copy to the caller, up to the first missing page
 * @io: advanced by what was copied
 * @from: what to copy
 * @size: bytes, at most @io->left
 *
 * Context: any, if @io is user memory.
 *
 * Return: bytes copied.
 */
static inline size_t hello_io_put(struct hello_io *io, const void *from,
				  size_t size)
{
	size_t copied;

	if (io->iter)
		return hello_io_put_iter(io, from, size);
	pagefault_disable();
	copied = size - __copy_to_user_inatomic(io->user, from, size);
	pagefault_enable();
	io->user += copied;
	io->left -= copied;
	return copied;
}

/**
 * hello_io_get() - copy from the caller, up to the first missing page
 * @io: advanced by what was copied
 * @to: where to; bytes after those copied stay as they are
 * @size: bytes, at most @io->left
 *
 * Context: any, if @io is user memory.
 *
 * Return: bytes copied.
 */
static inline size_t hello_io_get(struct hello_io *io, void *to, size_t size)
{
	size_t copied;

	if (io->iter)
		return hello_io_get_iter(io, to, size);
	pagefault_disable();
	copied = size - __copy_from_user_inatomic(to, io->user, size);
	pagefault_enable();
	io->user += copied;
	io->left -= copied;
	return copied;
}

#endif /* HELLO_IO_H */
