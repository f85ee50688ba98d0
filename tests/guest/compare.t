#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/compare.t: helloctl compare on the real device. The old result is of the module
# that tests/mutants/run built without a bug, or else of the loaded module itself.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
command -v jq >/dev/null || skip_all 'no jq here'

clean=build/mutants/stock.ko
if [ -e $clean ] && [ "$(modinfo -F vermagic $clean)" = "$(modinfo -F vermagic hello)" ]; then
	rmmod hello
	insmod $clean || bail_out "cannot load $clean"
	diag "the old result is of $clean"
fi
all='alloc_mode=all buffer_size=4K count=50'
modes=$(tr -d '[]' <$sysfs/alloc_mode)
# shellcheck disable=SC2086 # words of a command line
succeeds 'measure saves the costs of all allocators' helloctl measure $all --save /tmp/old.json
rmmod hello
modprobe hello || bail_out 'cannot load the module hello again'
# shellcheck disable=SC2086
succeeds 'measure saves them after the module was loaded again' helloctl measure $all --save /tmp/new.json

# A busy host slows down single runs: only a change of the driver makes all of them dearer.
helloctl compare /tmp/old.json /tmp/new.json --threshold 400% --json >/tmp/compared
status=$?
dearer=$(jq -r '.measure[] | select(.change == "dearer" and .figure == "alloc_p50_ns").alloc_mode' /tmp/compared)
for mode in $modes; do
	is "$(printf '%s\n' "$dearer" | grep -cx "$mode")" 0 "compare finds that $mode did not get dearer"
done
is "$status" "$([ -n "$(jq -r '.measure[] | select(.change == "dearer")' /tmp/compared)" ] && echo 1 || echo 0)" \
	'the exit status of compare says whether something got dearer'
if command -v gnuplot >/dev/null; then
	succeeds 'report draws the results of the device' helloctl report /tmp/old.json /tmp/new.json -o /tmp/report.html
fi
like "$(helloctl show /tmp/new.json)" '^kmalloc +0 +[0-9]' 'show prints the result of the device'
done_testing
