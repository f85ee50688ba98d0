#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/autoload.t: opening the node of the static minor loads the module,
# also for a plain member of the group.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
rmmod hello

like "$(modinfo -F alias hello)" '^char-major-10-247$' 'the module has the alias of its minor'
like "$(cat "/lib/modules/$(uname -r)/modules.devname")" '^hello hello c10:247$' 'modules.devname lists the node'

# the node as kmod's static-nodes makes it at boot, with the rule's owner
mknod -m 0660 $dev c 10 247
chgrp hello $dev
[ ! -e $sysfs ]
ok $? 'nothing is loaded yet'
succeeds 'a member of the group opens the node' \
	setpriv --reuid=65534 --regid=65534 --groups="$(getent group hello | cut -d: -f3)" cat $dev
[ -d $sysfs ]
ok $? 'and that has loaded the module'
udevadm settle --timeout=60
is "$(stat -c '%t:%T %a %G' $dev)" 'a:f7 660 hello' 'it is the same node'
rmmod hello
udevadm settle --timeout=60

need_module
done_testing
