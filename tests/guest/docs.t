#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/docs.t: what the documents show at a shell is what happens.
# usage: tests/guest/docs.t [FILE...]; each begins with a freshly loaded module
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
cd "${0%/*}/../.." || exit
if [ $# -eq 0 ]; then
	[ -z "$HELLO_TEST_SLOW" ] || skip_all 'documents show the kernel of a distribution'
	set -- README.md Documentation/*.rst Documentation/lessons/*.rst
fi
log=$(mktemp)

# transcript FILE: its facts to $log
transcript() {
	bash tests/guest/transcript "$1" >"$log"
}

# The control: a document that is wrong in the last line of an output.
cat >"$log.rst" <<'END'
.. code-block:: console

   # echo one; echo two
   one
   three
END
transcript "$log.rst"
like "$(cat "$log")" "^not ok - $log.rst:3: echo one" 'a wrong transcript is found out'

for doc; do
	succeeds "$doc: the module can be unloaded before" modprobe -r hello
	need_module
	transcript "$doc"
	while read -r line; do
		case $line in
		'ok - '*) ok 0 "${line#ok - }" ;;
		'not ok - '*) ok 1 "${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done <"$log"
	like "$(cat "$log")" '^ok' "$doc: has a transcript"
done
succeeds 'and after' modprobe -r hello

done_testing
