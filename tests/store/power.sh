#!/bin/bash
# The power goes at every step of a commit, a rollback and a recovery: of what was not flushed, anything may be lost. On each
# disk that can be left the same must hold as after a kill, and what was reported as done is there when it has ended.
# tests/lib/powercut.py makes the disks, "store_act aftermath" looks at them.
#
# POWER_EVERY=n looks after every nth change only (while few changes are open, after each); 5 by default, 1 for all.
set -eu
act="$top_builddir/tests/store/store_act"
powercut="$top_srcdir/tests/lib/powercut.py"
every=${POWER_EVERY:-5}
for tool in strace python3; do
	command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
done
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
base=/dev/shm
[ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}
dir=$(mktemp -d "$base/pc-power-XXXXXX")
trap 'chmod -R u+rwX "$dir"; rm -rf "$dir"' EXIT
strace -o /dev/null true 2>"$dir/probe" || { echo "nothing can be traced here: $(cat "$dir/probe")"; exit 77; }
act=$(realpath "$act")
status=0

# cut NAME TEMPLATE OLD NEW LINES DEFAULTS ACT...
cut() {
	local name=$1 template=$2 old=$3 new=$4 lines=$5 defaults=$6
	shift 6
	rm -rf "$dir/root"
	mkdir "$dir/root"
	if [ -d "$template" ]; then cp -a "$template" "$dir/root/state"; fi
	printf '%s: ' "$name"
	local look="'$act' '{root}/state' aftermath $old $new $lines $defaults"
	python3 "$powercut" --root "$dir/root" --every "$every" --jobs "${TORTURE_JOBS:-1}" --check "$look" \
		--after "$look | grep -qx new" -- "$act" "$dir/root/state" "$@" || status=1
}

"$act" "$dir/three" commit v1
"$act" "$dir/three" commit v2
"$act" "$dir/three" commit v3
cp -a "$dir/three" "$dir/deleted"
rm -rf "$dir/deleted/defaults"
# A commit that stopped between the two renames of its switch.
cp -a "$dir/three" "$dir/torn"
"$act" "$dir/torn" commit v4
new=$(readlink "$dir/torn/current")
old=$(readlink "$dir/torn/previous")
ln -sfn "$old" "$dir/torn/current"
sed -i '$d' "$dir/torn/history.jsonl"
[ -d "$dir/torn/$new" ]

cut "first update" "$dir/none" - v1 0 made commit v1
cut "update that removes two" "$dir/three" v3 v4 3 made commit v4 2
cut "update after the operator removed defaults" "$dir/deleted" v3 v4 3 deleted commit v4
cut "rollback" "$dir/three" v3 v2 3 made rollback
cut "recovery" "$dir/torn" v3 v3 3 made recover
exit $status
