#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/tool.t: helloctl on a fake device.
cd "$(dirname "$0")/../.." || exit 1
for program in umockdev-run jq xmllint; do
	command -v "$program" >/dev/null || { echo "Bail out! install $program"; exit 1; }
done
make -s -C tools PAGES= PROGRAM=../build/tool/helloctl O=../build/tool CFLAGS="-O2 -g -Werror" || exit 1
PATH=$PWD/build/tool:$PATH helloctl=helloctl exec tests/tool/fake sh tests/tool/cases.sh
