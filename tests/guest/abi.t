#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/abi.t: Documentation/ABI documents exactly the files of the device.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
abi=${0%/*}/../../Documentation/ABI/testing

# documented FILE: prints "NAME ACCESS" for each entry that has all its fields
documented() {
	awk '
	/^[A-Z][A-Za-z]*:/ { seen[$1] }
	/^What:/ { name = $2 }
	/^Description:/ { access = $2 }
	/^Users:/ {
		if ("Date:" in seen && "KernelVersion:" in seen && "Contact:" in seen)
			print name, access
		delete seen
	}' "$1" | sort
}

# present FIND-ARGUMENTS: prints the same of the running kernel
present() {
	find "$@" -printf '%p %m\n' | sed -e 's/ 6[04][04]$/ (RW)/' -e 's/ 4[04][04]$/ (RO)/' \
		-e 's/ 200$/ (WO)/' | sort
}

is "$(documented "$abi/sysfs-class-misc-hello")" \
	"$(present $sysfs/ -mindepth 1 \( -name power -prune \) -o -type f ! -name uevent ! -name dev)" \
	'sysfs: each file is documented with its access, and each documented file exists'
is "$(documented "$abi/debugfs-hello")" "$(present $debugfs/ -type f)" \
	'debugfs: each file is documented with its access, and each documented file exists'
is "$(documented "$abi/dev-hello")" "$(present $dev -type c | sed 's/ 660$/ (RW)/')" \
	'the node is documented'

is "$(grep -h '^What:' "$abi"/* | sort | uniq -d)" '' 'nothing is documented twice'
done_testing
