#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/reload.t: loading and unloading during opens, stores and reads.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
cp $sysfs/alloc_context /tmp/contexts

# reload N PARAMETERS...: loads and unloads N times; retries rmmod while the device is open
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
# while_reloading NAME COMMAND...: runs the command in a loop during reload
while_reloading() {
	local name=$1 job
	shift
	( # The files come and go: hide the shell's errors.
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

# shellcheck disable=SC2317,SC2086 # while_reloading calls them
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
while_reloading 'rmmod works during stores, resets and reads of all files' others
while_reloading 'rmmod works during opens' opens

# No callback may outlive the module: keep allocations in interrupts in flight.
for context in softirq hardirq; do
	grep -q $context /tmp/contexts || continue
	parameters="gfp_flags=GFP_ATOMIC alloc_context=$context"
	while_reloading "rmmod works during opens that allocate in $context" opens
done
need_module

# Some kernels remove the last load's cache after a grace period.
headers() { awk '/^hello_buffer/ { print $1 }' /proc/slabinfo; }
before=$(headers)
rmmod hello
need_module
unlike "$(headers)" "^$before\$" 'each load gives the cache of headers another name'

exec 3<$debugfs/stats
fails_with 'in use' 'an open debugfs file holds the module' rmmod hello
exec 3<&- 4<$sysfs/alloc_mode
succeeds 'an open sysfs file does not hold the module' rmmod hello
fails_with 'No such device' 'read of the open sysfs file is ENODEV after rmmod' cat <&4
exec 4<&-
need_module

done_testing
