/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What open files of /dev/hello do.
 */
#ifndef HELLO_FILE_H
#define HELLO_FILE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>

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
	/** @own: the private store */
	struct hello_store own;
	/** @list: in the list of all opens */
	struct list_head list;
	/** @id: its number, for people */
	u64 id;
	/** @seen: changes of the store when this file last read or wrote */
	u64 seen;
	/** @count: what was done with it */
	struct hello_file_count count;
	/** @pid: who opened it */
	pid_t pid;
	/** @comm: what that was called */
	char comm[TASK_COMM_LEN];
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
