#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/long/opens.t: 100,000 files open at once.
# shellcheck source=tests/lib.sh
. "${0%/*}/../lib.sh"
need_module

many=100000
store alloc_when first_use
store max_opens $((2 * many))
ulimit -n $((many + 100)) || bail_out "cannot have $many descriptors"

# Keeps them open until /tmp/end has a line.
mkfifo /tmp/open /tmp/end
( # shellcheck disable=SC2034 # only open
	for ((i = 0; i < many; i++)); do
		exec {fd}<>$dev || { echo "$i" >/tmp/open; exit; }
	done
	echo open >/tmp/open
	read -r _ </tmp/end) &
pid=$!
read -r answer </tmp/open
is "$answer" open "$many files open"
[ "$answer" = open ] || bail_out "the open after $answer failed"
is "$(cat $sysfs/stats/opens)" $many 'stats/opens counts them'
is "$(cat $sysfs/stats/live_bytes)" 0 'with first_use they have no buffers'
is "$(wc -l <$debugfs/opens)" $((many + 1)) 'debugfs opens lists them all'
is "$(awk 'NR > 1 { print $1 }' $debugfs/opens | sort -u | wc -l)" $many 'each has an id of its own'
is "$(helloctl opens -n --raw -o pid | sort | uniq -c | tr -s ' ')" " $many $pid" 'helloctl opens lists them all'
like "$(helloctl status)" "^stats/opens +$many\$" 'helloctl status answers'
fails_with 'in use' 'rmmod is refused' rmmod hello
echo >/tmp/end
wait "$pid"
is "$(cat $sysfs/stats/opens)" 0 'closed: none is open'
is "$(wc -l <$debugfs/opens)" 1 'closed: debugfs opens lists none'
succeeds 'closed: rmmod works' rmmod hello
done_testing
