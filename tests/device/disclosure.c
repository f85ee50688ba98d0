// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/disclosure.c: the device discloses no stale memory. Needs a kernel that
 * poisons memory: Debian's default zeroes it and hides leaks.
 */
#include <linux/hello.h>
#include <sys/ioctl.h>

#include "harness.h"

#define SIZE	(48 << 10)

static unsigned char buf[256 << 10];

static void expect_all(int c, const void *mem, size_t n, const char *what)
{
	const unsigned char *m = mem;

	for (size_t i = 0; i < n; i++)
		if (!report(m[i] == c, "%s: byte %zu of %zu is 0x%02x", what, i, n, m[i]))
			return;
}

static int change(int fd, const char *words)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	snprintf(r.recipe, sizeof(r.recipe), "%s", words);
	return ioctl(fd, HELLO_IOC_RECIPE, &r);
}

/* Leaves secrets in free memory for the next buffers. */
static void soil(void)
{
	int fd[8];

	memset(buf, 0x53, sizeof(buf));
	for (int i = 0; i < 8; i++) {
		fd[i] = open_hello(O_RDWR);
		EXPECT_EQ(write(fd[i], buf, sizeof(buf)), SIZE);
	}
	for (int i = 0; i < 8; i++)
		close(fd[i]);
}

/* Every way to make unwritten bytes of a buffer readable */
static void look_everywhere(void)
{
	int fd = open_hello(O_RDWR);
	void *m;

	EXPECT_EQ(read(fd, buf, sizeof(buf)), 0);
	EXPECT_EQ(pwrite(fd, "", 1, SIZE - 1), 1);
	EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), SIZE);
	expect_all(0, buf, SIZE, "a gap");

	m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m != MAP_FAILED) {
		expect_all(0, m, SIZE, "a mapping");
		munmap(m, SIZE);
	}
	close(fd);

	fd = open_hello(O_RDWR);
	m = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m != MAP_FAILED) {
		expect_all(0, m, SIZE, "a mapping of a fresh buffer");
		munmap(m, SIZE);
	}
	close(fd);

	/* written, truncated, grown over again */
	fd = open_hello(O_RDWR | O_TRUNC);
	memset(buf, 0x53, SIZE);
	EXPECT_EQ(pwrite(fd, buf, SIZE / 2, 0), SIZE / 2);
	if (!strcmp(get("buffer_mode"), "shared")) {
		close(open_hello(O_WRONLY | O_TRUNC));
		EXPECT_EQ(pwrite(fd, "", 1, SIZE - 1), 1);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), SIZE);
		expect_all(0, buf, SIZE, "truncated contents");
	} else {
		EXPECT_EQ(change(fd, "buffer_size=96K"), 0);
		EXPECT_EQ(pwrite(fd, "", 1, 2 * SIZE - 1), 1);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), 2 * SIZE);
		expect_all(0x53, buf, SIZE / 2, "kept contents");
		expect_all(0, buf + SIZE / 2, 2 * SIZE - SIZE / 2, "a grown buffer");
	}
	close(fd);
}

TEST(no_allocator_shows_what_others_left_in_private_buffers)
{
	SET("buffer_size", "48K");
	FOR_EACH_ALLOCATOR(mode) {
		soil();
		look_everywhere();
	}
}

TEST(no_allocator_shows_what_others_left_in_the_shared_buffer)
{
	SET("buffer_size", "48K");
	FOR_EACH_ALLOCATOR(mode) {
		soil();
		FOR_EACH_CHOICE(lock, "lock_mode") {
			CASE("alloc_mode=%s lock_mode=%s", mode, lock);
			SET("lock_mode", lock);
			SET("buffer_mode", "shared");
			look_everywhere();
			SET("buffer_mode", "private");
			SET("reset", "1");
		}
	}
}

/* A migration to a larger buffer must not show the rest of it. */
TEST(a_migrated_buffer_is_zero_past_its_old_contents)
{
	FOR_EACH_ALLOCATOR(mode) {
		int fd;

		SET("buffer_size", "48K");
		soil();
		SET("buffer_size", "4096");
		SET("buffer_mode", "shared");
		fd = open_hello(O_RDWR);
		memset(buf, 0x53, 4096);
		EXPECT_EQ(write(fd, buf, 2000), 2000);
		SET("buffer_size", "48K");
		EXPECT_EQ(pwrite(fd, "", 1, SIZE - 1), 1);
		EXPECT_EQ(pread(fd, buf, sizeof(buf), 0), SIZE);
		expect_all(0x53, buf, 2000, "carried contents");
		expect_all(0, buf + 2000, SIZE - 2000, "the rest");
		close(fd);
		SET("buffer_mode", "private");
		SET("reset", "1");
	}
}

TEST(poison_is_poison_to_the_last_byte)
{
	SET("init_mode", "poison");
	SET("buffer_size", "48K");
	FOR_EACH_ALLOCATOR(mode) {
		int fd = open_hello(O_RDONLY);

		EXPECT_EQ(read(fd, buf, sizeof(buf)), SIZE);
		expect_all('Z', buf, SIZE, "poison");
		close(fd);
	}
}

TEST(a_thousand_reopens_show_nothing_of_each_other)
{
	for (int i = 0; i < volume(1000); i++) {
		int fd = open_hello(O_RDWR);

		EXPECT_EQ(pwrite(fd, "", 1, 4095), 1);
		EXPECT_EQ(read(fd, buf, 4096), 4096);
		expect_all(0, buf, 4096, "a fresh buffer");
		memset(buf, 0x53, 4096);
		EXPECT_EQ(pwrite(fd, buf, 4096, 0), 4096);
		close(fd);
	}
}

/* Padding and strings: the same bytes each time, none of them poison */
static void expect_text(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	ASSERT(report(d != NULL, "%s: %s", dir, strerrorname_np(errno)));
	while ((e = readdir(d))) {
		int fd = e->d_type == DT_REG ? openat(dirfd(d), e->d_name, O_RDONLY) : -1;
		ssize_t len = fd < 0 ? 0 : read(fd, buf, sizeof(buf));

		CASE("%s/%s", dir, e->d_name);
		for (ssize_t c = 0; c < len; c++)
			if (!report(strchr("\t\n", buf[c]) ? buf[c] : buf[c] >= ' ' && buf[c] < 0x7f,
				    "byte %zd is 0x%02x", c, buf[c]))
				break;
		n += len > 0;
		close(fd);
	}
	EXPECT(n > 0);
	closedir(d);
}

TEST(what_the_driver_prints_has_no_stale_bytes)
{
	struct hello_info a, b;
	int fd = open_hello(O_RDWR);

	memset(&a, 0xff, sizeof(a));
	memset(&b, 0x00, sizeof(b));
	a.size = b.size = sizeof(a);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &a), 0);
	EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &b), 0);
	EXPECT_MEM(&a, &b, sizeof(a));
	expect_all(0, a.recipe + strlen(a.recipe), sizeof(a.recipe) - strlen(a.recipe), "after the recipe");
	expect_text(HELLO_SYSFS);
	expect_text(HELLO_SYSFS "/stats");
	expect_text("/sys/kernel/debug/hello");
}
