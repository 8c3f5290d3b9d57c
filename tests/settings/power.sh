#!/bin/bash
# The power goes at every step of saving settings and the proxy's login: of what was not flushed, anything may be lost. On each disk
# that can be left the settings are the ones before or the ones after, the login is whole, and the next save works; what was
# reported as saved, or as removed, is so when the command has ended, also where the folders were made for it.
# tests/lib/powercut.py makes the disks.
set -eu
program=$(realpath "$top_builddir/posture-console")
powercut=$top_srcdir/tests/lib/powercut.py
for tool in strace python3; do
	command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
done
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}" LC_ALL=C.UTF-8
base=/dev/shm
[ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}
dir=$(mktemp -d "$base/pc-power-XXXXXX")
trap 'rm -rf "${dir:?}"' EXIT
strace -o /dev/null true 2>"$dir/probe" || { echo "nothing can be traced here: $(cat "$dir/probe")"; exit 77; }
unset POSTURE_CONSOLE_CONFIG POSTURE_CONSOLE_STATE_DIR
status=0
printf 'first-secret' >"$dir/first"
printf 'other-secret' >"$dir/other"

# look ROOT ALLOWED...: port and password, "-" for none, are one of those.
cat >"$dir/look" <<'END'
#!/bin/bash
set -eu
root=$1
pc() { "$PROGRAM" --config "$root/etc/sub/console.conf" --state-dir "$root/var/state" "$@"; }
port=$(pc --quiet config get proxy.port 2>&1) || { echo "$port"; exit 1; }
password=$(cat "$root"/var/state/*password* 2>/dev/null) || true
[[ " ${*:2} " = *" $port/${password:--} "* ]] || { echo "there is $port/${password:--}"; exit 1; }
pc --quiet config set proxy.port 9 >/dev/null 2>&1 && [ "$(pc --quiet config get proxy.port)" = 9 ] || { echo "the next save fails"; exit 1; }
END
chmod +x "$dir/look"
export PROGRAM=$program

pc() { "$program" --config "$dir/root/etc/sub/console.conf" --state-dir "$dir/root/var/state" --quiet "$@" >/dev/null 2>&1; }
# cut NAME BEFORE AFTER PREPARATION COMMAND...
cut() {
	local name=$1 before=$2 after=$3 prepare=$4
	shift 4
	rm -rf "${dir:?}/root"
	mkdir "$dir/root"
	$prepare
	printf '%s: ' "$name"
	python3 "$powercut" --root "$dir/root" --check "'$dir/look' '{root}' $before" --after "'$dir/look' '{root}' $after" -- \
		"$program" --config "$dir/root/etc/sub/console.conf" --state-dir "$dir/root/var/state" --quiet "$@" \
		>"$dir/out" 2>"$dir/err" || status=1
	tail -n 11 "$dir/out"
}
nothing() { :; }
settings() { pc config set proxy.port 1; }
login() { pc proxy set --host p.example --port 1 --user operator --password-file "$dir/first"; }

cut "the first save" "8080/- 7/-" 7/- nothing config set proxy.port 7
cut "another save" "1/- 7/-" 7/- settings config set proxy.port 7
cut "the first login" "8080/- 8080/first-secret 7/- 7/first-secret" 7/first-secret nothing \
	proxy set --host p.example --port 7 --user operator --password-file "$dir/first"
cut "another login" "1/first-secret 1/other-secret 7/- 7/first-secret 7/other-secret" 7/other-secret login \
	proxy set --port 7 --password-file "$dir/other"
cut "a login that is removed" "1/first-secret 1/-" 1/- login proxy set --user ""
exit $status
