// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/files.c: files of sysfs, debugfs and others, and loading the module.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

static struct stat node;	/* the device's, from udevd */

/* One write; returns bytes or a negative errno */
long long file_write(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long long ret;

	if (fd < 0)
		return -errno;
	ret = RET(write(fd, text, n));
	close(fd);
	return ret;
}

/* The text, of size - 1 bytes at most; returns its length or a negative errno */
long long file_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long long n, sum = 0;

	*text = '\0';
	if (fd < 0)
		return -errno;
	while ((n = RET(read(fd, text + sum, size - 1 - sum))) > 0)
		sum += n;
	close(fd);
	text[sum] = '\0';
	return n < 0 ? n : sum;
}

long long file_number(const char *path)
{
	char text[64];

	return file_text(path, text, sizeof(text)) > 0 ? strtoll(text, NULL, 0) : -1;
}

long long setting_write(const char *name, const char *text)
{
	char path[128];
	long long ret;

	snprintf(path, sizeof(path), HELLO_SYSFS "%s", name);
	ret = file_write(path, text, strlen(text));
	return ret < 0 ? ret : 0;
}

/* The value; of a choice, the word in brackets */
void setting_read(const char *name, char *text, size_t size)
{
	char path[128], all[4096], *at;

	snprintf(path, sizeof(path), HELLO_SYSFS "%s", name);
	file_text(path, all, sizeof(all));
	at = strchr(all, '[');
	at = at ? at + 1 : all;
	at[strcspn(at, "]\n")] = '\0';
	snprintf(text, size, "%s", at);
}

/* Returns once the node has the mode and the group that udevd gives it. */
bool module_load(void)
{
	char *argv[] = { "sh", "-c", "modprobe hello && udevadm settle --timeout=60", NULL };
	char *environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int status;
	pid_t pid;

	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environment) ||
	    waitpid(pid, &status, 0) != pid || status)
		return false;
	/* The lane has stopped udevd, which is slower than the operations. */
	return !node.st_mode || (!chown(HELLO_DEV, 0, node.st_gid) && !chmod(HELLO_DEV, node.st_mode & 0777));
}

static char caps[5][WORD_MAX];
static const char *const cap_names[] = {
	"max_buffer_size", "max_total_size", "max_opens", "max_reserve_size", "max_uncharged_size",
};

/* Keeps the node's mode, and the caps for device_give_back(). */
void device_save(void)
{
	stat(HELLO_DEV, &node);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		setting_read(cap_names[i], caps[i], WORD_MAX);
}

void device_give_back(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		setting_write(cap_names[i], caps[i]);
}

/*
 * Defaults, and no shared buffer. Private mode first, so that nothing migrates; then
 * as often as it helps, because each store must leave settings that work.
 */
void device_restore(void)
{
	static const struct {
		const char *name, *value;
	} defaults[] = {
		{ "buffer_mode", "private" }, { "init_mode", "zero" }, { "buffer_size", "4096" },
		{ "numa_node", "-1" }, { "alloc_context", "process" }, { "alloc_mode", "kmalloc" },
		{ "gfp_flags", "GFP_KERNEL" }, { "alloc_when", "open" }, { "lock_mode", "mutex" },
		{ "max_buffer_size", "67108864" }, { "max_total_size", "67108864" },
		{ "max_opens", "1024" }, { "max_reserve_size", "67108864" },
		{ "max_uncharged_size", "67108864" },
	};
	int wrong = 1;
	char value[WORD_MAX];

	file_write(HELLO_DEBUGFS "fail/nth", "0", 1);
	file_write(HELLO_DEBUGFS "fail/probability", "0", 1);
	for (int round = 0; wrong && round < 5; round++) {
		wrong = 0;
		for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
			setting_read(defaults[i].name, value, sizeof(value));
			if (strcmp(value, defaults[i].value)) {
				setting_write(defaults[i].name, defaults[i].value);
				wrong++;
			}
		}
	}
	setting_write("reset", "1");
}
