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

#define NODE	"/dev/hello"
#define DEBUGFS	"/sys/kernel/debug"
#define VERSION_LINE	"version: 1"

struct hint {
	int error;
	const char *text;
};

static const char *hint_for(const struct hint *hints, size_t count, int error)
{
	for (size_t i = 0; i < count; i++)
		if (hints[i].error == error)
			return hints[i].text;
	return NULL;
}

#define HINT(hints, error)	hint_for(hints, COUNT(hints), error)

bool device_exists(struct device *dev)
{
	struct udev *udev = checked(udev_new());
	struct udev_device *found = udev_device_new_from_subsystem_sysname(udev, "misc", "hello");

	*dev = (struct device){ 0 };
	if (found) {
		const char *node = udev_device_get_devnode(found);

		dev->sysfs = text("%s", udev_device_get_syspath(found));
		dev->node = text("%s", node ? node : NODE);
		dev->number = udev_device_get_devnum(found);
		udev_device_unref(found);
	}
	udev_unref(udev);
	return found;
}

int device_find(struct device *dev)
{
	if (device_exists(dev))
		return 0;
	return fail("load the module: sudo modprobe hello (helloctl doctor says what is missing)",
		    "there is no device hello: the module is not loaded");
}

void device_release(struct device *dev)
{
	free(dev->sysfs);
	free(dev->node);
}

const char *device_hint(int error)
{
	static const struct hint hints[] = {
		{ ENOENT, "load the module: sudo modprobe hello" },
		{ EACCES, "join the group hello: sudo usermod -aG hello $USER, then log in again" },
		{ EPERM, "init_mode=uninitialized shows stale memory: only root may open it" },
		{ ENODEV, "no driver answers: sudo modprobe hello; then helloctl doctor" },
		{ ENXIO, "no driver answers: sudo modprobe hello; then helloctl doctor" },
		{ EUSERS, "max_opens is reached: helloctl opens shows who has it open" },
		{ ENOMEM, "max_total_size is reached or the allocator failed: helloctl status, dmesg" },
		{ ENOSPC, "the buffer is full: helloctl set buffer_size=SIZE makes the next one larger" },
	};

	return HINT(hints, error);
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
		fail(device_hint(errno), "cannot open " NODE ": %s", strerror(errno));
	return fd;
}

/*
 * Writes @order and reads what is there then; either may be NULL. With the newline
 * that echo writes, so that an empty value reaches the kernel too. Returns 0 or an
 * errno; also with an errno of the write, *@answer is what was there.
 */
static int transfer(const char *path, const char *order, char **answer)
{
	int flags = !order ? O_RDONLY : answer ? O_RDWR : O_WRONLY;
	int fd = open(path, flags | O_CLOEXEC), error = fd < 0 ? errno : 0;
	size_t size = 0, room = 4096;
	ssize_t got = fd < 0 ? 0 : 1;

	if (answer)
		*answer = NULL;
	if (fd >= 0 && order) {
		char *line = text("%s\n", order);

		if (write(fd, line, strlen(line)) < 0)
			error = errno;
		free(line);
	}
	while (answer && got > 0) {
		*answer = checked(realloc(*answer, size + room + 1));
		got = read(fd, *answer + size, room);
		if (got < 0 && !error)
			error = errno;
		size += got > 0 ? got : 0;
		(*answer)[size] = 0;
	}
	if (fd >= 0)
		close(fd);
	return error;
}

char *file_read(const char *path)
{
	char *data;
	int error = transfer(path, NULL, &data);

	if (!error)
		return data;
	free(data);
	errno = error;
	return NULL;
}

/* libudev would cache values and hide errnos: files are read and written directly. */
char *attr_read(const struct device *dev, const char *name)
{
	char *path = text("%s/%s", dev->sysfs, name);
	char *value = file_read(path);

	free(path);
	if (value)
		value[strcspn(value, "\n")] = 0;
	return value;
}

int attr_write(const struct device *dev, const char *name, const char *value)
{
	char *path = text("%s/%s", dev->sysfs, name);
	int error = transfer(path, value, NULL);

	free(path);
	return error;
}

char *attr_current(const struct device *dev, const char *name)
{
	char *value = attr_read(dev, name);
	char *open = value ? strchr(value, '[') : NULL;
	char *close = open ? strchr(open, ']') : NULL;

	if (close) {
		*close = 0;
		memmove(value, open + 1, close - open);
	}
	return value;
}

char *attr_choices(const struct device *dev, const char *name)
{
	char *value = attr_read(dev, name);
	char *kept = value;
	char *file;

	if (value && strchr(value, '[')) {
		for (const char *c = value; *c; c++)
			if (*c != '[' && *c != ']')
				*kept++ = *c;
		*kept = 0;
		return value;
	}
	free(value);
	file = text("available_%s", name);
	value = attr_read(dev, file);
	free(file);
	return value;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Not libudev's list of attributes: before systemd 248 that has no groups. */
int attr_list(const struct device *dev, const char *dir, mode_t mode, char ***names)
{
	char *path = text("%s/%s", dev->sysfs, dir);
	DIR *files = opendir(path);
	struct dirent *entry;
	int count = 0;

	*names = NULL;
	while (files && (entry = readdir(files))) {
		char *file = text("%s/%s", path, entry->d_name);
		struct stat st;

		/* uevent belongs to the driver core, not to the device */
		if (!lstat(file, &st) && S_ISREG(st.st_mode) && (st.st_mode & mode) == mode &&
		    strcmp(entry->d_name, "uevent")) {
			*names = checked(realloc(*names, (count + 1) * sizeof(**names)));
			(*names)[count++] = text("%s", entry->d_name);
		}
		free(file);
	}
	if (files)
		closedir(files);
	if (count)
		qsort(*names, count, sizeof(**names), by_name);
	free(path);
	return count;
}

int debugfs_fail(const char *name, int error)
{
	static const struct hint hints[] = {
		{ EACCES, "debugfs is for root: sudo helloctl ... (the totals: helloctl status)" },
		{ EPERM, "the kernel is locked down (Secure Boot): debugfs can only be read" },
		{ EBUSY, "an experiment is running: wait for its end, ten seconds at most" },
	};
	struct device dev;

	if (error != ENOENT)
		return fail(HINT(hints, error), "cannot use " DEBUGFS "/hello/%s: %s", name,
			    strerror(error));
	if (device_find(&dev))
		return EXIT_FAILED;
	device_release(&dev);
	return fail("mount it: sudo mount -t debugfs none " DEBUGFS,
		    "there is no " DEBUGFS "/hello/%s", name);
}

int debugfs_ask(const char *name, const char *order, char **answer)
{
	char *path = text(DEBUGFS "/hello/%s", name);
	int error = transfer(path, order, answer);

	free(path);
	if ((error == EINVAL || error == ENOMEM) && answer && *answer &&
	    !strncmp(*answer, DEBUGFS_REFUSED, strlen(DEBUGFS_REFUSED)))
		return 0;
	return error;
}

char *debugfs_read(const char *name)
{
	char *value;
	int error = debugfs_ask(name, NULL, &value);

	if (!error)
		return value;
	free(value);
	debugfs_fail(name, error);
	return NULL;
}

int debugfs_version(char **from)
{
	const char *version = strsep(from, "\n");

	if (!strcmp(version, VERSION_LINE))
		return 0;
	return fail("install the helloctl that came with the module",
		    "the driver says '%s', this helloctl reads '" VERSION_LINE "'", version);
}

static void pass_on(struct udev_device *from, void (*event)(const char *, const char *))
{
	if (!strcmp(udev_device_get_sysname(from), "hello"))
		event(udev_device_get_action(from),
		      udev_device_get_property_value(from, "HELLO_CHANGED"));
	udev_device_unref(from);
}

int device_monitor(int stop_fd, void (*event)(const char *action, const char *changed))
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
		/* who waits for this line may now make changes */
		fputs("helloctl: listening; Ctrl-C ends\n", stderr);
		while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
			struct udev_device *from = udev_monitor_receive_device(monitor);

			if (from)
				pass_on(from, event);
		}
	}
	udev_monitor_unref(monitor);
	udev_unref(udev);
	return ret;
}
