// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tunables as module parameters, the values in force, and the check that they
 * work together.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/seqlock.h>
#include <linux/sizes.h>

#include "alloc.h"
#include "context.h"
#include "gfp.h"
#include "lock.h"
#include "settings.h"
#include "table.h"
#include "text.h"

static const struct hello_entry alloc_whens[] = {
	[HELLO_ALLOC_OPEN]	= { .name = "open" },
	[HELLO_ALLOC_FIRST_USE]	= { .name = "first_use" },
};

static const struct hello_entry buffer_modes[] = {
	[HELLO_PRIVATE]	= { .name = "private" },
	[HELLO_SHARED]	= { .name = "shared" },
};

static const struct hello_table alloc_when_table = HELLO_ENTRIES(alloc_whens);
static const struct hello_table buffer_mode_table = HELLO_ENTRIES(buffer_modes);

#define WORD(kind, name, table, text)	\
	[HELLO_TUNABLE_##name] = HELLO_FIELD(struct hello_recipe, kind, name, table),
#define OTHER(kind, name, table, text)	\
	[HELLO_TUNABLE_##name] = HELLO_FIELD(struct hello_settings, kind, name, table),

/* One container for all: the recipe is the first member. */
static_assert(offsetof(struct hello_settings, recipe) == 0);

const struct hello_field hello_tunables[HELLO_NR_TUNABLES] = {
	HELLO_RECIPE_WORDS(WORD)
	HELLO_OTHER_TUNABLES(OTHER)
};

/*
 * Parameters are texts until init, which parses them in the order of the list
 * and checks the whole once: the order on the command line must not matter.
 */
static char *parameters[HELLO_NR_TUNABLES];

#define PARAMETER(kind, name, table, text)					\
	module_param_named(name, parameters[HELLO_TUNABLE_##name], charp, 0);	\
	MODULE_PARM_DESC(name, text);

HELLO_RECIPE_WORDS(PARAMETER)
HELLO_OTHER_TUNABLES(PARAMETER)

static bool allow_uninitialized;
module_param(allow_uninitialized, bool, 0);
MODULE_PARM_DESC(allow_uninitialized, "Offer init_mode=uninitialized, which shows stale kernel memory (default: no)");

/**
 * hello_settings_check() - check that all tunables work together
 * @settings: the tunables; their recipe is resolved on success
 * @why: HELLO_WHY_MAX bytes for the reason and the cure of a failure
 *
 * Return: 0 or -EINVAL.
 */
int hello_settings_check(struct hello_settings *settings, char *why)
{
	if (!settings->max_buffer_size || settings->max_buffer_size > LONG_MAX)
		return hello_text_invalid(why, "max_buffer_size is 1 to %ld", LONG_MAX);
	/* Counted in 64 bits, of which the sign must stay free. */
	if (settings->max_total_size > LLONG_MAX ||
	    settings->max_reserve_size > LLONG_MAX ||
	    settings->max_uncharged_size > LLONG_MAX)
		return hello_text_invalid(why, "a cap in bytes is at most %lld", LLONG_MAX);
	if (settings->max_opens > INT_MAX)
		return hello_text_invalid(why, "max_opens is at most %d", INT_MAX);
	if (settings->buffer_mode == HELLO_SHARED &&
	    settings->recipe.init_mode == HELLO_INIT_UNINITIALIZED)
		return hello_text_invalid(why, "a shared buffer is never uninitialized; use buffer_mode=private or another init_mode");
	return hello_recipe_check(&settings->recipe, settings->max_buffer_size,
				  why);
}

/* ---- the values in force ---- */

struct hello_settings hello_settings;

/* Lockless readers: open() runs under misc_mtx. */
DEFINE_SEQLOCK(hello_settings_lock);

/**
 * hello_settings_get() - copy all tunables
 * @settings: the copy
 */
void hello_settings_get(struct hello_settings *settings)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&hello_settings_lock);
		*settings = hello_settings;
	} while (read_seqretry(&hello_settings_lock, seq));
}

/**
 * hello_settings_set() - put all tunables into force
 * @settings: tunables that hello_settings_check() accepted
 */
void hello_settings_set(const struct hello_settings *settings)
{
	write_seqlock(&hello_settings_lock);
	hello_settings = *settings;
	write_sequnlock(&hello_settings_lock);
}

/**
 * hello_settings_init() - put defaults and module parameters into force
 *
 * Return: 0, or -EINVAL with a line in the log if a parameter is wrong.
 */
int hello_settings_init(void)
{
	struct hello_settings settings = {
		.recipe = {
			.buffer_size	= 4096,
			.gfp_flags	= HELLO_GFP_KERNEL,
			.numa_node	= NUMA_NO_NODE,
		},
		.max_buffer_size	= SZ_64M,
		.max_total_size		= (u64)totalram_pages() << PAGE_SHIFT >> 3,
		.max_opens		= 1024,
		.max_reserve_size	= SZ_1M,
		.max_uncharged_size	= SZ_64M,
	};
	char shown[HELLO_TEXT_ESCAPED(40)];
	char why[HELLO_WHY_MAX];
	unsigned int i;

	if (allow_uninitialized)
		hello_recipe_allow_uninitialized();

	for (i = 0; i < HELLO_NR_TUNABLES; i++) {
		if (!parameters[i] ||
		    !hello_field_parse(&hello_tunables[i], parameters[i], &settings))
			continue;
		pr_err("parameter %s cannot be '%s'; see modinfo hello\n",
		       hello_tunables[i].name,
		       hello_text_escape(shown, sizeof(shown), parameters[i]));
		return -EINVAL;
	}
	if (hello_settings_check(&settings, why)) {
		pr_err("parameters cannot work together: %s\n", why);
		return -EINVAL;
	}
	hello_settings_set(&settings);
	return 0;
}
