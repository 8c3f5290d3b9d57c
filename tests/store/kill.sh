#!/bin/bash
# Stops a commit, a rollback and a recovery at every system call that changes something, and lets each system call and each
# allocation fail once. After each: current is entirely old or entirely new, the history tells the truth, nothing is left
# over, the next commit completes, and defaults that the operator deleted do not come back; an act that says that it failed
# has changed nothing and names a finding, one that says that it is done is done. "store_act aftermath" makes the assertions.
#
# KILL_EVERY=n takes every nth kill only, FAIL_EVERY=n every nth failure (17 by default); KILL_ALL_ERRORS=1 tries each error
# at each call and not one of them in turn. In full: KILL_ALL_ERRORS=1 FAIL_EVERY=1 tests/store/kill.sh
set -eu
act="$top_builddir/tests/store/store_act"
killpoints="$top_builddir/tests/lib/killpoints"
every=${KILL_EVERY:-1}
fail_every=${FAIL_EVERY:-17}
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
complain() { echo "FAIL: $(printf "%.600s" "$*")"; failures=$((failures + 1)); [ $failures -lt 20 ] || exit 1; }

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

# after_failure NAME RC OLD NEW LINES DEFAULTS: sets $outcome to refused or done
after_failure() {
	local name=$1 rc=$2 old=$3 new=$4 now
	outcome=refused
	if ! now=$("$act" "$state" aftermath "$old" "$new" "$5" "$6" 2>"$dir/err"); then
		complain "$name: $(cat "$dir/err")"
	elif [ "$rc" = 0 ]; then
		[ "$now" = new ] || complain "$name: said done, and it is $now"
		outcome=done
	elif [ "$rc" = 1 ]; then
		[ "$now" = old ] || [ "$old" = "$new" ] || complain "$name: said failed, and it is $now"
		grep -q '\[[a-z-]*\]$' "$dir/act.err" || complain "$name: no finding: $(cat "$dir/act.err")"
	else
		complain "$name: ended with $rc: $(cat "$dir/act.err")"
	fi
}

errors=(ENOSPC EIO EDQUOT EROFS EACCES ENOMEM EMFILE)

# fail_calls NAME TEMPLATE OLD NEW LINES DEFAULTS ACT...: every call fails once, also those that only look
fail_calls() {
	local name=$1 template=$2 old=$3 new=$4 lines=$5 defaults=$6 n points rc error outcome refused=0 done=0
	local -a some
	shift 6
	fresh "$template"
	points=$("$killpoints" --under "$dir" --reads --count -- "$act" "$state" "$@" 2>&1 >/dev/null | tail -n 1)
	for ((n = 1; n <= points; n += fail_every)); do
		some=("${errors[n % ${#errors[@]}]}")
		[ -z "${KILL_ALL_ERRORS:-}" ] || some=("${errors[@]}")
		for error in "${some[@]}"; do
			fresh "$template"
			rc=0
			"$killpoints" --under "$dir" --reads --at $n --fail "$error" -- "$act" "$state" "$@" 2>"$dir/act.err" || rc=$?
			after_failure "$name, $error at $n of $points" $rc "$old" "$new" "$lines" "$defaults"
			if [ $outcome = done ]; then done=$((done + 1)); else refused=$((refused + 1)); fi
		done
	done
	echo "$name: of $points calls $((refused + done)) failed, $refused times refused, $done times done all the same"
}

# fail_allocations NAME TEMPLATE OLD NEW LINES DEFAULTS ACT...
fail_allocations() {
	local name=$1 template=$2 old=$3 new=$4 lines=$5 defaults=$6 n points rc outcome refused=0 done=0
	shift 6
	fresh "$template"
	points=$(FAILALLOC_COUNT=1 "$act" "$state" "$@" 2>&1 >/dev/null | tail -n 1)
	[ -n "$points" ] || { echo "$name: this build has an allocator of its own"; return; }
	for ((n = 1; n <= points; n += fail_every)); do
		fresh "$template"
		rc=0
		FAILALLOC_AT=$n "$act" "$state" "$@" 2>"$dir/act.err" || rc=$?
		after_failure "$name, allocation $n of $points" $rc "$old" "$new" "$lines" "$defaults"
		if [ $outcome = done ]; then done=$((done + 1)); else refused=$((refused + 1)); fi
	done
	echo "$name: of $points allocations $((refused + done)) failed, $refused times refused, $done times done all the same"
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

for fail in fail_calls fail_allocations; do
	$fail "first update" "$none" - v1 0 made commit v1
	$fail "update that removes two" "$dir/three" v3 v4 3 made commit v4 2
	$fail "update after the operator removed defaults" "$dir/deleted" v3 v4 3 deleted commit v4
	$fail "rollback" "$dir/three" v3 v2 3 made rollback
	interrupted torn "$at_current" commit v4 2 && $fail "recovery of a commit killed at $at_current" "$dir/torn" v3 v3 3 made recover
done

[ $failures = 0 ] || { echo "$failures failures"; exit 1; }
