#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/autoload.t: open() of the node of the static minor loads the module, even if
# the caller is a mere member of the group.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
rmmod hello

like "$(modinfo -F alias hello)" '^char-major-10-247$' 'the module has the alias of its minor'
like "$(cat "/lib/modules/$(uname -r)/modules.devname")" '^hello hello c10:247$' 'modules.devname lists the node'

# the node as kmod static-nodes makes it at boot, with the owner from the udev rule
mknod -m 0660 $dev c 10 247
chgrp hello $dev
[ ! -e $sysfs ]
ok $? 'the module is not loaded before open()'
succeeds 'a member of the group opens the node' \
	setpriv --reuid=65534 --regid=65534 --groups="$(getent group hello | cut -d: -f3)" cat $dev
[ -d $sysfs ]
ok $? 'open() loaded the module'
udevadm settle --timeout=60
is "$(stat -c '%t:%T %a %G' $dev)" 'a:f7 660 hello' 'loading keeps the number, mode and group of the node'
rmmod hello
udevadm settle --timeout=60

need_module
done_testing
