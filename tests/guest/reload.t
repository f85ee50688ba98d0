#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/reload.t: loading and unloading while others open, store and look.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
cp $sysfs/alloc_context /tmp/contexts

# reload N PARAMETERS...: until it was unloaded N times; refused while somebody has it open
reload() {
	local unloaded=0 times=$1
	shift
	while [ $unloaded -lt "$times" ]; do
		modprobe hello "$@" || return 1
		if rmmod hello 2>/tmp/rmmod; then
			unloaded=$((unloaded + 1))
		else
			grep -Eq 'in use|temporarily unavailable' /tmp/rmmod || return 1
		fi
	done
}

parameters=
# while_reloading NAME COMMAND...: the command, over and over meanwhile
while_reloading() {
	local name=$1 job
	shift
	( # without the shell's own errors, because the files come and go
		exec >/dev/null 2>&1
		while :; do
			"$@"
		done
	) &
	job=$!
	# shellcheck disable=SC2086 # a list of words
	reload $((3 * ${HELLO_TEST_VOLUME:-1})) $parameters
	ok $? "$name" || diag "$(cat /tmp/rmmod)"
	kill $job
	wait $job 2>/dev/null
}

# shellcheck disable=SC2317,SC2086 # called through while_reloading
{
	opens() { [ ! -c $dev ] || read -r -N 1 <$dev; }
	others() {
		echo 8192 >$sysfs/buffer_size
		echo nonsense >$sysfs/lock_mode
		echo shared >$sysfs/buffer_mode
		echo vmalloc >$sysfs/alloc_mode
		echo 1 >$sysfs/reset
		read -r <$debugfs/stats
		read -r <$debugfs/opens
		read -r <$sysfs/stats/live_bytes
	}
}
while_reloading 'stores, resets and readers of all files go on while it is unloaded' others
while_reloading 'opens go on while it is unloaded' opens

# No callback outlives the module: allocations in interrupts are always on their way.
for context in softirq hardirq; do
	grep -q $context /tmp/contexts || continue
	parameters="gfp_flags=GFP_ATOMIC alloc_context=$context"
	while_reloading "opens that allocate in $context go on while it is unloaded" opens
done
need_module

exec 3<$debugfs/stats
fails_with 'in use' 'an open debugfs file holds the module' rmmod hello
exec 3<&- 4<$sysfs/alloc_mode
succeeds 'an open sysfs file does not' rmmod hello
fails_with 'No such device' 'it cannot be read after' cat <&4
exec 4<&-
need_module

done_testing
