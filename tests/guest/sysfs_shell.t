#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/sysfs_shell.t: the tunables and the device as a user at a shell uses them.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

like "$(cat $sysfs/alloc_mode)" '^\[kmalloc\] .*vmalloc' 'alloc_mode lists its choices, the current one in brackets'
store alloc_mode vmalloc
like "$(cat $sysfs/alloc_mode)" 'kmalloc .*\[vmalloc\]' 'echo vmalloc > alloc_mode moves the brackets'
fails_with 'Invalid argument' 'a word that is not listed is refused' store alloc_mode valloc
is "$(value alloc_mode)" vmalloc 'a refused word leaves the old value'
fails_with 'Invalid argument' 'the word in brackets as cat shows it is refused' store alloc_mode '[kmalloc]'

store buffer_size 64K
is "$(cat $sysfs/buffer_size)" 65536 'buffer_size takes 64K and prints bytes'
fails_with 'No space left' 'dd of more than the capacity is ENOSPC' dd if=/dev/zero of=$dev bs=4k count=17
succeeds 'dd of exactly the capacity works' dd if=/dev/zero of=$dev bs=4k count=16

store buffer_mode shared
echo 'Hello World' | tee $dev >/dev/null
is "$(cat $dev)" 'Hello World' 'in shared mode cat prints what tee wrote'
is "$(cat $dev)" 'Hello World' 'a second cat prints the same'
printf more >>$dev
is "$(cat $dev)" "$(printf 'Hello World\nmore')" '>> appends'
printf short >$dev
is "$(cat $dev)" short '> truncates first'
store reset 1
is "$(cat $dev)" '' 'reset empties the shared buffer'
store buffer_mode private
store buffer_size 4096
store alloc_mode kmalloc

# says REGEX FILE VALUE: the store is refused, and the log matches REGEX. Retries because
# the log is rate-limited.
says() {
	why=$1
	shift
	for _ in $(seq 20); do
		mark=$(log_mark)
		if store "$@" 2>/dev/null; then
			line='it was stored'
			break
		fi
		line=$(log_since "$mark" | grep 'hello: ')
		[ -z "$line" ] || break
		sleep 1
	done
	like "$line" "$why" "$1=$2 is refused, and the log says what would work"
}
says 'GFP_ATOMIC' alloc_context softirq
says 'at most [0-9]+ bytes; vmalloc' buffer_size 64M
says 'max_buffer_size' buffer_size 1G
store gfp_flags GFP_ATOMIC
says 'GFP_KERNEL GFP_NOIO' alloc_mode vmalloc
store gfp_flags GFP_KERNEL
says 'different zones' gfp_flags 'GFP_DMA|GFP_DMA32'

like "$(head -n 1 $debugfs/stats)" '^version: 1$' 'debugfs stats names its format version'
for mode in $(tr -d '[]' <$sysfs/alloc_mode); do
	like "$(cat $debugfs/stats)" "^$mode +[0-9]" "debugfs stats has a row for $mode"
done
row() {
	awk -v m="$1" '$1 == m { print $2 }' $debugfs/stats
}
before=$(row kmalloc)
for _ in 1 2 3; do : <$dev; done
is "$(row kmalloc)" "$((before + 3))" 'the first column of debugfs stats counts the allocations'

done_testing
