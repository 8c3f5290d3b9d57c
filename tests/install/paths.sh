#!/bin/bash
# Where settings and state are: in the home folder for anyone, system-wide for root; the environment and the options go before.
. "$top_srcdir/tests/lib/common.sh"
need unshare setpriv

sysconfdir=$(sed -n 's/^sysconfdir = //p' "$top_builddir/Makefile" | sed "s|\${prefix}|$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")|")
localstatedir=$(sed -n 's/^localstatedir = //p' "$top_builddir/Makefile" | sed "s|\${prefix}|$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")|")
bundle=$top_builddir/sample/posture-offline.zip
cp "$program" "$bundle" "$work"
program=$work/posture-console bundle=$work/posture-offline.zip

# Without privileges. Root gives them up first; anyone else has none to begin with.
home=$work/home
mkdir -p "$home" "$work/x"
chmod 755 "$work"
if [ "$(id -u)" = 0 ]; then
	chown -R 65534:65534 "$home" "$work/x"
	user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
else
	user=()
fi
as_user() { "${user[@]}" env -u XDG_CONFIG_HOME -u XDG_STATE_HOME HOME="$home" "$@"; }
ok "an update without privileges" as_user "$program" update --quiet --offline "$bundle"
ok "the settings are saved without privileges" as_user "$program" config set schedule.every_hours 12
ok "the state is in the home folder" test -e "$home/.local/state/posture-console/current"
ok "the settings are in the home folder" grep -q 12 "$home/.config/posture-console/console.conf"
ok "the XDG folders are used" as_user env XDG_CONFIG_HOME="$work/x/c" XDG_STATE_HOME="$work/x/s" \
	"$program" config set schedule.every_hours 6
ok "the XDG folder holds the settings" grep -q 6 "$work/x/c/posture-console/console.conf"
ok "an XDG folder that is no absolute path is ignored" as_user env XDG_CONFIG_HOME=x "$program" config get schedule.every_hours
ok "the environment goes before the home folder" as_user env POSTURE_CONSOLE_CONFIG="$work/x/e.conf" \
	"$program" config set schedule.every_hours 5
ok "the file of the environment holds the setting" grep -q 5 "$work/x/e.conf"
ok "an option goes before the environment" as_user env POSTURE_CONSOLE_CONFIG="$work/x/e.conf" \
	"$program" --config "$work/x/o.conf" config set schedule.every_hours 4
ok "the file of the option holds the setting" grep -q 4 "$work/x/o.conf"

# As root, on folders of its own over the real ones.
mkdir -p "$work/etc" "$work/var"
cat >"$work/as-root" <<END
set -e
mkdir -p "$sysconfdir" "$localstatedir" 2>/dev/null || true
mount --bind "$work/etc" "$sysconfdir" && mount --bind "$work/var" "$localstatedir" || exit 9
export HOME="$home"
"$program" config set schedule.every_hours 11
"$program" update --quiet --offline "$bundle"
END
rc=0
unshare -r -m bash "$work/as-root" >"$work/out" 2>"$work/err" || rc=$?
if [ $rc = 0 ]; then
	ok "root's settings are system-wide" grep -q 11 "$work/etc/posture-console/console.conf"
	ok "root's state is system-wide" test -e "$work/var/lib/posture-console/current"
elif ! grep -q posture-console: "$work/err"; then
	echo "not tested here: the system-wide folders (no mount namespace: $(tail -1 "$work/err"))"
else
	ok "the program runs system-wide" false
fi
finish
