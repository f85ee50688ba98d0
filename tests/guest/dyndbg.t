#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/dyndbg.t: dynamic debug logs each read and write in the tutorial's format.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
control=/sys/kernel/debug/dynamic_debug/control
[ -e $control ] || skip_all 'this kernel has no dynamic debug'

store buffer_mode shared
mark=$(log_mark)
echo 'Hello World' >$dev
unlike "$(log_since "$mark")" 'req=' 'reads and writes are not logged by default'

echo 'module hello +p' >$control
mark=$(log_mark)
echo 'Hello World' >$dev
dd if=$dev of=/dev/null bs=64 count=1 2>/dev/null
log=$(log_since "$mark")
like "$log" 'write: req=12, actual=12, off=0' 'a write of 12 bytes is logged in the format of the tutorial'
like "$log" 'read: req=64, actual=12, off=0' 'a read of 64 bytes that returns 12 is logged in that format'
unlike "$log" 'ffff[0-9a-f]{12}' 'no address is logged'
echo 'module hello -p' >$control
store reset 1
store buffer_mode private

done_testing
