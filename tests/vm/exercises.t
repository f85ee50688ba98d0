#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/exercises.t [debug|kcsan]: the skeleton of each exercise fails its check, and the
# solution passes. The exercises of the stock kernel share a guest; with a word those of the
# debug or the KCSAN kernel run.
# shellcheck disable=SC2317 # succeeds calls the functions by name

cd "$(dirname "$0")/../.." || exit
# shellcheck source=tests/lib.sh
. tests/lib.sh
exercises=Documentation/exercises
out=build/exercises
rm -rf build/exercises

# solve N: makes $out/N and $out/N.solved, for the skeleton and the solution
solve() {
	local each
	for each in "$1" "$1.solved"; do
		mkdir -p "$out/$each"
		if [ -e "$exercises/$1/exercise.c" ]; then
			cp "$exercises/$1/exercise.c" "$out/$each"
			echo 'obj-m := exercise.o' >"$out/$each/Kbuild"
		else
			tests/kernels/copy-driver "$out/$each"
		fi
	done
	patch -s -p1 -d "$out/$1.solved" <"$exercises/$1/solution.patch"
}

shared=()
for dir in "$exercises"/[0-9]*/; do
	n=$(basename "$dir")
	succeeds "exercise $n: the solution is a patch of the skeleton" solve "$n"
	ok $(($(find $exercises/"$n"-*.rst | wc -l) != 1)) "exercise $n: it has a page"
	if [ ! -e "$dir/check" ]; then
		kind=grade
	else
		kind=$(sed -n 's/^# Kernel: //p' "$dir/check")
	fi
	case $1:$kind in
	:)
		shared+=("$n" "$n.solved")
		;;
	:grade | debug:debug | kcsan:kcsan)
		fails_with 'not ok|Bail out|on the console' "exercise $n: the skeleton fails" \
			$exercises/check "$n" "$out/$n"
		succeeds "exercise $n: the solution passes" $exercises/check "$n" "$out/$n.solved"
		;;
	esac
done

if [ ${#shared[@]} -gt 0 ]; then
	kernel=/lib/modules/$(tests/vm/run --which)/build
	for each in "${shared[@]}"; do
		succeeds "exercise $each: it builds" make -s -C "$kernel" M="$PWD/$out/$each" modules
	done
	# shellcheck disable=SC2016 # expanded in the guest
	results=$(tests/vm/run --name exercises --time 600 --stage build/none -- bash -c '
		for each; do
			Documentation/exercises/${each%.*}/check $(ls build/exercises/$each/{exercise,driver/hello}.ko 2>/dev/null)
			echo "result $each $?"
			[ ! -e /sys/module/exercise ] || rmmod exercise
			[ ! -e /sys/module/hello ] || rmmod hello
		done 2>&1' check "${shared[@]}" 2>&1)
	ok $? 'the kernel of the exercises has nothing to report' || diag "$results"
	for each in "${shared[@]}"; do
		case $each in
		*.solved)
			like "$results" "^result $each 0$" "exercise $each: the solution passes" || diag "$results"
			;;
		*)
			like "$results" "^result $each 1$" "exercise $each: the skeleton fails" || diag "$results"
			;;
		esac
	done
fi
done_testing
