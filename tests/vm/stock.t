#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/stock.t: all tests of the device on the distribution's kernel.

exec "${0%/*}/suite" --name stock
