# Plays the scripts of tests/ui/scripts on the console (tests/ui/README). UI_ONLY="update log" plays those whose names begin so;
# GENERATE=1 makes their golden screens anew.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
command -v xgettext >/dev/null && command -v python3 >/dev/null || { echo "skipped: xgettext or python3 is not installed"; exit 77; }
mkdir -p "$work/locale/xw/LC_MESSAGES"
(cd "$top_srcdir" && xgettext --from-code=UTF-8 -L C -k_ -kN_ -kP_:1,2 -f po/POTFILES.in -o "$work/all.pot") || exit 99
python3 "$top_srcdir/tests/ui/wide.py" "$work/all.pot" "$work/xw.po" || exit 99
msgfmt -o "$work/locale/xw/LC_MESSAGES/posture-console.mo" "$work/xw.po" || exit 99

status=0
for script in "$top_srcdir"/tests/ui/scripts/*.ui; do
	name=$(basename "$script" .ui)
	wanted=no
	for start in ${UI_ONLY:-all}; do
		[ "$start" = all ] && wanted=yes
		case $name in "$start"*) wanted=yes;; esac
	done
	[ $wanted = yes ] || continue
	if "$top_builddir/tests/ui/ui_script" ${GENERATE:+--generate} --catalogue "$work/locale" "$script"; then
		echo "ok   $name"
	else
		echo "FAIL $name"
		status=1
	fi
done
exit $status
