#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/tool_cost.t: the cost of helloctl grows linearly with its output. callgrind
# counts instructions, which do not depend on the load as times do.
cd "$(dirname "$0")/../.." || exit 1
if [ -z "$UMOCKDEV_DIR" ]; then
	for program in umockdev-run valgrind; do
		command -v $program >/dev/null || { echo "Bail out! install $program"; exit 1; }
	done
	make -s -C tools PAGES= PROGRAM=../build/tool/cost/helloctl O=../build/tool/cost || exit 1
	PATH=$PWD/build/tool/cost:$PATH exec tests/tool/fake tests/host/tool_cost.t
fi
# shellcheck source=tests/lib.sh
. tests/lib.sh

# instructions ARGS...: prints how many instructions helloctl ARGS takes
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null helloctl "$@" 2>&1 >/dev/null |
		sed -n 's/.*Collected : //p'
}

# grows FACT FEW MANY: ten times the rows take at most twelve times the instructions
grows() {
	diag "$2 and $3 instructions"
	ok $(($2 == 0 || $3 > 12 * $2)) "$1"
}

# opens ROWS: puts that many opens into the fake device
opens() {
	{
		head -n 1 tests/tool/opens
		seq -f "%.0f 4711 cat private 4096 12 2 0 12 0 0 alloc_mode=kmalloc buffer_size=4096" "$1"
	} >"$UMOCKDEV_DIR/sys/kernel/debug/hello/opens"
}

for command in opens 'opens --json' 'opens --raw -o recipe,id' 'top -n 1'; do
	opens 200
	# shellcheck disable=SC2086 # words of a command line
	few=$(instructions $command)
	opens 2000
	# shellcheck disable=SC2086
	grows "$command of ten times the opens costs at most twelve times as much" "$few" "$(instructions $command)"
done

# a fake gnuplot that reads its input and draws nothing
mkdir "$UMOCKDEV_DIR/bin"
printf '#!/bin/sh\nexec cat >/dev/null\n' >"$UMOCKDEV_DIR/bin/gnuplot"
chmod +x "$UMOCKDEV_DIR/bin/gnuplot"
PATH=$UMOCKDEV_DIR/bin:$PATH
measure() {
	instructions measure --json --plot "$UMOCKDEV_DIR/a.svg" buffer_size=64 count="$(seq -s, "$1")"
}
grows 'measure of ten times the combinations, with histograms, costs at most twelve times as much' "$(measure 20)" "$(measure 200)"
words() {
	# shellcheck disable=SC2046 # words of a command line
	instructions write $(seq "$1")
}
grows 'write of ten times the words costs at most twelve times as much' "$(words 1000)" "$(words 10000)"
done_testing
