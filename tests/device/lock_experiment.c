// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/lock_experiment.c: what readers and writers of each kind of lock see in
 * debugfs experiment, and the kinds that it offers beside those of lock_mode.
 */
#include "experiment.h"

/* The kinds that only the experiment offers, without none */
#define OTHERS	"seqlock semaphore percpu_rwsem atomic percpu"

#define FOR_EACH_WORD(word, words)					\
	for (char *rest_ = strdupa(words), *word; (word = strsep(&rest_, " "));)

/* All kinds but none: those of lock_mode first */
static const char *kinds(void)
{
	static char all[256];
	size_t length = 0;

	FOR_EACH_CHOICE(lock, "lock_mode")
		length += snprintf(all + length, sizeof(all) - length, "%s ", lock);
	snprintf(all + length, sizeof(all) - length, OTHERS);
	return all;
}

static bool one_word(const char *kind)
{
	return !strcmp(kind, "atomic") || !strcmp(kind, "percpu");
}

TEST(lock_mode_of_the_buffer_lists_no_kind_of_the_experiment_alone)
{
	FOR_EACH_WORD(kind, OTHERS " none") {
		CASE("%s", kind);
		EXPECT(!has_choice("lock_mode", kind));
		EXPECT_ERRNO(set("lock_mode", kind), EINVAL);
	}
}

TEST(locks_says_where_each_kind_can_be_used)
{
	FILE *file = fopen(DEBUGFS "locks", "re");
	char line[256], name[32], use[32];
	int both = 0, experiment = 0;

	ASSERT(EXPECT(file && fgets(line, sizeof(line), file)));
	EXPECT_EQ(sscanf(line, "lock %31s promise", use), 1);
	EXPECT_STR(use, "use");
	while (fgets(line, sizeof(line), file)) {
		CASE("%s", line);
		ASSERT(EXPECT_EQ(sscanf(line, "%31s %31s", name, use), 2));
		EXPECT_STR(use, has_choice("lock_mode", name) ? "both" : "experiment");
		both += !strcmp(use, "both");
		experiment += !strcmp(use, "experiment");
		run("lock lock_mode=%s count=1", name);
	}
	CASE("%s", "");
	FOR_EACH_CHOICE(lock, "lock_mode")
		both -= !!*lock;
	EXPECT_EQ(both, 0);
	EXPECT_EQ(experiment, 6);
	fclose(file);
}

TEST(reads_are_exactly_their_share_of_the_operations)
{
	static const struct {
		int count, percent, reads;	/* reads of one thread */
	} cases[] = {
		{ 1000, 0, 0 }, { 1000, 1, 10 }, { 1000, 50, 500 }, { 1000, 99, 990 },
		{ 1000, 100, 1000 }, { 7, 50, 3 }, { 1, 99, 0 }, { 1, 100, 1 }, { 199, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CASE("count=%d reads=%d", cases[i].count, cases[i].percent);
		run("lock threads=1 count=%d reads=%d", cases[i].count, cases[i].percent);
		EXPECT_EQ(field("reads"), cases[i].reads);
		EXPECT_EQ(field("writes"), cases[i].count - cases[i].reads);
		run("lock threads=%d count=%d reads=%d", processors(), cases[i].count, cases[i].percent);
		EXPECT_EQ(field("reads"), processors() * cases[i].count * cases[i].percent / 100);
		EXPECT_EQ(field("reads") + field("writes"), processors() * cases[i].count);
	}
}

TEST(each_kind_but_none_loses_no_update_and_tears_no_read)
{
	static const char *const delays[] = { "none", "udelay:20" };

	FOR_EACH_WORD(kind, kinds())
		for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
			int count = volume(i == 0 ? 1000 : 200), all = processors() * count;

			CASE("%s, %s", kind, delays[i]);
			run("lock lock_mode=%s count=%d threads=%d reads=50 delay=%s", kind, count,
			    processors(), delays[i]);
			EXPECT_EQ(field("reads"), all / 2);
			EXPECT_EQ(field("writes"), all / 2);
			EXPECT_EQ(field("failures"), 0);
			EXPECT_EQ(field("expected"), all / 2);
			EXPECT_EQ(field("observed"), all / 2);
			EXPECT_EQ(field("lost"), 0);
			EXPECT_EQ(field("torn"), one_word(kind) ? -1 : 0);
			EXPECT_EQ(of_times("read", "n"), all / 2);
			EXPECT_EQ(of_times("write", "n"), all / 2);
			EXPECT(of_times("write", "max") >= (i ? 20000 : 0));
			EXPECT(of_times("read", "max") >= of_times("read", "p50"));
		}
}

TEST(without_a_lock_reads_are_torn_and_counted)
{
	if (processors() < 2)
		SKIP("a race takes two processors");
	run("lock lock_mode=none threads=2 count=100 reads=50 delay=msleep:1");
	EXPECT(field("torn") > 0);
	EXPECT(field("torn") <= field("reads"));
	EXPECT(field("lost") > 0);
	EXPECT_EQ(field("lost"), 100 - field("observed"));
	/* neither a single thread nor readers alone have a race */
	run("lock lock_mode=none threads=1 count=500 reads=50");
	EXPECT_EQ(field("torn"), 0);
	run("lock lock_mode=none threads=2 count=500 reads=100");
	EXPECT_EQ(field("torn"), 0);
	EXPECT_EQ(field("writes"), 0);
	EXPECT_EQ(field("observed"), 0);
}

TEST(a_reader_of_a_seqlock_retries_after_an_update_and_no_other_reader_does)
{
	long long retries = 0;

	if (processors() < 2)
		SKIP("a race takes two processors");
	/* one run has some; many may be needed on processors that run in turn */
	for (int i = 0; i < 50 && !retries; i++) {
		run("lock lock_mode=seqlock threads=2 count=%d reads=90 delay=udelay:1", i ? 20000 : 2000);
		EXPECT_EQ(field("torn"), 0);
		retries = field("retries");
	}
	EXPECT(retries > 0);
	run("lock lock_mode=seqlock threads=2 count=2000 reads=100 delay=udelay:1");
	EXPECT_EQ(field("retries"), 0);
	FOR_EACH_WORD(kind, kinds())
		if (strcmp(kind, "seqlock")) {
			CASE("%s", kind);
			run("lock lock_mode=%s threads=2 count=100 reads=50", kind);
			EXPECT_EQ(field("retries"), 0);
		}
}

TEST(a_reader_of_rcu_never_sees_freed_memory)
{
	/* an update begins and ends while the reader holds the old version */
	for (int i = 0; i < 5; i++) {
		run("lock lock_mode=rcu threads=%d count=%d reads=50 delay=udelay:1", processors(),
		    volume(3000));
		EXPECT_EQ(field("torn"), 0);
		EXPECT_EQ(field("lost"), 0);
	}
}

/* Waits and holds are of operations that take a lock */
TEST(readers_that_take_no_lock_do_not_wait)
{
	static const struct {
		const char *kind;
		bool reads, writes;
	} cases[] = {
		{ "none", false, false }, { "mutex", true, true }, { "rwsem", true, true },
		{ "spinlock", true, true }, { "rwlock", true, true }, { "rcu", false, true },
		{ "seqlock", false, true }, { "semaphore", true, true },
		{ "percpu_rwsem", true, true }, { "atomic", false, false }, { "percpu", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CASE("%s", cases[i].kind);
		run("lock lock_mode=%s threads=1 count=100 reads=30", cases[i].kind);
		EXPECT_EQ(of_times("wait", "n"), 30 * cases[i].reads + 70 * cases[i].writes);
		EXPECT_EQ(of_times("hold", "n"), of_times("wait", "n"));
		EXPECT_EQ(of_times("read", "n"), 30);
		EXPECT_EQ(of_times("write", "n"), 70);
	}
}

TEST(an_order_that_no_run_can_obey_is_EINVAL_with_the_reason)
{
	static const struct {
		const char *order, *reason;
	} cases[] = {
		{ "lock reads=101", "no 'reads=101' here" },
		{ "lock reads=-1", "no 'reads=-1' here" },
		{ "lock reads=", "no 'reads=' here" },
		{ "lock reads=50%", "no 'reads=50%' here" },
		{ "alloc reads=50", "reads" },
		{ "lock lock_mode=percpu_mutex", "no 'lock_mode=percpu_mutex' here" },
		{ "lock lock_mode=seqlock delay=msleep:1 count=1", "must not sleep" },
		{ "lock lock_mode=seqlock delay=msleep:1 count=1 reads=100", "must not sleep" },
		{ "lock threads=1 count=202 reads=50 delay=msleep:100", "more than 10 seconds" },
	};
	int fd = open_file(EXPERIMENT);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CASE("'%s'", cases[i].order);
		EXPECT_ERRNO(ask(fd, cases[i].order), EINVAL);
		report(!strncmp(rest(fd), "error: ", 7) && strstr(answer, cases[i].reason),
		       "the answer is '%s'", answer);
	}
	close(fd);
	CASE("%s", "");
	/* readers do not delay, so they do not count */
	run("lock threads=1 count=1000000 reads=100 delay=msleep:100");
	/* nothing is held while these delay */
	run("lock lock_mode=atomic threads=1 count=2 delay=msleep:1");
	run("lock lock_mode=percpu threads=1 count=2 delay=msleep:1");
	run("lock lock_mode=percpu_rwsem threads=1 count=2 delay=msleep:1");
	run("lock lock_mode=semaphore threads=1 count=2 delay=msleep:1");
}

TEST(a_delay_that_a_later_word_takes_back_is_none)
{
	run("lock threads=1 count=10 delay=mdelay:7 delay=none");
	EXPECT(strstr(answer, "\ndelay: none:0\n"));
	run("lock threads=1 count=10 delay=none delay=udelay:3");
	EXPECT(strstr(answer, "\ndelay: udelay:3\n"));
}

TEST(a_kind_whose_own_memory_fails_is_ENOMEM)
{
	int usual = own_allocations("lock lock_mode=mutex threads=1 count=1 reads=100");
	char order[64];

	EXPECT(usual > 1);
	FOR_EACH_WORD(kind, OTHERS " rcu") {
		CASE("%s", kind);
		snprintf(order, sizeof(order), "lock lock_mode=%s threads=1 count=1 reads=100", kind);
		EXPECT_EQ(own_allocations(order), usual + (!strcmp(kind, "percpu_rwsem") || !strcmp(kind, "percpu") ||
							   !strcmp(kind, "rcu")));
	}
}

TEST(a_kill_ends_readers_and_writers_of_each_kind)
{
	int threads = processors() < 2 ? 1 : 2;
	char order[128];

	FOR_EACH_WORD(kind, kinds()) {
		snprintf(order, sizeof(order), "lock lock_mode=%s threads=%d count=%d reads=50 delay=mdelay:10",
			 kind, threads, 1800 / threads);
		kill_ends(order);
	}
}
