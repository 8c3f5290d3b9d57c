#!/bin/bash
# The power goes at every step of a filling of the store, of imports of one and of many certificates and of a removal: of what was
# not flushed, anything may be lost. On each disk that can be left the store opens and is the one before or the one after, with
# the file of every certificate that its index names; what was reported as done is there when the command has ended.
# tests/lib/powercut.py makes the disks.
#
# POWER_EVERY=n looks after every nth change only (while few changes are open, after each); 1 for all.
set -eu
program=$(realpath "$top_builddir/posture-console")
powercut=$top_srcdir/tests/lib/powercut.py
every=${POWER_EVERY:-3}
for tool in strace python3 openssl; do
	command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
done
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}" LC_ALL=C.UTF-8
base=/dev/shm
[ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}
dir=$(mktemp -d "$base/pc-power-XXXXXX")
trap 'rm -rf "${dir:?}"' EXIT
strace -o /dev/null true 2>"$dir/probe" || { echo "nothing can be traced here: $(cat "$dir/probe")"; exit 77; }
export POSTURE_CONSOLE_CONFIG=$dir/console.conf POSTURE_CONSOLE_CA_BUNDLE=$dir/bundle.pem
status=0

ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 400 -subj "/CN=$1" \
		-keyout "$dir/key.pem" -out "$dir/$1.pem" 2>/dev/null || exit 99
}
for name in one two new a b c d e; do ca $name; done
cat "$dir/one.pem" "$dir/two.pem" >"$dir/bundle.pem"
cat "$dir"/[a-e].pem >"$dir/many.pem"

# looks STATE ALLOWED...: the names in the store, each with "!" where something is wrong with its file, are one of those.
cat >"$dir/look" <<'END'
#!/bin/bash
set -eu
state=$1 allowed=" ${*:2} "
"$PROGRAM" --state-dir "$state" certs list --json >"$state.json" 2>"$state.err" || { tail -1 "$state.err"; exit 1; }
now=$(python3 - "$state.json" <<'PY'
import json, sys
print(",".join(sorted(e["name"] + ("!" if any("file" in r for r in e["remarks"]) else "") for e in json.load(open(sys.argv[1])))))
PY
)
[ "${allowed#* "$now" }" != "$allowed" ] || { echo "the store holds $now"; exit 1; }
for one in ${now//,/ }; do
	"$PROGRAM" --state-dir "$state" certs export "$one" >/dev/null 2>&1 || { echo "cannot use $one"; exit 1; }
done
END
chmod +x "$dir/look"
export PROGRAM=$program

# cut NAME TEMPLATE BEFORE AFTER COMMAND...
cut() {
	local name=$1 template=$2 before=$3 after=$4
	shift 4
	rm -rf "${dir:?}/root"
	mkdir "$dir/root"
	[ ! -d "$template" ] || cp -a "$template" "$dir/root/state"
	printf '%s: ' "$name"
	python3 "$powercut" --root "$dir/root" --every "$every" --check "'$dir/look' '{root}/state' $before $after" \
		--after "'$dir/look' '{root}/state' $after" -- "$program" --state-dir "$dir/root/state" "$@" >"$dir/out" || status=1
	tail -n 11 "$dir/out"
}

cut "a store that is filled" "$dir/none" one,two one,two certs list --quiet
"$program" --state-dir "$dir/filled" certs list --quiet >/dev/null
cut "an import of one" "$dir/filled" one,two new,one,two certs import "$dir/new.pem" --name new --quiet
cut "an import of many" "$dir/filled" one,two a#a#00001,b#b#00001,c#c#00001,d#d#00001,e#e#00001,one,two certs import "$dir/many.pem" --quiet
cut "a removal" "$dir/filled" one,two two certs remove one --quiet
exit $status
