#!/bin/bash
# Room is asked for before a byte is fetched: what an update cannot have the place for is refused at once, by its cause and in
# numbers, and what is installed stays. Needs root (a small file system in a mount namespace of its own).
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
	unshare -m true 2>/dev/null || { echo "skipped: no mount namespaces here"; exit 77; }
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
need python3
servers_begin nginx openssl
# Both files clean up at the end.
trap 'servers_end; umount "$work/fs" 2>/dev/null; cleanup' EXIT
mkdir "$work/fs"
mount -t tmpfs -o size=8m,nr_inodes=2000,mode=755 tmpfs "$work/fs" || { echo "skipped: no tmpfs can be mounted"; exit 77; }
state=$work/fs/state

finished() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["event"]=="update.finished", last
sys.exit(0 if eval(sys.argv[2],{},last) else 1)' "$work/out" "$1"; }
current() { readlink "$state/current"; }
asked_for() { grep -c "$1" "$NGINX_LOG"; }
# A component of so many random MB; and one of so many files.
large() { head -c "$2" /dev/urandom >"$work/data.bin"; tar -C "$work" -czf "$1/large.tar.gz" data.bin; }
many() { rm -rf "$work/many"; mkdir "$work/many"; (cd "$work/many" && seq "$2" | xargs touch); tar -C "$work/many" -czf "$1/many.tar.gz" .; }

pki_standard
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
tick=1700000000
publish() {
	pc feed build "$NGINX_ROOT" --version "$1" >/dev/null
	chmod -R a+rX "$NGINX_ROOT"
	tick=$((tick + 10))
	touch -d "@$tick" "$NGINX_ROOT/posture-update.xml"
}
sample_feed "$NGINX_ROOT" 2026.11.20.1
many "$NGINX_ROOT" 40
publish 2026.11.20.1
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null
run 0 --json update --url "$url" --no-check
ok "where there is room it updates" finished 'status == "updated"'
first=$(current)

# --- bytes: 5 MB of archive and as much unpacked do not go into what is left of 8 MiB
large "$NGINX_ROOT" 5000000
publish 2026.11.21.1
for more in "" --no-check; do
	run 74 --json update --url "$url" $more
	ok "a full disk is foreseen $more" finished \
		'cause == "disk-full" and "MiB free; the update needs at least 10 MiB" in summary and bytes_received < 10000'
done
ok "and nothing was fetched for it" test "$(asked_for large.tar.gz)" = 0
run 0 bundle build "$NGINX_ROOT" -o "$work/posture-offline.zip"
run 74 --json update --offline "$work/posture-offline.zip"
ok "nor is a bundle taken apart for which there is no room" finished 'cause == "disk-full" and "needs at least 10 MiB" in summary'
ok "what is installed stays" test "$(current)" = "$first"
mount -o remount,size=64m "$work/fs"
run 0 --json update --url "$url" --no-check
ok "with room it goes on" finished 'status == "updated"'
second=$(current)

# --- inodes: as many files as the component had last time will not fit
many "$NGINX_ROOT" 41
publish 2026.11.22.1
used=$(df --output=iused "$work/fs" | tail -1)
mount -o "remount,nr_inodes=$((used + 20))" "$work/fs"
before=$(asked_for many.tar.gz)
run 74 --json update --url "$url" --no-check
ok "a lack of inodes is foreseen" finished 'cause == "inodes-exhausted" and "inodes free; the update needs at least" in summary'
ok "and nothing was fetched for it either" test "$(asked_for many.tar.gz)" = "$before"
ok "what is installed stays then as well" test "$(current)" = "$second"
mount -o "remount,nr_inodes=$((used + 400))" "$work/fs"
run 0 --json update --url "$url" --no-check
ok "with inodes it goes on" finished 'status == "updated"'
finish
