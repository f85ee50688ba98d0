#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/dkms.t: `make dkms-install` and `dkms-uninstall` leave one version or none
# in DKMS, even if sources are missing, and touch no other project's files.
# The kernel is a directory whose Makefile writes a module with only our modinfo.
# shellcheck disable=SC2016 # make or eval expands it

cd "$(dirname "$0")/../.." || exit
# shellcheck source=tests/lib.sh
. tests/lib.sh
command -v dkms >/dev/null || bail_out 'install dkms'
unset MAKEFLAGS MFLAGS MAKEOVERRIDES DESTDIR prefix KVER JOBS
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
root=$dir/root tree=$dir/root/var/lib/dkms kernel=6.1.0-test
new=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf) old=0.0.9

# new_kernel RELEASE
new_kernel() {
	mkdir -p "$root/lib/modules/$1/build/include"
	printf '%s\n' 'modules:' \
		"	sed -n 's/^MODULE_DESCRIPTION(\"\\(.*\\)\");/__attribute__((section(\".modinfo\"))) char d[] = \"description=\\1\";/p' \$(M)/driver/main.c >\$(M)/driver/hello.c" \
		'	gcc -c -o $(M)/driver/hello.ko $(M)/driver/hello.c' 'clean:' \
		>"$root/lib/modules/$1/build/Makefile"
}

# sources VERSION: copies the sources to $dir/VERSION
sources() {
	mkdir "$dir/$1"
	tar -c --exclude=./build --exclude=./.git --exclude='*.o' . | tar -x -C "$dir/$1"
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$1\"/" "$dir/$1/dkms.conf"
}

# dkms_make VERSION TARGET [KERNEL]
dkms_make() {
	make -s -C "$dir/$1" "$2" DESTDIR="$root" KVER="${3:-$kernel}" </dev/null
}

status() {
	dkms status --sourcetree "$root/usr/src" --dkmstree "$tree" --installtree "$root/lib/modules" 2>&1
}

# left: lists the files of any hello below the root
left() {
	(cd "$root" && find .  -name 'hello*' ! -path '*/driver/*' ! -path '*/log/*' | sort)
}

# foreign VERSION: adds another project's hello to DKMS, not built
foreign() {
	mkdir -p "$root/usr/src/hello-$1" "$tree/hello/$1/build"
	printf '%s\n' 'PACKAGE_NAME="hello"' "PACKAGE_VERSION=\"$1\"" 'BUILT_MODULE_NAME[0]="hello"' \
		'DEST_MODULE_LOCATION[0]="/updates"' >"$root/usr/src/hello-$1/dkms.conf"
	echo 'MODULE_DESCRIPTION("A hello world");' >"$root/usr/src/hello-$1/hello.c"
	ln -s "$root/usr/src/hello-$1" "$tree/hello/$1/source"
}

sources "$old"
sources "$new"
new_kernel $kernel
new_kernel 5.10.0-test
umask 077
succeeds 'dkms-install installs' dkms_make "$old" dkms-install
umask 022
is "$(find "$root/usr/src" \( -type d ! -perm 755 -o -type f ! -perm 644 \) -printf '%m %P ')" '' \
	'the sources can be read by all, whatever the umask'
is "$(status)" "hello/$old, $kernel, $(uname -m): installed" 'dkms status lists it as installed'
succeeds 'dkms-install installs for a second kernel' dkms_make "$old" dkms-install 5.10.0-test
succeeds 'a newer version can be installed' dkms_make "$new" dkms-install
is "$(status)" "hello/$new, 5.10.0-test, $(uname -m): installed
hello/$new, $kernel, $(uname -m): installed" 'it replaces the older version for each kernel that had it'
is "$(left | grep -F "$old")" '' 'no file of the older version is left'
succeeds 'installing the same version again succeeds' dkms_make "$new" dkms-install
succeeds 'an older version replaces a newer one' dkms_make "$old" dkms-install
is "$(status | cut -d, -f1 | uniq)" "hello/$old" 'the older version is then the only one'
succeeds 'dkms-uninstall removes a version other than that of the sources' dkms_make "$new" dkms-uninstall
is "$(left)" '' 'dkms-uninstall leaves no file'
succeeds 'dkms-uninstall succeeds with nothing installed' dkms_make "$new" dkms-uninstall

## Lost sources
dkms_make "$old" dkms-install >/dev/null 2>&1
rm -r "$root/usr/src/hello-$old"
succeeds 'an upgrade succeeds without the source of the older version' dkms_make "$new" dkms-install
is "$(status | cut -d, -f1 | uniq)" "hello/$new" 'dkms status works after that upgrade'
rm -r "$root/usr/src/hello-$new"
succeeds 'dkms-install restores a missing source' dkms_make "$new" dkms-install
is "$(status | cut -d, -f1 | uniq)" "hello/$new" 'dkms status works after the restore'
rm -r "$root/usr/src/hello-$new"
succeeds 'dkms-uninstall succeeds without the source' dkms_make "$new" dkms-uninstall
is "$(left)" '' 'dkms-uninstall without the source leaves no file'
for lose in 'rm -r $tree/hello/$new/source' 'rm -r $root/lib/modules/$kernel' 'rm -r $tree' \
	'ln -sfn /nowhere $tree/hello/$new/source' 'rm $tree/hello/kernel-*' \
	'rm -r $tree/hello/$new/$kernel' 'rm $root/lib/modules/$kernel/updates/dkms/hello.ko'; do
	dkms_make "$new" dkms-install >/dev/null 2>&1
	eval "$lose"
	said=$(dkms_make "$new" dkms-uninstall 2>&1)
	is "$?$(left)" 0 "dkms-uninstall leaves no file after $lose" || diag "$said"
	mkdir -p "$tree"
	new_kernel $kernel
done

## Other projects
foreign 1.0
foreign "$old"
before=$(left)
succeeds "dkms-install works beside another project's hello" dkms_make "$new" dkms-install
said=$(dkms_make "$new" dkms-uninstall 2>&1)
is "$?$(left)" "0$before" "dkms-uninstall keeps the other project's hello" || diag "$said"
like "$said" "kept, it belongs to another project: hello/1.0" 'dkms-uninstall prints that it kept it'
fails_with "another project's hello/$old" 'dkms-install does not replace the source of another project' dkms_make "$old" dkms-install
echo 'char d[] __attribute__((section(".modinfo"))) = "description=A hello world";' >"$dir/other.c"
mkdir -p "$root/lib/modules/$kernel/updates/dkms"
gcc -c -o "$root/lib/modules/$kernel/updates/dkms/hello.ko" "$dir/other.c"
before=$(left)
fails_with 'is another module hello' 'dkms-install does not replace the module of another project' dkms_make "$new" dkms-install
succeeds "dkms-uninstall succeeds beside another project's module" dkms_make "$new" dkms-uninstall
is "$(left)" "$before" 'dkms-uninstall changes none of its files'

done_testing
