// SPDX-License-Identifier: GPL-2.0-only
/*
 * The closed list of GFP words, their parser, printer and rules.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "gfp.h"

#define BASES	(HELLO_GFP_KERNEL | HELLO_GFP_ATOMIC | HELLO_GFP_NOWAIT | \
		 HELLO_GFP_NOIO | HELLO_GFP_NOFS | HELLO_GFP_USER |	  \
		 HELLO_GFP_HIGHUSER)
#define ZONES	(HELLO_GFP_DMA | HELLO_GFP_DMA32)

/* In the order of the bits in gfp.h. __GFP_NOFAIL and hex masks are not offered. */
static const struct {
	const char *name;
	gfp_t bits;
} words_of_gfp[] = {
	{ "GFP_KERNEL",			GFP_KERNEL },
	{ "GFP_ATOMIC",			GFP_ATOMIC },
	{ "GFP_NOWAIT",			GFP_NOWAIT },
	{ "GFP_NOIO",			GFP_NOIO },
	{ "GFP_NOFS",			GFP_NOFS },
	{ "GFP_USER",			GFP_USER },
	{ "GFP_HIGHUSER",		GFP_HIGHUSER },
	{ "GFP_DMA",			GFP_DMA },
	{ "GFP_DMA32",			GFP_DMA32 },
	{ "__GFP_NORETRY",		__GFP_NORETRY },
	{ "__GFP_RETRY_MAYFAIL",	__GFP_RETRY_MAYFAIL },
	{ "__GFP_THISNODE",		__GFP_THISNODE },
	{ "__GFP_HIGH",			__GFP_HIGH },
};

static_assert(BIT(ARRAY_SIZE(words_of_gfp)) - 1 == HELLO_GFP_ALL,
	      "every bit of gfp.h needs its name here");

/**
 * hello_gfp_parse() - parse words joined by '|'
 * @text: the text; one newline may end it
 * @words: the set, written on success only
 *
 * Return: 0, or -EINVAL if a word is unknown, empty or given twice.
 */
int hello_gfp_parse(const char *text, u16 *words)
{
	u32 set = 0;

	for (;;) {
		size_t len = strcspn(text, "|\n");
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(words_of_gfp); i++) {
			const char *name = words_of_gfp[i].name;

			if (strlen(name) == len && !memcmp(name, text, len))
				break;
		}
		if (i == ARRAY_SIZE(words_of_gfp) || set & BIT(i))
			return -EINVAL;
		set |= BIT(i);
		text += len;
		if (*text != '|')
			break;
		text++;
	}
	if (*text == '\n')
		text++;
	if (*text)
		return -EINVAL;
	*words = set;
	return 0;
}

/**
 * hello_gfp_print() - print a set
 * @words: the set
 * @separator: text between two words; hello_gfp_parse() takes "|"
 * @buf: the text, always terminated
 * @size: size of @buf, at least 1
 *
 * Return: the length of the text.
 */
int hello_gfp_print(u32 words, const char *separator, char *buf, size_t size)
{
	unsigned int i;
	int len = 0;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(words_of_gfp); i++)
		if (words & BIT(i))
			len += scnprintf(buf + len, size - len, "%s%s",
					 len ? separator : "",
					 words_of_gfp[i].name);
	return len;
}

/**
 * hello_gfp_conflict() - check that the words of a set work together
 * @words: the set
 *
 * Return: NULL, or the reason why not and the cure.
 */
const char *hello_gfp_conflict(u32 words)
{
	if (!(words & (BASES | ZONES)))
		return "a mask needs a base such as GFP_KERNEL";
	if (hweight32(words & BASES) > 1)
		return "a mask has one base only; join it with modifiers";
	if (hweight32(words & (ZONES | HELLO_GFP_HIGHUSER)) > 1)
		return "GFP_DMA, GFP_DMA32 and GFP_HIGHUSER name different zones; take one";
	return NULL;
}

/* The mask with the bits of all words. */
gfp_t hello_gfp_bits(u32 words)
{
	gfp_t bits = 0;

	for (; words; words &= words - 1)
		bits |= words_of_gfp[__ffs(words)].bits;
	return bits;
}
