#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/poison.t: the same tests where the kernel does not hide mistakes.
# Debian's kernel zeroes all memory by default; here it is poisoned and checked.

exec "${0%/*}/suite" --name poison \
	--append "init_on_alloc=0 init_on_free=0 page_poison=1 slub_debug=FZPU"
