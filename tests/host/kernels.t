#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/kernels.t: check-kernels with a boot-kernel that boots nothing; what
# boot-kernel refuses.
# shellcheck disable=SC2016,SC2317 # programs to write; succeeds and fails_with call by name

cd "$(dirname "$0")/../.." || exit
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/lib.sh
. tests/lib.sh

mkdir -p "$dir/tests/kernels"
cp tests/kernels/{check-kernels,table} "$dir/tests/kernels"
mkfifo "$dir/pipe"
cat >"$dir/tests/kernels/kernel-root" <<'END'
#!/bin/sh
[ $# -gt 0 ] && echo builder root other || printf '%s\n' slow fast bad gone
END
cat >"$dir/tests/kernels/boot-kernel" <<'END'
#!/bin/sh
case $1 in
slow) read -r _ <pipe ;;
fast) echo >pipe ;;
bad) echo 'not ok 1 - sound'; echo 1..1; exit ;;
gone) echo 'no such kernel' >&2; exit 3 ;;
killed) kill -9 $PPID ;;
hang) echo $$ >pipe; exec sleep 1000 ;;
none) exit 2 ;;
esac
echo 'ok 1 - sound'
echo 1..1
END
chmod +x "$dir"/tests/kernels/*
git init -q "$dir"
check() { (cd "$dir" && exec env JOBS=2 tests/kernels/check-kernels "$@"); }
none_at_a_time() { (cd "$dir" && exec env JOBS=0 timeout 60 tests/kernels/check-kernels fast); }

out=$(check)
ok $((! $?)) "check-kernels fails if a lane fails"
is "$(grep -E '^(not )?ok|^1\.\.' <<<"$out" | sed 's/[:,#].*//')" "ok 1 - slow
ok 2 - fast
not ok 3 - bad
ok 4 - gone
1..4" "JOBS rows run at a time, and their facts have the order of the list"
like "$out" '^ok 4 - gone, stock # SKIP no such kernel$' "a kernel that the mirror lacks is skipped"
like "$(check none)" '^# none +not found +-' "the table says of a kernel that is not there that it is not found"
fails_with 'no lane ran' "check-kernels fails if the mirror has none of the kernels" check gone
fails_with '^not ok 1 - killed: its lanes ended without a fact' "check-kernels fails if a row ends without a fact" check killed
is "$(check fast | head -n 1)" "ok 1 - fast, stock: 1 facts" "a lane that passed is not run again"

fails_with "JOBS is 0, not the number of kernels" "check-kernels refuses to run no kernel at a time" none_at_a_time

(cd "$dir" && exec tests/kernels/check-kernels hang) >/dev/null &
read -r pid <"$dir/pipe"
kill $!
wait $!
is $? 130 "an interrupt ends check-kernels"
fails_with "No such process" "an interrupt ends its rows" kill -0 "$pid"

kver=$(tests/vm/run --which)
fails_with "is $kver, and $dir builds modules for none" "boot-kernel refuses a directory that builds no modules" \
	tests/kernels/boot-kernel "/boot/vmlinuz-$kver:$dir"
fails_with "own-kernel: no kernel image $dir/none" "a kernel image that does not exist is refused" \
	tests/kernels/own-kernel "$dir/none"
fails_with "own-kernel: no build directory $dir/none" "a build directory that does not exist is refused" \
	tests/kernels/own-kernel "/boot/vmlinuz-$kver:$dir/none"
fails_with "does not say which version of Linux it is" "an image of another system is refused" \
	tests/kernels/own-kernel /bin/sh
mkdir -p "$dir/include/generated"
: >"$dir/include/generated/utsrelease.h"
fails_with "is $kver, and $dir builds modules for none$" "headers that name no version are refused" \
	tests/kernels/own-kernel "/boot/vmlinuz-$kver:$dir"
echo "#define UTS_RELEASE \"$kver\"" >"$dir/include/generated/utsrelease.h"
is "$(tests/kernels/own-kernel "/boot/vmlinuz-$kver:$dir")" "/boot/vmlinuz-$kver
$kver
$dir" "own-kernel prints the image, its version and the build directory"
echo '#define UTS_RELEASE "0.0-other"' >"$dir/include/generated/utsrelease.h"
fails_with "is $kver, and $dir builds modules for 0.0-other" "boot-kernel refuses the headers of another kernel" \
	tests/kernels/boot-kernel "/boot/vmlinuz-$kver:$dir"

# check-debug with a build and guests that do nothing
debug=$dir/debug
mkdir -p "$debug"/{bin,tests/{kernels,vm,hammer}}
cp tests/kernels/check-{debug,kcsan} "$debug/tests/kernels"
echo 'mkdir -p "$1/driver"' >"$debug/tests/kernels/copy-driver"
echo 'echo kernel' >"$debug/tests/kernels/debug-kernel"
echo 'echo "ok 1 - $5"; echo 1..1' >"$debug/tests/kernels/debug-guest"
echo 'echo "$*" >>calls; echo "$(cat verdict) 1 - a"; echo 1..1' >"$debug/tests/kernels/kcsan-guest"
echo 'echo build/tests/races' >"$debug/tests/hammer/files"
for name in lessons exercises; do
	echo 'echo "# $0 $*" >>calls; echo "$(cat verdict) 1 - a"; echo 1..1' >"$debug/tests/vm/$name.t"
done
touch "$debug/bin/"{make,gcc}
for file in "$debug"/{bin/*,tests/*/*}; do
	[[ ${file##*/} == check-* ]] || sed -i '1i #!/bin/sh' "$file" || continue
	[ -s "$file" ] || echo '#!/bin/sh' >"$file"
	chmod +x "$file"
done
check_debug() { (cd "$debug" && PATH=$debug/bin:$PATH tests/kernels/check-debug "$@"); }
echo ok >"$debug/verdict"
succeeds "check-debug passes if the lessons and the exercises of its kernel do" check_debug
is "$(grep -c ' debug --stage ' "$debug/calls")" 2 "check-debug runs both on the debug kernel"
echo not ok >"$debug/verdict"
fails_with 'Failed' "check-debug fails if a lesson or an exercise does" check_debug
succeeds "check-debug with files runs these alone" check_debug file

check_kcsan() { (cd "$debug" && PATH=$debug/bin:$PATH tests/kernels/check-kcsan "$@"); }
fails_with 'Failed' "check-kcsan fails if a fact of its guest does" check_kcsan
echo ok >"$debug/verdict"
succeeds "check-kcsan passes if all facts of its guest hold" check_kcsan
like "$(tail -n 2 "$debug/calls" | head -n 1)" '--report KCSAN.* -- build/tests/races .*kcsan.t$' \
	"check-kcsan runs the tests that race, and wants the report of its module"
like "$(tail -n 1 "$debug/calls")" 'exercises.t kcsan$' "check-kcsan runs the exercise of its kernel"
done_testing
