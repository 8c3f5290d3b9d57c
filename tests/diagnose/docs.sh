#!/bin/bash
# The pages made from the catalogue are those of the catalogue as it is now, and the man page is well formed.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
fail=0
export LC_ALL=C

compare() {
	"$top_builddir/doc/gen-findings" "$1" > "$work/page" || fail=1
	if ! diff -u "$top_srcdir/doc/$2" "$work/page" > "$work/diff"; then
		head -20 "$work/diff"
		echo "doc/$2 is stale: run \"make update-docs\""
		fail=1
	fi
}

compare md findings.md
compare man posture-findings.7
if command -v mandoc > /dev/null; then
	# A page outside a man tree has no cross reference to be found.
	mandoc -T lint -W warning "$top_srcdir/doc/posture-findings.7" | grep -v 'cross reference' && fail=1
fi
exit $fail
