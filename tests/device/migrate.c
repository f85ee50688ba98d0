// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/migrate.c: while buffer_mode=shared, a store to the recipe
 * moves the shared buffer with its contents; a refused store changes nothing.
 */
#include <linux/hello.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "harness.h"

static char pattern[65536], buf[1 << 20];

static struct hello_info info(int fd)
{
	struct hello_info i = { .size = sizeof(i) };

	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &i), 0);
	return i;
}

static void expect_contents(int fd, size_t n)
{
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), n);
	EXPECT_MEM(buf, pattern, n);
}

/* The shared buffer with n bytes of the pattern in it */
static int open_shared(size_t n)
{
	int fd;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 37 + i / 251;
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	ASSERT(EXPECT_EQ(pwrite(fd, pattern, n, 0), n));
	return fd;
}

TEST(contents_move_to_every_allocator_under_every_lock)
{
	SET("buffer_size", "40000");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int fd;

		SET("lock_mode", lock);
		use_allocator("kmalloc");
		fd = open_shared(30000);
		FOR_EACH_ALLOCATOR(mode) {
			CASE("lock_mode=%s alloc_mode=%s", lock, mode);
			expect_contents(fd, 30000);
			EXPECT(strstr(info(fd).recipe, mode));
			EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
			EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 40000);
		}
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(every_word_of_the_recipe_that_makes_memory_migrates)
{
	int fd = open_shared(4000);

	SET("buffer_size", "64K");
	EXPECT_EQ(info(fd).capacity, 65536);
	EXPECT_EQ(pwrite(fd, pattern + 4000, 61536, 4000), 61536);
	SET("alloc_mode", "vmalloc");
	SET("gfp_flags", "GFP_NOIO");
	EXPECT(strstr(info(fd).recipe, "gfp_flags=GFP_NOIO"));
	SET("alloc_context", "workqueue");
	EXPECT(strstr(info(fd).recipe, "alloc_context=workqueue"));
	SET("alloc_mode", "pages");
	SET("numa_node", "0");
	EXPECT(strstr(info(fd).recipe, "numa_node=0"));
	expect_contents(fd, 65536);
	EXPECT_EQ(number("stats/allocations") - number("stats/frees"), number("stats/live_buffers"));
}

TEST(init_mode_and_alloc_when_never_migrate)
{
	int fd = open_shared(100);
	long long allocations = number("stats/allocations");

	SET("init_mode", "poison");
	SET("alloc_when", "first_use");
	EXPECT_EQ(set("alloc_mode", "kmalloc"), 0);	/* what it is already */
	EXPECT_EQ(number("stats/allocations"), allocations);
	expect_contents(fd, 100);
}

TEST(in_private_mode_the_shared_buffer_keeps_its_recipe)
{
	int fd = open_shared(100);

	SET("buffer_mode", "private");
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "50");
	EXPECT(strstr(info(fd).recipe, "alloc_mode=kmalloc"));
	EXPECT_EQ(info(fd).capacity, 4096);
	expect_contents(fd, 100);
}

TEST(init_mode_does_not_migrate_to_the_recipe_of_private_mode)
{
	int fd = open_shared(100);

	SET("buffer_mode", "private");
	SET("alloc_mode", "vmalloc");
	SET("buffer_mode", "shared");
	SET("init_mode", "poison");
	EXPECT(strstr(info(fd).recipe, "alloc_mode=kmalloc"));
	expect_contents(fd, 100);
}

TEST(contents_that_do_not_fit_are_ENOSPC_and_nothing_changes)
{
	int fd = open_shared(3000);
	struct hello_info before = info(fd), after;

	EXPECT_ERRNO(set("buffer_size", "2999"), ENOSPC);
	EXPECT_EQ(number("buffer_size"), 4096);
	after = info(fd);
	EXPECT_MEM(&after, &before, sizeof(after));
	EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 4096);
	SET("buffer_size", "3000");
	expect_contents(fd, 3000);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 3000), ENOSPC);
}

TEST(a_mapped_buffer_is_EBUSY_and_nothing_changes)
{
	int fd;
	void *m;

	SET("alloc_mode", "pages");
	fd = open_shared(100);
	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_hello(O_RDONLY), 0);
	EXPECT_ERRNO(set("alloc_mode", "vmalloc"), EBUSY);
	EXPECT_ERRNO(set("buffer_size", "8192"), EBUSY);
	EXPECT_STR(get("alloc_mode"), "pages");
	EXPECT_EQ(number("buffer_size"), 4096);
	EXPECT_EQ(munmap(m, 4096), 0);
	SET("alloc_mode", "vmalloc");
	expect_contents(fd, 100);
}

TEST(old_and_new_count_against_the_cap_and_its_ENOMEM_changes_nothing)
{
	int fd = open_shared(100);
	char cap[32];

	snprintf(cap, sizeof(cap), "%lld", live_before[2] + 4096 + (long long)PAGE - 1);
	SET("max_total_size", cap);
	EXPECT_ERRNO(set("alloc_mode", "vmalloc"), ENOMEM);
	EXPECT_STR(get("alloc_mode"), "kmalloc");
	EXPECT(strstr(info(fd).recipe, "alloc_mode=kmalloc"));
	expect_contents(fd, 100);
	snprintf(cap, sizeof(cap), "%lld", live_before[2] + 4096 + (long long)PAGE);
	SET("max_total_size", cap);
	EXPECT_EQ(set("alloc_mode", "vmalloc"), 0);
	expect_contents(fd, 100);
}

TEST(a_recipe_that_cannot_work_does_not_migrate)
{
	int fd = open_shared(100);

	EXPECT_ERRNO(set("alloc_context", "softirq"), EINVAL);
	EXPECT_ERRNO(set("buffer_size", "512M"), EINVAL);
	EXPECT(strstr(info(fd).recipe, "alloc_context=process"));
	expect_contents(fd, 100);
}

TEST(lock_mode_is_EBUSY_while_open_or_mapped_and_keeps_the_contents)
{
	FOR_EACH_CHOICE(lock, "lock_mode") {
		char *before = strdup(get("lock_mode"));
		int fd;
		void *m;

		CASE("%s", lock);
		SET("alloc_mode", "pages");
		fd = open_shared(100);
		EXPECT_ERRNO(set("lock_mode", strcmp(before, "rcu") ? "rcu" : "mutex"), EBUSY);
		EXPECT_STR(get("lock_mode"), before);
		EXPECT_EQ(set("lock_mode", before), 0);		/* no change */
		m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_hello(O_RDONLY), 0);
		close_range(fd, ~0U, 0);
		if (m != MAP_FAILED) {
			EXPECT_ERRNO(set("lock_mode", strcmp(before, "rcu") ? "rcu" : "mutex"), EBUSY);
			munmap(m, 4096);
		}
		SET("lock_mode", lock);
		fd = open_hello(O_RDONLY);
		expect_contents(fd, 100);
		close(fd);
		free(before);
	}
}

TEST(a_position_above_a_capacity_that_shrank_stays)
{
	int fd = open_shared(100);

	EXPECT_EQ(lseek(fd, 2000, SEEK_SET), 2000);
	SET("buffer_size", "1000");
	EXPECT_EQ(read(fd, buf, 10), 0);
	EXPECT_ERRNO(write(fd, buf, 10), ENOSPC);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2000);
}

TEST(each_lock_maps_the_shared_buffer_but_for_rcu)
{
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64K");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int fd, other;
		char *m;

		SET("lock_mode", lock);
		CASE("%s", lock);
		fd = open_shared(1000);
		other = open_hello(O_RDWR);
		EXPECT_EQ(info(fd).flags & HELLO_INFO_MAPPABLE, strcmp(lock, "rcu") ? HELLO_INFO_MAPPABLE : 0);
		m = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (!strcmp(lock, "rcu")) {
			EXPECT(m == MAP_FAILED && errno == ENODEV);
		} else {
			ASSERT(report(m != MAP_FAILED, "mmap: %s", strerrorname_np(errno)));
			/* read and write with an unfaulted mapping of the device as the user buffer */
			EXPECT_EQ(madvise(m, 65536, MADV_DONTNEED), 0);
			EXPECT_EQ(pread(fd, m, 65536, 0), 65536);
			EXPECT_EQ(madvise(m, 65536, MADV_DONTNEED), 0);
			EXPECT_EQ(pwrite(other, m, 65536, 0), 65536);
			strcpy(m + 5000, "coherent");
			EXPECT_EQ(pread(other, buf, 9, 5000), 9);
			EXPECT_STR(buf, "coherent");
			EXPECT_EQ(pwrite(other, "written", 8, 60000), 8);
			EXPECT_STR(m + 60000, "written");
			munmap(m, 65536);
		}
		close(fd);
		close(other);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

/* ---- killed ---- */

#define LARGE		(4 << 20)
#define COPIERS		2

static volatile bool done;
static bool torn;

/* True if all sampled bytes are equal; samples, so that readers mostly copy. */
static bool uniform(const char *m)
{
	for (size_t i = 0; i < LARGE; i += 4093)
		if (m[i] != m[0])
			return false;
	return m[LARGE - 1] == m[0];
}

struct reader {
	pthread_t thread;
	char *memory;
	int fd;
};

/* Reads the whole buffer in a loop; each call holds the lock throughout. */
static void *read_whole(void *arg)
{
	struct reader *r = arg;
	char *m = r->memory;

	while (!done) {
		if (!EXPECT_EQ(pread(r->fd, m, LARGE, 0), LARGE))
			break;
		if (!uniform(m))
			torn = true;
	}
	return NULL;
}

static bool migrate(int fd, bool shared, const char *mode)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	if (shared)
		return !set("alloc_mode", mode);
	snprintf(r.recipe, sizeof(r.recipe), "alloc_mode=%s", mode);
	return !ioctl(fd, HELLO_IOC_RECIPE, &r);
}

/* Returns true if a reader held the lock, so that the killed migration left its successor. */
static bool kill_migration(int fd, bool shared)
{
	static volatile bool *migrated;
	double since;
	pid_t pid;

	if (!migrated)
		migrated = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*migrated = false;
	pid = fork();
	if (!pid) {
		EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
		migrate(fd, shared, "kvmalloc");
		*migrated = true;
		pause();
	}
	/* A migration with a successor took the lock once, and takes it again for each unit. */
	while (number("stats/live_buffers") < live_before[1] + 2 && !*migrated)
		sched_yield();
	since = seconds();
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	since = seconds() - since;
	/* A migration that is not killed waits for the readers for ever. */
	report(since < 30 * env("HELLO_TEST_SLOW"), "it took %.3f s to end", since);
	return number("stats/live_buffers") == live_before[1] + 2;
}

/* Kills a migration while readers hold the lock most of the time; true if it left a successor. */
static bool kill_beside_readers(int fd, bool shared)
{
	static struct reader readers[COPIERS];
	bool left;

	done = false;
	for (int i = 0; i < COPIERS; i++) {
		if (!readers[i].memory)
			readers[i].memory = resident_memory(LARGE);
		readers[i].fd = fd;
		pthread_create(&readers[i].thread, NULL, read_whole, &readers[i]);
	}
	left = kill_migration(fd, shared);
	done = true;
	for (int i = 0; i < COPIERS; i++)
		pthread_join(readers[i].thread, NULL);
	EXPECT(!torn);
	return left;
}

static void kill_migrations(bool shared)
{
	char *m = resident_memory(LARGE);
	int fd, left = 0, round;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "4M");
	SET("buffer_mode", shared ? "shared" : "private");
	fd = open_hello(O_RDWR);
	memset(m, 'a', LARGE);
	EXPECT_EQ(pwrite(fd, m, LARGE, 0), LARGE);
	for (round = 0; round < 3 && !failures; round++) {
		left += kill_beside_readers(fd, shared);
		memset(m, 0, LARGE);
		EXPECT_EQ(pread(fd, m, LARGE, 0), LARGE);
		EXPECT(m[0] == (char)('a' + round) && uniform(m));
		memset(m, 'b' + round, LARGE);
		/* A write and a migration both drop a leftover successor. */
		if (round % 2) {
			EXPECT_EQ(pwrite(fd, m, LARGE, 0), LARGE);
		} else {
			EXPECT(migrate(fd, shared, "vmalloc"));
			EXPECT(migrate(fd, shared, "kvmalloc"));
		}
		EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2] + LARGE);
		EXPECT_EQ(pwrite(fd, m, LARGE, 0), LARGE);
		EXPECT(migrate(fd, shared, "vmalloc"));
	}
	/* no call uses the leftover of this last kill */
	left += kill_beside_readers(fd, shared);
	printf("# %s: of %d migrations that were killed %d left a successor\n", shared ? get("lock_mode") : "private", round + 1, left);
	close(fd);
	munmap(m, LARGE);
}

TEST(a_migration_of_the_shared_buffer_that_is_killed_ends_and_leaves_nothing)
{
	static const char *const locks[] = { "mutex", "rwsem" };

	for (size_t i = 0; i < ARRAY_SIZE(locks); i++) {
		CASE("lock_mode=%s", locks[i]);
		SET("lock_mode", locks[i]);
		kill_migrations(true);
		SET("buffer_mode", "private");
		SET("reset", "1");
		EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
	}
}

/* -- mappings that come and go -------------------------------------------------- */

static void run_on_first_cpu(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	EXPECT_EQ(sched_setaffinity(0, sizeof(first), &first), 0);
}

static void migrate_for_ever(int fd, bool shared)
{
	static const char *const masks[] = { "GFP_USER", "GFP_KERNEL" };
	struct hello_recipe_request r = { .size = sizeof(r) };

	EXPECT_EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
	for (int i = 0;; i++)
		if (shared) {
			set("gfp_flags", masks[i % 2]);
		} else {
			snprintf(r.recipe, sizeof(r.recipe), "gfp_flags=%s", masks[i % 2]);
			ioctl(fd, HELLO_IOC_RECIPE, &r);
		}
}

/* Stores a count through mappings that begin and end between two units of a migration. */
static void store_between_units(int fd, bool shared)
{
	int count = 0, got, met = 0;
	double end;
	pid_t pid;

	EXPECT_EQ(pwrite(fd, "end", 3, LARGE - 3), 3);
	run_on_first_cpu();
	pid = fork();
	if (!pid)
		migrate_for_ever(fd, shared);
	/* A sleeper runs as soon as the migration has released the lock, if the kernel lets it. */
	EXPECT_EQ(setpriority(PRIO_PROCESS, 0, -20), 0);
	end = seconds() + 10;
	while (met < volume(100) && seconds() < end && !failures) {
		volatile int *m;

		usleep(1000);
		met += number("stats/live_buffers") == live_before[1] + 2;
		m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ASSERT(EXPECT(m != MAP_FAILED));
		report(*m == count, "the last store is %d, the memory has %d", count, *m);
		*m = ++count;
		munmap((void *)m, PAGE);
	}
	kill(pid, SIGKILL);
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	EXPECT_EQ(pread(fd, &got, sizeof(got), 0), sizeof(got));
	EXPECT_EQ(got, count);
	printf("# %d of %d mappings met a migration\n", met, count);
}

TEST(a_store_through_a_mapping_that_ends_during_a_migration_is_kept)
{
	int fd;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "4M");
	fd = open_hello(O_RDWR);
	store_between_units(fd, false);
	close(fd);
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	store_between_units(fd, true);
	close(fd);
}

TEST(a_truncation_during_a_migration_leaves_nothing_of_what_was_there)
{
	char *m = resident_memory(LARGE);
	int fd, met = 0, rounds = volume(5), status;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "4M");
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	for (int i = 0; i < rounds && !failures; i++) {
		pid_t pid;

		memset(m, 'a', LARGE);
		EXPECT_EQ(pwrite(fd, m, LARGE, 0), LARGE);
		pid = fork();
		if (!pid)
			stop(set("buffer_size", i % 2 ? "4M" : "5M") ? 1 : 0);
		while (number("stats/live_buffers") < live_before[1] + 2 && !waitid(P_PID, pid, &(siginfo_t){ 0 },
				WEXITED | WNOHANG | WNOWAIT) && strcmp(get("buffer_size"), i % 2 ? "4194304" : "5242880"))
			;
		met += number("stats/live_buffers") == live_before[1] + 2;
		close(open_hello(O_WRONLY | O_TRUNC));
		EXPECT_EQ(pwrite(fd, "x", 1, 100), 1);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_EQ(status, 0);
		memset(m, 'b', LARGE);
		EXPECT_EQ(pread(fd, m, LARGE, 0), 101);
		EXPECT(!m[0] && !memcmp(m, m + 1, 99) && m[100] == 'x');
	}
	printf("# %d of %d truncations met a migration\n", met, rounds);
	close(fd);
	munmap(m, LARGE);
}

TEST(HELLO_IOC_RECIPE_that_is_killed_ends_and_close_leaves_nothing)
{
	kill_migrations(false);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
	EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
}
