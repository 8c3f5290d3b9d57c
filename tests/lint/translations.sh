#!/bin/bash
# Every language of po/LINGUAS has a catalogue, in UTF-8, whose format strings fit; every catalogue is in LINGUAS; and what it
# translates is still said by the program (a few strings may have gone since the last msgmerge).
set -eu
cd "$top_srcdir/po"
status=0
command -v msgfmt >/dev/null && command -v xgettext >/dev/null || { echo "skipped: gettext is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd .. && xgettext --from-code=UTF-8 -L C -k_ -kN_ -kP_:1,2 -f po/POTFILES.in -o "$work/all.pot") 2>/dev/null
languages=$(grep -v '^#' LINGUAS)
for po in *.po; do
	[ -e "$po" ] || continue
	grep -qxF "${po%.po}" <<<"$languages" || { echo "$po is not in LINGUAS"; status=1; }
done
for language in $languages; do
	[ -e "$language.po" ] || { echo "$language.po is missing"; status=1; continue; }
	msgfmt --check -o "$work/$language.mo" "$language.po" || { echo "$language.po is not in order"; status=1; }
	grep -q 'charset=UTF-8' "$language.po" || { echo "$language.po is not UTF-8"; status=1; }
	msgmerge -q --no-fuzzy-matching "$language.po" "$work/all.pot" -o "$work/merged.po"
	told=$(LC_ALL=C msgfmt --statistics -o /dev/null "$work/merged.po" 2>&1)
	lost=$(msgattrib --only-obsolete "$work/merged.po" | grep -c '^#~ msgid "' || true)
	echo "$language: $told $lost no longer said."
	[ "$lost" -le 100 ] || { echo "$language.po is stale: run \"make update-po\" in po/"; status=1; }
done
exit $status
