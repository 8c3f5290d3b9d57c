#!/bin/bash
# posture-console.conf(5) is that of the table of settings as it is now, names every setting, and is well formed.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
page=$top_srcdir/doc/posture-console.conf.5
fail=0

LC_ALL=C "$top_builddir/doc/gen-settings" > "$work/page" || fail=1
if ! diff -u "$page" "$work/page" > "$work/diff"; then
	head -20 "$work/diff"
	echo "doc/posture-console.conf.5 is stale: run \"make update-docs\""
	fail=1
fi
"$top_builddir/posture-console" --config "$work/none" config list --json > "$work/list"
for key in $(python3 -c 'import json, sys; print(*(r["key"] for r in json.load(sys.stdin)))' < "$work/list"); do
	grep -q "^\.It Ic $key " "$page" || { echo "$key is not in the page"; fail=1; }
done
if command -v mandoc > /dev/null; then
	# A page outside a man tree has no cross reference to be found.
	mandoc -T lint "$page" | grep -v 'referenced manual not found' && fail=1
fi
exit $fail
