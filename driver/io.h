/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and writing open files.
 */
#ifndef HELLO_IO_H
#define HELLO_IO_H

#include <linux/types.h>

struct file;
struct iov_iter;
struct kiocb;

ssize_t hello_io_read(struct file *filp, char __user *user, size_t size,
		      loff_t *pos);
ssize_t hello_io_write(struct file *filp, const char __user *user, size_t size,
		       loff_t *pos);
ssize_t hello_io_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t hello_io_write_iter(struct kiocb *iocb, struct iov_iter *from);

#endif /* HELLO_IO_H */
