#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs last in the debug kernel's guest: prints the lines and branches of the module that
# the tests ran. The kernel keeps the counts after the module is unloaded.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"

top=$(pwd)/build/debug/module/
gcov=/sys/kernel/debug/gcov${top}driver

dir=$(mktemp -d)
for data in "$gcov"/*.gcda; do
	name=$(basename "$data" .gcda)
	cat "$data" >"$dir/$name.gcda"
	cat "${top}driver/$name.gcno" >"$dir/$name.gcno"
done
(cd "$dir" && gcov --branch-probabilities ./*.gcda 2>&1) | awk -v top="$top" '
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
	awk -F: -v top="$top" '
		$3 == "Source" { file = substr($4, length(top) + 1) }
		$1 ~ /#####/ { print "# uncovered " file ":" $2 + 0 ":" substr($0, index($0, $3)) }' "$report"
done
[ -n "$(ls "$dir"/*.c.gcov)" ]
ok $? 'the coverage was measured'
done_testing
