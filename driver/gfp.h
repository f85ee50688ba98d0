/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GFP masks as users write them: a set of words from a closed list. A recipe
 * has the words, not the bits, since several words share bits.
 */
#ifndef HELLO_GFP_H
#define HELLO_GFP_H

#include <linux/bits.h>
#include <linux/gfp.h>

/* A set of GFP words; one bit each. */
#define HELLO_GFP_KERNEL	BIT(0)
#define HELLO_GFP_ATOMIC	BIT(1)
#define HELLO_GFP_NOWAIT	BIT(2)
#define HELLO_GFP_NOIO		BIT(3)
#define HELLO_GFP_NOFS		BIT(4)
#define HELLO_GFP_USER		BIT(5)
#define HELLO_GFP_HIGHUSER	BIT(6)
#define HELLO_GFP_DMA		BIT(7)
#define HELLO_GFP_DMA32		BIT(8)
#define HELLO_GFP_NORETRY	BIT(9)
#define HELLO_GFP_RETRY_MAYFAIL	BIT(10)
#define HELLO_GFP_THISNODE	BIT(11)
#define HELLO_GFP_HIGH		BIT(12)
#define HELLO_GFP_ALL		(BIT(13) - 1)

/* The longest text of a valid set with its NUL: a base, a zone, every modifier. */
#define HELLO_GFP_TEXT		96

int hello_gfp_parse(const char *text, u16 *words);
int hello_gfp_print(u32 words, const char *separator, char *buf, size_t size);
const char *hello_gfp_conflict(u32 words);
gfp_t hello_gfp_bits(u32 words);

#endif /* HELLO_GFP_H */
