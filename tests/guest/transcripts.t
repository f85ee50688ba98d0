#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/transcripts.t: the documents' console blocks print what the documents show.
# usage: tests/guest/transcripts.t [--one-shell] [FILE...]
# Each FILE begins with a freshly loaded module; with --one-shell only the first one does.
# Without FILEs: all documents except the lessons.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
cd "${0%/*}/../.." || exit
if [ $# -eq 0 ]; then
	[ -z "$HELLO_TEST_SLOW" ] || skip_all 'the documents show the kernel of a distribution'
	mapfile -t docs < <(grep -lE '^(\.\. code-block:: |```)console' README.md Documentation/*.rst)
	set -- "${docs[@]}"
fi
# helloctl explain has the kernel patch all its functions: up to a minute under emulation.
echo 300 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
echo 0 >/proc/sys/kernel/watchdog
log=$(mktemp)

# transcript FILE...: writes its facts to $log
transcript() {
	bash tests/guest/transcript "$@" >"$log"
}

# facts: prints those of $log
facts() {
	while read -r line; do
		case $line in
		'ok - '*) ok 0 "${line#ok - }" ;;
		'not ok - '*) ok 1 "${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done <"$log"
}

# A document with a wrong last line of output must fail.
cat >"$log.rst" <<'END'
.. code-block:: console

   # echo one; echo two
   one
   three
END
transcript "$log.rst"
like "$(cat "$log")" "^not ok - $log.rst:3: echo one" 'a wrong transcript fails'

# run DOCUMENT...: runs them in one shell
run() {
	local doc
	succeeds "$1: the module can be unloaded before the transcript" modprobe -r hello
	need_module
	transcript "$@"
	facts
	for doc; do
		like "$(cat "$log")" "^ok - $doc:[0-9]" "$doc: it has a transcript"
	done
}

if [ "$1" = --one-shell ]; then
	run "${@:2}"
else
	for doc; do
		run "$doc"
	done
fi
succeeds 'the module can be unloaded after the last transcript' modprobe -r hello

done_testing
