# SPDX-License-Identifier: GPL-2.0-only
# tests/atlas/table.jq: a line for each allocator, size, mask and context, or lock, with the
# medians of each kernel; blanks separate them, - is not there.

def words: "\(.alloc_mode) \(.buffer_size) \(.gfp_flags) \(.alloc_context)";

(["alloc_mode", "buffer_size", "gfp_flags", "alloc_context"] + [.[].metadata.kernel_release]),
([.[] | .measure | map({ key: words, value: "\(.alloc_p50_ns)/\(.free_p50_ns)" }) | from_entries] as $kernels
 | ([.[].measure[] | words] | reduce .[] as $w ([]; if index([$w]) then . else . + [$w] end))[] as $w
 | ($w | split(" ")) + [$kernels[] | .[$w] // "-"]),
([.[] | .race | map(select((.reads // 0) == 0) | { key: .lock_mode, value: .ns_per_operation }) | from_entries] as $kernels
 | ([.[].race[].lock_mode] | unique)[] as $w
 | [$w, "lock", "-", "-"] + [$kernels[] | .[$w] // "-" | tostring])
| join(" ")
