#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/poison.t: the tests on the device where nothing hides a mistake.
# Debian's kernel zeroes all memory, here it is poisoned; processors run in parallel.

cd "${0%/*}/../.." || exit
exec tests/vm/suite --name poison --qemu "-accel tcg,thread=multi" \
	--append "init_on_alloc=0 init_on_free=0 page_poison=1 slub_debug=FZPU" \
	-- build/tests/* tests/guest/disclosure.t
