#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/helloctl.t: the tool on the real device; tests/tool uses a fake one.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
# start from the defaults, whatever ran before
modprobe -r hello
need_module

ctl() {
	out=$(helloctl "$@" 2>&1)
	status=$?
}

# shellcheck disable=SC2317 # fails_with calls it
nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# await FILE REGEX: waits up to 30 s for a matching line
await() {
	timeout 30 sh -c "until grep -Eq '$2' '$1'; do :; done"
}

ctl status
is $status 0 'status succeeds'
like "$out" "^number +$(cat $sysfs/dev)\$" 'status names the device number'
like "$out" "^alloc_mode +$(value alloc_mode)\$" 'status names the allocator'
like "$out" '^stats/opens +0$' 'status has the totals'

is "$(helloctl get -n -o name)" \
	"$(find $sysfs/ -maxdepth 1 -type f -perm -600 ! -name uevent -printf '%f\n' | sort)" \
	'get knows every file that can be read and written'
is "$(helloctl get -n --raw -o value buffer_size)" "$(cat $sysfs/buffer_size)" 'get --raw prints the value as the file does'
is "$(helloctl get -n -o choices alloc_mode)" "$(tr -d '[]' <$sysfs/alloc_mode)" \
	'get has the choices of this kernel'
for mode in $(tr -d '[]' <$sysfs/alloc_mode); do
	gfp=GFP_KERNEL
	[ "$mode" != mempool ] || gfp=GFP_ATOMIC # it never waits for the pool
	ctl set alloc_mode="$mode" gfp_flags=$gfp
	is "$status $out $(value alloc_mode)" "0  $mode" "set takes alloc_mode=$mode gfp_flags=$gfp"
	is "$(helloctl roundtrip | head -n 2 | tr '\n' ' ')" \
		'write: req=12, actual=12, off=0 read: req=64, actual=12, off=0 ' \
		"roundtrip works with $mode"
done
ctl set alloc_mode=kmalloc gfp_flags=GFP_KERNEL
ctl set alloc_mode=bogus
is $status 1 'set of an unknown allocator fails'
like "$out" "Invalid argument; nothing is changed" 'set of an unknown allocator prints EINVAL'
like "$out" "the kernel has: $(tr -d '[]' <$sysfs/alloc_mode)" 'set of an unknown allocator lists the allocators'

# 64 MiB are too much for kmalloc: only one order works each way
ctl set buffer_size=64M alloc_mode=vmalloc
is "$status $out $(value alloc_mode) $(value buffer_size)" '0  vmalloc 67108864' 'set stores the allocator before a size that only it takes'
ctl set alloc_mode=kmalloc buffer_size=4096
is "$status $out $(value alloc_mode) $(value buffer_size)" '0  kmalloc 4096' 'set stores the size before an allocator that needs it'
ctl set buffer_size=8192 init_mode=poison alloc_mode=kmalloc gfp_flags=bogus
is $status 1 'set with one bad value fails'
ctl set alloc_context=softirq
like "$out" 'the kernel has: .*; alloc_context: GFP_KERNEL may sleep, softirq cannot; .*use GFP_ATOMIC' \
	'a refused set prints the reason of the driver'
ctl set lock_mode=spinlock buffer_size=999G
like "$out" '^helloctl: buffer_size: ' 'a refused size prints the reason of the driver'
is "$(value lock_mode)" mutex 'a refused set rolls back the other settings'
# The rate is for five seconds, which may end after any store.
for _ in 1 2 3 4 5 6 7 8; do
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		echo softirq >$sysfs/alloc_context
	done 2>/dev/null
	ctl set alloc_context=softirq
	case $out in *'has no reason'*) break ;; esac
done
like "$out" 'the kernel log \(/dev/kmsg\) has no reason' 'set says that the log has no reason if the log is rate-limited'
is "$(value buffer_size) $(value init_mode) $(value gfp_flags)" '4096 zero GFP_KERNEL' 'refused sets changed no setting'
fails_with 'settings are for root: sudo helloctl' 'set by a user fails and names sudo' nobody helloctl set alloc_mode=vmalloc

ctl set buffer_size=32
is "$(helloctl roundtrip 'This is longer than thirty-two bytes.')" 'write: req=37, actual=32, off=0
read: req=64, actual=32, off=0
This is longer than thirty-two b' \
	'roundtrip reports the short count of a 32-byte buffer'
fails_with 'No space left on device' 'write over the capacity is ENOSPC' helloctl write 'This is longer than thirty-two bytes.'
fails_with 'set buffer_size=' 'write over the capacity names the setting to change' helloctl write 'This is longer than thirty-two bytes.'
ctl set buffer_size=4096

ctl write Hello World
like "$out" 'buffer_mode is private' 'write says that the private buffer is gone'
is "$(helloctl read)" '' 'read of another private buffer prints nothing'
ctl set buffer_mode=shared
ctl write Hello World
is "$status $out" '0 ' 'write to the shared buffer is silent'
is "$(helloctl read)" 'Hello World' 'read prints what write wrote to the shared buffer'
ctl write --offset 6 There
is "$(helloctl read --offset 6)" 'There' 'write and read use --offset'
seq 500 | helloctl write
is "$(helloctl read | cksum)" "$(seq 500 | cksum)" 'write stores all of standard input'
ctl reset
ctl set buffer_size=32
helloctl write --offset 64 zz 2>&-
is "$? $(helloctl read)" '1 ' 'with standard error closed, the device does not get the error message'
helloctl roundtrip zz >&-
is "$? $(helloctl read)" '1 zz' 'with standard output closed, roundtrip fails and the device gets no report'
ctl set buffer_size=4096
succeeds 'with all three closed, the device gets no diagnostics of the test programs' \
	sh -c "'${0%/*}/../../build/tests/descriptors' <&- >&- 2>&-"
ctl reset
is "$status $out $(helloctl read)" '0  ' 'reset empties the shared buffer'
ctl set buffer_mode=private
fails_with 'join the group hello' 'read by a user outside the group names the group' nobody helloctl read

exec 7<>$dev
ctl opens -o pid,comm,capacity -n --raw
is "$out" "$$ helloctl.t 4K" 'opens names the process that has the device open'
ctl top -n 1 -b
like "$out" "^ *[0-9]+ +$$ .* 4096 " 'top shows the same open'
exec 7>&-
keeper=$(exec 7<>$dev; sleep 100 >/dev/null & echo $!)
ctl opens -o comm,mappings -n --raw
like "$out" '^- 0$' 'opens lists an inherited open without the name of the ended process'
like "$out" "the process that opened [0-9]+ has ended .-.; to find what still has it open: sudo grep .* or sudo fuser -v $dev" \
	'opens prints a command that finds the holder'
is "$(bash -c "sudo() { \"\$@\"; }; $(printf '%s\n' "$out" | sed -n 's/.*open: \(.*\) or sudo.*/\1/p')" | cut -d/ -f3)" "$keeper" \
	'the command finds the holder'
kill "$keeper"
# named NAME: prints how opens shows a process called NAME, in a table and in JSON
named() {
	# shellcheck disable=SC2016 # for another shell
	bash -c 'exec 7<>$1
		printf "$2" >/proc/$$/comm
		helloctl opens -n -o mode,comm,mappings | tr -s " "
		helloctl opens -J | iconv -f UTF-8 -t UTF-8 | jq -r ".opens[0] | .comm, .mode"' - $dev "$1"
}
is "$(named 'a b\134\tc')" 'private a\040b\134\011c 0
a\040b\134\011c
private' 'opens shows a name with blanks and a backslash as one word, and the same in JSON'
is "$(named 'gr\303\274n\374')" 'private gr\303\274n\374 0
gr\303\274n\374
private' 'opens prints valid JSON for a name in UTF-8 or Latin-1'
is "$(named '\0')" 'private "" 0
""
private' 'opens shows an empty name as ""'
# columns COMMAND...: prints the columns that only its help or only its JSON has
columns() {
	helloctl "$@" -J | jq -r '[.[] | arrays | .[0] | objects | keys_unsorted[]] | unique[]' >/tmp/columns
	helloctl "$1" --help | awk -v RS= '$1 == "Columns:" { sub(/\(.*/, ""); for (i = 2; i <= NF; i++) print $i }' |
		sort -u | diff - /tmp/columns
}
exec 7<>$dev
for command in status stats opens doctor; do
	is "$(columns $command)" '' "$command --help lists the columns of $command"
done
exec 7>&-
kmallocs() {
	helloctl stats -n --raw -o allocator,allocations | sed -n 's/^kmalloc //p'
}
allocations=$(kmallocs)
helloctl roundtrip >/dev/null
is "$(kmallocs)" $((allocations + 1)) \
	'stats counts the allocation of one open'
is "$(helloctl stats -n --raw -o context,allocations | awk 'NF == 2 { n += $2 } END { print n }')" "$(cat $sysfs/stats/allocations)" \
	'stats by context add up to the total in sysfs'
fails_with 'sudo helloctl' 'stats by a user fails and names sudo' nobody helloctl stats
is "$(helloctl metrics | grep ^hello_frees_total)" "hello_frees_total $(cat $sysfs/stats/frees)" \
	'metrics are the totals of sysfs'
is "$(nobody helloctl metrics | grep -c allocator=)" 0 'metrics by a user omit the allocators'
ctl reset stats
is "$status $(cat $sysfs/stats/allocations)" '0 0' 'reset stats zeroes the counters'

threads=$(($(nproc) < 2 ? 1 : 2))
ctl race threads=$threads count=400 reads=0 delay=udelay:10 -n --raw -o lock_mode,expected,observed,lost
is $status 0 'race runs the experiment'
is "$(printf '%s\n' "$out" | cut -d' ' -f1 | tr '\n' ' ')" "none $(sed '1d; s/ .*//; /^none/d' $debugfs/locks | tr '\n' ' ')" \
	'race has a row for none and for every lock of this kernel'
is "$(printf '%s\n' "$out" | grep -v '^none ' | cut -d' ' -f2- | sort -u)" "$((2400 * threads)) $((2400 * threads)) 0" \
	'no lock loses an update'
if [ $threads = 2 ]; then
	# A sleep between load and store lets the other thread in.
	ctl race threads=2 count=20 reads=0 delay=msleep:1 lock_mode=none -n --raw -o expected,observed,lost
	like "$out" '^240 [0-9]+ [1-9][0-9]*$' 'lock_mode=none loses updates'
else
	ok 0 'lock_mode=none loses updates # SKIP a race takes two processors'
fi
ctl race -v threads=1 count=10 reads=0 lock_mode=mutex,spinlock delay=msleep:1
like "$out" "refused 'lock .*lock_mode=spinlock .*: the holder of a spinning lock must not sleep" 'race leaves out a lock under which the delay cannot sleep'
like "$out" '^mutex +60 +60 +0 ' 'race runs the other locks'
before=$(helloctl get -n --raw)
plot=--plot=/tmp/cost.svg
command -v gnuplot >/dev/null || plot=
ctl measure count=20 gfp_flags=GFP_KERNEL,GFP_ATOMIC alloc_context=process,softirq buffer_size=64..64K \
	${plot:+"$plot"}
is $status 0 'measure sweeps masks, contexts and sizes'
is "$(printf '%s\n' "$out" | grep -Ec '^GFP_(KERNEL +process +[0-9]+K? +(kmalloc|vmalloc)|ATOMIC +(process|softirq) +[0-9]+K? +kmalloc) +0|vmalloc)|ATOMIC +(process|softirq) +kmalloc) +[0-9]+K? +0 +[1-9]')" 44 \
	'measure has a row for each combination that the kernel takes'
like "$out" '^helloctl: 44 of 88 combinations were refused' 'measure counts the refused combinations'
like "$out" '^GFP_KERNEL process: vmalloc (is cheaper than kmalloc from|and kmalloc are not) ' 'measure compares vmalloc with kmalloc'
if [ -z "$plot" ]; then
	ok 0 'measure --plot draws three curves of kmalloc # SKIP gnuplot is not installed'
else
	is "$(grep -Ec 'kmalloc GFP_(KERNEL|ATOMIC) (process|softirq)<' /tmp/cost.svg)" 3 'measure --plot draws three curves of kmalloc'
fi
helloctl measure -J count=100 buffer_size=4096 >/tmp/measured
is "$(jq '[.histogram[].count] | add' /tmp/measured)" "$(jq '[.measure[].count] | add' /tmp/measured)" \
	'the histograms add up to the counts'
ctl measure count=5 threads=all alloc_mode=all alloc_context=all buffer_size=4K gfp_flags=all
is $status 0 'measure takes all of every setting'
is "$(printf '%s\n' "$out" | awk '$5 ~ /^[0-9]+$/ { print $2 }' | sort -u | tr '\n' ' ')" \
	"$(tr -d '[]' <$sysfs/alloc_mode | tr ' ' '\n' | sort | tr '\n' ' ')" 'measure of all allocators has a row for each'
is "$(helloctl get -n --raw)" "$before" 'measure changes no setting'
fails_with 'sudo helloctl' 'measure by a user fails and names sudo' nobody helloctl measure
helloctl race threads=1 reads=0 count=900 lock_mode=mutex delay=msleep:10 >/dev/null &
busy=$!
# Its first experiment takes nine seconds.
timeout 60 sh -c 'until grep -qsx hello/0 /proc/[0-9]*/comm; do sleep 0.1; done'
fails_with 'experiment is running: wait' 'measure says to wait while another experiment runs' helloctl measure
kill $busy
wait $busy
is $? 143 'SIGTERM ends race at once'
succeeds 'measure works after an interrupted race' helloctl measure count=1 buffer_size=64

log=$(mktemp)
helloctl monitor >"$log" 2>&1 &
monitor=$!
await "$log" listening
store alloc_mode vmalloc
await "$log" alloc_mode
is "$(tail -n 1 "$log")" 'change alloc_mode=vmalloc' 'monitor prints a changed setting'
store alloc_mode vmalloc
store alloc_mode kmalloc
await "$log" 'alloc_mode=kmalloc'
is "$(grep -c alloc_mode "$log")" 2 'monitor prints nothing for a store that changes nothing'
for size in 1 2 3 4 5 6 7 8 9 4096; do
	store buffer_size $size
done
await "$log" 'buffer_size=4096'
is "$(sed -n 's/^change buffer_size=//p' "$log" | tr '\n' ' ')" '1 2 3 4 5 6 7 8 9 4096 ' \
	'monitor prints the value of each of ten quick stores'
kill $monitor
wait $monitor
is $? 0 'monitor exits with 0 on SIGTERM'

remedy='sudo rm /dev/hello; sudo modprobe -r hello; sudo modprobe hello'
# diagnosis: prints doctor's exit status and the name of each check that is BAD
diagnosis() {
	helloctl doctor -n -o check,state >/tmp/diagnosis
	echo $? "$(awk '$2 == "BAD" { printf "%s ", $1 }' /tmp/diagnosis)"
}
# A kernel built by the tests has no package of headers, and doctor must say so.
healthy='0 '
[ -r "/lib/modules/$(uname -r)/build/Makefile" ] || healthy='1 headers '
is "$(diagnosis)" "$healthy" 'doctor finds nothing bad in this guest but missing headers' || diag "$(helloctl doctor)"
minor=$(cut -d: -f2 $sysfs/dev)
rm $dev
mknod $dev c 10 $((minor - 1))
examine
like "$(finding node)" "^BAD .* $remedy" 'doctor finds a wrong minor'
rm $dev
echo plain >$dev
examine
like "$(finding node)" "^BAD .* $remedy" 'doctor finds a regular file'
fails_with "$remedy" 'write fails on a regular file' helloctl write lost
is "$(cat $dev)" plain 'write does not truncate the regular file'
# shellcheck disable=SC2317 # eval calls it
sudo() { "$@"; }
eval "$remedy"
udevadm settle
is "$(diagnosis)" "$healthy" 'the remedy for the node works' || diag "$(helloctl doctor)"
like "$(nobody helloctl doctor)" 'group +BAD .*usermod -aG hello' 'doctor finds a user outside the group'
chmod 0666 $dev
examine
like "$(finding group)" '^BAD .*udevadm trigger' 'doctor finds a wrong mode'
follow group
udevadm settle
is "$(stat -c '%a %G' $dev)" '660 hello' 'the remedy for the mode works'
rule=$(find /usr/lib/udev /usr/local/lib/udev -name 60-hello.rules 2>/dev/null)
groupdel hello
touch "$rule"
udevadm control --reload
udevadm trigger --settle --sysname-match=hello
examine
like "$(finding group)" '^BAD +there is no group hello' 'doctor finds the group missing'
like "$(finding rule)" "^ok +$rule *\$" 'doctor names the rule that is there'
follow group
udevadm settle
is "$(stat -c '%a %G' $dev)" '660 hello' 'the remedy for the group works, although udevd caches the rule without it'

# Remove several things at once: one run of doctor must find them all.
kernel_re=$(literal "$(uname -r)")
mv "$rule" /tmp/60-hello.rules
mv "/lib/modules/$(uname -r)/build" /tmp/build
mkdir -p /var/lib/dkms/hello
mv /var/lib/dkms/hello /var/lib/dkms/hello.aside
umount /sys/kernel/debug
examine
like "$(finding rule)" '^BAD +there is no 60-hello.rules +install the package hello-dkms, or .* make install' \
	'doctor finds the rule missing'
like "$(finding headers)" "^BAD .* $kernel_re +sudo apt install linux-headers" 'doctor finds the headers missing'
like "$(finding dkms)" '^note +DKMS does not know hello' 'doctor only notes that DKMS does not know hello'
like "$(finding debugfs)" '^BAD .*mount -t debugfs' 'doctor finds debugfs missing'
fails_with 'mount -t debugfs' 'stats says how to mount debugfs' helloctl stats
mount -t debugfs debugfs /sys/kernel/debug
mv /tmp/build "/lib/modules/$(uname -r)/build"

mkdir -p /etc/udev/rules.d
touch /etc/udev/rules.d/61-hello-local.rules
mkdir -p /var/lib/dkms/hello/0.1.0/build
printf '%s\n' one two 'hello.c:1: error: three' four 'make: *** [Makefile] Error 2' >/var/lib/dkms/hello/0.1.0/build/make.log
examine
like "$(finding rule)" 'only /etc/udev/rules.d/61-hello-local.rules' 'doctor does not take another rule for ours'
like "$(finding dkms)" "^BAD +not built for kernel $kernel_re: two hello.c:1: error: three four " \
	'doctor shows the end of the log of a failed DKMS build'
rm -r /var/lib/dkms/hello
mv /var/lib/dkms/hello.aside /var/lib/dkms/hello
mv /tmp/60-hello.rules "$rule"

rmmod hello
fails_with 'sudo modprobe hello' 'without the module status says how to load it' helloctl status
examine
like "$(finding loaded)" '^BAD .*sudo modprobe hello' 'without the module doctor says how to load it'
like "$(finding rule)" "^ok +/etc/udev/rules.d/61-hello-local.rules $rule *\$" 'doctor names all rules'
rm /etc/udev/rules.d/61-hello-local.rules

done_testing
