#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/files.t: the mode and owner of every file that the module makes; no file
# shows an address.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

is "$(stat -c %a $sysfs/uevent)" 644 'uevent has the mode that the driver core gives it'
wrong=$(find $sysfs/ -maxdepth 1 -type f ! -name uevent ! -name reset ! -name dev \
	! -name available_gfp_flags ! -perm 0644)
is "$wrong" '' 'every tunable is 0644'
is "$(find $sysfs/ -maxdepth 1 -type f ! -user root)" '' 'every tunable is owned by root'
is "$(stat -c %a $sysfs/reset)" 200 'reset is 0200'
is "$(stat -c %a $sysfs/available_gfp_flags)" 444 'available_gfp_flags is 0444'
is "$(find $sysfs/stats -type f ! -perm 0444)" '' 'every statistic is 0444'

is "$(stat -c '%a %U' /sys/kernel/debug)" '700 root' 'debugfs is 0700 root'
for file in $(find $debugfs -type f -printf '%P\n' | sort); do
	case $file in
	experiment | fail/*) mode=600 ;;
	reset) mode=200 ;;
	*) mode=400 ;;
	esac
	is "$(stat -c %a $debugfs/"$file")" $mode "debugfs $file is 0$mode"
done

# Fill the files: an open private buffer and a shared one.
exec 3<>$dev
echo something >&3
store buffer_mode shared
echo something >$dev
grep -rs '' $sysfs/ $debugfs /proc/self/fdinfo/3 >/tmp/all
[ "$(wc -l </tmp/all)" -gt 40 ]
ok $? 'the files have more than 40 lines' || diag "$(wc -l </tmp/all) lines"
is "$(grep -E '\bffff[0-9a-f]{12}\b|\(____ptrval____\)|0x[0-9a-f]{16}' /tmp/all)" '' 'no file shows an address'
exec 3>&-
store reset 1
store buffer_mode private

# Read everything as an unprivileged user.
setpriv --reuid=65534 --regid=65534 --clear-groups find $sysfs/ $debugfs/ -type f -exec head -c 4096 {} + \
	>/tmp/all 2>/dev/null
is "$(grep -c "$debugfs/" /tmp/all)" 0 'an unprivileged user can read no debugfs file'
like "$(cat /tmp/all)" 'kmalloc' 'an unprivileged user can read the tunables'

done_testing
