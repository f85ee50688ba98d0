// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/control_ops.c: the settings, the recipe of an open file, statistics,
 * experiments and fault injection.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

#define SETTING_ERRNOS	"EINVAL EPERM EACCES EBUSY ENOSPC ENOENT ENODEV ENXIO"

static const char *const choices[SETTINGS][12] = {
	[MODE]	  = { "kmalloc", "vmalloc", "kvmalloc", "pages", "pages_exact", "slab", "mempool", "dma_coherent",
		      "vmalloc", "pages" },
	[GFP]	  = { "GFP_KERNEL", "GFP_USER", "GFP_KERNEL|__GFP_NORETRY", "GFP_NOWAIT", "GFP_ATOMIC", "GFP_NOFS",
		      "GFP_KERNEL|__GFP_THISNODE", "GFP_KERNEL" },
	[CONTEXT] = { "process", "workqueue", "softirq", "hardirq", "process" },
	[NODE]	  = { "-1", "0", "1", "7" },
	[INIT]	  = { "zero", "poison", "uninitialized" },
	[WHEN]	  = { "open", "first_use" },
	[BUFFER]  = { "private", "shared" },
	[LOCK]	  = { "mutex", "rwsem", "spinlock", "rwlock", "rcu" },
};

/* One of the values, or a size */
static void choose(int setting, struct arg k, struct arg size, char text[WORD_MAX])
{
	int nr = 0;

	if (setting == SIZE) {
		snprintf(text, WORD_MAX, "%zu", size_of(size) + 1 > MODEL_MAX ? MODEL_MAX : size_of(size) + 1);
		return;
	}
	while (choices[setting][nr])
		nr++;
	set_word(text, choices[setting][k.n % nr]);
}

/* Such allocations may fail. */
static void note_risk(const struct recipe *recipe)
{
	if ((strcmp(recipe->word[GFP], "GFP_KERNEL") && strcmp(recipe->word[GFP], "GFP_USER")) ||
	    strcmp(recipe->word[NODE], "-1"))
		world.squeezed = true;
}

/* ---- settings ---- */

static bool same_recipe(const struct recipe *a, const struct recipe *b, int words)
{
	for (int i = 0; i < words; i++)
		if (strcmp(a->word[i], b->word[i]))
			return false;
	return true;
}

/* Replaces a buffer that has memory, or only the recipe of one that has not */
static long long replace(struct buffer *b, const struct recipe *next)
{
	long long want = 0;

	if (b->allocated)
		want = model_replace(&b->m, strtoull(next->word[SIZE], NULL, 0));
	if (want)
		return want;
	b->recipe = *next;
	if (!b->allocated)
		buffer_refill(b);
	return 0;
}

/* The shared buffer follows new settings. */
static long long apply_shared(const struct recipe *recipe, bool live)
{
	struct buffer *b = &world.shared;
	struct recipe next = *recipe;
	size_t length = b->m.length;
	long long want;

	if (b->allocated && !live)
		return 0;
	if (b->allocated)
		set_word(next.word[INIT], b->recipe.word[INIT]);
	if (same_recipe(&next, &b->recipe, RECIPE_WORDS))
		return 0;
	want = replace(b, &next);
	if (!want && (live ? length != b->m.length : length || b->m.length))
		changed(NULL);
	return want;
}

static int shared_opens(void)
{
	int n = 0;

	for (int i = 0; i < HANDLES; i++)
		n += world.handle[i].file && is_shared(world.handle[i].file);
	for (int i = 0; i < MAPPINGS; i++)
		n += world.mapping[i].file && is_shared(world.mapping[i].file);
	for (int i = 0; i < world.nr_in_flight; i++)
		n += is_shared(world.in_flight[i]);
	return n;
}

static long long want_set(int setting, const char *value)
{
	struct recipe now, next;
	bool live;
	long long want = 0;

	settings_recipe(&now);
	next = now;
	if (setting < RECIPE_WORDS)
		set_word(next.word[setting], value);
	live = !strcmp(world.value[BUFFER], "shared") && !same_recipe(&next, &now, INIT);
	want = apply_shared(&next, live);
	if (!want && setting == LOCK && strcmp(value, world.value[LOCK]) && shared_opens())
		want = -EBUSY;
	if (!want)
		set_word(world.value[setting], value);
	return want;
}

/* Arguments: setting, value, size */
static void run_set(const struct op *op, const struct arg *a)
{
	int setting = a[0].n % SETTINGS;
	char text[WORD_MAX];
	struct recipe recipe;
	long long got;

	(void)op;
	choose(setting, a[1], a[2], text);
	if (!world.storm) {
		settings_recipe(&recipe);
		if (setting < RECIPE_WORDS)
			set_word(recipe.word[setting], text);
		note_risk(&recipe);
	}
	got = setting_write(setting_names[setting], text);
	if (refused(got))
		return;
	if (world.user) {
		expect(got, -EACCES, "a store by a user");
		return;
	}
	/* device/masks.c checks which values work together. */
	if (got != -EINVAL)
		expect(got, want_set(setting, text), "a store");
}

/* A valid value, changed in one byte, or with something after it */
static size_t mutate(char *text, size_t n, size_t max, unsigned long long seed)
{
	static const char *const tails[] = { "\n", "\n\n", " ", "K", "M", "G", "\t", "|", "|GFP_DMA", "=", "0", "\r\n" };
	unsigned long long state = seed * 2 + 1;
	unsigned long long r = model_random(&state);
	size_t at = n ? model_random(&state) % n : 0;

	switch (r % 8) {
	case 0:
		text[at] = model_random(&state);
		return n;
	case 1:
		return at;
	case 2:
		memmove(text + at + 1, text + at, n - at);
		text[at] = ' ' + model_random(&state) % 95;
		return n + 1;
	case 3:
		memset(text, '9', max);
		return 1 + model_random(&state) % max;
	case 4:
		memmove(text + n, text, n);
		return 2 * n;
	case 5:
		return 0;
	default:
		return n + snprintf(text + n, max - n, "%s", tails[r / 8 % ARRAY_SIZE(tails)]);
	}
}

/* A size that the device takes, but for which the model has no memory */
static bool beyond_model(const char *text)
{
	const char *equals = strchr(text, '=');
	char *end;
	unsigned long long n = strtoull(equals ? equals + 1 : text, &end, 0);

	if (*end && strchr("KMG", *end))
		n *= *end == 'K' ? 1 << 10 : 1 << 20;
	return n > MODEL_MAX;
}

/* Arguments: setting, value, size, seed of the mutation */
static void run_set_text(const struct op *op, const struct arg *a)
{
	static const char *const caps[] = { "max_buffer_size", "max_total_size", "reset", "uevent",
					    "available_gfp_flags", "stats/opens" };
	size_t nth = a[0].n % (SETTINGS + ARRAY_SIZE(caps));
	char text[5000] = "1", path[128];
	long long got;
	size_t n;

	(void)op;
	if (nth < SETTINGS)
		choose(nth, a[1], a[2], text);
	n = mutate(text, strlen(text), a[3].n % 16 ? 200 : sizeof(text) - 1, a[3].n);
	snprintf(path, sizeof(path), HELLO_SYSFS "%s", nth < SETTINGS ? setting_names[nth] : caps[nth - SETTINGS]);
	text[n] = '\0';
	if (nth == SIZE && beyond_model(text))
		return;
	/* With other caps, or after a reset, the model has no answers. */
	if (nth >= SETTINGS && n && (world.storm || text[0] == '1'))
		return;
	if (!strcmp(path + strlen(HELLO_SYSFS), "uevent") && n)
		return;
	got = file_write(path, text, n);
	if (refused(got < 0 ? got : 0))
		return;
	if (world.user) {
		expect(got < 0 && n ? got : -EACCES, -EACCES, "a store by a user");
		return;
	}
	if (got != -EINVAL && got != -EBUSY && got != -ENOSPC && got != -ENOMEM && got != -EIO && got != -EACCES)
		expect(got, n, "a store");
	if (got > 0) {
		learn_settings();
		world.squeezed = true;
	}
}

static void run_reset(const struct op *op, const struct arg *a)
{
	struct buffer *b = &world.shared;
	struct recipe recipe;
	size_t length = b->m.length;
	long long got;

	(void)op;
	(void)a;
	got = setting_write("reset", "1");
	if (refused(got))
		return;
	expect(got, world.user ? -EACCES : 0, "reset");
	if (world.user)
		return;
	if (shared_opens()) {
		model_truncate(&b->m, SIZE_MAX);
		b->emptied = true;
		changed(NULL);
		return;
	}
	settings_recipe(&recipe);
	buffer_init(b, &recipe);
	if (length || b->m.length)
		changed(NULL);
}

/* Only users are bound by it. */
static void run_max_opens(const struct op *op, const struct arg *a)
{
	char text[32];
	long long got;

	(void)op;
	snprintf(text, sizeof(text), "%lld", a[0].n % 8);
	got = setting_write("max_opens", text);
	if (refused(got))
		return;
	expect(got, world.user ? -EACCES : 0, "max_opens");
	if (!world.user)
		world.max_opens = a[0].n % 8;
}

/* Without room, calls fail and change nothing. */
static void run_max_total(const struct op *op, const struct arg *a)
{
	char text[32];
	long long got;

	(void)op;
	if (world.storm)
		return;
	snprintf(text, sizeof(text), "%lld", a[0].n % 4 ? 67108864 : a[0].n * 1000);
	got = setting_write("max_total_size", text);
	expect(got, world.user ? -EACCES : 0, "max_total_size");
	if (!got)
		world.squeezed = true;
}

/* ---- the recipe of an open file ---- */

/* Arguments: handle, words to give, choice, size */
static void run_recipe(const struct op *op, const struct arg *a)
{
	static const int words[] = { MODE, SIZE, INIT, GFP, CONTEXT, NODE };
	struct handle *h = handle_of(a[0]);
	struct hello_recipe_request req = { .size = sizeof(req) };
	char value[WORD_MAX];
	struct recipe next;
	long long got;
	int n = 0;

	(void)op;
	if (!h)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		/* The last three make most recipes invalid. */
		if (!(a[1].n >> i & 1) || (i >= 3 && a[1].n < 192))
			continue;
		choose(words[i], a[2], a[3], value);
		n += snprintf(req.recipe + n, sizeof(req.recipe) - n, "%s=%s ", setting_names[words[i]], value);
	}
	if (!world.storm) {
		next = h->file->buffer->recipe;
		recipe_parse(&next, req.recipe);
		note_risk(&next);
	}
	got = RET(ioctl(h->fd, HELLO_IOC_RECIPE, &req));
	if (refused(got))
		return;
	if (is_shared(h->file)) {
		expect(got, -EINVAL, "RECIPE of a shared file");
		return;
	}
	if (got == -EINVAL || (got == -EPERM && world.user))
		return;
	expect(got, replace(h->file->buffer, &next), "RECIPE");
}

/* Arguments: handle, choice, size, seed */
static void run_recipe_text(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	struct hello_recipe_request req = { .size = sizeof(req) };
	char value[WORD_MAX], text[2 * HELLO_RECIPE_MAX];
	int word = a[1].n % RECIPE_WORDS;
	size_t n, length;
	bool allocated;
	long long got;

	(void)op;
	if (!h)
		return;
	choose(word, a[1], a[2], value);
	n = snprintf(text, sizeof(text), "%s=%s", setting_names[word], value);
	n = mutate(text, n, HELLO_RECIPE_MAX, a[3].n);
	text[n] = '\0';
	if (word == SIZE && beyond_model(text))
		return;
	memcpy(req.recipe, text, n < HELLO_RECIPE_MAX ? n : HELLO_RECIPE_MAX);
	req.reserved = a[3].n % 32 == 1;
	got = RET(ioctl(h->fd, HELLO_IOC_RECIPE, &req));
	if (refused(got))
		return;
	if (is_shared(h->file) || req.reserved || n >= HELLO_RECIPE_MAX) {
		expect(got, -EINVAL, "RECIPE");
		return;
	}
	if (got) {
		if (got != -EINVAL && got != -EBUSY && got != -ENOSPC && got != -EPERM && got != -ENOMEM)
			expect(got, 0, "RECIPE");
		return;
	}
	world.squeezed = true;
	length = h->file->buffer->m.length;
	allocated = h->file->buffer->allocated;
	if (allocated)
		expect(!h->file->buffer->m.maps, true, "RECIPE of a mapped buffer fails");
	learn_buffer(h);
	if (!allocated)
		buffer_refill(h->file->buffer);
	expect(h->file->buffer->m.capacity >= length || !allocated, true, "the contents fit");
}

/* ---- statistics and other files ---- */

static void run_stats(const struct op *op, const struct arg *a)
{
	long long sum[2], made, freed;

	(void)op;
	(void)a;
	if (world.storm || world.user)
		return;
	live(sum);
	made = file_number(HELLO_SYSFS "stats/allocations");
	freed = file_number(HELLO_SYSFS "stats/frees");
	expect(file_number(HELLO_SYSFS "stats/opens"), opens(), "stats/opens");
	expect(file_number(HELLO_SYSFS "stats/live_buffers"), sum[0], "stats/live_buffers");
	expect(file_number(HELLO_SYSFS "stats/live_bytes"), sum[1], "stats/live_bytes");
	expect(made - freed, sum[0] - world.live_at_reset, "allocations without frees");
}

static void run_stats_reset(const struct op *op, const struct arg *a)
{
	long long sum[2], got;

	(void)op;
	(void)a;
	if (world.storm)
		return;
	got = file_write(HELLO_DEBUGFS "reset", "1", 1);
	expect(got, world.user ? -EACCES : 1, "a reset of the statistics");
	if (world.user)
		return;
	live(sum);
	world.live_at_reset = sum[0];
	world.outcome->counts_apart |= sum[0] != 0;
}

/* Reads a file of the device from an offset, in pieces. */
static void run_read_file(const struct op *op, const struct arg *a)
{
	static const char *const files[] = {
		HELLO_DEBUGFS "stats", HELLO_DEBUGFS "latency", HELLO_DEBUGFS "opens", HELLO_DEBUGFS "shared",
		HELLO_DEBUGFS "allocators", HELLO_DEBUGFS "contexts", HELLO_DEBUGFS "locks",
		HELLO_DEBUGFS "experiment", HELLO_DEBUGFS "fail/nth", HELLO_DEBUGFS "fail/times",
		HELLO_SYSFS "alloc_mode", HELLO_SYSFS "gfp_flags", HELLO_SYSFS "numa_node",
		HELLO_SYSFS "available_gfp_flags", HELLO_SYSFS "stats/pinned_bytes", HELLO_SYSFS "stats/peak_bytes",
		HELLO_SYSFS "uevent", HELLO_SYSFS "dev",
	};
	const char *path = files[a[0].n % ARRAY_SIZE(files)];
	int fd = open(path, O_RDONLY | O_CLOEXEC), lines = 0;
	char text[4097];
	long long n = -errno;

	(void)op;
	if (fd >= 0) {
		if (a[2].n % 4 == 3)
			lseek(fd, a[1].n, SEEK_SET);
		for (int i = 0; i < 1000 && (n = RET(read(fd, text, a[2].n % 2 ? 4096 : 1 + a[1].n % 4096))) > 0; i++)
			for (long long at = 0; at < n; at++)
				lines += text[at] == '\n';
		close(fd);
	}
	if (refused(n < 0 ? n : 0))
		return;
	if (n < 0) {
		expect(n, world.user ? -EACCES : 0, "a read of a file");
		return;
	}
	if (!strcmp(path, HELLO_DEBUGFS "opens") && a[2].n % 2 && a[2].n % 4 != 3)
		expect(lines - 1, opens(), "rows of debugfs opens");
}

/* ---- experiments and fault injection ---- */

static void run_experiment(const struct op *op, const struct arg *a)
{
	static const char *const orders[] = {
		"alloc count=%lld", "alloc count=%lld threads=2 pattern=batch batch=8 alloc_mode=vmalloc",
		"alloc count=%lld threads=2 pattern=remote alloc_mode=pages buffer_size=20000",
		"alloc count=%lld alloc_mode=slab pattern=batch batch=64", "alloc count=%lld batch=0",
		"lock count=%lld threads=2 lock_mode=mutex", "lock count=%lld threads=2 lock_mode=none",
		"lock count=%lld threads=2 lock_mode=rcu", "lock count=%lld lock_mode=spinlock delay=udelay:1",
		"lock count=%lld delay=msleep:1 lock_mode=spinlock", "%lld", "alloc alloc_context=softirq count=%lld",
		"alloc alloc_context=workqueue gfp_flags=GFP_KERNEL count=%lld", "lock threads=99 count=%lld",
	};
	int fd = open(HELLO_DEBUGFS "experiment", O_RDWR | O_CLOEXEC);
	long long got = -errno, n;
	char text[512];

	(void)op;
	if (fd >= 0) {
		n = snprintf(text, sizeof(text), orders[a[0].n % ARRAY_SIZE(orders)], a[1].n % 50);
		if (a[2].n % 8 == 0)
			n = mutate(text, n, 200, a[2].n);
		got = RET(write(fd, text, n));
		while (RET(read(fd, text, sizeof(text))) > 0)
			;
		close(fd);
	}
	if (refused(got < 0 ? got : 0) || got == -EINVAL)
		return;
	/* One of its own allocations */
	if (got != -ENOMEM)
		expect(got < 0 ? got : 0, world.user ? -EACCES : 0, "an experiment");
}

static void run_fail(const struct op *op, const struct arg *a)
{
	static const char *const knobs[] = { "nth", "probability", "times" };
	const char *knob = knobs[a[0].n % ARRAY_SIZE(knobs)];
	char path[128], text[32];
	long long got;
	int n;

	(void)op;
	snprintf(path, sizeof(path), HELLO_DEBUGFS "fail/%s", knob);
	n = snprintf(text, sizeof(text), "%lld", knob[0] == 'p' ? a[1].n % 4 * 10 : a[1].n % 16);
	got = file_write(path, text, n);
	if (refused(got < 0 ? got : 0))
		return;
	expect(got, world.user ? -EACCES : n, "a knob");
	if (!world.user)
		world.squeezed = true;
}

/* The knobs are off, and nothing is short: then every call succeeds again. */
static void run_calm(const struct op *op, const struct arg *a)
{
	struct recipe recipe;

	(void)op;
	(void)a;
	if (world.user)
		return;
	file_write(HELLO_DEBUGFS "fail/nth", "0", 1);
	file_write(HELLO_DEBUGFS "fail/probability", "0", 1);
	if (world.storm)
		return;
	expect(setting_write("max_total_size", "67108864"), 0, "max_total_size");
	world.squeezed = false;
	settings_recipe(&recipe);
	note_risk(&recipe);
	for (int i = 0; i < HANDLES; i++)
		if (world.handle[i].file)
			note_risk(&world.handle[i].file->buffer->recipe);
	for (int i = 0; i < world.nr_in_flight; i++)
		note_risk(&world.in_flight[i]->buffer->recipe);
	note_risk(&world.shared.recipe);
}

const struct op control_ops[] = {
	{ "set",		"kkn",	96, run_set, SETTING_ERRNOS, NULL },
	{ "set_text",		"kkns",	16, run_set_text, SETTING_ERRNOS " EIO", NULL },
	{ "reset",		"",	12, run_reset, SETTING_ERRNOS, NULL },
	{ "max_opens",		"k",	4, run_max_opens, SETTING_ERRNOS, NULL },
	{ "max_total",		"k",	4, run_max_total, SETTING_ERRNOS, NULL },
	{ "recipe",		"hkkn",	64, run_recipe, "EINVAL EPERM EBUSY ENOSPC", NULL },
	{ "recipe_text",	"hkns",	16, run_recipe_text, "EINVAL EPERM EBUSY ENOSPC", NULL },
	{ "stats",		"",	24, run_stats, "", NULL },
	{ "stats_reset",	"",	4, run_stats_reset, "", NULL },
	{ "read_file",		"knk",	24, run_read_file, SETTING_ERRNOS, NULL },
	{ "experiment",		"kkk",	1, run_experiment, "EINVAL EBUSY EPERM EACCES ENOENT", NULL },
	{ "fail",		"kk",	8, run_fail, "EACCES ENOENT", NULL },
	{ "calm",		"",	16, run_calm, "", NULL },
	{ }
};
