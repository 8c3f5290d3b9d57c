#!/bin/sh
# Every fuzz target survives every input of its corpus, in this build (also under the sanitizers), and has one.
set -eu
status=0
for source in "$top_srcdir"/tests/fuzz/fuzz_*.c; do
	[ -e "$source" ] || continue
	name=$(basename "$source" .c)
	if [ ! -x "$top_builddir/tests/fuzz/$name" ]; then
		echo "$name is not built: add it to tests/fuzz/sources.am"
		status=1
	elif ! timeout 60 "$top_builddir/tests/fuzz/$name" "$top_srcdir/tests/fuzz/corpus/${name#fuzz_}"; then
		echo "$name fails on its corpus"
		status=1
	fi
done
exit $status
