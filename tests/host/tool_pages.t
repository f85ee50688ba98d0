#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/tool_pages.t: the man pages at any width: no word is hyphenated, no example broken.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
command -v man >/dev/null || skip_all "no man here; install man-db"
make -s -C tools O=../build/tool/pages ../build/tool/pages/helloctl.8 ../build/tool/pages/hello.4 ||
	bail_out "install scdoc"

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
	is "$broken" '' "$name has each example in one line"
done
done_testing
