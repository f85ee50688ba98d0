#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/lessons.t: the lessons print what they show, in the order of start.rst and in
# one shell, as a student types them.

cd "${0%/*}/../.." || exit
[ -z "$HELLO_TEST_SLOW" ] || exec echo '1..0 # SKIP the lessons show the kernel of a distribution'
# A lesson with the comment `.. guest:` needs a guest of its own: tests/vm/lessons.t.
sed -n 's,.*<\(lessons/[a-z-]*\.rst\)>.*,Documentation/\1,p' Documentation/start.rst |
	xargs grep -L '^\.\. guest: ' |
	xargs tests/guest/transcripts.t --one-shell
