#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/transcripts.t: the documents' console blocks print what the documents show.
# usage: tests/guest/transcripts.t [FILE...]; each FILE begins with a freshly loaded module
# Without FILEs: all documents, and all lessons once more, in order and in one shell.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
cd "${0%/*}/../.." || exit
if [ $# -eq 0 ]; then
	[ -z "$HELLO_TEST_SLOW" ] || skip_all 'the documents show the kernel of a distribution'
	# A lesson with the comment `.. guest:` needs a guest of its own: tests/vm/lessons.t.
	mapfile -t lessons < <(sed -n 's,.*<\(lessons/[a-z-]*\.rst\)>.*,Documentation/\1,p' Documentation/start.rst |
		xargs grep -L '^\.\. guest: ')
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

for doc; do
	succeeds "$doc: the module can be unloaded before the transcript" modprobe -r hello
	need_module
	transcript "$doc"
	facts
	like "$(cat "$log")" '^ok' "$doc: it has a transcript"
done
if [ ${#lessons[@]} -gt 0 ]; then
	# As a student types them.
	succeeds 'the module can be unloaded before the lessons' modprobe -r hello
	need_module
	transcript "${lessons[@]}"
	facts
	for doc in "${lessons[@]}"; do
		like "$(cat "$log")" "^ok - $doc:[0-9]" "$doc: it has a transcript"
	done
fi
succeeds 'the module can be unloaded after the last transcript' modprobe -r hello

done_testing
