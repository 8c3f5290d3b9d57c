# The console on pseudo terminals of every kind: tests/ui/terminal.py says what.
command -v python3 >/dev/null && command -v infocmp >/dev/null || { echo "skipped: python3 or infocmp is not installed"; exit 77; }
exec python3 -B "$top_srcdir/tests/ui/terminal.py" "$top_builddir/posture-console"
