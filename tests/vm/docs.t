#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/docs.t: what the documents show, the tools that they name, and what
# cannot be undone, in a guest beside the one of stock.t.

exec "${0%/*}/suite" --name docs -- tests/guest/docs.t tests/guest/tracers.t tests/guest/last/*.t
