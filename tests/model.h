/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/model.h: the contents that a buffer must have, and the answers that calls on it
 * must give: counts, positions and errnos. Tests compare the device with it.
 */
#ifndef HELLO_MODEL_H
#define HELLO_MODEL_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define MODEL_MAX	(160 << 10)
#define MODEL_PAGE_MAX	65536	/* of any machine */

struct model {
	size_t capacity, length;
	int maps, writable_maps;	/* mappings, and those that may be written through */
	/* A mapping also shows the bytes between the capacity and the end of the page. */
	unsigned char data[MODEL_MAX + MODEL_PAGE_MAX];
};

/* xorshift64*; the state is not 0 */
static inline unsigned long long model_random(unsigned long long *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL >> 16;
}

/* The functions below return what the call must return, or a negative errno. */

static inline long long model_write(struct model *m, const unsigned char *from, size_t n, long long at)
{
	if (at < 0)
		return -EINVAL;
	if (!n)
		return 0;
	if ((size_t)at >= m->capacity)
		return -ENOSPC;
	if (n > m->capacity - at)
		n = m->capacity - at;
	if ((size_t)at > m->length)
		memset(m->data + m->length, 0, at - m->length);
	memcpy(m->data + at, from, n);
	if (at + n > m->length)
		m->length = at + n;
	return n;
}

/* The bytes read are those of m->data. */
static inline long long model_read(const struct model *m, size_t n, long long at)
{
	if (at < 0)
		return -EINVAL;
	if ((size_t)at >= m->length)
		return 0;
	return n < m->length - at ? n : m->length - at;
}

static inline long long model_seek(const struct model *m, long long pos, long long off, int whence)
{
	unsigned long long to = off;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		if (!off)	/* changes nothing */
			return pos;
		to += pos;
		break;
	case SEEK_END:
		to += m->length;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (off < 0 || (size_t)off >= m->length)
			return -ENXIO;
		if (whence == SEEK_HOLE)
			to = m->length;
		break;
	default:
		return -EINVAL;
	}
	return to > m->capacity ? -EINVAL : (long long)to;
}

/* O_TRUNC has a limit: a larger buffer that is mapped is left alone. */
static inline long long model_truncate(struct model *m, size_t limit)
{
	if (m->maps && m->capacity > limit)
		return -EBUSY;
	if (m->maps)
		memset(m->data, 0, sizeof(m->data));
	m->length = m->writable_maps ? m->capacity : 0;
	return 0;
}

/* Another allocator or capacity */
static inline long long model_replace(struct model *m, size_t capacity)
{
	if (m->maps)
		return -EBUSY;
	if (capacity < m->length)
		return -ENOSPC;
	m->capacity = capacity;
	return 0;
}

/* While a writable mapping exists, the length is the capacity. */
static inline void model_map(struct model *m, bool writable)
{
	size_t page = sysconf(_SC_PAGESIZE), end = (m->capacity + page - 1) / page * page;

	memset(m->data + m->length, 0, end - m->length);
	m->maps++;
	if (writable) {
		m->writable_maps++;
		m->length = m->capacity;
	}
}

static inline void model_unmap(struct model *m, bool writable)
{
	m->maps--;
	m->writable_maps -= writable;
}

#endif /* HELLO_MODEL_H */
