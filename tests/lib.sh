# SPDX-License-Identifier: GPL-2.0-only
# tests/lib.sh: TAP for shell tests, and the module under test;
# sourced by tests/guest/*.t and tests/host/*.t.
# shellcheck shell=sh disable=SC2034 # the sourcing scripts use its variables

dev=/dev/hello
sysfs=/sys/class/misc/hello
debugfs=/sys/kernel/debug/hello
export LC_ALL=C

count=0
failed=0

# ok STATUS NAME: the fact NAME holds if STATUS is 0
ok() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=$((failed + 1))
	fi
	return "$1"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/#   /'
}

# is GOT WANTED NAME
is() {
	_rc=0
	[ "$1" = "$2" ] || _rc=1
	ok $_rc "$3" || { diag "got:    $1"; diag "wanted: $2"; }
}

# like TEXT EXTENDED-REGEX NAME
like() {
	_rc=0
	printf '%s\n' "$1" | grep -Eq -e "$2" || _rc=1
	ok $_rc "$3" || { diag "got: $1"; diag "no match of: $2"; }
}

# literal TEXT: escapes TEXT for such a regex; names of Debian 13's kernels have a plus
literal() {
	printf '%s\n' "$1" | sed 's/[][\\.*^$+?(){}|]/\\&/g'
}

# unlike TEXT EXTENDED-REGEX NAME
unlike() {
	_rc=0
	printf '%s\n' "$1" | grep -Eq -e "$2" && _rc=1
	ok $_rc "$3" || diag "got: $1"
}

# succeeds NAME COMMAND...
succeeds() {
	_name=$1
	shift
	_out=$("$@" 2>&1)
	ok $? "$_name" || diag "$* said: $_out"
}

# fails_with REGEX NAME COMMAND...: the command fails and prints REGEX (an errno's text)
fails_with() {
	_text=$1 _name=$2
	shift 2
	if _out=$("$@" 2>&1); then
		ok 1 "$_name"
		diag "$* succeeded"
	else
		like "$_out" "$_text" "$_name"
	fi
}

# store FILE VALUE: one write to a tunable; /bin/echo, not the builtin, prints the errno
store() {
	env echo "$2" >"$sysfs/$1"
}

# value FILE: prints its value; for a file of choices, the word in brackets
value() {
	sed 's/.*\[\(.*\)\].*/\1/' "$sysfs/$1"
}

# examine: runs doctor once; finding and follow use its findings
examine() {
	findings=$(helloctl doctor -J)
}
# finding CHECK: prints its state, its finding and its remedy
finding() {
	printf '%s\n' "$findings" |
		jq -r ".doctor[] | select(.check == \"$1\") | .state + \" \" + .finding + \" \" + .remedy"
}
# follow CHECK: runs the remedy that doctor prints
follow() {
	bash -c "sudo() { \"\$@\"; }; $(printf '%s\n' "$findings" |
		jq -r ".doctor[] | select(.check == \"$1\").remedy | sub(\"; then .*\"; \"\")")"
}

# log_since MARK: prints kernel messages since `mark=$(log_mark)`
log_mark() {
	_mark="hello-test-mark-$$-$count"
	echo "$_mark" >/dev/kmsg
	echo "$_mark"
}
log_since() {
	dmesg | sed "1,/$1/d"
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

bail_out() {
	echo "Bail out! $*"
	exit 1
}

# test_module NAME: prints the file of a module of tests/kmod that was built for this kernel
test_module() {
	for _file in build/kmod/"$1".ko build/*/kmod/"$1".ko; do
		[ "$(modinfo -F vermagic "$_file" 2>/dev/null | cut -d' ' -f1)" = "$(uname -r)" ] || continue
		echo "$_file"
		return
	done
}

# Loads the module and checks that the node is the device: without the module,
# `echo >/dev/hello` makes a regular file and proves nothing.
need_module() {
	[ -d $sysfs ] || modprobe hello || bail_out "cannot load the module hello"
	udevadm settle --timeout=60
	[ -c $dev ] || bail_out "$dev is no character device"
	# Start with an empty shared buffer, whatever ran before.
	echo 1 >$sysfs/reset
}

done_testing() {
	echo "1..$count"
	exit $((failed > 0))
}
