#!/bin/bash
# Every test script is executable: "make check" starts it with bash, "make torture" and people do not.
# What is in tests/lib is only sourced.
set -eu
cd "$top_srcdir"
status=0
for f in $(find tests -name '*.sh' -not -path 'tests/lib/*' | sort); do
	[ -x "$f" ] || { echo "$f is not executable"; status=1; }
done
exit $status
