#!/bin/bash
# Twenty processes at once on one state folder, some of them killed now and then: commits, rollbacks, and readers without a
# lock. Only one updates at a time, the others are told so; a reader never sees a mixture; in the end all is sound, and
# the history has exactly one line for each commit and rollback that was reported as done.
#
# CROWD_MS is how long (4000 by default).
set -eu
act="$top_builddir/tests/store/store_act"
ms=${CROWD_MS:-4000}
# In memory: on a disk the first commit waits for whatever the tests beside this one have written.
base=/dev/shm
[ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}
dir=$(mktemp -d "$base/pc-crowd-XXXXXX")
pids=()
finish() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; rm -rf "$dir"; }
trap finish EXIT
state="$dir/state"
fail() { echo "FAIL: $*"; cat "$dir"/err.* 2>/dev/null; exit 1; }

# crowd WRITERS READERS: all to their end
crowd() {
	local i
	pids=()
	for ((i = 0; i < $1; i++)); do "$act" "$state" hammer "$ms" >"$dir/writer.$i" 2>"$dir/err.w$i" & pids+=($!); done
	for ((i = 0; i < $2; i++)); do "$act" "$state" watch "$ms" >"$dir/reader.$i" 2>"$dir/err.r$i" & pids+=($!); done
}

crowd 14 6
for p in "${pids[@]}"; do wait "$p" || fail "one of the crowd failed"; done
"$act" "$state" sound || fail "not sound"
read -r done refused <<<"$(cat "$dir"/writer.* | awk '{ d += $1; r += $2 } END { print d, r }')"
looks=$(cat "$dir"/reader.* | awk '{ n += $1 } END { print n }')
lines=$(wc -l <"$state/history.jsonl")
[ "$done" -ge 3 ] && [ "$refused" -ge 20 ] || fail "only $done done and $refused refused"
# A rollback with nothing to go back to counts as done and has no line: at most one each, before the second commit.
[ "$lines" -le "$done" ] && [ "$lines" -ge $((done - 14)) ] || fail "$done were done, and the history has $lines lines"
echo "20 processes: $done done, $refused refused, $looks looks"

# The same with murders: whoever comes next puts it right.
crowd 14 6
kills=0
end=$((SECONDS + ms / 1000))
while [ $SECONDS -lt $end ]; do
	i=$((RANDOM % 14))
	kill -9 "${pids[i]}" 2>/dev/null && kills=$((kills + 1))
	wait "${pids[i]}" 2>/dev/null || true
	"$act" "$state" hammer 1000 >/dev/null 2>"$dir/err.w$i" & pids[i]=$!
	sleep 0.05
done
for ((i = 14; i < 20; i++)); do wait "${pids[i]}" || fail "a reader failed"; done
for ((i = 0; i < 14; i++)); do wait "${pids[i]}" || fail "a writer failed"; done
"$act" "$state" recover || fail "cannot recover"
"$act" "$state" sound || fail "not sound after $kills kills"
echo "$kills killed in between: sound"
