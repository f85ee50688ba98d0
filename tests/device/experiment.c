// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/experiment.c: orders and answers of debugfs experiment: bounds, the owner
 * of an answer, the counts, and the end of a run.
 */
#include "experiment.h"

/* ---- orders ---- */

TEST(an_order_that_cannot_be_is_EINVAL_and_the_answer_says_why)
{
	static const char *const orders[] = {
		"", " ", "allocate", "alloc frobnicate", "alloc count", "alloc =5",
		"alloc count=", "alloc count=0", "alloc count=-1", "alloc count=1000001",
		"alloc count=18446744073709551617", "alloc count=1k", "alloc count=0x",
		"alloc cpus=", "alloc cpus=x", "alloc cpus=1-0", "alloc cpus=0 cpus=100000",
		"alloc cpus=0 threads=2", "alloc cpus=0 pattern=remote",
		"alloc threads=0", "alloc threads=1000000", "alloc threads=18446744073709551615",
		"alloc pattern=batch batch=0", "alloc pattern=batch batch=4097",
		"alloc pattern=", "alloc pattern=pairs", "alloc pattern=pair:1",
		"alloc pattern=batch free=", "alloc pattern=batch free=none", "alloc pattern=batch free=lifo:1",
		"alloc touch=", "alloc touch=all", "alloc touch=writer", "lock touch=read", "lock free=fifo",
		"alloc lock_mode=mutex", "alloc delay=none", "alloc buffer_mode=shared",
		"alloc buffer_size=0", "alloc buffer_size=65M", "alloc alloc_mode=valloc",
		"alloc alloc_mode=vmalloc gfp_flags=GFP_ATOMIC",
		"alloc alloc_context=softirq gfp_flags=GFP_KERNEL",
		"alloc alloc_context=softirq gfp_flags=GFP_ATOMIC buffer_size=65537",
		"lock buffer_size=1", "lock pattern=pair", "lock batch=1", "lock lock_mode=",
		"lock lock_mode=no", "lock lock_mode=mutex:1", "lock delay=", "lock delay=none:1",
		"lock delay=udelay", "lock delay=udelay:", "lock delay=udelay:0",
		"lock delay=udelay:1001 count=1", "lock delay=mdelay:11 count=1",
		"lock delay=msleep:101 count=1", "lock delay=msleep:18446744073709551615 count=1",
		"lock delay=msleep:4294967296 count=1", "lock delay=udelay:1x count=1",
		"lock lock_mode=spinlock delay=msleep:1 count=1",
		"lock lock_mode=rwlock delay=msleep:1 count=1",
		"lock threads=1 count=101 delay=msleep:100",
		"lock threads=1 count=1000000 delay=udelay:1000",
	};
	int fd = open_file(EXPERIMENT);

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		CASE("'%s'", orders[i]);
		if (*orders[i])
			EXPECT_ERRNO(ask(fd, orders[i]), EINVAL);
		else
			EXPECT_ERRNO(write(fd, "\n", 1), EINVAL);
		/* whatever was read before, reading begins at 0 */
		report(!strncmp(rest(fd), "error: ", 7), "the answer is '%s'", answer);
	}
	CASE("%s", "");
	EXPECT_EQ(ask(fd, "alloc count=1\n"), 0);
	EXPECT(!strncmp(rest(fd), "version: 1\n", 11));
	close(fd);
}

TEST(an_order_of_512_bytes_is_EINVAL)
{
	char order[4096];
	int fd = open_file(EXPERIMENT);

	memset(order, ' ', sizeof(order));
	memcpy(order, "alloc count=1", 13);
	EXPECT_ERRNO(write(fd, order, 512), EINVAL);
	EXPECT_ERRNO(write(fd, order, sizeof(order)), EINVAL);
	EXPECT_ERRNO(write(fd, BAD_POINTER, 10), EFAULT);
	EXPECT_EQ(write(fd, order, 511), 511);
	close(fd);
}

TEST(words_come_in_any_order_and_those_of_the_recipe_from_the_settings)
{
	SET("buffer_size", "8K");
	SET("alloc_mode", "pages");
	run("alloc  batch=3\tcount=5  numa_node=-1 pattern=batch\n");
	EXPECT(strstr(answer, "\nrecipe: alloc_mode=pages buffer_size=8192 gfp_flags=GFP_KERNEL alloc_context=process numa_node=-1 init_mode=zero\n"));
	EXPECT(strstr(answer, "\npattern: batch\nthreads: 1\nbatch: 3\ncount: 5\nfailures: 0\n"));
	run("alloc buffer_size=64 alloc_mode=kmalloc");
	EXPECT(strstr(answer, "\nrecipe: alloc_mode=kmalloc buffer_size=64 "));
	EXPECT(strstr(answer, "\npattern: pair\nthreads: 1\nbatch: 1\ncount: 1000\n"));
	EXPECT_STR(get("alloc_mode"), "pages");
	EXPECT_EQ(number("buffer_size"), 8192);
}

/* ---- whose answer ---- */

TEST(a_descriptor_reads_the_answer_to_its_own_order)
{
	int mine = open_file(EXPERIMENT), yours = open_file(EXPERIMENT), fresh;
	char first[sizeof(answer)];

	EXPECT_EQ(ask(mine, "alloc count=11"), 0);
	EXPECT_EQ(ask(yours, "alloc count=22"), 0);
	EXPECT_EQ((rest(mine), field("count")), 11);
	EXPECT_EQ((rest(yours), field("count")), 22);
	fresh = open_file(EXPERIMENT);
	EXPECT_EQ((rest(fresh), field("count")), 22);
	/* another descriptor runs an order in the middle of reading an answer */
	EXPECT_EQ(lseek(mine, 0, SEEK_SET), 0);
	EXPECT_EQ(read(mine, first, 40), 40);
	EXPECT_ERRNO(ask(yours, "nonsense"), EINVAL);
	EXPECT_EQ((lseek(mine, 0, SEEK_SET), rest(mine), field("count")), 11);
	EXPECT_MEM(first, answer, 40);
	close(fresh);
	fresh = open_file(EXPERIMENT);
	EXPECT_EQ(strncmp(rest(fresh), "error: ", 7), 0);
	close(fresh);
	close(mine);
	close(yours);
}

TEST(dup_and_fork_share_the_answer)
{
	int fd = open_file(EXPERIMENT), twin = dup(fd), status;
	pid_t pid = fork();

	if (!pid)
		stop(ask(fd, "alloc count=7") ? 1 : 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ((rest(twin), field("count")), 7);
	close(fd);
	close(twin);
}

TEST(reads_at_any_offset_are_pieces_of_one_answer)
{
	char whole[sizeof(answer)], piece[8] = "";
	int fd = open_file(EXPERIMENT);
	ssize_t length;

	EXPECT_EQ(ask(fd, "alloc count=50"), 0);
	strcpy(whole, rest(fd));
	length = strlen(whole);
	ASSERT(EXPECT(length > 300));
	for (off_t at = length + 8; at >= 0; at -= 3) {
		ssize_t want = at >= length ? 0 : length - at < 8 ? length - at : 8;

		CASE("offset %ld", (long)at);
		EXPECT_EQ(pread(fd, piece, sizeof(piece), at), want);
		EXPECT_MEM(piece, whole + at, want);
	}
	CASE("%s", "");
	EXPECT_EQ(pread(fd, piece, 1, INT64_MAX - 1), 0);
	EXPECT_ERRNO(pread(fd, piece, 1, -1), EINVAL);
	EXPECT_ERRNO(pread(fd, BAD_POINTER, 8, 0), EFAULT);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (ssize_t i = 0; i < length; i++) {
		EXPECT_EQ(read(fd, piece, 1), 1);
		ASSERT(EXPECT_EQ(piece[0], whole[i]));
	}
	EXPECT_EQ(read(fd, piece, 1), 0);
	close(fd);
}

/* ---- what is counted ---- */

TEST(every_thread_does_all_of_its_count)
{
	int count = volume(5000);

	for (int i = 0; i < volume(100); i++) {
		run("lock lock_mode=mutex count=1 threads=%d", processors());
		EXPECT_EQ(field("expected"), processors());
		run("alloc count=1 threads=%d", processors());
		EXPECT_EQ(field("count"), processors());
	}
	run("alloc buffer_size=64 count=%d threads=%d pattern=batch batch=%d", count, processors(), volume(4096));
	EXPECT_EQ(field("count"), count * processors());
	EXPECT_EQ(of_times("alloc", "n"), count * processors());
	EXPECT_EQ(of_times("free", "n"), count * processors());
}

TEST(each_lock_is_waited_for_and_held_once_for_each_update_and_loses_none)
{
	static const char *const delays[] = { "none", "udelay:20", "mdelay:1" };

	FOR_EACH_CHOICE(lock, "lock_mode")
		for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
			int count = i == 0 ? volume(2000) : i == 1 ? volume(500) : volume(20);

			CASE("%s, %s", lock, delays[i]);
			run("lock lock_mode=%s threads=%d count=%d delay=%s", lock, processors(), count, delays[i]);
			EXPECT_EQ(field("expected"), processors() * count);
			EXPECT_EQ(field("observed"), processors() * count);
			EXPECT_EQ(field("lost"), 0);
			EXPECT_EQ(of_times("wait", "n"), processors() * count);
			EXPECT_EQ(of_times("hold", "n"), processors() * count);
			EXPECT(of_times("hold", "max") >= (i == 0 ? 0 : i == 1 ? 20000 : 900000));
		}
	CASE("%s", "");
	/* msleep: udelay() may be short if the CPUs' clocks disagree */
	run("lock lock_mode=mutex threads=%d count=10 delay=msleep:2", processors());
	/* a late tick shortens a sleep that began before it */
	EXPECT(of_times("hold", "p50") >= 1900000);
	EXPECT_EQ(field("lost"), 0);
}

TEST(what_is_lost_without_a_lock_is_expected_less_observed)
{
	if (processors() < 2)
		SKIP("a race takes two processors");
	run("lock lock_mode=none threads=2 count=50 delay=msleep:1");
	EXPECT_EQ(field("expected"), 100);
	EXPECT(field("lost") > 0);
	EXPECT_EQ(field("lost"), 100 - field("observed"));
	/* a single thread has no race */
	run("lock lock_mode=none threads=1 count=500");
	EXPECT_EQ(field("lost"), 0);
	EXPECT_EQ(of_times("wait", "n"), 0);
}

TEST(a_failed_allocation_is_a_result_and_without_its_own_memory_it_is_ENOMEM)
{
	int own = own_allocations("alloc count=500 pattern=batch batch=7");

	EXPECT(own > 2 && own < 10);
	EXPECT_EQ(field("failures"), 1);
	EXPECT_EQ(field("count"), 500);
	EXPECT_EQ(of_times("alloc", "n"), 499);
	EXPECT_EQ(of_times("free", "n"), 499);

	/* under rcu an update is copied first */
	fail_nth(own + 20);
	run("lock lock_mode=rcu threads=1 count=100");
	EXPECT_EQ(field("failures"), 1);
	EXPECT_EQ(field("expected"), 99);
	EXPECT_EQ(field("observed"), 99);
}

TEST(a_context_that_cannot_sleep_has_batches_of_64_and_reserves_no_more)
{
	SET("max_reserve_size", "256K");
	run("alloc alloc_context=softirq gfp_flags=GFP_ATOMIC count=1000 pattern=batch batch=4096");
	EXPECT_EQ(field("batch"), 64);
	EXPECT_EQ(field("count"), 1000);
	SET("max_reserve_size", "128K");
	EXPECT_ERRNO(ask(open_file(EXPERIMENT), "alloc alloc_context=softirq gfp_flags=GFP_ATOMIC pattern=batch batch=4096"),
		     ENOMEM);
}

TEST(batches_of_all_threads_are_within_the_cap_and_the_cap_is_given_back)
{
	char order[128], cap[32];
	int fd = open_file(EXPERIMENT);

	snprintf(cap, sizeof(cap), "%d", processors() * 16 * 65536);
	SET("max_total_size", cap);
	snprintf(order, sizeof(order), "alloc alloc_mode=vmalloc buffer_size=64K pattern=batch batch=16 count=32 threads=%d",
		 processors());
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(ask(fd, order), 0);
	snprintf(cap, sizeof(cap), "%d", processors() * 16 * 65536 - 1);
	SET("max_total_size", cap);
	EXPECT_ERRNO(ask(fd, order), ENOMEM);
	EXPECT_STR(rest(fd), "error: threads x batch buffers are more than max_total_size\n");
	close(fd);
}

/* ---- its end ---- */

TEST(a_kill_ends_a_run_long_before_its_ten_seconds)
{
	char order[128];

	/* the last thread in the queue for the lock no longer sleeps */
	snprintf(order, sizeof(order), "lock lock_mode=mutex delay=msleep:100 threads=%d count=%d",
		 processors(), 100 / processors() ?: 1);
	kill_ends(order);
	kill_ends("lock lock_mode=none delay=msleep:100 threads=1 count=100");
	kill_ends("alloc alloc_mode=vmalloc buffer_size=1M count=1000000");
	kill_ends("alloc alloc_mode=vmalloc buffer_size=8M count=1000000 touch=random");
	kill_ends("alloc alloc_mode=slab buffer_size=64K count=1000000 pattern=bulk free=random");
	kill_ends("alloc alloc_context=softirq gfp_flags=GFP_ATOMIC buffer_size=64K count=1000000 pattern=batch");
	if (processors() > 1)
		kill_ends("alloc pattern=remote batch=4096 alloc_context=workqueue count=1000000");
}

TEST(a_kill_does_not_wait_for_the_end_of_a_batch)
{
	double took, start, whole;
	char cap[32];

	/* filling it takes some seconds */
	snprintf(cap, sizeof(cap), "%lld", 64ll * 12 << 20);
	SET("max_total_size", cap);
	/* Before 5.11 mappable memory is not charged; pools of mempool may take a part. */
	SET("max_uncharged_size", "1G");
	took = time_of_kill("alloc alloc_mode=vmalloc buffer_size=64M pattern=batch batch=12 count=1000000");
	if (took < 1)
		return;
	/* more on a busy machine */
	start = seconds();
	run("alloc alloc_mode=vmalloc buffer_size=64M pattern=batch batch=12 count=12");
	whole = seconds() - start;
	report(took < whole / 2, "it took %.3f s, and a whole batch %.3f s", took, whole);
}

TEST(a_signal_that_does_not_kill_does_not_end_it)
{
	pid_t pid = run_in_child("lock lock_mode=none delay=msleep:10 threads=1 count=200");
	int status;

	EXPECT_EQ(kill(pid, SIGSTOP), 0);
	EXPECT_EQ(kill(pid, SIGCONT), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

/* The list of CPUs that a thread of the running experiment may be on */
static void allowed_cpus(const char *thread, char *list, size_t size)
{
	char path[300], line[300];
	DIR *all = opendir("/proc");
	struct dirent *entry;

	*list = 0;
	while (all && (entry = readdir(all))) {
		FILE *from;
		bool found = false;

		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		from = fopen(path, "r");
		while (from && fgets(line, sizeof(line), from)) {
			line[strcspn(line, "\n")] = 0;
			found |= !strncmp(line, "Name:\t", 6) && !strcmp(line + 6, thread);
			if (found && !strncmp(line, "Cpus_allowed_list:\t", 19))
				snprintf(list, size, "%s", line + 19);
		}
		if (from)
			fclose(from);
	}
	closedir(all);
}

TEST(threads_are_bound_to_the_cpus_of_the_order)
{
	char last[16], order[100], line[32], list[100];
	siginfo_t ended = { };
	int status;
	pid_t pid;

	run("lock count=10 cpus=0");
	EXPECT_EQ(field("threads"), 1);
	EXPECT_EQ(field("cpus"), 0);
	run("lock count=10");
	EXPECT_EQ(field("cpus"), -1);
	snprintf(last, sizeof(last), "%d", processors() - 1);
	snprintf(order, sizeof(order), "lock lock_mode=none delay=msleep:100 count=90 cpus=%s", last);
	pid = run_in_child(order);
	/* The order is EBUSY before its thread exists. */
	do {
		allowed_cpus("hello/0", list, sizeof(list));
		waitid(P_PID, pid, &ended, WEXITED | WNOHANG | WNOWAIT);
	} while (strcmp(list, last) && !ended.si_pid);
	EXPECT_STR(list, last);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	snprintf(line, sizeof(line), "cpus=%s,0", last);
	run("alloc count=10 %s threads=%d", line, processors() > 1 ? 2 : 1);
	EXPECT_EQ(field("failures"), 0);
}

TEST(while_one_runs_a_fresh_open_is_EBUSY_and_its_own_answer_is_read)
{
	int mine = open_file(EXPERIMENT), fresh = open_file(EXPERIMENT), status;
	pid_t pid;

	EXPECT_EQ(ask(mine, "alloc count=5"), 0);
	pid = run_in_child("lock lock_mode=none delay=msleep:100 threads=1 count=90");
	EXPECT_ERRNO(read(fresh, answer, 1), EBUSY);
	EXPECT_ERRNO(ask(mine, "alloc count=1"), EBUSY);
	EXPECT_EQ((rest(mine), field("count")), 5);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	close(mine);
	close(fresh);
}

TEST(readers_are_not_in_each_others_way)
{
	int status;

	run("alloc count=1");
	for (int p = 0; p < 4; p++)
		if (!fork()) {
			for (int i = 0; i < volume(500); i++) {
				int fd = open_file(EXPERIMENT);

				EXPECT(strlen(rest(fd)) > 300);
				close(fd);
			}
			stop(failures);
		}
	for (int p = 0; p < 4; p++) {
		EXPECT(wait(&status) > 0);
		EXPECT_EQ(status, 0);
	}
}

TEST(ten_seconds_are_the_most)
{
	run("alloc alloc_mode=vmalloc buffer_size=4M count=1000000 threads=%d", processors());
	EXPECT(field("elapsed_ns") >= 10000000000);
	EXPECT(field("elapsed_ns") < 20000000000ll * env("HELLO_TEST_SLOW"));
	EXPECT(field("count") > 0 && field("count") < 1000000);
	EXPECT_EQ(of_times("free", "n"), field("count") - field("failures"));
}
