#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/poison.t: the tests on the device where nothing hides a mistake.
# Debian's kernel zeroes all memory by default; here it is poisoned and checked.

cd "${0%/*}/../.." || exit
exec tests/vm/suite --name poison \
	--append "init_on_alloc=0 init_on_free=0 page_poison=1 slub_debug=FZPU" \
	-- build/tests/* tests/guest/disclosure.t
