#!/bin/bash
# "check" from the command line: quiet when fine and complete when not, one verdict whatever happens, and in time.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3
servers_begin nginx squid openssl
trap 'servers_end; cleanup' EXIT

# Evaluates an expression over the events of the last run.
events() { python3 -c '
import json,sys
every=[json.loads(l) for l in open(sys.argv[1])]
e=lambda kind: [one for one in every if one["event"]==kind]
row=lambda id: [one for one in e("check.finished") if one["id"]==id][0]
sys.exit(0 if eval(sys.argv[2],{"e":e,"row":row,"every":every,"verdict":e("verdict")[-1] if e("verdict") else None,"len":len,"any":any,"all":all}) else 1)' \
	"$work/out" "$1"; }
verdicts() { events "len(e('verdict')) == $1 and every[-1]['event'] == 'verdict'"; }

pki_standard
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
sample_feed "$NGINX_ROOT" 2026.11.20.1
chmod -R a+rX "$NGINX_ROOT"
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null
run 0 config set source.feed_url "$url"
# A time server of our own that answers: a copy of what NTP servers say (RFC 5905), of now.
cat >"$work/ntp.py" <<'END'
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.9", 0))
print(s.getsockname()[1], flush=True)
while True:
    data, peer = s.recvfrom(100)
    now = time.time() + 2208988800
    stamp = struct.pack("!II", int(now), int((now % 1) * 2**32))
    s.sendto(struct.pack("!BBbb", 0x24, 2, 6, -20) + struct.pack("!II", 0, 0x100) + b"TEST" + stamp + data[40:48] + stamp + stamp, peer)
END
server_run ntp python3 "$work/ntp.py"
wait_for 5 grep -q . "$SERVERS_DIR/ntp.out"
run 0 config set time.servers "127.0.0.9:$(cat "$SERVERS_DIR/ntp.out")"

# --- fine: one line; quiet: none
began=$(date +%s%N)
run 0 check
took=$((($(date +%s%N) - began) / 1000000))
ok "one line says that all is well" test "$(wc -l <"$work/out")" = 1
ok "in less than a second on a quiet machine ($took ms; 4 s are allowed here)" test "$took" -lt 4000
run 0 --quiet check
ok "--quiet says nothing" test ! -s "$work/out" -a ! -s "$work/err"
run 0 check --json
ok "one verdict, at the end" verdicts 1
ok "every check of the contract reports once" events \
	'sorted(c["id"] for c in e("check.finished")) == ["chain", "dns", "http", "icmp", "local", "proxy", "tcp", "time", "tls"]'
ok "starting with the first result, not with the last" events 'every[0]["event"] == "check.started"'

# --- only some
run 0 check --json --only tcp,tls
ok "only these are reported" events 'all(c["id"] in ("tcp", "tls") for c in e("check.finished")) and len(e("check.finished")) == 2'
run 2 check --only tpc
run 2 check --host a --url https://b/
run 0 check --json --host "127.0.0.1:$NGINX_PORT" --only tcp,tls,chain,http
ok "with a host there is no feed to fetch" events 'row("http")["status"] == "skip" and verdict["cause"] is None'

# --- not fine: everything
# It accepts, and says nothing.
port_free
mute=$PORT
server_run mute python3 "$top_srcdir/tests/lab/peers.py" tcp 127.0.0.1 "$mute" mute
port_wait "$mute" "$SERVER_PID"
run 1 check --url "https://127.0.0.1:$mute/x.xml" --timeout 2
ok "the cause" grep -q "^Cause: " "$work/out"
ok "the path with the broken edge" grep -q -- "-X- feed 127.0.0.1:$mute" "$work/out"
ok "what to do" grep -q "^What to do" "$work/out"
ok "the letter to whoever must act" grep -q "^To copy for the " "$work/out"
ok "the evidence" grep -q "^Evidence: " "$work/out"

# --- interrupted: one verdict all the same
for signal in INT TERM HUP; do
	: >"$work/out" # what the one before said is not waited for
	(trap - EXIT && exec "$program" --config "$config" --state-dir "$state" check --json --url "https://127.0.0.1:$mute/x.xml") \
		>"$work/out" 2>"$work/err" &
	pid=$!
	ok "it runs" wait_for 5 grep -q '"started","id":"tls"\|check.started","id":"tls"' "$work/out"
	kill -$signal $pid
	code=0
	wait $pid || code=$?
	ok "SIG$signal ends it with 130" test "$code" = 130
	ok "SIG$signal leaves one verdict" verdicts 1
done
ok "and it says so" events 'verdict["interrupted"] is True'

# --- a reader that goes away ends it
timeout 20 bash -c "'$program' --config '$config' --state-dir '$state' check --json --url 'https://127.0.0.1:$mute/x.xml' | head -1 >/dev/null"
ok "a reader that goes away ends it" test $? = 0

# --- direct beside the proxy
squid_start proxy none "acl feed dst 127.0.0.0/8
http_access deny feed"
run 0 proxy set --host 127.0.0.1 --port "$SQUID_PORT"
run 1 check --json
ok "what the proxy refuses is the proxy's" events 'verdict["cause"] == "proxy-denied-destination"'
ok "and the direct way stands beside it" events 'any("direct" in r["name"] and "connected" in r["value"] for r in row("proxy")["evidence"])'
run 0 proxy clear

# --- where nothing can be read or written
echo 'proxy = { port = 99999; };' >"$work/broken.conf"
saved=$config
config=$work/broken.conf
run 1 check --json
ok "settings that cannot be read: one verdict" verdicts 1
ok "with their finding" events 'verdict["cause"] == "config-invalid"'
config=$saved
mkdir -p "$work/file" && : >"$work/file/state"
saved=$state
state=$work/file/state/below
run 1 check --json
ok "a state folder that cannot be: one verdict" verdicts 1
ok "with its finding" events 'verdict["cause"] in ("path-invalid", "permission-denied")'
state=$saved

# --- until it is healthy
mv "$NGINX_ROOT/posture-update.xml" "$work/kept.xml"
(trap - EXIT && exec "$program" --config "$config" --state-dir "$state" check --watch --json) >"$work/out" 2>"$work/err" &
pid=$!
ok "it waits while something fails" wait_for 15 sh -c "grep -q http-not-found '$work/out'"
mv "$work/kept.xml" "$NGINX_ROOT/posture-update.xml"
code=0
wait $pid || code=$?
ok "--watch ends when nothing fails" test "$code" = 0
ok "one verdict a round" events 'len(e("verdict")) == 2 and e("verdict")[0]["cause"] == "http-not-found" and verdict["cause"] is None'
finish
