#!/bin/bash
# posture-console(1) is that of the tables as they are now, and names every command, global option and key; all man pages are
# well formed.
. "$top_srcdir/tests/lib/common.sh"

page=$top_srcdir/doc/posture-console.1
LC_ALL=C "$top_builddir/doc/gen-manual" >"$work/page"
ok "doc/posture-console.1 is not stale (run \"make update-docs\")" diff "$page" "$work/page"
for c in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	ok "the page has the command $c" grep -qx "\.Ss $c" "$page"
done
for o in $("$program" --help | sed -n '/^Global options:/,/^$/s/^  --\([a-z-]*\).*/\1/p'); do
	ok "the page has the option --$o" grep -qE "^\.It .*Fl Fl $o( |$)" "$page"
done
actions=$(cat "$top_srcdir"/ui/actions/*.def | grep -c '^ACTION(')
keys=$(sed -n '/^\.Sh KEYS/,/^\.Sh ENV/p' "$page" | grep -c '^\.It ')
ok "the page has the keys of all $actions actions, not $keys" test "$actions" = "$keys" -a "$actions" -gt 30
if command -v mandoc >/dev/null; then
	for page in "$top_srcdir"/doc/*.[1-9]; do
		# A page outside of a man tree has no cross reference to be found.
		mandoc -T lint "$page" 2>&1 | grep -v 'referenced manual not found' >"$work/out"
		ok "$(basename "$page") is well formed" test ! -s "$work/out"
	done
fi
finish
