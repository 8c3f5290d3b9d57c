#!/bin/bash
# Troubleshoot in a real terminal, against a real server: the root that the feed's server sends is looked at and imported, the
# checks run again, the update is made; the next one fails and leads back here, and a report is made.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need tmux
servers_begin nginx openssl
socket=$work/tmux
t() { tmux -f /dev/null -S "$socket" "$@"; }
at_exit 't kill-server 2>/dev/null'
trap cleanup EXIT
export TERM=xterm-256color
unset TMUX

see() {
	wait_for 25 sh -c "tmux -S '$socket' capture-pane -p | grep -qF -- '$1'" && { promises=$((promises + 1)); return; }
	echo "BROKEN: \"$1\" is not on the screen:"
	t capture-pane -p
	exit 1
}
press() { t send-keys "$@"; }

pki_standard
# The server sends its root as well, as inspecting devices do.
cat "$SERVERS_DIR/pki/root.pem" >>"$SERVERS_DIR/pki/feed.chain.pem"
nginx_start feed feed
sample_feed "$NGINX_ROOT" 2026.11.20.1
chmod -R a+rX "$NGINX_ROOT"
run 0 config set source.feed_url "https://127.0.0.1:$NGINX_PORT/posture-update.xml"
# A time server that does not answer, whatever else runs here: another's may listen on port 123 of all addresses.
run 0 config set time.servers 127.0.0.9:1
t new-session -d -x 80 -y 24 "exec '$program' --config '$config' --state-dir '$state'" || skip "tmux cannot start here"
see "Update information"
press 5
see "Before the update: 127.0.0.1:$NGINX_PORT"
see "Cause: cert-untrusted-root"
see "look at its CA and import it"
press F
see "Whoever holds its key"
see "SHA-256"
press BTab
press Enter
see "Usable, with warnings"
ok "it is in the store, for Cisco services" sh -c "'$program' --config '$config' --state-dir '$state' certs list --usage cisco-services | grep -q root"
press u
see "Start the update all the same?"
press y
see "updated to version 2026.11.20.1"
mv "$NGINX_ROOT/posture-update.xml" "$work/kept.xml"
press u
see "After the failed update"
see "Cause: http-not-found"
press Enter
see "The server has no such file (404)."
press Escape
see "F  correct"
press R
see "OK Report"
ok "the report is there" sh -c "ls '$state'/reports/posture-report-*.tar.gz"
mv "$work/kept.xml" "$NGINX_ROOT/posture-update.xml"
press r
see "Usable, with warnings"
press q
ok "it ends" wait_for 10 sh -c "! tmux -S '$socket' has-session 2>/dev/null"
finish
