// SPDX-License-Identifier: GPL-2.0-only
/*
 * One table of all tunables: sysfs, the module parameters and the text of a
 * recipe are read from it. One validator for what they may be together.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/seqlock.h>
#include <linux/string.h>

#include "context.h"
#include "gfp.h"
#include "lock.h"
#include "recipe.h"
#include "text.h"

static struct hello_entry init_modes[] = {
	[HELLO_INIT_ZERO]	   = { .name = "zero" },
	[HELLO_INIT_POISON]	   = { .name = "poison" },
	[HELLO_INIT_UNINITIALIZED] = {
		.name = "uninitialized",
		.missing = "it shows what others left in memory: load with allow_uninitialized=1",
	},
};

static const struct hello_entry alloc_whens[] = {
	[HELLO_ALLOC_OPEN]	= { .name = "open" },
	[HELLO_ALLOC_FIRST_USE]	= { .name = "first_use" },
};

static const struct hello_entry buffer_modes[] = {
	[HELLO_PRIVATE]	= { .name = "private" },
	[HELLO_SHARED]	= { .name = "shared" },
};

static const struct hello_table init_mode_table = HELLO_WORDS(init_modes);
static const struct hello_table alloc_when_table = HELLO_WORDS(alloc_whens);
static const struct hello_table buffer_mode_table = HELLO_WORDS(buffer_modes);

/* ---- kinds of values ---- */

struct hello_tunable {
	const char *name;
	const struct kind *kind;
	const struct hello_table *choices;
	size_t offset;	/* of the value in struct hello_settings */
};

/* A value of a kind, in the field of its tunable. */
struct kind {
	int (*parse)(const struct hello_tunable *t, const char *text,
		     void *field);
	int (*print)(const struct hello_tunable *t, const void *field,
		     bool list, char *buf, size_t size);
};

static int parse_choice(const struct hello_tunable *t, const char *text,
			void *field)
{
	int i = hello_table_find(t->choices, text);

	if (i < 0)
		return i;
	*(u8 *)field = i;
	return 0;
}

static int print_choice(const struct hello_tunable *t, const void *field,
			bool list, char *buf, size_t size)
{
	u8 i = *(const u8 *)field;

	if (list)
		return hello_table_list(t->choices, i, buf, size);
	return scnprintf(buf, size, "%s", hello_table_get(t->choices, i)->name);
}

static const struct kind choice = { parse_choice, print_choice };

/*
 * Decimal or 0x digits, then at most one of K M G. memparse() would wrap
 * around silently, and take what is no number for 0.
 */
static int parse_size(const struct hello_tunable *t, const char *text,
		      void *field)
{
	static const char suffixes[] = "KMG";
	char digits[24];
	const char *suffix;
	unsigned int shift = 0;
	size_t len = strcspn(text, "\n");
	u64 value;
	int err;

	if (!len || len >= sizeof(digits) || text[0] < '0' || text[0] > '9')
		return -EINVAL;
	if (text[len] && text[len + 1])
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';

	suffix = strchr(suffixes, digits[len - 1]);
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		digits[len - 1] = '\0';
	}
	if (digits[0] == '0' && digits[1] == 'x')
		err = kstrtoull(digits, 16, &value);
	else
		err = kstrtoull(digits, 10, &value);
	if (err || check_shl_overflow(value, shift, (u64 *)field))
		return -EINVAL;
	return 0;
}

static int print_size(const struct hello_tunable *t, const void *field,
		      bool list, char *buf, size_t size)
{
	return scnprintf(buf, size, "%llu", *(const u64 *)field);
}

static const struct kind size = { parse_size, print_size };

static int parse_gfp(const struct hello_tunable *t, const char *text,
		     void *field)
{
	return hello_gfp_parse(text, field);
}

static int print_gfp(const struct hello_tunable *t, const void *field,
		     bool list, char *buf, size_t size)
{
	return hello_gfp_print(*(const u16 *)field, "|", buf, size);
}

static const struct kind gfp = { parse_gfp, print_gfp };

static int parse_node(const struct hello_tunable *t, const char *text,
		      void *field)
{
	s16 node;

	if (kstrtos16(text, 10, &node) || node < NUMA_NO_NODE)
		return -EINVAL;
	*(s16 *)field = node;
	return 0;
}

static int print_node(const struct hello_tunable *t, const void *field,
		      bool list, char *buf, size_t size)
{
	return scnprintf(buf, size, "%d", *(const s16 *)field);
}

static const struct kind node = { parse_node, print_node };

/* ---- the tunables ---- */

#define CHOICE(name_, where, table)	\
	{ .name = #name_, .kind = &choice, .choices = &(table),	\
	  .offset = offsetof(struct hello_settings, where) }
#define VALUE(name_, where, kind_)	\
	{ .name = #name_, .kind = &(kind_),	\
	  .offset = offsetof(struct hello_settings, where) }

/* The words of a recipe come first, in the order of its text. */
#define RECIPE_WORDS	6

static const struct hello_tunable tunables[] = {
	CHOICE(alloc_mode, recipe.alloc_mode, hello_allocator_table),
	VALUE(buffer_size, recipe.buffer_size, size),
	VALUE(gfp_flags, recipe.gfp_flags, gfp),
	CHOICE(alloc_context, recipe.alloc_context, hello_context_table),
	VALUE(numa_node, recipe.numa_node, node),
	CHOICE(init_mode, recipe.init_mode, init_mode_table),
	CHOICE(alloc_when, alloc_when, alloc_when_table),
	CHOICE(buffer_mode, buffer_mode, buffer_mode_table),
	CHOICE(lock_mode, lock_mode, hello_lock_table),
	VALUE(max_buffer_size, max_buffer_size, size),
	VALUE(max_total_size, max_total_size, size),
	VALUE(max_opens, max_opens, size),
	VALUE(max_reserve_size, max_reserve_size, size),
	VALUE(max_uncharged_size, max_uncharged_size, size),
};

/*
 * Parameters are texts until init, which parses them in the order of the table
 * and checks the whole once: it must not matter how they are ordered.
 */
static char *parameters[HELLO_NR_TUNABLES];

#define PARAMETER(i, name, text)				\
	module_param_named(name, parameters[i], charp, 0);	\
	MODULE_PARM_DESC(name, text)

PARAMETER(0, alloc_mode, "Allocator that makes buffers (default: kmalloc)");
PARAMETER(1, buffer_size, "Size of a buffer in bytes, or with K M G (default: 4096)");
PARAMETER(2, gfp_flags, "GFP words joined by | (default: GFP_KERNEL)");
PARAMETER(3, alloc_context, "Where the allocator is called (default: process)");
PARAMETER(4, numa_node, "NUMA node to allocate on, -1 for any (default: -1)");
PARAMETER(5, init_mode, "How a fresh buffer is filled (default: zero)");
PARAMETER(6, alloc_when, "When a buffer is made: open or first_use (default: open)");
PARAMETER(7, buffer_mode, "private: one for each open; shared: one for all (default: private)");
PARAMETER(8, lock_mode, "Lock of the shared buffer (default: mutex)");
PARAMETER(9, max_buffer_size, "Cap of one buffer (default: 64M)");
PARAMETER(10, max_total_size, "Cap of all buffers (default: 1/8 of RAM)");
PARAMETER(11, max_opens, "Cap of open files, but for CAP_SYS_RESOURCE (default: 1024)");
PARAMETER(12, max_reserve_size, "Cap of buffers from reserves and small zones (default: 1M)");
PARAMETER(13, max_uncharged_size, "Cap of buffers that no cgroup can be charged for (default: 64M)");
static_assert(ARRAY_SIZE(tunables) == HELLO_NR_TUNABLES,
	      "every tunable needs its parameter");

static bool allow_uninitialized;
module_param(allow_uninitialized, bool, 0);
MODULE_PARM_DESC(allow_uninitialized, "Offer init_mode=uninitialized, which shows stale kernel memory (default: no)");

/**
 * hello_tunable_name() - the name of a tunable
 * @i: which one
 *
 * Return: the name of its file, parameter and word.
 */
const char *hello_tunable_name(unsigned int i)
{
	return tunables[i].name;
}

/**
 * hello_tunable_parse() - put a value into settings
 * @i: which tunable
 * @text: the value; one newline may end it
 * @settings: changed on success only
 *
 * Return: 0, or -EINVAL if @text is no such value at all. Whether it works
 * together with the others is for hello_settings_check().
 */
int hello_tunable_parse(unsigned int i, const char *text,
			struct hello_settings *settings)
{
	const struct hello_tunable *t = &tunables[i];

	return t->kind->parse(t, text, (void *)settings + t->offset);
}

/**
 * hello_tunable_print() - a value as text
 * @i: which tunable
 * @settings: where its value is
 * @list: list all choices with the current one in brackets, if it has choices
 * @buf: where the text goes
 * @size: size of @buf
 *
 * Return: the length of the text.
 */
int hello_tunable_print(unsigned int i, const struct hello_settings *settings,
			bool list, char *buf, size_t size)
{
	const struct hello_tunable *t = &tunables[i];

	return t->kind->print(t, (const void *)settings + t->offset, list, buf,
			      size);
}

/* ---- the text of a recipe ---- */

static const struct hello_tunable *find_word(const char *word, size_t len)
{
	unsigned int i;

	for (i = 0; i < RECIPE_WORDS; i++)
		if (strlen(tunables[i].name) == len &&
		    !memcmp(tunables[i].name, word, len))
			return &tunables[i];
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
	struct hello_settings settings = { .recipe = *recipe };
	char shown[HELLO_TEXT_ESCAPED(40)];
	char *word;

	while ((word = strsep(&text, " \t\n"))) {
		const struct hello_tunable *t;
		size_t len = strcspn(word, "=");

		if (!*word)
			continue;
		t = find_word(word, len);
		if (!t || !word[len]) {
			snprintf(why, HELLO_WHY_MAX,
				 "a recipe has no word '%s'",
				 hello_text_escape(shown, sizeof(shown), word));
			return -EINVAL;
		}
		if (t->kind->parse(t, word + len + 1,
				   (void *)&settings + t->offset)) {
			snprintf(why, HELLO_WHY_MAX, "%s cannot be '%s'", t->name,
				 hello_text_escape(shown, sizeof(shown),
						   word + len + 1));
			return -EINVAL;
		}
	}
	*recipe = settings.recipe;
	return 0;
}

/**
 * hello_recipe_print() - a recipe as the text that hello_recipe_parse() takes
 * @recipe: the recipe
 * @buf: where the text goes; HELLO_RECIPE_MAX bytes are always enough
 * @size: size of @buf
 *
 * Return: the length of the text.
 */
int hello_recipe_print(const struct hello_recipe *recipe, char *buf,
		       size_t size)
{
	struct hello_settings settings = { .recipe = *recipe };
	unsigned int i;
	int len = 0;

	for (i = 0; i < RECIPE_WORDS; i++) {
		len += scnprintf(buf + len, size - len, "%s%s=", i ? " " : "",
				 tunables[i].name);
		len += hello_tunable_print(i, &settings, false, buf + len,
					   size - len);
	}
	return len;
}

/**
 * hello_recipe_same_memory() - whether two recipes make the same memory
 * @a: a recipe
 * @b: another
 *
 * How a buffer is filled when it is new makes no difference to an older one.
 *
 * Return: true if they differ in init_mode at most.
 */
bool hello_recipe_same_memory(const struct hello_recipe *a,
			      const struct hello_recipe *b)
{
	return a->buffer_size == b->buffer_size &&
	       a->gfp_flags == b->gfp_flags && a->numa_node == b->numa_node &&
	       a->alloc_mode == b->alloc_mode &&
	       a->alloc_context == b->alloc_context;
}

/* ---- what works together ---- */

static __printf(2, 3) int refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, HELLO_WHY_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

static int check_mask(const struct hello_recipe *recipe, char *why)
{
	const char *allocator =
		hello_table_get(&hello_allocator_table, recipe->alloc_mode)->name;
	const char *context =
		hello_table_get(&hello_context_table, recipe->alloc_context)->name;
	u32 words = hello_allocators[recipe->alloc_mode].words;
	const char *conflict = hello_gfp_conflict(recipe->gfp_flags);
	char takes[2 * HELLO_GFP_TEXT];
	char mask[HELLO_GFP_TEXT];

	if (conflict)
		return refuse(why, "%s", conflict);
	hello_gfp_print(recipe->gfp_flags & ~words, "|", mask, sizeof(mask));
	hello_gfp_print(words, " ", takes, sizeof(takes));
	if (*mask)
		return refuse(why, "%s does not take %s; it takes %s",
			      allocator, mask, takes);
	if (hello_context_atomic(recipe->alloc_context) &&
	    gfpflags_allow_blocking(hello_gfp_bits(recipe->gfp_flags))) {
		hello_gfp_print(recipe->gfp_flags, "|", mask, sizeof(mask));
		return refuse(why, "%s may not sleep, as %s does; use GFP_ATOMIC or GFP_NOWAIT, and not vmalloc or kvmalloc",
			      context, mask);
	}
	return 0;
}

/**
 * hello_recipe_check() - whether a recipe can work
 * @recipe: the recipe; planned if it can
 * @max_size: cap of a buffer in bytes
 * @why: HELLO_WHY_MAX bytes for the reason and the cure of a failure
 *
 * Return: 0 or -EINVAL.
 */
int hello_recipe_check(struct hello_recipe *recipe, u64 max_size, char *why)
{
	const char *allocator =
		hello_table_get(&hello_allocator_table, recipe->alloc_mode)->name;
	u64 max = hello_alloc_max(recipe->alloc_mode);

	if (!recipe->buffer_size)
		return refuse(why, "a buffer has at least 1 byte");
	if (recipe->buffer_size > max_size)
		return refuse(why, "max_buffer_size is %llu bytes; raise it first",
			      max_size);
	if (recipe->buffer_size > max)
		return refuse(why, "%s makes at most %llu bytes; vmalloc makes more",
			      allocator, max);
	if (hello_context_atomic(recipe->alloc_context) &&
	    recipe->buffer_size > HELLO_ATOMIC_MAX)
		return refuse(why, "%s allocates at most %u bytes; process and workqueue more",
			      hello_table_get(&hello_context_table,
					      recipe->alloc_context)->name,
			      HELLO_ATOMIC_MAX);
	if (recipe->numa_node != NUMA_NO_NODE &&
	    !(hello_allocators[recipe->alloc_mode].flags & HELLO_NODE))
		return refuse(why, "%s cannot be asked for a node; use numa_node=-1",
			      allocator);
	if (recipe->numa_node != NUMA_NO_NODE &&
	    (recipe->numa_node >= MAX_NUMNODES ||
	     !node_online(recipe->numa_node)))
		return refuse(why, "node %d is not online; see /sys/devices/system/node/online",
			      recipe->numa_node);
	if (check_mask(recipe, why))
		return -EINVAL;
	hello_recipe_resolve(recipe);
	return 0;
}

/**
 * hello_settings_check() - whether all tunables work together
 * @settings: the tunables; their recipe is planned if they do
 * @why: HELLO_WHY_MAX bytes for the reason and the cure of a failure
 *
 * Return: 0 or -EINVAL.
 */
int hello_settings_check(struct hello_settings *settings, char *why)
{
	if (!settings->max_buffer_size || settings->max_buffer_size > LONG_MAX)
		return refuse(why, "max_buffer_size is 1 to %ld", LONG_MAX);
	/* Counted in 64 bits, of which the sign must stay free. */
	if (settings->max_total_size > LLONG_MAX ||
	    settings->max_reserve_size > LLONG_MAX ||
	    settings->max_uncharged_size > LLONG_MAX)
		return refuse(why, "a cap in bytes is at most %lld", LLONG_MAX);
	if (settings->max_opens > INT_MAX)
		return refuse(why, "max_opens is at most %d", INT_MAX);
	if (settings->buffer_mode == HELLO_SHARED &&
	    settings->recipe.init_mode == HELLO_INIT_UNINITIALIZED)
		return refuse(why, "a shared buffer is never uninitialized; use buffer_mode=private or another init_mode");
	return hello_recipe_check(&settings->recipe, settings->max_buffer_size,
				  why);
}

/* ---- the settings in force ---- */

struct hello_settings hello_settings;

/* Lockless readers: open() runs under misc_mtx. */
static DEFINE_SEQLOCK(settings_lock);

/**
 * hello_settings_get() - copy all tunables
 * @settings: where to
 */
void hello_settings_get(struct hello_settings *settings)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&settings_lock);
		*settings = hello_settings;
	} while (read_seqretry(&settings_lock, seq));
}

/**
 * hello_settings_recipe() - copy the recipe in force
 * @recipe: where to
 */
void hello_settings_recipe(struct hello_recipe *recipe)
{
	unsigned int seq;

	do {
		seq = read_seqbegin(&settings_lock);
		*recipe = hello_settings.recipe;
	} while (read_seqretry(&settings_lock, seq));
}

/**
 * hello_settings_set() - put all tunables into force
 * @settings: what hello_settings_check() found good
 */
void hello_settings_set(const struct hello_settings *settings)
{
	write_seqlock(&settings_lock);
	hello_settings = *settings;
	write_sequnlock(&settings_lock);
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
		init_modes[HELLO_INIT_UNINITIALIZED].missing = NULL;

	for (i = 0; i < HELLO_NR_TUNABLES; i++) {
		if (!parameters[i] ||
		    !hello_tunable_parse(i, parameters[i], &settings))
			continue;
		pr_err("parameter %s cannot be '%s'; see modinfo hello\n",
		       tunables[i].name,
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
