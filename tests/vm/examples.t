#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/examples.t: the documents' console blocks, the tracers that they use, and the
# tests that a guest cannot undo. Runs in parallel with stock.t, in a guest of its own.

exec "${0%/*}/suite" --name examples -- tests/guest/transcripts.t tests/guest/lessons.t tests/guest/tracers.t tests/guest/last/*.t
