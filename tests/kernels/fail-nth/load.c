// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kernels/fail-nth/load.c: each allocation and copy fails once while files
 * are read, and while the module is loaded and unloaded.
 */
#include "walk.h"

static char path[512];

static long read_path(void)
{
	int f = open(path, O_RDONLY | O_CLOEXEC), err;
	ssize_t n;

	if (f < 0)
		return -1;
	while ((n = read(f, scratch, sizeof(scratch))) > 0)
		;
	err = errno;
	close(f);
	errno = err;
	return n;
}

/* Walks every file below a directory that can be read; counts them. */
static int walk_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;
	int walked = 0;

	while (d && (e = readdir(d))) {
		char name[256];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		if (lstat(name, &st) || S_ISLNK(st.st_mode) || !strcmp(e->d_name, "power"))
			continue;
		if (S_ISDIR(st.st_mode)) {
			walked += walk_files(name);
			continue;
		}
		if (!(st.st_mode & 0400) || !strcmp(e->d_name, "uevent"))
			continue;
		snprintf(path, sizeof(path), "%s", name);
		WALK(name, .call = read_path);
		walked++;
	}
	if (d)
		closedir(d);
	return walked;
}

TEST(every_file_can_be_read_or_fails_clean)
{
	get_ready();
	SET("buffer_size", "20000");
	ASSERT(EXPECT(fresh() >= 0));
	EXPECT(walk_files(HELLO_SYSFS) > 0);
	EXPECT(walk_files("/sys/kernel/debug/hello") > 0);
	close_it();
}

static char module[512];

static long load_with(const char *parameters)
{
	int f = open(module, O_RDONLY | O_CLOEXEC), err;
	long ret = f < 0 ? -1 : syscall(SYS_finit_module, f, parameters, 0);

	err = errno;
	close(f);
	errno = err;
	return ret;
}

static long load(void)
{
	return load_with("");
}

static long unload(void)
{
	return syscall(SYS_delete_module, "hello", O_NONBLOCK);
}

static bool is_there(void)
{
	return !access("/sys/module/hello", F_OK) || !access(HELLO_SYSFS, F_OK) ||
	       !access("/sys/kernel/debug/hello", F_OK);
}

static long not_there(void)
{
	return is_there() ? -1 : 0;
}

/*
 * Counts the faults in the kernel's own part of loading: it warns of some of them. A
 * parameter that cannot be parsed is the last error of that part.
 */
static int before_init(void)
{
	const int many = 1000000;
	char text[16] = "";

	arm(many);
	EXPECT_ERRNO(load_with("allow_uninitialized=perhaps"), EINVAL);
	ASSERT(EXPECT(pread(nth_fd, text, sizeof(text) - 1, 0) > 0));
	disarm();
	/* Stop before the last one: the number varies, and sysfs allocates in between. */
	return many - atoi(text) + 10;
}

TEST(loading_fails_clean)
{
	FILE *f = popen("modinfo -n hello", "r");

	ASSERT(EXPECT(f && fscanf(f, "%511s", module) == 1 && !pclose(f)));
	get_ready();
	nr_tunables = 0;	/* there are none while it is not loaded */
	ASSERT(EXPECT_EQ(unload(), 0));
	WALK("load", .prepare = not_there, .call = load, .undo = unload, .skip = before_init(), .stride = 3);
	ASSERT(EXPECT_EQ(load(), 0));
	WALK("unload", .call = unload, .undo = load, .stride = 3);
	EXPECT_EQ(system("udevadm settle --timeout=60"), 0);
}
