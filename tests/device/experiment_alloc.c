// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/experiment_alloc.c: the allocators, patterns, orders of free and uses
 * that only an alloc experiment has.
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

/* A block has 32 KiB or more: what else allocates and frees meanwhile is less than 40 MiB. */
TEST(each_thread_gives_back_its_last_block_of_page_frag)
{
	int threads = processors() < 8 ? processors() : 8;
	long long before = available_memory();

	for (int i = 0; i < 2560 / threads; i++)
		run("alloc alloc_mode=page_frag count=1 threads=%d", threads);
	expect_memory_back(before, 40 << 10, "blocks of page_frag");
}

TEST(each_thread_of_page_frag_has_a_cache_and_without_it_the_order_is_ENOMEM)
{
	int without = own_allocations("alloc alloc_mode=kmalloc count=1");

	EXPECT_EQ(own_allocations("alloc alloc_mode=page_frag count=1"), without + 1);
	if (processors() > 1)
		EXPECT_EQ(own_allocations("alloc alloc_mode=page_frag count=1 threads=2"), without + 2);
	run("alloc alloc_mode=page_frag count=1");
	EXPECT_EQ(field("failures"), 0);
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

/* Expects EINVAL, and a reason that has the word */
static void refused(const char *order, const char *word)
{
	int fd = open_file(EXPERIMENT);

	CASE("'%s'", order);
	EXPECT_ERRNO(ask(fd, order), EINVAL);
	rest(fd);
	report(!strncmp(answer, "error: ", 7) && strstr(answer, word), "the answer is '%s'", answer);
	close(fd);
}

/* ---- the use ---- */

TEST(the_use_of_each_object_is_timed_once_and_only_if_asked_for)
{
	static const char *const touches[] = { "write", "read", "random" };

	FOR_EACH_ALLOCATOR(mode) {
		for (size_t t = 0; t < ARRAY_SIZE(touches); t++) {
			CASE("%s, %s", mode, touches[t]);
			run("alloc pattern=batch batch=5 count=%d threads=%d touch=%s", volume(50), processors(), touches[t]);
			EXPECT_EQ(of_times("alloc", "n"), volume(50) * processors());
			EXPECT_EQ(of_times("touch", "n"), volume(50) * processors());
			EXPECT_EQ(of_times("free", "n"), volume(50) * processors());
			EXPECT(strstr(answer, "\ntouch: ") && !strncmp(strstr(answer, "\ntouch: ") + 8, touches[t], 4));
		}
		run("alloc count=10");
		EXPECT_EQ(of_times("touch", "n"), 0);
	}
}

TEST(the_use_of_a_large_object_takes_longer_than_that_of_a_small_one)
{
	static const char *const touches[] = { "write", "read", "random" };

	for (size_t t = 0; t < ARRAY_SIZE(touches); t++) {
		long long small;

		CASE("%s", touches[t]);
		run("alloc alloc_mode=vmalloc buffer_size=64 count=10 touch=%s", touches[t]);
		small = of_times("touch", "min");
		/* 262144 cache lines of 64 bytes */
		run("alloc alloc_mode=vmalloc buffer_size=16M count=2 touch=%s", touches[t]);
		report(of_times("touch", "min") > 100 * small, "64 bytes: %lld ns, 16 MiB: %lld ns", small,
		       of_times("touch", "min"));
		EXPECT(of_times("touch", "min") > 10000);
	}
}

TEST(sizes_that_are_no_power_of_two_are_walked_to_their_end)
{
	static const int sizes[] = { 1, 63, 65, 4097, 12345, 1048577 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		CASE("%d bytes", sizes[i]);
		run("alloc alloc_mode=vmalloc buffer_size=%d count=5 touch=random", sizes[i]);
		EXPECT_EQ(of_times("touch", "n"), 5);
	}
}

TEST(percpu_memory_is_not_walked)
{
	refused("alloc alloc_mode=percpu touch=read", "a copy for each CPU");
	run("alloc alloc_mode=percpu touch=none count=10");
	EXPECT_EQ(of_times("alloc", "n"), 10);
}

/* ---- the order of frees ---- */

TEST(each_order_frees_every_object_of_every_batch)
{
	static const char *const orders[] = { "fifo", "lifo", "random" };

	FOR_EACH_ALLOCATOR(mode)
		for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
			CASE("%s, %s", mode, orders[o]);
			/* the last batch is not full */
			run("alloc pattern=batch batch=7 count=%d threads=%d free=%s", volume(50), processors(), orders[o]);
			EXPECT_EQ(of_times("alloc", "n"), volume(50) * processors());
			EXPECT_EQ(of_times("free", "n"), volume(50) * processors());
			EXPECT(strstr(answer, "\nfree: ") && !strncmp(strstr(answer, "\nfree: ") + 7, orders[o], 4));
		}
}

TEST(an_order_of_frees_needs_a_batch)
{
	refused("alloc free=lifo", "needs pattern=batch");
	refused("alloc pattern=pair free=random", "needs pattern=batch");
	run("alloc free=fifo count=1");
}

/* ---- bulk ---- */

static const char *const bulks[] = { "slab", "pages" };

/* Before 5.13 there is no bulk call for pages */
static bool has_bulk(const char *mode)
{
	return !strcmp(mode, "slab") || !is_missing("alloc_pages_bulk");
}

TEST(a_sample_of_a_bulk_call_is_the_share_of_one_object)
{
	for (size_t i = 0; i < ARRAY_SIZE(bulks); i++) {
		if (!has_bulk(bulks[i]))
			continue;
		CASE("%s", bulks[i]);
		run("alloc alloc_mode=%s buffer_size=4096 pattern=bulk batch=16 count=%d threads=%d touch=write", bulks[i],
		    volume(500), processors());
		EXPECT(strstr(answer, "\npattern: bulk\n"));
		EXPECT_EQ(field("batch"), 16);
		EXPECT_EQ(field("count"), volume(500) * processors());
		EXPECT_EQ(field("failures"), 0);
		EXPECT_EQ(of_times("alloc", "n"), volume(500) * processors());
		EXPECT_EQ(of_times("touch", "n"), volume(500) * processors());
		EXPECT_EQ(of_times("free", "n"), volume(500) * processors());
		/* all calls together take no longer than the threads */
		EXPECT(of_times("alloc", "n") * of_times("alloc", "mean") <= field("elapsed_ns") * processors());
	}
}

TEST(a_bulk_call_has_at_most_64_objects)
{
	run("alloc alloc_mode=slab pattern=bulk batch=4096 count=1000 free=random");
	EXPECT_EQ(field("batch"), 64);
	EXPECT_EQ(of_times("free", "n"), 1000);
}

TEST(a_bulk_call_is_refused_with_the_reason_where_there_is_none)
{
	static const char *const without[] = { "kmalloc", "vmalloc", "kvmalloc", "pages_exact", "dma_coherent" };
	char order[128];

	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		if (!has_choice("alloc_mode", without[i]))
			continue;
		snprintf(order, sizeof(order), "alloc pattern=bulk alloc_mode=%s", without[i]);
		refused(order, "has no bulk call for");
	}
	refused("alloc pattern=bulk alloc_mode=slab gfp_flags=GFP_ATOMIC alloc_context=softirq", "alloc_context=process");
	refused("alloc pattern=bulk alloc_mode=slab alloc_context=workqueue", "alloc_context=process");
	refused("alloc pattern=bulk alloc_mode=slab numa_node=0", "numa_node=-1");
	snprintf(order, sizeof(order), "alloc pattern=bulk alloc_mode=pages buffer_size=%zu", PAGE + 1);
	refused(order, has_bulk("pages") ? "allocates at most" : "has no bulk call for");
}

TEST(a_bulk_call_that_fails_counts_each_of_its_objects_as_a_failure)
{
	int own = own_allocations("alloc alloc_mode=slab pattern=bulk batch=10 count=95");

	EXPECT(own > 2 && own < 10);
	EXPECT_EQ(field("count"), 95);
	EXPECT_EQ(field("failures"), 10);
	EXPECT_EQ(of_times("alloc", "n"), 85);
	EXPECT_EQ(of_times("free", "n"), 85);
}
