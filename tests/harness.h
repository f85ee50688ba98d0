/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/harness.h: TAP tests in C on /dev/hello.
 * Each TEST runs in its own process, and must leave tunables and live memory as it found them.
 */
#ifndef HELLO_HARNESS_H
#define HELLO_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HELLO_DEV	"/dev/hello"
#define HELLO_SYSFS	"/sys/class/misc/hello"
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		((size_t)sysconf(_SC_PAGESIZE))
#define PAGE_MAX	65536	/* of any machine */

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *tests, **tests_end = &tests;
static int failures;
static char test_case[256];	/* the current row of a table-driven test, for its diagnostics */
static char *skip_reason;	/* shared with the child */

/* TEST(a_fact_in_words) { ... } */
#define TEST(fact)							\
	static void fact(void);						\
	__attribute__((constructor)) static void register_##fact(void)	\
	{								\
		static struct test t = { #fact, fact, NULL };		\
									\
		*tests_end = &t;					\
		tests_end = &t.next;					\
	}								\
	static void fact(void)

__attribute__((format(printf, 2, 3)))
static inline bool report(bool ok, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (ok || __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) >= 20)
		return ok;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# %s%s%s\n", text, *test_case ? ", at " : "", test_case);
	return false;
}

#define CASE(...)	snprintf(test_case, sizeof(test_case), __VA_ARGS__)
#define AT		"line %d: "
#define EXPECT(cond)	report(cond, AT "%s does not hold (errno %s)", __LINE__, #cond, strerrorname_np(errno))
#define EXPECT_EQ(call, want)	({						\
	long long got_ = (long long)(call);					\
	int err_ = got_ < 0 ? errno : 0;					\
	long long want_ = (long long)(want);					\
	report(got_ == want_, AT "%s is %lld (errno %s), expected %lld",	\
	       __LINE__, #call, got_, strerrorname_np(err_), want_); })
#define EXPECT_ERRNO(call, want)	({					\
	errno = 0;								\
	long long got_ = (long)(call);						\
	int err_ = errno;							\
	report(got_ == -1 && err_ == (want), AT "%s is %lld (errno %s), expected -1 (%s)", \
	       __LINE__, #call, got_, strerrorname_np(err_), strerrorname_np(want)); })
#define EXPECT_STR(text, want)	({						\
	const char *got_ = (text), *want_ = (want);				\
	report(!strcmp(got_, want_), AT "%s is \"%s\", expected \"%s\"",	\
	       __LINE__, #text, got_, want_); })
#define EXPECT_MEM(mem, want, n)	({					\
	const unsigned char *got_ = (const void *)(mem), *want_ = (const void *)(want); \
	size_t n_ = (n), i_ = 0;						\
	while (i_ < n_ && got_[i_] == want_[i_])				\
		i_++;								\
	report(i_ == n_, AT "%s differs at byte %zu of %zu: 0x%02x, expected 0x%02x", \
	       __LINE__, #mem, i_, n_, i_ < n_ ? got_[i_] : 0, i_ < n_ ? want_[i_] : 0); })
/* Ends the test if a condition fails: ASSERT(EXPECT_EQ(...)) */
#define ASSERT(expectation)	({ if (!(expectation)) stop(1); })
#define SKIP(...)	({ snprintf(skip_reason, 256, __VA_ARGS__); stop(77); })

__attribute__((noreturn)) static inline void stop(int status)
{
	fflush(stdout);
	_exit(status);
}

static inline int env(const char *name)
{
	return getenv(name) ? atoi(getenv(name)) : 1;
}

/* The debug lane sets HELLO_TEST_SLOW for less volume, the hammer HELLO_TEST_VOLUME for more. */
static inline int volume(int n)
{
	n = n * env("HELLO_TEST_VOLUME") / env("HELLO_TEST_SLOW");
	return n ? n : 1;
}

#define TIME_LIMIT	(180 * env("HELLO_TEST_VOLUME") * env("HELLO_TEST_SLOW"))

static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* -- the device and its files ------------------------------------------- */

static inline int open_sysfs(const char *file, int flags)
{
	int dir = open(HELLO_SYSFS, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : openat(dir, file, flags | O_CLOEXEC), err = errno;

	close(dir);
	errno = err;
	return fd;
}

/* Store n bytes in one write, as `echo -n` would; 0, or -1 with errno. */
static inline int set_bytes(const char *file, const void *value, size_t n)
{
	int fd = open_sysfs(file, O_WRONLY), err;
	ssize_t ret;

	if (fd < 0)
		return -1;
	ret = write(fd, value, n);
	err = errno;
	close(fd);
	errno = ret >= 0 ? EIO : err;
	return ret == (ssize_t)n ? 0 : -1;
}

static inline int set(const char *file, const char *value)
{
	return set_bytes(file, value, strlen(value));
}

/* The file's text without its newline */
static inline char *get_text(const char *file)
{
	static __thread char ring[8][4096];
	static __thread int at;
	char *text = ring[at++ % 8];
	int fd = open_sysfs(file, O_RDONLY);
	ssize_t ret = fd < 0 ? -1 : read(fd, text, sizeof(ring[0]) - 1);

	text[ret < 0 ? 0 : ret] = '\0';
	if (fd >= 0)
		close(fd);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The value; for a file of choices, the word in brackets */
static inline char *get(const char *file)
{
	char *text = get_text(file), *word = strchr(text, '[');

	if (!word)
		return text;
	word[strcspn(word, "]")] = '\0';
	return word + 1;
}

static inline long long number(const char *file)
{
	return strtoll(get(file), NULL, 0);
}

/* The nth allocation of the driver from now on fails; 0: none */
static inline void fail_nth(int n)
{
	char text[16];
	int fd = open("/sys/kernel/debug/hello/fail/nth", O_WRONLY | O_CLOEXEC);

	snprintf(text, sizeof(text), "%d", n);
	EXPECT_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The number after a word in a file of debugfs */
static inline long long number_after(const char *file, const char *word)
{
	char path[128], text[8192];
	ssize_t n;
	char *at;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/hello/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	ASSERT(EXPECT(n > 0));
	text[n] = '\0';
	at = strstr(text, word);
	ASSERT(EXPECT(at));
	return strtoll(at + strlen(word), NULL, 10);
}

/* The nth word of a file of choices */
static inline bool choice(const char *file, int nth, char word[64])
{
	char *text = get_text(file), *save = NULL, *w;

	w = strtok_r(text, " []\n", &save);
	while (w && nth--)
		w = strtok_r(NULL, " []\n", &save);
	snprintf(word, 64, "%s", w ? w : "");
	return w != NULL;
}

/* FOR_EACH_CHOICE(mode, "alloc_mode") { ... } */
#define FOR_EACH_CHOICE(word, file)					\
	for (char word[64], *nth_ = NULL; choice(file, (int)(intptr_t)nth_, word); nth_++)

static inline bool has_choice(const char *file, const char *word)
{
	FOR_EACH_CHOICE(w, file)
		if (!strcmp(w, word))
			return true;
	return false;
}

/* Like set(), but ends the test on failure */
#define SET(file, value)	ASSERT(EXPECT_EQ(set(file, value), 0))
#define SET_NUMBER(file, value)	({						\
	char text_[32];								\
	snprintf(text_, sizeof(text_), "%lld", (long long)(value));		\
	SET(file, text_); })

static inline int try_open(int flags)
{
	return open(HELLO_DEV, flags | O_CLOEXEC);
}

#define open_hello(flags)	({						\
	int fd_ = try_open(flags);						\
	ASSERT(report(fd_ >= 0, AT "open(" HELLO_DEV "): %s", __LINE__, strerrorname_np(errno))); \
	fd_; })

/* From debugfs: the largest buffer of an allocator, and whether a cgroup can be charged for it */
static inline long long traits(const char *mode, bool *charged)
{
	char line[512], name[64], word[16];
	long long max = 0, n;
	FILE *f = fopen("/sys/kernel/debug/hello/allocators", "re");

	ASSERT(EXPECT(f));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lld %*s %*s %*s %15s", name, &n, word) == 3 && !strcmp(name, mode)) {
			max = n;
			*charged = !strcmp(word, "yes");
		}
	fclose(f);
	return max;
}

static inline bool is_charged(const char *mode)
{
	bool charged = false;

	traits(mode, &charged);
	return charged;
}

/* Of a size that kvmalloc can only have from vmalloc */
static inline size_t above_kmalloc(void)
{
	bool unused;

	return traits("kmalloc", &unused) + (1 << 20);
}

/* Select an allocator, with GFP_KERNEL or, if it refuses that, a mask that it takes */
static inline void use_allocator(const char *mode)
{
	SET("alloc_mode", "kmalloc");
	SET("gfp_flags", "GFP_KERNEL");
	if (set("alloc_mode", mode)) {
		SET("gfp_flags", "GFP_NOWAIT");
		SET("alloc_mode", mode);
	}
}

#define FOR_EACH_ALLOCATOR(mode)					\
	FOR_EACH_CHOICE(mode, "alloc_mode")				\
		if (use_allocator(mode), CASE("alloc_mode=%s", mode), true)

/* The locks that have a test each; locks.c checks that none is missing. */
#define LOCKS(LOCK)	LOCK(mutex) LOCK(rwsem) LOCK(spinlock) LOCK(rwlock) LOCK(rcu)

/* An address that is never mapped; volatile hides it from compiler warnings */
#define BAD_POINTER	({ void *volatile p_ = (void *)8; p_; })

/* Returns once a child sleeps in the kernel or is dead */
static inline void wait_until_asleep(pid_t pid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'S' && state != 'D' && state != 'Z') {
		sched_yield();
		f = fopen(path, "re");
		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		if (f)
			fclose(f);
	}
}

/*
 * Memory whose pages stay: a call that finds none missing is one unit. A locked
 * page is unmapped all the same, by the balancing of NUMA nodes (which a policy
 * exempts it from) and by what makes huge pages; compaction and DAMON leave it
 * alone in a guest of tests/vm.
 */
static inline void *resident_memory(size_t n)
{
	void *m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(EXPECT(m != MAP_FAILED));
	madvise(m, n, MADV_NOHUGEPAGE);
	syscall(SYS_mbind, m, n, 4 /* MPOL_LOCAL */, NULL, 0, 0);
	ASSERT(EXPECT_EQ(mlock(m, n), 0));
	return m;
}

/* MemAvailable in KiB: the page cache, which others fill meanwhile, is part of it. */
static inline long long available_memory(void)
{
	long long kib = -1;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	ASSERT(EXPECT(f));
	while (kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %lld kB", &kib);
	fclose(f);
	return kib;
}

/* Memory comes back late: RCU frees the stacks of threads. A leak stays for ever. */
static inline void expect_memory_back(long long before, long long limit, const char *of)
{
	double end = seconds() + 20;
	long long lost;

	while ((lost = before - available_memory()) >= limit && seconds() < end)
		usleep(100000);
	report(lost < limit, "%lld KiB did not come back, %s", lost, of);
}

/* Drop one capability for good; root then lacks it too. */
static inline void drop_cap(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	ASSERT(EXPECT_EQ(syscall(SYS_capget, &head, caps), 0));
	caps[cap / 32].effective &= ~(1u << cap % 32);
	caps[cap / 32].permitted &= ~(1u << cap % 32);
	ASSERT(EXPECT_EQ(syscall(SYS_capset, &head, caps), 0));
}

/* -- running ------------------------------------------------------------- */

#define MAX_TUNABLES	32
static struct {
	char name[256];
	char value[4096];
} tunables[MAX_TUNABLES];
static int nr_tunables;
static long long live_before[3];
static const char *const live_files[3] = { "stats/opens", "stats/live_buffers", "stats/live_bytes" };

static inline void save_state(void)
{
	DIR *dir = opendir(HELLO_SYSFS);
	struct dirent *e;
	struct stat st;

	for (nr_tunables = 0; dir && (e = readdir(dir)) && nr_tunables < MAX_TUNABLES;) {
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
		    (st.st_mode & 0600) != 0600 || !strcmp(e->d_name, "uevent"))
			continue;
		snprintf(tunables[nr_tunables].name, sizeof(tunables[0].name), "%s", e->d_name);
		snprintf(tunables[nr_tunables].value, sizeof(tunables[0].value), "%s", get(e->d_name));
		nr_tunables++;
	}
	if (dir)
		closedir(dir);
	for (int i = 0; i < 3; i++)
		live_before[i] = number(live_files[i]);
}

/*
 * Private mode first, so that nothing migrates; then as often as it helps,
 * because each store must leave a recipe that works.
 */
static inline void restore_state(void)
{
	int wrong = 1;

	set("buffer_mode", "private");
	set("reset", "1");
	for (int round = 0; wrong && round < nr_tunables; round++) {
		wrong = 0;
		for (int i = 0; i < nr_tunables; i++)
			if (strcmp(get(tunables[i].name), tunables[i].value)) {
				set(tunables[i].name, tunables[i].value);
				wrong++;
			}
	}
	report(!wrong, "tunables could not be restored");
	for (int i = 0; i < 3; i++)
		report(number(live_files[i]) == live_before[i], "left behind: %s is %lld, was %lld",
		       live_files[i], number(live_files[i]), live_before[i]);
}

/* Kill the test's process and its descendants; true if all are gone. */
static inline bool run_child(struct test *t, int *status)
{
	pid_t pid = fork();
	struct pollfd pfd = { .events = POLLIN };
	bool ended;

	if (!pid) {
		setpgid(0, 0);
		t->run();
		stop(failures ? 1 : 0);
	}
	setpgid(pid, pid);
	pfd.fd = syscall(SYS_pidfd_open, pid, 0);
	ended = poll(&pfd, 1, 1000 * TIME_LIMIT) == 1;
	if (!ended)
		printf("# still running after %d s\n", TIME_LIMIT);
	kill(-pid, SIGKILL);
	if (!ended && poll(&pfd, 1, 10000) != 1)
		return false;
	close(pfd.fd);
	waitpid(pid, status, 0);
	while (wait(NULL) > 0)	/* subreaper: children of the test are reparented to it and killed */
		;
	return true;
}

int main(void)
{
	struct stat st;
	int n = 0, status, bad = 0, fd;

	/* open() would reuse a closed descriptor for the device, and diagnostics would go there. */
	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
		;
	close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (access(HELLO_SYSFS, F_OK) && system("modprobe hello && udevadm settle --timeout=60"))
		printf("# modprobe hello failed\n");
	if (stat(HELLO_DEV, &st) || !S_ISCHR(st.st_mode) || access(HELLO_SYSFS, F_OK)) {
		printf("Bail out! " HELLO_DEV " is no character device of a loaded module: try modprobe hello\n");
		return 1;
	}
	/* Without this the first test would be blamed for a shared buffer of another program. */
	set("reset", "1");
	skip_reason = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (struct test *t = tests; t; t = t->next)
		n++;
	printf("1..%d\n", n);
	n = 0;
	for (struct test *t = tests; t; t = t->next) {
		char name[256];

		snprintf(name, sizeof(name), "%s", t->name);
		for (char *c = name; (c = strchr(c, '_'));)
			*c = ' ';
		skip_reason[0] = '\0';
		failures = 0;
		save_state();
		if (!run_child(t, &status)) {
			printf("not ok %d - %s\nBail out! its process cannot be killed\n", ++n, name);
			return 1;
		}
		if (WIFSIGNALED(status))
			printf("# died of signal %s\n", sigabbrev_np(WTERMSIG(status)));
		restore_state();
		if (failures || !WIFEXITED(status) || (WEXITSTATUS(status) && WEXITSTATUS(status) != 77))
			bad = 1, printf("not ");
		printf("ok %d - %s%s%s\n", ++n, name, *skip_reason ? " # SKIP " : "", skip_reason);
	}
	return bad;
}

#endif /* HELLO_HARNESS_H */
