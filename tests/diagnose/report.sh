#!/bin/bash
# The report for a support case: everything that is needed is in it, and no secret, wherever one was planted.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 tar
servers_begin nginx openssl
trap 'servers_end; cleanup' EXIT

pki_standard
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
sample_feed "$NGINX_ROOT" 2026.11.20.1
chmod -R a+rX "$NGINX_ROOT"
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null
run 0 config set time.servers 127.0.0.9:1
run 0 config set source.feed_url "$url"

# --- secrets everywhere: each its own, so that one that gets through names its place
printf '%s\n' '#!/bin/sh' 'echo "hook output with token=Plant-hook-output"' 'echo "HOOK_PASSWORD=$HOOK_PASSWORD"' >"$work/hook"
chmod +x "$work/hook"
export HOOK_PASSWORD=Plant-hook-env
run 0 config set hook.after_commit "$work/hook" --token Plant-hook-argument --secret=Plant-hook-equals
run 0 update
printf 'Plant proxy/p@ss"w<rd\n' >"$work/password"
run 0 proxy set --host 127.0.0.1 --port 9 --user svc-ise --password-file "$work/password"
login=$(printf 'svc-ise:Plant proxy/p@ss"w<rd' | base64)
# The password of the account on the appliance, and its SSH host key.
run 0 config set node.user node-admin
node_secret='Xk9#node/s3cr&t'
node_login=$(printf 'node-admin:%s' "$node_secret" | base64)
(umask 077 && printf '%s\n' "$node_secret" >"$state/node.password")
echo '[ise.example]:22 ssh-ed25519 Plant-node-host-key' >"$state/node_known_hosts"
mkdir -p "$work/logs"
cat >"$work/logs/ise-psc.log" <<END
2025-03-13 13:58:07,246 INFO  [t][[]] cisco.cpm.Client -::root::- GET https://feeduser:Plant-url-login@feed.example/x
2025-03-13 13:58:07,247 DEBUG [t][[]] cisco.cpm.Client -::root::- Authorization: Basic Plant-header
2025-03-13 13:58:07,247 DEBUG [t][[]] cisco.cpm.Client -::root::- Proxy-Authorization: Basic $login
2025-03-13 13:58:07,248 DEBUG [t][[]] cisco.cpm.Client -::root::- {"access_token":"Plant-json","n":1}
2025-03-13 13:58:07,249 DEBUG [t][[]] cisco.cpm.Client -::root::- Cookie: JSESSIONID=Plant-cookie
2025-03-13 13:58:07,249 DEBUG [t][[]] cisco.cpm.Client -::root::- url=https://h/x?api_key=Plant-query&v=1
2025-03-13 13:58:07,250 DEBUG [t][[]] cisco.cpm.Client -::root::- said Plant proxy/p@ss"w<rd aloud
2025-03-13 13:58:07,251 DEBUG [t][[]] cisco.cpm.Client -::root::- then $node_secret and Basic-like $node_login
-----BEGIN PRIVATE KEY-----
Plant-private-key
-----END PRIVATE KEY-----
2025-03-13 13:58:08,000 ERROR [t][[]] cisco.cpm.DownloadManager -::root::- opswat download failed : connection refused
END
printf '\033]0;title\007\342\200\256evil\n' >>"$work/logs/ise-psc.log"
run 0 config set log.file "$work/logs/ise-psc.log"
# What a hand wrote into the file: a login in a URL, and a key that is no setting.
sed -i '1i plant = { token = "Plant-unknown-key"; };' "$config"
mkdir -p "$state/log"
echo "2025-03-13 13:58:09,000 INFO  [t][[]] x -::root::- password = Plant-own-log" >>"$state/log/ise-psc.log"
echo '{"time":"2026-01-01T00:00:00Z","action":"update","status":"failed","message":"http://u:Plant-history@h/ refused"}' >>"$state/history.jsonl"
run 69 update
# The newest job, as if the clock had been a little ahead.
echo '{"event":"update.started","from":"https://u:Plant-job@h/","time":"2026-01-01T00:00:00Z"}' \
	>"$state/jobs/$(date -u -d '1 hour' +%Y%m%dT%H%M%SZ)-1.jsonl"

# --- the report
run 0 --json report -o "$work/case.tar.gz"
ok "it says what it made" json "$work/out" 'd["file"].endswith("case.tar.gz") and "verdict.txt" in d["files"] and d["removed"] >= 12'
ok "it is for its owner only" test "$(stat -c %a "$work/case.tar.gz")" = 600
mkdir "$work/x"
ok "tar opens it, and all stands in one folder" tar -C "$work/x" -xzf "$work/case.tar.gz"
ok "one folder" test "$(ls "$work/x" | wc -l)" = 1
cd "$work/x"/* || exit 1
leaks=$(grep -rlaE 'Plant|UGxhbnQ' . ; grep -rhoaE '.{0,30}(Plant|UGxhbnQ).{0,30}' .)
ok "no secret is in it: $leaks" test -z "$leaks"
ok "nor the Basic login" sh -c "! grep -rqa '${login%%=*}' ."
ok "nor the appliance's password" sh -c '! grep -rqaF "$1" .' - "$node_secret"
ok "nor its login" sh -c '! grep -rqaF "$1" .' - "${node_login%%=*}"
ok "nor a password's file" sh -c '! find . | grep -E "password|known_hosts"'
ok "nor a control byte" sh -c "! grep -rqaP '[\\x00-\\x08\\x0b-\\x1f\\x7f]' ."
ok "the cause is in it" grep -q "Cause: proxy-refused" verdict.txt
ok "and what to do" grep -q "What to do" verdict.txt
ok "and the events" json check.jsonl '[e for e in d if e["event"] == "verdict"][0]["cause"] == "proxy-refused" and len([e for e in d if e["event"] == "check.finished"]) == 9'
ok "what changed since the last good update" grep -q "proxy setting: was none" verdict.txt
ok "settings by the table" grep -q '^\* proxy.host = 127.0.0.1' settings.txt
ok "of the hook the program only" grep -q "hook.after_commit = .*hook and 3 arguments" settings.txt
ok "the keys that are no setting, without their values" grep -q "no setting: .*plant" settings.txt
ok "the trusted certificates" json certificates.json 'len(d) > 100 if isinstance(d, list) else len(d["certificates"]) > 100'
ok "the history" grep -q "proxy-refused" history.txt
ok "the last update" grep -q "update.started" update-last.jsonl
ok "the last one that failed" test -s update-last-failed.jsonl -o -s update-last.jsonl
ok "the log around the failure" grep -q "opswat download failed : connection refused" log.txt
ok "with its escape sequences shown" grep -qF '^[]0;title' log.txt
ok "its own log" grep -q "Starting opswat download" log-own.txt
ok "versions" grep -q "^OpenSSL" versions.txt
ok "it says what was removed" grep -q "marked \[removed\]" README.txt
cd "$work" || exit 1

# --- where it goes
run 0 report --no-check -o -
ok "to standard output" sh -c "tar -tzf $work/out | grep -q settings.txt"
ok "without checks" sh -c "! tar -tzf $work/out | grep -q verdict.txt"
run 73 report --no-check -o "$work/nowhere/case.tar.gz"
# Nothing of it stays when it is killed while a part of it waits to write: more than a pipe holds.
cp "$state/history.jsonl" "$work/history.jsonl"
python3 - "$state/history.jsonl" <<'PY'
import sys
line = '{"time":"2026-01-01T00:00:00Z","action":"update","status":"failed","message":"%s"}\n' % ("x" * 300)
open(sys.argv[1], "a").write(line * 5000)
PY
"$program" --config "$config" --state-dir "$state" report --no-check -o "$work/killed.tar.gz" >/dev/null 2>&1 &
job=$!
children=/proc/$job/task/$job/children
# The part that is still there a while after its reader was stopped is the one that waits.
is_waiting() {
	part=$(cat "$children")
	part=${part%% *}
	[ -n "$part" ] || return 1
	kill -STOP $job
	sleep 0.2
	grep -q '^State:.*sleeping' "/proc/$part/status" && return
	kill -CONT $job
	return 1
}
while kill -0 $job 2>/dev/null; do is_waiting 2>/dev/null && break; done
kill -KILL $job
wait $job 2>/dev/null
ok "it was caught with a part that waits" test -n "$part"
ok "what it started ends with it" wait_for 10 sh -c "! kill -0 $part"
mv "$work/history.jsonl" "$state/history.jsonl"

echo 'proxy = { port = 99999; };' >"$config"
run 0 report --no-check -o "$work/broken.tar.gz"
ok "settings that cannot be read do not keep it from being made" sh -c \
	"tar -xOzf $work/broken.tar.gz --wildcards '*/settings.txt' | grep -q 'proxy.port'"
finish
