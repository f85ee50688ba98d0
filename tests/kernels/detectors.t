#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the debug kernel's guest, after all tests: unloads the module and asks each
# detector what it found, and whether it was still looking.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"

kmemleak=/sys/kernel/debug/kmemleak
gcov=/sys/kernel/debug/gcov$(pwd)/build/debug/module/driver

[ ! -d /sys/module/hello ] || succeeds 'the module unloads' rmmod hello

# kmemleak says nothing of objects younger than five seconds.
sleep 6
for scan in first second; do
	# A detector that has turned itself off refuses.
	succeeds "kmemleak is on and scans, the $scan time" sh -c "echo scan >$kmemleak"
	is "$(cat $kmemleak)" '' 'and finds nothing'
done

# It does not see whole pages. A stack that leads into a module that is gone has
# addresses without names. What the kernel allocated for itself on the way it keeps:
# slabs, page tables, the detectors' own memory.
# The file answers reads of a page or more only.
pages=$(dd if=/sys/kernel/debug/page_owner bs=64k 2>/dev/null | awk '
	BEGIN { RS = "" }
	/\n *0xffffffff/ && !/\(slab\||p(te|md|ud|4d)_alloc|kasan|stack_depot|pcpu_|kmemleak/')
is "$pages" '' 'no page belongs to the module that was'
like "$(cat /proc/lockdep_stats)" 'debug_locks: +1$' 'lockdep was looking to the end'
is "$(cat /proc/sys/kernel/tainted)" 4096 'the taint is that of an out-of-tree module, and no more'

dir=$(mktemp -d)
for data in "$gcov"/*.gcda; do
	name=$(basename "$data" .gcda)
	cat "$data" >"$dir/$name.gcda"
	cat "build/debug/module/driver/$name.gcno" >"$dir/$name.gcno"
done
here=$(pwd)
(cd "$dir" && gcov --branch-probabilities ./*.gcda 2>&1) | awk -v top="$here/build/debug/module/" '
	function percent(text) { sub(/.*:/, "", text); return text + 0 }
	function show(file, n, lines, branches) {
		printf "# coverage %-20s %5d lines %5.1f %%  %5d branches %5.1f %%\n", file,
			n, n ? 100 * lines / n : 100, b, b ? 100 * branches / b : 100
	}
	/^File / {
		file = $2
		gsub("\047", "", file)
		ours = index(file, top) == 1 && file ~ /\.c$/
		file = substr(file, length(top) + 1)
		b = taken = 0
	}
	ours && /^Lines executed/ { n = $NF; lines = n * percent($2) / 100 }
	ours && /^Taken at least once/ { b = $NF; taken = b * percent($4) / 100 }
	ours && /^Creating/ {
		show(file, n, lines, taken)
		all += n; all_lines += lines; all_b += b; all_taken += taken
		ours = 0
	}
	END { b = all_b; show("all", all, all_lines, all_taken) }'
for report in "$dir"/*.c.gcov; do
	awk -F: -v top="$here/build/debug/module/" '
		$3 == "Source" { file = substr($4, length(top) + 1) }
		$1 ~ /#####/ { print "# uncovered " file ":" $2 + 0 ":" substr($0, index($0, $3)) }' "$report"
done
[ -n "$(ls "$dir"/*.c.gcov)" ]
ok $? 'the coverage was measured'
done_testing
