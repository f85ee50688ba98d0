#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/grade.t: helloctl grade finds nothing wrong in the device, with private and
# shared buffers of each allocator, nor in the simple devices of the kernel.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module
page=$(getconf PAGESIZE)
store buffer_size "$page"

# grade NODE [OPTION...]: sets answer and status
grade() {
	answer=$(helloctl grade -J "$@" 2>&1)
	status=$?
}
# facts RESULT: prints the facts with this result, and what was found
facts() {
	printf '%s\n' "$answer" |
		jq -r ".grade[] | select(.result == \"$1\") | .fact + (if .finding then \": \" + .finding else \"\" end)"
}
# names RESULT: prints only their names
names() {
	facts "$1" | sed 's/:.*//' | paste -sd' '
}

# full_marks NAME NODE [OPTION...]: no fact is not ok
full_marks() {
	local name=$1
	shift
	grade "$@"
	is "$status $(facts 'not ok')" "0 " "$name"
}

# The sendfile of older kernels takes no character device as its source.
sendfile=''
[[ $(uname -r) != 5.* ]] || sendfile='read-sendfile '
# grade makes the calls of 32-bit programs on amd64, if its kernel has them.
compat='compat-read compat-write compat-ioctl '
if [ "$(uname -m)" = x86_64 ] && [ -e /proc/sys/abi/vsyscall32 ] && ! grep -q 'ia32_emulation=[0o]' /proc/cmdline; then
	compat=''
fi

for mode in private shared; do
	for allocator in $(tr -d '[]' <$sysfs/alloc_mode); do
		store buffer_mode private
		store reset 1
		helloctl set "alloc_mode=$allocator" 2>/dev/null ||
			helloctl set "alloc_mode=$allocator" gfp_flags=GFP_NOWAIT
		store buffer_mode $mode
		full_marks "every fact that applies to a $mode buffer of $allocator holds" $dev --destroy-contents
		[ "$allocator" = vmalloc ] || continue
		is "$(printf '%s\n' "$answer" | jq -c '.device[0] | [.kind, .capacity]')" \
			"[\"$([ $mode = private ] && echo 'a buffer for each open' || echo 'one buffer for all opens'), $page bytes, which can be mapped\",$page]" \
			"grade finds out that the buffer is $mode, its capacity, and that it can be mapped"
		is "$(names 'does not apply')" \
			"${sendfile}kill-read kill-write $([ $mode = private ] && echo shared shared-close || echo private private-close private-fresh) ${compat}mmap-tail" \
			"the facts of other devices do not apply to a $mode buffer of vmalloc"
	done
	helloctl set gfp_flags=GFP_KERNEL alloc_mode=kmalloc
done

store buffer_size $((page + 904))
store alloc_mode pages
grade $dev --destroy-contents
like "$(names ok)" ' mmap-tail ' "grade looks at the bytes after the capacity in the last page"
store alloc_mode kmalloc
store buffer_size 4096

store reset 1
echo untouched by the grade >$dev
grade $dev
is "$status $(cat $dev)" "0 untouched by the grade" "grade without --destroy-contents changes nothing"
like "$(names ok)" ' read-end .* read-fault .* fork ' "grade without --destroy-contents checks the facts that read"
unlike "$(names ok)" '(write|capacity|mmap)' "grade without --destroy-contents checks no fact that writes"

for node in null zero full; do
	full_marks "every fact that applies to /dev/$node holds" /dev/$node --destroy-contents
done
like "$(names ok)" ' read-fault read-border ' "grade checks a source without an end"
full_marks "every fact that applies to a terminal holds" /dev/ptmx --destroy-contents
if [ -c /dev/mem ]; then
	# On arm64 there is no memory at address 0: a read there is EFAULT.
	if head -c 16 /dev/mem >/dev/null 2>&1; then
		full_marks "every fact that applies to /dev/mem holds" /dev/mem
	else
		ok 0 "every fact that applies to /dev/mem holds # SKIP this machine has no memory at its start"
	fi
	grade /dev/mem --destroy-contents
	is $status 2 "grade refuses to write to /dev/mem"
else
	ok 0 "every fact that applies to /dev/mem holds # SKIP this kernel has no /dev/mem"
fi
node=$(mktemp -u /dev/grade-XXXXXX)
mknod "$node" b 7 0
fails_with 'is a block device' "grade refuses a block device" helloctl grade "$node"
rm "$node"
mknod "$node" c 240 77
fails_with 'cannot open .*No such device or address' "grade says that a node has no driver" helloctl grade "$node"
rm "$node"
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
"${nobody[@]}" helloctl grade $dev >/dev/null 2>&1
is $? 2 "grade without permission to open the node cannot be done"
mknod -m 222 "$node" c 1 3
succeeds "a node that opens for writing only is graded" "${nobody[@]}" helloctl grade "$node"
rm "$node"

modprobe -r hello
full_marks "grade works without the module hello" /dev/zero --destroy-contents
done_testing
