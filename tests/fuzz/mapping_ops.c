// SPDX-License-Identifier: GPL-2.0-only
/*
 * tests/fuzz/mapping_ops.c: mappings of the buffer: their making, change and end, access
 * by the processor, by the driver itself and by a pipe.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGE	((size_t)sysconf(_SC_PAGESIZE))

static size_t pages_of(const struct model *m)
{
	return (m->capacity + PAGE - 1) / PAGE;
}

static size_t bytes(const struct mapping *map)
{
	return map->pages * PAGE;
}

/* The contents that the mapping must show */
static unsigned char *data(const struct mapping *map)
{
	return map->file->buffer->m.data + map->first * PAGE;
}

static bool is(const struct file *file, const char *mode)
{
	return !strcmp(file->buffer->recipe.word[MODE], mode);
}

/* kvmalloc has pages of its own for some sizes only. */
static bool mappable(const struct file *file)
{
	return is(file, "vmalloc") || is(file, "pages") || is(file, "pages_exact") || is(file, "dma_coherent") ||
	       is(file, "kvmalloc");
}

static const struct {
	int prot, flags;
} kinds[] = {
	{ PROT_READ | PROT_WRITE, MAP_SHARED }, { PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE },
	{ PROT_READ, MAP_SHARED }, { PROT_READ, MAP_PRIVATE }, { PROT_NONE, MAP_SHARED },
	{ PROT_READ | PROT_WRITE, MAP_PRIVATE }, { PROT_READ | PROT_EXEC, MAP_SHARED },
	{ PROT_WRITE, MAP_SHARED }, { PROT_READ, MAP_SHARED | MAP_LOCKED },
};

static long long want_map(const struct file *file, size_t first, size_t pages, int prot, int flags)
{
	const struct model *m = &file->buffer->m;

	if (flags & MAP_SHARED && prot & PROT_WRITE && !file->writable)
		return -EACCES;
	if (!file->readable)
		return -EACCES;
	if (under_rcu(file) || !mappable(file))
		return -ENODEV;
	if (first >= pages_of(m) || pages > pages_of(m) - first)
		return -EINVAL;
	if (prot & PROT_EXEC)
		return -EPERM;
	if (flags & MAP_PRIVATE && prot & PROT_WRITE)
		return -EINVAL;
	return 0;
}

/* Arguments: handle, first page, number of pages or 0 for all, kind */
static void run_mmap(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	struct mapping *map = free_mapping();
	int prot = kinds[a[3].n % ARRAY_SIZE(kinds)].prot, flags = kinds[a[3].n % ARRAY_SIZE(kinds)].flags;
	size_t first = a[1].n % 4 ? 0 : a[1].n / 4 % 8, pages = a[2].n % 8;
	bool writable, extends;
	long long got, want;
	void *at;

	(void)op;
	if (!h || !map)
		return;
	if (!pages) {
		pages = world.storm ? 1 : pages_of(&h->file->buffer->m);
		pages = pages > first ? pages - first : 1;
	}
	at = mmap(NULL, pages * PAGE, prot, flags, h->fd, first * PAGE);
	got = at == MAP_FAILED ? -errno : 0;
	writable = flags & MAP_SHARED && h->file->writable;
	if (!got) {
		*map = (struct mapping){ .at = at, .pages = pages, .first = first, .prot = prot,
					 .writable = writable, .file = h->file };
		h->file->refs++;
	}
	if (refused(got))
		return;
	want = want_map(h->file, first, pages, prot, flags);
	if (!want && got == -ENODEV && is(h->file, "kvmalloc")) {
		learn_buffer(h);
		return;
	}
	expect(got, want, "mmap");
	if (want)
		return;
	h->file->buffer->allocated = true;
	extends = writable && h->file->buffer->m.length < h->file->buffer->m.capacity;
	model_map(&h->file->buffer->m, writable);
	if (extends)
		changed(h->file);
}

static void unmapped(struct mapping *map)
{
	if (!world.storm)
		model_unmap(&map->file->buffer->m, map->writable);
	file_put(map->file);
	map->file = NULL;
}

/* Unmaps pages; those after them are then a mapping of their own. */
static void unmap(struct mapping *map, size_t from, size_t pages)
{
	struct mapping *rest = free_mapping();
	size_t after = map->pages - from - pages;

	if (from && after && !rest)
		return;
	expect(RET(munmap(map->at + from * PAGE, pages * PAGE)), 0, "munmap");
	if (!from && !after) {
		unmapped(map);
		return;
	}
	if (from && after) {
		*rest = *map;
		rest->file->refs++;
		if (!world.storm) {
			rest->file->buffer->m.maps++;
			rest->file->buffer->m.writable_maps += rest->writable;
		}
	} else {
		rest = map;
	}
	if (after) {
		rest->at += (from + pages) * PAGE;
		rest->first += from + pages;
		rest->pages = after;
	}
	if (from)
		map->pages = from;
}

static void run_munmap(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);
	size_t from;

	(void)op;
	if (!map)
		return;
	from = a[1].n % 2 ? 0 : a[1].n / 2 % map->pages;
	unmap(map, from, a[1].n % 4 == 1 ? map->pages : 1 + a[1].n / 16 % (map->pages - from));
}

/* May the pages [n, n + size) be accessed? */
static bool may(const struct mapping *map, int prot)
{
	return (map->prot & prot) == prot;
}

/* Bytes of a mapping */
static size_t range(const struct mapping *map, struct arg offset, struct arg size, size_t *at)
{
	size_t n = size_of(size);
	long long off = offset_of(map->file, offset) - (long long)(map->first * PAGE);

	*at = (off < 0 ? 0 : off) % bytes(map);
	return n < bytes(map) - *at ? n : bytes(map) - *at;
}

static void run_store(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);
	size_t at, n;

	(void)op;
	if (!map || !may(map, PROT_WRITE))
		return;
	n = range(map, a[1], a[2], &at);
	memset(map->at + at, a[3].n, n);
	if (!refused(0))
		memset(data(map) + at, a[3].n, n);
}

static void run_load(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);
	volatile unsigned char *byte;
	size_t at, n;

	(void)op;
	if (!map || !may(map, PROT_READ))
		return;
	n = range(map, a[1], a[2], &at);
	byte = map->at + at;
	(void)*byte;
	if (!refused(0))
		expect_memory(map->at + at, data(map) + at, n, "a mapped byte");
}

static void run_mprotect(const struct op *op, const struct arg *a)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC };
	struct mapping *map = mapping_of(a[0]);
	int prot = prots[a[1].n % ARRAY_SIZE(prots)];
	long long got, want = 0;

	(void)op;
	if (!map)
		return;
	got = RET(mprotect(map->at, bytes(map), prot));
	if (!got)
		map->prot = prot;
	if (refused(got))
		return;
	if (prot & PROT_EXEC || (prot & PROT_WRITE && !map->writable))
		want = -EACCES;
	expect(got, want, "mprotect");
}

static void run_mremap(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);
	void *at, *to;

	(void)op;
	if (!map)
		return;
	switch (a[1].n % 4) {
	case 0:
		at = mremap(map->at, bytes(map), bytes(map) + PAGE, a[1].n & 4 ? MREMAP_MAYMOVE : 0);
		expect(at == MAP_FAILED, true, "growing fails");
		break;
	case 1:
		if (map->pages < 2)
			return;
		at = mremap(map->at, bytes(map), bytes(map) - PAGE, 0);
		expect(at == map->at, true, "shrinking");
		map->pages--;
		break;
	default:
		to = mmap(NULL, bytes(map), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		at = mremap(map->at, bytes(map), bytes(map), MREMAP_MAYMOVE | MREMAP_FIXED, to);
		expect(at == to, true, "moving");
		map->at = at;
	}
}

/* None changes the contents, and most fail. */
static void run_madvise(const struct op *op, const struct arg *a)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_FREE,
		MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_DODUMP, MADV_DONTDUMP, MADV_WIPEONFORK, 20 /* COLD */, 21 /* PAGEOUT */,
		22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */, 24 /* DONTNEED_LOCKED */, 25 /* COLLAPSE */,
	};
	struct mapping *map = mapping_of(a[0]);

	(void)op;
	if (map)
		madvise(map->at, bytes(map), advices[a[1].n % ARRAY_SIZE(advices)]);
}

static void run_mlock(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);

	(void)op;
	if (!map)
		return;
	switch (a[1].n % 3) {
	case 0:
		mlock(map->at, bytes(map));
		break;
	case 1:
		munlock(map->at, bytes(map));
		break;
	default:
		msync(map->at, bytes(map), MS_SYNC);
	}
}

/* A child has the mappings too, and checks one. */
static void run_fork(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);
	int status;
	pid_t pid = fork();

	(void)op;
	if (!pid) {
		if (map && a[1].n % 2 && may(map, PROT_READ))
			_exit(world.storm ? 0 : !!memcmp(map->at, data(map), bytes(map)));
		if (map && a[1].n % 4 == 2)
			munmap(map->at, PAGE);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		differ("fork: %s", strerror(errno));
	/* MADV_DONTFORK: the child dies of SIGSEGV. */
	if (WIFEXITED(status))
		expect(WEXITSTATUS(status), 0, "the mapping in a child");
}

/* True if the ranges share a byte but are not the same */
static bool overlap(const struct file *file, long long at, const struct mapping *map, size_t from, size_t n)
{
	long long begin = map->first * PAGE + from;

	return file->buffer == map->file->buffer && at != begin &&
	       at < begin + (long long)n && begin < at + (long long)n;
}

/* Reads into a mapping; the driver must not fault under its lock. */
static void run_read_to_map(const struct op *op, const struct arg *a)
{
	struct handle *h = handle_of(a[0]);
	struct mapping *map = mapping_of(a[1]);
	long long off, got, want;
	size_t at, n;

	(void)op;
	if (!h || !map || !may(map, PROT_READ | PROT_WRITE) || !h->file->readable)
		return;
	n = range(map, a[2], a[3], &at);
	off = a[4].n % 2 && !world.storm && h->file->buffer == map->file->buffer ? (long long)(map->first * PAGE + at) :
	      a[4].n * 16;
	if (!world.storm && overlap(h->file, off, map, at, n))
		return;
	got = RET(pread(h->fd, map->at + at, n, off));
	if (refused(got))
		return;
	want = model_read(&h->file->buffer->m, n, off);
	expect(got, want, "bytes read");
	h->file->news = NO_NEWS;
	if (!want)
		return;
	h->file->buffer->allocated = true;
	memmove(data(map) + at, h->file->buffer->m.data + off, want);
	expect_memory(map->at + at, data(map) + at, want, "a byte read");
}

static void run_write_from_map(const struct op *op, const struct arg *a)
{
	static unsigned char copy[MODEL_MAX + MODEL_PAGE_MAX];
	struct handle *h = handle_of(a[0]);
	struct mapping *map = mapping_of(a[1]);
	long long off, got, want;
	size_t at, n;

	(void)op;
	if (!h || !map || !may(map, PROT_READ) || !h->file->writable || h->file->append)
		return;
	n = range(map, a[2], a[3], &at);
	off = a[4].n * 16;
	/* A gap would be zeroed: no part of it may be copied. */
	if (!world.storm && h->file->buffer == map->file->buffer &&
	    (overlap(h->file, off, map, at, n) || off > (long long)h->file->buffer->m.length))
		return;
	got = RET(pwrite(h->fd, map->at + at, n, off));
	if (refused(got))
		return;
	memcpy(copy, data(map) + at, n);
	want = model_write(&h->file->buffer->m, copy, n, off);
	expect(got, want, "bytes written");
	if (want <= 0)
		return;
	h->file->buffer->allocated = true;
	changed(h->file);
}

/* Pins a page of the buffer in a pipe */
static void run_vmsplice(const struct op *op, const struct arg *a)
{
	struct mapping *map = mapping_of(a[0]);
	static unsigned char got[4096];
	struct iovec iov;
	size_t at, n;
	long long ret;
	int p[2];

	(void)op;
	if (!map || !may(map, PROT_READ))
		return;
	n = range(map, a[1], a[2], &at) % sizeof(got);
	if (!n || pipe2(p, O_CLOEXEC | O_NONBLOCK))
		return;
	iov = (struct iovec){ map->at + at, n };
	ret = RET(vmsplice(p[1], &iov, 1, SPLICE_F_NONBLOCK));
	if (world.storm && a[3].n % 2) {
		/* The pipe keeps the page, and is closed with the process. */
		return;
	}
	if (ret > 0)
		expect(RET(read(p[0], got, ret)), ret, "bytes read from a pipe");
	close(p[0]);
	close(p[1]);
	if (refused(ret))
		return;
	/* The memory of the DMA API is not made of pages. */
	if (is(map->file, "dma_coherent") && ret == -EFAULT)
		return;
	expect(ret, n, "bytes of vmsplice()");
	expect_memory(got, data(map) + at, n, "a byte of the pipe");
}

const struct op mapping_ops[] = {
	{ "mmap",		"hkkk",	80, run_mmap, "ENODEV EINVAL EPERM EACCES EAGAIN", NULL },
	{ "munmap",		"hk",	48, run_munmap, "", NULL },
	{ "store",		"honk",	64, run_store, "", NULL },
	{ "load",		"hon",	48, run_load, "", NULL },
	{ "mprotect",		"hk",	16, run_mprotect, "EACCES", NULL },
	{ "mremap",		"hk",	16, run_mremap, "", NULL },
	{ "madvise",		"hk",	24, run_madvise, "", NULL },
	{ "mlock",		"hk",	12, run_mlock, "", NULL },
	{ "fork",		"hk",	3, run_fork, "", NULL },
	{ "read_to_map",	"hhonk",	24, run_read_to_map, "EBADF EINVAL", NULL },
	{ "write_from_map",	"hhonk",	24, run_write_from_map, "EBADF EINVAL ENOSPC", NULL },
	{ "vmsplice",		"honk",	12, run_vmsplice, "EFAULT EAGAIN", NULL },
	{ }
};
