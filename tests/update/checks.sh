#!/bin/bash
# The checks around an update: before an online one where there is something to find out, after any failure, and what is
# remembered of the network when all is well.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3
servers_begin nginx openssl
trap 'servers_end; cleanup' EXIT

# Evaluates an expression over the events of the last run: e(kind) are those of a kind, last the last one.
events() { python3 -c '
import json,sys
every=[json.loads(l) for l in open(sys.argv[1])]
e=lambda kind: [one for one in every if one["event"]==kind]
sys.exit(0 if eval(sys.argv[2],{"e":e,"last":every[-1],"every":every,"len":len,"any":any,"all":all}) else 1)' "$work/out" "$1"; }
before_finish='len(e("verdict")) == 1 and every.index(e("verdict")[0]) < every.index(last) and last["event"] == "update.finished"'

pki_standard
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
sample_feed "$NGINX_ROOT" 2026.11.20.1
chmod -R a+rX "$NGINX_ROOT"
run 0 config set source.feed_url "$url"
# A time server of nowhere: its silence must not hold an update up.
run 0 config set time.servers 192.0.2.123

# --- before the first update
run 65 --json update
ok "the first update is checked before, and ends with the verdict" events \
	"$before_finish and e('verdict')[0]['cause'] == 'cert-untrusted-root' == last['cause'] and e('update.phase')[0]['phase'] == 'check'"
ok "nothing was fetched" events 'not any(p["phase"] == "manifest" for p in e("update.phase"))'
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null
began=$(date +%s%N)
run 0 --json update
took=$((($(date +%s%N) - began) / 1000000))
ok "a good one is checked before" events \
	'len(e("verdict")) == 1 and e("verdict")[0]["cause"] is None and last["status"] == "updated"'
ok "it does not wait for the silent time server (took $took ms)" events \
	'all(c["duration_ms"] < 4000 for c in e("check.finished")) and [c for c in e("check.finished") if c["id"] == "time"][0]["status"] == "skip"'
ok "and what the network looks like is kept" json "$state/last-good.json" \
	'"inter" in d["issuer"] and d["feed"].endswith("posture-update.xml") and "resolver" in d'
ok "no secret is in it, and others may not write it" test "$(stat -c %a "$state/last-good.json")" = 640

# --- nothing changed: the request itself is the check
run 0 --json update
ok "no check runs" events 'len(e("check.started")) + len(e("verdict")) == 0 and last["status"] == "up-to-date" and last["requests"] == 1'
kept=$(cat "$state/last-good.json")
run 0 --json update
ok "what is remembered is not written again" test "$(cat "$state/last-good.json")" = "$kept"

# --- something changed: it is looked into first
pc certs disable lab >/dev/null
run 65 --json update
ok "a change of the trusted certificates is noticed before" events \
	"$before_finish and last['cause'] == 'trust-root-disabled' and e('update.phase')[0]['phase'] == 'check'"
ok "and named as what changed since the last good update" events \
	'any("certificates" in c["what"] for c in e("verdict")[0]["changed"])'
pc certs enable lab >/dev/null
run 0 --json update
ok "after a failure the next one is checked" events 'len(e("verdict")) == 1 and last["status"] == "up-to-date"'

# --- a failure that comes without notice
mv "$NGINX_ROOT/posture-update.xml" "$work/kept.xml"
run 69 --json update
ok "the checks run after it, and the update ends with their verdict" events \
	"$before_finish and e('verdict')[0]['cause'] == 'http-not-found' == last['cause'] and e('update.phase')[0]['phase'] == 'manifest'"
ok "the history names the cause" grep -q '"cause": *"http-not-found"' "$state/history.jsonl"
run 69 update
ok "a person is told what to do" grep -q "What to do" "$work/out"
ok "and sees the path with the broken edge" grep -q -- "-X- feed" "$work/out"
ok "and which setting to look at" grep -q "config get source.feed_url" "$work/out"
given=https://127.0.0.1:$NGINX_PORT/other.xml
for no_check in "" --no-check; do
	run 69 update --url "$given" $no_check
	ok "an address given with the command is to be looked at, and no setting $no_check" sh -c \
		'grep -qF "Check the address that was given: $2" "$1"/out "$1"/err && ! grep -qh source.feed_url "$1"/out "$1"/err' - "$work" "$given"
done
run 1 check --url "$given"
ok "nor by a check of it" sh -c 'grep -qF "Check the address that was given: $2" "$1" && ! grep -q source.feed_url "$1"' - "$work/out" "$given"
given=https://127.0.0.1:$NGINX_PORT/posture-offline.zip
run 69 update --offline "$given"
ok "nor where a bundle is not there" sh -c \
	'grep -qF "Check the address that was given: $2" "$1"/out && ! grep -qh "source.feed_url\|feed address" "$1"/out "$1"/err' - "$work" "$given"
mv "$work/kept.xml" "$NGINX_ROOT/posture-update.xml"
run 0 --json update

# --- what only the update can see
component "$NGINX_ROOT" conditions.tar.gz checks/pc_one.xml="not what the manifest says"
run 65 --json update --force
ok "what the checks cannot see stays the cause, confirmed" events \
	"$before_finish and e('verdict')[0]['cause'] == 'feed-hash-mismatch' == last['cause'] and e('verdict')[0]['confidence'] == 'confirmed'"

# --- --no-check
server_stop "$NGINX_PID"
run 69 --json update --no-check
ok "--no-check leaves all of it out" events 'len(e("check.started")) + len(e("verdict")) == 0 and last["cause"] == "tcp-refused"'
run 69 --json update
ok "without it the verdict stands there" events "$before_finish and last['cause'] == 'tcp-refused'"

# --- offline
echo "no zip" >"$work/bad.zip"
run 65 --json update --offline "$work/bad.zip"
ok "an offline failure has a verdict too" events "$before_finish and e('verdict')[0]['cause'] == 'bundle-not-zip' == last['cause']"
ok "and no check of the network" events 'all(c["id"] == "local" for c in e("check.started"))'
finish
