#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/module.t: loading, parameters, refusing to load, unloading.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
succeeds 'the module loads' modprobe hello
need_module

like "$(cat /sys/module/hello/taint)" '^OE?$' 'the module taints as out-of-tree (and unsigned), and no more'
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
ok $gone 'and takes node, symlink, sysfs, debugfs with it'
unlike "$(log_since "$mark")" 'hello.*(leak|left|still)' 'and has nothing to complain of'

# refused WHY PARAMETERS...: the module does not load and says why
refused() {
	why=$1
	shift
	mark=$(log_mark)
	fails_with 'Invalid argument' "modprobe hello $* is refused" modprobe hello "$@"
	like "$(log_since "$mark")" "hello: .*$why" 'a log line says why'
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

# A record of /dev/kmsg shows what is no printable ASCII, and each backslash, as \xNN.
for parameter in alloc_mode buffer_size gfp_flags numa_node init_mode lock_mode max_opens; do
	mark=$(log_mark)
	fails_with 'Invalid argument' "modprobe hello refuses any bytes for $parameter" \
		modprobe hello "$parameter=$(printf '\033[2J\007\177\200\377')"
	unlike "$(dd if=/dev/kmsg iflag=nonblock bs=8192 2>/dev/null | sed "1,/$mark/d" |
		sed -n '/;hello: /{s/\\x5c//g;p}')" '\\x' "any bytes for $parameter come to the log as printable ASCII"
done

succeeds 'parameters in any order are judged together' \
	modprobe hello buffer_size=64M buffer_mode=shared init_mode=poison alloc_mode=vmalloc gfp_flags=GFP_USER
is "$(value alloc_mode) $(value buffer_mode) $(value init_mode) $(value gfp_flags) $(value buffer_size)" \
	'vmalloc shared poison GFP_USER 67108864' 'and become the tunables'
fails_with 'No such file' 'parameters are not in sysfs a second time' ls /sys/module/hello/parameters
modprobe -r hello

# Four elements of each size class of mempool are made before there is any buffer.
mempool='alloc_mode=mempool gfp_flags=GFP_NOWAIT buffer_size=1M'
# shellcheck disable=SC2086 # words
fails_with 'Cannot allocate' 'modprobe hello refuses a mempool whose reserve is over max_uncharged_size' \
	modprobe hello $mempool max_uncharged_size=$((4 * 1024 * 1024 - 1))
# shellcheck disable=SC2086 # as above
succeeds 'it loads where the reserve fits' modprobe hello $mempool max_uncharged_size=4M
fails_with 'Cannot allocate' 'and no buffer fits beside it' sh -c ": <$dev"
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
