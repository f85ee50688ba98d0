// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor: what stands between the user and a working /dev/hello, and the remedy.
 * A new check is a function that cmd_doctor() calls.
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

#define DKMS	"/var/lib/dkms/hello"
#define RULES	"{/etc,/run,/usr/local/lib,/usr/lib}/udev/rules.d/"
#define RULE	"60-hello.rules"

/* What else there is to do is the same for who has the packages and who has the sources. */
#define INSTALL(target) "install the package hello-dkms, or in the sources: sudo make " target
#define ENROL	"sudo mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm"
/* udevd remembers a rule whose group it did not find until the file is newer. */
#define UDEV_AGAIN "sudo touch -c " RULES RULE "; sudo udevadm control --reload; " \
	"sudo udevadm trigger --sysname-match=hello"

enum state { GOOD, NOTE, BAD };

static struct libscols_table *findings;
static bool anything_bad;

__attribute__((format(printf, 4, 5)))
static void found(const char *check, enum state state, const char *remedy, const char *format, ...)
{
	static const char *const states[] = { "ok", "note", "BAD" };
	char *finding;
	va_list args;

	va_start(args, format);
	if (vasprintf(&finding, format, args) < 0)
		checked(NULL);
	va_end(args);
	table_add(findings, check, states[state], finding, remedy);
	anything_bad |= state == BAD;
	free(finding);
}

/* What a command prints; "" if there is no such command. */
static char *output_of(const char *command)
{
	char *line = text("export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C; { %s; } 2>/dev/null", command);
	FILE *from = checked(popen(line, "re"));
	char *all = read_all(from);

	pclose(from);
	free(line);
	return all;
}

/* The names of all that match, separated by blanks. */
static char *files_of(const char *pattern)
{
	char *all = text("%s", "");
	glob_t files = { 0 };

	glob(pattern, GLOB_BRACE, NULL, &files);
	for (size_t i = 0; i < files.gl_pathc; i++)
		append(&all, "%s%s", i ? " " : "", files.gl_pathv[i]);
	globfree(&files);
	return all;
}

static void check_headers(const char *kernel)
{
	char *path = text("/lib/modules/%s/build/Makefile", kernel);

	if (!access(path, R_OK))
		found("headers", GOOD, NULL, "for kernel %s", kernel);
	else
		found("headers", BAD, "sudo apt install linux-headers-$(uname -r); if there are none "
		      "any more, linux-image-amd64 linux-headers-amd64, then reboot",
		      "none to build a module with for kernel %s", kernel);
	free(path);
}

/* Looks where dkms status would look, which is a shell script of seconds. */
static void check_dkms(const char *kernel)
{
	char *pattern = text(DKMS "/*/%s/*/module/hello.ko*", kernel);
	char *built = files_of(pattern);
	/* what make says at the end of the log of a build that failed is not why */
	char *log = output_of("grep -hv ^make " DKMS "/*/build/make.log | tail -n 3 | tr '\\n' ' '");

	if (access(DKMS, F_OK))
		found("dkms", NOTE, INSTALL("dkms-install"), "DKMS does not know hello");
	else if (*built)
		found("dkms", GOOD, NULL, "built for kernel %s", kernel);
	else
		found("dkms", BAD, "sudo dkms autoinstall; the log is " DKMS "/*/build/make.log",
		      "not built for kernel %s: %s", kernel, *log ? log : "nobody tried");
	free(log);
	free(built);
	free(pattern);
}

static void check_module(const char *kernel)
{
	char *file = output_of("modinfo -F filename hello");

	if (*file)
		found("module", GOOD, NULL, "%s", file);
	else
		found("module", BAD, "sudo dkms autoinstall; if DKMS does not know hello, "
		      INSTALL("dkms-install"), "there is none for kernel %s", kernel);
	free(file);
}

static void check_signature(void)
{
	char *lockdown = file_read("/sys/kernel/security/lockdown");
	char *signer = output_of("modinfo -F signer hello");

	if (!lockdown || strstr(lockdown, "[none]"))
		found("signature", GOOD, NULL, "the kernel is not locked down; signed by: %s",
		      *signer ? signer : "nobody");
	else if (*signer)
		found("signature", NOTE, "if modprobe says that the key was rejected: " ENROL,
		      "the kernel is locked down; signed by: %s", signer);
	else
		found("signature", BAD, "let DKMS sign it: sudo apt install openssl mokutil; "
		      "sudo dkms build --force hello/" VERSION "; "
		      "sudo dkms install --force hello/" VERSION "; " ENROL,
		      "the kernel is locked down and the module is not signed");
	free(signer);
	free(lockdown);
}

static void check_loaded(void)
{
	if (device_exists(NULL))
		found("loaded", GOOD, NULL, "the module is loaded");
	else
		found("loaded", BAD, "sudo modprobe hello; if that fails: sudo dmesg | tail",
		      "the module is not loaded");
}

static void check_node(void)
{
	struct stat st;
	dev_t number;

	if (stat(NODE, &st))
		found("node", BAD, "sudo modprobe -r hello; sudo modprobe hello", "no " NODE ": %s",
		      strerror(errno));
	else if (!S_ISCHR(st.st_mode))
		found("node", BAD, DEVICE_REPLACE_NODE, NODE " is not a character device");
	else if (device_exists(&number) && number != st.st_rdev)
		found("node", BAD, DEVICE_REPLACE_NODE, NODE " is %u:%u, the device is %u:%u",
		      major(st.st_rdev), minor(st.st_rdev), major(number), minor(number));
	else
		found("node", GOOD, NULL, NODE " is %u:%u", major(st.st_rdev), minor(st.st_rdev));
}

static void check_rule(void)
{
	char *files = files_of(RULES "*hello*.rules");

	if (strstr(files, "/" RULE))
		found("rule", GOOD, NULL, "%s", files);
	else
		found("rule", BAD, INSTALL("install"), "there is no " RULE "%s%s",
		      *files ? ", only " : "", files);
	free(files);
}

static void check_group(void)
{
	struct group *group = getgrnam("hello");
	struct stat st;

	if (!group)
		found("group", BAD, "sudo groupadd --system hello; " UDEV_AGAIN,
		      "there is no group hello");
	else if (!stat(NODE, &st) && (st.st_gid != group->gr_gid || (st.st_mode & 0777) != 0660))
		found("group", BAD, UDEV_AGAIN,
		      NODE " has group %u and mode %03o, not the group hello and 660",
		      st.st_gid, st.st_mode & 0777);
	else if (geteuid() && !group_member(group->gr_gid))
		found("group", BAD, "sudo usermod -aG hello $USER, then log in again",
		      "you are not in the group hello");
	else
		found("group", GOOD, NULL, "%s may open " NODE,
		      geteuid() ? "the group hello" : "root");
}

static void check_debugfs(void)
{
	struct statfs fs;

	if (!statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC)
		found("debugfs", GOOD, NULL, "mounted");
	else
		found("debugfs", BAD, "sudo mount -t debugfs none " DEBUGFS,
		      "it is not mounted: stats, opens and top need it");
}

int cmd_doctor(int argc, char **argv)
{
	struct utsname kernel;
	int ret;

	findings = table_new("doctor", "check state finding remedy");
	uname(&kernel);
	check_headers(kernel.release);
	check_dkms(kernel.release);
	check_module(kernel.release);
	check_signature();
	check_loaded();
	check_node();
	check_rule();
	check_group();
	check_debugfs();
	ret = table_print(findings);
	return ret ? ret : anything_bad ? EXIT_FAILED : 0;
}
