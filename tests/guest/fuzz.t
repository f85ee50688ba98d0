#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/fuzz.t: the fuzzer finds and shortens a difference, and the sequences of its
# corpus give the model's answers.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
fuzz=build/fuzz/fuzz

# The model forgets that a gap reads as zeros: an open, a write after the end and a read show it.
# A slower machine has longer to shorten it.
out=$(HELLO_TEST_SLOW=$((10 * ${HELLO_TEST_SLOW:-1})) $fuzz --seed 1 --wrong --only model --time 300 --ops 100)
is "$?" 1 'a wrong model is found'
like "$out" '^# at operation [0-9]*: [a-z0-9_]*: .*expected' 'a difference says what differs'
shortest=$(echo "$out" | sed -n 's/^# sequence: //p')
[ "$(echo "$shortest" | wc -l)" -le 5 ]
ok $? 'a sequence that shows it is five operations at most' || diag "$shortest"
echo "$shortest" >/tmp/shortest.seq
fails_with '^not ok 1 - shortest.seq' 'that sequence fails again' $fuzz --wrong /tmp/shortest.seq
succeeds 'it passes with the right model' $fuzz /tmp/shortest.seq

for file in tests/fuzz/corpus/*.seq; do
	out=$($fuzz "$file" 2>&1)
	ok $? "$(sed -n '1s/^# //p' "$file")" || diag "$out"
done

done_testing
