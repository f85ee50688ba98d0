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

store buffer_mode shared
for mode in kmalloc kvmalloc slab pages; do
	for node in 0 1; do
		store buffer_size 4096
		store alloc_mode $mode
		store numa_node $node
		case $mode in
		slab) size=1M ;;
		*) size=4M ;;
		esac
		# Others give memory back meanwhile, above all KASAN's quarantine.
		for _ in 1 2 3 4 5; do
			store buffer_size 4096
			store reset 1
			before=$(free_on $node)
			store buffer_size $size
			echo x >$dev
			taken=$((before - $(free_on $node)))
			[ $taken -lt 900 ] || break
		done
		[ $taken -ge 900 ]
		ok $? "$mode numa_node=$node takes the memory of node $node" || diag "$taken kB"
		store reset 1
	done
done
store buffer_size 4096
fails_with 'Invalid argument' 'a node that is not there is refused' store numa_node 2
fails_with 'Invalid argument' 'an allocator that cannot ask for a node is refused' store alloc_mode vmalloc
store numa_node -1
store alloc_mode kmalloc
store buffer_mode private

done_testing
