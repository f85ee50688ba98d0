// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/kernels/fail-nth/store.c: each allocation and copy fails once in the stores of sysfs,
 * which in shared mode migrate.
 */
#include "walk.h"

static const char *file;
static char old_value[4096];
static char new_value[64];

static long do_store(void)
{
	char name[512];
	int f, err;
	ssize_t n;

	snprintf(name, sizeof(name), HELLO_SYSFS "/%s", file);
	f = open(name, O_WRONLY | O_CLOEXEC);
	if (f < 0)
		return -1;
	n = write(f, new_value, strlen(new_value));
	err = errno;
	close(f);
	errno = err;
	return n;
}

static long store_back(void)
{
	EXPECT_STR(get(file), new_value);
	return set(file, old_value);
}

/* Walks a store of value, if it works and changes something. */
static bool walk_store(const char *name, const char *value, long (*prepare)(void), long (*undo)(void))
{
	char what[128];

	file = name;
	snprintf(old_value, sizeof(old_value), "%s", get(name));
	snprintf(new_value, sizeof(new_value), "%s", value);
	if (!strcmp(old_value, value) || set(name, value) || strcmp(get(name), value))
		return set(name, old_value) && false;
	SET(name, old_value);
	snprintf(what, sizeof(what), "%s to %s", name, value);
	WALK(what, .prepare = prepare, .call = do_store, .undo = undo);
	return true;
}

TEST(every_store_fails_clean)
{
	static const char *const values[] = { "0", "8192", "1000000", "GFP_USER" };

	get_ready();
	for (int i = 0; i < nr_tunables; i++) {
		const char *name = tunables[i].name;
		int walked = 0;

		FOR_EACH_CHOICE(word, name)
			walked += walk_store(name, word, NULL, store_back);
		for (size_t v = 0; v < ARRAY_SIZE(values) && !walked; v++)
			walked += walk_store(name, values[v], NULL, store_back);
		/* Skip settings with a single possible value, as with one node. */
		printf("# %s: %d values\n", name, walked);
	}
}

static long store_back_and_close(void)
{
	return store_back() ?: close_and_reset();
}

TEST(every_migration_fails_clean)
{
	get_ready();
	SET("buffer_mode", "shared");
	SET("buffer_size", "20000");
	FOR_EACH_CHOICE(mode, "alloc_mode")
		walk_store("alloc_mode", mode, fresh, store_back_and_close);
	FOR_EACH_CHOICE(lock, "lock_mode") {
		SET("lock_mode", lock);
		EXPECT(walk_store("buffer_size", "30000", fresh, store_back_and_close));
	}
}

static long fresh_and_closed(void)
{
	return fresh() ?: close_it();
}

static long do_reset(void)
{
	file = "reset";
	strcpy(new_value, "1");
	return do_store();
}

TEST(reset_fails_clean)
{
	get_ready();
	SET("buffer_mode", "shared");
	SET("buffer_size", "20000");
	WALK("reset", .prepare = fresh_and_closed, .call = do_reset);
}
