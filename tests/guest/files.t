#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/files.t: every file that the module makes: its mode, who can read it,
# and that none shows an address.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

is "$(stat -c %a $sysfs/uevent)" 644 'uevent is the kernel core'"'"'s own'
wrong=$(find $sysfs/ -maxdepth 1 -type f ! -name uevent ! -name reset ! -name dev \
	! -name available_gfp_flags ! -perm 0644)
is "$wrong" '' 'every tunable is 0644'
is "$(find $sysfs/ -maxdepth 1 -type f ! -user root)" '' 'and of root'
is "$(stat -c %a $sysfs/reset)" 200 'reset is 0200'
is "$(stat -c %a $sysfs/available_gfp_flags)" 444 'available_gfp_flags is 0444'
is "$(find $sysfs/stats -type f ! -perm 0444)" '' 'every statistic is 0444'

is "$(stat -c '%a %U' /sys/kernel/debug)" '700 root' 'debugfs is root'"'"'s alone'
for file in $(find $debugfs -type f -printf '%P\n' | sort); do
	case $file in
	experiment | fail/*) mode=600 ;;
	reset) mode=200 ;;
	*) mode=400 ;;
	esac
	is "$(stat -c %a $debugfs/"$file")" $mode "debugfs $file is 0$mode"
done

# as much as possible to print: buffers of every allocator, open and shared
exec 3<>$dev
echo something >&3
store buffer_mode shared
echo something >$dev
grep -rs '' $sysfs/ $debugfs /proc/self/fdinfo/3 >/tmp/all
[ "$(wc -l </tmp/all)" -gt 40 ]
ok $? 'there is something to look through' || diag "$(wc -l </tmp/all) lines"
is "$(grep -E '\bffff[0-9a-f]{12}\b|\(____ptrval____\)|0x[0-9a-f]{16}' /tmp/all)" '' 'no file shows an address'
exec 3>&-
store reset 1
store buffer_mode private

# as somebody, read everything that can be read; as nobody no debugfs
setpriv --reuid=65534 --regid=65534 --clear-groups find $sysfs/ $debugfs/ -type f -exec head -c 4096 {} + \
	>/tmp/all 2>/dev/null
is "$(grep -c "$debugfs/" /tmp/all)" 0 'nobody reads no debugfs'
like "$(cat /tmp/all)" 'kmalloc' 'but the tunables'

done_testing
