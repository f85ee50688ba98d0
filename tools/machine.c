// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine that a result is of, and what makes its figures mean less.
 */
#include "machine.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "device.h"
#include "json.h"
#include "output.h"

static void add_string(struct json_object *to, const char *name, const char *value)
{
	json_object_object_add(to, name, value ? json_of_string(value) : NULL);
}

static void add_number(struct json_object *to, const char *name, long number)
{
	json_object_object_add(to, name, checked(json_object_new_int64(number)));
}

/* Returns the value of "NAME : VALUE" of the first @names that a processor has, or NULL. */
static char *cpu_model(void)
{
	static const char *const names[] = { "model name", "cpu model", "uarch", "Processor" };
	char *all = file_read("/proc/cpuinfo"), *found = NULL;

	for (size_t i = 0; all && !found && i < COUNT(names); i++) {
		char *line = strstr(all, names[i]), *value = line ? strchr(line, ':') : NULL;

		if (value)
			found = text("%.*s", (int)strcspn(value + 2, "\n"), value + 2);
	}
	free(all);
	return found;
}

/* Returns "none", "qemu", "kvm" and so on, or NULL if nothing knows. */
static char *virtualization(void)
{
	FILE *from = popen("systemd-detect-virt --vm 2>/dev/null", "re");
	char *name = from ? read_all(from) : text("%s", ""), *cpus;

	if (from)
		pclose(from);
	if (*name)
		return name;
	free(name);
	cpus = file_read("/proc/cpuinfo");
	name = cpus && strstr(cpus, " hypervisor") ? text("vm-other") : NULL;
	free(cpus);
	return name;
}

/* Returns the configuration of the running kernel, or NULL. */
static char *read_config(const char *release)
{
	static const char *const formats[] = {
		"/boot/config-%s", "/lib/modules/%s/config", "/lib/modules/%s/build/.config",
	};
	char *config = NULL;

	for (size_t i = 0; !config && i < COUNT(formats); i++) {
		char path[512];

		snprintf(path, sizeof(path), formats[i], release);
		config = file_read(path);
	}
	return config;
}

static bool configured(const char *config, const char *option)
{
	char *line = text("\nCONFIG_%s=y\n", option);
	bool found = config && strstr(config, line);

	free(line);
	return found;
}

/* Words of the command line that change the cost of an allocation or of a lock. */
static char *cost_flags(void)
{
	static const char *const starts[] = {
		"init_on_alloc=", "init_on_free=", "slub_debug", "slab_debug", "slab_nomerge",
		"page_poison=", "debug_pagealloc=", "page_owner=", "page_alloc.shuffle=", "kfence.",
		"kasan", "kmemleak=", "numa=", "numa_balancing=", "transparent_hugepage=",
		"hugepages=", "cgroup_disable=", "cgroup.memory=", "mitigations=", "nopti", "pti=",
		"nosmt", "isolcpus=", "nohz", "rcu_nocbs", "idle=", "preempt=", "threadirqs",
		"clocksource=", "tsc=", "maxcpus=", "nr_cpus=", "mem=",
	};
	char *line = file_read("/proc/cmdline"), *rest = line, *word, *found = text("%s", "");

	while (line && (word = strsep(&rest, " ")))
		for (size_t i = 0; i < COUNT(starts); i++)
			if (!strncmp(word, starts[i], strlen(starts[i]))) {
				append(&found, "%s%s", *found ? " " : "", word);
				break;
			}
	free(line);
	return found;
}

/* Adds true or false, or null if neither command line nor configuration tell. */
static void add_default_on(struct json_object *to, const char *name, const char *flags,
			   const char *config, const char *option)
{
	const char *flag = strstr(flags, name);
	bool on = flag ? strchr("1yY", flag[strlen(name) + 1]) || !strncmp(flag + strlen(name), "=on", 3) :
		configured(config, option);

	json_object_object_add(to, name,
			       flag || config ? checked(json_object_new_boolean(on)) : NULL);
}

static size_t count_paths(const char *pattern)
{
	glob_t found;
	size_t count = glob(pattern, GLOB_NOSORT, NULL, &found) ? 0 : found.gl_pathc;

	if (count)
		globfree(&found);
	return count;
}

/* Names the checks of a debug kernel, which cost more than the allocators. */
static char *debug_checks(const char *config)
{
	static const struct {
		const char *name;
		const char *option;
		const char *path;	/* that exists at run time only with it */
	} checks[] = {
		{ "KASAN", "KASAN", NULL },
		{ "KMSAN", "KMSAN", NULL },
		{ "KCSAN", "KCSAN", DEBUGFS "/kcsan" },
		{ "lockdep", "LOCKDEP", "/proc/lockdep" },
		{ "kmemleak", "DEBUG_KMEMLEAK", DEBUGFS "/kmemleak" },
		{ "slub_debug", "SLUB_DEBUG_ON", NULL },
		{ "page poisoning", "PAGE_POISONING_ENABLE", NULL },
	};
	char *slab = file_read("/sys/kernel/slab/kmalloc-64/sanity_checks"), *all = text("%s", "");

	for (size_t i = 0; i < COUNT(checks); i++)
		if (configured(config, checks[i].option) ||
		    (checks[i].path && !access(checks[i].path, F_OK)))
			append(&all, "%s%s", *all ? ", " : "", checks[i].name);
	if (slab && !strcmp(slab, "1") && !strstr(all, "slub_debug"))
		append(&all, "%sslub_debug", *all ? ", " : "");
	free(slab);
	return all;
}

static void warn_about(struct table *warnings, const char *virt, long cpus, const char *checks)
{
	char *governor = file_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), *words;

	if (virt && strcmp(virt, "none")) {
		words = text(strcmp(virt, "qemu") ?
			     "under a hypervisor (%s): the load of the host changes the times" :
			     "under an emulator (%s): these are not the times of hardware", virt);
		table_add(warnings, "virtualization", words);
		free(words);
	}
	if (governor && strcmp(governor, "performance")) {
		words = text("CPU frequency scaling (governor %s): sudo cpupower frequency-set -g performance",
			     governor);
		table_add(warnings, "frequency", words);
		free(words);
	}
	if (cpus == 1)
		table_add(warnings, "one_cpu", "one CPU: all other work interrupts the experiment");
	if (*checks) {
		words = text("a debug kernel (%s): its checks may cost more than what they check",
			     checks);
		table_add(warnings, "debug_kernel", words);
		free(words);
	}
	free(governor);
}

void machine_describe(struct json_object *metadata, struct table *warnings)
{
	char *virt = virtualization(), *model = cpu_model(), *flags = cost_flags();
	char *module = file_read("/sys/module/hello/version");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	time_t now = time(NULL);
	struct utsname kernel;
	char *config, *checks;
	char date[32];

	uname(&kernel);
	config = read_config(kernel.release);
	checks = debug_checks(config);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	add_string(metadata, "date", date);
	add_string(metadata, "kernel_release", kernel.release);
	add_string(metadata, "kernel_version", kernel.version);
	add_string(metadata, "machine", kernel.machine);
	add_string(metadata, "cpu_model", model);
	add_number(metadata, "cpus", cpus);
	add_number(metadata, "numa_nodes", count_paths("/sys/devices/system/node/node[0-9]*"));
	add_string(metadata, "virtualization", virt);
	add_string(metadata, "cmdline", flags);
	add_default_on(metadata, "init_on_alloc", flags, config, "INIT_ON_ALLOC_DEFAULT_ON");
	add_default_on(metadata, "init_on_free", flags, config, "INIT_ON_FREE_DEFAULT_ON");
	add_string(metadata, "debug_checks", checks);
	add_string(metadata, "helloctl_version", VERSION);
	add_string(metadata, "module_version", module);
	warn_about(warnings, virt, cpus, checks);
	free(checks);
	free(config);
	free(module);
	free(flags);
	free(model);
	free(virt);
}
