#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/doctor.t: helloctl doctor tells our module from another one called hello, an
# older one and one for another kernel: loaded, as a file, in DKMS.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

kernel=$(uname -r)
modules=/lib/modules/$kernel
own=$(modinfo -n hello)
version=$(modinfo -F version hello)
extra=$modules/extra/hello.ko
other=$(test_module hello)
[ -n "$other" ] || skip_all 'tests/kmod was not built for this kernel'
kernel_re=$(literal "$kernel") modules_re=$(literal "$modules")
own_re=$(literal "$own") extra_re=$(literal "$extra")
arch=$(uname -m)

# changed FIELD VALUE: puts VALUE, of the same length, into the modinfo of our file
changed() {
	cp /tmp/own.ko "$own"
	sed -i "s/\(^\|\x00\)$1=$(modinfo -F "$1" /tmp/own.ko | cut -c "-${#2}")/\1$1=$2/" "$own"
	examine
}
# A tree with only our module: depmod of a whole one takes minutes in a guest.
cp "$own" /tmp/own.ko
mkdir -p "/tmp/tree/${own%/*}"
mount --bind "/tmp/tree$modules" "$modules"
touch "$modules"/modules.{order,builtin,builtin.modinfo}
cp /tmp/own.ko "$own"
depmod

examine
like "$(finding module)" "^ok +$own_re *\$" 'doctor finds our module'
like "$(finding loaded)" '^ok ' 'doctor finds our module loaded'

changed srcversion 0123456789ABCDEF0123456
like "$(finding loaded)" "^BAD +the loaded module .*version $version.* is not $own_re .* sudo modprobe -r hello; sudo modprobe hello" \
	'after an upgrade without a reload doctor says to reload'
changed vermagic 0.99.0
like "$(finding module)" "^BAD +$own_re is built for kernel 0.99.0.*, not for $kernel_re" 'doctor finds a file for another kernel'
changed version 0.0.9
like "$(finding module)" "^note +$own_re is version 0.0.9, helloctl is $version +install both" 'doctor finds a file of another version'
cp /tmp/own.ko "$own"

mkdir -p "$modules/extra" "$modules/kernel/drivers"
cp "$other" "$extra"
depmod
examine
like "$(finding module)" "^ok +$own_re *\$" 'beside a foreign hello.ko in extra/ modprobe takes ours'
like "$(finding module)" "^note +$extra_re is another module .* sudo mv $extra_re $extra_re.other; sudo depmod *\$" \
	'doctor names the foreign hello.ko'
rm "$own"
depmod
examine
like "$(finding module)" "^BAD +$extra_re is another module .* sudo mv $extra_re .*; then install the package hello-dkms" \
	'doctor does not take the only hello.ko, a foreign one, for ours'
like "$(finding loaded)" '^note +the module is loaded, but its file is gone' 'doctor says that our loaded module has no file'
rmmod hello
modprobe hello
is "$(ls -d $sysfs 2>&1)" "ls: cannot access '$sysfs': No such file or directory" "the foreign module loads and makes no device"
examine
like "$(finding loaded)" "^BAD +another module of that name is loaded, from $extra_re +sudo rmmod hello" \
	'doctor names a loaded foreign module'
rm "$extra"
examine
like "$(finding loaded)" '^BAD +another module .* from a file that is not in /lib/modules' 'doctor names a loaded foreign module without a file'
depmod
examine
like "$(finding module)" '^BAD +no module for kernel' 'doctor finds no module file for this kernel'
mkdir -p "$modules/updates"
cp "$other" "$modules/updates/hello.ko"
examine
like "$(finding module)" "^BAD +modprobe does not know $modules_re/updates/hello.ko +sudo depmod" 'doctor names a file that depmod has not seen'
depmod
examine
like "$(finding module)" "^BAD +$modules_re/updates/hello.ko is another" 'doctor finds a foreign hello.ko in updates/'
follow module
is "$(modinfo -n hello 2>&1; ls "$modules/updates/hello.ko.other")" \
	"modinfo: ERROR: Module hello not found.
$modules/updates/hello.ko.other" 'the remedy renames the foreign hello.ko'
rm "$modules/updates/hello.ko.other"
cp "$other" "$modules/kernel/drivers/hello.ko"
depmod
examine
like "$(finding module)" "^BAD +$modules_re/kernel/drivers/hello.ko is another .* +install the package hello-dkms" \
	"doctor does not rename a hello.ko of the kernel itself"
cp /tmp/own.ko "$own"
depmod
rmmod hello
need_module
examine
like "$(finding loaded)" '^ok ' 'doctor is content after our file is back and loaded'
is "$(finding module | sed 's/ *$//')" "ok $own" "doctor ignores the kernel's own hello.ko beside ours"
umount -l "$modules"

## DKMS
dkms=/var/lib/dkms/hello
mkdir -p $dkms
mv $dkms /var/lib/dkms/hello.aside
# entry VERSION TEXT: adds VERSION to DKMS, with TEXT as its source
entry() {
	mkdir -p "$dkms/$1/source/driver" "$dkms/$1/build"
	touch "$dkms/$1/source/dkms.conf"
	echo "$2" >"$dkms/$1/source/driver/main.c"
}
mark='MODULE_DESCRIPTION("A laboratory for kernel memory behind /dev/hello");'
examine
like "$(finding dkms)" '^note +DKMS does not know hello' 'doctor says that DKMS does not know hello'
entry 1.0 'MODULE_DESCRIPTION("A hello world");'
examine
like "$(finding dkms)" '^note +hello/1.0 is another module' "doctor names another project's hello in DKMS"
like "$(finding dkms)" '^note +DKMS does not know hello' "doctor does not take another project's hello in DKMS for ours"
rm -r $dkms/1.0
entry "$version" "$mark"
examine
like "$(finding dkms)" "^BAD +not built for kernel $kernel_re: no build was tried" 'doctor finds a version that is added but not built'
mkdir -p "$dkms/$version/1.2.3/$arch/module"
touch "$dkms/$version/1.2.3/$arch/module/hello.ko"
examine
like "$(finding dkms)" "^BAD +not built for kernel $kernel_re" 'doctor finds a version that is built for another kernel only'
mkdir -p "$dkms/$version/$kernel/$arch/module"
touch "$dkms/$version/$kernel/$arch/module/hello.ko"
examine
like "$(finding dkms)" "^BAD +hello/$version is built for kernel $kernel_re, but not installed +sudo dkms install --force hello/$version -k $kernel_re" \
	'doctor finds a version that is built but not installed'
ln -s "$version/$kernel/$arch" "$dkms/kernel-$kernel-$arch"
examine
is "$(finding dkms | sed 's/ *$//')" "ok hello/$version is installed for kernel $kernel" 'doctor is content with an installed version'
entry 0.0.9 "$mark"
examine
like "$(finding dkms)" "^note +hello/0.0.9 is still there besides hello/$version +sudo dkms remove hello/0.0.9 --all" \
	'doctor names an older version that is still there'
rm -r "$dkms/0.0.9/source"
ln -s /nowhere "$dkms/0.0.9/source"
examine
like "$(finding dkms)" '^BAD +the source of hello/0.0.9 is gone.*make dkms-uninstall dkms-install' \
	'doctor finds a version without its source'
rm -r $dkms
mv /var/lib/dkms/hello.aside $dkms
rmdir --ignore-fail-on-non-empty $dkms

done_testing
