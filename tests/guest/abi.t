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

# lacks DOCUMENT WORD...: prints the words that Documentation/DOCUMENT does not have
lacks() {
	document=${0%/*}/../../Documentation/$1
	shift
	for word; do
		grep -qw -- "$word" "$document" || echo "$word"
	done
}

# choices FILE: prints the words that a tunable offers
choices() { tr -d '[]' <"$sysfs/$1"; }

for name in alloc_mode alloc_context init_mode alloc_when buffer_mode lock_mode; do
	# shellcheck disable=SC2046 # one argument for each word
	is "$(lacks hello.rst $name $(choices $name))" '' "hello.rst has each choice of $name"
done
tunables=$(find $sysfs/ -maxdepth 1 -type f -perm -600 ! -name uevent -printf '%f\n')
# shellcheck disable=SC2046,SC2086
{
	is "$(lacks hello.rst $tunables)" '' 'hello.rst has each tunable'
	is "$(lacks ../tools/hello.4.scd $tunables)" '' 'hello(4) has each tunable'
	is "$(lacks ../tests/bench/bench.c $(choices alloc_mode) $(choices lock_mode))" '' \
		'the benchmark has each allocator and each lock'
	is "$(lacks internals.rst $(choices lock_mode))" '' 'internals.rst has each lock'
	is "$(lacks lessons/allocators.rst $(awk 'NR > 1 { print $1 }' $debugfs/allocators))" '' 'the lesson on allocators has each of them'
	is "$(lacks lessons/sharing-and-locks.rst $(choices lock_mode))" '' 'the lesson on locks has each of them'
	is "$(lacks lessons/gfp-and-contexts.rst $(choices alloc_context))" '' 'the lesson on contexts has each of them'
	is "$(lacks hello.rst $(ls $debugfs))" '' 'hello.rst has each file of debugfs'
}
for experiment in alloc lock; do
	echo "$experiment count=0" >$debugfs/experiment 2>/dev/null
	usage=$(sed -n "s/^error: no 'count=0' here: //p" $debugfs/experiment)
	like "$usage" "^$experiment .*count=" "the $experiment experiment prints its usage"
	# shellcheck disable=SC2046
	for document in ABI/testing/debugfs-hello hello.rst; do
		is "$(lacks $document $(echo "$usage" | grep -Eo '[a-z_]{2,}'))" '' \
			"$document has each word of the $experiment experiment"
	done
done

is "$(grep -h '^What:' "$abi"/* | sort | uniq -d)" '' 'nothing is documented twice'
done_testing
