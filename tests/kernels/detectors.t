#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the debug kernel's guest, after all tests: unloads the module and asks each
# detector what it found, and whether it was still looking.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"

kmemleak=/sys/kernel/debug/kmemleak

need_module
store buffer_mode private
store reset 1
is "$(cat $sysfs/stats/opens $sysfs/stats/live_buffers $sysfs/stats/live_bytes | tr '\n' ' ')" '0 0 0 ' \
	'nothing is open and nothing is allocated'
succeeds 'the module unloads' rmmod hello
# What is lost once may still be found by a stale pointer; three times it is not.
for _ in 1 2 3; do
	modprobe hello || bail_out 'the module cannot be loaded again'
	rmmod hello
done

# A cache whose sysfs entry cannot be made leaks that entry's name, up to 6.1 and by no
# fault of ours. This very object is left out, where fail-nth made it fail; all others count.
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

# Cached names of sysfs files that are gone lead to what they were files of.
echo 3 >/proc/sys/vm/drop_caches
# kmemleak says nothing of objects younger than five seconds.
sleep 6
for scan in first second; do
	# A detector that has turned itself off refuses.
	succeeds "kmemleak is on and scans, the $scan time" sh -c "echo scan >$kmemleak"
	is "$(leaks)" '' 'and finds nothing'
done

# It does not see caches either, because they are all on the list of caches.
is "$(find /sys/kernel/slab -maxdepth 1 -name '*hello*' -printf '%f\n')" '' 'no cache of the module is left'

# It does not see whole pages. A stack that leads into a module that is gone has
# addresses without names. What the kernel allocated for itself on the way it keeps:
# slabs, page tables, the detectors' own memory.
# The file answers reads of a page or more only.
pages=$(dd if=/sys/kernel/debug/page_owner bs=64k 2>/dev/null | awk '
	BEGIN { RS = "" }
	/\n *0xffffffff/ && !/\(slab\||p(te|md|ud|4d)_alloc|kasan|stack_depot|pcpu_|kmemleak/
	END { if (NR < 1000) print NR " pages have an owner: was page_owner=on given?" }')
is "$(echo "$pages" | head -n 40)" '' 'no page belongs to the module that was'
like "$(cat /proc/lockdep_stats)" 'debug_locks: +1$' 'lockdep was looking to the end'
is "$(cat /proc/sys/kernel/tainted)" 4096 'the taint is that of an out-of-tree module, and no more'

done_testing
