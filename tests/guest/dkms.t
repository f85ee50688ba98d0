#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/dkms.t: the module that modprobe loads is the one that DKMS built.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
kernel_re=$(literal "$(uname -r)")

like "$(modinfo -n hello)" "/lib/modules/$kernel_re/updates/dkms/hello\\.ko(\\.[a-z]+)?$" \
	'modprobe finds hello in updates/dkms'
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
is "$(modinfo -F version hello)" "$version" 'it has the version of dkms.conf'
is "$(cat /sys/module/hello/version)" "$version" 'the loaded one too'
is "$(cat /sys/module/hello/srcversion)" "$(modinfo -F srcversion hello)" 'the loaded one is that very module'
like "$(modinfo -F vermagic hello)" "^$kernel_re " 'built for the running kernel'

done_testing
