#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/numa.t: with two NUMA nodes, a buffer comes from numa_node.
# Needs a guest with two nodes: tests/vm/stock.t boots one.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
[ -e /sys/devices/system/node/node1 ] || skip_all 'this machine has one NUMA node'
need_module

# free_on NODE: prints the free kB of the node
free_on() {
	awk '$3 == "MemFree:" { print $4 }' "/sys/devices/system/node/node$1/meminfo"
}

# taken NODE: prints the kB that 16 opens take from the node. 16 MiB outweigh the memory
# that other tasks and KASAN's quarantine allocate and free meanwhile.
taken() {
	before=$(free_on "$1")
	# shellcheck disable=SC2016 # for the inner shell
	bash -c 'for _ in {1..16}; do exec {fd}<>"$0" || exit; done
		exec awk "\$3 == \"MemFree:\" { print $1 - \$4 }" "$2"' \
		$dev "$before" "/sys/devices/system/node/node$1/meminfo"
}

# A node that is full of the page cache has no large blocks.
echo 3 >/proc/sys/vm/drop_caches
echo 1 >/proc/sys/vm/compact_memory
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
fails_with 'Invalid argument' 'numa_node of a missing node is EINVAL' store numa_node 2
fails_with 'Invalid argument' 'an allocator without support for nodes is EINVAL with numa_node set' store alloc_mode vmalloc
store numa_node -1
store alloc_mode kmalloc

done_testing
