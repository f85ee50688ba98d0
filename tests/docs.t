#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/docs.t: the documents become HTML in build/docs without a warning, and what
# they link to or name is there. What they show at a shell runs in tests/vm/docs.t.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
command -v rst2html >/dev/null || bail_out "run: apt-get install python3-docutils"

# dead_ends FILE: links and names of files of ours in a document that lead nowhere;
# NAME in a name stands for any.
dead_ends() {
	local name
	grep -oP '(<|\]\()\K[^ <>()`:#]+\.(rst|md|c)(?=[>)])' "$1" | while read -r name; do
		[ -e "$(dirname "$1")/$name" ] || echo "$name"
	done
	grep -oP '(?<![\w/.-])(driver|tools|tests|udev|debian|Documentation)/[\w/.*{}[\]-]*[\w*/}\]]' "$1" |
	while read -r name; do
		[[ $name == *.ko ]] || compgen -G "${name//NAME/*}" >/dev/null || echo "$name"
	done
}

for doc in *.md Documentation/*.rst Documentation/lessons/*.rst; do
	is "$(dead_ends "$doc")" '' "$doc: what it links to and names is there"
	[[ $doc == *.rst ]] || continue
	html=build/docs/${doc#Documentation/}
	mkdir -p "$(dirname "$html")"
	succeeds "$doc: is HTML without a warning" \
		rst2html --strict --halt=warning "$doc" "${html%.rst}.html"
	sed -i '/href=/s/\.rst">/.html">/g' "${html%.rst}.html"
done
done_testing
