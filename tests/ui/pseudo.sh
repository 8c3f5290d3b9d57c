#!/bin/bash
# Every golden screen once more in a made-up language, in brackets and a third longer: nothing is left in English, and at 132
# columns nothing is cut. (tests/ui/README)
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
command -v xgettext >/dev/null && command -v python3 >/dev/null || { echo "skipped: xgettext or python3 is not installed"; exit 77; }
mkdir -p "$work/locale/xw/LC_MESSAGES" "$work/ui/scripts" "$work/ui/golden"
(cd "$top_srcdir" && xgettext --from-code=UTF-8 -L C -k_ -kN_ -kP_:1,2 -f po/POTFILES.in -o "$work/all.pot") || exit 99
python3 "$top_srcdir/tests/ui/pseudo_catalogue.py" "$work/all.pot" "$work/xw.po" || exit 99
msgfmt -o "$work/locale/xw/LC_MESSAGES/posture-console.mo" "$work/xw.po" || exit 99

status=0
unplayed=0
for script in "$top_srcdir"/tests/ui/scripts/*.ui; do
	name=$(basename "$script" .ui)
	# The catalogue of the wide language is this one here, and the screens are made, not compared.
	# A text that is looked for is looked for in its parts: each is in brackets of its own.
	{ echo "variants 132x43-wide"; grep -v '^variants ' "$script" | awk '/^see / {
		text = substr($0, 5)
		gsub(/\[[ x]\] */, "  ", text)
		n = split(text, part, /  +/)
		for (i = 1; i <= n; i++) if (part[i] != "") print "see " part[i]
		next
	} { print }'; } >"$work/ui/scripts/$name.ui"
	"$top_builddir/tests/ui/ui_script" --generate --catalogue "$work/locale" "$work/ui/scripts/$name.ui" >"$work/$name.out" 2>&1 || {
		# A sentence that is looked for may be made of two texts here; the screens up to there are made.
		echo "not played to its end: $name: $(grep -m1 'not on the screen' "$work/$name.out" | sed 's/.*(132x43-wide): //')"
		unplayed=$((unplayed + 1))
	}
done
screens=$(ls "$work"/ui/golden/*.txt 2>/dev/null)
[ $unplayed -le 5 ] || { echo "too many scripts were not played to their ends"; status=1; }
[ "$(wc -w <<<"$screens")" -ge 30 ] || { echo "there are no screens"; exit 1; }
[ -z "${KEEP:-}" ] || cp -r "$work/ui/golden" "$KEEP"
# shellcheck disable=SC2086
python3 "$top_srcdir/tests/ui/pseudo_screens.py" cut "$top_srcdir/tests/ui/pseudo-cut.txt" $screens || status=1
# The golden screens of the wide language show what nobody marked for translation.
python3 "$top_srcdir/tests/ui/pseudo_screens.py" english "$top_srcdir/tests/ui/pseudo-data.txt" \
	"$top_srcdir"/tests/ui/golden/*-wide.txt || status=1
echo "$(wc -w <<<"$screens") screens"
exit $status
