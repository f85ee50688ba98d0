/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recipe of a buffer: its words, their text and their rules.
 */
#ifndef HELLO_RECIPE_H
#define HELLO_RECIPE_H

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/hello.h>
#include <linux/string.h>
#include <linux/types.h>

struct hello_table;

/* The contents of a fresh buffer. */
enum hello_init_mode {
	HELLO_INIT_ZERO,
	HELLO_INIT_POISON,
	HELLO_INIT_UNINITIALIZED,
};

/**
 * struct hello_recipe - how one buffer is allocated
 *
 * hello_recipe_resolve() derives the resolved members from the words, so that
 * an allocation does not have to.
 */
struct hello_recipe {
	/** @buffer_size: bytes */
	u64 buffer_size;
	/** @extra: bytes that the memory takes beyond them, at most; resolved */
	u32 extra;
	/** @mask: the mask that the allocator is called with; resolved */
	gfp_t mask;
	/** @gfp_flags: a set of HELLO_GFP_ words */
	u16 gfp_flags;
	/** @numa_node: a node, or -1 for any */
	s16 numa_node;
	/** @alloc_mode: number in hello_allocator_table */
	u8 alloc_mode;
	/** @alloc_context: number in hello_context_table */
	u8 alloc_context;
	/** @init_mode: &enum hello_init_mode */
	u8 init_mode;
	/** @cell: index in hello_stats_cells; resolved */
	u8 cell;
};

/*
 * The words of a recipe, in the order of its text: the kind of field, the
 * member, its table, and the description of the module parameter. Each is a
 * tunable too.
 */
#define HELLO_RECIPE_WORDS(WORD)						\
	WORD(entry, alloc_mode, &hello_allocator_table,				\
	     "Allocator of the buffers (default: kmalloc)")			\
	WORD(size, buffer_size, NULL,						\
	     "Size of a buffer in bytes, or with K M G (default: 4096)")	\
	WORD(gfp, gfp_flags, NULL,						\
	     "GFP words joined by | (default: GFP_KERNEL)")			\
	WORD(entry, alloc_context, &hello_context_table,			\
	     "Context that the allocator is called in (default: process)")	\
	WORD(node, numa_node, NULL,						\
	     "NUMA node to allocate on, -1 for any (default: -1)")		\
	WORD(entry, init_mode, &hello_init_mode_table,				\
	     "Contents of a fresh buffer (default: zero)")

extern const struct hello_table hello_init_mode_table;

/**
 * hello_recipe_usable() - bytes that a buffer takes, at most
 * @recipe: a resolved recipe
 */
static inline u64 hello_recipe_usable(const struct hello_recipe *recipe)
{
	return recipe->buffer_size + recipe->extra;
}

/**
 * hello_recipe_same() - whether two resolved recipes are the same
 * @a: a recipe
 * @b: another
 */
static inline bool hello_recipe_same(const struct hello_recipe *a,
				     const struct hello_recipe *b)
{
	static_assert(sizeof(*a) == 24, "no holes, whose bytes would be compared");

	return !memcmp(a, b, sizeof(*a));
}

bool hello_recipe_same_memory(const struct hello_recipe *a,
			      const struct hello_recipe *b);

int hello_recipe_parse(char *text, struct hello_recipe *recipe, char *why);
int hello_recipe_print(const struct hello_recipe *recipe, char *buf,
		       size_t size);

int hello_recipe_check(struct hello_recipe *recipe, u64 max_size, char *why);
void hello_recipe_resolve(struct hello_recipe *recipe);
void hello_recipe_allow_uninitialized(void);

#endif /* HELLO_RECIPE_H */
