#!/bin/bash
# The processes that unpack may be killed at any time, as the kernel does when memory is short: also while they wait for the first
# component. The update then ends with a finding, or goes on with those that are left; it never waits for nobody.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 pgrep
servers_begin nginx openssl
trap 'servers_end; cleanup' EXIT

finished() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["event"]=="update.finished", last
sys.exit(0 if eval(sys.argv[2],{},last) else 1)' "$work/out" "$1"; }
# The job is the follower's child, the workers are the job's.
workers() { pgrep -P "$(pgrep -P "$follower" | head -1)" 2>/dev/null; }
arrives() { grep -q '"update.progress"' "$work/out" && [ -n "$(workers)" ]; }
start_update() {
	: >"$work/out"
	(trap - EXIT && exec "$program" --config "$config" --state-dir "$state" --json update --url "$url" --no-check) \
		>"$work/out" 2>"$work/err" &
	follower=$!
	at_exit "kill $follower 2>/dev/null"
	wait_for 10 arrives
}
# ends_within SECONDS: sets code
ends_within() {
	local end=$(($(date +%s) + $1))
	while kill -0 "$follower" 2>/dev/null; do
		[ "$(date +%s)" -lt "$end" ] || { kill -INT "$follower"; sleep 1; return 1; }
		sleep 0.05
	done
	code=0
	wait "$follower" || code=$?
}

pki_standard
nginx_start feed feed "limit_rate 300k;"
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null
mkdir -p "$work/large"
head -c 700000 /dev/urandom >"$work/large/blob"
for name in conditions osgroups osgroupsV2; do tar -C "$work/large" -czf "$NGINX_ROOT/$name.tar.gz" blob; done
pc feed build "$NGINX_ROOT" --version 2026.11.20.1 >/dev/null
chmod -R a+rX "$NGINX_ROOT"

# --- all of them, while they wait
ok "an update has begun" start_update
for pid in $(workers); do kill -KILL "$pid"; done
ok "it ends" ends_within 15
ok "with a named finding" finished 'status == "failed" and cause == "out-of-memory" and "signal 9" in summary'
ok "and an exit code" test "$code" != 0
ok "nothing became current" test ! -e "$state/current"

# --- all but one
start_update
count=$(workers | wc -l)
for pid in $(workers | tail -n +2); do kill -KILL "$pid"; done
ok "the one that is left does the work of $count" ends_within 30
ok "and the update is whole" finished 'status == "updated"'
finish
