#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/experiment.t: experiments during rmmod and CPU hotplug, and the CPU that
# frees memory.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
tracing=/sys/kernel/tracing

# run WORDS: runs an experiment; sets answer to its output
run() {
	exec 4<>$debugfs/experiment
	env echo "$*" >&4 && answer=$(cat <&4)
	_rc=$?
	exec 4>&-
	return $_rc
}

# start WORDS: runs an experiment in the background; returns once its threads exist
start() {
	(run "$@" && printf '%s\n' "$answer" >/tmp/answer) &
	running=$!
	until grep -qs . /proc/[0-9]*/comm && grep -qsx 'hello/0' /proc/[0-9]*/comm; do
		kill -0 $running 2>/dev/null || return 1
	done
}

start lock lock_mode=none threads=1 count=60 delay=msleep:100
fails_with 'in use' 'rmmod is refused while an experiment runs' rmmod hello
wait $running
is "$? $(sed -n 's/^expected: //p' /tmp/answer)" '0 60' 'the experiment runs to its end after a refused rmmod'
is "$(grep -lsx 'hello/[0-9]*' /proc/[0-9]*/comm)" '' 'no thread of an ended experiment is left'

cpu=/sys/devices/system/cpu/cpu1/online
if [ -e $cpu ] && [ "$(nproc)" -eq 2 ]; then
	for words in 'alloc pattern=remote batch=4 count=1500' 'alloc count=200000 buffer_size=64' \
		'alloc alloc_mode=page_frag count=1500 pattern=remote batch=4 free=random touch=random' \
		'alloc alloc_mode=slab pattern=bulk free=random count=1000000 buffer_size=64' \
		'lock count=400 delay=msleep:1'; do
		during=0
		for _ in 1 2 3 4 5 6 7 8 9; do
			# shellcheck disable=SC2086 # a list of words
			start $words threads=2
			while kill -0 $running 2>/dev/null; do
				echo 0 >$cpu
				! kill -0 $running 2>/dev/null || during=1
				echo 1 >$cpu
			done
			[ $during = 0 ] || break
		done
		nr=${words##*count=} nr=${nr%% *}
		wait $running
		# It ends after ten seconds, with the operations that are done.
		is "$? $during $(awk -v all=$((2 * nr)) '
			{ value[$1] = $2 }
			/^(alloc|free)_ns: / { done[$1] = $3 }
			END {
				n = value["count:"] - value["failures:"]
				if ("lost:" in value)
					print value["lost:"]
				else if (value["count:"] < all && value["elapsed_ns:"] < 1e10)
					print "too few"
				else
					print (done["alloc_ns:"] - n) + (done["free_ns:"] - n)
			}' /tmp/answer)" '0 1 0' "$words: all operations are done during CPU hotplug" ||
			diag "$(cat /tmp/answer)"
	done
	echo 0 >$cpu
	fails_with 'Invalid argument' 'pattern=remote is EINVAL with one CPU' run alloc pattern=remote
	fails_with 'Invalid argument' 'threads=2 is EINVAL with one CPU' run alloc threads=2
	succeeds 'threads=1 works with one CPU' run alloc threads=1
	echo 1 >$cpu
else
	ok 0 'CPU hotplug # SKIP cpu1 is not the second of two, or cannot go offline'
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
			'100 0' "pattern=remote frees on another CPU than context $context allocated on"
	done
	echo >$tracing/kprobe_events
else
	ok 0 'pattern=remote frees on another CPU # SKIP no kprobe events, or one CPU'
fi

# The third flag of an event is s in softirq, and h or H in hardirq.
if [ -e $tracing/events/kmem/kmalloc/enable ]; then
	for context in process workqueue softirq hardirq; do
		reason=''
		! grep -q "^$context .*missing" $debugfs/contexts || reason='this kernel lacks it'
		case $context:$(uname -v) in
		softirq:*PREEMPT_RT*) reason='with PREEMPT_RT a softirq is a thread' ;;
		esac
		if [ -n "$reason" ]; then
			ok 0 "alloc_context=$context allocates there # SKIP $reason"
			continue
		fi
		echo >$tracing/trace
		echo 1 | tee $tracing/events/kmem/kmalloc*/enable >/dev/null
		run alloc alloc_mode=kmalloc buffer_size=3333 alloc_context=$context gfp_flags=GFP_ATOMIC count=10
		echo 0 | tee $tracing/events/kmem/kmalloc*/enable >/dev/null
		is "$(sed -n '/bytes_req=3333 /s/^ *\([^ ]*\)-[0-9]* [^]]*\] ..\(.\).*/\1\2/p' $tracing/trace |
			sed 's/.*s$/softirq/; s/.*[hH]$/hardirq/; s/^kworker.*/workqueue/; s/^hello.*/process/' |
			uniq -c | xargs)" "10 $context" "alloc_context=$context allocates there"
	done
else
	ok 0 'each alloc_context allocates there # SKIP no kmem events'
fi

# order FREE: runs a batch of 9; prints the numbers of the allocations in the order of
# their frees. The address is after the 24 bytes of the recipe.
order() {
	echo >$tracing/trace
	echo 1 >$tracing/events/hello_test/enable
	run alloc alloc_mode=kmalloc pattern=batch batch=9 count=9 free="$1"
	echo 0 >$tracing/events/hello_test/enable
	sed -n 's/.* \(made\|freed\): .* addr=\(.*\)/\1 \2/p' $tracing/trace |
		awk '$1 == "made" { number[$2] = ++n } $1 == "freed" { printf "%s ", number[$2] }'
}

# shellcheck disable=SC2016 # the kernel expands them
if [ -e $tracing/kprobe_events ] && echo 'r:hello_test/made hello:alloc_kmalloc addr=$retval
p:hello_test/freed hello:free_kmalloc addr=+24($arg1)' >$tracing/kprobe_events; then
	is "$(order fifo)" '1 2 3 4 5 6 7 8 9 ' 'free=fifo frees in the order of the allocations'
	is "$(order lifo)" '9 8 7 6 5 4 3 2 1 ' 'free=lifo frees in the reverse order'
	random=$(order random)
	is "$(echo "$random" | xargs -n 1 | sort | xargs) " '1 2 3 4 5 6 7 8 9 ' 'free=random frees each once'
	unlike "$random" '^1 2 3 4 5|^9 8 7 6 5' 'free=random has another order'
	is "$(order random)" "$random" 'free=random has the same order in each run'
	echo >$tracing/kprobe_events
else
	ok 0 'the orders of frees # SKIP this kernel has no kprobe events with arguments'
fi
done_testing
