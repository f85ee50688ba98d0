// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/locks.c: the shared buffer under every lock, with writers,
 * readers and migrations at once: each read returns the record of one write.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "harness.h"

#define RECORD		16384	/* a whole call is one unit under every lock: at most 64 KiB */
#define RECORDS		(4 * WRITERS)	/* a migration copies all records in several units */
#define WRITERS		4
#define READERS		4
#define MIGRATIONS	volume(80)	/* under each lock */

static volatile bool done;
static int begun;	/* threads after their first call */
static long calls[2];

/* Writes its own records and reads back the last one: no migration loses a write. */
static void *write_records(void *arg)
{
	unsigned char *record = resident_memory(RECORD), *got = resident_memory(RECORD), last[RECORDS] = { 0 };
	int fd = open_hello(O_RDWR), at = (int)(intptr_t)arg;
	long n = 0;

	for (; !done; n++) {
		if (!EXPECT_EQ(pread(fd, got, RECORD, at * RECORD), RECORD) ||
		    !report(got[0] == last[at] && got[RECORD - 1] == last[at],
			    "record %d is 0x%02x ... 0x%02x, written was 0x%02x", at, got[0], got[RECORD - 1], last[at]))
			break;
		last[at]++;
		memset(record, last[at], RECORD);
		if (!EXPECT_EQ(pwrite(fd, record, RECORD, at * RECORD), RECORD))
			break;
		at = (at + WRITERS) % RECORDS;
		if (!n)
			__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&calls[1], n, __ATOMIC_RELAXED);
	close(fd);
	return NULL;
}

static void *read_records(void *arg)
{
	unsigned char *record = resident_memory(RECORD);
	int fd = open_hello(O_RDONLY);
	long n = 0;

	for (; !done; n++) {
		if (!EXPECT_EQ(pread(fd, record, RECORD, n % RECORDS * RECORD), RECORD))
			break;
		if (!report(!memcmp(record, record + 1, RECORD - 1), "a torn record: 0x%02x ... 0x%02x",
			    record[0], record[RECORD - 1]))
			break;
		if (!n)
			__atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&calls[0], n, __ATOMIC_RELAXED);
	close(fd);
	return arg;
}

/* Reads the state of an open file while its buffer is replaced. */
static void *look(void *arg)
{
	struct pollfd p = { .fd = open_hello(O_RDONLY), .events = POLLIN | POLLOUT | POLLPRI };

	while (!done)
		if (!EXPECT_EQ(poll(&p, 1, 10), 1) || !EXPECT_EQ(p.revents & ~POLLPRI, POLLIN | POLLOUT))
			break;
	close(p.fd);
	return arg;
}

static void migrate_under_load(const char *lock)
{
	static const char *const steps[][2] = {
		{ "alloc_mode", "vmalloc" }, { "buffer_size", "300000" }, { "alloc_mode", "pages" }, { "gfp_flags", "GFP_USER" },
		{ "buffer_size", "256K" }, { "alloc_mode", "kmalloc" }, { "gfp_flags", "GFP_KERNEL" }, { "buffer_size", "400K" },
	};
	static char zeros[RECORDS * RECORD];
	pthread_t t[WRITERS + READERS], looker;
	long long allocations;
	int fd;

	if (!has_choice("lock_mode", lock))
		SKIP("this kernel has no %s", lock);
	SET("lock_mode", lock);
	SET("buffer_size", "400K");
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
	allocations = number("stats/allocations");
	for (int i = 0; i < WRITERS + READERS; i++)
		pthread_create(&t[i], NULL, i < WRITERS ? write_records : read_records, (void *)(intptr_t)i);
	pthread_create(&looker, NULL, look, NULL);
	while (__atomic_load_n(&begun, __ATOMIC_RELAXED) < WRITERS + READERS && !failures)
		sched_yield();
	/* higher priority: otherwise each migration waits for eight time slices */
	EXPECT_EQ(setpriority(PRIO_PROCESS, 0, -15), 0);
	for (int i = 0; i < MIGRATIONS && !failures; i++)
		EXPECT_EQ(set(steps[i % ARRAY_SIZE(steps)][0], steps[i % ARRAY_SIZE(steps)][1]), 0);
	done = true;
	for (int i = 0; i < WRITERS + READERS; i++)
		pthread_join(t[i], NULL);
	pthread_join(looker, NULL);
	EXPECT(number("stats/allocations") - allocations >= MIGRATIONS);
	printf("# %s: %ld reads and %ld writes while %d migrations\n", lock, calls[0], calls[1], MIGRATIONS);
	EXPECT(calls[0] > 0);
	EXPECT(calls[1] > 0);
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);	/* old versions do not pile up */
}

#define MIGRATE(lock)								\
	TEST(under_##lock##_every_read_is_one_record_while_it_migrates)		\
	{									\
		migrate_under_load(#lock);					\
	}
LOCKS(MIGRATE)

TEST(the_list_of_the_tests_has_every_lock)
{
#define WITH_BLANKS(lock) " " #lock " "
	FOR_EACH_CHOICE(lock, "lock_mode") {
		char word[64];

		snprintf(word, sizeof(word), " %s ", lock);
		report(strstr(LOCKS(WITH_BLANKS), word), "%s is not in LOCKS()", lock);
	}
}

static volatile int whole;	/* reads of a megabyte */

/* Under a lock that may sleep, a call of any size is one unit. */
static void *write_large(void *arg)
{
	unsigned char *mem = resident_memory(1 << 20);
	int fd = open_hello(O_WRONLY);

	for (int i = 0; (i < volume(6) || whole < 3) && !failures; i++) {
		memset(mem, i * 2 + (int)(intptr_t)arg, 1 << 20);
		EXPECT_EQ(pwrite(fd, mem, 1 << 20, 0), 1 << 20);
	}
	done = true;
	return NULL;
}

TEST(a_megabyte_is_written_whole_under_every_lock_that_may_sleep)
{
	unsigned char *mem = resident_memory(1 << 20);

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "1M");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		pthread_t t[2];
		int fd;

		if (!strcmp(lock, "spinlock") || !strcmp(lock, "rwlock"))
			continue;
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		fd = open_hello(O_RDWR);
		done = false;
		whole = 0;
		for (intptr_t i = 0; i < 2; i++)
			pthread_create(&t[i], NULL, write_large, (void *)i);
		while (!done) {
			ssize_t n = pread(fd, mem, 1 << 20, 0);

			if (!report(n == 0 || n == 1 << 20, "read is %zd", n) ||
			    !report(!n || !memcmp(mem, mem + 1, (1 << 20) - 1), "a torn megabyte"))
				break;
			whole += n > 0;
		}
		for (int i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
		close_range(fd, ~0U, 0);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(records_that_processes_append_are_whole_and_all_there_under_every_lock)
{
	enum { EACH = 40, SMALL = 1024 };
	static unsigned char all[WRITERS * EACH * SMALL + 1];

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "1M");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int seen[WRITERS] = { 0 }, status, fd;

		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		for (int w = 0; w < WRITERS; w++)
			if (!fork()) {
				unsigned char *record = resident_memory(SMALL);

				memset(record, 'a' + w, SMALL);
				fd = open_hello(O_WRONLY | O_APPEND);
				for (int i = 0; i < EACH; i++)
					EXPECT_EQ(write(fd, record, SMALL), SMALL);
				stop(failures);
			}
		for (int w = 0; w < WRITERS; w++) {
			wait(&status);
			EXPECT_EQ(status, 0);
		}
		fd = open_hello(O_RDONLY);
		EXPECT_EQ(read(fd, all, sizeof(all)), sizeof(all) - 1);
		for (int i = 0; i < WRITERS * EACH; i++) {
			unsigned char *r = all + i * SMALL;

			if (!report(!memcmp(r, r + 1, SMALL - 1), "record %d is torn", i))
				break;
			seen[(*r - 'a') % WRITERS]++;
		}
		for (int w = 0; w < WRITERS; w++)
			EXPECT_EQ(seen[w], EACH);
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

/* The last reference frees a version at once: writers may be faster than grace periods. */
TEST(fast_writers_under_rcu_cannot_pile_up_old_versions)
{
	char cap[32];
	int fd;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "1M");
	SET("lock_mode", "rcu");
	SET("buffer_mode", "shared");
	snprintf(cap, sizeof(cap), "%lld", live_before[2] + (3 << 20));
	SET("max_total_size", cap);
	fd = open_hello(O_RDWR);
	for (int i = 0; i < volume(100); i++)
		if (!EXPECT_EQ(pwrite(fd, &i, sizeof(i), i * 8), sizeof(i)))
			break;
	EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
	/* old and new must fit the cap together */
	snprintf(cap, sizeof(cap), "%lld", live_before[2] + (2 << 20) - 1);
	SET("max_total_size", cap);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 0), ENOMEM);
}

static void *map_and_write(void *arg)
{
	int fd = open_hello(O_RDWR);
	unsigned char got[RECORD];

	for (int i = 0; !done; i++) {
		unsigned char *m = mmap(NULL, RECORD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (!report(m != MAP_FAILED, "mmap: %s", strerrorname_np(errno)))
			break;
		memset(m, i, RECORD);
		munmap(m, RECORD);
		if (!EXPECT_EQ(pread(fd, got, RECORD, 0), RECORD) ||
		    !report(got[0] == (i & 0xff) && !memcmp(got, got + 1, RECORD - 1), "what was mapped is not what is read"))
			break;
	}
	close(fd);
	return arg;
}

/* Either the buffer is mapped and a migration is EBUSY, or it moves with its contents. */
TEST(mapping_and_migration_exclude_each_other_under_every_lock)
{
	static const char *const modes[] = { "vmalloc", "pages", "pages_exact" };

	SET("buffer_size", "16K");
	SET("alloc_mode", "pages");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int moved = 0, busy = 0;
		pthread_t t;

		if (!strcmp(lock, "rcu"))
			continue;
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		done = false;
		pthread_create(&t, NULL, map_and_write, NULL);
		for (int i = 0; (i < volume(80) || !moved || !busy) && !failures; i++) {
			const char *mode = modes[i % ARRAY_SIZE(modes)];

			if (!strcmp(get("alloc_mode"), mode))
				continue;
			if (!set("alloc_mode", mode))
				moved++;
			else
				busy += EXPECT_EQ(errno, EBUSY);
		}
		done = true;
		pthread_join(t, NULL);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

/* Two processes read and write each other's mapping as the user buffer. */
TEST(mappings_as_user_buffers_crosswise_do_not_deadlock)
{
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "128K");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int status;

		if (!strcmp(lock, "rcu"))
			continue;
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		for (int p = 0; p < 2; p++)
			if (!fork()) {
				int fd = open_hello(O_RDWR);
				char *m = mmap(NULL, 131072, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

				ASSERT(EXPECT(m != MAP_FAILED));
				for (int i = 0; i < 20; i++) {
					EXPECT_EQ(madvise(m, 131072, MADV_DONTNEED), 0);
					EXPECT_EQ(p ? pread(fd, m, 131072, 0) : pwrite(fd, m, 131072, 0), 131072);
				}
				stop(failures);
			}
		for (int p = 0; p < 2; p++) {
			wait(&status);
			EXPECT_EQ(status, 0);
		}
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(SIGKILL_ends_a_large_copy_early)
{
	const off_t size = 64 << 20;
	off_t written = size;
	char *data, *seen;
	double whole;
	int fd;

	/* Before 5.11 mappable memory is not charged; pools of mempool may take a part. */
	SET("max_uncharged_size", "128M");
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64M");
	SET("buffer_mode", "shared");
	data = malloc(size);
	seen = malloc(size);
	memset(data, 'k', size);
	fd = open_hello(O_RDWR);
	whole = seconds();
	EXPECT_EQ(pwrite(fd, data, size, 0), size);
	whole = seconds() - whole;
	/* The kill comes before, in or after the copy. */
	for (int round = 0; round < 100 && (!written || written == size); round++) {
		pid_t pid;

		close(open_hello(O_WRONLY | O_TRUNC));
		pid = fork();
		if (!pid) {
			pwrite(fd, data, size, 0);
			stop(failures);
		}
		usleep(whole * 1e6 * (round % 10 + 1) / 10);
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
		written = lseek(fd, 0, SEEK_END);
	}
	report(written > 0 && written < size, "no kill cut the copy");
	EXPECT_EQ(pread(fd, seen, size, 0), written);
	EXPECT(!memcmp(seen, data, written));
	free(seen);
	free(data);
	close(fd);
	SET("buffer_mode", "private");
	SET("reset", "1");
}

TEST(a_killed_open_gives_its_memory_back)
{
	static const char *const inits[] = { "zero", "poison" };

	SET("max_uncharged_size", "128M");	/* as above */
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64M");
	for (size_t i = 0; i < ARRAY_SIZE(inits); i++) {
		int status;
		pid_t pid;

		CASE("%s", inits[i]);
		SET("init_mode", inits[i]);
		pid = fork();
		if (!pid) {
			for (;;)
				close(open_hello(O_RDWR));
		}
		poll(NULL, 0, 100);	/* somewhere in the middle */
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT(WIFSIGNALED(status));
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
	}
}
