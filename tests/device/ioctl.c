// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/ioctl.c: HELLO_IOC_INFO and HELLO_IOC_RECIPE, with older,
 * newer and hostile structs, and the capabilities that recipes need.
 */
#include <linux/hello.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "harness.h"

#define NEWER	64	/* more bytes, as in a later struct */

static char buf[70000];

static struct hello_info info(int fd)
{
	struct hello_info i = { .size = sizeof(i) };

	ASSERT(EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &i), 0));
	return i;
}

static int change(int fd, const char *words)
{
	struct hello_recipe_request r = { .size = sizeof(r) };

	snprintf(r.recipe, sizeof(r.recipe), "%s", words);
	return ioctl(fd, HELLO_IOC_RECIPE, &r);
}

static void expect_word(const char *recipe, const char *word)
{
	const char *at = strstr(recipe, word);

	report(at && (at == recipe || at[-1] == ' ') && strchr(" ", at[strlen(word)]),
	       "no word \"%s\" in \"%s\"", word, recipe);
}

TEST(the_structs_have_the_sizes_that_the_header_promises)
{
	EXPECT_EQ(sizeof(struct hello_info), HELLO_INFO_SIZE_VER0);
	EXPECT_EQ(sizeof(struct hello_recipe_request), HELLO_RECIPE_SIZE_VER0);
	EXPECT_EQ(offsetof(struct hello_info, recipe), 48);
}

TEST(INFO_tells_how_the_buffer_was_made)
{
	int fd = open_hello(O_RDWR), other = open_hello(O_RDONLY);
	struct hello_info i;

	EXPECT_EQ(write(fd, "12345", 5), 5);
	i = info(fd);
	EXPECT_EQ(i.size, sizeof(i));
	EXPECT_EQ(i.capacity, 4096);
	EXPECT_EQ(i.length, 5);
	EXPECT_EQ(i.flags, HELLO_INFO_ALLOCATED | HELLO_INFO_CONTIGUOUS);
	EXPECT(i.alloc_ns > 0);
	EXPECT(i.node >= 0);
	EXPECT_EQ(i.reserved, 0);
	expect_word(i.recipe, "alloc_mode=kmalloc");
	expect_word(i.recipe, "buffer_size=4096");
	expect_word(i.recipe, "gfp_flags=GFP_KERNEL");
	expect_word(i.recipe, "alloc_context=process");
	expect_word(i.recipe, "numa_node=-1");
	expect_word(i.recipe, "init_mode=zero");
	EXPECT(i.id != info(other).id);
	EXPECT_EQ(i.id, info(dup(fd)).id);
}

TEST(INFO_flags_are_those_of_the_allocator)
{
	static const struct {
		const char *mode;
		unsigned int flags;
	} want[] = {
		{ "kmalloc", HELLO_INFO_CONTIGUOUS }, { "vmalloc", HELLO_INFO_MAPPABLE },
		{ "kvmalloc", HELLO_INFO_CONTIGUOUS }, { "pages", HELLO_INFO_CONTIGUOUS | HELLO_INFO_MAPPABLE },
		{ "pages_exact", HELLO_INFO_CONTIGUOUS | HELLO_INFO_MAPPABLE }, { "slab", HELLO_INFO_CONTIGUOUS },
		{ "mempool", HELLO_INFO_CONTIGUOUS }, { "dma_coherent", HELLO_INFO_CONTIGUOUS | HELLO_INFO_MAPPABLE },
	};

	FOR_EACH_ALLOCATOR(mode) {
		int fd = open_hello(O_RDWR);
		size_t i = 0;

		while (i < ARRAY_SIZE(want) && strcmp(mode, want[i].mode))
			i++;
		if (report(i < ARRAY_SIZE(want), "%s is not in this test", mode))
			EXPECT_EQ(info(fd).flags, want[i].flags | HELLO_INFO_ALLOCATED);
		close(fd);
	}
	use_allocator("kmalloc");
	SET("buffer_mode", "shared");
	EXPECT_EQ(info(open_hello(O_RDWR)).flags & HELLO_INFO_SHARED, HELLO_INFO_SHARED);
}

/* RECIPE takes the text that INFO prints. */
TEST(a_recipe_read_is_a_recipe_that_can_be_written)
{
	FOR_EACH_ALLOCATOR(mode) {
		int fd = open_hello(O_RDWR);
		struct hello_info was = info(fd);

		EXPECT_EQ(change(fd, was.recipe), 0);
		EXPECT_STR(info(fd).recipe, was.recipe);
		close(fd);
	}
}

TEST(RECIPE_changes_this_open_alone_and_keeps_its_contents)
{
	int fd = open_hello(O_RDWR), other = open_hello(O_RDWR);
	struct hello_info i;

	for (int n = 0; n < 4096; n++)
		buf[n] = n * 7 + n / 256;
	EXPECT_EQ(pwrite(fd, buf, 4096, 0), 4096);
	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 100);
	EXPECT_EQ(change(fd, "alloc_mode=vmalloc buffer_size=64K"), 0);
	i = info(fd);
	EXPECT_EQ(i.capacity, 65536);
	EXPECT_EQ(i.length, 4096);
	expect_word(i.recipe, "alloc_mode=vmalloc");
	expect_word(i.recipe, "gfp_flags=GFP_KERNEL");	/* not given: kept */
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 100);
	EXPECT_EQ(pread(fd, buf + 8192, 65536 - 8192, 0), 4096);
	EXPECT_MEM(buf + 8192, buf, 4096);
	EXPECT_EQ(pwrite(fd, "x", 1, 65535), 1);	/* a grown buffer is zero past the old length */
	EXPECT_EQ(pread(fd, buf, 65536, 0), 65536);
	for (int n = 4096; n < 65535; n++)
		if (!report(!buf[n], "byte %d is 0x%02x", n, buf[n]))
			break;
	expect_word(info(other).recipe, "alloc_mode=kmalloc");
	EXPECT_STR(get("alloc_mode"), "kmalloc");
}

TEST(RECIPE_that_does_not_fit_is_ENOSPC_and_a_position_above_stays)
{
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(write(fd, buf, 2000), 2000);
	EXPECT_EQ(lseek(fd, 3000, SEEK_SET), 3000);
	EXPECT_ERRNO(change(fd, "buffer_size=1999"), ENOSPC);
	EXPECT_EQ(info(fd).capacity, 4096);
	EXPECT_EQ(change(fd, "buffer_size=2000"), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 3000);
	EXPECT_EQ(read(fd, buf, 10), 0);
	EXPECT_ERRNO(write(fd, buf, 10), ENOSPC);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 3000);
	EXPECT_ERRNO(lseek(fd, 2001, SEEK_SET), EINVAL);
}

TEST(RECIPE_refuses_what_is_wrong_and_leaves_everything)
{
	static const char *const bad[] = {
		"alloc_mode=valloc", "alloc_mode", "=", "alloc_mode=", "buffer_size=0", "buffer_size=4k", "buffer_size=-1",
		"buffer_size=18446744073709551616", "buffer_size=18446744073709551615", "nonsense=1", "max_opens=5",
		"alloc_mode=vmalloc gfp_flags=GFP_ATOMIC", "alloc_context=softirq", "numa_node=64", "numa_node=-2",
		"alloc_mode=vmalloc numa_node=0", "init_mode=uninitialized", "gfp_flags=0xcc0", "buffer_size=4096;",
		"buffer_mode=shared", "lock_mode=mutex", "alloc_mode=vmalloc,buffer_size=1", "%n%s", "\xff\xfe",
	};
	int fd = open_hello(O_RDWR);
	struct hello_info before, after;
	struct hello_recipe_request r = { .size = sizeof(r) };

	EXPECT_EQ(write(fd, "kept", 4), 4);
	before = info(fd);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CASE("\"%s\"", bad[i]);
		EXPECT_ERRNO(change(fd, bad[i]), EINVAL);
	}
	CASE("no NUL");
	memset(r.recipe, ' ', sizeof(r.recipe));
	memcpy(r.recipe, "alloc_mode=vmalloc", 18);
	EXPECT_ERRNO(ioctl(fd, HELLO_IOC_RECIPE, &r), EINVAL);
	after = info(fd);
	EXPECT_MEM(&after, &before, sizeof(after));
	EXPECT_EQ(pread(fd, buf, 100, 0), 4);
	EXPECT_MEM(buf, "kept", 4);
}

TEST(RECIPE_is_EBUSY_while_mapped_and_EINVAL_when_shared)
{
	int fd;
	void *m;

	SET("alloc_mode", "pages");
	fd = open_hello(O_RDWR);
	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_ERRNO(change(fd, "alloc_mode=vmalloc"), EBUSY);
	EXPECT_EQ(munmap(m, 4096), 0);
	EXPECT_EQ(change(fd, "alloc_mode=vmalloc"), 0);
	SET("buffer_mode", "shared");
	fd = open_hello(O_RDWR);
	EXPECT_ERRNO(change(fd, "alloc_mode=vmalloc"), EINVAL);
}

TEST(RECIPE_beyond_a_cap_is_ENOMEM)
{
	char total[32];
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(write(fd, "kept", 4), 4);
	snprintf(total, sizeof(total), "%lld", number("stats/live_bytes") + 65536);
	SET("max_total_size", total);
	EXPECT_ERRNO(change(fd, "alloc_mode=vmalloc buffer_size=128K"), ENOMEM);
	EXPECT_EQ(info(fd).capacity, 4096);
	EXPECT_EQ(pread(fd, buf, 100, 0), 4);
	EXPECT_EQ(number("stats/live_bytes"), live_before[2] + 4096);
}

/* Sizes of the struct in older, current and newer programs */
static void try_sizes(int fd, unsigned long nr, size_t ver0, void *fresh)
{
	unsigned char *page = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *end = page + 2 * PAGE;
	unsigned int size;

	EXPECT_EQ(mprotect(end, PAGE, PROT_NONE), 0);
	for (size = 0; size <= ver0 + NEWER; size += size < 32 ? 1 : 4) {
		unsigned char *at = end - (size < 4 ? 4 : size);	/* the next page is unmapped */

		CASE("size %u", size);
		memset(at, 0, end - at);
		memcpy(at, fresh, size < ver0 ? (size_t)(end - at) < ver0 ? (size_t)(end - at) : ver0 : ver0);
		memcpy(at, &size, 4);
		if (size < ver0)
			EXPECT_ERRNO(ioctl(fd, nr, at), EINVAL);
		else
			EXPECT_EQ(ioctl(fd, nr, at), 0);
		if (size > ver0) {
			memcpy(at, fresh, ver0);
			memcpy(at, &size, 4);
			memset(at + ver0, 0, size - ver0);
			at[size - 1] = 1;
			EXPECT_ERRNO(ioctl(fd, nr, at), E2BIG);
		}
	}
	size = PAGE;
	memset(page, 0, 2 * PAGE);
	memcpy(page, fresh, ver0);
	memcpy(page, &size, 4);
	CASE("size %u", size);
	EXPECT_EQ(ioctl(fd, nr, page), 0);
	size = PAGE + 1;	/* all zero, but more than a page is not looked at */
	memcpy(page, &size, 4);
	EXPECT_ERRNO(ioctl(fd, nr, page), E2BIG);
	for (int big = 0; big < 3; big++) {
		size = (unsigned int[]){ 1 << 20, 0x7fffffff, 0xffffffff }[big];
		CASE("size %u", size);
		memcpy(page, &size, 4);
		errno = 0;
		EXPECT(ioctl(fd, nr, page) == -1 && (errno == E2BIG || errno == EFAULT));
	}
	CASE("pointers");
	EXPECT_ERRNO(ioctl(fd, nr, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(fd, nr, end), EFAULT);
	EXPECT_ERRNO(ioctl(fd, nr, end - 2), EFAULT);
	EXPECT_ERRNO(ioctl(fd, nr, (void *)-4096L), EFAULT);
	size = ver0;
	memcpy(end - 8, &size, 4);
	EXPECT_ERRNO(ioctl(fd, nr, end - 8), EFAULT);
}

TEST(INFO_serves_older_and_newer_structs_and_refuses_hostile_ones)
{
	struct hello_info fresh = { 0 };

	try_sizes(open_hello(O_RDWR), HELLO_IOC_INFO, HELLO_INFO_SIZE_VER0, &fresh);
}

TEST(RECIPE_serves_older_and_newer_structs_and_refuses_hostile_ones)
{
	struct hello_recipe_request fresh = { .recipe = "alloc_mode=kmalloc" };
	int fd = open_hello(O_RDWR);

	try_sizes(fd, HELLO_IOC_RECIPE, HELLO_RECIPE_SIZE_VER0, &fresh);
	CASE("reserved");
	fresh.size = sizeof(fresh);
	fresh.reserved = 1;
	EXPECT_ERRNO(ioctl(fd, HELLO_IOC_RECIPE, &fresh), EINVAL);
}

TEST(INFO_writes_no_byte_past_the_size_given)
{
	struct { struct hello_info i; unsigned char after[NEWER]; } s = { .i.size = sizeof(s.i) };

	memset(s.after, 0xaa, sizeof(s.after));
	EXPECT_EQ(ioctl(open_hello(O_RDONLY), HELLO_IOC_INFO, &s.i), 0);
	for (int n = 0; n < NEWER; n++)
		EXPECT_EQ(s.after[n], 0xaa);
}

TEST(every_other_ioctl_is_ENOTTY)
{
	int fd = open_hello(O_RDWR);

	memset(buf, 0, sizeof(buf));
	for (unsigned int nr = 0; nr < 256; nr++)
		for (unsigned int dir = 0; dir < 4; dir++)
			for (unsigned int size = 0; size <= 64; size += size < 8 ? 1 : 8) {
				unsigned int cmd = _IOC(dir, HELLO_IOC_MAGIC, nr, size);

				if (cmd == HELLO_IOC_INFO || cmd == HELLO_IOC_RECIPE)
					continue;
				if (!report(ioctl(fd, cmd, buf) == -1 && errno == ENOTTY, "ioctl %#x: %s", cmd,
					    strerrorname_np(errno)))
					return;
			}
	EXPECT_ERRNO(ioctl(fd, 0, 0), ENOTTY);
}

static struct hello_recipe_request flipped;
static volatile bool done;

static void *flip(void *arg)
{
	while (!done) {
		flipped.size ^= 0xfffffef7;
		flipped.recipe[11] ^= 'k' ^ 'v';
	}
	return arg;
}

/* The struct changes while the driver copies it: the call sees one of its two values. */
TEST(a_struct_that_another_thread_flips_has_no_third_outcome)
{
	int fd = open_hello(O_RDWR);
	pthread_t t;

	strcpy(flipped.recipe, "alloc_mode=kmalloc");
	flipped.size = sizeof(flipped);
	pthread_create(&t, NULL, flip, NULL);
	for (int i = 0; i < volume(3000); i++)
		if (ioctl(fd, HELLO_IOC_RECIPE, &flipped))
			EXPECT(errno == EINVAL || errno == E2BIG || errno == EFAULT);
	done = true;
	pthread_join(t, NULL);
	expect_word(info(fd).recipe, strstr(info(fd).recipe, "=v") ? "alloc_mode=vmalloc" : "alloc_mode=kmalloc");
}

TEST(numa_node_is_a_node_that_is_there_for_those_that_can_ask_for_it)
{
	FOR_EACH_ALLOCATOR(mode) {
		int fd = open_hello(O_RDWR);

		if (!strcmp(mode, "kmalloc") || !strcmp(mode, "kvmalloc") || !strcmp(mode, "slab") || !strcmp(mode, "pages")) {
			EXPECT_EQ(change(fd, "numa_node=0"), 0);
			EXPECT_EQ(info(fd).node, 0);
		} else {
			EXPECT_ERRNO(change(fd, "numa_node=0"), EINVAL);
		}
		EXPECT_ERRNO(change(fd, "numa_node=63"), EINVAL);
		EXPECT_EQ(change(fd, "numa_node=-1"), 0);
		close(fd);
	}
}

TEST(recipes_that_can_hurt_others_need_capabilities)
{
	static const struct {
		const char *recipe;
		int cap;
	} cases[] = {
		{ "gfp_flags=GFP_ATOMIC", CAP_SYS_RESOURCE }, { "gfp_flags=GFP_DMA", CAP_SYS_RESOURCE },
		{ "alloc_mode=pages gfp_flags=GFP_DMA32", CAP_SYS_RESOURCE },
		{ "gfp_flags=GFP_KERNEL|__GFP_HIGH", CAP_SYS_RESOURCE },
		{ "alloc_mode=vmalloc buffer_size=16777217", CAP_SYS_RESOURCE },	/* a quarter and a byte */
		{ "alloc_mode=dma_coherent gfp_flags=GFP_NOWAIT", CAP_SYS_RESOURCE },
		{ "gfp_flags=GFP_NOWAIT alloc_context=softirq", CAP_SYS_ADMIN },
		{ "alloc_context=workqueue", CAP_SYS_ADMIN },
	};
	static const char *const harmless[] = {
		"alloc_mode=vmalloc buffer_size=16777216", "gfp_flags=GFP_NOWAIT", "gfp_flags=GFP_USER|__GFP_NORETRY",
		"init_mode=poison",
	};
	int status;

	EXPECT_EQ(number("max_buffer_size"), 64 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CASE("%s", cases[i].recipe);
		if (strstr(cases[i].recipe, "dma_coherent") && !has_choice("alloc_mode", "dma_coherent"))
			continue;
		EXPECT_EQ(change(open_hello(O_RDWR), cases[i].recipe), 0);
		if (!fork()) {
			drop_cap(cases[i].cap);
			EXPECT_ERRNO(change(open_hello(O_RDWR), cases[i].recipe), EPERM);
			stop(failures);
		}
		wait(&status);
		EXPECT_EQ(status, 0);
	}
	close_range(3, ~0U, 0);
	drop_cap(CAP_SYS_RESOURCE);
	drop_cap(CAP_SYS_ADMIN);
	if (has_choice("alloc_mode", "dma_coherent")) {
		int fd = open_hello(O_RDWR);

		CASE("the mask first");
		EXPECT_EQ(change(fd, "gfp_flags=GFP_NOWAIT"), 0);
		EXPECT_ERRNO(change(fd, "alloc_mode=dma_coherent"), EPERM);
		close(fd);
	}
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		int fd = open_hello(O_RDWR);

		CASE("%s", harmless[i]);
		EXPECT_EQ(change(fd, harmless[i]), 0);
		close(fd);
	}
}

#ifdef __x86_64__
/*
 * A 32-bit caller without a 32-bit compiler: int 0x80 takes the compat entry,
 * with pointers below 4 GiB.
 */
static long ioctl32(int fd, unsigned int cmd, void *arg)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static void no_32_bit_calls(int signal)
{
	(void)signal;
	SKIP("this kernel has no 32-bit system calls");
}

TEST(a_32_bit_caller_gets_the_same_answers)
{
	struct hello_info *i = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0), same;
	struct hello_recipe_request *r = (void *)(i + 1);
	int fd = open_hello(O_RDWR);

	/* without them int $0x80 is a fault */
	signal(SIGSEGV, no_32_bit_calls);
	ioctl32(-1, HELLO_IOC_INFO, i);
	signal(SIGSEGV, SIG_DFL);
	EXPECT_EQ(ioctl32(fd, HELLO_IOC_INFO, i), -EINVAL);	/* size 0 */
	i->size = sizeof(*i);
	EXPECT_EQ(ioctl32(fd, HELLO_IOC_INFO, i), 0);
	same = info(fd);
	EXPECT_MEM(i, &same, sizeof(same));
	r->size = sizeof(*r);
	strcpy(r->recipe, "alloc_mode=vmalloc");
	EXPECT_EQ(ioctl32(fd, HELLO_IOC_RECIPE, r), 0);
	expect_word(info(fd).recipe, "alloc_mode=vmalloc");
	r->size = 8;
	EXPECT_EQ(ioctl32(fd, HELLO_IOC_RECIPE, r), -EINVAL);
	EXPECT_EQ(ioctl32(fd, HELLO_IOC_RECIPE + 1, r), -ENOTTY);
}
#endif
