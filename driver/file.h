/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What open files of /dev/hello do.
 */
#ifndef HELLO_FILE_H
#define HELLO_FILE_H

#include <linux/list.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "store.h"

/**
 * struct hello_file_counts - calls and bytes; exact unless threads collide
 */
struct hello_file_counts {
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
 * struct hello_file_link - a place in the list of open files
 */
struct hello_file_link {
	/** @list: in the list */
	struct list_head list;
	/** @id: number of the open file, for people; 0 for a cursor */
	u64 id;
};

/**
 * struct hello_file_cursor - how far a reader of the list has come
 */
struct hello_file_cursor {
	/** @link: in the list, after the last file that was described */
	struct hello_file_link link;
	/** @newest: id of the newest file when the list was begun */
	u64 newest;
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
	/** @link: in the list of all opens, and its number */
	struct hello_file_link link;
	/** @count: what was done with it */
	struct hello_file_counts count;
	/** @opener: the process that opened it */
	struct pid *opener;
};

/**
 * struct hello_file_info - an open file as debugfs shows it
 */
struct hello_file_info {
	/** @id: its number */
	u64 id;
	/** @pid: the process that opened it */
	pid_t pid;
	/** @gone: that process has ended */
	bool gone;
	/** @comm: else its name now, as it chose it */
	char comm[TASK_COMM_LEN];
	/** @shared: it has the shared buffer */
	bool shared;
	/** @count: what was done with it */
	struct hello_file_counts count;
	/** @store: its buffer */
	struct hello_store_info store;
};

extern const struct file_operations hello_file_operations;

unsigned int hello_file_opens(void);

void hello_file_rewind(struct hello_file_cursor *cursor);
bool hello_file_next(struct hello_file_cursor *cursor,
		     struct hello_file_info *info);
void hello_file_done(struct hello_file_cursor *cursor);

int hello_file_init(void);
void hello_file_exit(void);

#endif /* HELLO_FILE_H */
