#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/make.t: make refuses paths that it would split, expand or misplace, and
# neither replaces nor removes files that it did not make. Runs in copies of the sources.
# shellcheck disable=SC2016 # the tests pass $ and ` to make unexpanded

cd "$(dirname "$0")/../.." || exit
# shellcheck source=tests/lib.sh
. tests/lib.sh
sources=$PWD
# The copies must not inherit the variables of make check.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES DESTDIR prefix KVER JOBS
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# copy DIRECTORY: copies the sources as in a fresh checkout.
copy() {
	mkdir -p "$1"
	tar -c --exclude=./build --exclude=./.git --exclude='*.o' --exclude='*.ko' . | tar -x -C "$1"
	rm -f "$1/tools/helloctl"
}

# listing: prints every path below $dir with its inode, size and time.
listing() {
	find "$dir" \( -type d -printf '%P\n' -o -printf '%P %y %l %i %s %T@\n' \) | sort
}

# A fake compiler: the tool takes seconds to compile, and only its path matters.
printf '%s\n' '#!/bin/sh' 'while [ "$1" != -o ]; do shift; done' \
	'echo /sys/class/misc/hello >"$2"' >"$dir/cc"
chmod +x "$dir/cc"

# run DIRECTORY MAKE-ARGUMENT...
run() {
	make -s -C "$1" CC="$dir/cc" "${@:2}" </dev/null 2>&1
}

# refused REASON NAME TARGETS MAKE-ARGUMENT...: make refuses each target with REASON and
# changes no file.
refused() {
	local reason=$1 name=$2 targets=$3 target said before
	shift 3
	before=$(listing)
	for target in $targets; do
		if said=$(run "$top" "$target" "$@"); then
			said="make $target succeeded"
			break
		fi
		grep -qF -e "$reason" <<<"$said" || { said="make $target: $said"; break; }
		said=
	done
	is "$said$(diff <(echo "$before") <(listing))" '' "$name"
}

## Files beside the copy that must survive
top=$dir/hello
copy "$top"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
for neighbour in my root/usr/src/hello-"$version" a; do
	mkdir -p "$dir/$neighbour"
	echo precious >"$dir/$neighbour/file"
done
cp -r "$dir/root" "$top/"

## Variables
targets='install uninstall dkms-source dkms-install dkms-uninstall'
blanks='split paths at blanks'
refused "$blanks" 'a DESTDIR with a blank is refused' "$targets" DESTDIR="$dir/my root"
refused "$blanks" 'a DESTDIR with a tab is refused' "$targets" DESTDIR="$dir/my"$'\t'root
refused "$blanks" 'a DESTDIR with a newline is refused' "$targets" DESTDIR="$dir/my"$'\n'root
refused 'would expand its $' 'a DESTDIR with a variable is refused' "$targets" DESTDIR="$dir/my\$x"
refused "DESTDIR is '" 'a DESTDIR with a command is refused, not run' "$targets" \
	DESTDIR="$dir/\$(shell touch $dir/x)"
refused 'absolute' 'a relative DESTDIR is refused' "$targets" DESTDIR=root
# With -n: if make does not refuse them, this system must not suffer.
refused 'absolute' 'a DESTDIR in the home of ~ is refused' "$targets" -n DESTDIR='~/root'
refused "$blanks" 'a DESTDIR that ends with a blank is refused' "$targets" -n DESTDIR="$dir/my "
refused 'empty' 'an empty DESTDIR is refused' "$targets" -n DESTDIR=
refused 'upwards' 'a DESTDIR with .. is refused' "$targets" DESTDIR="$dir/my/../root"
refused 'upwards' 'a DESTDIR that ends with .. is refused' "$targets" DESTDIR="$dir/my/.."
for character in "'" '"' '`' \\ ';' '&' '|' '<' '>' '(' ')' '*' '?' '[' '{' '!' '#'; do
	refused 'character of the shell' "a DESTDIR with $character is refused" dkms-source \
		DESTDIR="$dir/my${character}root"
done
for character in ':' '%' ','; do
	refused 'kbuild and gcc' "a DESTDIR with $character is refused" dkms-source \
		DESTDIR="$dir/my${character}root"
done
DESTDIR="$dir/my root" refused "$blanks" 'a DESTDIR of the environment is refused too' "$targets"
DESTDIR='' refused 'empty' 'an empty DESTDIR of the environment is refused too' "$targets" -n

for prefix in '' usr '/usr local' '/usr/../..' '/$x' "/it's"; do
	refused "prefix is '" "the prefix '$prefix' is refused" 'install uninstall' \
		DESTDIR="$dir/root" prefix="$prefix"
done
for release in '' 6.1/../.. '6.1 x' .. '$x' "'" ; do
	refused "KVER is '" "the kernel '$release' is refused" 'module dkms-install clean' \
		DESTDIR="$dir/root" KVER="$release"
done
for jobs in '' x '2 3' 0 -1 '2;touch x' ; do
	refused 'JOBS is ' "'$jobs' jobs are refused" help JOBS="$jobs"
done
top=$top/tools
for name in bindir mandir completiondir; do
	refused "$name is '" "a relative $name is refused" 'install uninstall' \
		DESTDIR="$dir/root" $name=my
done
for name in O PROGRAM; do
	refused "$name is '" "$name with a blank is refused" 'all install clean' \
		DESTDIR="$dir/root" $name="$dir/my root"
done
top=${top%/tools}

## The sources' own path
for name in 'a b' 'a:b' "a'b" 'a$b' 'a"b' 'a,b' 'a%b' 'a;b' $'a\nb' $'a\n'; do
	mkdir "$dir/$name"
	mv "$top" "$dir/$name/hello"
	top=$dir/$name/hello
	refused 'The path of the sources is' "sources in '${name//$'\n'/\\n}' are refused" \
		'module clean dkms-source' DESTDIR="$dir/root"
	top=$top/tools refused 'The path of the sources is' "tools/Makefile refuses sources in '${name//$'\n'/\\n}'" clean
	top=$top/tests refused 'The path of the sources is' "tests/Makefile refuses sources in '${name//$'\n'/\\n}'" clean
	mv "$top" "$dir/hello"
	rmdir "$dir/$name"
	top=$dir/hello
done

mkdir -p "$dir/my/build" "$dir/my/udev"
echo precious >"$dir/my/build/file"
before=$(listing)
fails_with 'own directory' 'make -f with the Makefile of another directory is refused' \
	make -C "$dir/my" -f "$top/Makefile" clean
fails_with 'own directory' 'make -f with tools/Makefile from another directory is refused' make -C "$dir/my" -f "$top/tools/Makefile" clean
fails_with 'own directory' 'make -f with tests/Makefile from another directory is refused' make -C "$dir/my" -f "$top/tests/Makefile" clean
ln -s "$dir/my/build" "$top/build"
for target in clean stage tool; do
	fails_with 'symbolic link' "make $target does not follow a symbolic link build" run "$top" $target
done
rm "$top/build"
is "$(diff <(echo "$before") <(listing))" '' 'the files in these directories are unchanged'

## The source for DKMS
root=$dir/dest
to=$root/usr/src/hello-$version
run "$top" dkms-source DESTDIR="$root/" >"$dir/log"
is "$(cd "$to" && find . -type f | sort)" \
	"$(cd "$sources" && find . \( -path ./Kbuild -o -path ./dkms.conf -o -path ./COPYING -o -path './driver/*.[ch]' \
		-o -path ./driver/Kbuild \) ! -name '*.mod.c' | sort)" \
	'dkms-source copies the sources of the module; DESTDIR may end with /'
touch "$to/driver/of_an_older_version.c"
succeeds 'dkms-source replaces its own copy' run "$top" dkms-source DESTDIR="$root"
is "$(find "$root" -name 'of_an*' -o -name 'hello-*.*.*.*')" '' 'dkms-source removes the old copy and its temporary files'

# survives NAME: dkms-source and dkms-uninstall change no file.
survives() {
	local before said
	before=$(listing)
	said=$(run "$top" dkms-source DESTDIR="$root") && said=succeeded
	like "$said" 'move it away' "dkms-source refuses to replace $1"
	run "$top" dkms-uninstall DESTDIR="$root" >/dev/null
	is "$(diff <(echo "$before") <(listing))" '' "$1 survives"
}
echo precious >"$to/notes"
survives 'a source with other files in it'
rm "$to/notes"
mv "$to" "$dir/work"
ln -s "$dir/work" "$to"
survives 'a link to a working directory'
rm "$to"
mkdir "$to"
printf '%s\n' 'PACKAGE_NAME="hello"' "PACKAGE_VERSION=\"$version\"" 'BUILT_MODULE_NAME="hello"' >"$to/dkms.conf"
echo precious >"$to/hello.c"
survives "another project's module hello"
rm -r "$to"
mkdir "$to"
survives 'an empty directory'
rmdir "$to"
cp -r "$dir/work" "$root/usr/src/hello-0.0.9"
sed -i 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="0.0.9"/' "$root/usr/src/hello-0.0.9/dkms.conf"
mkdir "$root/usr/src/hello-1.0"
touch "$root/usr/src/hello-1.0/hello.c"
run "$top" dkms-source DESTDIR="$root" >/dev/null
succeeds 'dkms-uninstall succeeds with an empty DKMS' run "$top" dkms-uninstall DESTDIR="$root"
is "$(ls "$root/usr/src")" hello-1.0 "dkms-uninstall removes the source of each version, and keeps another project's"

mkdir -p "$dir/out/usr"
rm -r "${root:?}/usr"
ln -s "$dir/out/usr" "$root/usr"
before=$(listing)
for target in dkms-source install; do
	fails_with 'leads out of DESTDIR' "$target does not follow a link out of DESTDIR" \
		run "$top" $target DESTDIR="$root" prefix=/usr
done
is "$(diff <(echo "$before") <(listing))" '' 'no file behind the link changes'
rm -r "$root"

## Install and uninstall
succeeds 'install succeeds in a DESTDIR that ends with //' run "$top" install DESTDIR="$root//" prefix=/usr/
files=$(cd "$root" && find . -type f | sort)
like "$files" '^./usr/bin/helloctl$' 'install puts its files below DESTDIR'
is "$(cd "$top" && find . -name '60-hello.rules' -o -name 'hello.8*' -newer Makefile)" ./udev/60-hello.rules \
	'install puts no file into the sources'
printf '#!/bin/sh\necho 1000\n' >"$dir/id"
chmod +x "$dir/id"
said=$(PATH=$dir:$PATH run "$top" install prefix="$dir/local")
like "$? $said" '^0 .*not root: the group hello is not created' 'install by a user to a prefix of his creates no group'
like "$(ls "$dir/local/bin")" '^helloctl$' 'and installs the tool'
rm -r "$dir/local" "$dir/id"
succeeds 'install over an install succeeds' run "$top" install DESTDIR="$root" prefix=/usr
echo 'options hello edited=1' >>"$root/usr/lib/modprobe.d/hello.conf"
succeeds 'uninstall succeeds' run "$top" uninstall DESTDIR="$root" prefix=/usr
is "$(cd "$root" && find . ! -type d)" '' 'uninstall leaves no file'
for file in $files; do
	echo precious >"$root/$file"
done
before=$(cd "$root" && find . -type f -exec md5sum {} +)
said=$(run "$top" uninstall DESTDIR="$root" prefix=/usr)
is "$(cd "$root" && find . -type f -exec md5sum {} +)" "$before" \
	"another project's files of these names survive uninstall"
is "$(grep -c '^tools/place: kept' <<<"$said")" "$(wc -l <<<"$files")" 'uninstall names each file that it kept'
missed=
for file in $files; do
	mv "$root/$file" "$dir/kept"
	run "$top" install DESTDIR="$root" prefix=/usr >/dev/null && missed="$missed $file"
	mv "$dir/kept" "$root/$file"
done
is "$missed" '' 'install fails if another project has one of its files'
rm -r "$root"
run "$top" install DESTDIR="$root" prefix=/usr >/dev/null
mv "$root/usr/include/linux/hello.h" "$dir/my/hello.h"
ln -s "$dir/my/hello.h" "$root/usr/include/linux/hello.h"
fails_with 'another project' 'install does not replace a link' run "$top" install DESTDIR="$root" prefix=/usr
run "$top" uninstall DESTDIR="$root" prefix=/usr >/dev/null
is "$(cd "$root" && find . ! -type d)" ./usr/include/linux/hello.h 'uninstall does not remove that link'
rm -r "$root"

like "$(run "$top" install -n prefix=/opt/x)" "systemd-sysusers '/opt/x/lib/sysusers.d/hello.conf'" \
	'systemd-sysusers gets the installed file under any prefix'

# A fake dpkg that knows one file by one spelling.
mkdir "$dir/bin"
cat >"$dir/bin/dpkg-query" <<END
#!/bin/sh
shift
for path; do
	[ "\$path" = '$dir/my/hello.h' ] && echo "hello: \$path" || missing=1
done
exit \${missing:-0}
END
chmod +x "$dir/bin/dpkg-query"
for file in my/hello.h /my/hello.h root/../my/hello.h; do
	for action in "install 644 driver/include/uapi/linux/hello.h" remove; do
		# shellcheck disable=SC2086 # words
		said=$(PATH="$dir/bin:$PATH" "$top/tools/place" $action "$dir/$file" 2>&1)
		like "$said" 'belongs to a package|make did not install it' \
			"${action%% *} leaves a package's file alone, spelled $file"
	done
done
echo 'hello - the /dev/hello of a book' >"$dir/my/hello.4"
"$top/tools/place" remove "$dir/my/hello.4" 2>/dev/null
is "$(ls "$dir/my/hello.4")" "$dir/my/hello.4" "another project's man page of /dev/hello survives"

## Clean
run "$top" clean >/dev/null
before=$(listing)
run "$top" tool O=../build/tools >/dev/null
for file in Module.symvers modules.order .Module.symvers.cmd driver/hello.{ko,mod,mod.c,mod.o,o} \
	driver/main.o driver/.main.o.cmd driver/modules.order; do
	echo built >"$top/$file"
done
succeeds 'clean needs no kernel headers' run "$top" clean
is "$(diff <(echo "$before") <(listing))" '' 'clean removes all build products'
for file in notes.s Documentation/notes.o driver/notes.ko tools/notes.o tests/libx.a; do
	echo precious >"$top/$file"
done
before=$(listing)
run "$top" clean >/dev/null
is "$(diff <(echo "$before") <(listing))" '' 'clean keeps your own files of any name'
mkdir -p "$dir/my/objects"
touch "$dir/my/objects/notes.o"
run "$top/tools" all O="$dir/my/objects" PAGES= >/dev/null
run "$top/tools" clean O="$dir/my/objects" PAGES= >/dev/null
is "$(ls "$dir/my/objects")" notes.o 'O may be a directory with other things in it'

mkdir -p "$top/build/tests"
touch "$top/build/tests/stale" "$top/build/tests/a Makefile"
make -s -C "$top/tests" clean -n >/dev/null 2>&1
is "$(ls "$top/build/tests" "$top/tests/Makefile" 2>&1)" "$top/tests/Makefile

$top/build/tests:
a Makefile" 'tests/Makefile removes a stale program, and does not split a name with a blank'

before=$(listing)
fails_with 'other things' 'copy-driver replaces only its own copy' "$top/tests/kernels/copy-driver" "$dir/my"
fails_with 'other things' 'copy-driver does not replace the sources' "$top/tests/kernels/copy-driver" "$top"
is "$(diff <(echo "$before") <(listing))" '' 'both directories are unchanged'

done_testing
