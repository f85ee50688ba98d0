/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files in /sys/class/misc/hello/.
 */
#ifndef HELLO_SYSFS_H
#define HELLO_SYSFS_H

struct attribute_group;

extern const struct attribute_group *hello_sysfs_groups[];

void hello_sysfs_init(void);

#endif /* HELLO_SYSFS_H */
