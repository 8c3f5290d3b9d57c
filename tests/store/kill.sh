#!/bin/bash
# Stops a commit, a rollback and a recovery at every system call that changes something, and lets each of these calls fail
# once. After each: current is entirely old or entirely new, the history tells the truth, nothing is left over, the next
# commit completes, and defaults that the operator deleted do not come back. "store_act aftermath" makes the assertions.
#
# KILL_EVERY=n takes every nth point only.
set -eu
act="$top_builddir/tests/store/store_act"
killpoints="$top_builddir/tests/lib/killpoints"
every=${KILL_EVERY:-1}
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"	# the leak check cannot run under ptrace

# On a memory file system where there is one: what is flushed does not matter to a kill, and the disk is shared.
base=/dev/shm
[ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}
dir=$(mktemp -d "$base/pc-kill-XXXXXX")
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
state="$dir/state"

[ -x "$killpoints" ] && [ -x "$act" ] || { echo "the test programs are not built"; exit 1; }
"$killpoints" --count -- true 2>"$dir/probe" || { echo "this kernel does not let a process be traced: $(cat "$dir/probe")"; exit 77; }

fresh() { rm -rf "$state"; if [ -d "$1" ]; then cp -a "$1" "$state"; fi; }
count() { fresh "$1"; shift; "$killpoints" --under "$dir" --count -- "$act" "$state" "$@" 2>&1 >/dev/null | tail -n 1; }

failures=0
complain() { echo "FAIL: $*"; failures=$((failures + 1)); [ $failures -lt 20 ] || exit 1; }

# kill_everywhere NAME TEMPLATE OLD NEW LINES DEFAULTS ACT...
kill_everywhere() {
	local name=$1 template=$2 old=$3 new=$4 lines=$5 defaults=$6 n points rc outcome olds=0 news=0
	shift 6
	points=$(count "$template" "$@")
	[ "$points" -gt 3 ] || { complain "$name: $points points"; return; }
	for ((n = 1; n <= points; n += every)); do
		fresh "$template"
		rc=0
		"$killpoints" --under "$dir" --at $n -- "$act" "$state" "$@" 2>"$dir/err" || rc=$?
		[ $rc = 0 ] || { complain "$name: not killed at $n of $points ($rc)"; continue; }
		if outcome=$("$act" "$state" aftermath "$old" "$new" "$lines" "$defaults" 2>"$dir/err"); then
			if [ "$outcome" = old ]; then olds=$((olds + 1)); else news=$((news + 1)); fi
			[ "$outcome" = new ] || [ $news = 0 ] || [ "$old" = "$new" ] || complain "$name: old again at $n, after it was new"
		else
			complain "$name, killed at $n of $points: $(cat "$dir/err")"
		fi
	done
	echo "$name: killed at $((olds + news)) of $points points, $olds old, $news new"
}

# fail_everywhere NAME TEMPLATE OLD NEW LINES DEFAULTS ERRNOS ACT...: point n fails with the nth error of the list, in turn
fail_everywhere() {
	local name=$1 template=$2 old=$3 new=$4 lines=$5 defaults=$6 n points rc outcome refused=0 done=0 error
	local -a errors=($7)
	shift 7
	points=$(count "$template" "$@")
	for ((n = 1; n <= points; n += every)); do
		for error in ${KILL_ALL_ERRORS:+"${errors[@]}"} ${KILL_ALL_ERRORS:-"${errors[n % ${#errors[@]}]}"}; do
			[ "$error" != 1 ] || continue
			fresh "$template"
			rc=0
			"$killpoints" --under "$dir" --at $n --fail "$error" -- "$act" "$state" "$@" 2>"$dir/act.err" || rc=$?
			if ! outcome=$("$act" "$state" aftermath "$old" "$new" "$lines" "$defaults" 2>"$dir/err"); then
				complain "$name, $error at $n of $points: $(cat "$dir/err")"
			elif [ $rc = 0 ]; then
				[ "$outcome" = new ] || complain "$name, $error at $n: said done, and it is $outcome"
				done=$((done + 1))
			elif [ $rc = 1 ]; then
				[ "$outcome" = old ] || [ "$old" = "$new" ] || complain "$name, $error at $n: said failed, and it is $outcome"
				grep -q '\[[a-z-]*\]$' "$dir/act.err" || complain "$name, $error at $n: no finding: $(cat "$dir/act.err")"
				refused=$((refused + 1))
			else
				complain "$name, $error at $n: ended with $rc: $(cat "$dir/act.err")"
			fi
		done
	done
	echo "$name: $points calls failed in turn, $refused refused, $done done all the same"
}

none="$dir/none"
"$act" "$dir/three" commit v1
"$act" "$dir/three" commit v2
"$act" "$dir/three" commit v3
cp -a "$dir/three" "$dir/deleted"
rm -rf "$dir/deleted/defaults"

kill_everywhere "first update" "$none" - v1 0 made commit v1
kill_everywhere "update that removes two" "$dir/three" v3 v4 3 made commit v4 2
kill_everywhere "update after the operator removed defaults" "$dir/deleted" v3 v4 3 deleted commit v4
kill_everywhere "rollback" "$dir/three" v3 v2 3 made rollback
oldest=$(ls "$dir/three/content" | sort -V | head -n 1)
kill_everywhere "rollback to the oldest" "$dir/three" v3 v1 3 made rollback "$oldest"

# A recovery that is itself interrupted, at each place where it has most to do.
interrupted() { # NAME AT ACT...: makes $dir/NAME
	local name=$1 at=$2
	shift 2
	fresh "$dir/three"
	"$killpoints" --under "$dir" --at "$at" -- "$act" "$state" "$@" 2>"$dir/err" || { complain "$name: not killed"; return 1; }
	rm -rf "${dir:?}/$name"
	cp -a "$state" "$dir/$name"
}
points=$(count "$dir/three" commit v4 2)
fresh "$dir/three"
"$killpoints" --under "$dir" --list "$dir/list" --count -- "$act" "$state" commit v4 2 2>/dev/null
at_current=$(awk '$2 ~ /^rename/ && $3 ~ /\/state\/current$/ { print $1 }' "$dir/list")
at_previous=$(awk '$2 ~ /^rename/ && $3 ~ /\/state\/previous$/ { print $1 }' "$dir/list")
at_content=$(awk '$2 ~ /^rename/ && $3 ~ /\/state\/content\/[0-9-]*$/ { print $1 }' "$dir/list")
[ -n "$at_current" ] && [ -n "$at_previous" ] && [ -n "$at_content" ] || complain "no switch among $points points"
for at in "$at_content" "$at_previous" "$at_current"; do
	interrupted torn "$((at - 1))" commit v4 2 && kill_everywhere "recovery of a commit killed at $((at - 1))" "$dir/torn" v3 v3 3 made recover
	interrupted torn "$at" commit v4 2 && kill_everywhere "recovery of a commit killed at $at" "$dir/torn" v3 v3 3 made recover
done
interrupted torn "$((at_current + 1))" commit v4 2 && kill_everywhere "recovery of a commit killed at $((at_current + 1))" "$dir/torn" v4 v4 4 made recover
interrupted torn "$((points - 2))" commit v4 2 && kill_everywhere "recovery of a commit killed at $((points - 2))" "$dir/torn" v4 v4 4 made recover

errors="ENOSPC EIO EDQUOT EROFS EACCES ENOMEM EMFILE"
fail_everywhere "first update" "$none" - v1 0 made "$errors" commit v1
fail_everywhere "update that removes two" "$dir/three" v3 v4 3 made "$errors" commit v4 2
fail_everywhere "rollback" "$dir/three" v3 v2 3 made "$errors" rollback

[ $failures = 0 ] || { echo "$failures failures"; exit 1; }
