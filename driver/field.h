/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of a struct that are parsed from and printed as text: the words of a
 * recipe, the tunables.
 */
#ifndef HELLO_FIELD_H
#define HELLO_FIELD_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

struct hello_field_ops;
struct hello_table;

/**
 * struct hello_field - a named value in a struct
 */
struct hello_field {
	/** @name: the name that users read and write */
	const char *name;
	/** @ops: how it is parsed and printed */
	const struct hello_field_ops *ops;
	/** @table: for hello_field_entry, the table that the value indexes; or NULL */
	const struct hello_table *table;
	/** @offset: bytes from the start of the struct */
	size_t offset;
};

extern const struct hello_field_ops hello_field_entry;
extern const struct hello_field_ops hello_field_size;
extern const struct hello_field_ops hello_field_gfp;
extern const struct hello_field_ops hello_field_node;

/* The C type that each of them reads and writes. */
typedef u8 hello_field_entry_t;
typedef u64 hello_field_size_t;
typedef u16 hello_field_gfp_t;
typedef s16 hello_field_node_t;

/**
 * HELLO_FIELD() - initializer of a hello_field
 * @container: the struct
 * @kind: entry, size, gfp or node
 * @member: the member, whose name is the field's
 * @table_: the table of an entry, else NULL
 *
 * Does not build for a member of another C type, for an entry without a table,
 * or for another kind with one.
 */
#define HELLO_FIELD(container, kind, member, table_) {			\
	.name	= #member,						\
	.ops	= &hello_field_##kind,					\
	.table	= (table_),						\
	.offset	= offsetof(container, member) +				\
		  BUILD_BUG_ON_ZERO(!__same_type(((container *)0)->member, \
						 hello_field_##kind##_t)) + \
		  BUILD_BUG_ON_ZERO(__same_type(hello_field_##kind##_t,	\
						hello_field_entry_t) ==	\
				    __same_type(table_, void *)),	\
}

int hello_field_parse(const struct hello_field *field, const char *text,
		      void *container);
int hello_field_print(const struct hello_field *field, const void *container,
		      bool list, char *buf, size_t size);

#endif /* HELLO_FIELD_H */
