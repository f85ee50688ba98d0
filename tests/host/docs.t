#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/docs.t: the documents convert to HTML in build/docs without a warning, and the
# files that they link to or name exist. tests/vm/examples.t runs their console blocks.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
command -v rst2html >/dev/null || bail_out "run: apt-get install python3-docutils"

# dead_ends FILE: prints links and names of files in the document that do not exist;
# NAME in a name matches anything.
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
	is "$(dead_ends "$doc")" '' "$doc: every file that it links to or names exists"
	[[ $doc == *.rst ]] || continue
	html=build/docs/${doc#Documentation/}
	mkdir -p "$(dirname "$html")"
	succeeds "$doc: converts to HTML without a warning" \
		rst2html --strict --halt=warning "$doc" "${html%.rst}.html"
	sed -i '/href=/s/\.rst">/.html">/g' "${html%.rst}.html"
done
done_testing
