#!/bin/bash
# Every source file, script and table is in a sources.am, itself or with its folder: a file that is not built, or not shipped,
# is dead, or missing from the tarball.
set -eu
cd "$top_srcdir"
status=0
listed=$(cat src/*/sources.am ui/sources.am tests/sources.am tests/*/sources.am doc/sources.am contrib/sources.am sample/sources.am |
	sed 's/#.*//' | tr -s ' \t\\' '\n' | sort -u)
for f in $(find src ui tests doc -name build -prune -o -name __pycache__ -prune -o \( -name '*.c' -o -name '*.h' -o -name '*.def' \
	-o -name '*.sh' -o -name '*.py' -o -name '*.txt' -o -name '*.md' \) -print | sort); do
	part=$f found=
	while [ "$part" != . ]; do
		! grep -qxF "$part" <<<"$listed" || { found=yes; break; }
		part=$(dirname "$part")
	done
	[ -n "$found" ] || { echo "$f is in no sources.am"; status=1; }
done
exit $status
