// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocating and freeing buffers within the caps, and their contents.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "buffer.h"
#include "context.h"
#include "fail.h"
#include "gfp.h"
#include "settings.h"
#include "stats.h"
#include "trace.h"

#define POISON	0x5a	/* 'Z' */

static struct kmem_cache *headers;

/* The caps, the scarcest first, and the bytes taken of each. */
enum { SCARCE, UNCHARGED, TOTAL, NR_CAPS };

static struct cap {
	const char *name;
	const u64 *limit;
	atomic64_t taken;
} caps[NR_CAPS] = {
	[SCARCE]    = { "max_reserve_size", &hello_settings.max_reserve_size },
	[UNCHARGED] = { "max_uncharged_size", &hello_settings.max_uncharged_size },
	[TOTAL]	    = { "max_total_size", &hello_settings.max_total_size },
};

/* Bytes freed while their pages were still referenced. */
static atomic64_t pinned;

/* By allocator: requested bytes that are live, and their peak. */
static struct usage {
	atomic64_t live;
	atomic64_t peak;
} usage[HELLO_ALLOCATORS_MAX];

/* The peak of all allocators together. */
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

	for (i = 0; i < hello_allocator_table.nr; i++)
		sum += atomic64_read(&usage[i].live);
	return sum;
}

/* ---- caps: reserved before the memory is allocated ---- */

static bool fits(const struct cap *cap, s64 taken, u64 size)
{
	u64 limit = READ_ONCE(*cap->limit);

	return size <= limit && taken <= limit - size;
}

/* Not add and undo: an overshoot would make other requests fail. */
static inline bool reserve(struct cap *cap, u64 size)
{
	s64 taken = atomic64_read(&cap->taken);

	do {
		if (unlikely(!fits(cap, taken, size)))
			return false;
	} while (unlikely(!atomic64_try_cmpxchg(&cap->taken, &taken, taken + size)));
	return true;
}

/* The caps that apply to a recipe. */
static inline unsigned long caps_of(const struct hello_recipe *recipe)
{
	unsigned long set = BIT(TOTAL);

	if (hello_alloc_scarce(recipe))
		set |= BIT(SCARCE);
	if (!(hello_allocators[recipe->alloc_mode].flags & HELLO_CHARGED))
		set |= BIT(UNCHARGED);
	return set;
}

static void release_set(unsigned long set, u64 size)
{
	unsigned int i;

	for_each_set_bit(i, &set, NR_CAPS)
		atomic64_sub(size, &caps[i].taken);
}

static noinline const char *reserve_set(unsigned long set, u64 size)
{
	unsigned int i;

	for_each_set_bit(i, &set, NR_CAPS)
		if (!fits(&caps[i], atomic64_read(&caps[i].taken), size))
			return caps[i].name;
	for_each_set_bit(i, &set, NR_CAPS) {
		if (reserve(&caps[i], size))
			continue;
		release_set(set & (BIT(i) - 1), size);
		return caps[i].name;
	}
	return NULL;
}

static inline const char *reserve_caps(const struct hello_recipe *recipe,
				       u64 size)
{
	unsigned long set = caps_of(recipe);

	if (unlikely(set != BIT(TOTAL)))
		return reserve_set(set, size);
	return likely(reserve(&caps[TOTAL], size)) ? NULL : caps[TOTAL].name;
}

static inline void release_caps(const struct hello_recipe *recipe, u64 size)
{
	unsigned long set = caps_of(recipe);

	if (unlikely(set != BIT(TOTAL)))
		release_set(set, size);
	else
		atomic64_sub(size, &caps[TOTAL].taken);
}

/**
 * hello_buffer_reserve() - reserve buffers against the caps
 * @recipe: their recipe, resolved
 * @n: number of buffers
 *
 * Return: NULL, or the name of the cap that would be exceeded.
 */
const char *hello_buffer_reserve(const struct hello_recipe *recipe,
				 unsigned int n)
{
	return reserve_caps(recipe, n * hello_recipe_usable(recipe));
}

/* Undoes hello_buffer_reserve(). */
void hello_buffer_release(const struct hello_recipe *recipe, unsigned int n)
{
	release_caps(recipe, n * hello_recipe_usable(recipe));
}

static bool prepared(const struct hello_recipe *recipe)
{
	const struct hello_allocator *a = &hello_allocators[recipe->alloc_mode];
	struct hello_mem mem = { .recipe = *recipe };

	hello_alloc_lookup(a, &mem);
	return !a->prepare || mem.any;
}

static int prepare(const struct hello_recipe *recipe)
{
	const struct hello_allocator *a = &hello_allocators[recipe->alloc_mode];
	u64 kept = a->kept * hello_recipe_usable(recipe);
	int err;

	if (kept && !reserve(&caps[UNCHARGED], kept)) {
		pr_notice_ratelimited("%s keeps %llu bytes for this buffer_size: more than is left of %s\n",
				      a->entry.name, kept, caps[UNCHARGED].name);
		return -ENOMEM;
	}
	err = hello_should_fail() ? -ENOMEM : a->prepare(recipe->buffer_size);
	if (err)
		atomic64_sub(kept, &caps[UNCHARGED].taken);
	return err;
}

/* Serializes the creation of caches and pools. */
static DEFINE_MUTEX(prepare_mutex);

/**
 * hello_buffer_prepare() - create the slab cache or mempool of a recipe
 * @recipe: a resolved recipe
 *
 * Must precede the first allocation: open() runs under misc_mtx and must not
 * wait for it. They are kept until unload. Context: process, may sleep.
 *
 * Return: 0, -EINTR, or -ENOMEM if that failed or max_uncharged_size was reached.
 */
int hello_buffer_prepare(const struct hello_recipe *recipe)
{
	int err = 0;

	if (prepared(recipe))
		return 0;
	if (mutex_lock_killable(&prepare_mutex))
		return -EINTR;
	if (!prepared(recipe))
		err = prepare(recipe);
	mutex_unlock(&prepare_mutex);
	return err;
}

/* ---- allocating and freeing ---- */

/* Times the call of the allocator alone. */
static void timed_alloc(void *arg)
{
	struct hello_buffer *buffer = arg;
	struct hello_mem *mem = &buffer->mem;
	const struct hello_allocator *a = hello_allocator_of(mem);
	u64 start = ktime_get_ns();

	mem->addr = a->alloc(mem);
	buffer->alloc_ns = ktime_get_ns() - start;
}

/* In chunks: with raised caps a buffer may have gigabytes. */
static void set_bytes(void *addr, int value, size_t size)
{
	for (; size > SZ_1M; addr += SZ_1M, size -= SZ_1M) {
		memset(addr, value, SZ_1M);
		cond_resched();
	}
	memset(addr, value, size);
}

/*
 * Fills the buffer by init_mode. Bytes after the capacity are zero if they can
 * be mapped; otherwise nothing accesses them.
 */
static void fill(struct hello_buffer *buffer)
{
	const struct hello_mem *mem = &buffer->mem;
	size_t size = mem->recipe.buffer_size;
	size_t end = hello_alloc_mappable(mem) ? PAGE_ALIGN(size) : size;

	if (mem->recipe.init_mode == HELLO_INIT_POISON)
		set_bytes(mem->addr, POISON, size);
	set_bytes(mem->addr + buffer->length, 0, end - buffer->length);
}

/* noinline: keeps the text off the stack when not tracing. */
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
	/* live <= taken, so sum only if taken exceeds the peak. */
	if (unlikely(atomic64_read(&caps[TOTAL].taken) > atomic64_read(&peak)))
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
 * hello_buffer_alloc_mem() - allocate the memory of a buffer
 * @buffer: set up, without memory, not published
 *
 * Charges the cgroup of the caller if the allocator can and the context is
 * process. Context: process, may sleep.
 *
 * Return: 0, or -ENOMEM if the allocator failed or a cap was reached.
 */
int hello_buffer_alloc_mem(struct hello_buffer *buffer)
{
	const struct hello_recipe *recipe = &buffer->mem.recipe;
	const struct hello_allocator *a = hello_allocator_of(&buffer->mem);
	u64 reserved = hello_recipe_usable(recipe);
	u64 usable = reserved;
	const char *why;

	why = reserve_caps(recipe, reserved);
	if (why)
		goto err_count;

	why = "injected fault";
	if (hello_should_fail())
		goto err_release_caps;
	why = "allocation failed";
	hello_alloc_lookup(a, &buffer->mem);
	hello_context_run(recipe->alloc_context, timed_alloc, buffer);
	if (!buffer->mem.addr)
		goto err_release_caps;

	/* The memory may take less than was reserved. */
	if (unlikely(a->flags & HELLO_BY_SIZE)) {
		usable = a->usable(recipe->buffer_size, buffer->mem.addr);
		release_caps(recipe, reserved - usable);
	}
	if (!(recipe->mask & __GFP_ZERO))
		fill(buffer);
	count_success(buffer, usable);
	return 0;

err_release_caps:
	release_caps(recipe, reserved);
err_count:
	return count_failure(recipe, why);
}

/*
 * Bytes of the pages that have references of others, such as vmsplice() or
 * io_uring: they outlive the buffer, and nothing tells when they are freed.
 * noinline: a buffer that was never mapped does not save registers for it.
 */
static noinline u64 bytes_pinned(const struct hello_buffer *buffer)
{
	unsigned long n = PAGE_ALIGN(buffer->mem.recipe.buffer_size) >> PAGE_SHIFT;
	unsigned long i;
	u64 bytes = 0;

	for (i = 0; i < n; i++) {
		if (page_count(buffer->pages[i]) > 1)
			bytes += PAGE_SIZE;
		cond_resched();
	}
	return bytes;
}

static __always_inline void free_mem(struct hello_buffer *buffer)
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
		trace_hello_free(a->entry.name, size);

	if (unlikely(a->flags & HELLO_BY_SIZE))
		usable = a->usable(size, mem->addr);
	if (unlikely(buffer->pages)) {
		atomic64_add(bytes_pinned(buffer), &pinned);
		kvfree(buffer->pages);
	}
	a->free(mem);
	release_caps(recipe, usable);
}

/**
 * hello_buffer_adopt() - move the memory of one buffer to another
 * @to: a published buffer; the caller holds its store's lock for writing
 * @from: a buffer with memory, not published
 *
 * Moves nothing if @to has memory already or its recipe differs.
 *
 * Return: true if @to has memory.
 */
bool hello_buffer_adopt(struct hello_buffer *to, struct hello_buffer *from)
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
 * hello_buffer_new() - allocate the header of a buffer
 * @recipe: its recipe, resolved
 *
 * Context: process, may sleep.
 *
 * Return: the buffer with one reference, without memory; or NULL.
 */
struct hello_buffer *hello_buffer_new(const struct hello_recipe *recipe)
{
	struct hello_buffer *buffer;

	/* Not zeroed: RCU readers may still access the refcount. */
	buffer = hello_should_fail() ? NULL : kmem_cache_alloc(headers, GFP_KERNEL);
	if (!buffer) {
		count_failure(recipe, "no memory for the header");
		return NULL;
	}
	buffer->mem.recipe = *recipe;
	hello_buffer_setup(buffer, true);
	return buffer;
}

/* hello_buffer_new() and hello_buffer_alloc_mem(): the buffer, or NULL. */
struct hello_buffer *hello_buffer_create(const struct hello_recipe *recipe)
{
	struct hello_buffer *buffer = hello_buffer_new(recipe);

	if (buffer && !hello_buffer_alloc_mem(buffer))
		return buffer;
	hello_buffer_put(buffer);
	return NULL;
}

/* The slow path of hello_buffer_put(). */
void hello_buffer_free(struct hello_buffer *buffer)
{
	if (buffer->mem.addr)
		free_mem(buffer);
	if (buffer->own_header)
		kmem_cache_free(headers, buffer);
}

/* ---- contents ---- */

/* Filled at the first mapping and kept, since vmalloc_to_page() is slow. */
static struct page **page_array(struct hello_buffer *buffer)
{
	const struct hello_mem *mem = &buffer->mem;
	unsigned long n = PAGE_ALIGN(mem->recipe.buffer_size) >> PAGE_SHIFT;
	struct page **pages = READ_ONCE(buffer->pages);
	unsigned long i;

	if (pages || hello_should_fail())
		return pages;
	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	for (i = 0; i < n; i++) {
		pages[i] = hello_alloc_page(mem, i);
		cond_resched();
	}
	/* Another task may have mapped it meanwhile. */
	if (cmpxchg(&buffer->pages, NULL, pages))
		kvfree(pages);
	return buffer->pages;
}

/**
 * hello_buffer_mmap() - map a buffer into user space
 * @buffer: a mappable buffer, which is not replaced while it is mapped
 * @vma: the mapping, within the buffer
 *
 * Return: 0 or a negative errno.
 */
int hello_buffer_mmap(struct hello_buffer *buffer, struct vm_area_struct *vma)
{
	struct hello_mem *mem = &buffer->mem;
	unsigned long n = vma_pages(vma);
	struct page **pages;
	int err;

	if (hello_allocator_of(mem)->mmap)
		return hello_allocator_of(mem)->mmap(mem, vma);
	pages = page_array(buffer);
	if (!pages)
		return -ENOMEM;
	err = vm_insert_pages(vma, vma->vm_start, pages + vma->vm_pgoff, &n);
	/* The range is valid: there was no memory for a page table. */
	return err == -EFAULT ? -ENOMEM : err;
}

/**
 * hello_buffer_zero_tail() - zero stale bytes after the contents, from the end
 * @buffer: the buffer; the caller holds its store's lock for writing
 * @max: bytes to zero at most
 *
 * Return: true if all of the tail is zero, else call again.
 */
bool hello_buffer_zero_tail(struct hello_buffer *buffer, size_t max)
{
	size_t n = min(max, buffer->dirty - buffer->length);

	buffer->dirty -= n;
	memset(buffer->mem.addr + buffer->dirty, 0, n);
	return buffer->dirty == buffer->length;
}

/* A writable mapping may write to the end of the last page. Caller holds the lock. */
void hello_buffer_dirty_tail(struct hello_buffer *buffer)
{
	buffer->dirty = PAGE_ALIGN(buffer->mem.recipe.buffer_size);
}

/* Bytes freed since load while others still had references to the pages. */
u64 hello_buffer_pinned(void)
{
	return atomic64_read(&pinned);
}

/**
 * hello_buffer_peak() - the most requested bytes that were live at once
 * @allocator: number of the allocator, or HELLO_STATS_ALL
 *
 * Return: bytes, since load or the last reset.
 */
u64 hello_buffer_peak(int allocator)
{
	return atomic64_read(allocator == HELLO_STATS_ALL ? &peak :
							    &usage[allocator].peak);
}

/* Restarts the peaks at the bytes that are live now. */
void hello_buffer_reset_peaks(void)
{
	unsigned int i;

	for (i = 0; i < hello_allocator_table.nr; i++)
		atomic64_set(&usage[i].peak, atomic64_read(&usage[i].live));
	atomic64_set(&peak, live_of_all());
}

int hello_buffer_init(void)
{
	char name[32];

	/*
	 * Up to 6.11 the kernel removes such a cache from sysfs only after a grace
	 * period: the last load's cache may still have its name.
	 */
	snprintf(name, sizeof(name), "hello_buffer_%llx", ktime_get_ns());
	headers = kmem_cache_create(name, sizeof(struct hello_buffer),
				    __alignof__(struct hello_buffer),
				    SLAB_ACCOUNT | SLAB_TYPESAFE_BY_RCU, NULL);
	return headers ? 0 : -ENOMEM;
}

/* All buffers must have been put. */
void hello_buffer_exit(void)
{
	kmem_cache_destroy(headers);
}
