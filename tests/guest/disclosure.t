#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/disclosure.t: init_mode=uninitialized exists only where it was allowed,
# and shows what the tests of build/tests/disclosure must never see.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

unlike "$(cat $sysfs/init_mode)" uninitialized 'uninitialized is not offered by default'
fails_with 'Invalid argument' 'and cannot be stored' store init_mode uninitialized
rmmod hello
fails_with 'Invalid argument' 'nor given as a parameter' modprobe hello init_mode=uninitialized

succeeds 'allow_uninitialized=1 offers it' modprobe hello allow_uninitialized=1
udevadm settle --timeout=60
succeeds 'and it can be stored' store init_mode uninitialized
fails_with 'Operation not permitted' 'opening then needs CAP_SYS_ADMIN' \
	setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin sh -c "cat $dev"
is "$(wc -c <$dev)" 4096 'length is the capacity'
fails_with 'Invalid argument' 'shared mode refuses it' store buffer_mode shared
# what was opened when it was allowed to be shared
store init_mode zero
store alloc_when first_use
store buffer_mode shared
exec 7<$dev
store buffer_mode private
store init_mode uninitialized
is "$(wc -c <&7)" 0 'a shared buffer does not become uninitialized behind an open file'
exec 7<&-
store alloc_when open

# the planted leak: on a kernel that poisons memory, every byte of it shows
if grep -q page_poison=1 /proc/cmdline; then
	for mode in kmalloc vmalloc pages slab; do
		store alloc_mode $mode
		store buffer_size 64K
		leaked=$(tr -d '\000' <$dev | wc -c)
		[ "$leaked" -gt 60000 ]
		ok $? "$mode: what the allocator left there is seen ($leaked bytes)"
		store buffer_size 4096
	done
	store alloc_mode kmalloc
fi
rmmod hello
need_module

done_testing
