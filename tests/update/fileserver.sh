#!/bin/bash
# An offline bundle from a file server, end to end: sftp and scp from openssh with its host key and login, ftp from
# pyftpdlib. The settings name keys and logins; nothing of them stands on a command line.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3
servers_begin sshd ssh-keygen
trap 'servers_end; cleanup' EXIT
unset SSH_AUTH_SOCK
export HOME=$work/home
mkdir "$HOME"

finished() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["event"]=="update.finished", last
sys.exit(0 if eval(sys.argv[2],{},last) else 1)' "$work/out" "$1"; }
new_bundle() {
	mkdir -p "$work/lab"
	sample_feed "$work/lab" "$1"
	pc bundle build "$work/lab" -o "$work/posture-offline.zip" >/dev/null
}
# pc with the host key's fingerprint given, whatever the other words are
update() { local rc=$1; shift; run "$rc" --json update --offline "$@"; }

new_bundle 2026.12.2.1
sshd_start ssh || exit 99
sftp=sftp://127.0.0.1:$SSHD_PORT$work/posture-offline.zip
fingerprint=$(ssh-keygen -lf "$SERVERS_DIR/ssh/host_key.pub" | cut -d' ' -f2)
known=$HOME/.ssh/known_hosts

# --- whom to believe: an unknown host key is refused, and accepted only by its fingerprint
run 0 config set source.ssh_key "$SSHD_KEY"
update 69 "$sftp"
ok "an unknown host key is named, with what the server shows" finished \
	"cause == 'ssh-host-key-unknown' and 'ssh-ed25519 $fingerprint' in summary and '--host-key $fingerprint' in next"
ok "and nothing is believed yet" test ! -e "$known"
update 69 "$sftp" --host-key "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
ok "another fingerprint than the server's is no help" finished "cause == 'ssh-host-key-unknown'"
update 2 "$sftp" --host-key "MD5:00"
mkdir -p "$HOME/.ssh" && printf '# mine\n@cert-authority *.example ssh-rsa AAAA' >"$known"
update 0 "$sftp" --host-key "$fingerprint"
ok "the right fingerprint lets the update through" finished "status == 'updated' and version == '2026.12.2.1'"
ok "the key is kept" grep -q "^\[127.0.0.1\]:$SSHD_PORT ssh-ed25519 $(cut -d' ' -f2 "$SERVERS_DIR/ssh/host_key.pub")\$" "$known"
ok "and nothing else in the file is touched" sh -c "head -2 $known | grep -c '^# mine$\|^@cert-authority .* AAAA$' | grep -qx 2"
ok "openssh reads it" ssh-keygen -f "$known" -F "[127.0.0.1]:$SSHD_PORT"
ok "what was fetched is installed" grep -q 'check 2026.12.2.1' "$state/current/components/cisco-conditions/checks/pc_one.xml"

# --- from then on without a question
new_bundle 2026.12.3.1
update 0 "$sftp"
ok "the next update needs no fingerprint" finished "status == 'updated' and version == '2026.12.3.1'"
update 0 "$sftp"
ok "the same bundle again is no update" finished "status == 'up-to-date'"
progress() { python3 -c '
import json,sys
events=[json.loads(l) for l in open(sys.argv[1])]
first=next(e for e in events if e["event"]=="update.progress")
sys.exit(0 if first["total"]==int(sys.argv[2]) else 1)' "$work/out" "$(stat -c %s "$work/posture-offline.zip")"; }
ok "the progress tells how much there is" progress
new_bundle 2026.12.4.1
update 0 "scp://$(id -un)@127.0.0.1:$SSHD_PORT$work/posture-offline.zip"
ok "scp with the user in the address" finished "status == 'updated' and version == '2026.12.4.1'"
ok "the log names the file's place" grep -q "Offline download file URI : scp://" "$state/log/ise-psc.log"

# --- what goes wrong
update 65 "sftp://127.0.0.1:$SSHD_PORT$work/none.zip"
ok "a missing file is named" finished "cause == 'bundle-not-found'"
run 0 config set source.ssh_key "$SERVERS_DIR/ssh/host_key"
update 77 "$sftp" --force
ok "a key that the server does not take is named, with the settings to look at" finished \
	"cause == 'login-refused' and 'source.ssh_key' in next"
run 0 config set source.ssh_key "$work/no-such-key"
update 77 "$sftp" --force
ok "a key that is not there is named" finished "cause == 'login-refused'"
run 0 config set source.ssh_key "$SSHD_KEY"
run 0 config set source.known_hosts "$work/other_hosts"
printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$(cut -d' ' -f1,2 "$SSHD_KEY.pub")" >"$work/other_hosts"
update 69 "$sftp" --host-key "$fingerprint"
ok "a changed host key is refused, also with its fingerprint" finished \
	"cause == 'ssh-host-key-changed' and '$fingerprint' in summary and 'ssh-keygen' in next"
run 0 config set source.known_hosts ""
new_bundle 2026.12.1.1
update 65 "$sftp"
ok "a bundle older than what is installed is refused" finished "cause == 'feed-older-than-installed'"
head -c 500 "$work/posture-offline.zip" >"$work/cut.zip"
update 65 "sftp://127.0.0.1:$SSHD_PORT$work/cut.zip"
ok "a broken bundle is named" finished "cause.startswith('bundle-')"
run 2 update --offline "sftp://operator:s3cret@127.0.0.1$work/posture-offline.zip"
ok "a password in the address is refused" grep -q "holds a password" "$work/err"

# --- ftp
debian_python=/usr/bin/python3
if $debian_python -c 'import pyftpdlib' 2>/dev/null; then
	mkdir "$work/ftp" && new_bundle 2026.12.5.1 && cp "$work/posture-offline.zip" "$work/ftp/"
	port_free
	server_run ftp $debian_python -m pyftpdlib -i 127.0.0.1 -p "$PORT" -d "$work/ftp" -u robot -P s3cret-pass
	port_wait "$PORT" "$SERVER_PID" || exit 99
	ftp=ftp://127.0.0.1:$PORT/posture-offline.zip
	update 77 "$ftp"
	ok "an ftp server that wants a login is named" finished "cause == 'login-refused' and 'source.login_file' in next"
	printf 'machine 127.0.0.1 login robot password s3cret-pass\n' >"$work/login"
	run 0 config set source.login_file "$work/login"
	chmod 644 "$work/login"
	update 77 "$ftp"
	ok "a login file that others can read is refused" finished "cause == 'permission-denied' and 'chmod 600' in next"
	chmod 600 "$work/login"
	update 0 "$ftp"
	ok "with the login file it updates" finished "status == 'updated' and version == '2026.12.5.1'"
	ok "the password is nowhere but there" sh -c "! grep -rl s3cret-pass $state $config $work/out $work/err"
else
	echo "no pyftpdlib here: ftp is not tested"
fi
finish
