#!/bin/bash
# The systemd units are well formed, name the installed program, and the service is confined.
. "$top_srcdir/tests/lib/common.sh"
units=$top_builddir/contrib/systemd
[ -e "$units/system/posture-console.service" ] || skip "configured without systemd units"
need systemd-analyze

bindir=$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")/bin
mkdir -p "$work/system" "$work/user"
for kind in system user; do
	for unit in service timer; do
		# verify wants the program to be there.
		sed "s|^ExecStart=$bindir/posture-console|ExecStart=$program|" "$units/$kind/posture-console.$unit" >"$work/$kind/posture-console.$unit"
	done
done
verify() { SYSTEMD_LOG_LEVEL=warning systemd-analyze verify "--$1" --man=no --recursive-errors=one "$work/$1/posture-console.service" \
	"$work/$1/posture-console.timer" >"$work/out" 2>&1 && ! grep -v 'posture' "$work/out" | grep -q posture-console; }
ok "the system units are well formed" verify system
if verify user || ! grep -qiE 'XDG_RUNTIME_DIR|connect|Failed to (initialize|create)' "$work/out"; then
	ok "the user units are well formed" verify user
fi
exposure=$(systemd-analyze security --offline=yes --no-pager "$work/system/posture-console.service" 2>/dev/null |
	sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
[ -n "$exposure" ] || exposure=unknown
echo "exposure $exposure (10 is worst)"
ok "the service is confined (exposure $exposure, at most 3)" awk -v e="$exposure" 'BEGIN { exit !(e != "unknown" && e + 0 <= 3) }'
# Without these the processes that unpack archives could not confine themselves, or would be killed when they try.
ok "the service may confine its processes further" sh -c "
	grep -q '^SystemCallFilter=@system-service .*landlock_create_ruleset.*landlock_restrict_self' '$work/system/posture-console.service' &&
	grep -qx SystemCallErrorNumber=EPERM '$work/system/posture-console.service'"
# What it runs is accepted by the program, and does nothing while nothing is due.
command=$(sed -n "s|^ExecStart=$bindir/posture-console ||p" "$units/system/posture-console.service")
ok "the unit runs an update --if-due" test "$command" = "update --if-due --quiet"
pc config set schedule.automatic false
# shellcheck disable=SC2086
run 0 $command
ok "nothing is said when nothing is due" test ! -s "$work/out" -a ! -s "$work/err"
finish
