// SPDX-License-Identifier: GPL-2.0-only
/*
 * Escaping text from user space: a terminal that shows the log must not obey
 * it, and a blank in it must not shift columns. Reasons of refusals.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "text.h"

/**
 * hello_text_escape() - escape text for the log and for columns
 * @to: the escaped text, always terminated
 * @size: size of @to; text that does not fit is cut at a whole character
 * @from: the text
 *
 * Blanks, backslashes, control characters and all bytes from 0x80 on become
 * \ooo; %pE does not escape bytes from 0xa0 on.
 *
 * Return: @to.
 */
char *hello_text_escape(char *to, size_t size, const char *from)
{
	size_t len = 0;

	to[0] = '\0';
	for (; *from; from++) {
		unsigned char c = *from;
		bool plain = c > ' ' && c < 0x7f && c != '\\';

		if (len + (plain ? 1 : 4) >= size)
			break;
		len += scnprintf(to + len, size - len, plain ? "%c" : "\\%03o",
				 c);
	}
	return to;
}

/**
 * hello_text_invalid() - note why something cannot work
 * @why: HELLO_WHY_MAX bytes for the reason and the cure
 * @format: the reason
 *
 * Return: -EINVAL.
 */
int hello_text_invalid(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, HELLO_WHY_MAX, format, args);
	va_end(args);
	return -EINVAL;
}
