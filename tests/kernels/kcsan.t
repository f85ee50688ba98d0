#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs last in the KCSAN kernel's guest: checks that KCSAN works to the end. race.ko has
# a data race; tests/kernels/check-kcsan requires the report of it.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"

# counter NAME: prints a counter of KCSAN
counter() {
	sed -n "s/^$1: *//p" /sys/kernel/debug/kcsan
}

diag "kcsan $(counter setup_watchpoints) watchpoints, $(counter no_capacity) more had no slot"
[ "$(counter setup_watchpoints)" -gt 10000 ]
ok $? 'KCSAN has set more than 10,000 watchpoints'
before=$(counter data_races)
succeeds 'a module with a data race loads' insmod "$(test_module race)"
[ "$(counter data_races)" -gt "$before" ]
ok $? 'KCSAN finds its race'
rmmod race
is "$(cat /proc/sys/kernel/tainted)" 4096 'the taint is exactly that of an out-of-tree module'

done_testing
