#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/last/lockdown.t: under kernel lockdown, as with Secure Boot, the device works,
# and the tool names what does not. Lockdown stays on: this runs last in its guest.
# shellcheck source=tests/lib.sh
. "${0%/*}/../../lib.sh"
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
grep -sq integrity /sys/kernel/security/lockdown || skip_all 'this kernel has no lockdown'
need_module
store buffer_mode shared
echo integrity >/sys/kernel/security/lockdown
like "$(cat /sys/kernel/security/lockdown)" '\[integrity\]' 'the kernel is locked down'

echo Hello World >$dev
is "$(cat $dev)" 'Hello World' 'read and write work under lockdown'
store buffer_size 8192 && store alloc_mode vmalloc
is "$(cat $dev) $(value alloc_mode) $(cat $sysfs/stats/live_bytes)" 'Hello World vmalloc 8192' \
	'stores, migration and statistics work under lockdown'
exec 3<$dev
like "$(cat /proc/$$/fdinfo/3)" 'hello-capacity:.8192' 'fdinfo works under lockdown'
exec 3<&-

unread=
for file in stats latency opens shared allocators functions locks contexts; do
	cat $debugfs/$file >/dev/null || unread="$unread $file"
done
is "$unread" '' 'debugfs: read-only files can be read under lockdown'
for file in reset experiment fail/nth fail/probability fail/times; do
	fails_with 'Operation not permitted' "debugfs: $file cannot be written" env tee $debugfs/$file <<<0
done
fails_with 'locked down' 'helloctl race fails and names lockdown' helloctl race
like "$(helloctl doctor)" 'locked down' 'helloctl doctor names lockdown'

store reset 1
succeeds 'the module can be unloaded' rmmod hello
mark=$(log_mark)
fails_with 'Operation not permitted' 'an untrusted module cannot be loaded' modprobe hello
like "$(log_since "$mark")" 'Lockdown: .*module loading is restricted' 'the log names lockdown as the reason'
like "$(helloctl doctor)" 'signature +BAD|locked down; signed by' 'helloctl doctor says what to do about the signature'

done_testing
