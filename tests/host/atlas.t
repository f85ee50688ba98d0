#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/atlas.t: make atlas refuses a wrong KERNEL before anything is built or booted,
# and joins and draws results.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
[ "$(uname -m)" = x86_64 ] || skip_all 'the atlas has kernels of amd64'
for program in jq gnuplot qemu-system-x86_64; do
	command -v $program >/dev/null || skip_all "no $program here"
done
work=build/atlas-test
rm -rf $work
mkdir -p $work

# refused STATUS REGEX NAME ARGUMENT...
refused() {
	local wanted=$1 regex=$2 name=$3 out status before
	shift 3
	before=$(ls build/atlas 2>/dev/null)
	out=$(tests/atlas/run "$@" 2>&1)
	status=$?
	is "$status $(ls build/atlas 2>/dev/null)" "$wanted $before" "$name: status $wanted, and nothing is built"
	like "$out" "$regex" "$name: the message says what is wrong"
}

rows=$(awk '!/^#/ && $4 == "amd64" { printf "%s-%s ", $2, $3 }' tests/kernels/kernels.list)
refused 2 "no kernel 9.9.9.* no row of .*: $(literal "${rows% }")" 'a kernel that is neither installed nor a row' 9.9.9
refused 2 'no kernel trixie-arm64' 'a row of another architecture' trixie-arm64
refused 2 'no kernel nonsense' 'a wrong name after a good one' bookworm-amd64 nonsense
refused 2 'no kernel image /nonexistent/vmlinuz' 'an image that does not exist' /nonexistent/vmlinuz
echo text >$work/vmlinuz
refused 2 'does not say which version of Linux' 'a file that is no kernel' $work/vmlinuz
echo 'Linux version 9.9.9 (a kernel)' >$work/vmlinuz
refused 2 'is 9.9.9, and .* builds modules for none' 'an image without its headers' $work/vmlinuz
refused 2 'no build directory /nonexistent' 'a build directory that does not exist' $work/vmlinuz:/nonexistent
refused 2 'usage:' 'an unknown option' --bogus
like "$(make -n atlas KERNELS='a b:c' 2>&1 | grep -v '^tests/setup')" '^tests/atlas/run a b:c$' 'make atlas passes KERNELS on'

# row MODE SIZE ALLOC FREE: a row of a result
row() {
	echo "{\"alloc_mode\":\"$1\",\"buffer_size\":$2,\"gfp_flags\":\"GFP_KERNEL\",\"alloc_context\":\"process\",\"alloc_p50_ns\":$3,\"free_p50_ns\":$4}"
}
# result RELEASE ROW...
result() {
	local IFS=,
	echo "{\"metadata\":{\"kernel_release\":\"$1\"},\"measure\":[${*:2}],\"refused\":[]}"
}
result 1 "$(row kmalloc 64 100 50)" "$(row slab 64 90 40)" >$work/sizes
result 1 "$(row kmalloc 64 101 51)" "$(row kmalloc 4096 300 60)" >$work/masks
echo '{"metadata":{},"race":[{"lock_mode":"mutex","ns_per_operation":70}],"refused":[{"order":"x","reason":"y"}]}' >$work/locks
jq -s -f tests/atlas/join.jq $work/{sizes,masks,locks} >$work/joined
is "$(jq -c '[.measure[] | [.alloc_mode, .buffer_size, .alloc_p50_ns]]' $work/joined)" \
	'[["kmalloc",64,100],["slab",64,90],["kmalloc",4096,300]]' \
	'the rows stay in order, and the first of two rows of one combination counts'
is "$(jq -c '[.race[0].ns_per_operation, .refused[0].reason]' $work/joined)" '[70,"y"]' \
	'the result has the locks, and what was refused'
result 2 "$(row slab 64 80 30)" "$(row vmalloc 64 900 800)" | jq '.race = []' >$work/second
is "$(jq -rs -f tests/atlas/table.jq $work/joined $work/second)" 'alloc_mode buffer_size gfp_flags alloc_context 1 2
kmalloc 64 GFP_KERNEL process 100/50 -
slab 64 GFP_KERNEL process 90/40 80/30
kmalloc 4096 GFP_KERNEL process 300/60 -
vmalloc 64 GFP_KERNEL process - 900/800
mutex lock - - 70 -' 'the table has the medians of all kernels side by side'
for release in 1 2; do
	result $release "$(row slab 4096 300 60)" "$(row slab 1048576 3${release}000 60)" | jq '.race = []'
done | jq -rs -f tests/atlas/table.jq >$work/table.txt
for plot in cost change; do
	(cd $work && gnuplot -e "mode='slab'; count=2" ../../tests/atlas/$plot.plot >$plot.svg 2>/dev/null)
	is "$? $(grep -c '</svg>' $work/$plot.svg)" '0 1' "$plot.plot draws the table"
done
rm -r $work
done_testing
