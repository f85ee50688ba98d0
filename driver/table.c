// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking up and listing the choices of a table.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table.h"

/**
 * hello_table_find() - the number of a word
 * @table: where to look
 * @word: the exact name; one newline may follow, as sysfs writes end
 *
 * Return: the number, or -EINVAL if no choice of this kernel has that name.
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
 * hello_table_list() - what may be chosen, separated by blanks
 * @table: the table to list
 * @current_one: the number to put in brackets, or -1
 * @buf: where the text goes, terminated also if nothing may be chosen
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
