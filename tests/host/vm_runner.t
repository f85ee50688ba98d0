#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/vm_runner.t: tests/vm/run passes what passes and nothing else.
# Six guests, two at a time.

cd "$(dirname "$0")/../.." || exit
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$dir"' EXIT
count=0

# guest CASE OPTION... -- COMMAND...: run it, keep its output and exit status.
guest() {
	local case=$1
	shift
	tests/vm/run --name "vm_runner-$case" "$@" \
		>"$dir/$case.out" 2>"$dir/$case.err"
	echo $? >"$dir/$case.status"
}

# ok NAME COMMAND...: one line of TAP.
ok() {
	local name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		tail -n 5 "$dir"/*.err | sed 's/^/# /' >&2
	fi
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
echo "to stderr" >&2
echo "reopened" >/dev/stdout
touch only-in-the-guest && echo "checkout writable"
touch /usr/only-in-the-guest && echo "root writable"
udevadm control --ping && echo "udevd answers"
[ -z "$(lsmod | grep ^hello)" ] && echo "module not loaded"
exit 7'

{
	guest plain --append "hello_test=1 mitigations=off" --mem 512 --smp 1 -- \
		bash -c "$plain" sh 'two  words'
	guest splat -- sh -c 'echo "WARNING: CPU: 0 PID: 1 at test" >/dev/kmsg
		echo 64 >/proc/sys/kernel/tainted'
} &
{
	guest panic -- sh -c 'echo up to here; echo c >/proc/sysrq-trigger; sleep 60'
	guest mute -- sh -c 'echo o >/proc/sysrq-trigger; sleep 60'
} &
wait
guest hang --time 2 -- sh -c 'echo waiting; sleep 1000' &

# A run that is ended by a signal, once its command is known to run.
mkfifo "$dir/signal.out"
tests/vm/run --name vm_runner-signal -- sh -c 'echo waiting; sleep 1000' \
	>"$dir/signal.out" 2>"$dir/signal.err" &
runner=$!
read -r word <"$dir/signal.out"
kill -TERM "$runner"
wait "$runner"
echo $? >"$dir/signal.status"
wait

ok "a command's exit status is the runner's" status_is plain 7
ok "a command that fails is no failure of the guest" silent plain
ok "the command runs in the checkout" printed plain "cwd $PWD"
ok "the command runs as root" printed plain "uid 0"
ok "arguments arrive unchanged" printed plain "argument two  words"
ok "the default kernel is the one that --which names" \
	printed plain "kernel $(tests/vm/run --which)"
ok "standard error is streamed" printed plain "to stderr"
ok "/dev/stdout can be opened again" printed plain "reopened"
ok "the checkout is writable in the guest" printed plain "checkout writable"
ok "and unchanged on the host" test ! -e only-in-the-guest
ok "the root is writable in the guest" printed plain "root writable"
ok "and unchanged on the host" test ! -e /usr/only-in-the-guest
ok "udevd runs" printed plain "udevd answers"
ok "the module is not loaded unasked" printed plain "module not loaded"

ok "a splat on the console fails the run" status_is splat 125
ok "and is shown" complained splat "on the console: "
ok "a foreign taint is shown" complained splat "taint is 64"

ok "a panic fails the run" status_is panic 125
ok "what was printed before it arrives" printed panic "up to here"
ok "a panic is shown" complained panic "Kernel panic"
ok "a panic leaves no verdict" complained panic "no verdict"
ok "the console is kept" console_has panic "Kernel panic"

ok "a power-off without verdict fails the run" status_is mute 125
ok "and is said to be one" complained mute "no verdict"

ok "a command over its time fails the run" status_is hang 125
ok "and is said to be late" complained hang "more than 2 s"
ok "what a late command printed arrives" printed hang "waiting"

# Two kernels that can be booted, of which the newer one has its headers here only.
mkdir -p "$dir/root/boot" "$dir/root/usr/src/headers" "$dir/root/lib/modules/"{1.0,2.0}-test
touch "$dir/root/boot/vmlinuz-"{1.0,2.0}-test
ln -s /usr/src/headers "$dir/root/lib/modules/1.0-test/build"
ln -s "$PWD" "$dir/root/lib/modules/2.0-test/build"
ok "the headers are looked for in the root" \
	test "$(tests/vm/run --root "$dir/root" --which 2>&1)" = 1.0-test

tests/vm/run --bogus >"$dir/usage.out" 2>"$dir/usage.err"
echo $? >"$dir/usage.status"
ok "an unknown option is a usage error" status_is usage 2
ok "the usage error names it" complained usage "--bogus"
tests/vm/run --kernel 0.0-none true >"$dir/kernel.out" 2>"$dir/kernel.err"
echo $? >"$dir/kernel.status"
ok "a kernel that is not there is said so" complained kernel "vmlinuz-0.0-none"

ok "a signal comes while the command runs" test "$word" = waiting
ok "a signal ends the run" status_is signal 143
ok "no guest is left behind" none_left
ok "nor a temporary directory" test -z "$(ls -d build/vm/vm_runner-*.?????? 2>&-)"
echo "1..$count"
