#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/grade.t: make grade refuses wrong arguments before it boots a guest, changes no
# file of the user, and grades a right driver and a wrong one. Boots two guests at a time.
# make check-grade grades all drivers of tests/grade.

cd "$(dirname "$0")/../.." || exit
top=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/lib.sh
. tests/lib.sh

# refused TEXT NAME ARGUMENT...: grade prints TEXT, exits with 2, and boots no guest.
refused() {
	local text=$1 name=$2 said status
	shift 2
	said=$(tests/grade/run "$@" 2>&1)
	status=$?
	like "$status $said" "^2 grade: .*$text" "$name"
}
# listing: names, sizes, times and contents below the user's directory.
listing() {
	find "$dir/my drivers" -printf '%p %s %T@\n' | sort
	find "$dir/my drivers" -type f -exec sha256sum {} + | sort
}

mkdir "$dir/my drivers" "$dir/empty" "$dir/none" "$dir/two"
cp -r tests/grade/drivers/minimal "$dir/my drivers/a right one"
ln -s nowhere "$dir/my drivers/a right one/.#minimal.c"
echo 'obj-m := a.o b.o' >"$dir/two/Kbuild"
echo '#include <linux/module.h>
MODULE_LICENSE("GPL");' | tee "$dir/two/a.c" >"$dir/two/b.c"
echo 'obj-m :=' >"$dir/none/Kbuild"
echo text >"$dir/text.ko"
kver=$(tests/vm/run --which)

refused 'NODE= is missing' 'a missing NODE is refused' SOURCE="$dir/two"
for node in zero /tmp/x /dev /dev/ /dev/../tmp/x '/dev/a b' "/dev/\$x"; do
	refused 'no path below /dev' "the node '$node' is refused" NODE="$node"
done
refused 'no directory' 'a SOURCE that is no directory is refused' SOURCE="$dir/text.ko" NODE=/dev/x
refused 'no Kbuild file and no Makefile' 'a SOURCE without Kbuild is refused' SOURCE="$dir/empty" NODE=/dev/x
refused 'builds no module' 'a SOURCE without modules is refused' SOURCE="$dir/none" NODE=/dev/x
refused 'several modules: .* a.ko b.ko' 'a SOURCE with two modules asks for MODULE' SOURCE="$dir/two" NODE=/dev/x
refused 'no file' 'a missing MODULE is refused' MODULE="$dir/missing.ko" NODE=/dev/x
refused 'no kernel module' 'a MODULE that is none is refused' MODULE="$dir/text.ko" NODE=/dev/x
refused 'needs SOURCE=' 'KERNEL=debug without SOURCE is refused' MODULE="$dir/text.ko" NODE=/dev/x KERNEL=debug
refused 'only KERNEL=debug' 'an unknown KERNEL is refused' NODE=/dev/zero KERNEL=rt
refused 'unknown argument' 'an unknown argument is refused' NODE=/dev/zero SORUCE=x

# A module for a kernel that is not here: another vermagic in the same file.
mkdir "$dir/built"
cp tests/grade/drivers/panics/* "$dir/built/"
make -s -C "/lib/modules/$kver/build" M="$dir/built" modules >/dev/null 2>&1
sed "s/vermagic=$(literal "$kver")/vermagic=0${kver#?}/" "$dir/built/panics.ko" >"$dir/old.ko"
refused "the kernel 0$(literal "${kver#?}"), which is not on this machine" \
	'a MODULE for a kernel that is not here is refused with its name' MODULE="$dir/old.ko" NODE=/dev/panics
printf '\xff' | dd of="$dir/built/panics.ko" bs=1 seek=18 conv=notrunc status=none
refused 'another architecture' 'a MODULE for another architecture is refused' MODULE="$dir/built/panics.ko" NODE=/dev/panics
is "$(cd "$dir/my drivers" && make -s -C "$top" -n grade SOURCE="it's \$x" NODE=/dev/x |
	tail -n 1 | sed "s/ *$//")" \
	"tests/grade/run 'SOURCE=it'\\''s \$x'  'NODE=/dev/x'" 'make grade passes blanks and quotes'

cp -r tests/grade/drivers/minimal "$dir/broken"
sed -i 's/miscdevice minimal_device/& = /' "$dir/broken/minimal.c"
said=$(tests/grade/run SOURCE="$dir/broken" NODE=/dev/minimal 2>&1)
like "$? $said" '^1 minimal.c:[0-9]+:[0-9]+: error: ' "a driver that does not build gives the compiler's message"

before=$(listing)
(cd "$dir/my drivers" && "$top/tests/grade/run" SOURCE='a right one' NODE=/dev/minimal) >"$dir/right" 2>&1 &
right=$!
tests/grade/run SOURCE=tests/grade/drivers/panics NODE=/dev/panics >"$dir/panics" 2>&1
is $? 1 'a driver that panics the guest is graded'
wait $right
is $? 0 'a right driver in a directory with a blank is graded, while another guest runs' || diag "$(cat "$dir/right")"
is "$(grep -c '^not ok' "$dir/right")" 0 'a right driver has full marks'
is "$(diff <(echo "$before") <(listing))" '' "no file of the user's directory changes"
like "$(cat "$dir/panics")" '^ok [0-9]+ - open: ' 'the facts before the panic are printed'
like "$(grep '^not ok' "$dir/panics")" '^not ok [0-9]+ - survives: ' 'the panic is a fact that does not hold'
like "$(cat "$dir/panics")" '^#   .*panics_write(\.cold)?\+0x[0-9a-f]+/0x[0-9a-f]+ \[panics\] \(panics.c:[0-9]+\)' \
	'a kernel report has file and line of the driver'
done_testing
