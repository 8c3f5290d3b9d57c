#!/bin/bash
# What the state folder may lack: room, inodes, the right to write. Each is named by its own finding, nothing that was there
# is lost, and the content can still be read. Needs root (small file systems of its own in a mount namespace).
set -eu
[ "$(id -u)" = 0 ] || { echo "not root"; exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
	unshare -m true 2>/dev/null || { echo "no mount namespaces here"; exit 77; }
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
dir=$(mktemp -d)
trap 'umount "$dir/fs" 2>/dev/null || true; rm -rf "$dir"' EXIT
chmod 755 "$dir"
install -m 755 "$top_builddir/tests/store/store_act" "$dir/act"
act="$dir/act"
mkdir "$dir/fs"
state="$dir/fs/state"
fail() { echo "FAIL: $*"; cat "$dir/err" 2>/dev/null; exit 1; }
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# refused FINDING ACT...
refused() {
	local finding=$1
	shift
	if "$@" 2>"$dir/err"; then fail "not refused: $*"; fi
	grep -q "\[$finding\]" "$dir/err" || fail "not $finding: $*"
}
# fill FINDING: commits until one is refused with it; then all is as it was, and room makes it go on
fill() {
	local n=0 before
	while "$act" "$state" commit "v$n" 100 2>"$dir/err"; do
		n=$((n + 1))
		[ $n -lt 1000 ] || fail "never full"
	done
	grep -q "\[$1\]" "$dir/err" || fail "not $1 after $n commits"
	before=$(readlink "$state/current")
	"$act" "$state" whole 2>"$dir/err" || fail "not whole when full"
	[ "$n" -gt 0 ] || fail "not even one commit"
	mount -o "remount,$2" "$dir/fs"
	"$act" "$state" recover 2>"$dir/err" || fail "cannot recover"
	[ "$(readlink "$state/current")" = "$before" ] || fail "current changed"
	"$act" "$state" sound 2>"$dir/err" || fail "not sound"
	"$act" "$state" commit again 2 2>"$dir/err" || fail "cannot go on"
	"$act" "$state" sound 2>"$dir/err" || fail "not sound in the end"
	echo "$1: after $n commits"
}

mount -t tmpfs -o size=400k,mode=755 tmpfs "$dir/fs"
fill disk-full size=4m
umount "$dir/fs"
mount -t tmpfs -o size=64m,nr_inodes=120,mode=755 tmpfs "$dir/fs"
fill inodes-exhausted nr_inodes=4000

mount -o remount,ro "$dir/fs"
refused read-only-filesystem "$act" "$state" commit v9
"$act" "$state" whole || fail "cannot be read on a read-only file system"
mount -o remount,rw "$dir/fs"
refused permission-denied nobody "$act" "$state" commit v9

# Somebody else's folder: root does not work in it either, who owns it does, and removing read-only content works for him.
mkdir "$dir/fs/home"
chown 65534:65534 "$dir/fs/home"
for v in 1 2 3 4 5; do
	nobody "$act" "$dir/fs/home/state" commit "v$v" 2 2>"$dir/err" || fail "commit $v by the owner"
done
nobody "$act" "$dir/fs/home/state" sound 2>"$dir/err" || fail "not sound"
[ "$(ls "$dir/fs/home/state/content" | wc -l)" = 2 ] || fail "old generations are left"
refused permission-denied "$act" "$dir/fs/home/state" commit v9
grep -q 'belongs to user 65534' "$dir/err" || fail "does not say whose it is"
echo "read-only, foreign and unprivileged folders"
