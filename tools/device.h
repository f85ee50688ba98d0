/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the device is and what can be done to it: libudev, sysfs, debugfs.
 * Nothing that these return holds a libudev reference.
 */
#ifndef HELLOCTL_DEVICE_H
#define HELLOCTL_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct device {
	char *sysfs;		/* its directory */
	char *node;		/* /dev/hello */
	dev_t number;
};

/* Finds the device; where there is none, says what to do and returns EXIT_FAILED. */
int device_find(struct device *dev);
/* The same, but only looks. */
bool device_exists(struct device *dev);
void device_release(struct device *dev);

/* Opens /dev/hello, which may load the module; -1 after saying why not. */
int device_open(int flags);
/* For a node that is not the device's: only the module's birth makes one, udev does not. */
#define DEVICE_REPLACE_NODE \
	"sudo rm /dev/hello; sudo modprobe -r hello; sudo modprobe hello"
/* What to do about an errno of the device node. */
const char *device_hint(int error);

/*
 * Files of one value below the device's directory. Reading gives the text
 * without its newline, or NULL with errno set; writing 0 or an errno.
 */
char *attr_read(const struct device *dev, const char *name);
int attr_write(const struct device *dev, const char *name, const char *value);
/* Of a choice file "[kmalloc] vmalloc" the word in brackets; else all of it. */
char *attr_current(const struct device *dev, const char *name);
/* What the kernel offers for it, separated by blanks, or NULL where any value may do. */
char *attr_choices(const struct device *dev, const char *name);
/*
 * Names of the regular files in @dir (below the device's directory) whose mode
 * has all bits of @mode, sorted; free each and the list. Returns their number.
 */
#define ATTR_TUNABLE	0600
#define ATTR_NUMBER	0400
int attr_list(const struct device *dev, const char *dir, mode_t mode, char ***names);

/*
 * Writes an order to a file of /sys/kernel/debug/hello, and reads the answer
 * from the same open; either may be NULL. An order that is refused has an answer
 * too, with the reason. Returns 0 or an errno; free the answer in any case.
 */
#define DEBUGFS_REFUSED	"error: "
int debugfs_ask(const char *name, const char *order, char **answer);
/* Says what to do about an errno of such a file. */
int debugfs_fail(const char *name, int error);
/* The same for reading, or NULL after that. */
char *debugfs_read(const char *name);
/* Moves *@from past the line of its version, or says that it is of another driver. */
int debugfs_version(char **from);

/* Any small file, whole; NULL with errno set. */
char *file_read(const char *path);

/*
 * Calls @event for each uevent of the device until @stop_fd can be read.
 * @changed: the file that the driver names in HELLO_CHANGED, or NULL
 */
int device_monitor(int stop_fd, void (*event)(const char *action, const char *changed));

#endif /* HELLOCTL_DEVICE_H */
