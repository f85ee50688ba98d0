#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/disclosure.t: init_mode=uninitialized exists only with allow_uninitialized=1,
# and then discloses the stale memory that build/tests/disclosure must never see.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

unlike "$(cat $sysfs/init_mode)" uninitialized 'uninitialized is not offered by default'
fails_with 'Invalid argument' 'uninitialized cannot be stored by default' store init_mode uninitialized
rmmod hello
fails_with 'Invalid argument' 'uninitialized cannot be a parameter by default' modprobe hello init_mode=uninitialized

succeeds 'allow_uninitialized=1 offers it' modprobe hello allow_uninitialized=1
udevadm settle --timeout=60
succeeds 'uninitialized can be stored with allow_uninitialized=1' store init_mode uninitialized
fails_with 'Operation not permitted' 'open with init_mode=uninitialized needs CAP_SYS_ADMIN' \
	setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin sh -c "cat $dev"
is "$(wc -c <$dev)" 4096 'the length of an uninitialized buffer is its capacity'
fails_with 'Invalid argument' 'shared mode refuses uninitialized' store buffer_mode shared
# opened while shared mode was still possible
store init_mode zero
store alloc_when first_use
store buffer_mode shared
exec 7<$dev
store buffer_mode private
store init_mode uninitialized
is "$(wc -c <&7)" 0 'a shared buffer does not become uninitialized behind an open file'
exec 7<&-
store alloc_when open

# on a kernel that poisons memory, stale bytes are nonzero
if grep -q page_poison=1 /proc/cmdline; then
	for mode in kmalloc vmalloc pages slab; do
		store alloc_mode $mode
		store buffer_size 64K
		leaked=$(tr -d '\000' <$dev | wc -c)
		[ "$leaked" -gt 60000 ]
		ok $? "$mode: the stale bytes of the memory can be read ($leaked bytes)"
		store buffer_size 4096
	done
	store alloc_mode kmalloc
fi
rmmod hello
need_module

done_testing
