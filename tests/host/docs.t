#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/host/docs.t: the site builds in build/docs without a warning; the files that the
# documents link to or name exist, and so do the driver's functions; the lessons are a
# chain. tests/vm/examples.t runs the console blocks.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
command -v sphinx-build >/dev/null || bail_out "run: make setup"

# dead_ends FILE: prints links and names of files in the document that do not exist;
# NAME in a name matches anything.
dead_ends() {
	local name
	grep -oP '(<|\]\()\K[^ <>()`:#]+\.(rst|md|c|patch)(?=[>)])' "$1" | while read -r name; do
		[ -e "$(dirname "$1")/$name" ] || echo "$name"
	done
	grep -oP '(?<![\w/.-])(driver|tools|tests|udev|debian|Documentation)/[\w/.*{}[\]-]*[\w*/}\]]' "$1" |
	while read -r name; do
		[[ $name == *.ko ]] || compgen -G "${name//NAME/*}" >/dev/null || echo "$name"
	done
}

# lost_functions FILE: prints functions that the document places in a file of the driver that
# does not have them.
# shellcheck disable=SC2016 # backticks of the document
lost_functions() {
	tr '\n' ' ' <"$1" | grep -oP '``\w+\(\)`` in\s+``driver/[\w.]+``' | tr -d '`' |
	while read -r function _ file; do
		grep -q "\b${function%()}(" "$file" || echo "$function $file"
	done
}

for doc in *.md Documentation/*.rst Documentation/{lessons,exercises}/*.rst; do
	is "$(dead_ends "$doc")" '' "$doc: every file that it links to or names exists"
	is "$(lost_functions "$doc")" '' "$doc: every function of the driver is in the file that it names"
done

mapfile -t lessons < <(sed -n 's,.*<lessons/\([a-z-]*\.rst\)>.*,\1,p' Documentation/start.rst)
is "$(printf '%s\n' "${lessons[@]}" | sort)" "$(cd Documentation/lessons && printf '%s\n' *.rst)" \
	'start.rst lists each lesson once'
wanted='' previous=''
for lesson in "${lessons[@]}"; do
	wanted+="${previous:+$previous: Next: $lesson
$lesson: Previous: $previous
}"
	previous=$lesson
done
# shellcheck disable=SC2016 # backticks of the document
is "$(for lesson in "${lessons[@]}"; do
	sed -n 's/^\(Next\|Previous\): `.*<\(.*\)>`__\.$/'"$lesson"': \1: \2/p' "Documentation/lessons/$lesson"
done | sort)" "$(printf %s "$wanted" | sort)" 'the links of the lessons are in the order of start.rst'

succeeds 'the site builds without a warning' Documentation/site/build
succeeds 'the site has a search' test -s build/docs/searchindex.js
dead=$(cd build/docs && find . -name '*.html' | while read -r page; do
	grep -oP '(href|src|data)="\K[^"#?:]+(?=[#?"])' "$page" | grep -v '^$' | sort -u | while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
	done
done)
is "$dead" '' 'every link of the site leads to a file'
done_testing
