// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor: finds what keeps /dev/hello from working, and prints remedies.
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
/* The module's description tells it from other projects' modules named hello. */
#define OURS	"A laboratory for kernel memory behind " NODE
#define RULES	"{/etc,/run,/usr/local/lib,/usr/lib}/udev/rules.d/"
#define RULE	"60-hello.rules"

/* Remedy for users of the packages, and of the sources. */
#define INSTALL(target) "install the package hello-dkms, or in the sources: sudo make " target
#define ENROL	"sudo mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm"
/* udevd caches a rule with an unknown group until the file's mtime changes. */
#define UDEV_AGAIN "sudo touch -c " RULES RULE "; sudo udevadm control --reload; " \
	"sudo udevadm trigger --sysname-match=hello"

enum state { GOOD, NOTE, BAD };

static struct table *findings;
static bool anything_bad;

__attribute__((format(printf, 4, 5)))
static void add_finding(const char *check, enum state state, const char *remedy,
			const char *format, ...)
{
	static const char *const states[] = { "ok", "note", "BAD" };
	char *finding;
	va_list args;

	va_start(args, format);
	finding = vtext(format, args);
	va_end(args);
	table_add(findings, check, states[state], finding, remedy);
	anything_bad |= state == BAD;
	free(finding);
}

/* Returns the output of a shell command; "" if it does not exist. */
static char *read_command(const char *command)
{
	char *line = text("export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C; exec 2>/dev/null; %s", command);
	FILE *from = checked(popen(line, "re"));
	char *all = read_all(from);

	pclose(from);
	free(line);
	return all;
}

/* Returns the matching paths, separated by blanks. */
static char *glob_files(const char *pattern)
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
		add_finding("headers", GOOD, NULL, "for kernel %s", kernel);
	else
		add_finding("headers", BAD, "sudo apt install linux-headers-$(uname -r); if they are "
			    "not available any more: sudo apt install "
			    "{linux-image,linux-headers}-$(dpkg --print-architecture), then reboot",
			    "no headers for kernel %s", kernel);
	free(path);
}

__attribute__((format(printf, 1, 2)))
static bool glob_exists(const char *format, ...)
{
	char *pattern, *files;
	bool any;
	va_list args;

	va_start(args, format);
	pattern = vtext(format, args);
	va_end(args);
	files = glob_files(pattern);
	any = *files;
	free(files);
	free(pattern);
	return any;
}

/* DKMS may have built several versions, but installs one for each kernel. */
static bool dkms_installed(const char *version, const char *kernel)
{
	char *links = read_command("readlink " DKMS "/kernel-*");
	char *entry = text("%s/%s/", version, kernel);
	bool installed = strstr(links, entry);

	free(entry);
	free(links);
	return installed;
}

/* Checks a version in DKMS. Returns false if it is another project's. */
static bool check_dkms_version(const char *version, bool alone)
{
	char *source = text(DKMS "/%s/source", version);
	char *grep = text("grep -rlsF --include='*.c' '" OURS "' %s/driver/", source);
	char *remedy = text("sudo dkms remove hello/%s --all", version);
	char *ours = read_command(grep);
	bool lost = !glob_exists("%s/dkms.conf", source);

	if (lost)
		add_finding("dkms", BAD, INSTALL("dkms-uninstall dkms-install"),
			    "the source of hello/%s is gone, so that dkms status fails", version);
	else if (!*ours)
		add_finding("dkms", NOTE, "dkms status", "hello/%s is another module of that name",
			    version);
	else if (!alone && strcmp(version, VERSION))
		add_finding("dkms", NOTE, remedy, "hello/%s is still there besides hello/" VERSION,
			    version);
	lost |= *ours;
	free(ours);
	free(remedy);
	free(grep);
	free(source);
	return lost;
}

/* Reads the DKMS tree directly: dkms status takes seconds. */
static void check_dkms(const char *kernel)
{
	bool alone = !glob_exists(DKMS "/" VERSION);
	char *ours = NULL, *built = NULL, *installed = NULL;
	glob_t entries = { 0 };

	glob(DKMS "/[!ko]*", GLOB_ONLYDIR, NULL, &entries);
	for (size_t i = 0; i < entries.gl_pathc; i++) {
		char *version = strrchr(entries.gl_pathv[i], '/') + 1;

		if (!check_dkms_version(version, alone))
			continue;
		ours = version;
		if (glob_exists(DKMS "/%s/%s/*/module/hello.ko*", version, kernel))
			*(dkms_installed(version, kernel) ? &installed : &built) = version;
	}
	if (installed) {
		add_finding("dkms", GOOD, NULL, "hello/%s is installed for kernel %s", installed,
			    kernel);
	} else if (built) {
		char *remedy = text("sudo dkms install --force hello/%s -k %s", built, kernel);

		add_finding("dkms", BAD, remedy, "hello/%s is built for kernel %s, but not installed",
			    built, kernel);
		free(remedy);
	} else if (ours) {
		/* skip the last lines of make: they do not tell why the build failed */
		char *log = read_command("grep -hv ^make " DKMS "/*/build/make.log | tail -n 3 | "
					 "tr '\\n' ' '");

		add_finding("dkms", BAD, "sudo dkms autoinstall; the log is " DKMS "/*/build/make.log",
			    "not built for kernel %s: %s", kernel, *log ? log : "no build was tried");
		free(log);
	} else {
		add_finding("dkms", NOTE, INSTALL("dkms-install"), "DKMS does not know hello");
	}
	globfree(&entries);
}

/* Returns the output of modinfo for a file or a module name; "" if there is none. */
static char *module_info(const char *file)
{
	setenv("HELLO_MODULE", file, 1);
	return read_command("modinfo \"$HELLO_MODULE\"");
}

/* Returns a field of that output, or "". */
static char *modinfo_field(const char *info, const char *name)
{
	size_t length = strlen(name);

	while (strncmp(info, name, length) || info[length] != ':') {
		info = strchrnul(info, '\n');
		if (!*info++)
			return text("%s", "");
	}
	info += length + 1;
	info += strspn(info, " ");
	return text("%.*s", (int)strcspn(info, "\n"), info);
}

static bool is_ours(const char *info)
{
	char *description = modinfo_field(info, "description");
	bool ours = !strcmp(description, OURS);

	free(description);
	return ours;
}

/* Returns the remedy for another project's module file. @then: the next step */
static char *removal_remedy(const char *file, const char *kernel, const char *then)
{
	char *dkms = text("/lib/modules/%s/updates/dkms/", kernel);
	char *own = text("/lib/modules/%s/kernel/", kernel);
	char *remedy;

	if (*file != '/')
		/* "(builtin)" */
		remedy = text("%s", "boot another kernel");
	else if (!strncmp(file, dkms, strlen(dkms)))
		remedy = text("find its version by dkms status: sudo dkms remove hello/... --all%s", then);
	else if (!strncmp(file, own, strlen(own)))
		/* leave the kernel's own file: modprobe prefers updates/ */
		remedy = text("%s", INSTALL("dkms-install"));
	else
		remedy = text("sudo mv %s %s.other; sudo depmod%s", file, file, then);
	free(own);
	free(dkms);
	return remedy;
}

/* Returns the hello.ko files outside the kernel's own directory, one per line. */
static char *module_files(const char *kernel)
{
	char *command = text("find /lib/modules/%s/ -path '*/kernel' -prune -o "
			     "-regex '.*/hello\\.ko\\(\\.[gxz][a-z]*\\)?' -print", kernel);
	char *files = read_command(command);

	free(command);
	return files;
}

/* Checks our file, which modprobe loads. */
static void check_file(const char *info, const char *file, const char *kernel)
{
	char *magic = modinfo_field(info, "vermagic"), *version = modinfo_field(info, "version");

	magic[strcspn(magic, " ")] = 0;
	if (strcmp(magic, kernel))
		add_finding("module", BAD, INSTALL("dkms-install"), "%s is built for kernel %s, not for %s",
			    file, magic, kernel);
	else if (strcmp(version, VERSION))
		add_finding("module", NOTE, "install both in one version, in the sources: "
			    "sudo make install dkms-install", "%s is version %s, helloctl is " VERSION,
			    file, version);
	else
		add_finding("module", GOOD, NULL, "%s", file);
	free(version);
	free(magic);
}

/* @preferred: modprobe loads this file rather than ours */
static void add_other_module(const char *file, const char *kernel, bool preferred, const char *then)
{
	char *remedy = removal_remedy(file, kernel, then);

	add_finding("module", preferred ? BAD : NOTE, remedy, "%s is another module of that name%s",
		    file, preferred ? "" : ", which modprobe does not load");
	free(remedy);
}

static void check_module(const char *info, const char *kernel)
{
	char *file = modinfo_field(info, "filename"), *files = module_files(kernel);
	bool ours = is_ours(info);
	const char *then = ours ? "" : "; then " INSTALL("dkms-install");
	char *name, *rest = files;

	if (ours)
		check_file(info, file, kernel);
	else if (*file)
		add_other_module(file, kernel, true, then);
	else if (*files)
		add_finding("module", BAD, "sudo depmod", "modprobe does not know %s", files);
	else
		add_finding("module", BAD, "sudo dkms install --force hello/" VERSION "; if DKMS does not "
			    "know it, " INSTALL("dkms-install"), "no module for kernel %s", kernel);
	while ((name = strsep(&rest, "\n"))) {
		char *other = *name && strcmp(name, file) ? module_info(name) : NULL;

		if (other && !is_ours(other))
			add_other_module(name, kernel, false, then);
		free(other);
	}
	free(files);
	free(file);
}

static void check_signature(const char *info)
{
	char *lockdown = file_read("/sys/kernel/security/lockdown");
	char *signer = modinfo_field(info, "signer");

	if (!lockdown || strstr(lockdown, "[none]"))
		add_finding("signature", GOOD, NULL, "the kernel is not locked down; signed by: %s",
			    *signer ? signer : "nobody");
	else if (*signer)
		add_finding("signature", NOTE, "if modprobe says that the key was rejected: " ENROL,
			    "the kernel is locked down; signed by: %s", signer);
	else
		add_finding("signature", BAD, "let DKMS sign it: sudo apt install openssl mokutil; "
			    "sudo dkms build --force hello/" VERSION "; "
			    "sudo dkms install --force hello/" VERSION "; " ENROL,
			    "the kernel is locked down and the module is not signed");
	free(signer);
	free(lockdown);
}

/* Returns the file of the loaded module, found by its srcversion. Best effort. */
static char *loaded_from(const char *kernel, const char *srcversion)
{
	char *files = module_files(kernel), *from = NULL, *name, *rest = files;

	while (!from && (name = strsep(&rest, "\n"))) {
		char *other = module_info(name), *sum = modinfo_field(other, "srcversion");

		if (*name && !strcmp(sum, srcversion) && !is_ours(other))
			from = text("%s", name);
		free(sum);
		free(other);
	}
	free(files);
	return from ? from : text("%s", "a file that is not in /lib/modules");
}

/* Recognizes our module by its attributes, and a stale one by its srcversion. */
static void check_loaded(const char *info, const char *kernel)
{
	char *file = modinfo_field(info, "filename");
	char *installed = modinfo_field(info, "srcversion");
	char *loaded = file_read("/sys/module/hello/srcversion");
	bool module = !access("/sys/module/hello", F_OK), ours = !access(SYSFS "/alloc_mode", F_OK);

	if (!ours && module) {
		char *from = loaded_from(kernel, loaded ? loaded : "");

		add_finding("loaded", BAD, "sudo rmmod hello; when the check module is ok: "
			    "sudo modprobe hello", "another module of that name is loaded, from %s", from);
		free(from);
	} else if (!ours && device_exists(NULL)) {
		add_finding("loaded", BAD, "unload it (lsmod), then sudo modprobe hello",
			    "another driver has created a device hello");
	} else if (!ours) {
		add_finding("loaded", BAD, "sudo modprobe hello; if that fails: sudo dmesg | tail",
			    "the module is not loaded");
	} else if (loaded && !is_ours(info)) {
		add_finding("loaded", NOTE, "see the remedy of the check module",
			    "the module is loaded, but its file is gone");
	} else if (loaded && strcmp(loaded, installed)) {
		char *version = file_read("/sys/module/hello/version");

		add_finding("loaded", BAD, "sudo modprobe -r hello; sudo modprobe hello",
			    "the loaded module (version %s, srcversion %s) is not %s (%s)",
			    version ? version : "unknown", loaded, file, installed);
		free(version);
	} else {
		add_finding("loaded", GOOD, NULL, "the module is loaded");
	}
	free(loaded);
	free(installed);
	free(file);
}

static void check_node(void)
{
	struct stat st;
	dev_t number;

	if (stat(NODE, &st))
		add_finding("node", BAD, "sudo modprobe -r hello; sudo modprobe hello",
			    "no " NODE ": %s", strerror(errno));
	else if (!S_ISCHR(st.st_mode))
		add_finding("node", BAD, DEVICE_REPLACE_NODE, NODE " is not a character device");
	else if (device_exists(&number) && number != st.st_rdev)
		add_finding("node", BAD, DEVICE_REPLACE_NODE, NODE " is %u:%u, the device is %u:%u",
			    major(st.st_rdev), minor(st.st_rdev), major(number), minor(number));
	else
		add_finding("node", GOOD, NULL, NODE " is %u:%u", major(st.st_rdev), minor(st.st_rdev));
}

static void check_rule(void)
{
	char *files = glob_files(RULES "*hello*.rules");

	if (strstr(files, "/" RULE))
		add_finding("rule", GOOD, NULL, "%s", files);
	else
		add_finding("rule", BAD, INSTALL("install"), "there is no " RULE "%s%s",
			    *files ? ", only " : "", files);
	free(files);
}

static void check_group(void)
{
	struct group *group = getgrnam("hello");
	struct stat st;

	if (!group)
		add_finding("group", BAD, "sudo groupadd --system hello; " UDEV_AGAIN,
			    "there is no group hello");
	else if (!stat(NODE, &st) && (st.st_gid != group->gr_gid || (st.st_mode & 0777) != 0660))
		add_finding("group", BAD, UDEV_AGAIN,
			    NODE " has group %u and mode %03o, not the group hello and 660",
			    st.st_gid, st.st_mode & 0777);
	else if (geteuid() && getegid() != group->gr_gid && !group_member(group->gr_gid))
		add_finding("group", BAD, "sudo usermod -aG hello $USER, then log in again",
			    "you are not in the group hello");
	else
		add_finding("group", GOOD, NULL, "%s may open " NODE,
			    geteuid() ? "the group hello" : "root");
}

static void check_debugfs(void)
{
	struct statfs fs;

	if (!statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC)
		add_finding("debugfs", GOOD, NULL, "mounted");
	else
		add_finding("debugfs", BAD, "sudo mount -t debugfs none " DEBUGFS,
			    "not mounted, but helloctl stats, opens and top need it");
}

int cmd_doctor(int argc, char **argv)
{
	struct utsname kernel;
	char *info;
	int ret;

	findings = table_new("doctor", "check state finding remedy");
	uname(&kernel);
	check_headers(kernel.release);
	check_dkms(kernel.release);
	info = module_info("hello");
	check_module(info, kernel.release);
	check_signature(info);
	check_loaded(info, kernel.release);
	free(info);
	check_node();
	check_rule();
	check_group();
	check_debugfs();
	ret = table_print(findings);
	return ret ? ret : anything_bad ? EXIT_FAILED : 0;
}
