#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/fio.t: fio's engines write to the device and verify the contents.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
command -v fio >/dev/null || skip_all 'fio is not installed'
need_module

store alloc_mode vmalloc
store buffer_size 256K
store buffer_mode shared

# fio_engines ENGINE...: each writes in random order, reads back and verifies.
# shellcheck disable=SC2317 # succeeds calls it
fio_engines() {
	jobs=
	for engine in "$@"; do
		jobs="$jobs --name=$engine --ioengine=$engine --stonewall"
	done
	# shellcheck disable=SC2086,SC2317 # a list of words
	fio --output-format=terse --thread --filename=$dev --rw=randwrite --bs=4k --size=256k \
		--iodepth=4 --verify=crc32c --verify_fatal=1 $jobs
}
# a sleeping lock, a spinning one, and rcu, whose copy-on-write buffers cannot be mapped
for lock in mutex spinlock rcu; do
	store lock_mode $lock
	engines='psync pvsync2 libaio io_uring'
	[ $lock = rcu ] || engines="$engines mmap"
	# shellcheck disable=SC2086
	succeeds "$engines under $lock write, read back and verify" fio_engines $engines
	store reset 1
done
store lock_mode mutex
store buffer_mode private
store buffer_size 4096
store alloc_mode kmalloc

done_testing
