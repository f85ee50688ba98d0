#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/poison.t [OPTION OF tests/vm/run]...: the tests on the device with poisoned memory.
# Debian's kernel zeroes all memory by default, which hides stale bytes.

cd "${0%/*}/../.." || exit

# Debian's kernels zero the stack too, if their compiler can: build the module with a
# stack pattern instead. With options the caller has built the module so.
if [ $# = 0 ]; then
	module=build/poison
	if ! {
		tests/kernels/copy-driver $module &&
		make -C "/lib/modules/$(tests/vm/run --which)/build" M="$PWD/$module" \
			KCFLAGS=-ftrivial-auto-var-init=pattern modules
	} >build/poison.log 2>&1; then
		cat build/poison.log >&2
		echo 'Bail out! the module does not build'
		exit 1
	fi
	set -- --module $module/driver/hello.ko
fi
exec tests/vm/suite --name poison --poison "$@" -- build/tests/* tests/guest/disclosure.t
