// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/world.c: the state that the device should have: settings, buffers, open
 * files, descriptors and mappings.
 */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fuzz.h"

struct world world;

const char *const setting_names[SETTINGS] = {
	"alloc_mode", "buffer_size", "gfp_flags", "alloc_context", "numa_node", "init_mode",
	"alloc_when", "buffer_mode", "lock_mode",
};

/* ---- recipes and buffers ---- */

void set_word(char to[WORD_MAX], const char *from)
{
	snprintf(to, WORD_MAX, "%s", from);
}

/* From "alloc_mode=kmalloc buffer_size=4096 ..."; words that are not given stay. */
bool recipe_parse(struct recipe *recipe, const char *text)
{
	char copy[HELLO_RECIPE_MAX], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		size_t n = strcspn(w, "=");
		int i = 0;

		while (i < RECIPE_WORDS && (strlen(setting_names[i]) != n || memcmp(setting_names[i], w, n)))
			i++;
		if (i == RECIPE_WORDS || !w[n])
			return false;
		set_word(recipe->word[i], w + n + 1);
	}
	return true;
}

void settings_recipe(struct recipe *recipe)
{
	memcpy(recipe->word, world.value, sizeof(recipe->word));
}

/* The contents of a buffer that nobody has used */
void buffer_refill(struct buffer *b)
{
	b->m.capacity = strtoull(b->recipe.word[SIZE], NULL, 0);
	b->m.length = 0;
	if (!strcmp(b->recipe.word[INIT], "poison") && !b->emptied) {
		b->m.length = b->m.capacity;
		memset(b->m.data, 0x5a, b->m.length);
	}
}

void buffer_init(struct buffer *b, const struct recipe *recipe)
{
	b->recipe = *recipe;
	b->allocated = b->emptied = false;
	b->m.maps = b->m.writable_maps = 0;
	buffer_refill(b);
}

bool is_shared(const struct file *file)
{
	return file->buffer == &world.shared;
}

bool under_rcu(const struct file *file)
{
	return is_shared(file) && !strcmp(world.value[LOCK], "rcu");
}

/* ---- open files ---- */

/* Its pages are there: a new one costs a page fault for each. */
static struct buffer *spare;

struct file *file_new(int flags)
{
	struct file *file = calloc(1, sizeof(*file));
	struct recipe recipe;

	file->refs = 1;
	file->readable = (flags & O_ACCMODE) != O_WRONLY;
	file->writable = (flags & O_ACCMODE) != O_RDONLY;
	file->append = flags & O_APPEND;
	if (world.storm)
		return file;
	file->buffer = &world.shared;
	if (!strcmp(world.value[BUFFER], "private")) {
		settings_recipe(&recipe);
		file->buffer = spare ?: calloc(1, sizeof(*file->buffer));
		spare = NULL;
		buffer_init(file->buffer, &recipe);
	}
	return file;
}

void file_put(struct file *file)
{
	if (--file->refs)
		return;
	if (!world.storm && !is_shared(file)) {
		free(spare);
		spare = file->buffer;
	}
	free(file);
}

/* Calls fn for each open file, perhaps more than once. */
static void for_each_file(void (*fn)(struct file *file, void *arg), void *arg)
{
	for (int i = 0; i < HANDLES; i++)
		if (world.handle[i].file)
			fn(world.handle[i].file, arg);
	for (int i = 0; i < MAPPINGS; i++)
		if (world.mapping[i].file)
			fn(world.mapping[i].file, arg);
	for (int i = 0; i < world.nr_in_flight; i++)
		fn(world.in_flight[i], arg);
}

struct set {
	struct file *file[HANDLES + MAPPINGS + IN_FLIGHT];
	int nr;
};

static void add(struct file *file, void *arg)
{
	struct set *set = arg;

	for (int i = 0; i < set->nr; i++)
		if (set->file[i] == file)
			return;
	set->file[set->nr++] = file;
}

/* The number of open files */
int opens(void)
{
	struct set set = { .nr = 0 };

	for_each_file(add, &set);
	return set.nr;
}

static void sum_live(struct file *file, void *arg)
{
	long long *live = arg;

	if (is_shared(file) || !file->buffer->allocated)
		return;
	live[0]++;
	live[1] += file->buffer->m.capacity;
}

/* Buffers and bytes that are allocated */
void live(long long sum[2])
{
	struct set set = { .nr = 0 };

	sum[0] = world.shared.allocated;
	sum[1] = world.shared.allocated ? world.shared.m.capacity : 0;
	for_each_file(add, &set);
	for (int i = 0; i < set.nr; i++)
		sum_live(set.file[i], sum);
}

static void tell(struct file *file, void *by)
{
	if (is_shared(file))
		file->news = file == by ? NO_NEWS : NEWS;
}

/* The contents of a shared buffer have changed, by an open file or NULL. */
void changed(struct file *by)
{
	if (!by || is_shared(by))
		for_each_file(tell, by);
}

/* ---- arguments ---- */

/* The nth of the open ones, or NULL if none is open */
struct handle *handle_of(struct arg arg)
{
	for (int i = 0; i < HANDLES; i++) {
		struct handle *h = &world.handle[(arg.n + i) % HANDLES];

		if (h->file)
			return h;
	}
	return NULL;
}

struct mapping *mapping_of(struct arg arg)
{
	for (int i = 0; i < MAPPINGS; i++) {
		struct mapping *map = &world.mapping[(arg.n + i) % MAPPINGS];

		if (map->file)
			return map;
	}
	return NULL;
}

struct handle *free_handle(void)
{
	for (int i = 0; i < HANDLES; i++)
		if (!world.handle[i].file)
			return &world.handle[i];
	return NULL;
}

struct mapping *free_mapping(void)
{
	for (int i = 0; i < MAPPINGS; i++)
		if (!world.mapping[i].file)
			return &world.mapping[i];
	return NULL;
}

long long offset_of(const struct file *file, struct arg arg)
{
	switch (arg.base) {
	case 'L':
		return (world.storm ? 1000 : (long long)file->buffer->m.length) + arg.n;
	case 'C':
		return (world.storm ? 4096 : (long long)file->buffer->m.capacity) + arg.n;
	case 'H':
		return LLONG_MAX - 4 + arg.n;
	default:
		return arg.n;
	}
}

size_t size_of(struct arg arg)
{
	return arg.n < 0 ? 0 : arg.n > MODEL_MAX ? MODEL_MAX : arg.n;
}

/* ---- state that the model cannot predict: the device is asked ---- */

void learn_buffer(struct handle *h)
{
	struct hello_info info = { .size = sizeof(info) };
	struct buffer *b = h->file->buffer;

	expect(RET(ioctl(h->fd, HELLO_IOC_INFO, &info)), 0, "INFO");
	b->allocated = info.flags & HELLO_INFO_ALLOCATED;
	b->m.capacity = info.capacity;
	recipe_parse(&b->recipe, info.recipe);
}

static bool shared_is_allocated(void)
{
	char text[1024];

	file_text(HELLO_DEBUGFS "shared", text, sizeof(text));
	return strstr(text, "allocated: yes");
}

static void as_root(bool yes)
{
	if (world.user && (seteuid(0) || (!yes && seteuid(65534))))
		abort();
}

/* After a call without memory: did the first use get some? */
void learn_allocated(void)
{
	for (int i = 0; i < HANDLES; i++)
		if (world.handle[i].file && !world.handle[i].file->buffer->allocated)
			learn_buffer(&world.handle[i]);
	as_root(true);
	world.shared.allocated = shared_is_allocated();
	as_root(false);
}

static void forget_news(struct file *file, void *unused)
{
	(void)unused;
	if (is_shared(file))
		file->news = NEWS_UNKNOWN;
}

/* After a store of a mutated text */
void learn_settings(void)
{
	char text[1024], *at;
	struct recipe before = world.shared.recipe;

	for (int i = 0; i < SETTINGS; i++)
		setting_read(setting_names[i], world.value[i], WORD_MAX);
	file_text(HELLO_DEBUGFS "shared", text, sizeof(text));
	at = strstr(text, "recipe: ");
	if (!at)
		differ("debugfs shared has no recipe");
	at[strcspn(at, "\n")] = '\0';
	recipe_parse(&world.shared.recipe, at + strlen("recipe: "));
	if (world.shared.allocated) {
		world.shared.m.capacity = strtoull(world.shared.recipe.word[SIZE], NULL, 0);
	} else if (memcmp(&before, &world.shared.recipe, sizeof(before))) {
		buffer_refill(&world.shared);
		for_each_file(forget_news, NULL);
	}
}

/* ---- begin and end ---- */

void world_begin(void)
{
	struct recipe recipe;
	struct stat st;

	for (int i = 0; i < SETTINGS; i++)
		setting_read(setting_names[i], world.value[i], WORD_MAX);
	settings_recipe(&recipe);
	buffer_init(&world.shared, &recipe);
	world.max_opens = 1024;
	if (!stat(HELLO_DEV, &st) && (st.st_mode & 0060) == 0060)
		world.node_for_group = !setgroups(0, NULL) && !setegid(st.st_gid);
}

/* Closes all; the last mappings and messages go with the process. */
void world_end(void)
{
	world.user = world.user && seteuid(0);
	close_range(3, ~0U, 0);
}
