/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An open file, and reading and writing it.
 */
#ifndef HELLO_IO_H
#define HELLO_IO_H

#include <linux/list.h>
#include <linux/types.h>

#include "store.h"

struct file;
struct iov_iter;
struct kiocb;
struct pid;

/**
 * struct hello_io_count - transfers; exact unless threads collide
 */
struct hello_io_count {
	/** @calls: number of calls, failed ones included, but for -EAGAIN */
	u64 calls;
	/** @bytes: bytes that they copied */
	u64 bytes;
};

/**
 * struct hello_file_link - a place in the list of open files
 */
struct hello_file_link {
	/** @list: in the list */
	struct list_head list;
	/** @id: unique number of the open file since load; 0 for a cursor */
	u64 id;
};

/**
 * struct hello_file - an open file description; dup() and fork() share it
 */
struct hello_file {
	/** @store: the store that it reads and writes: @own, or the shared one */
	struct hello_store *store;
	/**
	 * @own: the private store. A shared open uses its changes alone: the
	 * change count of @store when this file last read or wrote.
	 */
	struct hello_store own;
	/** @link: in the list of open files */
	struct hello_file_link link;
	/** @reads: its reads so far */
	struct hello_io_count reads;
	/** @writes: its writes so far */
	struct hello_io_count writes;
	/** @opener: the process that opened it */
	struct pid *opener;
};

ssize_t hello_io_read(struct file *filp, char __user *user, size_t size,
		      loff_t *pos);
ssize_t hello_io_write(struct file *filp, const char __user *user, size_t size,
		       loff_t *pos);
ssize_t hello_io_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t hello_io_write_iter(struct kiocb *iocb, struct iov_iter *from);

#endif /* HELLO_IO_H */
