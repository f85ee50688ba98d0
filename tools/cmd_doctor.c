// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor: what stands between the user and a working /dev/hello, and the remedy.
 * A new check is a function and a line in checks[].
 */
#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"

#define NODE	"/dev/hello"
#define DKMS	"/var/lib/dkms/hello"

enum state { GOOD, NOTE, BAD };

struct finding {
	enum state state;
	char *text;
	const char *remedy;	/* NULL: nothing to do */
};

__attribute__((format(printf, 3, 4)))
static struct finding found(enum state state, const char *remedy, const char *format, ...)
{
	struct finding finding = { .state = state, .remedy = remedy };
	va_list args;

	va_start(args, format);
	if (vasprintf(&finding.text, format, args) < 0)
		checked(NULL);
	va_end(args);
	return finding;
}

/* What a command prints, without its last newline; "" if there is no such command. */
static char *output_of(const char *command)
{
	char *line = text("PATH=$PATH:/usr/sbin:/sbin LC_ALL=C %s 2>/dev/null", command);
	FILE *from = popen(line, "re");
	char *all = NULL;
	size_t room = 0;
	ssize_t size = from ? getdelim(&all, &room, 0, from) : -1;

	if (from)
		pclose(from);
	free(line);
	if (size <= 0) {
		free(all);
		return text("%s", "");
	}
	if (all[size - 1] == '\n')
		all[size - 1] = 0;
	return all;
}

static struct finding check_headers(const struct utsname *kernel)
{
	char *path = text("/lib/modules/%s/build/Makefile", kernel->release);
	bool there = !access(path, R_OK);

	free(path);
	if (there)
		return found(GOOD, NULL, "for kernel %s", kernel->release);
	return found(BAD, "sudo apt install linux-headers-$(uname -r)",
		     "no headers to build a module for kernel %s", kernel->release);
}

/* Looks where dkms status would look, which is a shell script of seconds. */
static struct finding check_dkms(const struct utsname *kernel)
{
	char *built = text(DKMS "/*/%s/*/module/hello.ko*", kernel->release), *error;
	glob_t files = { 0 };
	struct finding finding;

	if (access(DKMS, F_OK)) {
		finding = found(NOTE, "sudo make dkms-install keeps it built for every new kernel",
				"DKMS does not know hello");
	} else if (!glob(built, 0, NULL, &files)) {
		finding = found(GOOD, NULL, "built for kernel %s", kernel->release);
	} else {
		/* the end of the log of a build that failed */
		error = output_of("tail -qn 3 " DKMS "/*/build/make.log | tr '\\n' ' '");
		finding = found(BAD, "sudo dkms autoinstall; the log is " DKMS "/*/build/make.log",
				"not built for kernel %s: %s", kernel->release,
				*error ? error : "nobody tried");
		free(error);
	}
	globfree(&files);
	free(built);
	return finding;
}

static struct finding check_module(const struct utsname *kernel)
{
	char *file = output_of("modinfo -F filename hello");
	struct finding finding;

	if (*file)
		finding = found(GOOD, NULL, "%s", file);
	else
		finding = found(BAD, "sudo make dkms-install, or sudo make install",
				"there is none for kernel %s", kernel->release);
	free(file);
	return finding;
}

static struct finding check_signature(const struct utsname *kernel)
{
	char *lockdown = file_read("/sys/kernel/security/lockdown");
	char *signer = output_of("modinfo -F signer hello");
	struct finding finding;

	if (!lockdown || strstr(lockdown, "[none]"))
		finding = found(GOOD, NULL, "the kernel is not locked down; signed by: %s",
				*signer ? signer : "nobody");
	else if (*signer)
		finding = found(NOTE, "if modprobe says that the key was rejected: "
				"sudo mokutil --import /var/lib/dkms/mok.pub, then reboot",
				"the kernel is locked down; signed by: %s", signer);
	else
		finding = found(BAD, "let DKMS sign it: sudo make dkms-install; "
				"sudo mokutil --import /var/lib/dkms/mok.pub, then reboot",
				"the kernel is locked down and the module is not signed");
	free(signer);
	free(lockdown);
	return finding;
}

static struct finding check_loaded(const struct utsname *kernel)
{
	struct device dev;

	if (!device_exists(&dev))
		return found(BAD, "sudo modprobe hello; if that fails: sudo dmesg | tail",
			     "the module is not loaded");
	device_release(&dev);
	return found(GOOD, NULL, "the module is loaded");
}

static struct finding check_node(const struct utsname *kernel)
{
	struct device dev;
	struct stat st;
	bool right;

	if (stat(NODE, &st))
		return found(BAD, "sudo modprobe -r hello; sudo modprobe hello", "no " NODE ": %s",
			     strerror(errno));
	if (!S_ISCHR(st.st_mode))
		return found(BAD, DEVICE_REPLACE_NODE, NODE " is not a character device");
	if (!device_exists(&dev))
		return found(NOTE, NULL, NODE " is %u:%u", major(st.st_rdev), minor(st.st_rdev));
	right = st.st_rdev == dev.number;
	device_release(&dev);
	if (!right)
		return found(BAD, DEVICE_REPLACE_NODE, NODE " is %u:%u, the device is another",
			     major(st.st_rdev), minor(st.st_rdev));
	return found(GOOD, NULL, NODE " is %u:%u", major(st.st_rdev), minor(st.st_rdev));
}

static struct finding check_rule(const struct utsname *kernel)
{
	static const char where[] =
		"{/etc,/run,/usr/local/lib,/usr/lib,/lib}/udev/rules.d/*hello*.rules";
	struct finding finding;
	glob_t files = { 0 };

	if (!glob(where, GLOB_BRACE, NULL, &files))
		finding = found(GOOD, NULL, "%s", files.gl_pathv[0]);
	else
		finding = found(BAD, "sudo make install", "the udev rule 60-hello.rules is missing");
	globfree(&files);
	return finding;
}

static struct finding check_group(const struct utsname *kernel)
{
	struct group *group = getgrnam("hello");
	struct stat st;

	if (!group)
		return found(BAD, "sudo systemd-sysusers; sudo udevadm control --reload; "
			     "sudo udevadm trigger", "there is no group hello");
	if (!stat(NODE, &st) && (st.st_gid != group->gr_gid || (st.st_mode & 0777) != 0660))
		return found(BAD, "sudo udevadm control --reload; sudo udevadm trigger",
			     NODE " has group %u and mode %03o, not the group hello and 660",
			     st.st_gid, st.st_mode & 0777);
	if (geteuid() && !group_member(group->gr_gid))
		return found(BAD, "sudo usermod -aG hello $USER, then log in again",
			     "you are not in the group hello");
	return found(GOOD, NULL, "%s may open " NODE, geteuid() ? "the group hello" : "root");
}

static struct finding check_debugfs(const struct utsname *kernel)
{
	struct statfs fs;

	if (statfs("/sys/kernel/debug", &fs) || fs.f_type != DEBUGFS_MAGIC)
		return found(BAD, "sudo mount -t debugfs none /sys/kernel/debug",
			     "it is not mounted: stats, opens and top need it");
	return found(GOOD, NULL, "mounted");
}

static const struct {
	const char *name;
	struct finding (*fn)(const struct utsname *kernel);
} checks[] = {
	{ "headers", check_headers },
	{ "dkms", check_dkms },
	{ "module", check_module },
	{ "signature", check_signature },
	{ "loaded", check_loaded },
	{ "node", check_node },
	{ "rule", check_rule },
	{ "group", check_group },
	{ "debugfs", check_debugfs },
};

int cmd_doctor(int argc, char **argv)
{
	static const char *const states[] = { "ok", "note", "BAD" };
	struct table *table = table_new("doctor", "check state finding remedy");
	struct utsname kernel;
	bool bad = false;
	int ret;

	uname(&kernel);
	for (size_t i = 0; i < COUNT(checks); i++) {
		struct finding finding = checks[i].fn(&kernel);

		bad |= finding.state == BAD;
		table_add(table, checks[i].name, states[finding.state], finding.text,
			  finding.remedy);
		free(finding.text);
	}
	ret = tables_print(&table, 1);
	table_free(table);
	return ret ? ret : bad ? EXIT_FAILED : 0;
}
