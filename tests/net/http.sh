#!/bin/bash
# The HTTP client against real servers: nginx, squid, sshd, and one that misbehaves. Each expectation names what is
# promised; a failing one prints what came instead.
. "$top_srcdir/tests/lib/servers.sh" || exit 99
servers_begin nginx squid openssl python3 curl

get=$top_builddir/tests/net/http_get
failed=0 checked=0

# fetch ARGS...: runs the client within a deadline; its lines are in $out
fetch() { out=$(timeout -k 1 25 "$get" --backoff 20 "$@" 2>&1) || out="$out (exit $?)"; }

# has WHAT TEXT...: every TEXT stands in $out
has() {
	local what=$1 text
	shift
	checked=$((checked + 1))
	for text in "$@"; do
		[[ $out == *"$text"* ]] && continue
		echo "FAILED: $what: no $text in: $out"
		failed=$((failed + 1))
		return
	done
}

# lacks WHAT TEXT: TEXT does not stand in $out
lacks() {
	checked=$((checked + 1))
	[[ $out != *"$2"* ]] || { echo "FAILED: $1: $2 in: $out"; failed=$((failed + 1)); }
}

# holds WHAT COMMAND...
holds() {
	local what=$1
	shift
	checked=$((checked + 1))
	"$@" || { echo "FAILED: $what"; failed=$((failed + 1)); }
}

finding() { has "$1 is named $2" '"ok":false' "\"finding\":\"$2\""; }

for part in plain errors resume proxy trust ssh; do
	. "$top_srcdir/tests/net/http_$part.sh" || exit 99
	[ -z "$TIMES" ] || echo "$part at $SECONDS s"
	eval "part_$part"
done
echo "$checked checks, $failed failed"
[ "$failed" = 0 ]
