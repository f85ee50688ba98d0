#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/vm_runner.t: tests/vm/run reports success and each kind of failure.
# Boots six guests, two at a time.
# shellcheck disable=SC2317 # succeeds calls the functions by name

cd "$(dirname "$0")/../.." || exit
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$dir"' EXIT
# shellcheck source=tests/lib.sh
. tests/lib.sh

# guest CASE OPTION... -- COMMAND...: runs it and keeps its output and exit status.
guest() {
	local case=$1
	shift
	tests/vm/run --name "vm_runner-$case" "$@" \
		>"$dir/$case.out" 2>"$dir/$case.err"
	echo $? >"$dir/$case.status"
}

status_is() { [ "$(cat "$dir/$1.status")" = "$2" ]; }
printed() { grep -qxF -- "$2" "$dir/$1.out"; }
complained() { grep -qF -- "$2" "$dir/$1.err"; }
# Another checkout may run this test at the same time.
none_left() {
	local process
	for process in /proc/[0-9]*; do
		if [ "$(readlink "$process/cwd")" = "$PWD" ] &&
			grep -qa 'build/vm/vm_runner-' "$process/cmdline"; then
			return 1
		fi
	done
}
silent() { [ ! -s "$dir/$1.err" ]; }
console_has() { grep -qaF -- "$2" "build/vm/vm_runner-$1.console"; }

# shellcheck disable=SC2016 # expanded in the guest
plain='
echo "cwd $PWD"
echo "uid $(id -u)"
echo "argument $1"
echo "kernel $(uname -r)"
echo "parameters $(cat /proc/cmdline)"
echo "to stderr" >&2
echo "reopened" >/dev/stdout
touch only-in-the-guest && echo "checkout writable"
touch /usr/only-in-the-guest && echo "root writable"
udevadm control --ping && echo "udevd answers"
[ -z "$(lsmod | grep ^hello)" ] && echo "module not loaded"
exit 7'

# The same kernel in another place, with one more file among its modules.
kver=$(tests/vm/run --which)
mkdir -p "$dir/kernels/lib/modules/$kver"
ln -s /boot "$dir/kernels/boot"
ln -s /lib/modules/"$kver"/* "$dir/kernels/lib/modules/$kver"
touch "$dir/kernels/lib/modules/$kver/only-there"

{
	guest plain --append "hello_test=1 mitigations=off" --poison --append last=1 --mem 512 --smp 1 -- \
		bash -c "$plain" sh 'two  words'
	# shellcheck disable=SC2016 # expanded in the guest
	guest splat --kernels "$dir/kernels" --kernel "$kver" -- sh -c '
		ls "/lib/modules/$(uname -r)/only-there"
		echo "WARNING: CPU: 0 PID: 1 at test" >/dev/kmsg
		echo 64 >/proc/sys/kernel/tainted'
} &
{
	# sleep: let the output leave the guest before the panic.
	guest panic --report 'never printed' -- sh -c 'echo up to here; sleep 2; echo c >/proc/sysrq-trigger; sleep 60'
	guest mute -- sh -c 'echo o >/proc/sysrq-trigger; sleep 60'
} &
wait
guest hang --time 10 --report 'BUG: expected' -- \
	sh -c 'echo BUG: expected >/dev/kmsg; echo waiting; sleep 1000' &

# End a run with a signal once its command runs.
mkfifo "$dir/signal.out"
tests/vm/run --name vm_runner-signal -- sh -c 'echo waiting; sleep 1000' \
	>"$dir/signal.out" 2>"$dir/signal.err" &
runner=$!
read -r word <"$dir/signal.out"
kill -TERM "$runner"
wait "$runner"
echo $? >"$dir/signal.status"
wait

succeeds "a command's exit status is the runner's" status_is plain 7
succeeds "a failing command is not reported as a failing guest" silent plain
succeeds "the command runs in the checkout" printed plain "cwd $PWD"
succeeds "the command runs as root" printed plain "uid 0"
succeeds "arguments arrive unchanged" printed plain "argument two  words"
like "$(cat "$dir/plain.out")" '^parameters .*hello_test=1 .*init_on_alloc=0 .*slub_debug=FZPU .*last=1( |$)' \
	"each --append and --poison add parameters in their order"
succeeds "the default kernel is the one that --which names" \
	printed plain "kernel $kver"
succeeds "standard error is streamed" printed plain "to stderr"
succeeds "/dev/stdout can be opened again" printed plain "reopened"
succeeds "the checkout is writable in the guest" printed plain "checkout writable"
succeeds "a file written to the checkout is not on the host" test ! -e only-in-the-guest
succeeds "the root is writable in the guest" printed plain "root writable"
succeeds "a file written to the root is not on the host" test ! -e /usr/only-in-the-guest
succeeds "udevd runs" printed plain "udevd answers"
succeeds "the module is not loaded by default" printed plain "module not loaded"

succeeds "--kernels also takes the modules from its directory" \
	printed splat "/lib/modules/$kver/only-there"
succeeds "a splat on the console fails the run" status_is splat 125
succeeds "the splat is printed" complained splat "on the console: "
succeeds "an unexpected taint is printed" complained splat "taint is 64"

succeeds "a panic fails the run" status_is panic 125
succeeds "output from before the panic arrives" printed panic "up to here"
succeeds "the panic is printed" complained panic "Kernel panic"
succeeds "a panic is reported as no verdict" complained panic "no verdict"
succeeds "the console is kept" console_has panic "Kernel panic"

succeeds "a power-off without a verdict fails the run" status_is mute 125
succeeds "a power-off without a verdict is reported as no verdict" complained mute "no verdict"

succeeds "a command over its time limit fails the run" status_is hang 125
succeeds "the time limit is printed" complained hang "more than 10 s"
succeeds "output from before the time limit arrives" printed hang "waiting"

unlike "$(cat "$dir/hang.err")" 'on the console|no report' "a report that --report expects is no failure"
succeeds "the report was on the console" console_has hang "BUG: expected"
succeeds "a report that --report does not expect is printed" complained panic "on the console: "
succeeds "a missing report is printed" complained panic "no report on the console matches never printed"

# Two kernels; only the older one has its headers below the root.
mkdir -p "$dir/root/boot" "$dir/root/usr/src/headers" "$dir/root/lib/modules/"{1.0,2.0}-test
touch "$dir/root/boot/vmlinuz-"{1.0,2.0}-test
ln -s /usr/src/headers "$dir/root/lib/modules/1.0-test/build"
ln -s "$PWD" "$dir/root/lib/modules/2.0-test/build"
succeeds "--which looks for headers in the root" \
	test "$(tests/vm/run --root "$dir/root" --which 2>&1)" = 1.0-test
succeeds "--which looks for headers in the directory of --kernels" \
	test "$(tests/vm/run --kernels "$dir/root" --which 2>&1)" = 1.0-test

# what_make ARGUMENT...: prints the commands of make check; KVER reaches the guests.
what_make() { make -n check "$@" 2>/dev/null; }
succeeds "a guest boots KVER of the environment" \
	test "$(KVER=$kver tests/vm/run --which)" = "$kver"
fails_with "no kernel 0.0-none with headers; there is: $kver" "a missing KVER is named, with the kernels that exist" \
	env KVER=0.0-none tests/vm/run --which
like "$(what_make KVER=0.0-none)" "check-kernels '0.0-none'" "make check leaves a kernel that is not installed to check-kernels"
like "$(what_make VMLINUZ=a/bzImage KDIR=/b)" "check-kernels 'a/bzImage:/b'" "make check leaves your own kernel to check-kernels"
unlike "$(what_make KVER="$kver")" check-kernels "make check tests an installed kernel itself"
is "$(tests/vm/vmlinux "$dir/root/boot/vmlinuz-1.0-test")" "$dir/root/boot/vmlinuz-1.0-test" \
	"a kernel other than a bzImage is booted as it is"
if [ "$(uname -m)" = x86_64 ]; then
	is "$(head -c 4 "$(tests/vm/vmlinux "/boot/vmlinuz-$kver")" | grep -c ELF)" 1 \
		"a bzImage is unpacked"
else
	ok 0 "a bzImage is unpacked # SKIP there is none on $(uname -m)"
fi

guest arch --arch vax true
succeeds "an unknown --arch is named" complained arch "tests/vm/machines has no line vax"
guest usage --bogus
succeeds "an unknown option is a usage error" status_is usage 2
succeeds "the usage error names it" complained usage "--bogus"
guest file --module "$dir/none" true
succeeds "a missing --module file is named" complained file "$dir/none"
guest kernel --kernel 0.0-none true
succeeds "a missing --kernel is named" complained kernel "vmlinuz-0.0-none"

succeeds "the signal came while the command ran" test "$word" = waiting
succeeds "a signal ends the run" status_is signal 143
succeeds "no guest is left behind" none_left
succeeds "no temporary directory is left behind" test -z "$(ls -d build/vm/vm_runner-*.?????? 2>&-)"
[ "$failed" = 0 ] || tail -n 5 "$dir"/*.err >&2
done_testing
