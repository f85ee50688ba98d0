/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the device is and what can be done to it: libudev, sysfs, debugfs.
 */
#ifndef HELLOCTL_DEVICE_H
#define HELLOCTL_DEVICE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define NODE	"/dev/hello"
#define SYSFS	"/sys/class/misc/hello"
#define DEBUGFS	"/sys/kernel/debug"

/* Is there the device? @number: which, or NULL */
bool device_exists(dev_t *number);
/* Opens the node, which may load the module; -1 after saying why not. */
int device_open(int flags);
/* For a node that is not the device's: only the module's birth makes one, udev does not. */
#define DEVICE_REPLACE_NODE \
	"sudo rm " NODE "; sudo modprobe -r hello; sudo modprobe hello"
/* What to do about an errno, or NULL. */
enum hint_context { HINT_NODE, HINT_TUNABLE, HINT_DEBUGFS };
const char *hint_for(enum hint_context context, int error);

/* All that is left to read, or any small file (NULL with errno set); no newline at the end. */
char *read_all(FILE *from);
char *file_read(const char *path);

/* Files of one value in SYSFS. Reading is as of any file; writing returns 0 or an errno. */
char *attr_read(const char *name);
int attr_write(const char *name, const char *value);
/* The same; if it fails, *@reason is what the driver says of it in the kernel log, or NULL. */
int attr_write_reason(const char *name, const char *value, char **reason);
#define KMSG	"/dev/kmsg"
/* Of a choice file "[kmalloc] vmalloc" the word in brackets; else all of it. */
char *attr_current(const char *name);
/* What the kernel offers for it, separated by blanks, or NULL where any value may do. */
char *attr_choices(const char *name);
/* The tunables, or with ATTR_STATS the totals: names below SYSFS, separated by blanks. */
#define ATTR_TUNABLES	""
#define ATTR_STATS	"stats/"
char *attr_list(const char *dir);

/*
 * Writes an order to a file of debugfs, and reads the answer from the same open;
 * either may be NULL. An order that is refused has an answer too, with the reason.
 * Returns 0 or an errno; free the answer in any case.
 */
#define DEBUGFS_REFUSED	"error: "
int debugfs_request(const char *name, const char *order, char **answer);
/* Says what to do about an errno of such a file. */
int debugfs_fail(const char *name, int error);
/* The same for reading, or NULL after that. */
char *debugfs_read(const char *name);
/* Moves *@from past the line of its version, or says that it is of another driver. */
int debugfs_check_version(char **from);

/*
 * A uevent of the device.
 * @changed: the file that the driver names in HELLO_CHANGED, or NULL
 * @value: what was stored there, from HELLO_VALUE: the file may have changed again
 */
typedef void device_event(const char *action, const char *changed, const char *value);

/* Calls @event for each uevent of the device until @stop_fd can be read. */
int device_monitor(int stop_fd, device_event *event);

#endif /* HELLOCTL_DEVICE_H */
