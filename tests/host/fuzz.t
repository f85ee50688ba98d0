#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/fuzz.t: sequences of the fuzzer can be printed, read and shrunk without a device.
# shellcheck disable=SC2016 # the commands expand $0
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
fuzz=$PWD/build/fuzz/fuzz
[ -x "$fuzz" ] || bail_out 'no build/fuzz/fuzz; run: make -C tests'
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$fuzz" --print --seed 5 --ops 300 >"$dir/a"
"$fuzz" --print --seed 5 --ops 300 >"$dir/b"
is "$(wc -l <"$dir/a") $(cmp "$dir/a" "$dir/b" && echo same)" '300 same' 'a seed always makes the same sequence'
"$fuzz" --print --seed 6 --ops 300 >"$dir/b"
is "$(cmp -s "$dir/a" "$dir/b"; echo $?)" 1 'another seed makes another one'

# A command that fails as long as the sequence has these three lines, in this order
cat >"$dir/needs" <<'END'
#!/bin/sh
! tr '\n' ';' <"$1" | grep -q 'open 3;.*pwrite 0 10 L+5 0;.*close 0;'
END
chmod +x "$dir/needs"
{ sed -n 1,100p "$dir/a"; echo open 3; sed -n 101,200p "$dir/a"; echo pwrite 0 10 L+5 0
  sed -n 201,299p "$dir/a"; echo close 0; sed -n 300p "$dir/a"; } >"$dir/long"
is "$("$fuzz" --shrink "$dir/long" "$dir/needs" | tr '\n' ';')" 'open 3;pwrite 0 10 L+5 0;close 0;' \
	'shrinking leaves the three operations of 303 that a failure needs'

echo 'pwrite 0 10 L+5 7' >"$dir/one"
is "$("$fuzz" --shrink "$dir/one" sh -c '! grep -q pwrite "$0"')" 'pwrite 0 0 0 0' \
	'shrinking sets each argument to 0 that a failure does not need'
printf '%s\n' 'open 0' 'open 0' 'pread 0 0 0 0' 'close 0' 'pread 0 0 0 0' >"$dir/pair"
is "$("$fuzz" --shrink "$dir/pair" awk '{ n[$1]++ } END { exit n["open"] == n["close"] + 1 }' | tr '\n' ';')" \
	'open 0;' 'shrinking leaves out an open and its close together'
is "$("$fuzz" --shrink "$dir/one" true 2>&1; echo $?)" "fuzz: $dir/one does not fail
1" 'a sequence that does not fail is not shrunk'

is "$("$fuzz" --shrink "$dir/one" "$dir/none" 2>&1; echo $?)" "fuzz: $dir/none cannot be run
2" 'a command that cannot be run is an error, not a failure of the sequence'
is "$("$fuzz" --only model,storm 2>&1; echo $?)" 'fuzz: --only model,storm: a phase is model or storm
2' 'a phase that does not exist is an error'

for line in 'frobnicate 0' 'close' 'close 0 1'; do
	echo "$line" >"$dir/wrong"
	is "$("$fuzz" --shrink "$dir/wrong" false 2>&1; echo $?)" "fuzz: $dir/wrong has no operation: $line
2" \
		"a line '$line' is an error that names it"
done

done_testing
