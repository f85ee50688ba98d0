#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/tool_sanitizers.t: tests/host/tool.t with AddressSanitizer and UBSan: no
# error and no leak, not even of a libudev reference.
cd "$(dirname "$0")/../.." || exit 1
make -s -C tools PAGES= PROGRAM=../build/tool/asan/helloctl O=../build/tool/asan \
	CFLAGS="-O1 -g -Werror -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" ||
	exit 1
# umockdev is preloaded before the sanitizer's library
export ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99
PATH=$PWD/build/tool/asan:$PATH helloctl=helloctl exec tests/tool/fake sh tests/tool/cases.sh
