#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/clients.t: common programs read the device to the end of its contents, write
# it until it is full, and exit, with any way of waiting.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

size=8192
bound="timeout -k 5 $((100 * ${HELLO_TEST_SLOW:-1}))"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

store alloc_mode vmalloc
store buffer_size $size
store buffer_mode shared

# distinct lines of eight bytes
seq 1000000 $((1000000 + size / 4 - 1)) >"$tmp/more"
head -c $size "$tmp/more" >"$tmp/full"
head -c 4000 "$tmp/more" >"$tmp/half"
: >"$tmp/empty"

# fill FILE: replaces the contents by those of FILE
fill() {
	: >$dev
	cat "$1" >$dev
}

# installed PROGRAM NAME: skips the fact NAME and fails if PROGRAM is not installed
installed() {
	command -v "$1" >/dev/null && return
	count=$((count + 1))
	echo "ok $count - $2 # SKIP $1 is not installed"
	return 1
}

# ended STATUS WANTED NAME: the exit status is WANTED, and the client moved all bytes
ended() {
	local why=
	case $1 in
	124 | 137) why='it did not end by itself' ;;
	"$2") why=$(cmp "$tmp/got" "$tmp/want" 2>&1) ;;
	*) why="its exit status is $1, not $2" ;;
	esac
	[ -z "$why" ]
	ok $? "$3" || diag "$why" "$(tail -n 3 "$tmp/err")"
}

# reads NAME STATUS COMMAND...: it prints each of $contents and exits with STATUS
reads() {
	local name=$1 wanted=$2 file
	shift 2
	installed "$1" "$name reads to the end" || return
	for file in $contents; do
		fill "$tmp/$file"
		cp "$tmp/$file" "$tmp/want"
		$bound "$@" >"$tmp/got" 2>"$tmp/err" </dev/null
		ended $? "$wanted" "$name reads to the end: $file"
	done
}

# writes NAME STATUS COMMAND...: with more input than fits, it fills the device, prints
# ENOSPC and exits with STATUS
writes() {
	local name=$1 wanted=$2 status
	shift 2
	installed "${program:-$1}" "$name writes until the device is full" || return
	: >$dev
	cp "$tmp/full" "$tmp/want"
	$bound "$@" <"$tmp/more" >/dev/null 2>"$tmp/err"
	status=$?
	cat $dev >"$tmp/got"
	ended $status "$wanted" "$name writes until the device is full"
	like "$(cat "$tmp/err")" 'No space left on device' "$name prints ENOSPC"
}

# ---- programs ----

contents='empty half full'
reads cat 0 cat $dev
reads dd 0 dd if=$dev bs=1000 status=none
reads tail 0 tail -n +1 $dev
reads head 0 head -c $((2 * size)) $dev
reads pv 0 pv -q $dev
reads socat 0 socat -u OPEN:$dev,rdonly -
writes tee 1 tee $dev
writes dd 1 dd of=$dev bs=1000 status=none
program=pv writes pv 16 sh -c "exec pv -q >$dev"
writes socat 1 socat -u - OPEN:$dev,wronly

fill "$tmp/half"
tail -n 2 "$tmp/half" >"$tmp/want"
$bound tail -n 2 $dev >"$tmp/got" 2>"$tmp/err"
ended $? 0 'tail -n 2 prints the last lines'
head -c 100 "$tmp/half" >"$tmp/want"
$bound head -c 100 $dev >"$tmp/got" 2>"$tmp/err"
ended $? 0 'head -c 100 prints the first bytes'

# ---- loops of shells ----

contents=half
# shellcheck disable=SC2016 # the inner shell's
loop='while read -r x; do echo "$x"; done <"$0"'
reads 'a read loop of dash' 0 dash -c "$loop" $dev
reads 'a read loop of busybox' 0 busybox sh -c "$loop" $dev
reads 'a read loop of bash' 0 bash -c "$loop" $dev
# 142 would mean a timeout.
# shellcheck disable=SC2016
reads 'a read -t 5 loop of bash' 1 bash -c 'while :; do read -r -t 5 x || exit; echo "$x"; done <"$0"' $dev

# ---- event loops ----

# shellcheck disable=SC2016 # perl's
reads 'a select loop of perl' 0 perl -e 'open(my $f, "<", shift) or die;
while (1) {
	vec(my $in = "", fileno($f), 1) = 1;
	select($in, undef, undef, undef) > 0 or die;
	(sysread($f, my $part, 1000) // die) or last;
	print $part;
}' $dev
# shellcheck disable=SC2016 # perl's
writes 'a select loop of perl' 28 perl -e 'open(my $f, ">", shift) or die;
while (sysread(STDIN, my $part, 1000)) {
	while (length $part) {
		vec(my $out = "", fileno($f), 1) = 1;
		select(undef, $out, undef, undef) > 0 or die;
		$part = substr($part, syswrite($f, $part) // die "$!\n");
	}
}' $dev

reads 'a select loop of python' 0 python3 -c 'import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
while select.select([fd], [], []) and (part := os.read(fd, 1000)):
    sys.stdout.buffer.write(part)
' $dev
writes 'a select loop of python' 1 python3 -c 'import os, select, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
data = sys.stdin.buffer.read()
while data and select.select([], [fd], []):
    data = data[os.write(fd, data[:1000]):]
' $dev
reads 'an epoll loop of python' 0 python3 -c 'import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
epoll = select.epoll()
epoll.register(fd, select.EPOLLIN)
while epoll.poll() and (part := os.read(fd, 1000)):
    sys.stdout.buffer.write(part)
' $dev
reads 'connect_read_pipe of asyncio' 0 python3 -c 'import asyncio, sys
async def main():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), open(sys.argv[1], "rb", buffering=0))
    sys.stdout.buffer.write(await reader.read())
asyncio.run(main())
' $dev
writes 'connect_write_pipe of asyncio' 1 python3 -c 'import asyncio, sys
async def main():
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, open(sys.argv[1], "wb", buffering=0))
    transport.set_write_buffer_limits(0)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    writer.write(sys.stdin.buffer.read())
    await writer.drain()
asyncio.run(main())
' $dev

: >$dev
store reset 1
store buffer_mode private
store buffer_size 4096
store alloc_mode kmalloc

done_testing
