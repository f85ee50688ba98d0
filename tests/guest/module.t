#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/module.t: loading, parameters, refusing to load, unloading.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
succeeds 'the module loads' modprobe hello
need_module

like "$(cat /sys/module/hello/taint)" '^OE?$' 'the module taints O, and E if unsigned, and nothing else'
is "$(modinfo -F license hello)" GPL 'its licence is GPL'

mark=$(log_mark)
exec 3<>$dev
fails_with 'in use' 'rmmod is refused while the device is open' rmmod hello
echo still works >&3
exec 3>&-
succeeds 'rmmod works after the last close' rmmod hello
udevadm settle --timeout=60
gone=0
for path in $dev /dev/hello0 $sysfs $debugfs /sys/module/hello; do
	[ ! -e "$path" ] || gone=1
done
ok $gone 'rmmod removes the node, symlink, sysfs and debugfs files'
unlike "$(log_since "$mark")" 'hello.*(leak|left|still)' 'rmmod logs no leak'

# refused REGEX PARAMETERS...: modprobe fails with EINVAL, and the log matches REGEX
refused() {
	why=$1
	shift
	mark=$(log_mark)
	fails_with 'Invalid argument' "modprobe hello $* is refused" modprobe hello "$@"
	like "$(log_since "$mark")" "hello: .*$why" "modprobe hello $* logs the reason"
	if [ -e /sys/module/hello ] || [ -e $sysfs ]; then
		bail_out 'something is left of it'
	fi
}
refused alloc_mode alloc_mode=valloc
refused 'at least 1 byte' buffer_size=0
refused buffer_size buffer_size=4k
refused buffer_size buffer_size=18446744073709551616
refused '' buffer_size=64M
refused '' buffer_size=1G alloc_mode=vmalloc
refused gfp_flags gfp_flags=GFP_NOFAIL
refused '' alloc_mode=vmalloc gfp_flags=GFP_ATOMIC
refused buffer_mode buffer_mode=public

# /dev/kmsg escapes bytes other than printable ASCII, and each backslash, as \xNN.
for parameter in alloc_mode buffer_size gfp_flags numa_node init_mode lock_mode max_opens; do
	mark=$(log_mark)
	fails_with 'Invalid argument' "modprobe hello refuses any bytes for $parameter" \
		modprobe hello "$parameter=$(printf '\033[2J\007\177\200\377')"
	unlike "$(dd if=/dev/kmsg iflag=nonblock bs=8192 2>/dev/null | sed "1,/$mark/d" |
		sed -n '/;hello: /{s/\\x5c//g;p}')" '\\x' "the log shows any bytes for $parameter as printable ASCII"
done

succeeds 'modprobe hello takes parameters in any order' \
	modprobe hello buffer_size=64M buffer_mode=shared init_mode=poison alloc_mode=vmalloc gfp_flags=GFP_USER
is "$(value alloc_mode) $(value buffer_mode) $(value init_mode) $(value gfp_flags) $(value buffer_size)" \
	'vmalloc shared poison GFP_USER 67108864' 'parameters become the tunables'
fails_with 'No such file' 'parameters have no files in /sys/module' ls /sys/module/hello/parameters
modprobe -r hello

# mempool preallocates four elements of each size class before the first buffer.
mempool='alloc_mode=mempool gfp_flags=GFP_NOWAIT buffer_size=1M'
# shellcheck disable=SC2086 # words
fails_with 'Cannot allocate' 'modprobe hello refuses a mempool whose reserve is over max_uncharged_size' \
	modprobe hello $mempool max_uncharged_size=$((4 * 1024 * 1024 - 1))
# shellcheck disable=SC2086 # as above
succeeds 'modprobe hello takes a mempool whose reserve fits' modprobe hello $mempool max_uncharged_size=4M
fails_with 'Cannot allocate' 'open is ENOMEM if the reserve of the mempool takes all of max_uncharged_size' sh -c ": <$dev"
modprobe -r hello

for parameter in $(modinfo -F parm hello | sed 's/:.*//'); do
	case $parameter in
	allow_uninitialized | dyndbg) ;;
	*) echo "$parameter" ;;
	esac
done | sort >/tmp/parameters
modprobe hello
find $sysfs/ -maxdepth 1 -type f -perm 0644 ! -name uevent -printf '%f\n' | sort >/tmp/tunables
succeeds 'every tunable is a module parameter of the same name' diff /tmp/tunables /tmp/parameters
modprobe -r hello

failures=0
times=$((8 * ${HELLO_TEST_VOLUME:-1}))
for _ in $(seq $times); do
	modprobe hello && rmmod hello || failures=$((failures + 1))
done
is $failures 0 "it loads and unloads $times times"

need_module
done_testing
