/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What open files of /dev/hello do.
 */
#ifndef HELLO_FILE_H
#define HELLO_FILE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>

#include "store.h"

/**
 * struct hello_file_count - calls and bytes; exact unless threads collide
 */
struct hello_file_count {
	/** @reads: calls */
	u64 reads;
	/** @writes: calls */
	u64 writes;
	/** @bytes_read: bytes */
	u64 bytes_read;
	/** @bytes_written: bytes */
	u64 bytes_written;
};

/**
 * struct hello_file - an open file description; dup() and fork() share it
 */
struct hello_file {
	/** @store: what it reads and writes: @own, or the shared one */
	struct hello_store *store;
	/**
	 * @own: the private store. Of that of a shared open its changes alone are
	 * used: those that this file had seen when it last read or wrote.
	 */
	struct hello_store own;
	/** @list: in the list of all opens */
	struct list_head list;
	/** @id: its number, for people */
	u64 id;
	/** @count: what was done with it */
	struct hello_file_count count;
	/** @opener: the process that opened it */
	struct pid *opener;
};

extern const struct file_operations hello_file_operations;

unsigned int hello_file_opens(void);

/* All open files: &struct hello_file by their @list. */
extern struct list_head hello_file_list;
/* Guards the list; opens and closes wait for whoever has it. */
extern struct mutex hello_file_list_lock;

int hello_file_init(void);
void hello_file_exit(void);

#endif /* HELLO_FILE_H */
