#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs last in the debug kernel's guest: unloads the module and checks that each detector
# is still enabled and has found nothing.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"

kmemleak=/sys/kernel/debug/kmemleak

need_module
store buffer_mode private
store reset 1
is "$(cat $sysfs/stats/opens $sysfs/stats/live_buffers $sysfs/stats/live_bytes | tr '\n' ' ')" '0 0 0 ' \
	'nothing is open and nothing is allocated'
succeeds 'the module unloads' rmmod hello
# A stale pointer may hide one leaked object from kmemleak, but not three.
for _ in 1 2 3; do
	modprobe hello || bail_out 'the module cannot be loaded again'
	rmmod hello
done

# Up to 6.1 the kernel leaks the name of a cache if sysfs_slab_add() fails, as fail-nth
# makes it. Ignore only this object.
leaks()
{
	awk '/^unreferenced/ { show(); text = "" }
	     { text = text $0 "\n" }
	     END { show(); if (known) print "# names that sysfs_slab_add() leaked: " known >"/dev/stderr" }
	     function show() {
		if (text ~ /comm "(load|make|store)"/ &&
		    text ~ /kobject_set_name_vargs[^\n]*\n[^\n]* kobject_init_and_add[^\n]*\n[^\n]* sysfs_slab_add/)
			known++
		else
			printf "%s", text
	     }' $kmemleak |
	head -n 40
}

# Dentries of removed sysfs files still point to their objects.
echo 3 >/proc/sys/vm/drop_caches
# kmemleak does not report objects younger than five seconds.
sleep 6
for scan in first second; do
	# A disabled kmemleak refuses the scan.
	succeeds "kmemleak is enabled, $scan scan" sh -c "echo scan >$kmemleak"
	is "$(leaks)" '' 'kmemleak finds no leak'
done

# kmemleak cannot find a leaked cache: the list of caches refers to it.
is "$(find /sys/kernel/slab -maxdepth 1 -name '*hello*' -printf '%f\n')" '' 'no cache of the module is left'

# kmemleak does not track pages: use page_owner. A stack through the unloaded module has
# addresses without symbols. Ignore the kernel's own allocations, which stay: slabs, page
# tables, the detectors' memory.
# The file answers reads of a page or more only.
pages=$(dd if=/sys/kernel/debug/page_owner bs=64k 2>/dev/null | awk '
	BEGIN { RS = "" }
	/\n *0xffffffff/ && !/\(slab\||allocate_slab|p(te|md|ud|4d)_alloc|kasan|stack_depot|pcpu_|kmemleak/
	END { if (NR < 1000) print NR " pages have an owner: was page_owner=on given?" }')
is "$(echo "$pages" | head -n 40)" '' 'no page of the unloaded module is left'
like "$(cat /proc/lockdep_stats)" 'debug_locks: +1$' 'lockdep is still enabled'
is "$(cat /proc/sys/kernel/tainted)" 4096 'the taint is exactly that of an out-of-tree module'

done_testing
