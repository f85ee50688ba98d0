// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the device is and what can be done to it: libudev, sysfs, debugfs.
 * The only file that knows libudev: every reference taken here is returned here.
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

/* The first that fits; one of errno 0 fits all of its place. */
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
	{ HINT_NODE, EUSERS, "max_opens is reached: sudo helloctl opens shows who has it open" },
	{ HINT_NODE, ENOMEM, "max_total_size is reached or the allocator failed: "
		"helloctl status, sudo dmesg" },
	{ HINT_NODE, ENOSPC, "the buffer is full: "
		"sudo helloctl set buffer_size=SIZE makes the next one larger" },
	{ HINT_TUNABLE, EACCES, "settings are for root: sudo helloctl ..." },
	{ HINT_TUNABLE, EPERM, "settings are for root: sudo helloctl ..." },
	{ HINT_TUNABLE, EBUSY, "close and unmap the shared buffer first: "
		"sudo helloctl opens shows who uses it" },
	{ HINT_TUNABLE, ENOSPC, "the shared contents do not fit: sudo helloctl reset drops them" },
	{ HINT_TUNABLE, ENOMEM, "max_total_size is reached or the allocator failed: "
		"helloctl status, sudo dmesg" },
	{ HINT_TUNABLE, 0, "the kernel log (" KMSG ") has no reason, or cannot be read: the driver "
		"gives ten in five seconds at most; wait, and try again as root" },
	{ HINT_DEBUGFS, EACCES, "debugfs is for root: sudo helloctl ... (the totals: helloctl status)" },
	{ HINT_DEBUGFS, EPERM, "the kernel is locked down (Secure Boot): debugfs can only be read" },
	{ HINT_DEBUGFS, EBUSY, "an experiment is running: wait for its end, ten seconds at most" },
	{ HINT_DEBUGFS, ENOENT, "mount it: sudo mount -t debugfs none " DEBUGFS },
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

	/* a shell may have made a file of that name before the module was there */
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
 * Writes @order and reads what is there then; either may be NULL. With the newline
 * that echo writes, so that an empty value reaches the kernel too. Returns 0 or an
 * errno; also with an errno of the write, *@answer is what was there.
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

/* libudev would cache values and hide errnos: files are read and written directly. */
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
	/* from here on: what is there already is of other stores */
	int log = open(KMSG, O_RDONLY | O_NONBLOCK | O_CLOEXEC), error;
	char record[8192], *start = text("hello: %s: ", name);
	ssize_t got;

	lseek(log, 0, SEEK_END);
	error = attr_write(name, value);
	*reason = NULL;
	/* one record a read; EPIPE: some were lost since */
	while (error && ((got = read(log, record, sizeof(record) - 1)) > 0 ||
			 (got < 0 && errno == EPIPE))) {
		char *message;

		record[got > 0 ? got : 0] = 0;
		record[strcspn(record, "\n")] = 0;
		message = strchr(record, ';');
		/* programs can write there too, but not as the kernel, which is facility 0 */
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

/* Not libudev's list of attributes: before systemd 248 that has no groups. */
char *attr_list(const char *dir)
{
	char *path = text(SYSFS "/%s", dir), *all = text("%s", ""), **names = NULL;
	mode_t mode = *dir ? 0400 : 0600;
	DIR *files = opendir(path);
	struct dirent *entry;
	size_t count = 0;
	struct stat st;

	while (files && (entry = readdir(files)))
		/* uevent belongs to the driver core, not to the device */
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
	return fail("install the helloctl that came with the module",
		    "the driver says '%s', this helloctl reads '" VERSION_LINE "'", version);
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
		ret = fail("is systemd-udevd running?", "cannot listen for uevents");
	} else {
		fds[1].fd = udev_monitor_get_fd(monitor);
		/* a script that waits for this line may make changes from here on */
		note("listening; Ctrl-C ends");
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
