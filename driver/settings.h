/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tunables: their list, their rules, and the values in force.
 */
#ifndef HELLO_SETTINGS_H
#define HELLO_SETTINGS_H

#include <linux/seqlock.h>

#include "field.h"
#include "recipe.h"

enum hello_alloc_when {
	HELLO_ALLOC_OPEN,
	HELLO_ALLOC_FIRST_USE,
};

enum hello_buffer_mode {
	HELLO_PRIVATE,
	HELLO_SHARED,
};

/*
 * The tunables that are no words of a recipe, as HELLO_RECIPE_WORDS(). Members,
 * numbers, parameters and files are made from this list.
 */
#define HELLO_OTHER_TUNABLES(TUNABLE)						\
	/* &enum hello_alloc_when */						\
	TUNABLE(entry, alloc_when, &alloc_when_table,				\
		"When a buffer is allocated: open or first_use (default: open)") \
	/* &enum hello_buffer_mode of the next opens */				\
	TUNABLE(entry, buffer_mode, &buffer_mode_table,				\
		"private: one for each open; shared: one for all (default: private)") \
	/* number in hello_lock_table */					\
	TUNABLE(entry, lock_mode, &hello_lock_table,				\
		"Lock of the shared buffer (default: mutex)")			\
	/* in bytes, but for max_opens */					\
	TUNABLE(size, max_buffer_size, NULL,					\
		"Cap of one buffer (default: 64M)")				\
	TUNABLE(size, max_total_size, NULL,					\
		"Cap of all buffers (default: 1/8 of RAM)")			\
	/* but for CAP_SYS_RESOURCE */						\
	TUNABLE(size, max_opens, NULL,						\
		"Cap of open files, but for CAP_SYS_RESOURCE (default: 1024)")	\
	TUNABLE(size, max_reserve_size, NULL,					\
		"Cap of buffers from reserves and small zones (default: 1M)")	\
	TUNABLE(size, max_uncharged_size, NULL,					\
		"Cap of buffers that no cgroup can be charged for (default: 64M)")

/* All tunables; the recipe is that of the buffers of the next opens. */
struct hello_settings {
	struct hello_recipe recipe;
#define HELLO_MEMBER(kind, name, table, text)	hello_field_##kind##_t name;
	HELLO_OTHER_TUNABLES(HELLO_MEMBER)
#undef HELLO_MEMBER
};

/* The numbers of the tunables. */
enum {
#define HELLO_NUMBER(kind, name, table, text)	HELLO_TUNABLE_##name,
	HELLO_RECIPE_WORDS(HELLO_NUMBER)
	HELLO_OTHER_TUNABLES(HELLO_NUMBER)
#undef HELLO_NUMBER
	HELLO_NR_TUNABLES
};

extern const struct hello_field hello_tunables[HELLO_NR_TUNABLES];

int hello_settings_check(struct hello_settings *settings, char *why);

/* In force. A caller that needs one member alone reads it with READ_ONCE(). */
extern struct hello_settings hello_settings;

extern seqlock_t hello_settings_lock;

/**
 * hello_settings_recipe() - copy the recipe in force
 * @recipe: the copy
 *
 * Inline: each open needs it.
 */
static inline void hello_settings_recipe(struct hello_recipe *recipe)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&hello_settings_lock);
		*recipe = hello_settings.recipe;
	} while (read_seqretry(&hello_settings_lock, seq));
}

void hello_settings_get(struct hello_settings *settings);
void hello_settings_set(const struct hello_settings *settings);
int hello_settings_init(void);

#endif /* HELLO_SETTINGS_H */
