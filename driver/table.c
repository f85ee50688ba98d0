// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding and listing the entries of a table.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table.h"

/**
 * hello_table_find() - find an entry by name
 * @table: the table
 * @word: the exact name; one newline may follow, as in a sysfs write
 *
 * Return: the number of the entry, or -EINVAL if there is none or it is missing.
 */
int hello_table_find(const struct hello_table *table, const char *word)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		const struct hello_entry *entry = hello_table_get(table, i);

		if (!entry->missing && sysfs_streq(entry->name, word))
			return i;
	}
	return -EINVAL;
}

/**
 * hello_table_list() - print the names of the entries, separated by blanks
 * @table: the table; missing entries are left out
 * @current_one: number of the entry in brackets, or -1
 * @buf: the text, always terminated
 * @size: size of @buf, at least 1
 *
 * Return: the length of the text.
 */
int hello_table_list(const struct hello_table *table, int current_one,
		     char *buf, size_t size)
{
	unsigned int i;
	int len = 0;

	buf[0] = '\0';
	for (i = 0; i < table->nr; i++) {
		const struct hello_entry *entry = hello_table_get(table, i);

		if (entry->missing)
			continue;
		len += scnprintf(buf + len, size - len,
				 i == current_one ? "%s[%s]" : "%s%s",
				 len ? " " : "", entry->name);
	}
	return len;
}
