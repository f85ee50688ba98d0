// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/device/masks.c: every allocator x mask x context makes a working buffer or is
 * EINVAL, as the table says.
 */
#include <linux/hello.h>
#include <sys/ioctl.h>

#include "experiment.h"

static const char *const bases[] = {
	"GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO", "GFP_NOFS", "GFP_USER", "GFP_HIGHUSER", "GFP_DMA", "GFP_DMA32",
};
static const char *const modifiers[] = {
	"", "GFP_DMA", "GFP_DMA32", "__GFP_NORETRY", "__GFP_RETRY_MAYFAIL", "__GFP_THISNODE", "__GFP_HIGH",
};
static const char *const contexts[] = { "process", "workqueue", "softirq", "hardirq" };

/* The masks that each allocator takes: bases and modifiers */
#define ANY_BASE	"GFP_KERNEL GFP_ATOMIC GFP_NOWAIT GFP_NOIO GFP_NOFS GFP_USER "
#define ANY_MODIFIER	"__GFP_NORETRY __GFP_RETRY_MAYFAIL __GFP_THISNODE __GFP_HIGH "
#define RULES(RULE)										\
	RULE(kmalloc, ANY_BASE "GFP_DMA ", ANY_MODIFIER "GFP_DMA ")				\
	RULE(vmalloc, "GFP_KERNEL GFP_NOIO GFP_NOFS GFP_USER ", "__GFP_NORETRY ")		\
	RULE(kvmalloc, "GFP_KERNEL GFP_USER ", "")						\
	RULE(pages, ANY_BASE "GFP_HIGHUSER GFP_DMA GFP_DMA32 ", ANY_MODIFIER "GFP_DMA GFP_DMA32 ") \
	RULE(pages_exact, ANY_BASE "GFP_HIGHUSER GFP_DMA GFP_DMA32 ", ANY_MODIFIER "GFP_DMA GFP_DMA32 ") \
	RULE(slab, ANY_BASE, ANY_MODIFIER)							\
	RULE(mempool, "GFP_ATOMIC GFP_NOWAIT GFP_DMA ", ANY_MODIFIER "GFP_DMA ")		\
	RULE(dma_coherent, ANY_BASE, ANY_MODIFIER)

/* The same of the allocators that only experiments have */
#define EXPERIMENT_RULES(RULE)									\
	RULE(percpu, "GFP_KERNEL GFP_ATOMIC ", "__GFP_NORETRY ")				\
	RULE(page_frag, ANY_BASE "GFP_DMA GFP_DMA32 ", ANY_MODIFIER "GFP_DMA GFP_DMA32 ")	\
	RULE(vmalloc_huge, "GFP_KERNEL GFP_USER ", "__GFP_NORETRY ")				\
	RULE(alloc_pages_bulk, "GFP_KERNEL GFP_USER ", "__GFP_NORETRY ")

#define ROW(name, bases, modifiers)	{ #name, bases, modifiers },
static const struct rule {
	const char *mode, *bases, *modifiers;
} rules[] = { RULES(ROW) EXPERIMENT_RULES(ROW) };
static const char may_sleep[] = "GFP_KERNEL GFP_NOIO GFP_NOFS GFP_USER GFP_HIGHUSER ";
static const char zones[] = "GFP_HIGHUSER GFP_DMA GFP_DMA32 ";

static bool in(const char *list, const char *word)
{
	char with_blank[64];

	snprintf(with_blank, sizeof(with_blank), "%s ", word);
	for (const char *at = list; (at = strstr(at, with_blank)); at++)
		if (at == list || at[-1] == ' ')
			return true;
	return false;
}

/* Highmem has no kernel address: masks that allow it are offered only without highmem. */
static bool has_highmem(void)
{
	static int found = -1;
	char line[128];
	FILE *f;

	if (found >= 0)
		return found;
	f = fopen("/proc/meminfo", "re");
	ASSERT(EXPECT(f));
	for (found = 0; fgets(line, sizeof(line), f); )
		found |= !strncmp(line, "HighTotal:", 10);
	fclose(f);
	return found;
}

static bool works(const struct rule *rule, const char *base, const char *modifier, const char *context)
{
	if (!in(rule->bases, base) || (*modifier && !in(rule->modifiers, modifier)))
		return false;
	if (!strcmp(base, modifier) || (in(zones, base) && in(zones, modifier)))
		return false;
	if (!strcmp(base, "GFP_HIGHUSER") && has_highmem())
		return false;
	/* in interrupt context the allocator must not sleep */
	return !strstr(context, "irq") || !in(may_sleep, base);
}

static int change(int fd, const char *recipe)
{
	struct hello_recipe_request req = { .size = sizeof(req) };

	snprintf(req.recipe, sizeof(req.recipe), "%s", recipe);
	return ioctl(fd, HELLO_IOC_RECIPE, &req);
}

/* Only a small zone may be on another node than this */
static bool may_fail(const char *base, const char *modifier)
{
	return in(zones, base) && !strcmp(modifier, "__GFP_THISNODE");
}

static void try_buffer(const char *recipe, bool good, bool may_fail)
{
	static const char defaults[] = "alloc_mode=kmalloc gfp_flags=GFP_KERNEL alloc_context=process";
	char got[20], text[] = "all of this fits";
	int fd = open_hello(O_RDWR);

	EXPECT_EQ(pwrite(fd, text, sizeof(text), 0), sizeof(text));
	if (!good)
		EXPECT_ERRNO(change(fd, recipe), EINVAL);
	else if (change(fd, recipe))
		EXPECT(errno == ENOMEM && may_fail);
	EXPECT_EQ(pread(fd, got, sizeof(got), 0), sizeof(text));
	EXPECT_MEM(got, text, sizeof(text));
	EXPECT_EQ(change(fd, defaults), 0);
	close(fd);
}

static void try_order(const char *recipe, bool good, bool may_fail)
{
	char order[300];
	int fd = open_file(EXPERIMENT);

	snprintf(order, sizeof(order), "alloc count=1 %s", recipe);
	if (good)
		EXPECT_EQ(ask(fd, order), 0);
	else
		EXPECT_ERRNO(ask(fd, order), EINVAL);
	rest(fd);
	EXPECT(!good || may_fail || field("failures") == 0);
	close(fd);
}

static void try_all(const struct rule *rule, const char *context, void (*try)(const char *, bool, bool))
{
	char recipe[256];

	for (size_t b = 0; b < ARRAY_SIZE(bases); b++)
		for (size_t m = 0; m < ARRAY_SIZE(modifiers); m++) {
			snprintf(recipe, sizeof(recipe), "alloc_mode=%s gfp_flags=%s%s%s alloc_context=%s", rule->mode,
				 bases[b], *modifiers[m] ? "|" : "", modifiers[m], context);
			CASE("%s", recipe);
			try(recipe, works(rule, bases[b], modifiers[m], context), may_fail(bases[b], modifiers[m]));
		}
}

static void try_contexts(const char *mode, void (*try)(const char *, bool, bool))
{
	const struct rule *rule = rules;

	while (strcmp(rule->mode, mode))
		rule++;
	for (size_t c = 0; c < ARRAY_SIZE(contexts); c++)
		if (has_choice("alloc_context", contexts[c]))
			try_all(rule, contexts[c], try);
}

static void try_mode(const char *mode)
{
	if (!has_choice("alloc_mode", mode))
		SKIP("this machine has no %s", mode);
	try_contexts(mode, try_buffer);
}

/* Of the row of an allocator in debugfs: "both", "experiment", or "missing" */
static const char *use_of(const char *mode)
{
	static char use[32];
	char line[512], name[64];
	FILE *f = fopen(DEBUGFS "allocators", "re");

	ASSERT(EXPECT(f));
	for (*use = '\0'; !*use && fgets(line, sizeof(line), f);)
		if (sscanf(line, "%63s %*s %*s %*s %*s %*s %31s", name, use) > 0 && strcmp(name, mode))
			*use = '\0';
		else if (strstr(line, " missing: "))
			strcpy(use, "missing");
	fclose(f);
	return use;
}

/* sysfs neither lists nor takes it, and a descriptor does not either. */
static void try_experiment(const char *mode)
{
	char recipe[64];
	int fd = open_hello(O_RDWR);

	snprintf(recipe, sizeof(recipe), "alloc_mode=%s", mode);
	EXPECT(!has_choice("alloc_mode", mode));
	EXPECT_ERRNO(set("alloc_mode", mode), EINVAL);
	EXPECT_ERRNO(change(fd, recipe), EINVAL);
	close(fd);
	if (!strcmp(use_of(mode), "missing"))
		SKIP("this kernel has no %s", mode);
	EXPECT_STR(use_of(mode), "experiment");
	try_contexts(mode, try_order);
}

#define TRY(name, bases, modifiers)						\
	TEST(every_mask_and_context_of_##name##_works_or_is_EINVAL)		\
	{									\
		try_mode(#name);						\
	}
RULES(TRY)

#define TRY_EXPERIMENT(name, bases, modifiers)					\
	TEST(only_experiments_have_##name##_and_every_mask_and_context_works_or_is_EINVAL) \
	{									\
		try_experiment(#name);						\
	}
EXPERIMENT_RULES(TRY_EXPERIMENT)

TEST(the_table_of_this_test_has_every_allocator_context_and_mask)
{
	char masks[512] = "", line[512], mode[64];
	FILE *f = fopen(DEBUGFS "allocators", "re");
	size_t n = 0;

	ASSERT(EXPECT(f && fgets(line, sizeof(line), f)));
	while (fgets(line, sizeof(line), f)) {
		bool found = false;

		sscanf(line, "%63s", mode);
		for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
			found |= !strcmp(rules[i].mode, mode);
		report(found, "no rule for %s", mode);
		EXPECT_EQ(has_choice("alloc_mode", mode), !strcmp(use_of(mode), "both"));
		n++;
	}
	fclose(f);
	EXPECT_EQ(n, ARRAY_SIZE(rules));
	n = 0;
	FOR_EACH_CHOICE(context, "alloc_context") {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(contexts); i++)
			found |= !strcmp(contexts[i], context);
		report(found, "%s is not in this test", context);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		n += snprintf(masks + n, sizeof(masks) - n, "%s ", bases[i]);
	for (size_t i = 0; i < ARRAY_SIZE(modifiers); i++)
		if (modifiers[i][0] == '_')
			n += snprintf(masks + n, sizeof(masks) - n, "%s ", modifiers[i]);
	n = 0;
	FOR_EACH_CHOICE(mask, "available_gfp_flags") {
		report(in(masks, mask), "%s is not in this test", mask);
		n++;
	}
	EXPECT_EQ(n, 13);
}

/* Each store to a tunable must obey the same rules. */
TEST(sysfs_refuses_what_cannot_work_whichever_store_comes_last)
{
	EXPECT_ERRNO(set("alloc_context", "softirq"), EINVAL);		/* GFP_KERNEL */
	SET("gfp_flags", "GFP_ATOMIC");
	EXPECT_EQ(set("alloc_context", "softirq"), 0);
	EXPECT_ERRNO(set("gfp_flags", "GFP_KERNEL"), EINVAL);
	EXPECT_ERRNO(set("alloc_mode", "vmalloc"), EINVAL);
	EXPECT_ERRNO(set("buffer_size", "65537"), EINVAL);		/* at most 64 KiB there */
	EXPECT_EQ(set("buffer_size", "64K"), 0);
	SET("buffer_size", "4096");
	SET("alloc_context", "process");
	SET("buffer_size", "65537");
	EXPECT_ERRNO(set("alloc_context", "hardirq"), EINVAL);
	EXPECT_STR(get("alloc_context"), "process");
}

TEST(the_words_of_a_mask_are_kept_as_given_not_as_bits)
{
	SET("gfp_flags", "GFP_KERNEL|__GFP_NORETRY");
	EXPECT_STR(get("gfp_flags"), "GFP_KERNEL|__GFP_NORETRY");
	SET("gfp_flags", "GFP_NOWAIT|__GFP_HIGH");	/* the bits of GFP_ATOMIC on many kernels */
	EXPECT_STR(get("gfp_flags"), "GFP_NOWAIT|__GFP_HIGH");
	SET("gfp_flags", "GFP_DMA\n");
	EXPECT_STR(get("gfp_flags"), "GFP_DMA");
}

/* A buffer from each context is complete and zeroed. */
TEST(a_buffer_of_every_context_is_whole_and_zeroed)
{
	char buf[4096], zeros[4000] = "";

	SET("gfp_flags", "GFP_ATOMIC");
	FOR_EACH_CHOICE(context, "alloc_context") {
		CASE("%s", context);
		SET("alloc_context", context);
		for (int i = 0; i < 20; i++) {
			int fd = open_hello(O_RDWR);

			EXPECT_EQ(pwrite(fd, "x", 1, 4000), 1);
			EXPECT_EQ(pread(fd, buf, 4096, 0), 4001);
			EXPECT_MEM(buf, zeros, 4000);
			close(fd);
		}
	}
}
