#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the debug kernel's guest, after all tests: unloads the module and asks each
# detector what it found, and whether it was still looking.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"

kmemleak=/sys/kernel/debug/kmemleak

[ ! -d /sys/module/hello ] || succeeds 'the module unloads' rmmod hello

# Up to 6.1 a cache whose making fails leaks the name of its sysfs entry: the kernel's.
leaks()
{
	awk '/^unreferenced/ { show(); text = "" }
	     { text = text $0 "\n" }
	     END { show() }
	     function show() { if (text !~ /sysfs_slab_add/) printf "%s", text }' $kmemleak |
	head -n 40
}

# kmemleak says nothing of objects younger than five seconds.
sleep 6
for scan in first second; do
	# A detector that has turned itself off refuses.
	succeeds "kmemleak is on and scans, the $scan time" sh -c "echo scan >$kmemleak"
	is "$(leaks)" '' 'and finds nothing'
done

# It does not see whole pages. A stack that leads into a module that is gone has
# addresses without names. What the kernel allocated for itself on the way it keeps:
# slabs, page tables, the detectors' own memory.
# The file answers reads of a page or more only.
pages=$(dd if=/sys/kernel/debug/page_owner bs=64k 2>/dev/null | awk '
	BEGIN { RS = "" }
	/\n *0xffffffff/ && !/\(slab\||p(te|md|ud|4d)_alloc|kasan|stack_depot|pcpu_|kmemleak/')
is "$(echo "$pages" | head -n 40)" '' 'no page belongs to the module that was'
like "$(cat /proc/lockdep_stats)" 'debug_locks: +1$' 'lockdep was looking to the end'
is "$(cat /proc/sys/kernel/tainted)" 4096 'the taint is that of an out-of-tree module, and no more'

done_testing
