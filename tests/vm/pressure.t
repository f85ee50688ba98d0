#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/pressure.t: masks while memory is short. The guest is small, so that it is filled soon.

exec "${0%/*}/suite" --name pressure --mem 512 --time 900 -- tests/guest/pressure.t
