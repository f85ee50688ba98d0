#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/minor.t: if another driver has the static minor, hello takes a dynamic one
# and logs it; it also logs what to do about a stale node.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
rmmod hello
file=$(test_module minor)
[ -n "$file" ] || skip_all 'minor.ko was not built for this kernel'
insmod "$file" || bail_out 'minor.ko cannot be loaded'

mark=$(log_mark)
succeeds 'hello loads although its minor is taken' modprobe hello
udevadm settle --timeout=60
minor=$(cut -d: -f2 $sysfs/dev)
[ "$minor" -ne 247 ]
ok $? 'it gets another minor'
like "$(log_since "$mark")" "hello: minor 247 is taken, using $minor" 'it logs the other minor'
is "$(stat -c '%t:%T %a %G' $dev)" "a:$(printf %x "$minor") 660 hello" 'the node has that minor, mode and group'
store buffer_mode shared
echo works >$dev
is "$(cat $dev)" works 'the node works'
rmmod hello
udevadm settle --timeout=60

# devtmpfs does not replace a node made by mknod.
mknod $dev c 10 247
mark=$(log_mark)
modprobe hello
udevadm settle --timeout=60
is "$(stat -c %T $dev)" f7 'a stale node stays and leads to the other driver'
remedy=$(log_since "$mark")
like "$remedy" 'hello: .* rm it' 'the log says to remove the stale node'
rm $dev
rmmod hello
modprobe hello
udevadm settle --timeout=60
is "$(stat -c '%t:%T' $dev)" "a:$(printf %x "$(cut -d: -f2 $sysfs/dev)")" 'after rm and a reload the node has the new minor'

rmmod hello
rmmod minor
need_module
is "$(cut -d: -f2 $sysfs/dev)" 247 'hello takes the static minor again once it is free'

done_testing
