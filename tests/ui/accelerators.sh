#!/bin/bash
# A language may have keys of its own, where the manual's letters say nothing in it: a question is answered "j" for "ja" in
# German, the line of keys and the help say so, and the letter of the manual is taken as well.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
command -v msgfmt >/dev/null || { echo "skipped: gettext is not installed"; exit 77; }
mkdir -p "$work/locale/xw/LC_MESSAGES" "$work/ui/scripts"
msgfmt -o "$work/locale/xw/LC_MESSAGES/posture-console.mo" "$top_srcdir/po/de.po" || exit 99
for key in j y; do
	cat >"$work/ui/scripts/accelerators.ui" <<-END
		variants 80x24-wide
		keys 2 Enter q
		see Ohne Speichern verlassen
		see j ja
		see n nein
		keys $key
		end
	END
	"$top_builddir/tests/ui/ui_script" --catalogue "$work/locale" "$work/ui/scripts/accelerators.ui" || exit 1
	echo "ok $key"
done
