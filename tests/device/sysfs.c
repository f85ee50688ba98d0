// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/sysfs.c: the values that each tunable takes, refuses and shows; a refused
 * store leaves the old value.
 */
#include "harness.h"

static const char *const choice_files[] = {
	"alloc_mode", "alloc_context", "init_mode", "alloc_when", "buffer_mode", "lock_mode",
};
static const char *const size_files[] = {
	"buffer_size", "max_buffer_size", "max_total_size", "max_reserve_size",
};

#define V(s)	{ s, sizeof(s) - 1 }
static const struct value {
	const char *text;
	size_t len;
} bad_everywhere[] = {
	V("\n"), V(" "), V("-1"), V("18446744073709551616"), V("99999999999999999999999"), V("0x"), V("1 2"),
	V("%n%n%s"), V("nonsense"), V("4096\n\n"), V(" 4096"), V("4096 "), V("0x1G2"), V("1KK"), V("1KB"), V("1k"),
	V("K"), V("1.5M"), V("0x1P"), V("17179869184G"), V("4096;reboot"), V("4096\0x"), V("4096\0"),
	V("[kmalloc]"), V("KMALLOC"), V(" kmalloc"), V("kmalloc "), V("kmalloc\n\n"), V("kmalloc vmalloc"),
	V("kmalloc\0x"), V("kmal"), V("kmallocx"), V("Private"), V("[private]"), V("GFP_KERNEL|"), V("|GFP_KERNEL"),
	V("GFP_KERNEL|GFP_KERNEL"), V("GFP_KERNEL GFP_ATOMIC"), V("GFP_KERNEL|GFP_ATOMIC"), V("gfp_kernel"),
	V("__GFP_NORETRY"), V("GFP_KERNEL||__GFP_NORETRY"), V("GFP_KERNEL|__GFP_NOFAIL"),
};

static bool exists(const char *file)
{
	int fd = open_sysfs(file, O_RDONLY);

	close(fd);
	return fd >= 0;
}

static void expect_refused(const char *file, const void *value, size_t n)
{
	char *before = strdup(get_text(file));

	EXPECT_ERRNO(set_bytes(file, value, n), EINVAL);
	EXPECT_STR(get_text(file), before);
	free(before);
}

TEST(no_tunable_takes_nonsense)
{
	char page[4096];

	memset(page, 'A', sizeof(page));
	for (int i = 0; i < nr_tunables; i++) {
		const char *file = tunables[i].name;

		for (size_t b = 0; b < ARRAY_SIZE(bad_everywhere); b++) {
			CASE("%s value %zu \"%s\"", file, b, bad_everywhere[b].text);
			/* numa_node -1 is its own default */
			if (strcmp(file, "numa_node") || strcmp(bad_everywhere[b].text, "-1"))
				expect_refused(file, bad_everywhere[b].text, bad_everywhere[b].len);
		}
		CASE("%s long values", file);
		expect_refused(file, page, 4095);
		expect_refused(file, page, 4096);
		EXPECT_EQ(set_bytes(file, "", 0), 0);	/* stores nothing, says nothing */
		EXPECT_STR(get(file), tunables[i].value);
	}
}

TEST(every_listed_word_is_known_and_exactly_one_is_current)
{
	for (size_t i = 0; i < ARRAY_SIZE(choice_files); i++) {
		char *text = get_text(choice_files[i]);

		CASE("%s", choice_files[i]);
		if (!exists(choice_files[i]))
			continue;
		EXPECT(strchr(text, '[') && strchr(text, '[') == strrchr(text, '['));
		EXPECT(strchr(text, ']') && strchr(text, ']') == strrchr(text, ']'));
	}
}

TEST(a_choice_takes_its_word_with_and_without_a_newline)
{
	EXPECT_EQ(set("alloc_mode", "vmalloc"), 0);
	EXPECT_STR(get("alloc_mode"), "vmalloc");
	EXPECT_EQ(set("alloc_mode", "pages\n"), 0);
	EXPECT_STR(get("alloc_mode"), "pages");
	FOR_EACH_ALLOCATOR(mode)
		EXPECT_STR(get("alloc_mode"), mode);
	FOR_EACH_CHOICE(word, "init_mode") {
		EXPECT_EQ(set("init_mode", word), 0);
		EXPECT_STR(get("init_mode"), word);
	}
	FOR_EACH_CHOICE(word, "lock_mode") {
		EXPECT_EQ(set("lock_mode", word), 0);
		EXPECT_STR(get("lock_mode"), word);
	}
}

TEST(sizes_take_decimal_and_hex_with_one_suffix_and_print_bytes)
{
	static const struct {
		const char *text;
		long long want;
	} good[] = {
		{ "1", 1 }, { "4096", 4096 }, { "4096\n", 4096 }, { "0x1000", 4096 }, { "0xfF", 255 },
		{ "1K", 1024 }, { "0x10K\n", 16384 }, { "1M", 1 << 20 },
	};

	SET("alloc_mode", "vmalloc");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CASE("\"%s\"", good[i].text);
		EXPECT_EQ(set("buffer_size", good[i].text), 0);
		EXPECT_EQ(number("buffer_size"), good[i].want);
		EXPECT_EQ(strspn(get_text("buffer_size"), "0123456789"), strlen(get_text("buffer_size")));
	}
	expect_refused("buffer_size", "0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(size_files); i++)
		if (exists(size_files[i])) {
			bool of_a_buffer = strstr(size_files[i], "buffer_size");

			/* the largest buffer is 2 GiB less one byte on 32 bit */
			CASE("%s", size_files[i]);
			EXPECT_EQ(set(size_files[i], "2G"), !of_a_buffer ||
				  (sizeof(long) > 4 && strcmp(size_files[i], "buffer_size")) ? 0 : -1);
		}
}

/* A store checks the whole recipe: allocator and size must fit each other. */
TEST(a_store_that_does_not_fit_the_other_settings_is_EINVAL_in_either_order)
{
	EXPECT_ERRNO(set("buffer_size", "64M"), EINVAL);	/* kmalloc */
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "64M");
	EXPECT_ERRNO(set("alloc_mode", "kmalloc"), EINVAL);
	EXPECT_ERRNO(set("gfp_flags", "GFP_ATOMIC"), EINVAL);
	EXPECT_STR(get("alloc_mode"), "vmalloc");
	SET("buffer_size", "4096");
	SET("alloc_mode", "kmalloc");
	SET("gfp_flags", "GFP_ATOMIC");
	EXPECT_ERRNO(set("alloc_mode", "vmalloc"), EINVAL);
}

TEST(reset_takes_1_alone)
{
	static const char *const bad[] = { "0", "2", "\n", "-1", "yes", "1 1", "01x" };

	EXPECT_EQ(set("reset", "1"), 0);
	EXPECT_EQ(set("reset", "1\n"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CASE("\"%s\"", bad[i]);
		EXPECT_ERRNO(set("reset", bad[i]), EINVAL);
	}
}

static void expect_mode(const char *file, int mode)
{
	int fd = open_sysfs(file, O_PATH);
	struct stat st;

	CASE("%s", file);
	EXPECT_EQ(fstat(fd, &st), 0);
	EXPECT_EQ(st.st_mode & 07777, mode);
	EXPECT_EQ(st.st_uid, 0);
	close(fd);
}

TEST(the_files_have_the_modes_that_protect_them)
{
	static const char *const stats[] = {
		"stats/allocations", "stats/frees", "stats/failures", "stats/live_buffers", "stats/live_bytes",
		"stats/peak_bytes", "stats/opens",
	};

	for (int i = 0; i < nr_tunables; i++)
		expect_mode(tunables[i].name, 0644);
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++)
		expect_mode(stats[i], 0444);
	expect_mode("reset", 0200);
}

TEST(gfp_flags_takes_words_not_bits)
{
	expect_refused("gfp_flags", "0xcc0", 5);
	expect_refused("gfp_flags", "3264", 4);
}

TEST(live_private_buffers_keep_their_recipe)
{
	char text[9000];
	int fd = open_hello(O_RDWR), late;

	EXPECT_EQ(write(fd, "kept", 4), 4);
	SET("alloc_mode", "vmalloc");
	SET("buffer_size", "8192");
	SET("init_mode", "poison");
	EXPECT_EQ(pread(fd, text, sizeof(text), 0), 4);
	EXPECT_MEM(text, "kept", 4);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 4096), ENOSPC);
	late = open_hello(O_RDWR);
	EXPECT_EQ(pread(late, text, sizeof(text), 0), 8192);
}
