// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of the kernel that helloctl's tests need without one: preloaded, it
 * lets a store to the fake device's files in umockdev's sysfs succeed or fail.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t (*real_write)(int fd, const void *data, size_t size);

/* Reads a file beside @path. */
static char *read_file(const char *path, const char *name, char *value, size_t size)
{
	char file[4096];
	const char *slash = strrchr(path, '/');
	FILE *from;
	size_t got;

	snprintf(file, sizeof(file), "%.*s/%s", (int)(slash - path), path, name);
	from = fopen(file, "r");
	got = from ? fread(value, 1, size - 1, from) : 0;
	if (from)
		fclose(from);
	value[got] = 0;
	value[strcspn(value, "\n")] = 0;
	return value;
}

static unsigned long long number(const char *path, const char *name)
{
	char value[64];

	return strtoull(read_file(path, name, value, sizeof(value)), NULL, 0);
}

/* Makes "[a] b" of "a [b]" if @word is b; false if it is in no list. */
static bool choose(char *list, const char *word, char *chosen, size_t size)
{
	bool found = false;
	char *rest = list, *name;

	*chosen = 0;
	while ((name = strsep(&rest, " "))) {
		size_t used = strlen(chosen);
		bool this_one;

		name += *name == '[';
		name[strcspn(name, "]")] = 0;
		this_one = !strcmp(name, word);
		found |= this_one;
		snprintf(chosen + used, size - used, "%s%s%s%s", used ? " " : "",
			 this_one ? "[" : "", name, this_one ? "]" : "");
	}
	return found;
}

/* kmalloc makes at most 4 MiB here, so that settings depend on each other. */
static bool valid(const char *path, const char *name, const char *value)
{
	char mode[256];
	unsigned long long size = number(path, "buffer_size");
	bool kmalloc = strstr(read_file(path, "alloc_mode", mode, sizeof(mode)), "[kmalloc]");

	if (!strcmp(name, "alloc_mode"))
		return strcmp(value, "kmalloc") || size <= 4 << 20;
	if (!strcmp(name, "buffer_size"))
		return strtoull(value, NULL, 0) &&
		       strtoull(value, NULL, 0) <= number(path, "max_buffer_size") &&
		       (!kmalloc || strtoull(value, NULL, 0) <= 4 << 20);
	if (!strcmp(name, "max_buffer_size"))
		return strtoull(value, NULL, 0) >= size;
	return *value;
}

static ssize_t store(int fd, const char *path, const char *data, size_t size)
{
	const char *name = strrchr(path, '/') + 1;
	char value[256], old[256], list[512];
	int length;

	snprintf(value, sizeof(value), "%.*s", (int)size, data);
	value[strcspn(value, "\n")] = 0;
	read_file(path, name, old, sizeof(old));
	snprintf(list, sizeof(list), "%s", value);
	if (getenv("FAKE_ERRNO") && !strcmp(value, "refused")) {
		errno = atoi(getenv("FAKE_ERRNO"));
		return -1;
	}
	if (!valid(path, name, value) ||
	    (strchr(old, '[') && !choose(old, value, list, sizeof(list)))) {
		errno = EINVAL;
		return -1;
	}
	length = strlen(list);
	list[length++] = '\n';
	if (ftruncate(fd, 0) || real_write(fd, list, length) != length)
		abort();
	return size;
}

ssize_t write(int fd, const void *data, size_t size)
{
	char link[64], path[4096];
	ssize_t length;

	if (!real_write)
		real_write = dlsym(RTLD_NEXT, "write");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = 0;
	if (strstr(path, "/misc/hello/"))
		return store(fd, path, data, size);
	return real_write(fd, data, size);
}
