# Hostile text from every side never reaches the terminal as it came: tests/ui/hostile.py says what.
command -v python3 >/dev/null && command -v openssl >/dev/null || { echo "skipped: python3 or openssl is not installed"; exit 77; }
exec python3 -B "$top_srcdir/tests/ui/hostile.py" "$top_builddir/posture-console"
