/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file operations of /dev/hello, and the list of its open files.
 */
#ifndef HELLO_FILE_H
#define HELLO_FILE_H

#include <linux/sched.h>

#include "io.h"
#include "store.h"

/**
 * struct hello_file_cursor - a position in the list of open files
 */
struct hello_file_cursor {
	/** @link: in the list, after the last file that was listed; its id is 0 */
	struct hello_file_link link;
	/** @newest: id of the newest file when the listing began */
	u64 newest;
};

/**
 * struct hello_file_info - an open file as debugfs shows it
 */
struct hello_file_info {
	/** @id: as in struct hello_file */
	u64 id;
	/** @pid: the process that opened it */
	pid_t pid;
	/** @gone: that process has ended */
	bool gone;
	/** @comm: its name now, unescaped; not set if @gone */
	char comm[TASK_COMM_LEN];
	/** @shared: it uses the shared buffer */
	bool shared;
	/** @reads: its reads so far */
	struct hello_io_count reads;
	/** @writes: its writes so far */
	struct hello_io_count writes;
	/** @store: its store */
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
