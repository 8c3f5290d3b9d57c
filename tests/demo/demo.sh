#!/bin/bash
# The demo: every situation is what it says it is, without a network, and nothing of it is left behind - also when it is
# killed. The repairs that it promises work.
. "$top_srcdir/tests/lib/common.sh"

mkdir "$work/tmp"
export TMPDIR=$work/tmp
left() { [ -z "$(ls -A "$work/tmp")" ]; }
# Without a network: in a namespace with nothing but loopback, where that can be made.
if unshare -r -n true 2>/dev/null; then
	alone() { unshare -r -n bash -c 'ip link set lo up 2>/dev/null || exit 99; exec "$@"' - "$@"; }
	alone true || alone() { "$@"; }
else
	alone() { "$@"; }
fi
demo() { alone "$program" "$@" </dev/null; }

# --- the situations, several at once ----------------------------------------------------------------------------------------
demo --json demo --list >"$work/list"
codes=$(json "$work/list" '" ".join(s["code"] for s in d)')
ok "there are situations" test "$(wc -w <<<"$codes")" -ge 15
judge() {
	local code=$1 rc=0
	demo --json demo "$code" >"$work/$code.json" 2>"$work/$code.err" || rc=$?
	echo "$rc" >"$work/$code.rc"
}
running=0
for code in $codes; do
	judge "$code" &
	running=$((running + 1))
	[ $((running % 5)) != 0 ] || wait
done
wait
for code in $codes; do
	case $code in
	healthy) want='None pass 0' ;;
	time-offset) want='None warn 3' ;;
	*) want="$code fail 1" ;;
	esac
	got="$(json "$work/$code.json" 'next("%s %s" % (e["cause"], e["status"]) for e in d if e["event"] == "verdict")') $(cat "$work/$code.rc")"
	ok "the situation $code is found: $got" test "$got" = "$want"
	[ "$got" = "$want" ] || tail -n 3 "$work/$code.json" "$work/$code.err"
	ok "$code is marked as a demo" grep -q '^DEMO: ' "$work/$code.err"
done
ok "time-offset is the warning" json "$work/time-offset.json" '[e["also"] for e in d if e["event"] == "verdict"] == [["time-offset"]]'
ok "the offset is said in seconds" json "$work/time-offset.json" '[" s behind" in e["summary"] for e in d if e["event"] == "check.finished" and e["id"] == "time"] == [True]'
ok "no folder is left" left

# --- commands in a situation ----------------------------------------------------------------------------------------------
in_demo() { demo demo "$@" >"$work/out" 2>"$work/err"; }
ok "an update over TLS" in_demo healthy -- update --web --no-check
ok "it says what arrived" grep -q 'updated to version' "$work/out"
ok "an update through the proxy" in_demo proxy-auth-required -- proxy show
in_demo healthy -- no-such-command
ok "the command's exit code is handed on" test $? = 2
run 2 demo no-such-situation
ok "an unknown situation says what next" grep -q 'demo --list' "$work/err"
run 2 demo --list healthy

# --- the tour: an update, a cause, the repair --------------------------------------------------------------------------------
ok "the tour" demo demo --tour >"$work/out" 2>"$work/err"
ok "the tour names the cause" grep -q '^Cause: proxy-auth-rejected' "$work/out"
ok "the tour ends well" grep -q 'can be used' "$work/out"
ok "no folder is left after the tour" left

# --- ended in the middle -----------------------------------------------------------------------------------------------------
"$program" demo healthy -- log --follow </dev/null >"$work/follow" 2>&1 &
pid=$!
ok "the log goes on" wait_for 15 grep -q 'posture.console.demo' "$work/follow"
servers=$(pgrep -P $pid)
kill -TERM $pid
wait $pid
ok "an ended demo says so" test $? = 130
ok "an ended demo leaves no folder" left
gone() { local p; for p in $servers; do ! kill -0 "$p" 2>/dev/null || return 1; done; }
ok "an ended demo leaves no process" wait_for 5 gone
"$program" demo healthy -- log --follow </dev/null >"$work/follow" 2>&1 &
pid=$!
wait_for 15 grep -q 'posture.console.demo' "$work/follow"
servers=$(pgrep -P $pid)
kill -KILL $pid
wait $pid 2>/dev/null
ok "a killed demo leaves no server" wait_for 5 bash -c 'for p in "$@"; do grep -q "log" /proc/$p/cmdline 2>/dev/null || ! kill -0 $p 2>/dev/null || exit 1; done' - $servers
for p in $servers; do kill "$p" 2>/dev/null; done
finish
