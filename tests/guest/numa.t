#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/numa.t: with two nodes, a buffer comes from the one that was asked for.
# Needs a guest with two nodes: tests/vm/stock.t boots one.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
[ -e /sys/devices/system/node/node1 ] || skip_all 'this machine has one NUMA node'
need_module

# free kB of a node
free_on() {
	awk '$3 == "MemFree:" { print $4 }' "/sys/devices/system/node/node$1/meminfo"
}

# taken NODE: kB that 16 opens take from the node, so much that what others take and give
# back meanwhile, KASAN's quarantine above all, does not count
taken() {
	before=$(free_on "$1")
	# shellcheck disable=SC2016 # for the inner shell
	bash -c 'for _ in {1..16}; do exec {fd}<>"$0" || exit; done
		exec awk "\$3 == \"MemFree:\" { print $1 - \$4 }" "$2"' \
		$dev "$before" "/sys/devices/system/node/node$1/meminfo"
}

for mode in kmalloc kvmalloc slab pages; do
	for node in 0 1; do
		store buffer_size 4096
		store alloc_mode $mode
		store numa_node $node
		store buffer_size 1M
		kb=$(taken $node)
		[ "${kb:-0}" -gt 8192 ]
		ok $? "$mode numa_node=$node takes the memory of node $node" || diag "16 MiB took $kb kB"
	done
done
store buffer_size 4096
fails_with 'Invalid argument' 'a node that is not there is refused' store numa_node 2
fails_with 'Invalid argument' 'an allocator that cannot ask for a node is refused' store alloc_mode vmalloc
store numa_node -1
store alloc_mode kmalloc

done_testing
