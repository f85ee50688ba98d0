#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/minor.t: when another driver has the static minor, hello takes a
# dynamic one, says so, and says what to do about a node of before.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
rmmod hello
for dir in build build/debug; do
	[ -e /sys/module/minor ] || insmod $dir/kmod/minor.ko 2>/dev/null
done
[ -e /sys/module/minor ] || skip_all 'minor.ko was not built for this kernel'

mark=$(log_mark)
succeeds 'hello loads although its minor is taken' modprobe hello
udevadm settle --timeout=60
minor=$(cut -d: -f2 $sysfs/dev)
[ "$minor" -ne 247 ]
ok $? 'with another minor'
like "$(log_since "$mark")" "hello: minor 247 is taken, using $minor" 'and says so'
is "$(stat -c '%t:%T %a %G' $dev)" "a:$(printf %x "$minor") 660 hello" 'the node has that minor, mode and group'
store buffer_mode shared
echo works >$dev
is "$(cat $dev)" works 'and works'
rmmod hello
udevadm settle --timeout=60

# devtmpfs does not replace a node that somebody made.
mknod $dev c 10 247
mark=$(log_mark)
modprobe hello
udevadm settle --timeout=60
is "$(stat -c %T $dev)" f7 'a node of before stays and leads to the other driver'
remedy=$(log_since "$mark")
like "$remedy" 'hello: .* rm it' 'the log says to remove it'
rm $dev
rmmod hello
modprobe hello
udevadm settle --timeout=60
is "$(stat -c '%t:%T' $dev)" "a:$(printf %x "$(cut -d: -f2 $sysfs/dev)")" 'and load hello again, which helps'

rmmod hello
rmmod minor
need_module
is "$(cut -d: -f2 $sysfs/dev)" 247 'with the minor free again hello has it'

done_testing
