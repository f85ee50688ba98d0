/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to the device through libudev, sysfs and debugfs.
 */
#ifndef HELLOCTL_DEVICE_H
#define HELLOCTL_DEVICE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define NODE	"/dev/hello"
#define SYSFS	"/sys/class/misc/hello"
#define DEBUGFS	"/sys/kernel/debug"

/* Returns whether the device exists; stores its number if @number is not NULL. */
bool device_exists(dev_t *number);
/* Opens the node, which may load the module. Returns -1 after printing an error. */
int device_open(int flags);
/* Remedy for a wrong node: only loading the module creates the node, udev does not. */
#define DEVICE_REPLACE_NODE \
	"sudo rm " NODE "; sudo modprobe -r hello; sudo modprobe hello"
/* Returns the remedy for an errno, or NULL. */
enum hint_context { HINT_NODE, HINT_TUNABLE, HINT_DEBUGFS, HINT_TRACEFS };
const char *hint_for(enum hint_context context, int error);

/*
 * Return the rest of @from, or the file (NULL with errno set), without the last newline.
 * The caller frees the string.
 */
char *read_all(FILE *from);
char *file_read(const char *path);

/* Files in SYSFS. attr_read() is file_read() of one; attr_write() returns 0 or an errno. */
char *attr_read(const char *name);
int attr_write(const char *name, const char *value);
/* attr_write() that on failure sets *@reason to the driver's line in the kernel log, or NULL. */
int attr_write_reason(const char *name, const char *value, char **reason);
#define KMSG	"/dev/kmsg"
/* Returns the word in brackets of a file like "[kmalloc] vmalloc", else the whole value. */
char *attr_current(const char *name);
/* Returns the choices that the kernel lists, separated by blanks, or NULL without a list. */
char *attr_choices(const char *name);
/* Returns the tunables, or with ATTR_STATS the totals: paths below SYSFS, separated by blanks. */
#define ATTR_TUNABLES	""
#define ATTR_STATS	"stats/"
char *attr_list(const char *dir);

/*
 * Writes @order to a file of debugfs and reads *@answer, in one open. Either may be NULL.
 * If the driver refuses the order, returns 0, and the answer begins with DEBUGFS_REFUSED.
 * Returns 0 or an errno; the caller always frees *@answer.
 */
#define DEBUGFS_REFUSED	"error: "
int debugfs_request(const char *name, const char *order, char **answer);
/* Prints an error of such a file, with the remedy. Returns EXIT_FAILED. */
int debugfs_fail(const char *name, int error);
/* Reads such a file. Returns NULL after printing an error. */
char *debugfs_read(const char *name);
/* Moves *@from past the version line. Returns EXIT_FAILED after printing a mismatch. */
int debugfs_check_version(char **from);

/*
 * Called for a uevent of the device.
 * @changed: HELLO_CHANGED, the name of the changed file, or NULL
 * @value: HELLO_VALUE, the stored value; the file may have changed since
 */
typedef void device_event(const char *action, const char *changed, const char *value);

/* Calls @event for each uevent of the device until @stop_fd is readable. */
int device_monitor(int stop_fd, device_event *event);

#endif /* HELLOCTL_DEVICE_H */
