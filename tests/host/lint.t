#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/lint.t: tests/lint/run as a TAP fact.

cd "${0%/*}/../.." || exit
if out=$(tests/lint/run 2>&1); then
	echo "ok 1 - lint is silent"
else
	echo "not ok 1 - lint is silent"
	printf '%s\n' "$out" | sed 's/^/# /' >&2
fi
echo 1..1
