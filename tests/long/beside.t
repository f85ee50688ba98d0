#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/long/beside.t: experiments, while CPUs go off and on, memory is short, and all
# processes are frozen.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
cpu1=/sys/devices/system/cpu/cpu1/online
times=$((3 * ${HELLO_TEST_VOLUME:-1}))

# experiments: runs orders until it is killed; prints what is wrong with an answer.
experiments() {
	local order answer
	while :; do
		for order in 'alloc pattern=remote count=300 threads=2 batch=8' \
			'alloc alloc_mode=vmalloc buffer_size=64K count=100 threads=2' \
			'lock lock_mode=mutex count=500 threads=2' \
			'lock lock_mode=rcu count=500 threads=2'; do
			answer=$(exec 3<>$debugfs/experiment; echo "$order" >&3; cat <&3)
			case $answer in
			# Another CPU may be offline.
			*'lost: '[1-9]*) echo "$order: $answer" ;;
			*elapsed_ns:* | *'one only'* | *'not so many CPUs'*) ;;
			*) echo "$order: $answer" ;;
			esac
		done
	done 2>/dev/null
}

# beside NAME COMMAND...: runs COMMAND while experiments run; none of them may go wrong.
beside() {
	local name=$1 job
	shift
	# A group of its own: the kill ends the shell that asks, too.
	set -m
	experiments >/tmp/wrong &
	job=$!
	set +m
	"$@"
	ok $? "$name: works while experiments run"
	kill -- -$job
	wait $job 2>/dev/null
	# A killed experiment may still stop its threads.
	while grep -lsx 'hello/[0-9]*' /proc/[0-9]*/comm >/dev/null; do sleep 0.1; done
	is "$(cat /tmp/wrong)" '' "$name: no experiment goes wrong"
	is "$(cat $sysfs/stats/live_buffers $sysfs/stats/opens | tr '\n' ' ')" '0 0 ' "$name: nothing is left"
}

# shellcheck disable=SC2317 # beside calls them
{
	hotplug() {
		local i
		for ((i = 0; i < times; i++)); do
			echo 0 >"$cpu1" && sleep 0.3 && echo 1 >"$cpu1" && sleep 0.3 || return
		done
	}
	pressure() {
		local i group=/sys/fs/cgroup/hog
		mkdir -p "$group"
		# The hog's own memory is reclaimed or fails; the rest of the guest stays.
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control
		echo 64M >"$group"/memory.max
		for ((i = 0; i < times; i++)); do
			(
				echo "$BASHPID" >"$group"/cgroup.procs
				exec head -c 200M /dev/zero >/tmp/hog
			)
			rm -f /tmp/hog
			echo 1 >/proc/sys/vm/compact_memory
			echo 3 >/proc/sys/vm/drop_caches || return
		done 2>/dev/null	# the shell says of each hog that it was killed
		grep -q '^max [1-9]' "$group"/memory.events
	}
	suspend() {
		local i
		echo 0 >/sys/module/suspend/parameters/pm_test_delay
		echo freezer >/sys/power/pm_test || return
		for ((i = 0; i < times; i++)); do
			echo freeze >/sys/power/state || return
		done
		echo none >/sys/power/pm_test
	}
}

if [ -w $cpu1 ]; then
	beside 'CPU hotplug' hotplug
else
	ok 0 'CPU hotplug # SKIP this machine has one CPU, or it cannot go offline'
fi
beside 'memory pressure' pressure
if [ -w /sys/power/pm_test ]; then
	beside 'suspend' suspend
else
	ok 0 'suspend # SKIP this kernel cannot test its freezer'
fi
done_testing
