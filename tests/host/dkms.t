#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/dkms.t: `make dkms-install` and `dkms-uninstall` leave one version or none
# in DKMS, also where sources are lost, and nothing of another project is touched.
# The kernel is a directory whose Makefile makes a file with our modinfo, at once.
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

# sources VERSION: makes $dir/VERSION
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

# left: what there is in the end
left() {
	(cd "$root" && find .  -name 'hello*' ! -path '*/driver/*' ! -path '*/log/*' | sort)
}

# foreign VERSION: another project's hello in DKMS, built and installed for nothing
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
succeeds 'dkms-install installs' dkms_make "$old" dkms-install
is "$(status)" "hello/$old, $kernel, $(uname -m): installed" 'DKMS says so'
succeeds 'for a second kernel too' dkms_make "$old" dkms-install 5.10.0-test
succeeds 'a newer version can be installed' dkms_make "$new" dkms-install
is "$(status)" "hello/$new, 5.10.0-test, $(uname -m): installed
hello/$new, $kernel, $(uname -m): installed" 'it takes the place of the older, for each kernel that had that'
is "$(left | grep -F "$old")" '' 'the older version is not left anywhere'
succeeds 'installing again succeeds' dkms_make "$new" dkms-install
succeeds 'an older version takes the place of a newer' dkms_make "$old" dkms-install
is "$(status | cut -d, -f1 | uniq)" "hello/$old" 'and is then the only one'
succeeds 'dkms-uninstall takes away a version that is not that of the sources' dkms_make "$new" dkms-uninstall
is "$(left)" '' 'nothing is left'
succeeds 'dkms-uninstall where there is nothing succeeds' dkms_make "$new" dkms-uninstall

## Lost sources
dkms_make "$old" dkms-install >/dev/null 2>&1
rm -r "$root/usr/src/hello-$old"
succeeds 'an upgrade succeeds where the source of the older version is gone' dkms_make "$new" dkms-install
is "$(status | cut -d, -f1 | uniq)" "hello/$new" 'and dkms status works'
rm -r "$root/usr/src/hello-$new"
succeeds 'dkms-install mends a source that is gone' dkms_make "$new" dkms-install
is "$(status | cut -d, -f1 | uniq)" "hello/$new" 'dkms status works again'
rm -r "$root/usr/src/hello-$new"
succeeds 'dkms-uninstall succeeds where the source is gone' dkms_make "$new" dkms-uninstall
is "$(left)" '' 'and leaves nothing'
for lose in 'rm -r $tree/hello/$new/source' 'rm -r $root/lib/modules/$kernel' 'rm -r $tree' \
	'ln -sfn /nowhere $tree/hello/$new/source' 'rm $tree/hello/kernel-*' \
	'rm -r $tree/hello/$new/$kernel' 'rm $root/lib/modules/$kernel/updates/dkms/hello.ko'; do
	dkms_make "$new" dkms-install >/dev/null 2>&1
	eval "$lose"
	said=$(dkms_make "$new" dkms-uninstall 2>&1)
	is "$?$(left)" 0 "nothing is left after $lose" || diag "$said"
	mkdir -p "$tree"
	new_kernel $kernel
done

## Other projects
foreign 1.0
foreign "$old"
before=$(left)
succeeds "dkms-install works beside another project's hello" dkms_make "$new" dkms-install
said=$(dkms_make "$new" dkms-uninstall 2>&1)
is "$?$(left)" "0$before" 'which is there after dkms-uninstall' || diag "$said"
like "$said" "kept, it belongs to another project: hello/1.0" 'and that is said'
fails_with "another project's hello/$old" 'dkms-install does not replace the source of another project' dkms_make "$old" dkms-install
echo 'char d[] __attribute__((section(".modinfo"))) = "description=A hello world";' >"$dir/other.c"
mkdir -p "$root/lib/modules/$kernel/updates/dkms"
gcc -c -o "$root/lib/modules/$kernel/updates/dkms/hello.ko" "$dir/other.c"
before=$(left)
fails_with 'is another module hello' 'nor its module' dkms_make "$new" dkms-install
succeeds 'dkms-uninstall then succeeds' dkms_make "$new" dkms-uninstall
is "$(left)" "$before" 'and touches nothing'

done_testing
