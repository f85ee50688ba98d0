// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kernels/fail-nth.c: on the debug kernel, fails each allocation and each
 * copy of every call once; the call must say so, change nothing, work when retried.
 *
 * What does not work and why: the injectors skip GFP_KERNEL and single pages
 * unless told not to, and reading the fail-nth file uses a fault up itself.
 * How many faults struck is therefore taken from the injectors' `times`.
 */
#include "../harness.h"
#include <linux/hello.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define TIMES	1000000000
#define LENGTH	5000	/* contents of the buffer that the calls work on */

static const char *const injectors[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
static int nth_fd = -1;
static int fd = -1;
static char contents[3 * LENGTH];
static char scratch[3 * LENGTH];

static void knob(const char *injector, const char *name, const char *value, bool must)
{
	char path[128];
	int f, n;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", injector, name);
	f = open(path, O_WRONLY | O_CLOEXEC);
	if (f < 0 && !must)
		return;
	n = write(f, value, strlen(value));
	ASSERT(report(n == (int)strlen(value), "cannot write %s to %s: is this the debug kernel?", value, path));
	close(f);
}

static long times_left(void)
{
	long sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(injectors); i++) {
		char path[128], text[32] = "";
		int f;

		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", injectors[i]);
		f = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT(EXPECT(read(f, text, sizeof(text) - 1) > 0));
		close(f);
		sum += atol(text);
	}
	return sum;
}

static void get_ready(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(injectors); i++) {
		knob(injectors[i], "verbose", "0", true);
		knob(injectors[i], "task-filter", "Y", true);
		knob(injectors[i], "ignore-gfp-wait", "N", i < 2);
		knob(injectors[i], "min-order", "0", i == 1);
		knob(injectors[i], "times", "1000000000", true);
	}
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT(EXPECT(nth_fd >= 0));
	for (size_t i = 0; i < sizeof(contents); i++)
		contents[i] = 'a' + i % 23;
}

/* Everything that a failed call may not have changed. */
static const char *state(void)
{
	static char ring[2][65536];
	static int at;
	char *text = ring[at++ % 2];
	size_t n = 0, size = sizeof(ring[0]);
	struct hello_info info = { .size = sizeof(info) };
	unsigned long sum = 0;
	ssize_t got;

	for (int i = 0; i < nr_tunables; i++)
		n += snprintf(text + n, size - n, "%s=%s\n", tunables[i].name, get_text(tunables[i].name));
	for (int i = 0; i < 3; i++)
		n += snprintf(text + n, size - n, "%s=%s\n", live_files[i], get_text(live_files[i]));
	if (fd < 0)
		return text;

	ASSERT(EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &info), 0));
	got = pread(fd, scratch, sizeof(scratch), 0);
	for (ssize_t i = 0; i < got; i++)
		sum = sum * 31 + (unsigned char)scratch[i];
	snprintf(text + n, size - n, "at %ld capacity %llu length %llu recipe %s contents %zd %lx\n",
		 lseek(fd, 0, SEEK_CUR), info.capacity, info.length, info.recipe, got, sum);
	return text;
}

static void arm(int n)
{
	char text[16];

	ASSERT(EXPECT(pwrite(nth_fd, text, snprintf(text, sizeof(text), "%d", n), 0) > 0));
}

/* True if the fault was still to come: then this write may have used it up. */
static bool disarm(void)
{
	bool pending = false;

	while (pwrite(nth_fd, "0", 1, 0) != 1)
		pending = true;
	return pending;
}

struct step {
	long (*prepare)(void);	/* before each try, with no fault */
	long (*call)(void);	/* negative with errno is a failure */
	long (*undo)(void);	/* after a try that worked, for the next */
};

/* Fails the 1st, 2nd, ... thing that the call does until there is none left. */
static int walk(const char *what, const struct step *step)
{
	char name[128];
	int struck = 0, failed = 0, n;

	for (n = 1;; n++) {
		const char *before, *after;
		long left, ret;
		bool pending;
		int err;

		snprintf(name, sizeof(name), "%s, fault %d", what, n);
		CASE("%s", name);
		if (step->prepare)
			ASSERT(EXPECT(step->prepare() >= 0));
		before = state();
		left = times_left();
		arm(n);
		errno = 0;
		ret = step->call();
		err = errno;
		pending = disarm() || times_left() == left;
		if (ret < 0) {
			after = state();
			failed++;
			report(err == ENOMEM || err == EFAULT || err == EINTR, "failed with %s", strerrorname_np(err));
			report(!strcmp(before, after), "changed something:\n# was %s# is %s", before, after);
			ret = step->call();
			report(ret >= 0, "fails when retried: %s", strerrorname_np(errno));
		}
		if (step->undo)
			ASSERT(EXPECT(step->undo() >= 0));
		if (pending)
			break;
		struck++;
	}
	CASE("%s", what);
	printf("# %s: %d faults, %d made it fail\n", what, struck, failed);
	return struck;
}

/* A walk that injects nothing tests nothing. */
#define WALK(what, ...)	EXPECT(walk(what, &(struct step) { __VA_ARGS__ }) > 0)

/* -- the device ------------------------------------------------------------- */

static long open_it(void)
{
	fd = try_open(O_RDWR);
	return fd;
}

static long close_it(void)
{
	int ret = close(fd);

	fd = -1;
	return ret;
}

/* A device with known contents, at their start. */
static long fresh(void)
{
	if (open_it() < 0 || write(fd, contents, LENGTH) != LENGTH)
		return -1;
	return lseek(fd, 0, SEEK_SET);
}

/* A copy that came out wrong is an error that no call may return. */
static long same(long n, size_t from)
{
	if (n <= 0 || !memcmp(scratch, contents + from, n))
		return n;
	errno = EIO;
	return -1;
}

static long do_read(void)
{
	return same(read(fd, scratch, LENGTH), 0);
}

static long do_pread(void)
{
	return same(pread(fd, scratch, LENGTH, 1000), 1000);
}

static long do_readv(void)
{
	struct iovec v[2] = { { scratch, 10 }, { scratch + 10, LENGTH } };

	return same(readv(fd, v, 2), 0);
}

static long do_write(void)
{
	return write(fd, contents + 1, LENGTH);
}

static long do_pwrite(void)
{
	return pwrite(fd, contents, LENGTH, 2 * LENGTH);
}

static long do_writev(void)
{
	struct iovec v[2] = { { contents + 1, 10 }, { contents + 11, LENGTH } };

	return writev(fd, v, 2);
}

static long do_lseek(void)
{
	return lseek(fd, 10, SEEK_SET);
}

static long do_poll(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0);
}

static long do_info(void)
{
	struct hello_info info = { .size = sizeof(info) };

	return ioctl(fd, HELLO_IOC_INFO, &info);
}

static long do_truncate(void)
{
	int again = open(HELLO_DEV, O_RDWR | O_TRUNC | O_CLOEXEC);

	return again < 0 ? -1 : close(again);
}

static int other = -1;

static long fresh_and_other(void)
{
	other = memfd_create("other", MFD_CLOEXEC);
	return other < 0 ? -1 : fresh();
}

static long close_both(void)
{
	close(other);
	return close_it();
}

static long do_sendfile(void)
{
	off_t from = 0;
	long ret = sendfile(other, fd, &from, LENGTH);

	/* Up to 6.4 the kernel says so when it has no page for the pipe. */
	if (ret < 0 && errno == EAGAIN)
		errno = ENOMEM;
	return ret;
}

static long fresh_and_epoll(void)
{
	other = epoll_create1(EPOLL_CLOEXEC);
	return other < 0 ? -1 : fresh();
}

static long do_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	/* Registered by a try that failed afterwards is registered. */
	epoll_ctl(other, EPOLL_CTL_DEL, fd, NULL);
	return epoll_ctl(other, EPOLL_CTL_ADD, fd, &e);
}

static long close_and_reset(void)
{
	return close_it() ?: set("reset", "1");
}

TEST(open_fails_clean_with_every_allocator)
{
	get_ready();
	SET("buffer_size", "20000");
	FOR_EACH_ALLOCATOR(mode)
		WALK(mode, .call = open_it, .undo = close_it);
	SET("buffer_mode", "shared");
	FOR_EACH_ALLOCATOR(mode)
		WALK(mode, .call = open_it, .undo = close_and_reset);
}

TEST(first_use_fails_clean_with_every_allocator)
{
	get_ready();
	SET("alloc_when", "first_use");
	FOR_EACH_ALLOCATOR(mode)
		WALK(mode, .prepare = open_it, .call = do_write, .undo = close_it);
}

TEST(data_calls_fail_clean_in_private_mode_and_under_every_lock)
{
	static const struct {
		const char *name;
		struct step step;
	} calls[] = {
		{ "read", { fresh, do_read, close_it } },
		{ "pread", { fresh, do_pread, close_it } },
		{ "readv", { fresh, do_readv, close_it } },
		{ "write", { fresh, do_write, close_it } },
		{ "pwrite with a gap", { fresh, do_pwrite, close_it } },
		{ "writev", { fresh, do_writev, close_it } },
		{ "lseek", { fresh, do_lseek, close_it } },
		{ "poll", { fresh, do_poll, close_it } },
		{ "epoll_ctl", { fresh_and_epoll, do_epoll, close_both } },
		{ "sendfile", { fresh_and_other, do_sendfile, close_both } },
		{ "HELLO_IOC_INFO", { fresh, do_info, close_it } },
		{ "open with O_TRUNC", { fresh, do_truncate, close_it } },
	};

	/* lseek() has nothing that can fail, write() only where it makes a version. */
	int struck = 0;

	get_ready();
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "20000");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		struck += walk(calls[i].name, &calls[i].step);
	EXPECT(struck > 0);
	SET("buffer_mode", "shared");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		struck = 0;
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
			char name[64];

			snprintf(name, sizeof(name), "%s, %s", lock, calls[i].name);
			struck += walk(name, &calls[i].step);
		}
		EXPECT(struck > 0);
	}
}

/* -- a recipe of its own ----------------------------------------------------- */

static struct hello_recipe_request request = { .size = sizeof(request) };

static long do_recipe(void)
{
	return ioctl(fd, HELLO_IOC_RECIPE, &request);
}

TEST(ioctl_recipe_fails_clean_with_every_allocator)
{
	get_ready();
	SET("buffer_size", "20000");
	FOR_EACH_CHOICE(mode, "alloc_mode") {
		snprintf(request.recipe, sizeof(request.recipe), "alloc_mode=%s buffer_size=30000", mode);
		WALK(mode, .prepare = fresh, .call = do_recipe, .undo = close_it);
	}
}

/* -- mappings ---------------------------------------------------------------- */

static char *map;

static long do_map(void)
{
	map = mmap(NULL, 20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? -1 : 0;
}

static long unmap(void)
{
	return munmap(map, 20000) ?: close_it();
}

static long mapped(void)
{
	return fresh() ?: do_map();
}

static sigjmp_buf on_fault;

static void jump_back(int sig)
{
	(void)sig;
	siglongjmp(on_fault, 1);
}

static long do_touch(void)
{
	if (sigsetjmp(on_fault, 1)) {
		errno = ENOMEM;	/* SIGBUS is how a page says so */
		return -1;
	}
	madvise(map, 20000, MADV_DONTNEED);
	for (size_t i = 0; i < 20000; i += 4096)
		*(volatile char *)(map + i);
	return 0;
}

static long do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

TEST(mmap_page_faults_and_fork_fail_clean)
{
	struct sigaction sa = { .sa_handler = jump_back };

	get_ready();
	sigaction(SIGBUS, &sa, NULL);
	SET("buffer_size", "20000");
	FOR_EACH_ALLOCATOR(mode) {
		struct hello_info info = { .size = sizeof(info) };

		ASSERT(EXPECT(fresh() >= 0));
		ASSERT(EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &info), 0));
		close_it();
		if (!(info.flags & HELLO_INFO_MAPPABLE))
			continue;
		WALK(mode, .prepare = fresh, .call = do_map, .undo = unmap);
		WALK("touch", .prepare = mapped, .call = do_touch, .undo = unmap);
	}
	/* The kernel's part of it is long, and ours does not depend on the allocator. */
	SET("alloc_mode", "vmalloc");
	WALK("fork", .prepare = mapped, .call = do_fork, .undo = unmap);
}

/* -- sysfs and debugfs ------------------------------------------------------- */

static const char *file;
static char old_value[4096];
static char new_value[64];

static long do_store(void)
{
	return set(file, new_value);
}

static long store_back(void)
{
	EXPECT_STR(get(file), new_value);
	return set(file, old_value);
}

/* Walks a store of value, if it works and changes something. */
static bool walk_store(const char *name, const char *value, long (*prepare)(void), long (*undo)(void))
{
	char what[128];

	file = name;
	snprintf(old_value, sizeof(old_value), "%s", get(name));
	snprintf(new_value, sizeof(new_value), "%s", value);
	if (!strcmp(old_value, value) || set(name, value) || strcmp(get(name), value))
		return set(name, old_value) && false;
	SET(name, old_value);
	snprintf(what, sizeof(what), "%s to %s", name, value);
	WALK(what, .prepare = prepare, .call = do_store, .undo = undo);
	return true;
}

TEST(every_store_fails_clean)
{
	static const char *const values[] = { "0", "8192", "1000000", "GFP_USER" };

	get_ready();
	for (int i = 0; i < nr_tunables; i++) {
		const char *name = tunables[i].name;
		int walked = 0;

		FOR_EACH_CHOICE(word, name)
			walked += walk_store(name, word, NULL, store_back);
		for (size_t v = 0; v < ARRAY_SIZE(values) && !walked; v++)
			walked += walk_store(name, values[v], NULL, store_back);
		/* Nothing else can be stored where there is one node, one word. */
		printf("# %s: %d values\n", name, walked);
	}
}

static long store_back_and_close(void)
{
	return store_back() ?: close_and_reset();
}

TEST(every_migration_fails_clean)
{
	get_ready();
	SET("buffer_mode", "shared");
	SET("buffer_size", "20000");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		FOR_EACH_CHOICE(mode, "alloc_mode")
			walk_store("alloc_mode", mode, fresh, store_back_and_close);
		walk_store("buffer_size", "30000", fresh, store_back_and_close);
		walk_store("gfp_flags", "GFP_USER", fresh, store_back_and_close);
	}
}

static long fresh_and_closed(void)
{
	return fresh() ?: close_it();
}

static long do_reset(void)
{
	return set("reset", "1");
}

TEST(reset_fails_clean)
{
	get_ready();
	SET("buffer_mode", "shared");
	SET("buffer_size", "20000");
	WALK("reset", .prepare = fresh_and_closed, .call = do_reset);
}

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

/* -- loading ----------------------------------------------------------------- */

static char module[512];

static long load(void)
{
	int f = open(module, O_RDONLY | O_CLOEXEC), err;
	long ret = f < 0 ? -1 : syscall(SYS_finit_module, f, "", 0);

	err = errno;
	close(f);
	errno = err;
	return ret;
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

TEST(loading_fails_clean)
{
	FILE *f = popen("modinfo -n hello", "r");

	ASSERT(EXPECT(f && fscanf(f, "%511s", module) == 1 && !pclose(f)));
	get_ready();
	nr_tunables = 0;	/* there are none while it is not loaded */
	ASSERT(EXPECT_EQ(unload(), 0));
	WALK("load", .prepare = not_there, .call = load, .undo = unload);
	ASSERT(EXPECT_EQ(load(), 0));
	WALK("unload", .call = unload, .undo = load);
	EXPECT_EQ(system("udevadm settle --timeout=60"), 0);
}
