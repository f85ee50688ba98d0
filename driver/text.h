/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from user space, made safe to print.
 */
#ifndef HELLO_TEXT_H
#define HELLO_TEXT_H

#include <linux/types.h>

/* Bytes of @size that hello_text_escape() needs for @n bytes of text. */
#define HELLO_TEXT_ESCAPED(n)	(4 * (n) + 1)

char *hello_text_escape(char *to, size_t size, const char *from);

#endif /* HELLO_TEXT_H */
