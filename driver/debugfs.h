/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files in /sys/kernel/debug/hello/.
 */
#ifndef HELLO_DEBUGFS_H
#define HELLO_DEBUGFS_H

void hello_debugfs_init(void);
void hello_debugfs_exit(void);

#endif /* HELLO_DEBUGFS_H */
