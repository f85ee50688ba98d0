#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/dyndbg.t: dynamic debug shows each read and write in the tutorial's words.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
control=/sys/kernel/debug/dynamic_debug/control
[ -e $control ] || skip_all 'this kernel has no dynamic debug'

store buffer_mode shared
mark=$(log_mark)
echo 'Hello World' >$dev
unlike "$(log_since "$mark")" 'req=' 'nothing is logged unless asked for'

echo 'module hello +p' >$control
mark=$(log_mark)
echo 'Hello World' >$dev
dd if=$dev of=/dev/null bs=64 count=1 2>/dev/null
log=$(log_since "$mark")
like "$log" 'write: req=12, actual=12, off=0' 'a write of 12 bytes is logged as the tutorial shows it'
like "$log" 'read: req=64, actual=12, off=0' 'a read of 64 that gets 12 too'
unlike "$log" 'ffff[0-9a-f]{12}' 'no address is logged'
echo 'module hello -p' >$control
store reset 1
store buffer_mode private

done_testing
