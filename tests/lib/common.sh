# common.sh - what the shell tests share. Source it first:  . "$top_srcdir/tests/lib/common.sh"
#
#   $work            an empty folder, removed at the end
#   pc ARG...        the program, with its settings and state below $work ($state, $config can be changed)
#   run RC ARG...    pc, expecting that exit code; output in $work/out and $work/err
#   ok "WHAT" CMD... one promise: the command must succeed
#   json FILE EXPR   evaluates a Python expression over a JSON document (d) or over JSON lines (list d)
#   finish           at the end: prints the numbers, fails when a promise was broken
#
# POSTURE_CONSOLE_TEST_LOCALE=tr_TR.UTF-8 make check: what only goes wrong in another locale.
set -u
program=$top_builddir/posture-console
work=$(mktemp -d)
state=$work/state
config=$work/console.conf
promises=0
broken=0
export LC_ALL=${POSTURE_CONSOLE_TEST_LOCALE:-C.UTF-8} TZ=UTC
unset POSTURE_CONSOLE_CONFIG POSTURE_CONSOLE_STATE_DIR http_proxy https_proxy all_proxy no_proxy NO_COLOR

cleanup_commands=
at_exit() { cleanup_commands="$*
$cleanup_commands"; }
cleanup() {
	eval "$cleanup_commands"
	chmod -R u+w "$work" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

skip() {
	echo "SKIP: $*"
	exit 77
}
need() { for tool in "$@"; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done; }

pc() { "$program" --config "$config" --state-dir "$state" "$@"; }

run() {
	local want=$1 got=0
	shift
	pc "$@" >"$work/out" 2>"$work/err" || got=$?
	promises=$((promises + 1))
	if [ "$got" != "$want" ]; then
		broken=$((broken + 1))
		echo "BROKEN: posture-console $* ended with $got, not $want"
		sed 's/^/  out: /' "$work/out" | tail -20
		sed 's/^/  err: /' "$work/err" | tail -20
	fi
}

ok() {
	local what=$1
	shift
	promises=$((promises + 1))
	if ! "$@"; then
		broken=$((broken + 1))
		echo "BROKEN: $what"
		sed 's/^/  out: /' "$work/out" 2>/dev/null | tail -20
		sed 's/^/  err: /' "$work/err" 2>/dev/null | tail -20
	fi
}

json() {
	python3 - "$1" "$2" <<'PY'
import json, sys
text = open(sys.argv[1]).read()
try:
    d = json.loads(text)
except ValueError:
    d = [json.loads(line) for line in text.splitlines() if line.strip()]
value = eval(sys.argv[2])
if isinstance(value, bool):
    sys.exit(0 if value else 1)
print(value)
PY
}

# wait_for SECONDS CMD...: polls until the command succeeds.
wait_for() {
	local end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

finish() {
	echo "$promises promises, $broken broken"
	[ "$broken" = 0 ]
	exit
}
