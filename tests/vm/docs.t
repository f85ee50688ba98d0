#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/docs.t: what the documents show, in a guest beside the one of stock.t.

exec "${0%/*}/suite" --name docs -- tests/guest/docs.t
