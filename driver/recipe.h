/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recipe, how one buffer is made, and the other tunables; their text,
 * their rules and their defaults.
 */
#ifndef HELLO_RECIPE_H
#define HELLO_RECIPE_H

#include <linux/hello.h>
#include <linux/string.h>
#include <linux/types.h>

#include "alloc.h"

enum hello_alloc_when {
	HELLO_ALLOC_OPEN,
	HELLO_ALLOC_FIRST_USE,
};

enum hello_buffer_mode {
	HELLO_PRIVATE,
	HELLO_SHARED,
};

/**
 * struct hello_settings - all tunables
 */
struct hello_settings {
	/** @recipe: of the buffers of the next opens */
	struct hello_recipe recipe;
	/** @alloc_when: &enum hello_alloc_when */
	u8 alloc_when;
	/** @buffer_mode: &enum hello_buffer_mode of the next opens */
	u8 buffer_mode;
	/** @lock_mode: number in hello_lock_table, of the shared buffer */
	u8 lock_mode;
	/** @max_buffer_size: cap of one buffer in bytes */
	u64 max_buffer_size;
	/** @max_total_size: cap of all buffers in bytes */
	u64 max_total_size;
	/** @max_opens: cap of the open files; CAP_SYS_RESOURCE exceeds it */
	u64 max_opens;
	/** @max_reserve_size: cap in bytes of all buffers from scarce memory */
	u64 max_reserve_size;
	/** @max_uncharged_size: cap in bytes of all that no cgroup is charged for */
	u64 max_uncharged_size;
};

/* What tells the user why something cannot work, and what would. */
#define HELLO_WHY_MAX	320

#define HELLO_NR_TUNABLES	14

const char *hello_tunable_name(unsigned int i);
int hello_tunable_parse(unsigned int i, const char *text,
			struct hello_settings *settings);
int hello_tunable_print(unsigned int i, const struct hello_settings *settings,
			bool list, char *buf, size_t size);

int hello_recipe_parse(char *text, struct hello_recipe *recipe,
		       char *why);
int hello_recipe_print(const struct hello_recipe *recipe, char *buf,
		       size_t size);
int hello_recipe_check(struct hello_recipe *recipe, u64 max_size, char *why);

/**
 * hello_recipe_same() - whether two planned recipes are the same
 * @a: a recipe
 * @b: another
 *
 * Return: true if they are.
 */
static inline bool hello_recipe_same(const struct hello_recipe *a,
				     const struct hello_recipe *b)
{
	static_assert(sizeof(*a) == 24, "no holes, whose bytes would be compared");

	return !memcmp(a, b, sizeof(*a));
}

bool hello_recipe_same_memory(const struct hello_recipe *a,
			      const struct hello_recipe *b);
int hello_settings_check(struct hello_settings *settings, char *why);

/* In force. A caller that needs one word alone reads it with READ_ONCE(). */
extern struct hello_settings hello_settings;

void hello_settings_get(struct hello_settings *settings);
void hello_settings_recipe(struct hello_recipe *recipe);
void hello_settings_set(const struct hello_settings *settings);
int hello_settings_init(void);

#endif /* HELLO_RECIPE_H */
