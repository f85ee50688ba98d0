// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a buffer from a recipe within the caps, and giving it back.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "context.h"
#include "fail.h"
#include "gfp.h"
#include "stats.h"
#include "trace.h"

#define POISON	0x5a	/* 'Z' */

static struct kmem_cache *headers;

/* Bytes that all buffers take really, against max_total_size. */
static atomic64_t taken;

/* The same of those from reserves and small zones, against max_reserve_size. */
static atomic64_t taken_scarce;

/* By allocator: bytes asked for that live, and the most that ever did. */
static atomic64_t *live;
static atomic64_t *peaks;
static atomic64_t peak;

static void raise_to(atomic64_t *max, s64 value)
{
	s64 old = atomic64_read(max);

	while (old < value && !atomic64_try_cmpxchg(max, &old, value))
		;
}

static s64 live_of_all(void)
{
	unsigned int i;
	s64 sum = 0;

	for (i = 0; i < hello_allocators.nr; i++)
		sum += atomic64_read(&live[i]);
	return sum;
}

/* ---- caps: reserved before the memory is asked for ---- */

static bool reserve(atomic64_t *counter, u64 size, u64 cap)
{
	if (atomic64_add_return(size, counter) <= cap)
		return true;
	atomic64_sub(size, counter);
	return false;
}

/**
 * hello_buffer_reserve() - reserve memory against the caps, before it is made
 * @mem: what will be asked for, planned
 * @n: how often
 *
 * Return: NULL, or the name of the cap that would be exceeded.
 */
const char *hello_buffer_reserve(const struct hello_mem *mem, unsigned int n)
{
	u64 size = (u64)n * mem->usable;

	if (!reserve(&taken, size, hello_settings_max_total_size()))
		return "max_total_size";
	if (!hello_gfp_scarce(mem->gfp) ||
	    reserve(&taken_scarce, size, hello_settings_max_reserve_size()))
		return NULL;
	atomic64_sub(size, &taken);
	return "max_reserve_size";
}

static void release(const struct hello_mem *mem, u64 size)
{
	atomic64_sub(size, &taken);
	if (hello_gfp_scarce(mem->gfp))
		atomic64_sub(size, &taken_scarce);
}

/**
 * hello_buffer_release() - undo hello_buffer_reserve()
 * @mem: what was asked for
 * @n: how often
 */
void hello_buffer_release(const struct hello_mem *mem, unsigned int n)
{
	release(mem, (u64)n * mem->usable);
}

/**
 * hello_buffer_mem() - what a recipe asks an allocator for
 * @recipe: the recipe
 *
 * Return: the memory, planned, and still to be prepared and allocated.
 */
struct hello_mem hello_buffer_mem(const struct hello_recipe *recipe)
{
	struct hello_mem mem = {
		.size		= recipe->buffer_size,
		.gfp		= hello_gfp_bits(recipe->gfp_flags),
		.node		= recipe->numa_node,
		.allocator	= recipe->alloc_mode,
		.charge		= recipe->alloc_context == HELLO_CONTEXT_PROCESS,
		/* Elsewhere zeroing would take the time of an interrupt. */
		.zero		= recipe->init_mode == HELLO_INIT_ZERO &&
				  !hello_context_atomic(recipe->alloc_context),
	};

	hello_alloc_plan(&mem);
	return mem;
}

/* ---- making and unmaking ---- */

/* The call that is counted and timed: the allocator's, and nothing around it. */
static void timed_alloc(void *arg)
{
	struct hello_buffer *buffer = arg;
	u64 start = ktime_get_ns();

	hello_alloc(&buffer->mem);
	buffer->alloc_ns = ktime_get_ns() - start;
}

/*
 * Whatever the recipe, bytes after the capacity that could be mapped are zero.
 * Other memory ends with what was asked for, however much the allocator has
 * rounded that up.
 */
static void fill(struct hello_buffer *buffer)
{
	struct hello_mem *mem = &buffer->mem;
	size_t end = hello_alloc_mappable(mem) ? PAGE_ALIGN(mem->size) :
						 mem->size;

	if (buffer->recipe.init_mode == HELLO_INIT_ZERO) {
		if (!hello_alloc_zeroed(mem))
			memset(mem->addr, 0, end);
		return;
	}
	if (buffer->recipe.init_mode == HELLO_INIT_POISON)
		memset(mem->addr, POISON, mem->size);
	memset(mem->addr + mem->size, 0, end - mem->size);
	buffer->length = mem->size;
	buffer->dirty = mem->size;
}

static void count_success(const struct hello_buffer *buffer)
{
	const struct hello_mem *mem = &buffer->mem;

	hello_stats_allocated(mem->allocator, buffer->recipe.alloc_context,
			      mem->size, mem->usable, buffer->alloc_ns);
	raise_to(&peaks[mem->allocator],
		 atomic64_add_return(mem->size, &live[mem->allocator]));
	/* What lives is at most what is taken: mostly there is no need to add up. */
	if (atomic64_read(&taken) > atomic64_read(&peak))
		raise_to(&peak, live_of_all());

	if (trace_hello_alloc_enabled()) {
		char text[HELLO_RECIPE_MAX];

		hello_recipe_print(&buffer->recipe, text, sizeof(text));
		trace_hello_alloc(text, mem->usable, hello_alloc_node(mem),
				  buffer->alloc_ns);
	}
}

static void count_failure(const struct hello_recipe *recipe, const char *why)
{
	hello_stats_failed(recipe->alloc_mode, recipe->alloc_context);

	if (trace_hello_alloc_failed_enabled()) {
		char text[HELLO_RECIPE_MAX];

		hello_recipe_print(recipe, text, sizeof(text));
		trace_hello_alloc_failed(text, why);
	}
}

/**
 * hello_buffer_create() - make a buffer
 * @recipe: how; checked by hello_recipe_check()
 *
 * The memory is charged to the calling task where the allocator can and the
 * context is the task's own. Context: process, may sleep.
 *
 * Return: the buffer with one reference, or ERR_PTR(-ENOMEM) if the allocator
 * failed or a cap was reached.
 */
struct hello_buffer *hello_buffer_create(const struct hello_recipe *recipe)
{
	const char *why = "no memory for the header";
	struct hello_buffer *buffer;
	size_t surplus;

	buffer = hello_fail() ? NULL : kmem_cache_zalloc(headers, GFP_KERNEL);
	if (!buffer)
		goto err_count;

	buffer->recipe = *recipe;
	buffer->mem = hello_buffer_mem(recipe);

	why = hello_buffer_reserve(&buffer->mem, 1);
	if (why)
		goto err_free_header;

	why = "the allocator could not be prepared";
	if (hello_fail() || hello_alloc_prepare(&buffer->mem))
		goto err_release_caps;

	why = "the allocator had none";
	if (!hello_fail())
		hello_context_run(recipe->alloc_context, timed_alloc, buffer);
	if (!buffer->mem.addr)
		goto err_release_caps;

	surplus = hello_alloc_settle(&buffer->mem);
	if (unlikely(surplus))
		release(&buffer->mem, surplus);
	fill(buffer);
	count_success(buffer);
	/* Last: a late reader of the header's former life may not revive it. */
	refcount_set(&buffer->users, 1);
	return buffer;

err_release_caps:
	hello_buffer_release(&buffer->mem, 1);
err_free_header:
	kmem_cache_free(headers, buffer);
err_count:
	count_failure(recipe, why);
	return ERR_PTR(-ENOMEM);
}

/**
 * hello_buffer_free() - give the memory of a buffer back
 * @buffer: the buffer; its last reference was put
 *
 * Context: process, may sleep.
 */
void hello_buffer_free(struct hello_buffer *buffer)
{
	struct hello_mem *mem = &buffer->mem;

	hello_stats_freed(mem->allocator, buffer->recipe.alloc_context,
			  mem->size);
	atomic64_sub(mem->size, &live[mem->allocator]);
	trace_hello_free(hello_table_get(&hello_allocators,
					 mem->allocator)->name, mem->size);
	hello_free(mem);
	hello_buffer_release(mem, 1);
	kmem_cache_free(headers, buffer);
}

/* ---- contents ---- */

/**
 * hello_buffer_clean() - zero what truncation left after the contents
 * @buffer: the buffer, locked for writing by its store
 * @max: bytes to zero at most; they are taken from the end, where nobody sees it
 *
 * Return: true if all is clean; else it wants to be called again.
 */
bool hello_buffer_clean(struct hello_buffer *buffer, size_t max)
{
	size_t n = min(max, buffer->dirty - buffer->length);

	buffer->dirty -= n;
	memset(buffer->mem.addr + buffer->dirty, 0, n);
	return buffer->dirty == buffer->length;
}

/**
 * hello_buffer_peak() - the most bytes that ever lived at once
 * @allocator: of an allocator, or HELLO_STATS_ALL
 *
 * Return: bytes asked for, since load or the last reset.
 */
u64 hello_buffer_peak(int allocator)
{
	return atomic64_read(allocator == HELLO_STATS_ALL ? &peak :
							    &peaks[allocator]);
}

/**
 * hello_buffer_reset_peaks() - let peaks begin at what lives now
 */
void hello_buffer_reset_peaks(void)
{
	unsigned int i;

	for (i = 0; i < hello_allocators.nr; i++)
		atomic64_set(&peaks[i], atomic64_read(&live[i]));
	atomic64_set(&peak, live_of_all());
}

/**
 * hello_buffer_init() - get ready to make buffers
 *
 * Return: 0 or -ENOMEM.
 */
int hello_buffer_init(void)
{
	live = kcalloc(hello_allocators.nr, sizeof(*live), GFP_KERNEL);
	peaks = kcalloc(hello_allocators.nr, sizeof(*peaks), GFP_KERNEL);
	headers = KMEM_CACHE(hello_buffer, SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU);
	if (live && peaks && headers)
		return 0;
	hello_buffer_exit();
	return -ENOMEM;
}

/**
 * hello_buffer_exit() - undo hello_buffer_init()
 *
 * All buffers must have been put.
 */
void hello_buffer_exit(void)
{
	kmem_cache_destroy(headers);
	kfree(peaks);
	kfree(live);
}
