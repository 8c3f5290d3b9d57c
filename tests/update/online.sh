#!/bin/bash
# The online update against real servers: nginx with TLS as the feed, squid as the proxy.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 curl
servers_begin nginx squid openssl
# Both files clean up at the end.
trap 'servers_end; cleanup' EXIT

finished() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["event"]=="update.finished", last
sys.exit(0 if eval(sys.argv[2],{},last) else 1)' "$work/out" "$1"; }
current() { readlink "$state/current"; }
fresh() { chmod -R u+w "$state" 2>/dev/null; rm -rf "$state"; trust; }
trust() { pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null; }
# nginx makes an ETag of second and size: two manifests of one second would look the same.
tick=1700000000
serve() {
	chmod -R a+rX "$NGINX_ROOT"
	tick=$((tick + 10))
	[ ! -e "$NGINX_ROOT/posture-update.xml" ] || touch -d "@$tick" "$NGINX_ROOT/posture-update.xml"
}
publish() { sample_feed "$NGINX_ROOT" "$1"; serve; }
requests() { wc -l <"$NGINX_LOG"; }

# In the background, as a process of its own that does not clean up for us when a signal finds it early.
start_update() {
	: >"$work/out"
	(trap - EXIT && exec "$program" --config "$config" --state-dir "$state" --json update --url "$slow" --no-check) \
		>"$work/out" 2>"$work/err" &
	follower=$!
}

pki_standard
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
publish 2026.11.20.1

# --- trust: only what is enabled and trusted for Cisco services
run 65 --json update --url "$url" --no-check
ok "an unknown root is refused" finished 'status == "failed" and cause in ("cert-untrusted-root", "cert-missing-intermediate")'
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage infrastructure >/dev/null
run 65 --json update --url "$url" --no-check
ok "a root with another usage only is refused" finished 'cause == "trust-root-not-for-services"'
pc certs trust lab cisco-services >/dev/null
pc certs disable lab >/dev/null
run 65 --json update --url "$url" --no-check
ok "a disabled root is refused" finished 'cause == "trust-root-disabled" and "certs enable" in next'
pc certs enable lab >/dev/null

# --- the update
run 0 --json update --url "$url" --no-check
ok "it updates" finished 'status == "updated" and cause is None'
ok "over HTTP/2" grep -q "HTTP/2" "$NGINX_LOG"
ok "the content is there" grep -q "check 2026.11.20.1" "$state/current/components/cisco-conditions/checks/pc_one.xml"
ok "the log names each file" grep -q "Download file URI : https://.*/osgroupsV2.tar.gz" "$state/log/ise-psc.log"

# --- nothing changed: one small request
before=$(requests)
run 0 --json update --url "$url" --no-check
ok "up to date" finished 'status == "up-to-date" and requests == 1 and bytes_received < 1024'
wait_for 5 test "$(requests)" -gt "$before"
ok "the server saw one request, answered 304" test "$(tail -1 "$NGINX_LOG" | grep -c '^304 ')$(($(requests) - before))" = 11

# --- only what changed
publish 2026.11.21.1
before=$(requests)
run 0 --json update --url "$url" --no-check
ok "it updates" finished 'status == "updated"'
sleep 0.1
ok "only the changed component was fetched" test "$(tail -n +$((before + 1)) "$NGINX_LOG" | grep -c 'tar.gz')" = 1
ok "the unchanged one is the same file" test "$(stat -c %i "$state/current/components/os-groups/osgroups.xml")" = \
	"$(stat -c %i "$state/previous/components/os-groups/osgroups.xml")"

# --- signature policy
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $key -keyout "$work/other.key" -out "$work/other.pem" -subj "/CN=Other signer" -days 3 2>/dev/null
pki_leaf signer inter DNS:signer.test "ext=extendedKeyUsage=codeSigning"
cat "$SERVERS_DIR/pki/signer.pem" "$SERVERS_DIR/pki/inter.pem" >"$work/signer.pem"
pc feed build "$NGINX_ROOT" --version 2026.11.22.1 --sign "$work/signer.pem" "$SERVERS_DIR/pki/signer.key" >/dev/null
serve
run 0 config set source.signature required
run 0 --json update --url "$url" --no-check
ok "a signed feed is taken where a signature is required" finished 'status == "updated"'
run 0 --json status
ok "and its signer is remembered" json "$work/out" '"CN=signer" in d["signer"]'
pc feed build "$NGINX_ROOT" --version 2026.11.23.1 --sign "$work/other.pem" "$work/other.key" >/dev/null
serve
run 65 --json update --url "$url" --no-check
ok "a signer that is not trusted is refused" finished 'cause == "feed-signer-untrusted"'
sed -i 's/2026.11.23.1/2026.11.23.2/' "$NGINX_ROOT/posture-update.xml"
serve
run 65 --json update --url "$url" --no-check
ok "a manifest that was changed after signing is refused" finished 'cause in ("feed-signature-invalid", "feed-mixed-generations")'
rm "$NGINX_ROOT"/*.p7s
run 65 --json update --url "$url" --no-check
ok "a missing signature is refused where one is required" finished 'cause == "feed-signature-missing"'
run 0 config set source.signature if-present

# --- resume: a large component, the job killed in the middle
dd if=/dev/urandom of="$work/random" bs=1M count=24 2>/dev/null
mkdir -p "$work/big" && mv "$work/random" "$work/big/data.bin"
tar -C "$work/big" -czf "$NGINX_ROOT/big.tar.gz" .
pc feed build "$NGINX_ROOT" --version 2026.11.24.1 >/dev/null
serve
feed_root=$NGINX_ROOT
nginx_start slow feed "limit_rate 4m;"
cp -a "$feed_root"/. "$NGINX_ROOT"/
slow=https://127.0.0.1:$NGINX_PORT/posture-update.xml
slow_log=$NGINX_LOG
run 0 --json update --url "$slow" --no-check --detach
pid=$(json "$work/out" '(d if isinstance(d, dict) else d[-1])["pid"]')
part_has() { [ "$(find "$state/staging/parts" -name '*.part' -size +3M | wc -l)" -gt 0 ]; }
ok "the download is under way" wait_for 20 part_has
run 75 update --url "$slow" --no-check
ok "a second update says who holds the lock" grep -q "$pid" "$work/err"
run 0 --json status
ok "status shows the running job" json "$work/out" "d['running']['pid'] == $pid"
kill -KILL "$pid"
ok "the killed job is gone" wait_for 5 test ! -e "/proc/$pid/status"
run 0 --json update --url "$slow" --no-check
ok "the next one completes" finished 'status == "updated"'
ok "by resuming" wait_for 3 grep -q '^206 ' "$slow_log"
ok "what was held is told, and is no rate" json "$work/out" 'any(e.get("component") == "big.tar.gz" and 0 < e["held"] < e["bytes"] and
	e["rate"] < 12 << 20 for e in d if e["event"] == "update.progress")'

# --- a stop in the middle: clean, resumable
fresh
start_update
ok "the download is under way" wait_for 20 part_has
kill -INT $follower
rc=0
wait $follower || rc=$?
ok "an interrupted update ends with 130" test "$rc" = 130
ok "nothing is current" test ! -e "$state/current"
ok "what was downloaded is kept" part_has
# The same while a server says nothing at all to the request for the manifest, or to that for the signature.
fresh
cat >"$work/silent.py" <<'END'
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(16)
print(s.getsockname()[1], flush=True)
kept = []
while True:
    kept.append(s.accept())
END
server_run silent python3 "$work/silent.py"
ok "a silent server is there" wait_for 10 test -s "$SERVERS_DIR/silent.out"
pc update --url "https://127.0.0.1:$(cat "$SERVERS_DIR/silent.out")/posture-update.xml" --no-check >"$work/out" 2>"$work/err" &
waiting=$!
ok "it waits for the manifest" wait_for 10 grep -q "Reading the manifest" "$work/out"
sleep 0.5
begun=$SECONDS
kill -TERM "$(ls "$state/jobs" | tail -1 | sed 's/.*-\([0-9]*\)[.]jsonl/\1/')"
rc=0
wait $waiting || rc=$?
ok "a stop ends that wait within seconds ($((SECONDS - begun)) s)" test $((SECONDS - begun)) -le 5
ok "as a stop ($rc)" test "$rc" = 130
ok "and says so" grep -q "the update was stopped" "$work/err"

# --- closing the terminal does not stop it
start_update
ok "the job runs" wait_for 10 grep -q update.started "$work/out"
kill -HUP $follower
wait $follower
ok "the job goes on to its end without its terminal" wait_for 30 test -e "$state/current"
ok "and lets go of the lock" wait_for 10 sh -c "! $program --config $config --state-dir $state --json status | grep -q '\"pid\"'"

# --- wrong bytes
nginx_start bad feed
bad=https://127.0.0.1:$NGINX_PORT/posture-update.xml
sample_feed "$NGINX_ROOT" 2026.12.1.1
component "$NGINX_ROOT" conditions.tar.gz checks/pc_one.xml="something that is as long as.."
serve
before=$(current)
run 65 --json update --url "$bad" --no-check
ok "a component with another hash is named" finished 'cause == "feed-hash-mismatch"'
rm "$NGINX_ROOT/conditions.tar.gz"
run 65 --json update --url "$bad" --no-check
ok "a component that is not there is named" finished 'cause == "feed-component-missing"'
echo "<html><body>Please log in</body></html>" >"$NGINX_ROOT/posture-update.xml"
run 65 --json update --url "$bad" --no-check
ok "a login page instead of the manifest is named" finished 'cause == "feed-not-a-manifest"'
rm "$NGINX_ROOT/posture-update.xml"
run 69 --json update --url "$bad" --no-check
ok "a missing manifest is named" finished 'cause == "http-not-found"'
ok "what is installed stays through all of it" test "$(current)" = "$before"

# --- through proxies
squid_start plain none
run 0 proxy set --host 127.0.0.1 --port "$SQUID_PORT"
fresh
run 0 --json update --url "$url" --no-check
ok "through the proxy" finished 'status == "updated"'
ok "the proxy saw it" wait_for 5 grep -q "CONNECT" "$SQUID_LOG"
squid_start login basic
run 0 proxy set --host 127.0.0.1 --port "$SQUID_PORT"
fresh
run 69 --json update --url "$url" --no-check
ok "a proxy that wants a login is named" finished 'cause == "proxy-auth-required"'
printf 'wrong\n' >"$work/password"
run 0 proxy set --user operator --password-file "$work/password"
run 69 --json update --url "$url" --no-check
ok "a rejected login is named" finished 'cause == "proxy-auth-rejected"'
printf 's3cret-pass\n' >"$work/password"
run 0 proxy set --user operator --password-file "$work/password"
run 0 --json update --url "$url" --no-check
ok "with the right login it updates" finished 'status == "updated"'
ok "the password's file is for its owner only" test "$(stat -c %a "$state/proxy.password")" = 600
ok "the password is nowhere else" sh -c "! grep -rl s3cret-pass $state $config | grep -v proxy.password"
run 0 proxy set --bypass "127.0.0.0/8"
fresh
before=$(grep -c . "$SQUID_LOG")
run 0 --json update --url "$url" --no-check
ok "a bypassed address goes direct" test "$(grep -c . "$SQUID_LOG")" = "$before"
run 0 proxy clear

# --- an offline bundle at a URL (sftp, scp and ftp: fileserver.sh)
mkdir "$work/lab" && sample_feed "$work/lab" 2026.12.2.1
pc bundle build "$work/lab" -o "$work/posture-offline.zip" >/dev/null
cp "$work/posture-offline.zip" "$NGINX_ROOT/" && chmod a+r "$NGINX_ROOT/posture-offline.zip"
fresh
run 0 --json update --offline "https://127.0.0.1:$NGINX_PORT/posture-offline.zip"
ok "a bundle from an https URL" finished 'status == "updated"'

# --- mirror
run 0 mirror --to "$work/mirror" --url "$url"
ok "the mirror holds the feed's manifest" cmp "$work/mirror/posture-update.xml" "$feed_root/posture-update.xml"
ok "and its components" cmp "$work/mirror/big.tar.gz" "$feed_root/big.tar.gz"
run 0 bundle verify "$work/mirror/posture-offline.zip"
run 0 --json mirror --to "$work/mirror" --url "$url"
ok "a second run fetches nothing" grep -q '"fetched":0' "$work/out"
# --- too slow, and too old
nginx_start slow-line feed "location ~ gz { limit_rate 500; }"
cp -a "$feed_root"/. "$NGINX_ROOT"/
run 0 config set download.low_speed_s 1
run 0 config set download.low_speed_bytes 100000
run 0 config set download.retries 1
fresh
run 69 --json update --url "https://127.0.0.1:$NGINX_PORT/posture-update.xml" --no-check
ok "a server that sends too slowly is given up, after another try" finished \
	'cause == "http-too-slow" and "fetch big.tar.gz" in summary and 2000 <= duration_ms < 15000'
run 0 config set download.low_speed_s --default
run 0 config set download.low_speed_bytes --default
run 0 config set download.retries --default
NGINX_PROTOCOLS=TLSv1.1 nginx_start old-tls feed
cp -a "$feed_root/posture-update.xml" "$NGINX_ROOT"
ok "a client that may does speak TLS 1.1 with it" sh -c "echo | openssl s_client -tls1_1 -cipher DEFAULT@SECLEVEL=0 \
	-connect 127.0.0.1:$NGINX_PORT 2>/dev/null | grep -q 'Protocol *: TLSv1.1'"
for more in "" --no-check; do
	run 69 --json update --url "https://127.0.0.1:$NGINX_PORT/posture-update.xml" $more
	ok "a server that knows nothing newer than TLS 1.1 is refused $more" finished 'cause == "tls-version-too-old"'
done
finish
