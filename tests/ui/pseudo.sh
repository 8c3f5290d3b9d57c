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
for script in "$top_srcdir"/tests/ui/scripts/*.ui; do
	name=$(basename "$script" .ui)
	# The catalogue of the wide language is this one here, and the screens are made, not compared.
	{ echo "variants 132x43-wide"; grep -v '^variants ' "$script"; } >"$work/ui/scripts/$name.ui"
	"$top_builddir/tests/ui/ui_script" --generate --catalogue "$work/locale" "$work/ui/scripts/$name.ui" >"$work/$name.out" 2>&1 || {
		echo "FAIL $name"
		tail -n 50 "$work/$name.out"
		status=1
	}
done
screens=$(ls "$work"/ui/golden/*.txt 2>/dev/null)
[ "$(wc -w <<<"$screens")" -ge 5 ] || { echo "there are no screens"; exit 1; }
[ -z "${KEEP:-}" ] || cp -r "$work/ui/golden" "$KEEP"
# shellcheck disable=SC2086
python3 "$top_srcdir/tests/ui/pseudo_screens.py" cut "$top_srcdir/tests/ui/pseudo-cut.txt" $screens || status=1
# The golden screens of the wide language show what nobody marked for translation.
python3 "$top_srcdir/tests/ui/pseudo_screens.py" english "$top_srcdir/tests/ui/pseudo-data.txt" \
	"$top_srcdir"/tests/ui/golden/*-wide.txt || status=1
echo "$(wc -w <<<"$screens") screens"
exit $status
