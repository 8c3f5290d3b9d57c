#!/bin/bash
# The hook after a commit, the schedule, and what the people's output says.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
need python3

feed=$work/feed
bundle=$work/posture-offline.zip
build() { rm -rf "$feed"; sample_feed "$feed" "$1" && pc bundle build "$feed" -o "$bundle" >/dev/null; }
current() { readlink "$state/current"; }
last() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
sys.exit(0 if eval(sys.argv[2],{},last) else 1)' "$work/out" "$1"; }

cat >"$work/hook" <<'HOOK'
#!/bin/sh
env >"$1"
ls -l /proc/self/fd >"$1.fds"
printf 'hook says \033[31mred\n'
exit "${2:-0}"
HOOK
chmod +x "$work/hook"

# --- it runs with its own environment
export SECRET_OF_THE_SHELL=do-not-leak
build 2026.1.1.1
run 0 config set hook.after_commit "$work/hook" "$work/environment"
run 0 --json update --offline "$bundle" 7<"$bundle" 8<"$work/hook"
ok "it updated" last 'status == "updated"'
ok "the hook knows the generation's folder" grep -q "^POSTURE_CONSOLE_GENERATION_PATH=$state/content/" "$work/environment"
ok "and the versions" grep -q "^POSTURE_CONSOLE_VERSION_OS_GROUPS_V2=" "$work/environment"
ok "and gets nothing of our environment" sh -c "! grep -q SECRET_OF_THE_SHELL '$work/environment'"
# "ls" has the folder that it lists as one more. 7 and 8 are what whoever started the update has open.
ok "of what is open it has 0 to 2 only" sh -c "sed 's/.* \([0-9]*\) -> .*/\1/' '$work/environment.fds' | grep -x '[0-9]*' | sort -n | tr '\n' ' ' | grep -qx '0 1 2 3 '"
ok "its output is in the log, made safe" grep -q 'hook says ^\[\[31mred' "$state/log/ise-psc.log"

# --- its failure is reported and undoes nothing
build 2026.1.2.1
run 0 config set hook.after_commit "$work/hook" "$work/environment" 7
run 1 --json update --offline "$bundle"
ok "the update stands, the hook's failure is told" last 'status == "updated" and "hook-failed" in also'
ok "the new generation is current" grep -q "check 2026.1.2.1" "$state/current/components/cisco-conditions/checks/pc_one.xml"

# --- a time limit
build 2026.1.3.1
run 0 config set hook.after_commit sleep 60
run 0 config set hook.timeout_s 1
start=$(date +%s)
run 1 --json update --offline "$bundle"
ok "an endless hook is ended" test $(($(date +%s) - start)) -lt 20
ok "and named" last 'status == "updated" and "hook-timeout" in also'

# --- what it leaves behind and writes on and on is not waited for
build 2026.1.3.2
run 0 config set hook.timeout_s 30
cat >"$work/leaves" <<'HOOK'
#!/bin/sh
for i in 1 2 3 4; do
	yes &
	echo $! >>"$1"
done
HOOK
chmod +x "$work/leaves"
at_exit "xargs kill <'$work/left' 2>/dev/null"
run 0 config set hook.after_commit "$work/leaves" "$work/left"
start=$(date +%s)
run 0 --json update --offline "$bundle"
ok "the update ends with its hook" test $(($(date +%s) - start)) -lt 20
ok "and has succeeded" last 'status == "updated" and "hook-failed" not in also'
xargs kill <"$work/left" 2>/dev/null

# --- undoing the commit when the settings say so
before=$(current)
build 2026.1.4.1
run 0 config set hook.after_commit "$work/hook" "$work/environment" 1
run 0 config set hook.rollback_on_failure true
run 1 --json update --offline "$bundle"
ok "the update is undone" last 'status == "failed" and cause == "hook-failed"'
ok "what was current is current again" test "$(current)" = "$before"
run 0 config set hook.after_commit --default

# --- it is owed from before the commit until it has run
cat >"$work/owed-hook" <<'HOOK'
#!/bin/sh
echo "$(stat -c %a "$1") $(cat "$1") $POSTURE_CONSOLE_GENERATION" >>"$2"
HOOK
chmod +x "$work/owed-hook"
build 2026.1.4.2
run 0 config set hook.after_commit "$work/owed-hook" "$state/hook.owed" "$work/owed"
run 0 --json update --offline "$bundle"
now=$(basename "$(current)")
ok "while it runs it is owed, and that is private" grep -qx "600 $now $now" "$work/owed"
ok "then no longer" test ! -e "$state/hook.owed"
printf '20200101-1' >"$state/hook.owed"
run 0 --json update --offline "$bundle"
ok "what is owed to another generation is not run" test "$(wc -l <"$work/owed")" = 1
ok "and no longer owed" test ! -e "$state/hook.owed"
printf '%s' "$now" >"$state/hook.owed"
run 0 --json update --offline "$bundle"
ok "what is owed to this one is run, although it is up to date" sh -c "test \$(wc -l <'$work/owed') = 2 && grep -q '\"up-to-date\"' '$work/out'"
ok "once" test ! -e "$state/hook.owed"
run 0 config set hook.after_commit --default

# --- the schedule
run 0 config set source.mode offline
run 0 config set source.bundle "$bundle"
run 0 config set schedule.jitter 00:00:00
run 0 config set schedule.initial_delay 00:00:00
state=$work/state2
run 0 --json update --if-due
ok "the first check is due after its delay" last 'event == "update.finished" and status == "updated"'
run 0 --json update --if-due
ok "the next is not due yet" last 'event == "update.not-due"'
export POSTURE_CONSOLE_TEST_TIME
POSTURE_CONSOLE_TEST_TIME=$(date -u -d '+25 hours' +%Y-%m-%dT%H:%M:%SZ)
run 0 --json update --if-due
ok "after the interval it is" last 'event == "update.finished" and status == "up-to-date"'
unset POSTURE_CONSOLE_TEST_TIME
run 0 config set schedule.automatic false
run 0 --json update --if-due
ok "a schedule that is off does nothing" last 'event == "update.not-due" and next is None'

# --- for people: plain lines where there is no terminal, bars where there is one
build 2026.1.5.1
run 0 update --offline "$bundle"
ok "plain lines" grep -q "conditions.tar.gz" "$work/out"
ok "no escape sequences" sh -c "! grep -q \$(printf '\\033') '$work/out'"
run 0 --quiet update --offline "$bundle"
ok "--quiet says nothing when all is well" test ! -s "$work/out"
finish
