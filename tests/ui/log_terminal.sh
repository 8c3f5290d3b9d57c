#!/bin/sh
# What the log costs a terminal, and what is shown there across rotations and of hostile lines: log_terminal.py.
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
exec python3 "$top_srcdir/tests/ui/log_terminal.py" "$top_builddir/posture-console"
