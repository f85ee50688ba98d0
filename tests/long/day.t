#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/long/day.t: a day with the module loaded: buffers, migrations, experiments and a
# reload in each hour, and idle in between.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
read -r began _ </proc/uptime

# Objects and KiB of what the kernel's allocators have in use.
used() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}

order() {
	(exec 3<>$debugfs/experiment && echo "$1" >&3 && cat <&3)
}

wrong=
hour() {
	local before after
	store alloc_mode "$([ $(($1 % 2)) = 0 ] && echo vmalloc || echo kmalloc)"
	[ "$(tail -c 5 $dev)" = "$2" ] || wrong+="hour $1: the contents are gone; "
	before=$(cat $sysfs/stats/allocations)
	helloctl roundtrip >/dev/null || wrong+="hour $1: roundtrip; "
	order 'alloc alloc_mode=slab buffer_size=256 count=1000' | grep -q '^failures: 0$' || wrong+="hour $1: alloc; "
	order 'lock lock_mode=rcu count=200 threads=2' | grep -q '^lost: 0$' || wrong+="hour $1: lock; "
	after=$(cat $sysfs/stats/allocations)
	[ "$after" -ge "$before" ] || wrong+="hour $1: allocations went from $before to $after; "
	[ "$(cat $sysfs/stats/live_buffers)" -le 1 ] || wrong+="hour $1: $(cat $sysfs/stats/live_buffers) live buffers; "
}

store buffer_mode shared
for ((h = 0; h < 24; h++)); do
	text=h$((1000 + h))
	echo -n "$text" >$dev
	sleep 3590
	hour $h "$text"
	[ $h != 2 ] || early=$(used)
	if [ $((h % 6)) = 5 ]; then
		rmmod hello && modprobe hello || wrong+="hour $h: reload; "
		store buffer_mode shared
	fi
done
grown=$(($(used) - early))
read -r ended _ </proc/uptime
[ $((${ended%.*} - ${began%.*})) -ge 86000 ]
ok $? 'a day has passed'
is "$wrong" '' 'in each hour contents stay, experiments run, and counters go up'
[ $grown -lt 2048 ]
ok $? "the kernel's memory does not grow" || diag "$grown KiB"
like "$(order 'alloc count=10')" '^elapsed_ns: [0-9]{1,9}$' 'an experiment after a day takes less than a second'
done_testing
