// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's function_graph tracer. Older kernels have it only outside of tracing
 * instances, and its filters are global everywhere: there is one user at a time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "helloctl.h"
#include "output.h"
#include "tracer.h"

#define TRACEFS		"/sys/kernel/tracing"
#define TRACER		"function_graph"
/* tries to restore current_tracer while somebody reads trace_pipe */
#define TRIES		1000

/* A file whose value is changed, and restored at the end. */
struct file {
	char *name;
	char *old;
	const char *wanted;
};

static const char *dir;		/* of tracefs */
static struct file *files;
static size_t file_count;
static int lock = -1;
static int alive = -1;		/* closed: the child restores the state */
static pid_t child;

static char *get(const char *name)
{
	char *path = text("%s/%s", dir, name), *value = file_read(path);

	free(path);
	return value;
}

/* Truncates, which empties a filter. Returns 0 or an errno. */
static int put(const char *name, const char *value)
{
	char *path = text("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), error = fd < 0 ? errno : 0;

	/* a filter takes one word with each write() */
	while (!error && *value) {
		ssize_t done = write(fd, value, strlen(value));

		if (done < 0)
			error = errno;
		else
			value += done;
	}
	/* the last word of a filter is parsed here */
	if (fd >= 0 && close(fd) && !error)
		error = errno;
	free(path);
	return error;
}

static int cannot(const char *verb, const char *name, int error)
{
	return fail(hint_for(HINT_TRACEFS, error), "cannot %s %s/%s: %s", verb, dir, name,
		    strerror(error));
}

static int set(const char *name, const char *value)
{
	int error = put(name, value);

	return error ? cannot("write", name, error) : 0;
}

/* ---- whether it is free ---- */

static int in_use(const char *name, const char *value)
{
	return fail("wait until that has ended, or reset it: sudo trace-cmd reset",
		    "somebody uses the kernel's tracer: %s/%s has '%.*s'", dir, name,
		    (int)strcspn(value, "\n"), value);
}

/* Checks the files that are empty, or say so, while nobody uses the tracer. */
static int check_files(void)
{
	static const char *const names[] = {
		"current_tracer", "set_event", "set_ftrace_pid", "set_ftrace_filter",
		"set_ftrace_notrace", "set_graph_function", "set_graph_notrace",
	};
	int ret = 0;

	for (size_t i = 0; i < COUNT(names) && !ret; i++) {
		char *value = get(names[i]);

		if (!value)
			ret = cannot("read", names[i], errno);
		else if (*value && strcmp(value, "nop") && strcmp(value, "no pid") &&
			 (strncmp(value, "####", 4) || strchr(value, '\n')))
			ret = in_use(names[i], value);
		free(value);
	}
	return ret;
}

/* The filters also apply to instances. */
static int check_instances(void)
{
	char *path = text("%s/instances", dir);
	DIR *instances = opendir(path);
	struct dirent *entry;
	int ret = 0;

	while (instances && !ret && (entry = readdir(instances))) {
		char *name = text("instances/%s/current_tracer", entry->d_name);
		char *value = *entry->d_name == '.' ? NULL : get(name);

		if (value && !strcmp(value, TRACER))
			ret = in_use(name, value);
		free(value);
		free(name);
	}
	if (instances)
		closedir(instances);
	free(path);
	return ret;
}

/* A new tracer empties the buffer. */
static int check_buffer(void)
{
	char *path = text("%s/trace", dir), *line = NULL;
	FILE *trace = fopen(path, "re");
	size_t room = 0;
	int ret = 0;

	while (trace && !ret && getline(&line, &room, trace) > 0)
		if (*line != '#' && *line != '\n')
			ret = fail("save what you need of it, then: echo | sudo tee " TRACEFS "/trace",
				   "%s is not empty", path);
	if (trace)
		fclose(trace);
	free(line);
	free(path);
	return ret;
}

static int check_kernel(void)
{
	char *tracers = get("available_tracers");
	char *enabled = file_read("/proc/sys/kernel/ftrace_enabled");
	int ret = 0;

	if (!tracers)
		ret = cannot("read", "available_tracers", errno);
	else if (!strstr(tracers, TRACER))
		ret = fail("boot a kernel with CONFIG_FUNCTION_GRAPH_TRACER",
			   "this kernel has no tracer " TRACER);
	else if (enabled && !strcmp(enabled, "0"))
		ret = fail("sudo sysctl kernel.ftrace_enabled=1", "ftrace is disabled");
	free(enabled);
	free(tracers);
	return ret;
}

/* Two of helloctl exclude each other by a lock of the file. */
static int take_lock(void)
{
	char *path = text("%s/current_tracer", dir);
	int ret = 0;

	lock = open(path, O_RDONLY | O_CLOEXEC);
	if (lock < 0)
		ret = cannot("read", "current_tracer", errno);
	else if (flock(lock, LOCK_EX | LOCK_NB))
		ret = fail("wait until it has ended", "another helloctl uses the kernel's tracer");
	free(path);
	return ret;
}

/* ---- its state ---- */

/* The format that tracer_parse() understands. Not every kernel has every option. */
static const struct {
	const char *name;
	const char *wanted;
} options[] = {
	{ "bin", "0" }, { "hex", "0" }, { "raw", "0" }, { "overwrite", "1" },
	{ "latency-format", "1" }, { "funcgraph-duration", "1" }, { "funcgraph-irqs", "1" },
	{ "funcgraph-proc", "1" },
};

static const char *wanted_option(const char *name)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (!strcmp(options[i].name, name))
			return options[i].wanted;
	return strncmp(name, "funcgraph-", strlen("funcgraph-")) ? NULL : "0";
}

static int add_file(const char *name, const char *wanted)
{
	char *old = get(name);

	if (!old)
		return cannot("read", name, errno);
	files = array_grow(files, file_count, sizeof(*files));
	files[file_count++] = (struct file){ text("%s", name), old, wanted };
	return 0;
}

static int add_options(void)
{
	char *path = text("%s/options", dir);
	DIR *all = opendir(path);
	struct dirent *entry;
	int ret = 0;

	while (all && !ret && (entry = readdir(all))) {
		char *name = text("options/%s", entry->d_name);

		if (wanted_option(entry->d_name))
			ret = add_file(name, wanted_option(entry->d_name));
		free(name);
	}
	if (all)
		closedir(all);
	free(path);
	return ret;
}

/* Returns whether everything is restored. */
static bool restore(void)
{
	bool good = !put("tracing_on", "0");

	/* fails while somebody reads trace_pipe */
	for (int i = 0; i < TRIES && put("current_tracer", "nop") == EBUSY; i++)
		usleep(10000);
	good &= !put("current_tracer", "nop") && !put("set_graph_function", "") && !put("trace", "");
	/* the last one is tracing_on */
	for (size_t i = 0; i < file_count; i++)
		good &= !put(files[i].name, files[i].old);
	return good;
}

/* A child waits until this process has closed the pipe or is dead, and restores. */
static int start_child(void)
{
	int ends[2], null;
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return fail(NULL, "cannot create a pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return fail(NULL, "cannot create a process: %s", strerror(errno));
	if (child) {
		close(ends[0]);
		alive = ends[1];
		return 0;
	}
	/* a signal to the process group must not end it */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* a reader of the output must not wait for it */
	null = open("/dev/null", O_RDWR);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(restore() ? 0 : EXIT_FAILED);
}

int tracer_take(unsigned int depth)
{
	static char number[16];
	int ret;

	dir = access(TRACEFS "/current_tracer", F_OK) ? DEBUGFS "/tracing" : TRACEFS;
	ret = check_kernel();
	if (!ret)
		ret = take_lock();
	if (!ret)
		ret = check_files();
	if (!ret)
		ret = check_instances();
	if (!ret)
		ret = check_buffer();
	snprintf(number, sizeof(number), "%u", depth);
	if (!ret)
		ret = add_options();
	if (!ret)
		ret = add_file("max_graph_depth", number);
	if (!ret)
		ret = add_file("tracing_on", "0");
	if (!ret)
		ret = start_child();
	for (size_t i = 0; i < file_count && !ret; i++)
		ret = set(files[i].name, files[i].wanted);
	return ret;
}

int tracer_release(void)
{
	int status = 0, ret = 0;

	if (alive >= 0) {
		close(alive);
		/* without the child, as after its death, this process restores */
		if ((waitpid(child, &status, 0) != child || status) && !restore())
			ret = fail("sudo trace-cmd reset",
				   "cannot restore the state of the kernel's tracer");
	}
	if (lock >= 0)
		close(lock);
	while (file_count) {
		free(files[--file_count].name);
		free(files[file_count].old);
	}
	free(files);
	files = NULL;
	return ret;
}

/* ---- recording ---- */

int tracer_start(const char *functions)
{
	/* empties the buffer */
	int ret = set("trace", "");

	if (!ret)
		ret = set("set_graph_function", functions);
	/* The kernel patches all its functions, unless the last start has done that. */
	if (!ret)
		ret = set("current_tracer", TRACER);
	return ret ? ret : set("tracing_on", "1");
}

int tracer_stop(void)
{
	return set("tracing_on", "0");
}

FILE *tracer_open(unsigned int cpu)
{
	char *path = text("%s/per_cpu/cpu%u/trace", dir, cpu);
	FILE *trace = fopen(path, "re");

	free(path);
	return trace;
}

/* Cuts the last field of a line of fields between '|'. Returns NULL without one. */
static char *cut(char *line)
{
	char *bar = strrchr(line, '|');

	if (bar)
		*bar++ = 0;
	return bar;
}

/*
 * "  hello/0-123    | ...1. |   0.812 us   |    kfree();": a function that calls others has
 * no duration but "() {", and its end is "}" with the duration.
 */
bool tracer_parse(char *line, struct tracer_event *event)
{
	char *function = cut(line), *duration = function ? cut(line) : NULL;
	char *flags = duration ? cut(line) : NULL, *end;

	if (!flags || strlen(flags) < 4)
		return false;
	event->pid = (end = strrchr(line, '-')) ? strtol(end + 1, NULL, 10) : 0;
	event->comm = line + strspn(line, " ");
	flags += strspn(flags, " ");
	event->context = flags[2];
	event->ns = strtod(duration, &end) * 1000;
	function += strspn(function, " ");
	if (end == duration)
		event->ns = -1;
	event->function = *function == '}' ? NULL : function;
	if ((event->function ? !strstr(function, "()") : event->ns < 0))
		return false;
	if (event->function)
		*strstr(function, "()") = 0;
	return true;
}
