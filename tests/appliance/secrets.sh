#!/bin/bash
# The logins of the appliance, of its proxy and of file servers go to those servers and to nobody else: not into an argument list or
# an environment, an event, a log, the history, a report or a file that is not made for it. As tests/update/secrets.sh.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 strace openssl
servers_begin openssl
trap 'servers_end; cleanup' EXIT
. "$top_srcdir/tests/lib/recorded.sh"
pki_standard || exit 99
pki_root corp "subject=/O=Corp/CN=Corp Issuing CA"
for name in disabled-new lets stranger; do pki_root $name "subject=/O=Corp/CN=$name"; done
pki_leaf node inter DNS:localhost
dir=$work/node pki=$SERVERS_DIR/pki
mkdir "$dir" && echo >"$dir/mode"
port_free
server_run node python3 "$top_srcdir/tests/appliance/node.py" "$PORT" "$pki/node.chain.pem" "$pki/node.key" "$dir" "$pki/corp.pem" \
	"$pki/disabled-new.pem" "$pki/lets.pem" "$top_srcdir/tests/trust/identrust.pem" "$pki/stranger.pem"
port_wait "$PORT" "$SERVER_PID" || exit 99

# What node.py knows; what it tells of its proxy's password is eight stars.
echo N0de-s3cret >"$work/login"
echo pr0xy-secret >"$work/proxy"
echo file-s3rver-pass >"$work/wrong"
printf 'machine 127.0.0.1 login operator password file-s3rver-pass\n' >"$work/netrc" && chmod 600 "$work/netrc"
basic=$(printf 'api-admin:N0de-s3cret' | base64)
recorded 0 certs import "$pki/root.pem" --name lab --usage infrastructure
recorded 0 node login --host localhost --port "$PORT" --user api-admin --password-file "$work/login" --save-password
recorded 0 --json node show
recorded 3 --json node diff
recorded 0 --json node import proxy
recorded 0 proxy set --password-file "$work/proxy"
recorded 0 --json node import certificates --all
recorded 0 config set proxy.host other-proxy.corp.example
recorded 0 --json node fix proxy --proxy-password-file "$work/proxy" --dry-run
recorded 0 node fix proxy --proxy-password-file "$work/proxy" --yes
ok "the appliance has the new password" json "$dir/state.json" 'd["proxy"]["password"] == "pr0xy-secret"'
echo wrong-password >"$dir/mode"
recorded 77 --json node show --password-file "$work/wrong"
echo >"$dir/mode"
recorded 0 config set source.login_file "$work/netrc"
recorded 0 config list
run 69 --json update --offline ftp://127.0.0.1:1/posture-offline.zip
cp "$work/out" "$work/out.ftp" && cp "$work/err" "$work/err.ftp"
run 0 report --no-check -o "$work/report.tar.gz"
mkdir "$work/unpacked" && tar -C "$work/unpacked" -xzf "$work/report.tar.gz"

recorded_gather
secrets="N0de-s3cret|pr0xy-secret|file-s3rver-pass|old-secret|$basic"
own='write\([0-9]+<[^>]*/\.?(node|proxy)\.password[^>]*>'
ok "not in an argument list, an environment or a file that was written" nowhere "$secrets" "$own" "$work/searched"
ok "not in what was printed" nowhere "$secrets" "" "$work"/out.* "$work"/err.*
ok "not in the report" nowhere "$secrets" "" -r "$work/unpacked"
ok "not in the state folder, but for their own files" sh -c "! grep -rlE '$secrets' '$state' '$config' | grep -vE '/(node|proxy)\\.password\$'"
ok "which only their owner may read" test "$(stat -c %a "$state/node.password" "$state/proxy.password" | sort -u)" = 600
recorded 0 node login --forget
ok "a kept login is forgotten" test ! -e "$state/node.password"
finish
