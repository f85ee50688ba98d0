#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/dkms.t: modprobe loads the module that DKMS built.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
kernel_re=$(literal "$(uname -r)")

like "$(modinfo -n hello)" "/lib/modules/$kernel_re/updates/dkms/hello\\.ko(\\.[a-z]+)?$" \
	'modprobe finds hello in updates/dkms'
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
is "$(modinfo -F version hello)" "$version" 'the file has the version of dkms.conf'
is "$(cat /sys/module/hello/version)" "$version" 'the loaded module has the version of dkms.conf'
is "$(cat /sys/module/hello/srcversion)" "$(modinfo -F srcversion hello)" 'the loaded module is that file'
like "$(modinfo -F vermagic hello)" "^$kernel_re " 'the file is built for the running kernel'

done_testing
