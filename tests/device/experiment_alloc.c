// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/experiment_alloc.c: the allocators that only an alloc experiment has.
 */
#include "experiment.h"

/* Of the row of an allocator in debugfs */
static bool is_missing(const char *mode)
{
	bool unused;

	return !traits(mode, &unused);
}

/* CPUs that could ever be: the last number of "0-3" */
static long long possible(void)
{
	char text[64] = "";
	int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	const char *last;

	EXPECT(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	last = strrchr(text, '-');
	return strtoll(last ? last + 1 : text, NULL, 10) + 1;
}

TEST(what_allocators_of_experiments_take_is_within_the_caps)
{
	const struct {
		const char *mode, *words, *cap;
		long long bytes;
	} cases[] = {
		{ "percpu", "buffer_size=4096", "max_total_size", 4096 * possible() },
		{ "percpu", "buffer_size=4095 gfp_flags=GFP_ATOMIC", "max_reserve_size", 4096 * possible() },
		{ "page_frag", "buffer_size=4096 pattern=batch batch=8", "max_total_size", 8 * 4096 },
		{ "page_frag", "buffer_size=2000 gfp_flags=GFP_DMA", "max_reserve_size", 2048 },
		{ "vmalloc_huge", "buffer_size=4M", "max_total_size", 4 << 20 },
		{ "alloc_pages_bulk", "buffer_size=64K", "max_total_size", 65536 },
		/* the pools of mempool may take some of this cap too */
		{ "page_frag", "buffer_size=64", "max_uncharged_size", 0 },
		{ "alloc_pages_bulk", "buffer_size=64K", "max_uncharged_size", 0 },
	};
	int fd = open_file(EXPERIMENT);
	char order[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		long long before = number(cases[i].cap);

		if (is_missing(cases[i].mode))
			continue;
		snprintf(order, sizeof(order), "alloc count=8 alloc_mode=%s %s", cases[i].mode, cases[i].words);
		CASE("%s", order);
		SET_NUMBER(cases[i].cap, cases[i].bytes ?: before);
		EXPECT_EQ(ask(fd, order), 0);
		EXPECT_EQ((rest(fd), field("count")), 8);
		SET_NUMBER(cases[i].cap, cases[i].bytes ? cases[i].bytes - 1 : 0);
		EXPECT_ERRNO(ask(fd, order), ENOMEM);
		EXPECT(strstr(rest(fd), cases[i].cap));
		SET_NUMBER(cases[i].cap, before);
	}
	close(fd);
}

TEST(allocators_of_experiments_are_freed_as_a_batch_and_on_another_CPU)
{
	static const char *const modes[] = { "percpu", "page_frag", "vmalloc_huge", "alloc_pages_bulk" };
	static const char *const patterns[] = { "pair", "batch", "remote" };

	for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
		for (size_t p = 0; p < ARRAY_SIZE(patterns); p++) {
			if (is_missing(modes[m]) || (p == 2 && processors() < 2))
				continue;
			CASE("%s, %s", modes[m], patterns[p]);
			run("alloc alloc_mode=%s pattern=%s batch=7 count=%d threads=%d", modes[m], patterns[p],
			    volume(100), processors());
			EXPECT_EQ(field("count"), volume(100) * processors());
			EXPECT_EQ(of_times("alloc", "n"), field("count") - field("failures"));
			EXPECT_EQ(of_times("free", "n"), of_times("alloc", "n"));
		}
}

/* In KiB */
static long long free_memory(void)
{
	long long kib = -1;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	ASSERT(EXPECT(f));
	while (kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemFree: %lld kB", &kib);
	fclose(f);
	return kib;
}

/* A block has 32 KiB or more. */
TEST(a_thread_gives_back_its_last_block_of_page_frag)
{
	long long before, lost;

	run("alloc alloc_mode=page_frag count=1");
	before = free_memory();
	for (int i = 0; i < 1000; i++)
		run("alloc alloc_mode=page_frag count=1");
	lost = before - free_memory();
	report(lost < 1000 * 16, "%lld KiB are lost", lost);
}

TEST(a_size_above_the_maximum_of_an_allocator_of_experiments_is_EINVAL)
{
	static const char *const modes[] = { "percpu", "page_frag" };
	int fd = open_file(EXPERIMENT);
	char order[128];
	bool unused;

	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		CASE("%s", modes[m]);
		run("alloc count=1 alloc_mode=%s buffer_size=%lld", modes[m], traits(modes[m], &unused));
		snprintf(order, sizeof(order), "alloc count=1 alloc_mode=%s buffer_size=%lld", modes[m],
			 traits(modes[m], &unused) + 1);
		EXPECT_ERRNO(ask(fd, order), EINVAL);
		EXPECT(strstr(rest(fd), "allocates at most"));
	}
	close(fd);
}
