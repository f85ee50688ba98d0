#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/check_all.t: check-all with lanes that boot nothing.

cd "$(dirname "$0")/../.." || exit
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/lib.sh
. tests/lib.sh

mkdir "$dir/tests"
cp tests/check-all "$dir/tests"
git init -q "$dir"
echo build >"$dir/.gitignore"
cat >"$dir/Makefile" <<'END'
check:
	@echo 'echo ok 1 - a; echo "ok 2 - b # SKIP no such machine"; echo 1..2' >build/fact.t
	@prove build/fact.t --exec sh
bench:
	@echo ran >>build/bench; echo 'ok 1 - a'; echo 'not ok 2 - b'; exit 1
END
check_all() { (cd "$dir" && tests/check-all "$@"); }

out=$(check_all check bench)
ok $((! $?)) 'check-all fails if a lane fails'
like "$out" '^check +passed +2 +0 +0$' 'the table has the facts of a lane that prove ran'
like "$out" '^ +1 not run: no such machine$' 'the table has the reason of a fact that did not run'
like "$out" '^bench +FAILED +2 +1 +0$' 'the table has the facts of a lane that prints TAP itself'
out=$(check_all check bench)
like "$out" '^check +kept +2 +0 ' 'a lane that passed is not run again'
is "$(wc -l <"$dir/build/bench")" 2 'a lane that failed is run again'
echo change >"$dir/new"
like "$(check_all check)" '^check +passed ' 'a lane that passed is run again after a change'
fails_with "no lane 'hammer'; there are: check docs" 'a lane that does not exist is refused' check_all hammer
rm -r "$dir/.git"
fails_with 'not a git repository' 'check-all refuses sources of which git knows nothing' check_all check
done_testing
