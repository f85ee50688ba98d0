/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from user space, made safe to print, and reasons for users.
 */
#ifndef HELLO_TEXT_H
#define HELLO_TEXT_H

#include <linux/compiler.h>
#include <linux/types.h>

/* The size that hello_text_escape() needs for @n bytes of text. */
#define HELLO_TEXT_ESCAPED(n)	(4 * (n) + 1)

/* The longest reason of an -EINVAL, with its NUL. */
#define HELLO_WHY_MAX		320

char *hello_text_escape(char *to, size_t size, const char *from);
__printf(2, 3) int hello_text_invalid(char *why, const char *format, ...);

#endif /* HELLO_TEXT_H */
