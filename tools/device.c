// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to the device through libudev, sysfs and debugfs.
 * The only file that uses libudev; it puts every reference that it gets.
 */
#include "device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libudev.h>

#include "helloctl.h"
#include "output.h"

#define VERSION_LINE	"version: 1"

/* The first match wins; errno 0 matches all of its context. */
static const struct {
	enum hint_context context;
	int error;
	const char *text;
} hints[] = {
	{ HINT_NODE, ENOENT, "load the module: sudo modprobe hello" },
	{ HINT_NODE, EACCES, "join the group hello: sudo usermod -aG hello $USER, then log in again" },
	{ HINT_NODE, EPERM, "init_mode=uninitialized shows stale memory: only root may open it" },
	{ HINT_NODE, ENODEV, "no driver answers: sudo modprobe hello; then helloctl doctor" },
	{ HINT_NODE, ENXIO, "no driver answers: sudo modprobe hello; then helloctl doctor" },
	{ HINT_NODE, EUSERS, "max_opens is reached: sudo helloctl opens lists the open files" },
	{ HINT_NODE, ENOMEM, "max_total_size is reached or the allocator failed: "
		"helloctl status, sudo dmesg" },
	{ HINT_NODE, ENOSPC, "the buffer is full: "
		"sudo helloctl set buffer_size=SIZE makes the next one larger" },
	{ HINT_TUNABLE, EACCES, "settings are for root: sudo helloctl ..." },
	{ HINT_TUNABLE, EPERM, "settings are for root: sudo helloctl ..." },
	{ HINT_TUNABLE, EBUSY, "close and unmap the shared buffer first: "
		"sudo helloctl opens lists its users" },
	{ HINT_TUNABLE, ENOSPC, "the shared contents do not fit: sudo helloctl reset empties the buffer" },
	{ HINT_TUNABLE, ENOMEM, "max_total_size is reached or the allocator failed: "
		"helloctl status, sudo dmesg" },
	{ HINT_TUNABLE, 0, "the kernel log (" KMSG ") has no reason, or cannot be read: the driver "
		"logs at most ten in five seconds; wait, and try again as root" },
	{ HINT_DEBUGFS, EACCES, "debugfs is for root: sudo helloctl ... (the totals: helloctl status)" },
	{ HINT_DEBUGFS, EPERM, "the kernel is locked down (Secure Boot): debugfs can only be read" },
	{ HINT_DEBUGFS, EBUSY, "an experiment is running: wait until it ends, at most ten seconds" },
	{ HINT_DEBUGFS, ENOENT, "mount it: sudo mount -t debugfs none " DEBUGFS },
	{ HINT_TRACEFS, EACCES, "tracefs is for root: sudo helloctl ..." },
	{ HINT_TRACEFS, EPERM, "the kernel is locked down (Secure Boot): tracefs cannot be used" },
	{ HINT_TRACEFS, ENOENT, "mount it: sudo mount -t tracefs none /sys/kernel/tracing" },
	{ HINT_TRACEFS, EBUSY, "end the readers of trace_pipe: sudo fuser -v /sys/kernel/tracing/trace_pipe" },
};

const char *hint_for(enum hint_context context, int error)
{
	for (size_t i = 0; i < COUNT(hints); i++)
		if (hints[i].context == context && (!hints[i].error || hints[i].error == error))
			return hints[i].text;
	return NULL;
}

bool device_exists(dev_t *number)
{
	struct udev *udev = checked(udev_new());
	struct udev_device *found = udev_device_new_from_subsystem_sysname(udev, "misc", "hello");

	if (found && number)
		*number = udev_device_get_devnum(found);
	udev_device_unref(found);
	udev_unref(udev);
	return found;
}

int device_open(int flags)
{
	struct stat st;
	int fd;

	/* a shell may have created a regular file before the module was loaded */
	if (!stat(NODE, &st) && !S_ISCHR(st.st_mode)) {
		fail(DEVICE_REPLACE_NODE, NODE " is not a device");
		return -1;
	}
	fd = open(NODE, flags | O_CLOEXEC);
	if (fd < 0)
		fail(hint_for(HINT_NODE, errno), "cannot open " NODE ": %s", strerror(errno));
	return fd;
}

/*
 * Writes @order, then reads *@answer; either may be NULL. Appends a newline as echo does,
 * so that an empty value reaches the kernel. Returns 0 or an errno; reads the answer even
 * if the write fails.
 */
static int write_read(const char *path, const char *order, char **answer)
{
	int fd = open(path, O_CLOEXEC | (!order ? O_RDONLY : answer ? O_RDWR : O_WRONLY));
	FILE *file = fd < 0 ? NULL : checked(fdopen(fd, answer ? "r" : "w"));
	char *line = order ? text("%s\n", order) : NULL;
	int error = file ? 0 : errno;

	if (file && order && write(fd, line, strlen(line)) < 0)
		error = errno;
	if (answer)
		*answer = file ? read_all(file) : NULL;
	if (file && answer && ferror(file) && !error)
		error = errno;
	if (file)
		fclose(file);
	free(line);
	return error;
}

char *read_all(FILE *from)
{
	char *all = NULL;
	size_t room = 0;
	ssize_t size = getdelim(&all, &room, 0, from);

	if (size <= 0) {
		free(all);
		return text("%s", "");
	}
	if (all[size - 1] == '\n')
		all[size - 1] = 0;
	return all;
}

char *file_read(const char *path)
{
	char *all;
	int error = write_read(path, NULL, &all);

	if (!error)
		return all;
	free(all);
	errno = error;
	return NULL;
}

/* Not by libudev, which caches values and hides errnos. */
char *attr_read(const char *name)
{
	char *path = text(SYSFS "/%s", name), *value = file_read(path);

	free(path);
	return value;
}

int attr_write(const char *name, const char *value)
{
	char *path = text(SYSFS "/%s", name);
	int error = write_read(path, value, NULL);

	free(path);
	return error;
}

int attr_write_reason(const char *name, const char *value, char **reason)
{
	/* skip old records: they belong to other stores */
	int log = open(KMSG, O_RDONLY | O_NONBLOCK | O_CLOEXEC), error;
	char record[8192], *start = text("hello: %s: ", name);
	ssize_t got;

	lseek(log, 0, SEEK_END);
	error = attr_write(name, value);
	*reason = NULL;
	/* each read() returns one record; EPIPE: records were overwritten */
	while (error && ((got = read(log, record, sizeof(record) - 1)) > 0 ||
			 (got < 0 && errno == EPIPE))) {
		char *message;

		record[got > 0 ? got : 0] = 0;
		record[strcspn(record, "\n")] = 0;
		message = strchr(record, ';');
		/* facility 0 is the kernel; programs cannot forge it */
		if (message && strtoul(record, NULL, 10) < 8 &&
		    !strncmp(message + 1, start, strlen(start))) {
			free(*reason);
			*reason = text("%s", message + 1 + strlen("hello: "));
		}
	}
	if (log >= 0)
		close(log);
	free(start);
	return error;
}

char *attr_current(const char *name)
{
	char *value = attr_read(name);
	char *open = value ? strchr(value, '[') : NULL;
	char *close = open ? strchr(open, ']') : NULL;

	if (close) {
		*close = 0;
		memmove(value, open + 1, close - open);
	}
	return value;
}

char *attr_choices(const char *name)
{
	char *file = text("available_%s", name), *value = attr_read(name), *kept = value;
	bool choices = value && strchr(value, '[');

	for (const char *c = value; choices && *c; c++)
		if (!strchr("[]", *c))
			*kept++ = *c;
	if (choices) {
		*kept = 0;
	} else {
		free(value);
		value = attr_read(file);
	}
	free(file);
	return value;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Not by libudev: before systemd 248 its list lacks attribute groups. */
char *attr_list(const char *dir)
{
	char *path = text(SYSFS "/%s", dir), *all = text("%s", ""), **names = NULL;
	mode_t mode = *dir ? 0400 : 0600;
	DIR *files = opendir(path);
	struct dirent *entry;
	size_t count = 0;
	struct stat st;

	while (files && (entry = readdir(files)))
		/* uevent belongs to the driver core */
		if (!fstatat(dirfd(files), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode) && (st.st_mode & mode) == mode &&
		    strcmp(entry->d_name, "uevent")) {
			names = array_grow(names, count, sizeof(*names));
			names[count++] = text("%s%s", dir, entry->d_name);
		}
	if (files)
		closedir(files);
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		append(&all, "%s%s", i ? " " : "", names[i]);
		free(names[i]);
	}
	free(names);
	free(path);
	return all;
}

int debugfs_request(const char *name, const char *order, char **answer)
{
	char *path = text(DEBUGFS "/hello/%s", name);
	int error = write_read(path, order, answer);

	free(path);
	if ((error == EINVAL || error == ENOMEM) && answer && *answer &&
	    !strncmp(*answer, DEBUGFS_REFUSED, strlen(DEBUGFS_REFUSED)))
		return 0;
	return error;
}

int debugfs_fail(const char *name, int error)
{
	return fail(hint_for(HINT_DEBUGFS, error), "cannot use " DEBUGFS "/hello/%s: %s", name,
		    strerror(error));
}

char *debugfs_read(const char *name)
{
	char *value;
	int error = debugfs_request(name, NULL, &value);

	if (!error)
		return value;
	free(value);
	debugfs_fail(name, error);
	return NULL;
}

int debugfs_check_version(char **from)
{
	const char *version = strsep(from, "\n");

	if (!strcmp(version, VERSION_LINE))
		return 0;
	return fail("install the helloctl of the module's version",
		    "the driver prints '%s', this helloctl needs '" VERSION_LINE "'", version);
}

static void dispatch_event(struct udev_device *from, device_event *event)
{
	if (!strcmp(udev_device_get_sysname(from), "hello"))
		event(udev_device_get_action(from),
		      udev_device_get_property_value(from, "HELLO_CHANGED"),
		      udev_device_get_property_value(from, "HELLO_VALUE"));
	udev_device_unref(from);
}

int device_monitor(int stop_fd, device_event *event)
{
	struct udev *udev = checked(udev_new());
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, "udev");
	struct pollfd fds[2] = { { .fd = stop_fd, .events = POLLIN }, { .events = POLLIN } };
	int ret = 0;

	if (!monitor || udev_monitor_filter_add_match_subsystem_devtype(monitor, "misc", NULL) < 0 ||
	    udev_monitor_enable_receiving(monitor) < 0) {
		ret = fail("check that systemd-udevd runs", "cannot listen for uevents");
	} else {
		fds[1].fd = udev_monitor_get_fd(monitor);
		/* events are queued from here on: scripts wait for this line */
		note("listening; press Ctrl-C to exit");
		while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
			struct udev_device *from = udev_monitor_receive_device(monitor);

			if (from)
				dispatch_event(from, event);
		}
	}
	udev_monitor_unref(monitor);
	udev_unref(udev);
	return ret;
}
