#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/long/reload.t: a thousand loads and unloads, with a buffer of each allocator.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
modes=$(tr -d '[]' <$sysfs/alloc_mode)
contexts=$(tr -d '[]' <$sysfs/alloc_context)

# Kernel memory that is neither free, nor cache, nor of processes.
used() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}

once() {
	local mode
	modprobe hello || return
	for mode in $modes; do
		{ echo "$mode" >$sysfs/alloc_mode || {
			echo GFP_NOWAIT >$sysfs/gfp_flags && echo "$mode" >$sysfs/alloc_mode
		}; } 2>/dev/null || return
		echo x >$dev || return
	done
	echo shared >$sysfs/buffer_mode && echo x >$dev && rmmod hello
}

rmmod hello
for ((i = 0; i < 50; i++)); do once || break; done
before=$(used)
for ((i = 0; i < 1000; i++)); do once || break; done
is $i 1000 'a thousand loads, each with buffers of all allocators, and unloads'
grown=$(($(used) - before))
# A page for each reload would be 4000 KiB.
[ $grown -lt 3000 ]
ok $? 'they leave less than a page each' || diag "$grown KiB"
is "$(grep -c '^hello' /proc/slabinfo)" 0 'they leave no slab cache'
is "$(grep -cw hello /proc/vmallocinfo)" 0 'they leave no vmalloc area'
need_module
is "$(tr -d '[]' <$sysfs/alloc_mode) $(tr -d '[]' <$sysfs/alloc_context)" "$modes $contexts" \
	'the last load offers what the first did'
done_testing
