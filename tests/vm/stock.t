#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/stock.t [OPTION OF tests/vm/run]...: the tests of the device (but those of tests/vm/docs.t) on the distribution's kernel.
# The guest has two NUMA nodes, with a processor each.

cd "${0%/*}/../.." || exit
set -- "$@" --
for file in build/tests/* tests/guest/*.t; do
	case $file in
	tests/guest/docs.t | tests/guest/tracers.t) ;;
	*) set -- "$@" "$file" ;;
	esac
done
# The options come last in suite's list of them, and win.
exec tests/vm/suite --name stock --mem 2048 --smp 2,sockets=2 --qemu "
	-object memory-backend-ram,id=m0,size=1024M -numa node,cpus=0,memdev=m0
	-object memory-backend-ram,id=m1,size=1024M -numa node,cpus=1,memdev=m1" "$@"
