#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/hammer/stress.t: stress-ng's generic device stressor on the device, ten seconds
# for each mode.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
cd /tmp || bail_out 'no /tmp'

# private and shared buffers; vmalloc can be mapped, kmalloc cannot
for allocator in kmalloc vmalloc; do
	for mode in private shared; do
		store alloc_mode $allocator
		store buffer_mode $mode
		store reset 1
		helloctl reset stats
		out=$(stress-ng --dev 2 --dev-file $dev --timeout 10 --klog-check 2>&1)
		is "$? $(echo "$out" | grep -o 'dev: 1 of 1 .*')" '0 dev: 1 of 1 devices opened and exercised' \
			"$mode $allocator: stress-ng finds nothing wrong" || diag "$out"
		[ "$(cat $sysfs/stats/allocations)" -gt 0 ]
		ok $? "$mode $allocator: stress-ng opened the device"
		store buffer_mode private
		store reset 1
		is "$(cat $sysfs/stats/opens $sysfs/stats/live_bytes | tr '\n' ' ')" '0 0 ' \
			"$mode $allocator: afterwards nothing is open and no byte is in use"
	done
done
store alloc_mode kmalloc

done_testing
