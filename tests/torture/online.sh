#!/bin/bash
# The same for updates from a web server (nginx with TLS), signed, and for a mirror of it. Every nth point: TORTURE_ONLINE.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
. "$top_srcdir/tests/torture/lab.sh"
set +u
need python3
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
servers_begin nginx openssl
trap 'servers_end; cleanup' EXIT
"$top_builddir/tests/lib/killpoints" --count -- true 2>"$work/probe" || skip "this kernel does not let a process be traced: $(cat "$work/probe")"
torture_lab
torture_online
n=${TORTURE_ONLINE:-53}
rarely=$((n > 1 ? 4 * n : 1))
ok "killed" torture kill "$n" web-first web mirror
ok "one process killed" torture one $((n > 1 ? 2 * n : 1)) web-first web mirror
if strace -o /dev/null true 2>"$work/probe"; then
	ok "no power" cut mirror mirror --to "$lab/root/mirror" --url "$mirror_url"
else
	echo "no power cut: nothing can be traced by strace here"
fi
ok "an error" torture fail "$rarely" web-first web mirror
ok "short writes" torture short "$n" web-first web mirror
[ "$n" -gt 1 ] || ok "failed allocations" torture place 1 web mirror
finish
