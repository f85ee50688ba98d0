#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/pressure.t: each mask when memory is short: some fail, some wait, and only
# GFP_KERNEL calls the OOM killer. Needs a small guest: tests/vm/pressure.t boots one.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
[ "$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)" -lt 700000 ] ||
	skip_all 'it fills the memory: the guest has more than 700 MB'
gcc -O2 -o /tmp/hog "${0%/*}/../../Documentation/lessons/hog.c" || bail_out 'gcc cannot build the hog'
need_module
helloctl set max_reserve_size=64M || bail_out 'helloctl set failed'

available() { awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo; }
answer() { sed -n "s/^$1: //p" $debugfs/experiment; }
before=$(available)

# run MASK: wants 32 MiB, twice as much as is available, of pages
run() {
	dmesg --clear
	/tmp/hog 16 sh -c "echo 'alloc alloc_mode=pages buffer_size=4K threads=2 pattern=batch batch=4096 count=4096 gfp_flags=$1' >$debugfs/experiment"
	ok $? "$1: the experiment ends"
	killed=$(dmesg | sed -n 's/.*Killed process [0-9]* (\(.*\)) .*/\1/p' | grep -vcx hog)
	is "$killed" 0 "$1: no process but the hog is killed"
	freed=$(answer free_ns | cut -d ' ' -f 2)
	is "$freed" "$(($(answer count) - $(answer failures)))" "$1: each page is freed"
}

for mask in GFP_NOWAIT GFP_ATOMIC 'GFP_KERNEL|__GFP_NORETRY' 'GFP_KERNEL|__GFP_RETRY_MAYFAIL'; do
	run "$mask"
	like "$(answer failures)" '^[1-9]' "$mask: some allocations fail"
	unlike "$(dmesg)" 'hello/[0-9]* invoked oom-killer' "$mask: an allocation does not call the OOM killer"
done
run GFP_KERNEL
is "$(answer failures)" 0 'GFP_KERNEL: no allocation fails'
like "$(dmesg)" 'Killed process [0-9]* \(hog\)' 'GFP_KERNEL: the hog is killed instead'
is "$(answer count)" 8192 'GFP_KERNEL: all allocations are tried'

lost=$((before - $(available)))
[ $lost -lt 20480 ]
ok $? 'MemAvailable falls by less than 20 MiB' || diag "lost $lost kB"
succeeds 'the module can be unloaded' modprobe -r hello
done_testing
