// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kernels/fail-nth/make.c: each allocation and copy fails once where a
 * buffer is made: open, first use, ioctl, mmap.
 */
#include "walk.h"
#include <setjmp.h>

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
		const char *mask = strcmp(mode, "mempool") ? "GFP_KERNEL" : "GFP_NOWAIT";

		snprintf(request.recipe, sizeof(request.recipe),
			 "alloc_mode=%s buffer_size=30000 gfp_flags=%s", mode, mask);
		WALK(mode, .prepare = fresh, .call = do_recipe, .undo = close_it);
	}
}

static char *map, *where;

static long do_map(void)
{
	map = mmap(where, 20000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (map != MAP_FAILED)
		return 0;
	/* mmap() copies nothing: for EFAULT, return an error that walk() refuses. */
	if (errno == EFAULT)
		errno = EIO;
	return -1;
}

/* Far from all other mappings: page tables of each level are allocated, and may fail. */
#define FAR	((char *)(1UL << 40))

/*
 * Behind a page that is used: the page tables are there. If they are not, and cannot be
 * allocated, remap_pfn_range() of 6.12 warns.
 */
static char *beside_a_page(void)
{
	size_t two_m = 2 << 20;
	char *start = mmap(FAR + (1UL << 39), two_m, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	ASSERT(EXPECT(start != MAP_FAILED));
	madvise(start, two_m, MADV_NOHUGEPAGE);
	ASSERT(EXPECT_EQ(munmap(start + PAGE, two_m - PAGE), 0));
	*(volatile char *)start = 1;
	return start + PAGE;
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
		errno = ENOMEM;	/* a failed page fault raises SIGBUS */
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
	char *beside;

	get_ready();
	sigaction(SIGBUS, &sa, NULL);
	beside = beside_a_page();
	SET("buffer_size", "20000");
	FOR_EACH_ALLOCATOR(mode) {
		struct hello_info info = { .size = sizeof(info) };

		ASSERT(EXPECT(fresh() >= 0));
		ASSERT(EXPECT_EQ(ioctl(fd, HELLO_IOC_INFO, &info), 0));
		close_it();
		if (!(info.flags & HELLO_INFO_MAPPABLE))
			continue;
		where = strcmp(mode, "dma_coherent") ? FAR : beside;
		WALK(mode, .prepare = fresh, .call = do_map, .undo = unmap);
		WALK("touch", .prepare = mapped, .call = do_touch, .undo = unmap);
	}
	/* The kernel's part is long, and the driver's does not depend on the allocator. */
	SET("alloc_mode", "vmalloc");
	where = FAR;
	WALK("fork", .prepare = mapped, .call = do_fork, .undo = unmap);
}
