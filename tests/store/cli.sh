#!/bin/sh
# history, rollback and diff from the command line: what they print, in words and in JSON, and their exit codes.
set -eu
pc="$top_builddir/posture-console"
act="$top_builddir/tests/store/store_act"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
state="$dir/state"
export HOME="$dir" POSTURE_CONSOLE_STATE_DIR="$state" POSTURE_CONSOLE_CONFIG="$dir/console.conf"
unset POSTURE_CONSOLE_TEST_TIME

fail() { echo "FAIL: $*"; cat "$dir/out" "$dir/err" 2>/dev/null; exit 1; }
# run CODE ARGUMENTS...: output in $dir/out and $dir/err
run() {
	want=$1; shift
	rc=0
	"$pc" "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
	[ "$rc" = "$want" ] || fail "$* ended with $rc, not $want"
}
says() { grep -q -- "$1" "$dir/out" || fail "standard output lacks: $1"; }
complains() { grep -q -- "$1" "$dir/err" || fail "standard error lacks: $1"; }
json() { python3 -c "import json,sys; d=json.load(open('$dir/out')); assert $1, d" || fail "not so: $1"; }

# Nothing there yet: said in words, and no folder is made by asking.
run 0 history; says 'no update yet'
run 0 history --json; json 'd == []'
run 0 diff; says 'no update yet'
run 0 diff --json; json 'd["from"] is None and d["to"] is None and d["components"] == []'
run 1 rollback; complains 'no generation to go back to'; complains 'posture-console update'
[ ! -e "$state" ] || fail "asking made the state folder"

# Usage.
run 2 history --limit 0; complains 'number from 1'
run 2 history --limit x
run 2 history extra
run 2 rollback a b
run 2 diff a b c
run 2 diff --nonsense
for c in history rollback diff; do run 0 $c --help; says 'Example: posture-console'; done

# One generation.
"$act" "$state" commit v1
run 0 diff; says 'nothing to compare'
run 1 rollback; complains 'no previous generation'
run 0 history --json; json 'len(d) == 1 and d[0]["kept"] == "current" and d[0]["status"] == "updated"'

# Two: a component changed, one did not.
"$act" "$state" commit v2
first=$(readlink "$state/previous"); first=${first#content/}
second=$(readlink "$state/current"); second=${second#content/}
run 0 diff; says "From generation $first (version v1) to $second (version v2)"; says 'cisco-conditions  *v1  *v2  *0  *0  *2 '
says 'os-groups  *7  *7  *unchanged'
run 0 diff --json
json '[c["status"] for c in d["components"]] == ["changed", "unchanged", "unchanged"]'
json 'd["components"][0]["files_changed"] == 2 and d["components"][0]["bytes_to"] == 6'
run 0 diff current previous --json; json 'd["from"]["version"] == "v2" and d["to"]["version"] == "v1"'
run 0 diff "$first" --json; json 'd["from"]["version"] == "v1" and d["to"]["version"] == "v2"'
run 73 diff 19990101-1 current; complains 'posture-console history'
run 2 diff ../.. current; complains 'not the name of a generation'

run 0 rollback; says "Generation $first (version v1) is current now"
[ "$(readlink "$state/current")" = "content/$first" ] || fail "current is not $first"
[ "$(readlink "$state/previous")" = "content/$second" ] || fail "previous is not $second"
grep -q "::rollback:- Generation $first" "$state/log/ise-psc.log" || fail "the log does not tell of the rollback"
run 0 rollback "$first"; says 'nothing to do'
run 0 status; says "Rolled back  *from v2 to v1 on 2[0-9][0-9][0-9]-"
run 0 status --json
json 'd["rolled_back"]["from_version"] == "v2" and d["rolled_back"]["to_version"] == "v1" and d["rolled_back"]["time"].endswith("Z")'
run 0 rollback --json "$second"; json 'd["event"] == "rollback.finished" and d["status"] == "updated" and d["version"] == "v2"'
run 0 status --json; json 'd["rolled_back"] is None'
run 2 rollback ../../etc
run 73 rollback 19990101-7; complains 'posture-console history'
run 0 history; says 'rollback  *done'; says 'GENERATION'
run 0 history --limit 1 --json; json 'len(d) == 1 and d[0]["action"] == "rollback"'
run 0 --json history --limit 100; json 'len(d) == 4'
"$act" "$state" sound || fail "not sound"

# Hostile text in the history reaches no terminal.
printf '{"time":"x\\u001b[2J","action":"\\u202e","status":"failed","version":"\\u009b31m","cause":"a\\nb"}\n' >>"$state/history.jsonl"
run 0 history; says 'a^Jb'
! grep -q "$(printf '\033')" "$dir/out" || fail "an escape sequence passed"
run 0 history --json; json 'd[-1]["time"] == "x^[[2J" and d[-1]["action"] == "<U+202E>"'

# Another holds the lock: exit code 75 and its pid.
python3 - "$state/update.lock" "$dir/held" <<'P' &
import fcntl, sys, time, os
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(60)
P
holder=$!
trap 'kill $holder 2>/dev/null || true; rm -rf "$dir"' EXIT
n=0
while [ ! -e "$dir/held" ]; do n=$((n + 1)); [ $n -lt 200 ] || fail "the lock was not taken"; sleep 0.05; done
run 75 rollback; complains "process $holder"; complains 'update-locked'
run 75 rollback --json
json 'd["exit_code"] == 75 and d["finding"] == "update-locked"'
run 0 history
run 0 diff
kill $holder
wait $holder 2>/dev/null || true
run 0 rollback

# Others can write: refused, with what to do.
chmod 0770 "$state"
run 77 rollback; complains 'chmod go-w'
run 77 history
chmod 0750 "$state"
