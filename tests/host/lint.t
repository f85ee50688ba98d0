#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/lint.t: the gate of tests/lint as a fact beside the others.

cd "${0%/*}/../.." || exit
if out=$(tests/lint/run 2>&1); then
	echo "ok 1 - lint has nothing to complain of"
else
	echo "not ok 1 - lint has nothing to complain of"
	printf '%s\n' "$out" | sed 's/^/# /' >&2
fi
echo 1..1
