// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving bytes between a buffer and the caller's memory in two steps: copy
 * without page faults, which is possible under any lock, and outside the lock
 * fault in what was missing.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "compat.h"
#include "io.h"

/* How much is faulted in at once: a kill shall not wait for all of it. */
#define FAULT_IN_MAX	SZ_1M

/**
 * hello_io_put_iter() - hello_io_put() for an iterator
 * @io: advanced by what was copied
 * @from: what to copy
 * @size: bytes, at most @io->left
 *
 * Return: bytes copied.
 */
size_t hello_io_put_iter(struct hello_io *io, const void *from, size_t size)
{
	size_t copied;

	pagefault_disable();
	copied = copy_to_iter(from, size, io->iter);
	pagefault_enable();
	io->left -= copied;
	return copied;
}

/**
 * hello_io_get_iter() - hello_io_get() for an iterator
 * @io: advanced by what was copied
 * @to: where to; bytes after those copied stay as they are
 * @size: bytes, at most @io->left
 *
 * Return: bytes copied.
 */
size_t hello_io_get_iter(struct hello_io *io, void *to, size_t size)
{
	size_t copied;

	pagefault_disable();
	copied = copy_from_iter(to, size, io->iter);
	pagefault_enable();
	io->left -= copied;
	return copied;
}

/**
 * hello_io_fault_in() - bring in the page that stopped a copy
 * @io: the caller's memory
 * @write: whether the copy was to the caller
 *
 * Context: process, holding no lock; waits for the pages as long as it takes.
 *
 * Return: 0 if a copy can go on; -EFAULT if there is no such memory; -EINTR if
 * the task was killed.
 */
int hello_io_fault_in(struct hello_io *io, bool write)
{
	size_t size = min_t(size_t, io->left, FAULT_IN_MAX);
	size_t missing;

	if (io->iter && !user_backed_iter(io->iter))
		return -EFAULT;
	if (io->iter)
		missing = write ? fault_in_iov_iter_writeable(io->iter, size) :
				  fault_in_iov_iter_readable(io->iter, size);
	else
		missing = write ? fault_in_writeable(io->user, size) :
				  fault_in_readable(io->user, size);
	if (fatal_signal_pending(current))
		return -EINTR;
	return missing == size ? -EFAULT : 0;
}
