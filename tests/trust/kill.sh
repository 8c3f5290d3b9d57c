#!/bin/bash
# The store is killed at every system call that changes something, while it is filled, while a certificate is imported and
# while one is removed. After each kill the store opens: filled whole or filled again; before the change or after it. The same when such a call fails.
set -u
command -v strace > /dev/null && strace -e trace=none true 2> /dev/null || { echo "strace cannot trace here"; exit 77; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export POSTURE_CONSOLE_CONFIG=$work/console.conf POSTURE_CONSOLE_STATE_DIR=$work/state
export POSTURE_CONSOLE_CA_BUNDLE=$work/bundle.pem
# Leaks are not what is looked for, and the tracer would be in the way of that search.
export ASAN_OPTIONS=detect_leaks=0
program=$top_builddir/posture-console
deadline=$((SECONDS + ${KILL_SECONDS:-120}))
points=0 fail=0

ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 400 -subj "/CN=$1" \
		-keyout "$work/key.pem" -out "$work/$1.pem" 2> /dev/null || exit 99
}
ca one; ca two; ca three; ca new
cat "$work/one.pem" "$work/two.pem" "$work/three.pem" "$top_srcdir/tests/trust/identrust.pem" > "$work/bundle.pem"

# The names in the store, and what is wrong with a certificate's file.
names() {
	"$program" certs list --json > "$work/out" 2> "$work/err" || return 1
	tr '{' '\n' < "$work/out" | sed -n 's/^"name":"\([^"]*\)".*"remarks":\[\(.*file.*\)*\].*/\1\2/p' | paste -sd,
}

# whole BEFORE AFTER WHAT: the store is one of the two.
whole() {
	local now
	now=$(names) || { echo "FAILED: $3: the store does not open"; cat "$work/err"; fail=1; return; }
	[ "$now" = "$1" ] || [ "$now" = "$2" ] || { echo "FAILED: $3: the store holds $now"; cat "$work/out"; fail=1; }
}

# kill_all WHAT BEFORE AFTER PREPARE COMMAND...: kills COMMAND at each call in turn, until it gets to its end.
kill_all() {
	local what=$1 before=$2 after=$3 prepare=$4 call n
	shift 4
	for call in mkdirat write fchmod fsync syncfs renameat unlinkat; do
		for ((n = 1; ; n++)); do
			[ $SECONDS -lt $deadline ] || { echo "out of time after $points points"; exit 99; }
			$prepare
			{ strace -f -o /dev/null -e trace=$call -e inject=$call:signal=SIGKILL:when=$n \
				"$program" "$@"; } > /dev/null 2>&1 && break
			points=$((points + 1))
			whole "$before" "$after" "$what, killed at $call $n"
			[ $fail = 0 ] || exit 1
		done
	done
}

fresh() { rm -rf "$work/state"; }
filled() { rm -rf "$work/state"; cp -a "$work/filled" "$work/state"; }
system='IdenTrust Commercial Root CA 1,one,three,two'

kill_all filling "$system" "$system" fresh certs list --quiet
fresh; names > /dev/null; cp -a "$work/state" "$work/filled"
kill_all importing "$system" 'IdenTrust Commercial Root CA 1,new,one,three,two' filled \
	certs import "$work/new.pem" --name new --quiet
kill_all removing "$system" 'IdenTrust Commercial Root CA 1,one,three' filled certs remove two --quiet
killed=$points
# fail_all WHAT BEFORE AFTER PREPARE COMMAND...: lets each call in turn fail, until it gets to its end.
fail_all() {
	local what=$1 before=$2 after=$3 prepare=$4 call n
	shift 4
	for call in mkdirat write fchmod fsync syncfs renameat unlinkat; do
		for ((n = 1; ; n++)); do
			[ $SECONDS -lt $deadline ] || { echo "out of time after $points points"; exit 99; }
			$prepare
			strace -f -o "$work/trace" -e trace=$call -e inject=$call:error=EIO:when=$n "$program" "$@" > /dev/null 2>&1
			grep -q INJECTED "$work/trace" || break
			points=$((points + 1))
			whole "$before" "$after" "$what, with $call $n failing"
			[ $fail = 0 ] || exit 1
		done
	done
}
fail_all importing "$system" 'IdenTrust Commercial Root CA 1,new,one,three,two' filled \
	certs import "$work/new.pem" --name new --quiet
fail_all removing "$system" 'IdenTrust Commercial Root CA 1,one,three' filled certs remove two --quiet
echo "killed at $killed points, and $((points - killed)) calls failed"
[ $killed -gt 30 ] && [ $points -gt $((killed + 10)) ] || { echo "FAILED: too few points to mean anything"; fail=1; }
exit $fail
