#!/bin/bash
# A save that is killed at any system call that changes something leaves the old settings or the new ones, the next save
# works, and nothing stays behind.
set -u
command -v strace > /dev/null || { echo "strace is not installed"; exit 77; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
strace -o /dev/null true 2> /dev/null || { echo "strace may not trace here"; exit 77; }
mkdir "$work/etc"
export POSTURE_CONSOLE_CONFIG=$work/etc/console.conf POSTURE_CONSOLE_STATE_DIR=$work/state
# A sanitizer's own threads and calls would drown the points, and LeakSanitizer cannot run under ptrace.
export ASAN_OPTIONS=detect_leaks=0
program=$top_builddir/posture-console
calls=openat,write,fsync,fchmod,fchown,rename,renameat,renameat2,unlink,unlinkat,flock,ftruncate
old='# kept
proxy = { port = 1; }; // why
'
new='# kept
proxy = { port = 2; }; // why
'
# Somebody else's file stays theirs, and only root can tell.
owner=$(id -u)
[ "$owner" != 0 ] || owner=65534
points=0 fail=0

is() { [ "$(cat "$POSTURE_CONSOLE_CONFIG"; echo .)" = "$1." ]; }
for call in ${calls//,/ }; do
	for ((n = 1; n < 200; n++)); do
		printf '%s' "$old" > "$POSTURE_CONSOLE_CONFIG"
		chown "$owner" "$POSTURE_CONSOLE_CONFIG"
		# In a shell of its own, which swallows "Killed".
		(timeout 20 strace -qq -o "$work/trace" -e trace="$call" -e inject="$call:signal=KILL:when=$n" \
			"$program" --quiet config set proxy.port 2; exit $?) 2> /dev/null
		code=$?
		# Ended well: it does not make that many of these calls.
		[ $code = 0 ] && break
		points=$((points + 1))
		if ! is "$old" && ! is "$new"; then
			echo "FAILED: killed at $call $n: the file is neither old nor new"
			fail=1
		fi
		if [ "$(stat -c %u "$POSTURE_CONSOLE_CONFIG")" != "$owner" ]; then
			echo "FAILED: killed at $call $n: the file has another owner"
			fail=1
		fi
		if ! timeout 20 "$program" --quiet config set proxy.port 2 || ! is "$new"; then
			echo "FAILED: killed at $call $n: the next save does not work"
			fail=1
		fi
		if [ "$(find "$work/etc" -mindepth 1 | wc -l)" != 1 ]; then
			echo "FAILED: killed at $call $n: something stays behind: $(ls -A "$work/etc")"
			fail=1
		fi
	done
	[ $n -lt 200 ] || { echo "FAILED: $call has no end"; fail=1; }
done
echo "killed at $points points"
[ $points -gt 5 ] || { echo "FAILED: too few points"; fail=1; }
exit $fail
