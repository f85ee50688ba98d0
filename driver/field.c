// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing and printing named values: an entry of a table, a size, a GFP mask, a
 * NUMA node.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "field.h"
#include "gfp.h"
#include "table.h"

/* @value is of the field's own C type; @parse changes it on success only. */
struct hello_field_ops {
	int (*parse)(const struct hello_field *field, const char *text,
		     void *value);
	int (*print)(const struct hello_field *field, const void *value,
		     bool list, char *buf, size_t size);
};

/* ---- an entry of a table ---- */

static int parse_entry(const struct hello_field *field, const char *text,
		       void *value)
{
	int i = hello_table_find(field->table, text);

	if (i < 0)
		return i;
	*(hello_field_entry_t *)value = i;
	return 0;
}

static int print_entry(const struct hello_field *field, const void *value,
		       bool list, char *buf, size_t size)
{
	unsigned int i = *(const hello_field_entry_t *)value;

	if (list)
		return hello_table_list(field->table, i, buf, size);
	return scnprintf(buf, size, "%s", hello_table_get(field->table, i)->name);
}

const struct hello_field_ops hello_field_entry = {
	.parse	= parse_entry,
	.print	= print_entry,
};

/* ---- a size ---- */

/*
 * Decimal or 0x digits, then at most one of K M G. memparse() would wrap
 * around silently, and parse text without a number as 0.
 */
static int parse_size(const struct hello_field *field, const char *text,
		      void *value)
{
	static const char suffixes[] = "KMG";
	char digits[24];
	const char *suffix;
	unsigned int shift = 0;
	size_t len = strcspn(text, "\n");
	u64 number;
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
		err = kstrtoull(digits, 16, &number);
	else
		err = kstrtoull(digits, 10, &number);
	if (err || check_shl_overflow(number, shift, &number))
		return -EINVAL;
	*(hello_field_size_t *)value = number;
	return 0;
}

static int print_size(const struct hello_field *field, const void *value,
		      bool list, char *buf, size_t size)
{
	return scnprintf(buf, size, "%llu", *(const hello_field_size_t *)value);
}

const struct hello_field_ops hello_field_size = {
	.parse	= parse_size,
	.print	= print_size,
};

/* ---- a GFP mask ---- */

static int parse_gfp(const struct hello_field *field, const char *text,
		     void *value)
{
	return hello_gfp_parse(text, (hello_field_gfp_t *)value);
}

static int print_gfp(const struct hello_field *field, const void *value,
		     bool list, char *buf, size_t size)
{
	return hello_gfp_print(*(const hello_field_gfp_t *)value, "|", buf, size);
}

const struct hello_field_ops hello_field_gfp = {
	.parse	= parse_gfp,
	.print	= print_gfp,
};

/* ---- a NUMA node ---- */

static int parse_node(const struct hello_field *field, const char *text,
		      void *value)
{
	s16 node;

	if (kstrtos16(text, 10, &node) || node < NUMA_NO_NODE)
		return -EINVAL;
	*(hello_field_node_t *)value = node;
	return 0;
}

static int print_node(const struct hello_field *field, const void *value,
		      bool list, char *buf, size_t size)
{
	return scnprintf(buf, size, "%d", *(const hello_field_node_t *)value);
}

const struct hello_field_ops hello_field_node = {
	.parse	= parse_node,
	.print	= print_node,
};

/**
 * hello_field_parse() - set a field from text
 * @field: the field
 * @text: the value; one newline may end it
 * @container: the struct; changed on success only
 *
 * Return: 0, or -EINVAL if the text is no value of the field.
 */
int hello_field_parse(const struct hello_field *field, const char *text,
		      void *container)
{
	return field->ops->parse(field, text, container + field->offset);
}

/**
 * hello_field_print() - print the value of a field
 * @field: the field
 * @container: the struct
 * @list: of a table, print all entries with the current one in brackets
 * @buf: where the text goes
 * @size: size of @buf
 *
 * Return: the length of the text.
 */
int hello_field_print(const struct hello_field *field, const void *container,
		      bool list, char *buf, size_t size)
{
	return field->ops->print(field, container + field->offset, list, buf,
				 size);
}
