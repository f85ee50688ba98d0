#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/memcg.t: buffers are charged to the memory cgroup of the task that allocates
# them, so a small cgroup limits the task.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
grep -sqw memory /sys/fs/cgroup/cgroup.controllers || skip_all 'this kernel has no memory cgroups'
need_module

echo +memory >/sys/fs/cgroup/cgroup.subtree_control
cgroup=/sys/fs/cgroup/hello-test
mkdir $cgroup
echo 16M >$cgroup/memory.max
[ ! -e $cgroup/memory.swap.max ] || echo 0 >$cgroup/memory.swap.max

# Allocators that charge no cgroup are limited by the caps only.
uncharged=$(awk '$6 == "no" && $7 == "both" { print $1 }' $debugfs/allocators)
is "$(echo "$uncharged" | grep -cxE 'mempool|dma_coherent') $(echo "$uncharged" | grep -cxE 'kmalloc|slab')" \
	"$(tr -d '[]' <$sysfs/alloc_mode | grep -owE 'mempool|dma_coherent' | wc -l) 0" 'mempool and dma_coherent are not charged'

store buffer_size 1M
echo 1G >$sysfs/max_total_size
for mode in $(tr -d '[]' <$sysfs/alloc_mode); do
	! grep -qx "$mode" <<<"$uncharged" || continue
	store alloc_mode "$mode"
	# Open up to 200 buffers in the cgroup; print how many opens succeeded.
	bash -c 'echo $$ >$1/cgroup.procs
		for i in $(seq 200); do exec {fd}<>/dev/hello || exit 1; echo $i; done' - $cgroup >/tmp/opened 2>/dev/null
	status=$?
	opened=$(tail -n 1 /tmp/opened)
	[ $status -ne 0 ] && [ "${opened:-0}" -ge 1 ] && [ "${opened:-0}" -lt 16 ]
	ok $? "$mode: 200 opens of 1 MiB in a cgroup of 16 MiB are stopped" ||
		diag "status $status after ${opened:-0} opens"
	is "$(cat $sysfs/stats/live_bytes)" 0 "$mode: and every byte came back"
done
store alloc_mode kmalloc

# The cap of 64 MiB stops 160 opens of 1 MiB.
for mode in $uncharged; do
	gfp=GFP_KERNEL
	[ "$mode" != mempool ] || gfp=GFP_NOWAIT
	# From kmalloc, which takes any mask: mempool refuses GFP_KERNEL.
	store alloc_mode kmalloc
	store gfp_flags $gfp
	store alloc_mode "$mode"
	bash -c 'echo $$ >$1/cgroup.procs
		for i in $(seq 160); do exec {fd}<>/dev/hello || exit 1; echo $i; done' - $cgroup >/tmp/opened 2>/dev/null
	status=$?
	opened=$(tail -n 1 /tmp/opened)
	[ $status -eq 1 ] && [ "${opened:-0}" -ge 32 ] && [ "${opened:-0}" -le 64 ]
	ok $? "$mode: 160 opens of 1 MiB are stopped at max_uncharged_size" ||
		diag "status $status after ${opened:-0} opens"
	is "$(cat $sysfs/stats/live_bytes)" 0 "$mode: and every byte came back"
done
store alloc_mode kmalloc

# A buffer allocated in another context is not charged to the task.
store gfp_flags GFP_KERNEL
store alloc_context workqueue
bash -c 'echo $$ >$1/cgroup.procs || exit 1
	for i in $(seq 32); do exec {fd}<>/dev/hello || exit 1; done' - $cgroup
ok $? 'a buffer allocated in a workqueue is not charged to the cgroup'
store alloc_context process
store buffer_size 4096
succeeds 'the cgroup can be removed' rmdir $cgroup

done_testing
