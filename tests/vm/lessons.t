#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/lessons.t [debug OPTION OF tests/vm/run...]: lessons that need a guest of their
# own, and each other lesson alone. With `debug` those that need the debug kernel.
#
# A lesson's second line says what guest it needs, and what report it causes:
#	.. guest: [KERNEL=debug] REGEX
# or how much memory, in MiB, it must not exceed:
#	.. guest: MEM=MIB
# The comment `.. ends: REGEX` before a block says that its last command ends the guest,
# with that text on the console.
# shellcheck disable=SC2317 # succeeds calls the functions by name

cd "$(dirname "$0")/../.." || exit
# shellcheck source=tests/lib.sh
. tests/lib.sh
run=(tests/vm/run)
debug=$1
if [ -n "$debug" ]; then
	shift
	run=(tests/kernels/debug-guest tests/vm/run "$@")
fi

# transcripts NAME REGEX DOCUMENT...: a REGEX, if there is one, is the report to expect
transcripts() {
	"${run[@]}" --name "lesson-$1" ${2:+--report "$2"} -- tests/guest/transcripts.t "${@:3}"
}

# small NAME MIB DOCUMENT
small() {
	"${run[@]}" --name "lesson-$1" --mem "$2" --time 600 -- tests/guest/transcripts.t "$3"
}

# last_words NAME COMMANDS: what the console has after commands that end the guest
last_words() {
	"${run[@]}" --name "lesson-$1" --report . -- bash -c "
		echo 0 >/proc/sys/kernel/panic_on_warn; $2" >/dev/null 2>&1
	grep -a -A 1000 'Run /init\|bugs: loading\|sysrq: ' "build/vm/lesson-$1.console"
}

alone=()
for doc in Documentation/lessons/*.rst; do
	name=$(basename "$doc" .rst)
	guest=$(sed -n 's/^\.\. guest: //p' "$doc")
	case $debug:$guest in
	:) alone+=("$doc") ;;
	:MEM=*) succeeds "$doc: its transcript in a small guest" small "$name" "${guest#MEM=}" "$doc" ;;
	:KERNEL=debug* | debug: | debug:MEM=*) ;;
	debug:KERNEL=debug* | :?*)
		succeeds "$doc: its transcript, and the report that it expects" \
			transcripts "$name" "${guest#KERNEL=debug }" "$doc"
		[[ $guest == KERNEL=debug* ]] && [ -z "$debug" ] && continue
		while IFS=$'\t' read -r regex command; do
			like "$(last_words "$name" "$command")" "$regex" "$doc: the guest ends at $command"
		done < <(awk '/^\.\. ends: / { regex = substr($0, 10) }
			regex && /^   # / { print regex "\t" substr($0, 6); regex = "" }' "$doc")
		;;
	esac
done
[ -n "$debug" ] || succeeds "each other lesson alone: ${alone[*]##*/}" transcripts alone '' "${alone[@]}"
done_testing
