#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/hammer/storm.t: random sequences of several processes at once, for FUZZ_TIME.
exec build/fuzz/fuzz --only storm
