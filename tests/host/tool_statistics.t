#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/tool_statistics.t: medians and intervals of fixed samples. The intervals are
# those of tables for the median, such as table A in Le Boudec's book.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
mkdir -p build/tool
${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -O2 -o build/tool/statistics tests/tool/statistics.c \
	tools/statistics.c || bail_out "the estimate does not build"

# estimate NUMBER...: prints median, low, high and confidence
estimate() {
	build/tool/statistics "$@"
}

is "$(estimate 7)" "7 7 7 0.00" "one value has no confidence"
is "$(estimate 9 1)" "5 1 9 50.00" "the median of two values is between them"
is "$(estimate 1 4)" "2 1 4 50.00" "the median is rounded down to the unit of the clock"
is "$(estimate 5 1 4 2 3)" "3 1 5 93.75" "five values give less than 95 %, from the least to the most"
is "$(estimate 60 10 50 20 40 30)" "35 10 60 96.88" "six values give 95 %"
is "$(estimate 1000000 2 3 4 5 6)" "4 2 1000000 96.88" "an outlier does not move the median"
is "$(estimate 8 7 6 5 4 3 2 1)" "4 1 8 99.22" "eight values still need all of them"
# shellcheck disable=SC2046 # a list of numbers
{
	is "$(estimate $(seq 9))" "5 2 8 96.09" "nine values do without the least and the most"
	is "$(estimate $(seq 20))" "10 6 15 95.86" "of twenty values the interval is from the 6th to the 15th"
	is "$(estimate $(seq 100))" "50 40 61 96.48" "of a hundred values it is from the 40th to the 61st"
	is "$(estimate $(seq 1000))" "500 469 532 95.37" "of a thousand values it is from the 469th to the 532nd"
	is "$(estimate $(yes 42 | head -n 30))" "42 42 42 95.72" "equal values have an interval of no width"
}
done_testing
