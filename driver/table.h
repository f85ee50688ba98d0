/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of named entries that users choose from: allocators, locks, contexts.
 * Lists, parsers and checks walk the tables.
 */
#ifndef HELLO_TABLE_H
#define HELLO_TABLE_H

#include <linux/types.h>

/**
 * struct hello_entry - the first member of each element of a table
 */
struct hello_entry {
	/** @name: the word that users read and write */
	const char *name;
	/** @missing: why this kernel or load does not offer it, or NULL */
	const char *missing;
};

/**
 * struct hello_table - an array of elements that begin with a hello_entry
 */
struct hello_table {
	/** @first: the entry inside the first element */
	const struct hello_entry *first;
	/** @stride: size of an element in bytes */
	size_t stride;
	/** @nr: number of elements, missing ones included */
	unsigned int nr;
};

/* Initializer of a hello_table; the elements have a member entry. */
#define HELLO_TABLE(array) {			\
	.first	= &(array)[0].entry,		\
	.stride	= sizeof((array)[0]),		\
	.nr	= ARRAY_SIZE(array),		\
}

/* The same for its first @n elements alone. */
#define HELLO_TABLE_HEAD(array, n) {		\
	.first	= &(array)[0].entry,		\
	.stride	= sizeof((array)[0]),		\
	.nr	= (n),				\
}

/* The same for a plain array of hello_entry. */
#define HELLO_ENTRIES(array) {			\
	.first	= (array),			\
	.stride	= sizeof((array)[0]),		\
	.nr	= ARRAY_SIZE(array),		\
}

/* Entry number @i, which is less than table->nr; it may be missing. */
static inline const struct hello_entry *
hello_table_get(const struct hello_table *table, unsigned int i)
{
	return (const void *)table->first + i * table->stride;
}

int hello_table_find(const struct hello_table *table, const char *word);
int hello_table_list(const struct hello_table *table, int current_one,
		     char *buf, size_t size);

#endif /* HELLO_TABLE_H */
