# SPDX-License-Identifier: GPL-2.0-only
# tests/tool/cases.sh: helloctl on the fake device of tests/tool/fake. $helloctl is the
# command: plain, with sanitizers, or under valgrind; the program is first in PATH.
# shellcheck shell=sh source=tests/lib.sh

. tests/lib.sh

helloctl=${helloctl:?}
broken=0

# ctl ARGS...: runs helloctl; sets out (both streams) and status
ctl() {
	out=$($helloctl "$@" 2>&1)
	status=$?
	if [ $status -eq 99 ]; then
		broken=$((broken + 1))
		diag "helloctl $*: $out"
	fi
}

# json FILTER ARGS...: filters its output by jq; stderr must be empty
json() {
	_filter=$1
	shift
	$helloctl "$@" 2>&1 | jq -cr "$_filter" 2>&1
}

# The warnings depend on the machine: this one is not virtual unless a case says so.
mkdir "$UMOCKDEV_DIR/virt"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\necho "${FAKE_VIRT:-none}"\n' >"$UMOCKDEV_DIR/virt/systemd-detect-virt"
chmod +x "$UMOCKDEV_DIR/virt/systemd-detect-virt"
PATH=$UMOCKDEV_DIR/virt:$PATH

value_of() {
	$helloctl get --noheadings --raw -o value "$1"
}

ctl status
is $status 0 "status succeeds"
like "$out" '^device +/dev/hello$' "status names the node"
like "$out" '^number +10:247$' "status tells the device number"
like "$out" '^alloc_mode +kmalloc$' "status shows the current word of a choice file"
like "$out" '^buffer_size +4K$' "status prints sizes for people"
like "$out" '^stats/allocations +7$' "status shows the totals"
unlike "$out" '^(reset|uevent|dev|available_gfp_flags) ' "status shows no file that is not a setting"
ctl status --bytes
like "$out" '^stats/peak_bytes +16384$' "status --bytes prints bytes"
is "$(json '.status[] | select(.name == "buffer_size").value' status -J)" 4096 \
	"status in JSON has sizes in bytes"

is "$(value_of alloc_mode)" kmalloc "get prints the word in brackets"
is "$(value_of buffer_size)" 4096 "get prints what the kernel prints"
is "$($helloctl get -n -o name | wc -l)" 7 "get without names prints all settings"
is "$(json '.get[0].choices' get -J alloc_mode)" '["kmalloc","vmalloc","pages","frobnicate"]' \
	"get takes the choices from the kernel, and in JSON prints an array"
is "$(json '.get[0].choices' get -J gfp_flags)" '["GFP_KERNEL","GFP_ATOMIC","__GFP_NORETRY"]' \
	"get finds choices in the available_ file"
is "$(json '.get[] | .value | type' get -J alloc_mode buffer_size | tr '\n' ' ')" "string number " \
	"in JSON each value has its type"
ctl get nope
is $status 1 "get of an unknown name fails"
like "$out" 'the kernel has: alloc_mode buffer_mode' "get of an unknown name lists the names"
ctl get ../hello/uevent
is $status 1 "get takes no path"

ctl set alloc_mode=vmalloc
is "$status $out" "0 " "set is silent when it succeeds"
is "$(value_of alloc_mode)" vmalloc "set changes the setting"
ctl set alloc_mode=kmalloc buffer_size=8388608
is $status 1 "set fails where the end state is invalid"
is "$(value_of alloc_mode) $(value_of buffer_size)" "vmalloc 4096" \
	"set that failed has changed nothing"
ctl set alloc_mode=kmalloc
ctl set buffer_size=8388608 alloc_mode=vmalloc
is $status 0 "set finds the order: the allocator before the size"
is "$(value_of alloc_mode) $(value_of buffer_size)" "vmalloc 8388608" "set stores both"
ctl set alloc_mode=kmalloc buffer_size=4096
is $status 0 "set finds the order back: the size before the allocator"
ctl set max_buffer_size=1048576 buffer_size=134217728
is $status 1 "set refuses a size over the new cap"
is "$(value_of max_buffer_size) $(value_of buffer_size)" "67108864 4096" "set rolls the cap back"
ctl set alloc_mode=bogus
is $status 1 "set of an unknown word fails"
like "$out" 'alloc_mode to .bogus.: Invalid argument; nothing is changed' "set of an unknown word names file, value and errno"
like "$out" 'the kernel has: kmalloc vmalloc pages frobnicate; alloc_mode: the fake driver does not like it$' \
	"set of an unknown word lists the kernel's words and the driver's reason"
out=$(FAKE_SILENCE=1 $helloctl set alloc_mode=bogus 2>&1)
like "$out" '; the kernel log \(/dev/kmsg\) has no reason, or cannot be read' "set says that the log has no reason"
ctl set gfp_flags=
is $status 1 "set of an empty value reaches the kernel"
out=$(FAKE_ERRNO=16 $helloctl set buffer_size=8192 gfp_flags=refused 2>&1)
like "$out" 'Device or resource busy; nothing is changed' "set tells the errno of a busy setting"
like "$out" 'close and unmap the shared buffer' "set of a busy setting says what to do"
is "$(value_of buffer_size)" 4096 "set of a busy setting rolls back the others"
ctl set alloc_mode
is $status 2 "set without a value is a usage error"
ctl set alloc_mode=kmalloc alloc_mode=vmalloc
is $status 2 "set of the same name twice is a usage error"
ctl set
is $status 2 "set of nothing is a usage error"
ctl set nope=1
is $status 1 "set of an unknown name fails"
is "$(json '.error[0].message' set -J alloc_mode=bogus)" \
	"cannot set /sys/class/misc/hello/alloc_mode to 'bogus': Invalid argument; nothing is changed" \
	"with --json an error is JSON"
is "$(json '.error[0].hint | length > 0' stats -J --bogus)" true "with --json a usage error is JSON"

ctl stats
is $status 0 "stats succeeds"
like "$out" '^kmalloc +6 +3 +1 +3 +12K' "stats has a row for an allocator"
like "$out" '^process +7 ' "stats has a row for a context"
is "$(json '.allocators[1].peak_bytes' stats -J)" 65536 "stats in JSON has numbers"
is "$(json '.contexts[0].context' stats -J)" process "stats in JSON has the contexts"
ctl stats --noheadings --raw -o allocator,frees
is "$out" "kmalloc 3
vmalloc 1

4" "stats -o prints the named columns of both tables"
ctl stats -o bogus
is $status 2 "an unknown column is a usage error"
like "$out" "no column 'bogus'; there are allocator allocations .* context " "an unknown column lists the columns"
is "$(json '.opens[1].comm' opens -J)" 'my_"app"' "opens quotes a hostile command name"
sed 's/cat/\\303\\244\\040/; s/my_"app"/""/' tests/tool/opens >"$UMOCKDEV_DIR/sys/kernel/debug/hello/opens"
is "$(json '.opens[] | .comm, .mode' opens -J | tr '\n' ' ')" '\303\244\040 private "" private ' \
	"an escaped name and an empty one stay in their column"
like "$($helloctl opens)" ' \\303\\244\\040 +private ' "a table shows the name as the driver escapes it"
printf '1 2 a\377\304\200 private 3\n' >>"$UMOCKDEV_DIR/sys/kernel/debug/hello/opens"
is "$($helloctl opens -J | iconv -f UTF-8 -t UTF-8 | jq -r '.opens[2].comm')" "$(printf 'a\\377\304\200')" \
	"bytes of the kernel that are no UTF-8 do not break the JSON"
cp tests/tool/opens "$UMOCKDEV_DIR/sys/kernel/debug/hello/opens"
is "$(json '.opens[0].recipe' opens -J)" "alloc_mode=kmalloc buffer_size=4096 gfp_flags=GFP_KERNEL" \
	"opens keeps the blanks of the recipe"
sed -i 's/cat/17/; s/my_"app"/42/' "$UMOCKDEV_DIR/sys/kernel/debug/hello/opens"
is "$(json '.opens[0].comm | type' opens -J)" string "a command name of digits is a string"
ctl top -n 2 -d 1
is "$(printf '%s\n' "$out" | grep -c '^allocations 7,')" 2 "top -n 2 prints twice"
like "$(printf '%s\n' "$out" | grep private | head -n 1)" '8M' "top has the largest buffer first"
ctl top -n 0
is $status 2 "top of no iterations is a usage error"
	is
ctl explain
is $status 2 "explain without a recipe is a usage error"
ctl explain kmalloc
like "$status $out" "^2 helloctl: 'kmalloc' is not name=value" "explain of a word that is not NAME=VALUE is a usage error"
ctl explain --depth 0 alloc_mode=kmalloc
is $status 2 "explain to no depth is a usage error"
ctl explain alloc_mode=kmalloc
like "$status $out" '^1 helloctl: cannot use .*/functions: No such file' "explain with a module of another version fails"

ctl race
is "$status" 0 "race succeeds"
like "$out" '^LOCK_MODE +READS +EXPECTED +OBSERVED +LOST +TORN +NS_PER_OPERATION .* +READ_P50_NS +WRITE_P50_NS +WAIT_MAX_NS +HOLD_MEAN_NS$' \
	"race has the columns that tell locks apart"
like "$out" '^none +0 +1200 +1122 +78 +12 +70 +70 +70 +8 +10 *$' "race begins with none, without wait times, and counts all repeats"
is "$(printf '%s\n' "$out" | sed '1d; /^median/,$d' | awk '{ print $1, $2 }' | tr '\n' ' ')" \
	"$(for lock in none mutex spinlock atomic; do printf "$lock %s " 0 50 90 99 100; done)" \
	"race has every lock that debugfs lists and is not missing, with each share of reads"
is "$(json '[.race[] | select(.lock_mode == "atomic") | .torn] | unique' race -J)" "[null]" \
	"a lock without torn reads has none in JSON"
ctl race lock_mode=atomic reads=7
like "$out" '^EXPECTED +OBSERVED +LOST +NS_PER_OPERATION ' "race of such locks alone prints no such column"
is "$(json '.race[0] | [.reads, .read_n]' race -J lock_mode=mutex reads=7)" "[7,1800]" \
	"reads is the percentage, and read_n their number"
ctl race delay=msleep:1
like "$out" '^helloctl: 5 of 20 combinations were refused; -v says why$' "race goes on after a refusal"
like "$out" '^mutex ' "race prints the other rows after a refusal"
ctl race -v delay=msleep:1
like "$out" "refused 'lock delay=msleep:1 count=20000 lock_mode=spinlock reads=0': spinlock may not sleep$" "race -v prints the reason"
is "$(json '.refused[0].reason' race -J delay=msleep:1)" "spinlock may not sleep" "race in JSON has the reason"

ctl measure
is $status 0 "measure succeeds"
like "$out" '^ALLOC_MODE +BUFFER_SIZE +FAILURES +ALLOC_P50_NS ' "measure prints the changing settings, then the costs"
is "$(printf '%s\n' "$out" | grep -Ec '^(kmalloc|vmalloc) +[0-9]+[KM]? +0 ')" 34 \
	"measure sweeps two allocators from 64 to 4M"
like "$out" '^vmalloc is cheaper than kmalloc from 128K on$' \
	"measure says where vmalloc becomes cheaper"
is "$(json '.crossover[0] | .alloc_mode, .than, .from_size' measure -J)" "vmalloc
kmalloc
131072" "measure in JSON has the crossover"
ctl measure buffer_size=64..1K
like "$out" 'vmalloc is cheaper than kmalloc from no size on' "measure says that it never does"
is "$(json '.crossover[0].from_size' measure -J buffer_size=64..1K)" null "in JSON a missing crossover is null"
ctl measure buffer_size=4M,64,256K,1K
like "$out" 'vmalloc is cheaper than kmalloc from 256K on' "sizes may come in any order"
ctl measure -n --raw -o buffer_size -b alloc_mode=kmalloc buffer_size=1K..5K
# shellcheck disable=SC2086 # words of a line each
is "$(printf '%s ' $out)" "1024 2048 4096 5120 " "a range doubles and has both ends"
is "$($helloctl measure -n --raw -o buffer_size -b alloc_mode=kmalloc buffer_size=all | tail -n 1)" 67108864 \
	"all sizes end at the kernel's cap"
is "$($helloctl measure -n --raw -o threads alloc_mode=kmalloc buffer_size=64 threads=all | tail -n 1)" "$(getconf _NPROCESSORS_ONLN)" \
	"all threads end at the processors"
is "$($helloctl measure -n --raw -o gfp_flags alloc_mode=kmalloc buffer_size=64 gfp_flags=all)" \
	"GFP_KERNEL
GFP_ATOMIC
__GFP_NORETRY" "all masks are the kernel's list"
is "$(json '.measure | map(.alloc_mode) | join(" ")' measure -J buffer_size=64 alloc_mode=all)" \
	"kmalloc vmalloc pages frobnicate" "all allocators are the kernel's list"
is "$(json '.measure[0] | [.count, .failures, .alloc_p99_ns, .free_max_ns]' measure -J alloc_mode=pages buffer_size=64)" \
	"[300,300,612,null]" "of an allocator that always fails there are no times of freeing"
is "$(json '[.histogram[] | select(.row == 1).count]' measure -J buffer_size=64)" "[288,12]" \
	"in JSON each row has the histogram of all repeats"
is "$($helloctl measure --csv buffer_size=4K -o alloc_mode,buffer_size,alloc_p50_ns)" \
	"alloc_mode,buffer_size,alloc_p50_ns
kmalloc,4096,456
vmalloc,4096,5064" "--csv has commas, and sizes in bytes"
is "$($helloctl measure --raw -n buffer_size=64 alloc_mode=pages -o alloc_mode,alloc_p50_ns,free_p50_ns,failures |
	awk '{ print $1, NF, $4 }')" 'pages 4 300' "--raw has a dash for an empty cell, which awk would skip"
is "$($helloctl measure --csv -n buffer_size=64 alloc_mode=pages -o alloc_mode,free_p50_ns,failures)" 'pages,,300' \
	"--csv has nothing in an empty cell"
is "$($helloctl measure -n --raw -b -o buffer_size alloc_mode=kmalloc buffer_size=010,8,0x10 | tr '\n' ' ')" '8 10 16 ' \
	"a number that begins with 0 is decimal, as the driver takes it"
ctl measure -o 'alloc_mode buffer_size'
like "$status $out" "^2 .*no column 'alloc_mode buffer_size'" "two columns without a comma are a usage error before anything runs"
is "$($helloctl measure --csv buffer_size=4K | head -n 1)" \
	"$(json '.measure[0] | keys_unsorted | join(",")' measure -J buffer_size=4K)" "--csv has all columns"
ctl measure alloc_context=softirq
is $status 1 "measure fails if the driver refuses all combinations"
like "$out" "the driver refuses 'alloc alloc_context=softirq .* and all the others$" "measure names a refused combination"
like "$out" '^helloctl: softirq does not take GFP_KERNEL$' "measure prints why it was refused"
out=$(FAKE_ERRNO=16 $helloctl measure alloc_mode=refused 2>&1)
is $? 1 "measure fails while another runs"
like "$out" 'experiment is running: wait' "measure says that another experiment runs"
for bad in x =x count=all buffer_size=5..4 buffer_size=0..4 'threads=1 threads=2'; do
	# shellcheck disable=SC2086 # words of a command line
	ctl measure $bad
	[ "$bad" = x= ] || is $status 2 "measure '$bad' is a usage error"
done
ctl set -x=1
like "$out" 'set does not know the option -x$' "an unknown letter is named"
ctl set -Jyz nope=1
like "$out" 'set does not know the option -y' "an unknown letter among others is named"
ctl set --bogus=1 nope=1
like "$out" 'set does not know the option --bogus=1$' "an unknown long option is named with its value"
ctl stats --json=1
like "$out" '--json takes no value$' "a superfluous value is an error"
ctl stats -o
like "$out" '--output needs a value$' "a missing value is an error"
# A bare chroot has no devpts.
if script -qec true /dev/null >/dev/null 2>&1; then
	out=$(script -qec "$helloctl measure count=1 buffer_size=64 --csv -o failures" /dev/null | tr '\r' '\n')
	like "$out" '\[##########          \] 8/14 alloc count=1 ' "a terminal shows the progress"
	like "$out" '^.\[Kfailures$' "the progress is erased at the end"
	for width in 80 50; do
		for command in stats opens 'top -n 1' 'measure buffer_size=4K'; do
			out=$(script -qec "stty cols $width rows 24; $helloctl $command" /dev/null |
				sed 's/\r$//; s/.*[HJK]\x1b\[[JK]//; s/.*\x1b\[K//')
			is "$(printf '%s\n' "$out" | awk "length > $width")" "" "no line of $command is wider than a terminal of $width"
		done
	done
	is "$(script -qec "stty cols 0 rows 0; $helloctl stats" /dev/null)" \
		"$(script -qec "stty cols 80 rows 24; $helloctl stats" /dev/null)" "a terminal without a size has 80 columns"
	is "$(script -qec "stty cols 80 rows 24; $helloctl stats" /dev/null | tr -d '\r' | grep -A 1 MAX_NS | head -n 2)" \
		"ALLOCATOR ASKED_BYTES USABLE_BYTES MIN_NS MEAN_NS MAX_NS
kmalloc           24K          24K    120     250    900" "columns without room stand below, with the first column again"
else
	ok 0 "a terminal shows the progress, and no line too wide # SKIP no pseudo-terminals here"
fi

picture=$UMOCKDEV_DIR/a\'\$\ picture
ctl measure -o failures --plot "$picture.svg" gfp_flags=GFP_KERNEL,GFP_ATOMIC alloc_context=process,softirq
is $status 0 "measure draws to a file of any name"
is "$(grep -c '<svg' "$picture.svg")" 1 "the picture is SVG"
svg=$(sed -n 's/.*<text>//; s/<tspan[^>]*>//g; s/ *<.tspan>//g; s/<.text>.*//p' "$picture.svg")
for words in "What allocations cost on Linux $(uname -r)" 'GFP_KERNEL process: vmalloc is cheaper than kmalloc from 128K on' \
	'kmalloc GFP_ATOMIC softirq' 'vmalloc GFP_KERNEL process' 'size of the buffer' '64 B' '4 MiB' '100 ns' '1 ms'; do
	like "$svg" "$words" "the picture says '$words'"
done
ctl measure --plot "$picture.png" buffer_size=64
is $status 0 "measure draws the histograms of one size"
is "$(od -An -c -N4 "$picture.png")" ' 211   P   N   G' "the picture is PNG"
ctl race --plot "$picture.svg"
is "$status $(grep -o 'operations in a second\|percentile of the waits\|>spinlock<' "$picture.svg" | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" \
	"0 1 1 1 " "race draws throughput and waits, with one name for each lock"
ctl measure --plot "$picture.jpg"
is $status 2 "another kind of picture is a usage error"
ctl measure --plot "$UMOCKDEV_DIR/none/a.svg" buffer_size=64
is $status 1 "measure fails if it cannot write the picture"
like "$out" 'a.svg: No such file or directory' "measure prints why it cannot write the picture"
unlike "$out" '^ALLOC_MODE|^kmalloc' "measure finds that before the sweep"
ctl measure --plot "$picture.svg" alloc_mode=pages
is $status 1 "measure fails if there is nothing to draw"
like "$out" 'nothing to draw' "measure says that there is nothing to draw"
mkdir "$UMOCKDEV_DIR/gnuplot"
printf '#!/bin/sh\necho half\nexit 1\n' >"$UMOCKDEV_DIR/gnuplot/gnuplot"
chmod +x "$UMOCKDEV_DIR/gnuplot/gnuplot"
out=$(PATH=$UMOCKDEV_DIR/gnuplot:$PATH $helloctl measure --plot "$picture.png" 2>&1)
is "$? $(od -An -c -N4 "$picture.png")" '1  211   P   N   G' "if gnuplot fails, the old picture stays"
like "$out" 'gnuplot could not draw' "measure says that gnuplot failed"
absolute=$(for word in $helloctl; do command -v -- "$word" || echo "$word"; done)
out=$(PATH=/nowhere $absolute measure --plot "$picture.svg" 2>&1)
is $? 1 "measure needs gnuplot"
like "$out" 'apt install gnuplot-nox' "measure names the package of gnuplot"

# shellcheck source=tests/tool/results.sh
. tests/tool/results.sh

ctl roundtrip
is "$out" "write: req=12, actual=12, off=0
read: req=64, actual=12, off=0
Hello World" "roundtrip reports both calls and the text"
ctl roundtrip --length 5 Hello World
is "$out" "write: req=11, actual=11, off=0
read: req=5, actual=5, off=0
Hello" "roundtrip --length limits the read"
is "$(json '.roundtrip[1].requested' roundtrip -J)" 64 "roundtrip in JSON has numbers"
ctl write Hello World
like "$out" 'note: buffer_mode is private' "write says that the private buffer is gone"
ctl set buffer_mode=shared
ctl write Hello World
is "$status $out" "0 " "write to the shared buffer is silent"
is "$($helloctl read)" "Hello World" "read prints what was written"
ctl write --offset 6 There
is "$($helloctl read)" "Hello There" "write --offset keeps the bytes before"
ctl write Hi
is "$($helloctl read)" "Hi" "write without --offset replaces the contents"
is "$($helloctl read -s 1 -l 0x1)" "i" "read takes an offset and a length"
seq 100000 | $helloctl write
is "$($helloctl read | cksum)" "$(seq 100000 | cksum)" "write takes standard input, read gives it back"
is "$($helloctl read -s 64K -l 1K | cksum)" "$(seq 100000 | dd bs=1K skip=64 count=1 2>/dev/null | cksum)" \
	"sizes take a suffix"
for bad in -1 1x 0x 1KK 99999999999999999999 16777216T 18014398509481984K ''; do
	ctl read --length "$bad"
	is $status 2 "a length '$bad' is a usage error"
done
out=$($helloctl read 2>&1 >/dev/full)
is $? 1 "a full disk is a failure"
like "$out" 'No space left on device' "read prints ENOSPC of standard output"

# a word of each kind of wrong UTF-8: no character, cut short, too long, a surrogate, too large
for bytes in 377 303-50 340-200-257 355-240-200 364-220-200-200; do
	# shellcheck disable=SC2059 # the format is the byte
	word=h$(for byte in $(echo $bytes | tr - ' '); do printf "\\$byte"; done)
	wrong=
	for command in get set reset status "stats -o" measure "measure --plot" race "roundtrip -l"; do
		# shellcheck disable=SC2086 # words of a command line
		$helloctl $command "$word" --json 2>&1 | iconv -f UTF-8 -t UTF-8 |
			jq -e '.error[0].message | test("h\\\\[23][0-7][0-7]")' >/dev/null || wrong="$wrong $command;"
	done
	is "$wrong" "" "the bytes $bytes in any command's words give JSON that shows them"
done
is "$(json '.error[0].message' get -J "$(printf 'gr\303\274n\t')")" "there is no setting '$(printf 'gr\303\274n\t')'" \
	"in JSON, UTF-8 and control characters are kept"
ctl get "$(printf 'gr\303\274n\n\033\302\233\377')"
like "$out" "^helloctl: there is no setting '$(printf 'gr\303\274n')\\\\012\\\\033\\\\302\\\\233\\\\377'\$" \
	"control characters of a word are escaped on a terminal"

ctl
is $status 2 "no command is a usage error"
ctl bogus
is $status 2 "an unknown command is a usage error"
ctl status extra
is $status 2 "a word too many is a usage error"
ctl --help
is $status 0 "--help succeeds"
help=$out
# from the source: what reads the help would miss a command the same way
commands=$(sed -n 's/^\t{ "\([^"]*\)", cmd_.*/\1/p' tools/helloctl.c | tr '\n' ' ')
commands=${commands% }
is "$(printf '%s\n' "$help" | awk '/^  / { printf "%s%s", n++ ? " " : "", $1 }')" "$commands" "--help lists every command"
starts=
for command in $commands; do
	ctl "$command" --help
	like "$out" "^Usage: helloctl $command" "$command --help prints its usage"
	line=$(printf '%s\n' "$help" | grep "^  $command ")
	start=${line%"$(printf '%s\n' "$out" | sed -n 2p)"}
	starts="$starts${#start}
"
done
is "$(printf %s "$starts" | sort -u | wc -l)" 1 "--help begins the text of every command in the same column"
is "$(printf '%s\n' "$help" | awk 'length > 80')" "" "--help has room in 80 columns"
ctl --version
is "$out" "helloctl $(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)" "--version is dkms.conf's"
is "$($helloctl -V)" "$out" "-V prints the same as --version"
is "$($helloctl measure --help | awk 'length > 80')" "" "a command's help has room in 80 columns"
like "$($helloctl get --help)" '^Columns: name value choices \(without -o: name value\)$' "a command's help lists its columns"

is "$(tests/tool/complete 'helloctl ')" "$commands" "bash completes every command"
is "$(tests/tool/complete 'helloctl st')" "status stats" "bash completes the first letters of a command"
is "$(tests/tool/complete 'helloctl race d')" "delay=" "bash completes the words of an experiment"
is "$(tests/tool/complete 'helloctl measure alloc_mode=v')" "vmalloc" "bash completes the values of an experiment"
is "$(tests/tool/complete 'helloctl measure alloc_mode=kmalloc,v')" "kmalloc,vmalloc" "bash completes the values in a list"
is "$(tests/tool/complete 'helloctl race lock_mode=a')" "all" "bash completes all"
is "$(tests/tool/complete 'helloctl measure pattern=')" "pair batch remote bulk" "bash completes the words of a pattern"
is "$(tests/tool/complete 'helloctl stats -o al')" "allocator allocations" "bash completes columns"
is "$(tests/tool/complete 'helloctl stats --output=allocator,f')" "allocator,frees allocator,failures" "bash completes columns in a list"
is "$(tests/tool/complete 'helloctl opens -J -oi')" "-oid" "bash completes columns right after -o"
is "$(tests/tool/complete 'helloctl metrics -o al')" "" "bash completes no columns if -o is a file"
like "$(tests/tool/complete 'helloctl stats --')" '--json .*--raw' "bash completes a command's options"
is "$(tests/tool/complete 'helloctl get b')" "buffer_mode buffer_size" "bash completes the kernel's settings"
is "$(tests/tool/complete 'helloctl set buffer_m')" "buffer_mode=" "bash adds = where a value follows"
is "$(tests/tool/complete 'helloctl set buffer_size=4096 alloc_mode=')" "kmalloc vmalloc pages frobnicate" \
	"bash completes the kernel's choices"
is "$(tests/tool/complete 'helloctl set alloc_mode=v')" "vmalloc" "bash completes a choice"
is "$(tests/tool/complete 'helloctl set gfp_flags=GFP_')" "GFP_KERNEL GFP_ATOMIC" \
	"bash completes from the available_ file"

ctl reset
is "$status $out" "0 " "reset is silent when it succeeds"
ctl reset stats
is "$status $out" "0 " "reset stats is silent when it succeeds"
is "$(cat "$UMOCKDEV_DIR/sys/kernel/debug/hello/reset")" 1 "reset stats wrote to debugfs"

metrics=$($helloctl metrics)
is "$(printf '%s\n' "$metrics" | grep '^hello_allocations_total')" "hello_allocations_total 7" \
	"metrics has the totals"
is "$(printf '%s\n' "$metrics" | grep '^hello_allocator_peak_bytes')" \
	'hello_allocator_peak_bytes{allocator="kmalloc"} 16384
hello_allocator_peak_bytes{allocator="vmalloc"} 65536' "metrics has each allocator"
is "$(printf '%s\n' "$metrics" | grep -Evc '^# (HELP [a-z_]+ .+\.|TYPE [a-z_]+ (counter|gauge))$|^[a-z_]+({allocator="[a-z_]+"})? [0-9]+$')" 0 \
	"metrics prints only lines that Prometheus reads"
ctl metrics --output "$UMOCKDEV_DIR/hello.prom"
is "$status $out" "0 " "metrics --output is silent"
is "$(cat "$UMOCKDEV_DIR/hello.prom")" "$metrics" "metrics --output writes the same text"
is "$(echo "$UMOCKDEV_DIR"/hello.prom* "$UMOCKDEV_DIR"/.helloctl*)" "$UMOCKDEV_DIR/hello.prom $UMOCKDEV_DIR/.helloctl*" \
	"metrics --output leaves no temporary file"
rm "$UMOCKDEV_DIR/hello.prom"
(umask 022; $helloctl metrics --output "$UMOCKDEV_DIR/hello.prom")
is "$(stat -c %a "$UMOCKDEV_DIR/hello.prom")" 644 "metrics --output makes the file with the mode of umask"
ctl metrics -o "$UMOCKDEV_DIR/none/hello.prom"
is $status 1 "metrics fails if it cannot write"
like "$out" 'hello.prom: No such file or directory' "metrics prints why it cannot write"

finding() {
	json ".doctor[] | select(.check == \"$1\") | .state + \": \" + .finding + \"; \" + .remedy" doctor -J
}

like "$(finding loaded)" '^ok: ' "doctor finds the module loaded"
is "$(finding node)" "ok: /dev/hello is 10:247; " "doctor compares the node with sysfs"
like "$(finding signature)" '^ok: the kernel is not locked down; signed by: nobody' \
	"doctor accepts an unsigned module without lockdown"
mkdir -p "$UMOCKDEV_DIR/sys/kernel/security" "$UMOCKDEV_DIR/bin"
echo 'none [integrity] confidentiality' >"$UMOCKDEV_DIR/sys/kernel/security/lockdown"
like "$(finding signature)" "^BAD: .* is not signed; .* dkms build --force hello/[0-9.]+; .*mokutil --import" \
	"doctor finds an unsigned module under lockdown"
printf '#!/bin/sh\necho "signer:         DKMS key"\n' >"$UMOCKDEV_DIR/bin/modinfo"
chmod +x "$UMOCKDEV_DIR/bin/modinfo"
like "$(PATH=$UMOCKDEV_DIR/bin:$PATH finding signature)" '^note: .* signed by: DKMS key; .*mokutil --import' \
	"doctor says how to enrol the key of a signed module"
# A fake modinfo of our module, loaded; $says overrides one field.
version=$($helloctl --version | grep -o '[0-9][0-9.]*')
mkdir -p "$UMOCKDEV_DIR/sys/module/hello"
echo ABCD >"$UMOCKDEV_DIR/sys/module/hello/srcversion"
cat >"$UMOCKDEV_DIR/bin/modinfo" <<-END
	#!/bin/sh
	echo "\${says%%=*}: \${says#*=}"
	echo "filename:       /other/hello.ko"
	echo "description:    A laboratory for kernel memory behind /dev/hello"
	echo "version:        $version"
	echo "srcversion:     ABCD"
	echo "vermagic:       $(uname -r) SMP"
END
told() {
	says=$2 PATH=$UMOCKDEV_DIR/bin:$PATH finding "$1"
}
is "$(told module '')" 'ok: /other/hello.ko; ' "doctor knows our module by its description"
is "$(told loaded '')" 'ok: the module is loaded; ' "doctor knows the loaded module by its srcversion"
is "$(told module 'description=A hello world')" \
	"BAD: /other/hello.ko is another module of that name; sudo mv /other/hello.ko /other/hello.ko.other; sudo depmod; then install the package hello-dkms, or in the sources: sudo make dkms-install" \
	"doctor does not take another module of that name for ours"
like "$(told module vermagic=5.10.0)" '^BAD: /other/hello.ko is built for kernel 5.10.0, not for' \
	"doctor finds a module for another kernel"
like "$(told module version=0.0.1)" "^note: .* is version 0.0.1, helloctl is $version; install both" \
	"doctor finds a module of another version"
like "$(told loaded srcversion=EF01)" \
	"^BAD: the loaded module .* is not /other/hello.ko .*; sudo modprobe -r hello; sudo modprobe hello" \
	"doctor finds that another build is loaded"
mv "$UMOCKDEV_DIR/sys/devices/virtual/misc/hello/alloc_mode" "$UMOCKDEV_DIR/alloc_mode"
like "$(told loaded '')" '^BAD: another module of that name is loaded, from .*; sudo rmmod hello' \
	"doctor does not take a loaded module of that name for ours"
rm -r "$UMOCKDEV_DIR/sys/module"
like "$(told loaded '')" '^BAD: another driver has created a device hello' "doctor does not take another device of that name for ours"
mv "$UMOCKDEV_DIR/alloc_mode" "$UMOCKDEV_DIR/sys/devices/virtual/misc/hello/alloc_mode"
ln -sfn 10:99 "$UMOCKDEV_DIR/dev/.node/hello"
is "$(finding node)" \
	"BAD: /dev/hello is 10:99, the device is 10:247; sudo rm /dev/hello; sudo modprobe -r hello; sudo modprobe hello" \
	"doctor finds a node with a stale minor"
rm "$UMOCKDEV_DIR/dev/hello"
like "$(finding node)" '^BAD: no /dev/hello' "doctor finds a missing node"
ctl doctor
is $status 1 "doctor fails if something is bad"
ctl write lost
like "$out" 'cannot open /dev/hello: No such file.*' "write without a node fails"

ctl grade /dev/null
is $status 0 "grade of /dev/null finds nothing wrong"
like "$out" '^open +ok *$' "grade has a row for a fact that holds"
like "$out" '^write +does not apply facts that write need --destroy-contents *$' \
	"grade without --destroy-contents writes nothing, and says so"
like "$out" '^[0-9]+ ok, 0 not ok, [0-9]+ do not apply$' "grade counts the facts"
is "$(json '.grade[] | select(.fact == "read-end") | .result, .lesson' grade -J /dev/null)" \
	"ok
Documentation/lessons/copying-to-user.rst" "grade in JSON names the lesson of each fact"
is "$(json '.grade | map(select(.finding == null and .result != "ok")) | length' grade -J /dev/null)" 0 \
	"grade in JSON has a finding for each fact that is not ok"
is "$(json '.grade | map(.fact) | (length - (unique | length)), map(select(length > 18))[]' grade -J /dev/null)" 0 \
	"the facts of grade have short names, each its own"
is "$(json '.device[0] | [.node, .kind, .capacity]' grade -J /dev/full)" '["/dev/full","a source without an end",null]' \
	"grade in JSON says which kind of device it is"
ctl grade --tap --destroy-contents /dev/null
is "$(printf '%s\n' "$out" | head -n 1)" "1..$(printf '%s\n' "$out" | grep -Ec '^(not )?ok [0-9]+ - ')" \
	"grade --tap prints the plan, and a line for each fact"
like "$out" '^ok [0-9]+ - read-end: reads come to an end, and stay there$' "grade --tap names each fact"
like "$out" '^ok [0-9]+ - read-pieces: .* # SKIP .*[a-z]' "grade --tap says why a fact does not apply"
is "$(json '.grade[].lesson' grade -J /dev/null | sort -u | xargs ls 2>&1 >/dev/null)" "" \
	"each lesson that grade names is there"
: >"$UMOCKDEV_DIR/dev/fakedisk"
chmod +t "$UMOCKDEV_DIR/dev/fakedisk"
# shellcheck disable=SC2086 # a command line
is "$(env --ignore-signal=CHLD $helloctl grade /dev/null | tail -n 1)" "$($helloctl grade /dev/null | tail -n 1)" \
	"grade waits for its processes although the caller ignores SIGCHLD"
nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
if $nobody sh -c "$helloctl --help" >/dev/null 2>&1; then
	# The leak sanitizer starts a thread.
	# shellcheck disable=SC2086 # a command line
	out=$(ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" $nobody prlimit --nproc=1:1 $helloctl grade /dev/null 2>&1)
	like "$? $out" '^2 helloctl: cannot check open in a process' "grade without processes is no success"
else
	ok 0 "grade without processes is no success # SKIP another user cannot run it"
fi
if mknod "$UMOCKDEV_DIR/watchdog1" c 247 1 2>/dev/null; then
	mkdir -p "$UMOCKDEV_DIR/sys/dev/char/247:1"
	ln -s ../../../class/watchdog "$UMOCKDEV_DIR/sys/dev/char/247:1/subsystem"
	ctl grade "$UMOCKDEV_DIR/watchdog1"
	like "$status $out" '^2 .*starts the watchdog' "grade refuses each watchdog"
else
	ok 0 "grade refuses each watchdog # SKIP no node can be made"
fi
ctl grade --destroy-contents /dev/fakedisk
is $status 2 "grade refuses a block device"
like "$out" 'is a block device' "grade says that it refuses block devices"
for file in README.md tests; do
	ctl grade $file
	is $status 2 "grade refuses $file"
	like "$out" 'grade takes the node of a character device' "grade says what it takes instead of $file"
done
ctl grade /dev/nosuch
is $status 2 "grade of a missing node cannot be done"
like "$out" '/dev/nosuch: No such file or directory' "grade says that there is no node"
ctl grade
is $status 2 "grade without a node is a usage error"
ctl grade /dev/null /dev/zero
is $status 2 "grade of two nodes is a usage error"
ctl grade --tap --json /dev/null
is $status 2 "grade prints either TAP or JSON"
ctl grade --destroy /dev/null --bogus
like "$out" 'grade does not know the option --bogus' "grade names a wrong option"
like "$(tests/tool/complete 'helloctl grade --d')" '^--destroy-contents$' "bash completes an option with a hyphen"

echo "version: 2" >"$UMOCKDEV_DIR/sys/kernel/debug/hello/stats"
ctl stats
is $status 1 "stats of another version fails"
rm -r "$UMOCKDEV_DIR/sys/kernel/debug"
ctl stats
is $status 1 "stats without debugfs fails"
like "$out" 'mount -t debugfs' "stats says how to mount debugfs"
rm -r "$UMOCKDEV_DIR/sys/devices/virtual/misc/hello" "$UMOCKDEV_DIR/sys/class/misc/hello"
needs_device=$(sed -n 's/^\t{ "\([^"]*\)", cmd_[a-z]*, true,.*/\1/p' tools/helloctl.c)
for command in $needs_device; do
	case $command in set | explain) command="$command alloc_mode=kmalloc" ;; esac
	# shellcheck disable=SC2086 # words of a command line
	ctl $command
	is $status 1 "$command without the module fails"
	like "$out" 'sudo modprobe hello' "$command says how to load the module"
done
is "$(json '.error | length' status -J)" 1 "status without the module has one error in JSON"
is "$(for command in $commands; do
	grep -Eq "(ctl|json .*) $command\b" tests/tool/*.sh tests/guest/helloctl.t || echo "$command"
done)" "" "the tests run every command"
is $broken 0 "no command made a memory error"
done_testing
