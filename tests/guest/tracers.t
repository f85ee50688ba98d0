#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/tracers.t: trace-cmd, perf and bpftrace decode every event as the kernel does,
# and a recorded trace stays readable after rmmod.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
tracing=/sys/kernel/tracing
[ -d $tracing/events ] || skip_all 'this kernel has no event tracing'
need_module

# Causes every event of the group and each kind of result, then tries rmmod if asked to.
cat >/tmp/work <<END
cd $sysfs
echo shared >buffer_mode
echo Hello World >$dev
dd if=$dev bs=64 count=1 >/dev/null
head -c 5000 /dev/zero | dd of=$dev bs=5000 iflag=fullblock
echo vmalloc >alloc_mode
echo 100 >buffer_size
echo private >buffer_mode
echo 1 >reset
echo 'lock lock_mode=mutex threads=2 count=20 delay=msleep:1' >$debugfs/experiment
echo 4095 >max_total_size
cat $dev
echo $(value max_total_size) >max_total_size
echo kmalloc >alloc_mode
[ "\$1" != rmmod ] || rmmod hello 2>/tmp/rmmod
true
END
page=$(getconf PAGESIZE)
recipe='gfp_flags=GFP_KERNEL alloc_context=process numa_node=-1 init_mode=zero'
cat >/tmp/wanted <<END
hello_alloc: alloc_mode=kmalloc buffer_size=4096 $recipe usable=4096 node=N ns=N
hello_alloc: alloc_mode=vmalloc buffer_size=100 $recipe usable=$page node=N ns=N
hello_alloc: alloc_mode=vmalloc buffer_size=4096 $recipe usable=$page node=N ns=N
hello_alloc_failed: alloc_mode=vmalloc buffer_size=4096 $recipe why=max_total_size
hello_free: alloc_mode=kmalloc buffer_size=4096
hello_free: alloc_mode=vmalloc buffer_size=100
hello_free: alloc_mode=vmalloc buffer_size=4096
hello_lock_wait: lock_mode=mutex exclusive=1 ns=N
hello_migrate: from=(alloc_mode=kmalloc buffer_size=4096 $recipe) to=(alloc_mode=vmalloc buffer_size=4096 $recipe) length=4096 result=0
hello_migrate: from=(alloc_mode=vmalloc buffer_size=4096 $recipe) to=(alloc_mode=vmalloc buffer_size=100 $recipe) length=4096 result=-28
hello_read: id=N req=64, actual=12, off=0
hello_write: id=N req=12, actual=12, off=0
hello_write: id=N req=5000, actual=4096, off=0
hello_write: id=N req=904, actual=-28, off=4096
END

# decodes NAME FILE: the file has all events of /tmp/work, decoded. Sorted without
# duplicates: CPUs are not in order, and a wait may repeat. Varying numbers become N.
decodes() {
	sed -En '/hello_/{s/.*(hello_[a-z_]+): +/\1: /; s/ (id|node|ns)=[0-9]+/ \1=N/g; p}' "$2" |
		sort -u >/tmp/got
	cmp -s /tmp/got /tmp/wanted
	ok $? "$1" || diag "$(diff /tmp/wanted /tmp/got)"
}

# have TOOL: TOOL is installed, and this is not the debug kernel, where it is too slow
have() {
	[ -z "$HELLO_TEST_SLOW" ] && command -v "$1" >/dev/null
}

# perf and bpftrace keep a reference to what they trace.
held='rmmod is refused while it records'
in_words='every event decoded, with sizes, results and reasons'
echo 1 >$tracing/events/hello/enable
if have perf; then
	perf record -q -B -N -a -o /tmp/perf.data -e 'hello:*' sh /tmp/work rmmod >/dev/null 2>&1
	perf script -i /tmp/perf.data -F event,trace >/tmp/events 2>/dev/null
	decodes "perf: $in_words" /tmp/events
	like "$(cat /tmp/rmmod)" 'in use' "perf: $held"
else
	ok 0 "perf: $in_words # SKIP not installed, or too slow here"
	sh /tmp/work >/dev/null 2>&1
fi
echo 0 >$tracing/events/hello/enable
decodes "the kernel: $in_words" $tracing/trace
echo >$tracing/trace

if have trace-cmd; then
	trace-cmd record -q -o /tmp/trace.dat -e hello sh /tmp/work >/dev/null 2>&1
	trace-cmd report /tmp/trace.dat >/tmp/events 2>/dev/null
	decodes "trace-cmd: $in_words" /tmp/events
else
	ok 0 "trace-cmd: $in_words # SKIP not installed, or too slow here"
fi

# The stack of a BPF program has no room for two long strings.
cat >/tmp/all.bt <<'END'
tracepoint:hello:hello_alloc { printf("hello_alloc: %s usable=%lu node=%d ns=%lu\n", str(args->recipe), args->usable, args->node, args->ns) }
tracepoint:hello:hello_alloc_failed { printf("hello_alloc_failed: %s", str(args->recipe)); }
tracepoint:hello:hello_alloc_failed { printf(" why=%s\n", str(args->why)) }
tracepoint:hello:hello_free { printf("hello_free: alloc_mode=%s buffer_size=%lu\n", str(args->alloc_mode), args->size) }
tracepoint:hello:hello_lock_wait { printf("hello_lock_wait: lock_mode=%s exclusive=%d ns=%lu\n", str(args->lock_mode), args->exclusive, args->ns) }
tracepoint:hello:hello_migrate { printf("hello_migrate: from=(%s)", str(args->from)) }
tracepoint:hello:hello_migrate { printf(" to=(%s) length=%lu result=%d\n", str(args->to), args->length, args->result) }
tracepoint:hello:hello_read { printf("hello_read: id=%lu req=%lu, actual=%ld, off=%ld\n", args->id, args->req, args->actual, args->off) }
tracepoint:hello:hello_write { printf("hello_write: id=%lu req=%lu, actual=%ld, off=%ld\n", args->id, args->req, args->actual, args->off) }
END
# reads_strings: bpftrace 0.23, as Debian 13's, takes four times the offset of a string,
# in each event of the kernel: https://github.com/bpftrace/bpftrace/pull/4238
reads_strings() {
	bpftrace -q -c /bin/true -e 'tracepoint:sched:sched_process_exec { printf("%s\n", str(args->filename)) }' \
		2>/dev/null | grep -qx /bin/true
}
if have bpftrace && [ -e /sys/kernel/btf/vmlinux ]; then
	rm -f /tmp/rmmod
	BPFTRACE_STRLEN=150 bpftrace -q -c '/bin/sh /tmp/work rmmod' /tmp/all.bt >/tmp/events 2>/dev/null
	if reads_strings; then
		decodes "bpftrace: $in_words" /tmp/events
	else
		ok 0 "bpftrace: $in_words # SKIP this bpftrace cannot read the strings of any event"
	fi
	like "$(cat /tmp/rmmod)" 'in use' "bpftrace: $held"
else
	ok 0 "bpftrace: $in_words # SKIP no bpftrace, no BTF, or too slow here"
fi

# The module goes while it is traced: what it left in the ring buffers goes with it.
# events FILE: how many
events() {
	grep -c hello_ "$1"
}

# has N FILE: waits until the reader in the background has seen N writes
has() {
	# shellcheck disable=SC2016 # the inner shell's
	timeout 60 sh -c 'until [ "$(grep -c hello_write "$2")" -ge "$1" ]; do sleep 0.1; done' - "$1" "$2"
}

mkdir $tracing/instances/hello-test
mark=$(log_mark)
for buffer in $tracing $tracing/instances/hello-test; do
	echo 1 >"$buffer"/events/hello/enable
done
echo Hello World >$dev
is "$(events $tracing/trace) $(events $tracing/instances/hello-test/trace)" '3 3' \
	'open, write and close are three events in each instance'
exec 5<$tracing/instances/hello-test/trace_pipe
cat $tracing/trace_pipe >/tmp/pipe &
reader=$!
has 1 /tmp/pipe
ok $? 'a reader of trace_pipe gets the write'
echo Hello World >$dev
has 2 /tmp/pipe
succeeds 'rmmod works while all events are enabled and trace_pipe is open' rmmod hello
succeeds 'the trace can be read afterwards' cat $tracing/trace
is "$(events $tracing/trace) $(events $tracing/instances/hello-test/trace)" '0 0' 'the trace has no event of the module after rmmod'
fails_with 'temporarily unavailable' 'an open trace_pipe has no event of the module after rmmod' \
	dd iflag=nonblock bs=64K count=1 of=/dev/null <&5
exec 5<&-
need_module
is "$(cat $tracing/events/hello/enable) $(events $tracing/trace)" '0 0' 'a reloaded module is not traced'
echo 1 >$tracing/events/hello/enable
echo Hello World >$dev
has 3 /tmp/pipe
ok $? 'an old reader of trace_pipe gets events of the reloaded module'
kill $reader
wait $reader 2>/dev/null
unlike "$(cat /tmp/pipe)" 'hello_write:.*(UNSAFE|0x|ffff)|hello_[a-z]*:.*\?' 'trace_pipe decodes the events of both modules'
echo 0 >$tracing/events/hello/enable
echo >$tracing/trace
succeeds 'an instance can be removed after rmmod' rmdir $tracing/instances/hello-test
unlike "$(log_since "$mark")" 'WARNING|BUG|event trace|trace_check' 'the kernel logs no warning about the events'
done_testing
