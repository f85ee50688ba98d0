// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/mmap.c: which buffers can be mapped, which mappings are refused, their
 * contents and their lifetime.
 */
#include <limits.h>
#include <linux/hello.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "harness.h"

#define RW		(PROT_READ | PROT_WRITE)
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static char buf[1 << 20];

static void *map(int fd, size_t len, int prot, int flags, off_t offset)
{
	return mmap(NULL, len, prot, flags, fd, offset);
}

/* Maps the whole buffer; ends the test on failure */
static char *map_shared(int fd, size_t len)
{
	char *m = map(fd, len, RW, MAP_SHARED, 0);

	ASSERT(report(m != MAP_FAILED, "mmap: %s", strerrorname_np(errno)));
	return m;
}

static bool mappable(const char *mode)
{
	return !strcmp(mode, "vmalloc") || !strcmp(mode, "pages") || !strcmp(mode, "pages_exact") ||
	       !strcmp(mode, "dma_coherent");
}

/* Returns the signal that an access to the address raises; in a child, which it kills. */
static int signal_of_touching(volatile char *at)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGBUS, SIG_DFL);
		(void)*at;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(page_backed_buffers_map_and_the_others_are_ENODEV)
{
	SET("buffer_size", "64K");
	FOR_EACH_ALLOCATOR(mode) {
		int fd = open_hello(O_RDWR);
		char *m = map(fd, 65536, RW, MAP_SHARED, 0);

		if (!mappable(mode) && strcmp(mode, "kvmalloc")) {
			EXPECT(m == MAP_FAILED && errno == ENODEV);
			/* ENODEV is checked before other errors */
			EXPECT_ERRNO(map(fd, 1 << 20, RW, MAP_SHARED, 0), ENODEV);
			EXPECT_ERRNO(map(fd, 4096, RW, MAP_PRIVATE, 0), ENODEV);
		} else if (mappable(mode)) {
			ASSERT(report(m != MAP_FAILED, "mmap %s: %s", mode, strerrorname_np(errno)));
		}
		close(fd);
	}
	CASE("small kvmalloc");
	SET("buffer_size", "4096");
	use_allocator("kvmalloc");
	EXPECT_ERRNO(map(open_hello(O_RDWR), 4096, RW, MAP_SHARED, 0), ENODEV);
	CASE("large kvmalloc");
	SET_NUMBER("buffer_size", above_kmalloc());
	map_shared(open_hello(O_RDWR), above_kmalloc())[above_kmalloc() - 1] = 'x';
}

TEST(what_is_mapped_read_and_written_is_one_memory)
{
	SET("buffer_size", "64K");
	FOR_EACH_ALLOCATOR(mode) {
		int fd;
		char *m;

		if (!mappable(mode))
			continue;
		fd = open_hello(O_RDWR);
		m = map_shared(fd, 65536);
		for (size_t at = 0; at < 65536; at += PAGE)
			memset(m + at, 'a' + at / PAGE % 26, PAGE);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 65536);
		EXPECT_MEM(buf, m, 65536);
		EXPECT_EQ(pwrite(fd, "written", 7, 40000), 7);
		EXPECT_MEM(m + 40000, "written", 7);
		EXPECT_EQ(munmap(m, 65536), 0);
		close(fd);
	}
}

TEST(length_is_the_capacity_while_a_writable_descriptor_is_mapped)
{
	static const char zeros[8192];
	int fd, rd;
	char *m;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "8192");
	fd = open_hello(O_RDWR);
	EXPECT_EQ(pwrite(fd, "old", 3, 0), 3);
	rd = open_hello(O_RDONLY);
	ASSERT(EXPECT(map(rd, 8192, PROT_READ, MAP_SHARED, 0) != MAP_FAILED));
	EXPECT_EQ(lseek(rd, 0, SEEK_END), 0);	/* read-only: no store can extend the length */
	m = map_shared(fd, 8192);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 8192);
	EXPECT_MEM(m, "old\0\0", 5);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 8192);
	EXPECT_MEM(buf + 3, zeros, 8189);

	/* shared, so that a second open truncates what is mapped */
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	m = map_shared(fd, 8192);
	memset(m, 'x', 8192);
	open_hello(O_WRONLY | O_TRUNC);
	EXPECT_MEM(m, zeros, 8192);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 8192);
	memset(m, 'x', 8192);
	SET("reset", "1");
	EXPECT_MEM(m, zeros, 8192);
}

TEST(what_was_there_before_never_shows_in_a_mapping)
{
	static const char zeros[4096];
	char *m;
	int fd;

	SET("alloc_mode", "pages");
	SET("init_mode", "poison");
	fd = open_hello(O_RDWR | O_TRUNC);
	EXPECT_EQ(write(fd, "x", 1), 1);
	m = map_shared(fd, 4096);
	EXPECT_EQ(*m, 'x');
	EXPECT_MEM(m + 1, zeros, 4095);
}

static void *empty_it(void *arg)
{
	SET("reset", "1");
	return arg;
}

/* Zeroing a mapped buffer takes several units; a write may come between them. */
TEST(a_write_during_a_reset_never_stays_after_the_length)
{
	size_t size = 4 << 20, end;

	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "4M");
	FOR_EACH_CHOICE(lock, "lock_mode") {
		int fd;
		char *m;

		if (!strcmp(lock, "rcu"))	/* cannot be mapped */
			continue;
		CASE("%s", lock);
		SET("lock_mode", lock);
		SET("buffer_mode", "shared");
		fd = open_hello(O_RDWR);
		m = map(open_hello(O_RDONLY), size, PROT_READ, MAP_SHARED, 0);
		ASSERT(m != MAP_FAILED);
		for (int i = 0; i < volume(20); i++) {
			pthread_t t;

			memset(buf, 'x', sizeof(buf));
			EXPECT_EQ(pwrite(fd, buf, 1, 0), 1);
			EXPECT_EQ(pwrite(fd, buf, 1, size - 1), 1);
			pthread_create(&t, NULL, empty_it, NULL);
			while (m[0] && lseek(fd, 0, SEEK_END) == (off_t)size)
				;	/* wait until it has begun */
			EXPECT_EQ(pwrite(fd, buf, 32768, 0), 32768);
			pthread_join(t, NULL);
			end = lseek(fd, 0, SEEK_END);
			while (end < size && !m[end])
				end++;
			EXPECT_EQ(end, size);
		}
		munmap(m, size);
		close_range(fd, ~0U, 0);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(lengths_and_offsets_past_the_end_are_refused)
{
	const struct {
		unsigned long long pages;
		unsigned long long pgoff;
		int want;	/* errno; 0: works; -1: refused by the VFS or the driver */
	} cases[] = {
		{ 4, 0, 0 }, { 1, 0, 0 }, { 1, 3, 0 }, { 3, 1, 0 },
		{ 5, 0, EINVAL }, { 8, 0, EINVAL }, { 1, 4, EINVAL }, { 4, 1, EINVAL }, { 2, 3, EINVAL },
		{ 1, LLONG_MAX / PAGE, EINVAL }, { 1, 1ULL << 40, EINVAL }, { 1, ULLONG_MAX / PAGE, -1 },
		{ 2, ULLONG_MAX / PAGE, sizeof(long) > 4 ? EOVERFLOW : -1 }, { 1ULL << 35, 0, -1 },
	};

	SET_NUMBER("buffer_size", 3 * PAGE + 1000);
	FOR_EACH_ALLOCATOR(mode) {
		int fd;

		if (!mappable(mode))
			continue;
		fd = open_hello(O_RDWR);
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			void *m;

			CASE("%s: %llu pages from page %llu", mode, cases[i].pages, cases[i].pgoff);
			errno = 0;
			m = map(fd, cases[i].pages * PAGE, RW, MAP_SHARED, cases[i].pgoff * PAGE);
			EXPECT_EQ(m == MAP_FAILED, cases[i].want != 0);
			if (cases[i].want > 0)
				EXPECT_STR(strerrorname_np(errno), strerrorname_np(cases[i].want));
			if (m != MAP_FAILED) {
				((char *)m)[cases[i].pages * PAGE - 1] = 'x';
				munmap(m, cases[i].pages * PAGE);
			}
		}
		close(fd);
	}
}

/* Of two pages, the second not full */
#define CAPACITY	(PAGE + 904)
#define TAIL		(2 * PAGE - CAPACITY)

static const char zeros[2 * PAGE_MAX];

TEST(the_tail_of_the_last_page_is_zero_and_nobody_elses)
{
	SET_NUMBER("buffer_size", CAPACITY);
	FOR_EACH_ALLOCATOR(mode) {
		int fd;
		char *m;

		if (!mappable(mode))
			continue;
		fd = open_hello(O_RDWR);
		m = map_shared(fd, 2 * PAGE);
		EXPECT_MEM(m + CAPACITY, zeros, TAIL);
		memset(m + CAPACITY, 't', TAIL);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), CAPACITY);
		EXPECT_MEM(buf, zeros, CAPACITY);
		munmap(m, 2 * PAGE);
		close(fd);
	}
}

/* -- the bytes after the capacity in its last page, which only mappings see -------- */

static void expect_clean_tail(const char *m)
{
	EXPECT_MEM(m + CAPACITY, zeros, TAIL);
}

static void soil_tail(int fd)
{
	char *m = map_shared(fd, 2 * PAGE);

	memset(m, 't', 2 * PAGE);
	munmap(m, 2 * PAGE);
}

static void expect_clean_mapping(int fd)
{
	char *m = map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, 0);

	ASSERT(EXPECT(m != MAP_FAILED));
	expect_clean_tail(m);
	munmap(m, 2 * PAGE);
}

static void by_reset(void)
{
	SET("reset", "1");
}

static void by_O_TRUNC(void)
{
	close(open_hello(O_WRONLY | O_TRUNC));
}

/* Each lock but rcu, which refuses mappings, with each allocator that can be mapped */
#define FOR_EACH_MAPPABLE_SHARED						\
	FOR_EACH_CHOICE(lock, "lock_mode")					\
		if (strcmp(lock, "rcu"))					\
			FOR_EACH_ALLOCATOR(mode)				\
				if (mappable(mode) && (share(lock, mode), true))

static void share(const char *lock, const char *mode)
{
	close_range(3, ~0U, 0);
	SET("buffer_mode", "private");
	SET("reset", "1");
	SET("lock_mode", lock);
	SET("buffer_mode", "shared");
	CASE("%s, %s", lock, mode);
}

TEST(bytes_after_the_capacity_go_when_the_contents_go)
{
	static void (*const empty[])(void) = { by_reset, by_O_TRUNC };

	SET_NUMBER("buffer_size", CAPACITY);
	FOR_EACH_MAPPABLE_SHARED
		for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
			int fd = open_hello(O_RDWR), other = open_hello(O_RDWR);
			char *m;

			CASE("%s, %s, by %s", lock, mode, i ? "O_TRUNC" : "reset");
			soil_tail(fd);
			empty[i]();
			expect_clean_mapping(other);

			soil_tail(fd);		/* mapped, but for reading only */
			m = map(open_hello(O_RDONLY), 2 * PAGE, PROT_READ, MAP_SHARED, 0);
			ASSERT(EXPECT(m != MAP_FAILED));
			empty[i]();
			expect_clean_tail(m);
			expect_clean_mapping(other);
			munmap(m, 2 * PAGE);

			m = map_shared(fd, 2 * PAGE);
			memset(m, 't', 2 * PAGE);
			empty[i]();
			expect_clean_tail(m);
			expect_clean_mapping(other);
			munmap(m, 2 * PAGE);

			soil_tail(fd);
			close_range(fd, ~0U, 0);
			empty[i]();		/* with no other open */
			expect_clean_mapping(open_hello(O_RDONLY));
		}
}

/* The whole buffer after growing, by read(2) and by a mapping */
static void expect_grown(int fd)
{
	char *m;

	EXPECT_EQ(pwrite(fd, "x", 1, 2 * PAGE - 1), 1);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 2 * PAGE);
	EXPECT_EQ(strspn(buf, "t"), CAPACITY);
	EXPECT_MEM(buf + CAPACITY, zeros, TAIL - 1);
	m = map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, 0);
	ASSERT(EXPECT(m != MAP_FAILED));
	EXPECT_MEM(m, buf, 2 * PAGE);
	munmap(m, 2 * PAGE);
}

TEST(bytes_after_the_capacity_are_never_contents)
{
	char same[32];
	const char *const recipes[] = { "alloc_mode=vmalloc", "alloc_mode=pages", same, "" };
	struct hello_recipe_request r = { .size = sizeof(r) };

	snprintf(same, sizeof(same), "buffer_size=%zu", CAPACITY);
	SET_NUMBER("buffer_size", CAPACITY);
	FOR_EACH_ALLOCATOR(mode) {
		if (!mappable(mode))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
			int fd = open_hello(O_RDWR);

			CASE("private, %s, \"%s\"", mode, recipes[i]);
			soil_tail(fd);
			strcpy(r.recipe, recipes[i]);
			EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &r), 0);
			expect_clean_mapping(fd);
			soil_tail(fd);
			snprintf(r.recipe, sizeof(r.recipe), "buffer_size=%zu", 2 * PAGE);
			EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &r), 0);
			expect_grown(fd);
			close(fd);
		}
	}
	FOR_EACH_MAPPABLE_SHARED {
		int fd = open_hello(O_RDWR);

		soil_tail(fd);
		SET("alloc_mode", strcmp(mode, "vmalloc") ? "vmalloc" : "pages");
		expect_clean_mapping(open_hello(O_RDONLY));
		soil_tail(fd);
		SET_NUMBER("buffer_size", 2 * PAGE);
		expect_grown(fd);
		close_range(fd, ~0U, 0);
		SET("buffer_mode", "private");
		SET("reset", "1");
		SET_NUMBER("buffer_size", CAPACITY);
	}
}

TEST(bytes_after_the_capacity_are_zero_in_the_first_of_new_mappings)
{
	SET_NUMBER("buffer_size", CAPACITY);
	FOR_EACH_ALLOCATOR(mode) {
		int fd;

		if (!mappable(mode))
			continue;
		CASE("private, %s", mode);
		fd = open_hello(O_RDWR);
		soil_tail(fd);
		expect_clean_mapping(fd);
		close(fd);
	}
	FOR_EACH_MAPPABLE_SHARED {
		soil_tail(open_hello(O_RDWR));
		expect_clean_mapping(open_hello(O_RDONLY));
	}
}

TEST(mremap_moves_but_never_grows)
{
	char *m, *moved, *other;

	SET("alloc_mode", "vmalloc");
	SET_NUMBER("buffer_size", 4 * PAGE);
	m = map_shared(open_hello(O_RDWR), 4 * PAGE);
	strcpy(m + 2 * PAGE, "third page");
	EXPECT_ERRNO(mremap(m, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT);
	EXPECT_ERRNO(mremap(m, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), EINVAL);
	other = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	moved = mremap(m, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	ASSERT(EXPECT(moved == other));
	EXPECT_STR(moved + 2 * PAGE, "third page");
	EXPECT_EQ(signal_of_touching(m), SIGSEGV);
	moved = mremap(moved, 4 * PAGE, 3 * PAGE, 0);
	EXPECT_STR(moved + 2 * PAGE, "third page");
	EXPECT_ERRNO(mremap(moved, 3 * PAGE, 4 * PAGE, 0), EFAULT);
}

TEST(protections_follow_the_descriptor_and_nothing_is_executable)
{
	SET("buffer_size", "4096");
	FOR_EACH_ALLOCATOR(mode) {
		int rd, wr, rw;
		void *m;

		if (!mappable(mode))
			continue;
		rd = open_hello(O_RDONLY), wr = open_hello(O_WRONLY), rw = open_hello(O_RDWR);
		EXPECT_ERRNO(map(rd, PAGE, RW, MAP_SHARED, 0), EACCES);
		EXPECT_ERRNO(map(wr, PAGE, PROT_WRITE, MAP_SHARED, 0), EACCES);
		EXPECT_ERRNO(map(wr, PAGE, PROT_READ, MAP_SHARED, 0), EACCES);
		EXPECT_ERRNO(map(rw, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0), EPERM);
		EXPECT_ERRNO(map(rw, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0), EPERM);
		EXPECT_ERRNO(map(rw, PAGE, RW, MAP_PRIVATE, 0), EINVAL);
		EXPECT_ERRNO(map(rd, PAGE, RW, MAP_PRIVATE, 0), EINVAL);

		m = map(rd, PAGE, PROT_READ, MAP_SHARED, 0);
		ASSERT(EXPECT(m != MAP_FAILED));
		EXPECT_ERRNO(mprotect(m, PAGE, RW), EACCES);
		EXPECT_ERRNO(mprotect(m, PAGE, PROT_READ | PROT_EXEC), EACCES);
		m = map(rw, PAGE, PROT_READ, MAP_SHARED, 0);
		EXPECT_EQ(mprotect(m, PAGE, RW), 0);
		EXPECT_ERRNO(mprotect(m, PAGE, RW | PROT_EXEC), EACCES);
		m = map(rw, PAGE, PROT_READ, MAP_PRIVATE, 0);
		ASSERT(EXPECT(m != MAP_FAILED));
		EXPECT_ERRNO(mprotect(m, PAGE, RW), EACCES);
		EXPECT_EQ(munmap(m, PAGE), 0);
		close_range(rd, ~0U, 0);
	}
}

TEST(a_private_read_only_map_sees_what_is_written)
{
	int fd;
	char *m;

	SET("alloc_mode", "pages");
	fd = open_hello(O_RDWR);
	m = map(fd, PAGE, PROT_READ, MAP_PRIVATE, 0);
	ASSERT(EXPECT(m != MAP_FAILED));
	EXPECT_EQ(pwrite(fd, "seen", 4, 0), 4);
	EXPECT_MEM(m, "seen", 4);
}

/* After close, allocate as much as the caps allow: no buffer gets the mapped pages. */
TEST(a_mapping_outlives_the_close_of_its_descriptor)
{
	SET("buffer_size", "64K");
	FOR_EACH_ALLOCATOR(mode) {
		long long live = number("stats/live_bytes");
		int fd, fds[200];
		char *m;

		if (!mappable(mode))
			continue;
		fd = open_hello(O_RDWR);
		m = map_shared(fd, 65536);
		memset(m, 'k', 65536);
		close(fd);
		EXPECT_EQ(number("stats/live_bytes"), live + 65536);
		for (int i = 0; i < 200; i++) {
			fds[i] = try_open(O_RDWR);
			if (fds[i] >= 0)
				EXPECT_EQ(write(fds[i], "other", 5), 5);
		}
		for (size_t i = 0; i < 65536; i++)
			if (!report(m[i] == 'k', "byte %zu is 0x%02x", i, m[i]))
				break;
		for (int i = 0; i < 200; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		memset(m, 'w', 65536);
		EXPECT_EQ(munmap(m, 65536), 0);
		EXPECT_EQ(number("stats/live_bytes"), live);
	}
}

TEST(a_mapping_alone_holds_the_module)
{
	int fd;

	SET("alloc_mode", "pages");
	fd = open_hello(O_RDWR);
	map_shared(fd, PAGE);
	EXPECT_ERRNO(syscall(SYS_delete_module, "hello", O_NONBLOCK), EWOULDBLOCK);
	close(fd);
	EXPECT_ERRNO(syscall(SYS_delete_module, "hello", O_NONBLOCK), EWOULDBLOCK);
}

TEST(fork_and_split_mappings_each_hold_the_buffer)
{
	SET_NUMBER("buffer_size", 4 * PAGE);
	FOR_EACH_ALLOCATOR(mode) {
		int fd, status, go[2];
		char *m, c = 0;
		pid_t pid;

		if (!mappable(mode))
			continue;
		fd = open_hello(O_RDWR);
		m = map_shared(fd, 4 * PAGE);
		close(fd);
		m[3 * PAGE] = 'p';
		EXPECT_EQ(pipe(go), 0);
		pid = fork();
		if (!pid) {
			EXPECT_EQ(munmap(m + PAGE, 2 * PAGE), 0);
			EXPECT_EQ(read(go[0], &c, 1), 1);	/* the parent has unmapped all */
			EXPECT_EQ(m[3 * PAGE], 'p');
			m[0] = m[3 * PAGE + 5] = 'c';
			EXPECT_EQ(munmap(m + 3 * PAGE, PAGE), 0);
			EXPECT_EQ(m[0], 'c');
			stop(failures);
		}
		EXPECT_EQ(munmap(m, PAGE), 0);
		EXPECT_EQ(munmap(m + 2 * PAGE, 2 * PAGE), 0);
		EXPECT_EQ(munmap(m + PAGE, PAGE), 0);
		EXPECT_EQ(number("stats/live_buffers"), live_before[1] + 1);
		EXPECT_EQ(write(go[1], "", 1), 1);
		waitpid(pid, &status, 0);
		EXPECT_EQ(status, 0);
		EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
		close_range(go[0], ~0U, 0);
	}
}

/* A buffer is not replaced while a process has any piece of it mapped. */
TEST(every_piece_of_a_mapping_counts)
{
	struct hello_recipe_request r = { .size = sizeof(r), .recipe = "alloc_mode=vmalloc" };
	int fd, status, go[2];
	pid_t pid;
	char *m;

	SET("alloc_mode", "pages");
	SET_NUMBER("buffer_size", 4 * PAGE);
	fd = open_hello(O_RDWR);
	m = map_shared(fd, 4 * PAGE);
	EXPECT_EQ(pipe(go), 0);
	pid = fork();
	if (!pid)
		stop(read(go[0], buf, 1) != 1);
	EXPECT_EQ(munmap(m + PAGE, PAGE), 0);	/* two pieces here, one there */
	EXPECT_ERRNO(ioctl(fd, HELLO_IOC_RECIPE, &r), EBUSY);
	EXPECT_EQ(munmap(m, PAGE), 0);
	EXPECT_ERRNO(ioctl(fd, HELLO_IOC_RECIPE, &r), EBUSY);
	EXPECT_EQ(munmap(m + 2 * PAGE, 2 * PAGE), 0);
	EXPECT_ERRNO(ioctl(fd, HELLO_IOC_RECIPE, &r), EBUSY);
	EXPECT_EQ(write(go[1], "", 1), 1);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_RECIPE, &r), 0);
}

/* The user buffer of a read or write is an unfaulted mapping of the device. */
TEST(reading_into_ones_own_mapping_returns_at_once)
{
	SET("buffer_size", "128K");
	FOR_EACH_ALLOCATOR(mode) {
		int fd, other;
		char *m;

		if (!mappable(mode))
			continue;
		fd = open_hello(O_RDWR);
		other = open_hello(O_RDWR);
		m = map_shared(fd, 131072);
		EXPECT_EQ(pread(fd, m, 131072, 0), 131072);
		EXPECT_EQ(pwrite(fd, m, 131072, 0), 131072);
		EXPECT_EQ(madvise(m, 131072, MADV_DONTNEED), strcmp(mode, "dma_coherent") ? 0 : -1);
		EXPECT_EQ(pread(fd, m, 100000, 0), 100000);
		EXPECT_EQ(pwrite(other, m, 131072, 0), 131072);
		EXPECT_EQ(pread(other, map_shared(other, 131072), 131072, 0), 131072);
		munmap(m, 131072);
		close(fd);
		close(other);
	}
}

TEST(pages_that_were_dropped_come_back_with_their_bytes)
{
	SET("buffer_size", "64K");
	FOR_EACH_ALLOCATOR(mode) {
		int fd, pipefd[2];
		char *m;

		if (!mappable(mode) || !strcmp(mode, "dma_coherent"))
			continue;
		fd = open_hello(O_RDWR);
		m = map_shared(fd, 65536);
		memset(m, 'd', 65536);
		for (int i = 0; i < 50; i++) {
			EXPECT_EQ(madvise(m, 65536, MADV_DONTNEED), 0);
			EXPECT_EQ(m[i * 1000], 'd');
		}
		EXPECT_EQ(mlock(m, 65536), 0);
		EXPECT_EQ(munlock(m, 65536), 0);
		EXPECT_EQ(syscall(SYS_process_vm_readv, getpid(), &(struct iovec){ buf, 65536 }, 1,
				  &(struct iovec){ m, 65536 }, 1, 0), 65536);
		EXPECT_MEM(buf, m, 65536);
		/* with page references, as O_DIRECT takes: the pipe holds the pages after munmap() */
		EXPECT_EQ(pipe(pipefd), 0);
		EXPECT_EQ(vmsplice(pipefd[1], &(struct iovec){ m, 3 * PAGE }, 1, 0), 3 * PAGE);
		EXPECT_EQ(munmap(m, 65536), 0);
		close(fd);
		memset(buf, 0, sizeof(buf));
		EXPECT_EQ(read(pipefd[0], buf, 3 * PAGE), 3 * PAGE);
		EXPECT_EQ(strspn(buf, "d"), 3 * PAGE);
		close_range(pipefd[0], ~0U, 0);
	}
}

TEST(mapping_and_unmapping_a_thousand_times_loses_nothing)
{
	SET("alloc_mode", "pages");
	SET("buffer_size", "64K");
	for (int i = 0; i < volume(1000); i++) {
		int fd = open_hello(O_RDWR);
		char *m = map_shared(fd, 65536);

		close(fd);
		for (size_t at = 0; at < 65536; at += PAGE)
			m[at] = i;
		EXPECT_EQ(munmap(m, 65536), 0);
	}
	EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
}

TEST(a_mapping_is_not_in_core_dumps)
{
	char line[256];
	bool dd = false, de = false, inside = false;
	unsigned long from;
	FILE *f;
	char *m;

	SET("alloc_mode", "pages");
	m = map_shared(open_hello(O_RDWR), PAGE);
	f = fopen("/proc/self/smaps", "re");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-", &from) == 1 && strchr(line, '-'))
			inside = from == (unsigned long)m;
		if (inside && !strncmp(line, "VmFlags:", 8)) {
			dd = strstr(line, " dd");
			de = strstr(line, " de");
		}
	}
	fclose(f);
	EXPECT(dd);	/* VM_DONTDUMP */
	EXPECT(de);	/* VM_DONTEXPAND */
}

/* -- pages that others hold --------------------------------------------------- */

/* Moves pages of a mapping into a pipe by reference */
static ssize_t pin(int pipe[2], char *m, size_t pages)
{
	struct iovec v = { m, pages * PAGE };

	ASSERT(EXPECT_EQ(pipe2(pipe, O_CLOEXEC), 0));
	return vmsplice(pipe[1], &v, 1, 0);
}

static void expect_in_pipe(int pipe[2], char byte, size_t pages)
{
	size_t n = 0;
	ssize_t got;

	while (n < pages * PAGE && (got = read(pipe[0], buf + n, pages * PAGE - n)) > 0)
		n += got;
	EXPECT_EQ(n, pages * PAGE);
	for (size_t i = 0; i < n; i++)
		if (!report(buf[i] == byte, "byte %zu is 0x%02x", i, buf[i]))
			break;
	close(pipe[0]);
	close(pipe[1]);
}

/* A reference to one page keeps the whole block of `pages`. */
TEST(pages_that_are_still_held_when_their_buffer_goes_are_counted_in_pinned_bytes)
{
	FOR_EACH_ALLOCATOR(mode) {
		size_t size = strcmp(mode, "kvmalloc") ? 16 * PAGE : above_kmalloc();
		long long before = number("stats/pinned_bytes"), want;
		int fd, pipe[2];
		char *m;

		SET_NUMBER("buffer_size", size);
		if ((!mappable(mode) && strcmp(mode, "kvmalloc")) || !strcmp(mode, "dma_coherent")) {
			close(open_hello(O_RDWR));
			EXPECT_EQ(number("stats/pinned_bytes"), before);
			SET_NUMBER("buffer_size", 16 * PAGE);
			continue;
		}
		/* mapped, but without other references */
		fd = open_hello(O_RDWR);
		m = map_shared(fd, size);
		memset(m, 'p', size);
		close(fd);
		EXPECT_EQ(munmap(m, size), 0);
		EXPECT_EQ(number("stats/pinned_bytes"), before);

		fd = open_hello(O_RDWR);
		m = map_shared(fd, size);
		memset(m, 'p', size);
		EXPECT_EQ(pin(pipe, m + 5 * PAGE, 3), 3 * PAGE);
		EXPECT_EQ(munmap(m, size), 0);
		EXPECT_EQ(number("stats/pinned_bytes"), before);	/* its buffer is there */
		EXPECT_EQ(number("stats/live_bytes"), live_before[2] + size);
		close(fd);
		want = strcmp(mode, "pages") ? 3 * PAGE : size;
		EXPECT_EQ(number("stats/pinned_bytes"), before + want);
		EXPECT_EQ(number("stats/live_bytes"), live_before[2]);
		EXPECT_EQ(number("stats/live_buffers"), live_before[1]);
		/* No other buffer gets the held pages. */
		for (int i = 0; i < 50; i++) {
			fd = open_hello(O_RDWR);
			EXPECT_EQ(write(fd, "other", 5), 5);
			close(fd);
		}
		expect_in_pipe(pipe, 'p', 3);
		EXPECT_EQ(number("stats/pinned_bytes"), before + want);	/* it only grows */
		SET_NUMBER("buffer_size", 16 * PAGE);
	}
}

TEST(a_reset_of_debugfs_leaves_pinned_bytes)
{
	long long before = number("stats/pinned_bytes");
	int fd, pipe[2], reset = open("/sys/kernel/debug/hello/reset", O_WRONLY | O_CLOEXEC);
	char *m;

	SET("alloc_mode", "vmalloc");
	fd = open_hello(O_RDWR);
	m = map_shared(fd, PAGE);
	EXPECT_EQ(pin(pipe, m, 1), PAGE);
	EXPECT_EQ(munmap(m, PAGE), 0);
	close(fd);
	EXPECT_EQ(number("stats/pinned_bytes"), before + PAGE);
	EXPECT_EQ(write(reset, "1", 1), 1);
	EXPECT_EQ(number("stats/pinned_bytes"), before + PAGE);
	expect_in_pipe(pipe, 0, 1);
}

/* Its mapping has no struct pages to reference. */
TEST(dma_coherent_memory_cannot_be_held)
{
	long long before = number("stats/pinned_bytes");
	int fd, pipe[2];
	char *m;

	if (!has_choice("alloc_mode", "dma_coherent"))
		SKIP("this machine has no dma_coherent");
	SET("alloc_mode", "dma_coherent");
	fd = open_hello(O_RDWR);
	m = map_shared(fd, PAGE);
	EXPECT_ERRNO(pin(pipe, m, 1), EFAULT);
	EXPECT_EQ(munmap(m, PAGE), 0);
	close(fd);
	EXPECT_EQ(number("stats/pinned_bytes"), before);
}
