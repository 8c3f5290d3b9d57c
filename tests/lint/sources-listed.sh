#!/bin/bash
# Every source file is in a sources.am: a file that is not built, or not shipped, is dead.
set -eu
cd "$top_srcdir"
status=0
listed=$(cat src/*/sources.am ui/sources.am tests/sources.am tests/*/sources.am doc/sources.am contrib/sources.am | tr -s ' \t\\' '\n')
for f in $(find src ui tests doc -name build -prune -o \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.sh' \) -print | sort); do
	grep -qxF "$f" <<<"$listed" || { echo "$f is in no sources.am"; status=1; }
done
exit $status
