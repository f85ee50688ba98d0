#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/stock.t [OPTION OF tests/vm/run]...: the tests on the device on the distribution's
# kernel, without those of tests/vm/examples.t. The guest has two NUMA nodes of one CPU each.

cd "${0%/*}/../.." || exit
set -- "$@" --
for file in build/tests/* tests/guest/*.t; do
	case $file in
	tests/guest/transcripts.t | tests/guest/lessons.t | tests/guest/tracers.t) ;;
	*) set -- "$@" "$file" ;;
	esac
done
# tests/vm/run takes the last of two equal options: "$@" overrides these.
exec tests/vm/suite --name stock --mem 2048 --smp 2,sockets=2 --qemu "
	-object memory-backend-ram,id=m0,size=1024M -numa node,cpus=0,memdev=m0
	-object memory-backend-ram,id=m1,size=1024M -numa node,cpus=1,memdev=m1" "$@"
