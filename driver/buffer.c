// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a buffer from a recipe within the caps, and giving it back.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
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
static struct usage {
	atomic64_t live;
	atomic64_t peak;
} usage[HELLO_ALLOCATORS_MAX];

/* The most of all together. */
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
		sum += atomic64_read(&usage[i].live);
	return sum;
}

/* ---- caps: reserved before the memory is asked for ---- */

static bool reserve(atomic64_t *counter, u64 size, u64 cap)
{
	if (likely(atomic64_add_return(size, counter) <= cap))
		return true;
	atomic64_sub(size, counter);
	return false;
}

static inline const char *reserve_caps(gfp_t mask, u64 size)
{
	if (!reserve(&taken, size, READ_ONCE(hello_settings.max_total_size)))
		return "max_total_size";
	if (likely(!hello_gfp_scarce(mask)) ||
	    reserve(&taken_scarce, size,
		    READ_ONCE(hello_settings.max_reserve_size)))
		return NULL;
	atomic64_sub(size, &taken);
	return "max_reserve_size";
}

static inline void release_caps(gfp_t mask, u64 size)
{
	atomic64_sub(size, &taken);
	if (unlikely(hello_gfp_scarce(mask)))
		atomic64_sub(size, &taken_scarce);
}

/**
 * hello_buffer_reserve() - reserve memory against the caps, before it is made
 * @recipe: how it will be made
 * @n: how often
 *
 * Return: NULL, or the name of the cap that would be exceeded.
 */
const char *hello_buffer_reserve(const struct hello_recipe *recipe,
				 unsigned int n)
{
	return reserve_caps(recipe->mask, n * hello_recipe_usable(recipe));
}

/**
 * hello_buffer_release() - undo hello_buffer_reserve()
 * @recipe: how it was to be made
 * @n: how often
 */
void hello_buffer_release(const struct hello_recipe *recipe, unsigned int n)
{
	release_caps(recipe->mask, n * hello_recipe_usable(recipe));
}

/* ---- making and unmaking ---- */

/* The call that is timed: the allocator's, and nothing around it. */
static void timed_alloc(void *arg)
{
	struct hello_buffer *buffer = arg;
	struct hello_mem *mem = &buffer->mem;
	const struct hello_allocator *a = hello_allocator_of(mem);
	u64 start = ktime_get_ns();

	mem->addr = a->alloc(mem);
	buffer->alloc_ns = ktime_get_ns() - start;
}

/*
 * Whatever the recipe, bytes after the capacity that could be mapped are zero.
 * Other memory ends with what was asked for, however much the allocator has
 * rounded that up.
 */
static void fill(struct hello_buffer *buffer)
{
	const struct hello_mem *mem = &buffer->mem;
	size_t size = mem->recipe.buffer_size;
	size_t end = hello_alloc_mappable(mem) ? PAGE_ALIGN(size) : size;

	if (mem->recipe.init_mode == HELLO_INIT_POISON)
		memset(mem->addr, POISON, size);
	memset(mem->addr + buffer->length, 0, end - buffer->length);
}

/* Out of line: its text is not on the stack of those who trace nothing. */
static noinline void trace_success(const struct hello_buffer *buffer,
				   u64 usable)
{
	char text[HELLO_RECIPE_MAX];

	hello_recipe_print(&buffer->mem.recipe, text, sizeof(text));
	trace_hello_alloc(text, usable, page_to_nid(hello_alloc_page(&buffer->mem, 0)),
			  buffer->alloc_ns);
}

static inline void count_success(const struct hello_buffer *buffer, u64 usable)
{
	const struct hello_recipe *recipe = &buffer->mem.recipe;
	struct hello_stats __percpu *stats = hello_stats_cells + recipe->cell;
	struct usage *own = &usage[recipe->alloc_mode];
	u64 size = recipe->buffer_size;

	this_cpu_inc(stats->count[HELLO_STAT_ALLOCATIONS]);
	this_cpu_add(stats->count[HELLO_STAT_ASKED], size);
	this_cpu_add(stats->count[HELLO_STAT_USABLE], usable);
	hello_stats_time(stats, buffer->alloc_ns);

	raise_to(&own->peak, atomic64_add_return(size, &own->live));
	/* What lives is at most what is taken: mostly there is no need to add up. */
	if (unlikely(atomic64_read(&taken) > atomic64_read(&peak)))
		raise_to(&peak, live_of_all());

	if (trace_hello_alloc_enabled())
		trace_success(buffer, usable);
}

static noinline int count_failure(const struct hello_recipe *recipe,
				  const char *why)
{
	char text[HELLO_RECIPE_MAX];

	this_cpu_inc(hello_stats_cells[recipe->cell].count[HELLO_STAT_FAILURES]);
	if (trace_hello_alloc_failed_enabled()) {
		hello_recipe_print(recipe, text, sizeof(text));
		trace_hello_alloc_failed(text, why);
	}
	return -ENOMEM;
}

/**
 * hello_buffer_make() - give a buffer its memory
 * @buffer: planned, without memory; nobody else uses it
 *
 * The memory is charged to the calling task where the allocator can and the
 * context is the task's own. Context: process, may sleep.
 *
 * Return: 0, or -ENOMEM if the allocator failed or a cap was reached.
 */
int hello_buffer_make(struct hello_buffer *buffer)
{
	const struct hello_recipe *recipe = &buffer->mem.recipe;
	const struct hello_allocator *a = hello_allocator_of(&buffer->mem);
	u64 planned = hello_recipe_usable(recipe);
	u64 usable = planned;
	const char *why;

	why = reserve_caps(recipe->mask, planned);
	if (why)
		goto err_count;

	why = "the allocator could not be prepared";
	if (hello_alloc_prepare(a, &buffer->mem))
		goto err_release_caps;

	why = "the allocator had none";
	if (hello_fail())
		goto err_release_caps;
	hello_context_run(recipe->alloc_context, timed_alloc, buffer);
	if (!buffer->mem.addr)
		goto err_release_caps;

	/* What is taken really can be less than was planned. */
	if (unlikely(a->flags & HELLO_BY_SIZE)) {
		usable = a->usable(recipe->buffer_size, buffer->mem.addr);
		release_caps(recipe->mask, planned - usable);
	}
	if (!(recipe->mask & __GFP_ZERO))
		fill(buffer);
	count_success(buffer, usable);
	return 0;

err_release_caps:
	release_caps(recipe->mask, planned);
err_count:
	return count_failure(recipe, why);
}

/* Gives the memory back. */
static void unmake(struct hello_buffer *buffer)
{
	struct hello_mem *mem = &buffer->mem;
	const struct hello_recipe *recipe = &mem->recipe;
	const struct hello_allocator *a = hello_allocator_of(mem);
	struct hello_stats __percpu *stats = hello_stats_cells + recipe->cell;
	u64 usable = hello_recipe_usable(recipe);
	u64 size = recipe->buffer_size;

	this_cpu_inc(stats->count[HELLO_STAT_FREES]);
	this_cpu_add(stats->count[HELLO_STAT_FREED], size);
	atomic64_sub(size, &usage[recipe->alloc_mode].live);
	if (trace_hello_free_enabled())
		trace_hello_free(a->choice.name, size);

	if (a->flags & (HELLO_MAPPABLE | HELLO_BY_SIZE)) {
		if (a->flags & HELLO_BY_SIZE)
			usable = a->usable(size, mem->addr);
		/* Else its union has something else. */
		if (!a->mmap)
			kvfree(mem->pages);
	}
	a->free(mem);
	release_caps(recipe->mask, usable);
}

/**
 * hello_buffer_take() - take the memory that was made for another buffer
 * @to: a buffer, locked for writing by its store; others may look
 * @from: has memory, and nobody else knows it; without memory if it was taken
 *
 * Return: true if @to has memory now; it takes none of another recipe.
 */
bool hello_buffer_take(struct hello_buffer *to, struct hello_buffer *from)
{
	void *addr = from->mem.addr;

	if (to->mem.addr)
		return true;
	if (!hello_recipe_same(&to->mem.recipe, &from->mem.recipe))
		return false;
	from->mem.addr = NULL;
	to->mem.any = from->mem.any;
	to->alloc_ns = from->alloc_ns;
	/* Pairs with the acquire of hello_buffer_ready(). */
	smp_store_release(&to->mem.addr, addr);
	return true;
}

/**
 * hello_buffer_new() - begin a buffer with a header of its own
 * @recipe: how its memory will be made; checked by hello_recipe_check()
 *
 * Context: process, may sleep.
 *
 * Return: the buffer with one reference, without memory; or NULL.
 */
struct hello_buffer *hello_buffer_new(const struct hello_recipe *recipe)
{
	struct hello_buffer *buffer;

	/* Not zeroed: late readers of a former life shall find its count as it was. */
	buffer = hello_fail() ? NULL : kmem_cache_alloc(headers, GFP_KERNEL);
	if (buffer)
		hello_buffer_plan(buffer, recipe, true);
	else
		count_failure(recipe, "no memory for the header");
	return buffer;
}

/**
 * hello_buffer_create() - hello_buffer_new() and hello_buffer_make() together
 * @recipe: how; checked by hello_recipe_check()
 *
 * Return: the buffer with one reference, or NULL.
 */
struct hello_buffer *hello_buffer_create(const struct hello_recipe *recipe)
{
	struct hello_buffer *buffer = hello_buffer_new(recipe);

	if (buffer && !hello_buffer_make(buffer))
		return buffer;
	hello_buffer_put(buffer);
	return NULL;
}

/**
 * hello_buffer_free() - give back what belongs to a buffer
 * @buffer: the buffer; its last reference was put
 *
 * Context: process, may sleep.
 */
void hello_buffer_free(struct hello_buffer *buffer)
{
	if (buffer->mem.addr)
		unmake(buffer);
	if (buffer->slab)
		kmem_cache_free(headers, buffer);
}

/* ---- contents ---- */

/* All pages: made when first mapped and kept, since each of vmalloc is a walk. */
static struct page **pages_of(struct hello_mem *mem)
{
	unsigned long n = PAGE_ALIGN(mem->recipe.buffer_size) >> PAGE_SHIFT;
	struct page **pages = READ_ONCE(mem->pages);
	unsigned long i;

	if (pages || hello_fail())
		return pages;
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	for (i = 0; i < n; i++)
		pages[i] = hello_alloc_page(mem, i);
	/* Who maps it at the same time may have been faster. */
	if (cmpxchg(&mem->pages, NULL, pages))
		kvfree(pages);
	return mem->pages;
}

/**
 * hello_buffer_mmap() - map a buffer into user space
 * @buffer: a mappable one, which the caller keeps while it is mapped
 * @vma: where; within the buffer
 *
 * Return: 0 or a negative errno.
 */
int hello_buffer_mmap(struct hello_buffer *buffer, struct vm_area_struct *vma)
{
	struct hello_mem *mem = &buffer->mem;
	unsigned long n = vma_pages(vma);
	struct page **pages;

	if (hello_allocator_of(mem)->mmap)
		return hello_allocator_of(mem)->mmap(mem, vma);
	pages = pages_of(mem);
	if (!pages)
		return -ENOMEM;
	return vm_insert_pages(vma, vma->vm_start, pages + vma->vm_pgoff, &n);
}

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
							    &usage[allocator].peak);
}

/**
 * hello_buffer_reset_peaks() - let peaks begin at what lives now
 */
void hello_buffer_reset_peaks(void)
{
	unsigned int i;

	for (i = 0; i < hello_allocators.nr; i++)
		atomic64_set(&usage[i].peak, atomic64_read(&usage[i].live));
	atomic64_set(&peak, live_of_all());
}

/**
 * hello_buffer_init() - get ready to make buffers
 *
 * Return: 0 or -ENOMEM.
 */
int hello_buffer_init(void)
{
	headers = KMEM_CACHE(hello_buffer, SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU);
	return headers ? 0 : -ENOMEM;
}

/**
 * hello_buffer_exit() - undo hello_buffer_init()
 *
 * All buffers must have been put.
 */
void hello_buffer_exit(void)
{
	kmem_cache_destroy(headers);
}
