#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/tool/valgrind.t: tests/host/tool.t under valgrind, which unlike the sanitizers
# finds uses of uninitialised memory, also in libraries. Takes a minute.
cd "$(dirname "$0")/../.." || exit 1
command -v valgrind >/dev/null || { echo "Bail out! install valgrind"; exit 1; }
make -s -C tools PAGES= PROGRAM=../build/tool/helloctl O=../build/tool CFLAGS="-O2 -g -Werror" || exit 1
PATH=$PWD/build/tool:$PATH \
	helloctl="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible helloctl" \
	exec tests/tool/fake sh tests/tool/cases.sh
