#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/experiment.t: experiments beside the rest of the machine: unloading,
# processors that come and go, and on which one memory is freed.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
tracing=/sys/kernel/tracing

# run WORDS: runs an experiment; its answer is in $answer
run() {
	exec 4<>$debugfs/experiment
	env echo "$*" >&4 && answer=$(cat <&4)
	_rc=$?
	exec 4>&-
	return $_rc
}

# in the background, until others are told that it runs
start() {
	(run "$@" && printf '%s\n' "$answer" >/tmp/answer) &
	running=$!
	until grep -qs . /proc/[0-9]*/comm && grep -qsx 'hello/0' /proc/[0-9]*/comm; do
		kill -0 $running 2>/dev/null || return 1
	done
}

start lock lock_mode=none threads=1 count=20 delay=msleep:100
fails_with 'in use' 'rmmod is refused while an experiment runs' rmmod hello
wait $running
is "$? $(sed -n 's/^expected: //p' /tmp/answer)" '0 20' 'and that goes on to its end'
is "$(grep -lsx 'hello/[0-9]*' /proc/[0-9]*/comm)" '' 'no thread is left of it'

cpu=/sys/devices/system/cpu/cpu1/online
if [ -e $cpu ] && [ "$(nproc)" -eq 2 ]; then
	for words in 'alloc pattern=remote batch=4 count=1500' 'alloc count=2000 buffer_size=64' \
		'lock count=400 delay=msleep:1'; do
		# shellcheck disable=SC2086 # a list of words
		start $words threads=2
		while kill -0 $running 2>/dev/null; do
			echo 0 >$cpu
			echo 1 >$cpu
		done
		wait $running
		is "$? $(sed -n 's/^lost: //p; s/^count: //p' /tmp/answer)" \
			"0 $(echo "$words" | sed -n 's/lock.*/0/p; s/.*remote.*/3000/p; s/.*=64/4000/p')" \
			"$words: all is done while a processor goes and comes"
	done
	echo 0 >$cpu
	fails_with 'Invalid argument' 'with one processor nothing is remote' run alloc pattern=remote
	fails_with 'Invalid argument' 'and there is one thread' run alloc threads=2
	succeeds 'but that works' run alloc threads=1
	echo 1 >$cpu
else
	ok 0 'processors that come and go # SKIP the first of two cannot go'
fi

if [ -e $tracing/kprobe_events ] && [ "$(nproc)" -gt 1 ]; then
	echo 'p:hello_test/made hello:alloc_kmalloc
p:hello_test/freed hello:free_kmalloc' >$tracing/kprobe_events
	for context in process workqueue softirq; do
		echo >$tracing/trace
		echo 1 >$tracing/events/hello_test/enable
		run alloc alloc_mode=kmalloc alloc_context=$context gfp_flags=GFP_ATOMIC pattern=remote batch=1 count=100
		echo 0 >$tracing/events/hello_test/enable
		is "$(sed -n 's/.*\[\([0-9]*\)\].* \(made\|freed\):.*/\2 \1/p' $tracing/trace |
			awk '$1 == "made" { cpu = $2 } $1 == "freed" { n++; there += $2 == cpu } END { print n, there + 0 }')" \
			'100 0' "remote frees what was made in context $context on another processor"
	done
	echo >$tracing/kprobe_events
else
	ok 0 'remote frees on another processor # SKIP no kprobe events, or one processor'
fi
done_testing
