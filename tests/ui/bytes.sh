# What the console writes to a slow line stays small: a step of the selection, a log line, a pane, frames. tests/bench/bench_ui.py
# measures more.
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
exec python3 -B "$top_srcdir/tests/bench/bench_ui.py" --check "$top_builddir/posture-console"
