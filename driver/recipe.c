// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recipe of a buffer: the text of its words, and the check that they work
 * together.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/string.h>

#include "alloc.h"
#include "context.h"
#include "field.h"
#include "gfp.h"
#include "recipe.h"
#include "stats.h"
#include "table.h"
#include "text.h"

static struct hello_entry init_modes[] = {
	[HELLO_INIT_ZERO]	   = { .name = "zero" },
	[HELLO_INIT_POISON]	   = { .name = "poison" },
	[HELLO_INIT_UNINITIALIZED] = {
		.name = "uninitialized",
		.missing = "it shows stale kernel memory: load with allow_uninitialized=1",
	},
};

const struct hello_table hello_init_mode_table = HELLO_ENTRIES(init_modes);

/**
 * hello_recipe_allow_uninitialized() - offer init_mode=uninitialized
 *
 * Context: module init, before any recipe is parsed.
 */
void hello_recipe_allow_uninitialized(void)
{
	init_modes[HELLO_INIT_UNINITIALIZED].missing = NULL;
}

/* ---- the text ---- */

#define WORD(kind, name, table, text)	\
	HELLO_FIELD(struct hello_recipe, kind, name, table),
static const struct hello_field words[] = { HELLO_RECIPE_WORDS(WORD) };

#define SIZE(kind, name, table, text)	+ sizeof(hello_field_##kind##_t)
static_assert(HELLO_RECIPE_WORDS(SIZE) + sizeof_field(struct hello_recipe, extra) +
	      sizeof_field(struct hello_recipe, mask) +
	      sizeof_field(struct hello_recipe, cell) == sizeof(struct hello_recipe),
	      "each member that is not resolved needs its word");

static const struct hello_field *find_word(const char *name, size_t len)
{
	const struct hello_field *word;

	for (word = words; word < words + ARRAY_SIZE(words); word++)
		if (strlen(word->name) == len && !memcmp(word->name, name, len))
			return word;
	return NULL;
}

/**
 * hello_recipe_parse() - change a recipe by words like "buffer_size=64K"
 * @text: words separated by blanks; it is written to
 * @recipe: words that are not given keep their value; changed on success only
 * @why: HELLO_WHY_MAX bytes for the reason of a failure
 *
 * Return: 0 or -EINVAL.
 */
int hello_recipe_parse(char *text, struct hello_recipe *recipe, char *why)
{
	struct hello_recipe next = *recipe;
	char shown[HELLO_TEXT_ESCAPED(40)];
	char *token;

	while ((token = strsep(&text, " \t\n"))) {
		const struct hello_field *word;
		size_t len = strcspn(token, "=");
		const char *value = token + len + 1;

		if (!*token)
			continue;
		word = find_word(token, len);
		if (!word || !token[len])
			return hello_text_invalid(why, "a recipe has no word '%s'",
						  hello_text_escape(shown, sizeof(shown),
								    token));
		if (hello_field_parse(word, value, &next))
			return hello_text_invalid(why, "%s cannot be '%s'", word->name,
						  hello_text_escape(shown, sizeof(shown),
								    value));
	}
	*recipe = next;
	return 0;
}

/**
 * hello_recipe_print() - print a recipe as hello_recipe_parse() takes it
 * @recipe: the recipe
 * @buf: where the text goes; HELLO_RECIPE_MAX bytes are always enough
 * @size: size of @buf
 *
 * Return: the length of the text.
 */
int hello_recipe_print(const struct hello_recipe *recipe, char *buf,
		       size_t size)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		len += scnprintf(buf + len, size - len, "%s%s=", i ? " " : "",
				 words[i].name);
		len += hello_field_print(&words[i], recipe, false, buf + len,
					 size - len);
	}
	return len;
}

/**
 * hello_recipe_same_memory() - whether two resolved recipes differ in init_mode at most
 * @a: a recipe
 * @b: another
 */
bool hello_recipe_same_memory(const struct hello_recipe *a,
			      const struct hello_recipe *b)
{
	struct hello_recipe other = *b;

	other.init_mode = a->init_mode;
	hello_recipe_resolve(&other);
	return hello_recipe_same(a, &other);
}

/* ---- the rules ---- */

static int check_mask(const struct hello_recipe *recipe, char *why)
{
	const char *allocator = hello_allocators[recipe->alloc_mode].entry.name;
	const char *context =
		hello_table_get(&hello_context_table, recipe->alloc_context)->name;
	u32 honoured = hello_allocators[recipe->alloc_mode].words;
	const char *conflict = hello_gfp_conflict(recipe->gfp_flags);
	char takes[2 * HELLO_GFP_TEXT];
	char mask[HELLO_GFP_TEXT];

	if (conflict)
		return hello_text_invalid(why, "%s", conflict);
	hello_gfp_print(recipe->gfp_flags & ~honoured, "|", mask, sizeof(mask));
	hello_gfp_print(honoured, " ", takes, sizeof(takes));
	if (*mask)
		return hello_text_invalid(why, "%s does not take %s; it takes %s",
					  allocator, mask, takes);
	if (hello_context_atomic(recipe->alloc_context) &&
	    gfpflags_allow_blocking(hello_gfp_bits(recipe->gfp_flags))) {
		hello_gfp_print(recipe->gfp_flags, "|", mask, sizeof(mask));
		return hello_text_invalid(why, "%s may sleep, %s cannot; use GFP_ATOMIC or GFP_NOWAIT, and not vmalloc or kvmalloc",
					  mask, context);
	}
	return 0;
}

/**
 * hello_recipe_check() - check that the words of a recipe work together
 * @recipe: the recipe; resolved on success
 * @max_size: the largest buffer_size in bytes
 * @why: HELLO_WHY_MAX bytes for the reason and the cure of a failure
 *
 * Return: 0 or -EINVAL.
 */
int hello_recipe_check(struct hello_recipe *recipe, u64 max_size, char *why)
{
	const char *allocator = hello_allocators[recipe->alloc_mode].entry.name;
	u64 max = hello_alloc_max(recipe->alloc_mode);

	if (!recipe->buffer_size)
		return hello_text_invalid(why, "a buffer has at least 1 byte");
	if (recipe->buffer_size > max_size)
		return hello_text_invalid(why, "max_buffer_size is %llu bytes; raise it first",
					  max_size);
	if (recipe->buffer_size > max)
		return hello_text_invalid(why, "%s allocates at most %llu bytes; vmalloc allocates more",
					  allocator, max);
	if (hello_context_atomic(recipe->alloc_context) &&
	    recipe->buffer_size > HELLO_ATOMIC_MAX)
		return hello_text_invalid(why, "%s allocates at most %u bytes; process and workqueue more",
					  hello_table_get(&hello_context_table,
							  recipe->alloc_context)->name,
					  HELLO_ATOMIC_MAX);
	if (recipe->numa_node != NUMA_NO_NODE &&
	    !(hello_allocators[recipe->alloc_mode].flags & HELLO_NODE))
		return hello_text_invalid(why, "%s cannot be asked for a node; use numa_node=-1",
					  allocator);
	if (recipe->numa_node != NUMA_NO_NODE &&
	    (recipe->numa_node >= MAX_NUMNODES ||
	     !node_online(recipe->numa_node)))
		return hello_text_invalid(why, "node %d is not online; see /sys/devices/system/node/online",
					  recipe->numa_node);
	if (check_mask(recipe, why))
		return -EINVAL;
	hello_recipe_resolve(recipe);
	return 0;
}

/**
 * hello_recipe_resolve() - derive extra, mask and cell from the words
 * @recipe: a recipe that hello_recipe_check() accepts
 */
void hello_recipe_resolve(struct hello_recipe *recipe)
{
	const struct hello_allocator *a = &hello_allocators[recipe->alloc_mode];

	recipe->cell = hello_stats_cell(recipe->alloc_mode,
					recipe->alloc_context);
	recipe->extra = a->usable(recipe->buffer_size, NULL) -
			recipe->buffer_size;
	recipe->mask = hello_gfp_bits(recipe->gfp_flags) | __GFP_NOWARN;
	if (recipe->alloc_context == HELLO_CONTEXT_PROCESS &&
	    a->flags & HELLO_CHARGED)
		recipe->mask |= __GFP_ACCOUNT;
	/* In softirq and hardirq that holds up the CPU: fill() zeroes later. */
	if (recipe->init_mode == HELLO_INIT_ZERO && a->flags & HELLO_ZERO &&
	    !hello_context_atomic(recipe->alloc_context))
		recipe->mask |= __GFP_ZERO;
}
