#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/explain.t: helloctl explain on each allocator, and what it leaves of the
# kernel's tracer.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
tracing=/sys/kernel/tracing
need_module
grep -qsw function_graph $tracing/available_tracers || skip_all 'this kernel has no function_graph'
# Under emulation the kernel takes up to a minute to patch its functions.
[ -z "$HELLO_TEST_SLOW" ] || skip_all 'too slow here'
echo 300 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
echo 0 >/proc/sys/kernel/watchdog

# state: prints all that explain may change
state() {
	(cd $tracing && cat current_tracer tracing_on set_graph_function max_graph_depth &&
		grep -v '^#' trace; grep . options/*)
}

# explain WORDS...: sets answer to the rows
explain() {
	answer=$(helloctl explain --json "$@" 2>&1)
}

# rows FILTER: prints what jq finds in the rows
rows() {
	printf '%s\n' "$answer" | jq -r ".explain[] | $1" 2>&1 | tr '\n' ' '
}

echo 3 >$tracing/max_graph_depth
echo 0 >$tracing/options/funcgraph-cpu
before=$(state)
# All but mempool, which does not take GFP_KERNEL.
modes=$(awk 'NR > 2 { print $1 }' $debugfs/functions | while read -r mode; do
	echo "alloc alloc_mode=$mode buffer_size=4K count=1" 2>/dev/null >$debugfs/experiment && echo "$mode"
done 2>/dev/null | paste -sd,)
explain "alloc_mode=$modes" buffer_size=4K --depth 4
is "$(rows 'select(.depth == 0).function' | sed 's/ \[hello\]//g')" \
	"$(grep -wE "^(${modes//,/|})" $debugfs/functions | awk '{ print $2, $3 }' | tr '\n' ' ')" \
	'each allocator has a tree for the allocation, and one for the free'
for mode in ${modes//,/ }; do
	for phase in alloc free; do
		mine="select(.phase == \"$phase\" and (.recipe | startswith(\"alloc_mode=$mode \")))"
		like "$(rows "$mine | select(.depth == 1).function")" '[a-z]' "$mode: the $phase calls the kernel"
		is "$(rows "$mine | select(.depth == 0) | .calls, .share")" '1 100 ' \
			"$mode: the first row is the whole $phase"
	done
done
is "$(rows 'select(.depth > 3).function')" '' 'no row is deeper than --depth'
is "$(rows 'select(.function | test("interrupt|irq_enter|irq_exit")).function')" '' 'no row is of an interrupt'
is "$(rows 'select(.share > 100).function')" '' 'no call takes longer than the whole'
is "$(rows 'select(.ns > .traced_ns and .depth > 0).function')" '' 'no call takes longer than it did while traced'
is "$(state)" "$before" 'the state of the tracer is as before'

# The kill comes while the tracer is on: set_graph_function is set before it.
helloctl explain alloc_mode=mempool gfp_flags=GFP_ATOMIC >/tmp/explained 2>&1 &
explaining=$!
until grep -q '\[hello\]' $tracing/set_graph_function; do
	kill -0 $explaining 2>/dev/null || break
done
fails_with 'another helloctl uses' 'a second explain is refused' helloctl explain alloc_mode=slab
kill -KILL $explaining
wait $explaining 2>/dev/null
is $? 137 'helloctl was killed while it traced'
# The child has the lock until it has restored the state.
flock $tracing/current_tracer true
is "$(state)" "$before" 'after SIGKILL the state of the tracer is as before'

echo 1 >$tracing/events/hello/enable
explain alloc_mode=kmalloc
like "$answer" 'somebody uses .*set_event has .hello:' 'explain is refused while events are traced'
echo 0 >$tracing/events/hello/enable
echo blk >$tracing/current_tracer 2>/dev/null
if grep -qx blk $tracing/current_tracer; then
	fails_with "current_tracer has 'blk'" 'explain is refused while another tracer runs' \
		helloctl explain alloc_mode=kmalloc
	echo nop >$tracing/current_tracer
else
	ok 0 'explain is refused while another tracer runs # SKIP this kernel has no tracer blk'
fi
echo alloc_kmalloc >$tracing/set_ftrace_filter
fails_with 'set_ftrace_filter has' 'explain is refused while functions are filtered' helloctl explain alloc_mode=kmalloc
echo >$tracing/set_ftrace_filter
echo alloc_kmalloc >$tracing/set_ftrace_notrace
fails_with 'set_ftrace_notrace has' 'explain is refused while functions are left out' helloctl explain alloc_mode=kmalloc
echo >$tracing/set_ftrace_notrace
echo hello >$tracing/trace_marker
fails_with 'trace is not empty' 'explain does not overwrite a trace' helloctl explain alloc_mode=kmalloc
echo >$tracing/trace
if echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled; then
	fails_with 'ftrace is disabled' 'explain says that ftrace is disabled' helloctl explain alloc_mode=kmalloc
	echo 1 >/proc/sys/kernel/ftrace_enabled
else
	ok 0 'explain says that ftrace is disabled # SKIP this kernel does not let it be disabled'
fi
umount $tracing
fails_with 'mount -t tracefs' 'explain says that tracefs is not mounted' \
	unshare -m sh -c 'mount -t tmpfs none /sys/kernel/debug/tracing; helloctl explain alloc_mode=kmalloc'
mount -t tracefs tracefs $tracing
fails_with 'the driver refuses' 'explain prints why the driver refuses a recipe' helloctl explain alloc_mode=mempool gfp_flags=GFP_KERNEL
is "$(state)" "$before" 'a refused explain changes nothing'
fails_with 'Permission denied' 'a user cannot explain' setpriv --reuid 65534 --clear-groups helloctl explain alloc_mode=kmalloc
done_testing
