// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/system_ops.c: operations on the rest of the system: identities, cgroups,
 * processors, memory, and the module itself.
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

static void run_identity(const struct op *op, const struct arg *a)
{
	bool user = a[0].n % 4 == 0;

	(void)op;
	/* In a storm each process keeps its identity. */
	if (world.storm || user == world.user)
		return;
	if (seteuid(user ? 65534 : 0))
		differ("seteuid: %s", strerror(errno));
	/* Or the files of /proc/self would be root's. */
	prctl(PR_SET_DUMPABLE, 1);
	world.user = user;
}

/* Buffers stay charged to the group in which they were allocated. */
static void run_cgroup(const struct op *op, const struct arg *a)
{
	static const char *const groups[] = { "fuzz-a/", "fuzz-b/", "" };
	char path[128];

	(void)op;
	if (world.user)
		return;
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%scgroup.procs", groups[a[0].n % ARRAY_SIZE(groups)]);
	file_write(path, "0", 1);
}

static void run_hotplug(const struct op *op, const struct arg *a)
{
	if (!world.user)
		file_write("/sys/devices/system/cpu/cpu1/online", a[0].n % 4 ? "1" : "0", 1);
	(void)op;
}

static void run_memory(const struct op *op, const struct arg *a)
{
	(void)op;
	if (world.user)
		return;
	if (a[0].n % 2)
		file_write("/proc/sys/vm/compact_memory", "1", 1);
	else
		file_write("/proc/sys/vm/drop_caches", "3", 1);
}

/* The module can be unloaded while nothing is open, and never else. */
static void run_reload(const struct op *op, const struct arg *a)
{
	struct recipe recipe;
	long long got;

	(void)op;
	(void)a;
	if (world.user)
		return;
	got = RET(syscall(SYS_delete_module, "hello", O_NONBLOCK));
	/* In a storm another process may have unloaded it again. */
	if (!got && !module_load() && !world.storm)
		differ("the module cannot be loaded again");
	if (world.storm) {
		refused(got);
		return;
	}
	expect(got, opens() ? -EAGAIN : 0, "delete_module");
	if (got)
		return;
	device_restore();
	for (int i = 0; i < SETTINGS; i++)
		setting_read(setting_names[i], world.value[i], WORD_MAX);
	settings_recipe(&recipe);
	buffer_init(&world.shared, &recipe);
	world.max_opens = 1024;
	world.live_at_reset = 0;
	world.outcome->counts_apart = false;
}

const struct op system_ops[] = {
	{ "identity",	"k",	16, run_identity, "", NULL },
	{ "cgroup",	"k",	2, run_cgroup, "", NULL },
	{ "hotplug",	"k",	1, run_hotplug, "", NULL },
	{ "memory",	"k",	1, run_memory, "", NULL },
	{ "reload",	"",	1, run_reload, "EAGAIN ENOENT EBUSY EEXIST", NULL },
	{ }
};
