/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of named things that the user chooses from: allocators, locks,
 * contexts ... Every list, parser and check walks the table itself.
 */
#ifndef HELLO_TABLE_H
#define HELLO_TABLE_H

#include <linux/types.h>

/**
 * struct hello_entry - the part that all entries of all tables begin with
 */
struct hello_entry {
	/** @name: the word that users read and write */
	const char *name;
	/** @missing: why this kernel or load does not have it; NULL if it has */
	const char *missing;
};

/**
 * struct hello_table - an array whose elements begin with a hello_entry
 */
struct hello_table {
	/** @first: the entry inside the first element */
	const struct hello_entry *first;
	/** @stride: distance of two elements in bytes */
	size_t stride;
	/** @nr: number of elements, those that are missing here included */
	unsigned int nr;
};

/**
 * HELLO_TABLE() - initializer of a hello_table
 * @array: the array; the elements have a member @entry
 */
#define HELLO_TABLE(array) {			\
	.first	= &(array)[0].entry,		\
	.stride	= sizeof((array)[0]),		\
	.nr	= ARRAY_SIZE(array),		\
}

/**
 * HELLO_WORDS() - the same of an array of hello_entry, of which nothing but the
 * name is said
 * @array: the array
 */
#define HELLO_WORDS(array) {			\
	.first	= (array),			\
	.stride	= sizeof((array)[0]),		\
	.nr	= ARRAY_SIZE(array),		\
}

/**
 * hello_table_get() - the entry with a number
 * @table: the table
 * @i: its number, less than @table->nr
 *
 * Return: the entry, which may be missing on this kernel.
 */
static inline const struct hello_entry *
hello_table_get(const struct hello_table *table, unsigned int i)
{
	return (const void *)table->first + i * table->stride;
}

int hello_table_find(const struct hello_table *table, const char *word);
int hello_table_list(const struct hello_table *table, int current_one,
		     char *buf, size_t size);

#endif /* HELLO_TABLE_H */
