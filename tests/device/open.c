// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/open.c: a failed open(2) changes nothing, with any flags; and the cases in
 * which O_TRUNC is refused.
 */
#include <sys/resource.h>

#include "harness.h"

#define RW	(PROT_READ | PROT_WRITE)

static char buf[1 << 20];

/* State of the shared buffer and statistics that an open could change */
struct state {
	int fd;		/* another open, which would see a change */
	long long numbers[6];
	ssize_t length;
	char contents[4096];
};

static struct state state(int fd)
{
	static const char *const files[] = {
		"stats/opens", "stats/live_buffers", "stats/live_bytes",
		"buffer_size", "max_opens", "max_total_size",
	};
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	struct state s = { .fd = fd };

	EXPECT_EQ(poll(&p, 1, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		s.numbers[i] = number(files[i]);
	s.length = lseek(fd, 0, SEEK_END);
	EXPECT_EQ(pread(fd, s.contents, sizeof(s.contents), 0),
		  s.length < (ssize_t)sizeof(s.contents) ? s.length : (ssize_t)sizeof(s.contents));
	return s;
}

static void expect_state(const struct state *before)
{
	struct state now = state(before->fd);

	for (size_t i = 0; i < ARRAY_SIZE(now.numbers); i++)
		EXPECT_EQ(now.numbers[i], before->numbers[i]);
	EXPECT_EQ(now.length, before->length);
	EXPECT_MEM(now.contents, before->contents, sizeof(now.contents));
}

/* Runs with contents in the shared buffer, under each lock */
#define FOR_EACH_SHARED(fd)							\
	FOR_EACH_CHOICE(lock_, "lock_mode")					\
		for (int fd = open_filled(lock_); fd >= 0; fd = close_filled(fd))

static int open_filled(const char *lock)
{
	int fd;

	CASE("%s", lock);
	SET("lock_mode", lock);
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	memset(buf, 'x', 1000);
	ASSERT(EXPECT_EQ(pwrite(fd, buf, 1000, 0), 1000));
	return fd;
}

static int close_filled(int fd)
{
	close(fd);
	SET("buffer_mode", "private");
	SET("reset", "1");
	return -1;
}

static const struct {
	int flags, want;
	const char *path;
} refused[] = {
	{ O_DIRECT, EINVAL, HELLO_DEV },
	{ O_DIRECT | O_CREAT, EINVAL, HELLO_DEV },
	{ O_DIRECT, EINVAL, "/dev/hello0" },
	{ O_DIRECTORY, ENOTDIR, HELLO_DEV },
	{ O_DIRECTORY | O_DIRECT, ENOTDIR, HELLO_DEV },
	{ O_CREAT | O_EXCL, EEXIST, HELLO_DEV },
	{ O_CREAT | O_EXCL | O_DIRECT, EEXIST, HELLO_DEV },
	{ O_NOFOLLOW, ELOOP, "/dev/hello0" },
	{ O_NOFOLLOW | O_DIRECT, ELOOP, "/dev/hello0" },
	{ 0, ENOTDIR, HELLO_DEV "/" },
};

static const int modes[] = { O_RDWR, O_WRONLY, O_RDONLY };
static const int more[] = { 0, O_APPEND, O_NONBLOCK, O_SYNC | O_NOATIME };

/* Every combination of flags that must fail, for writing or not */
static void try_refused(const struct state *before)
{
	for (size_t r = 0; r < ARRAY_SIZE(refused); r++)
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
			for (size_t i = 0; i < ARRAY_SIZE(more); i++)
				for (int trunc = 0; trunc <= O_TRUNC; trunc += O_TRUNC) {
					int flags = refused[r].flags | modes[m] | more[i] | trunc;

					CASE("%s: open(%s, %#o)", get("lock_mode"), refused[r].path, flags);
					EXPECT_ERRNO(open(refused[r].path, flags | O_CLOEXEC, 0600), refused[r].want);
					expect_state(before);
				}
	CASE("O_TMPFILE");
	EXPECT_ERRNO(open(HELLO_DEV, O_TMPFILE | O_TRUNC | O_RDWR, 0600), ENOTDIR);
	expect_state(before);
}

TEST(an_open_with_flags_that_fail_changes_nothing_of_the_shared_buffer)
{
	FOR_EACH_SHARED(fd) {
		struct state before = state(fd);

		try_refused(&before);
	}
}

TEST(an_open_that_fails_leaves_the_poison_of_the_first_use)
{
	struct state before;

	SET("alloc_when", "first_use");
	SET("init_mode", "poison");
	SET("buffer_mode", "shared");
	before = state(open_hello(O_RDONLY));
	EXPECT_EQ(before.length, 4096);
	EXPECT_EQ(strspn(before.contents, "Z"), 4096);
	close_range(3, ~0U, 0);
	SET("reset", "1");
	for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
		EXPECT_ERRNO(try_open(O_TRUNC | O_DIRECT | modes[m]), EINVAL);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
	EXPECT_EQ(lseek(open_hello(O_RDONLY), 0, SEEK_END), 4096);
}

TEST(an_open_that_fails_leaves_no_buffer_behind)
{
	static const char *const buffers[] = { "private", "shared" };
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		SET("buffer_mode", buffers[i]);
		for (size_t r = 0; r < ARRAY_SIZE(refused); r++)
			for (int trunc = 0; trunc <= O_TRUNC; trunc += O_TRUNC) {
				CASE("%s: open(%s, %#o)", buffers[i], refused[r].path, refused[r].flags | trunc);
				EXPECT_ERRNO(open(refused[r].path, O_RDWR | refused[r].flags | trunc, 0600),
					     refused[r].want);
				for (int n = 0; n < 3; n++)
					EXPECT_EQ(number(live_files[n]), live_before[n]);
			}
	}
}

/* In a child: the limits and dropped permissions cannot be undone */
static void expect_refused(const struct state *before, void (*prepare)(void), int want)
{
	int status;

	if (!fork()) {
		prepare();
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
			for (size_t i = 0; i < ARRAY_SIZE(more); i++)
				EXPECT_ERRNO(try_open(O_TRUNC | modes[m] | more[i]), want);
		stop(failures ? 1 : 0);
	}
	wait(&status);
	EXPECT_EQ(status, 0);
	expect_state(before);
}

static void be_limited(void)
{
	drop_cap(CAP_SYS_RESOURCE);
}

static void be_nobody(void)
{
	ASSERT(EXPECT_EQ(setresuid(65534, 65534, 65534), 0));
}

static void have_no_descriptor(void)
{
	ASSERT(EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 }), 0));
}

TEST(an_open_beyond_a_limit_or_a_permission_changes_nothing)
{
	FOR_EACH_SHARED(fd) {
		struct state before;
		char opens[32];

		snprintf(opens, sizeof(opens), "%lld", number("stats/opens"));
		SET("max_opens", opens);
		before = state(fd);
		expect_refused(&before, be_limited, EUSERS);
		expect_refused(&before, be_nobody, EACCES);
		expect_refused(&before, have_no_descriptor, EMFILE);
		SET("max_opens", "1024");
	}
}

/* -- O_TRUNC of what is mapped -------------------------------------------------- */

static char *map(int fd, size_t size, int prot)
{
	char *m = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	ASSERT(report(m != MAP_FAILED, "mmap: %s", strerrorname_np(errno)));
	return m;
}

#define FOR_EACH_MAPPED(fd)							\
	FOR_EACH_SHARED(fd)							\
		if (strcmp(get("lock_mode"), "rcu"))	/* cannot be mapped */

TEST(O_TRUNC_of_a_mapped_shared_buffer_over_64_KiB_is_EBUSY_and_changes_nothing)
{
	static const int prots[] = { PROT_READ, RW };
	size_t size = 17 << 12;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "68K");
	memset(buf, 'y', size);
	FOR_EACH_MAPPED(fd)
		for (size_t p = 0; p < ARRAY_SIZE(prots); p++) {
			int mapped = open_hello(prots[p] == RW ? O_RDWR : O_RDONLY);
			char *m = map(mapped, size, prots[p]);
			struct state before;

			CASE("%s, %s", get("lock_mode"), prots[p] == RW ? "writable" : "read-only");
			EXPECT_EQ(pwrite(fd, buf, size, 0), size);
			close(mapped);		/* the mapping alone counts */
			before = state(fd);
			for (size_t w = 0; w < 2; w++)
				for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
					EXPECT_ERRNO(try_open(O_TRUNC | modes[w] | more[i]), EBUSY);
					expect_state(&before);
					EXPECT_MEM(m, buf, size);
				}
			close(open_hello(O_TRUNC | O_RDONLY));	/* truncates nothing */
			close(open_hello(O_RDWR));
			expect_state(&before);
			munmap(m, size);
			close(open_hello(O_TRUNC | O_WRONLY));
			EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
		}
}

TEST(reset_empties_a_mapped_shared_buffer_of_any_size)
{
	static const char zeros[17 << 12];

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "68K");
	FOR_EACH_MAPPED(fd) {
		char *m = map(fd, sizeof(zeros), RW);

		memset(m, 'x', sizeof(zeros));
		SET("reset", "1");
		EXPECT_MEM(m, zeros, sizeof(zeros));
		munmap(m, sizeof(zeros));
	}
}

TEST(O_TRUNC_of_a_mapped_shared_buffer_of_64_KiB_zeroes_it)
{
	static const char zeros[1 << 16];

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64K");
	FOR_EACH_MAPPED(fd) {
		char *m = map(fd, sizeof(zeros), RW);

		memset(m, 'x', sizeof(zeros));
		close(open_hello(O_TRUNC | O_WRONLY));
		EXPECT_MEM(m, zeros, sizeof(zeros));
		munmap(m, sizeof(zeros));
	}
}

/* Each open allocates its own private buffer: O_TRUNC concerns no mapping of another. */
TEST(O_TRUNC_of_another_private_buffer_than_the_mapped_one_works)
{
	char *m;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "68K");
	m = map(open_hello(O_RDWR), 17 << 12, RW);
	memset(m, 'x', 17 << 12);
	open_hello(O_TRUNC | O_RDWR);
	EXPECT_EQ(m[0], 'x');
}
