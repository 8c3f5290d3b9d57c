#!/bin/bash
# The power goes at every step of an update with a hook, of a rollback and of the very first update, which fails: of what was not
# flushed, anything may be lost. On each disk that can be left the next update completes, and the hook has then run for what is
# current; what was reported is so when the command has ended, and a hook that has run is not run again.
# tests/lib/powercut.py makes the disks.
#
# POWER_EVERY=n looks after every nth change only (while few changes are open, after each); 1 for all.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
need strace python3 zip
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
strace -o /dev/null true 2>"$work/probe" || skip "nothing can be traced here: $(cat "$work/probe")"
base=/dev/shm
[ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}
dir=$(mktemp -d "$base/pc-power-XXXXXX")
at_exit 'chmod -R u+rwX "$dir"; rm -rf "${dir:?}"'
export PROGRAM=$(realpath "$program") CONFIG=$config DIR=$dir
every=${POWER_EVERY:-20}
old=2026.11.20.1 new=2026.11.21.1

for v in $old $new; do
	sample_feed "$work/$v" $v
	pc bundle build "$work/$v" -o "$dir/$v.zip" >/dev/null
done
pc update --offline "$dir/$old.zip" >/dev/null || exit 99
cp -a "$state" "$dir/one"
pc update --offline "$dir/$new.zip" >/dev/null || exit 99
cp -a "$state" "$dir/two"
# It flushes what it writes, as a program that hands content on would.
cat >"$dir/hook" <<'END'
#!/bin/sh
echo "$POSTURE_CONSOLE_VERSION" | dd of="${POSTURE_CONSOLE_GENERATION_PATH%/content/*}/hook.ran" oflag=append conv=notrunc,fsync status=none
END
cat >"$dir/common" <<'END'
pc() { "$PROGRAM" --config "$CONFIG" --state-dir "$state" "$@" >"$state.out" 2>&1; }
version() { pc status --json && sed 's/.*"version":"\([0-9.]*\)".*/\1/' "$state.out"; }
die() { echo "$*: $(tail -3 "$state.out")"; exit 1; }
state=$1
END
# aftermath STATE LEAST MOST: the next update completes, and the hook has run so often for that version.
cat >"$dir/aftermath" <<'END'
#!/bin/bash
. "$DIR/common"
pc update --offline "$DIR/2026.11.21.1.zip" || die "the next update fails"
grep -q 'check 2026.11.21.1' "$state/current/components/cisco-conditions/checks/pc_one.xml" || die "the new version is not there"
ran=$(grep -c -x 2026.11.21.1 "$state/hook.ran")
[ "$ran" -ge "$2" ] && [ "$ran" -le "$3" ] || die "the hook has run $ran times"
END
# went_back STATE VERSION...: that is current, the history knows why, and an update comes back from there.
cat >"$dir/went_back" <<'END'
#!/bin/bash
. "$DIR/common"
now=$(grep -o 'check 2026[0-9.]*' "$state/current/components/cisco-conditions/checks/pc_one.xml") || die "nothing is current"
[[ " ${*:2} " = *" ${now#check } "* ]] || die "current is $now"
pc update --offline "$DIR/2026.11.21.1.zip" --force || die "the next update fails"
grep -q 'check 2026.11.21.1' "$state/current/components/cisco-conditions/checks/pc_one.xml" || die "the new version is not there"
END
cat >"$dir/told" <<'END'
#!/bin/bash
. "$DIR/common"
pc history --json || die "no history"
grep -q bundle-not-zip "$state.out" || die "the failure is not in the history"
END
printf '#!/bin/bash\n. "$DIR/common"\npc update --offline "$DIR/2026.11.20.1.zip" || die "the next update fails"\n' >"$dir/next"
echo "this is not a zip" >"$dir/text.zip"
printf '#!/bin/sh\n"$PROGRAM" --config "$CONFIG" --state-dir "$DIR/root/state" update --offline "$DIR/text.zip"\n[ $? = 65 ]\n' >"$dir/fails"
chmod +x "$dir/hook" "$dir/aftermath" "$dir/went_back" "$dir/told" "$dir/next" "$dir/fails"

# cut TEMPLATE CHECK AFTER COMMAND...
cut() {
	local template=$1 check=$2 after=$3 rc=0
	shift 3
	chmod -R u+rwX "$dir/root" 2>/dev/null
	rm -rf "${dir:?}/root"
	mkdir "$dir/root"
	if [ -d "$template" ]; then
		cp -a "$template" "$dir/root/state"
		: >"$dir/root/state/hook.ran"
	fi
	python3 "$top_srcdir/tests/lib/powercut.py" --root "$dir/root" --every "$every" --random "${POWER_RANDOM:-1}" \
		--jobs "${TORTURE_JOBS:-1}" --check "$check" --after "$after" \
		-- "$@" >"$work/out" 2>"$work/err" || rc=1
	tail -n 1 "$work/out"
	return $rc
}

ok "a rollback" cut "$dir/two" "'$dir/went_back' '{root}/state' $old $new" "'$dir/went_back' '{root}/state' $old" \
	"$PROGRAM" --config "$config" --state-dir "$dir/root/state" --quiet rollback
ok "a first update that fails" cut "$dir/none" "'$dir/next' '{root}/state'" "'$dir/told' '{root}/state'" "$dir/fails"
run 0 config set hook.after_commit "$dir/hook"
ok "an update with a hook" cut "$dir/one" "'$dir/aftermath' '{root}/state' 1 9" "'$dir/aftermath' '{root}/state' 1 1" \
	"$PROGRAM" --config "$config" --state-dir "$dir/root/state" --quiet update --offline "$dir/$new.zip"
finish
