# SPDX-License-Identifier: GPL-2.0-only
# tests/atlas/join.jq: makes one result of several of one guest. Of a combination that
# several of them have, it takes the first row.

def words: [.alloc_mode, .buffer_size, .gfp_flags, .alloc_context];

(reduce .[].measure[]? as $row ({ seen: {}, rows: [] };
	($row | words | tostring) as $key
	| if .seen[$key] then . else .seen[$key] = true | .rows += [$row] end)).rows as $rows
| [.[].refused[]?] as $refused
| [.[].race[]?] as $race
# Its histograms number its own rows, which stay in their places.
| .[0]
| .measure = $rows
| .refused = $refused
| .race = $race
