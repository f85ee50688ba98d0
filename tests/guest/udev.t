#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/udev.t: the node's owner, mode and tutorial name; the users that may open it.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

is "$(stat -c '%A %U:%G' $dev)" 'crw-rw---- root:hello' 'the node is 0660 root:hello'
is "$(readlink -f /dev/hello0)" $dev '/dev/hello0 is the tutorial name of the same node'
is "$(stat -c '%t:%T' $dev)" "a:$(printf %x "$(cut -d: -f2 $sysfs/dev)")" 'the node has the minor that sysfs names'
is "$(udevadm info -q property -n $dev | grep ^DEVNAME=)" "DEVNAME=$dev" 'udev knows the node'

# shellcheck disable=SC2317 # called through succeeds and fails_with
nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
# shellcheck disable=SC2317
member() {
	setpriv --reuid=65534 --regid=65534 --groups="$(getent group hello | cut -d: -f3)" "$@"
}
fails_with 'Permission denied' 'a user outside the group cannot open it' nobody cat $dev
succeeds 'a member of group hello can read it' member cat $dev
succeeds 'a member of group hello can write to it' member sh -c "echo hi >$dev"
fails_with 'Permission denied' 'a member of group hello cannot store tunables' member sh -c "echo 1 >$sysfs/buffer_size"
succeeds 'anyone can read tunables and statistics' nobody cat $sysfs/alloc_mode $sysfs/stats/opens

done_testing
