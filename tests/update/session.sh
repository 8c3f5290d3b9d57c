#!/bin/bash
# doc/session.txt is what the program says today, but for times, hashes and process ids ("make update-session").
need() { command -v "$1" >/dev/null || { echo "skipped: $1 is not installed"; exit 77; }; }
need unzip
need openssl
masked() {
	# Components finish in any order.
	sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}([,.][0-9]+)?Z?/TIME/g; s/2026[0-9]{4}-|20[0-9]{6}-/DAY-/g; s/[0-9]+\.[0-9]+ (ms|s)\b/N \1/g
		s/([0-9A-F]{2}:){31}[0-9A-F]{2}/HASH/; s/update-[0-9]+\]/update-PID]/; s|/tmp/[^/ ]*|WORK|g; s/[0-9.]+ [kMGT]?B( free)?/SIZE/g
		s/-::[^:]*:::-/-::USER:::-/; s/ +/ /g' "$1" | sort
}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
"$top_srcdir/doc/record-session" "$top_builddir/posture-console" "$top_builddir/sample/posture-offline.zip" >"$work/session.txt" || exit 1
masked "$top_srcdir/doc/session.txt" >"$work/kept"
masked "$work/session.txt" >"$work/now"
diff -u "$work/kept" "$work/now" || { echo "doc/session.txt is stale: run \"make update-session\""; exit 1; }
