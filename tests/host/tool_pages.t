#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/tool_pages.t: the man pages have every command and option of helloctl, its help
# every option of the experiments; at any width no word is hyphenated, no example broken.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
command -v man >/dev/null || skip_all "no man here; install man-db"
make -s -C tools O=../build/tool/pages PROGRAM=../build/tool/pages/helloctl ../build/tool/pages/helloctl \
	../build/tool/pages/helloctl.8 ../build/tool/pages/hello.4 ||
	bail_out "install scdoc"
helloctl=build/tool/pages/helloctl

# page NAME WIDTH
page() {
	LC_ALL=C.UTF-8 MANWIDTH=$2 man -l "build/tool/pages/$1" 2>&1
}

for name in helloctl.8 hello.4; do
	for width in 20 40 60 78; do
		is "$(page $name $width | grep -c '‐$')" 0 "$name hyphenates nothing at a width of $width"
	done
	sed -n 's/^\t*\(# .*[a-z].*\)/\1/p' "tools/$name.scd" | grep -v '^# [A-Z]' >build/tool/pages/examples
	broken=$(page $name 40 | sed 's/^ *//' | grep -vxFf - build/tool/pages/examples)
	is "$broken" '' "$name shows each example in one line"
done

# section NAME: its entries in helloctl.8.scd, without markup
section() {
	sed -n "/^# $1\$/,/^# /p" tools/helloctl.8.scd | sed -n '/^\*/s/[*_]//gp'
}
commands=$(sed -n 's/^\t{ "\([^"]*\)", cmd_.*/\1/p' tools/helloctl.c)
usages=$(for command in $commands; do
	$helloctl "$command" --help | sed -n '1{s/^Usage: helloctl //; s/ \[OPTION\.\.\.\]//; p}'
done)
is "$(section COMMANDS)" "$usages" "helloctl.8 has every command of helloctl, with its words, in the same order"
options=$(for command in $commands; do
	$helloctl "$command" --help | grep -Eo '^  -.*, --[a-z]+' | tr -d ' '
done | sort -u)
is "$(section OPTIONS | grep -Eo '^-.*, --[a-z]+' | tr -d ' ' | grep -v '^-V' | sort -u)" "$options" \
	"helloctl.8 has every option of every command"

# words_of: prints each word of standard input
words_of() { grep -Eo '[a-z]+(_[a-z]+)*' | sort -u; }

# lacks_words: prints the options of the experiments that standard input lacks
lacks_words() {
	words_of >build/tool/pages/words
	printf '%s\n' "$words" | grep -vxFf build/tool/pages/words
}

words=$(sed -n 's/^\t\(\[[A-Z_]*\]\t*= \)\{0,1\}{ "\([a-z_]*=[^"]*\)".*/\2/p' driver/experiment*.c | words_of)
like "$words" '^threads$' "driver/experiment*.c have the options of the experiments"
is "$(sed -n 's/^\t*\.usage\t*= //p' driver/experiment*.c | lacks_words)" '' \
	"the usages in driver/experiment*.c have every option"
is "$(for command in measure race; do $helloctl $command --help; done | lacks_words)" '' \
	"the help of measure and race has every option of the experiments"
done_testing
