# lab.sh - the scenarios of torture.py. Source after common.sh, feed.sh and (for the online ones) servers.sh.
#
#   torture_lab          $lab/NAME for first, incremental, deleted, hook, rollback; needs no network
#   torture_online       $lab/NAME for web-first, web (signed, a signature required), mirror; starts nginx
torture_base=/dev/shm
[ -d $torture_base ] && [ -w $torture_base ] || torture_base=${TMPDIR:-/tmp}
lab=$(mktemp -d "$torture_base/pc-torture-XXXXXX")
at_exit 'chmod -R u+rwX "$lab"; rm -rf "$lab"'

old_version=2026.11.20.1 new_version=2026.11.21.1

# scenario NAME OLD NEW DEFAULTS WORD...: writes scenario.json, and what current may show
scenario() {
	local name=$1 old=$2 new=$3 defaults=$4 more=${more:-}
	shift 4
	python3 - "$lab/$name/scenario.json" "$old" "$new" "$defaults" "$more" "$@" <<'PY'
import json, sys
path, old, new, defaults, more, *command = sys.argv[1:]
json.dump({"command": command, "old": old or None, "new": new, "defaults": defaults, "hook": "hook" in more,
           "mirror": "mirror" in more}, open(path, "w"))
PY
}
pc_in() { # DIR ARG...: the program on that scenario's state
	local dir=$1
	shift
	"$program" --config "$dir/console.conf" --state-dir "$dir/state" "$@" >"$work/out" 2>&1 || { cat "$work/out"; echo "lab: $* failed"; exit 1; }
}
show() { python3 "$top_srcdir/tests/torture/torture.py" --program "$program" --lab "$lab" --tree "$1/state/current/" ; }

torture_lab() {
	local v d
	for v in $old_version $new_version; do
		mkdir -p "$lab/feeds/$v"
		sample_feed "$lab/feeds/$v" $v
		pc bundle build "$lab/feeds/$v" -o "$lab/feeds/$v.zip" >/dev/null
	done
	for d in first incremental deleted hook rollback; do
		mkdir -p "$lab/$d"
		: >"$lab/$d/console.conf"
	done
	# What each version looks like, and a state that has the old one, with an older one before it.
	pc_in "$lab/incremental" update --offline "$lab/feeds/$old_version.zip"
	show "$lab/incremental" >"$lab/tree-$old_version"
	cp -a "$lab/incremental" "$lab/both"
	pc_in "$lab/both" update --offline "$lab/feeds/$new_version.zip"
	show "$lab/both" >"$lab/tree-$new_version"
	for d in deleted hook; do cp -a "$lab/incremental/state" "$lab/$d/"; done
	rm -rf "$lab/deleted/state/defaults"
	cp -a "$lab/both/state" "$lab/rollback/"
	cat >"$lab/hook.sh" <<-'HOOK'
		#!/bin/sh
		echo "$POSTURE_CONSOLE_VERSION" >>"${POSTURE_CONSOLE_GENERATION_PATH%/content/*}/hook.ran"
	HOOK
	chmod 755 "$lab/hook.sh"
	"$program" --config "$lab/hook/console.conf" config set hook.after_commit "$lab/hook.sh" >/dev/null
	for d in first incremental deleted hook; do
		cp "$lab/tree-$old_version" "$lab/$d/tree-old"
		cp "$lab/tree-$new_version" "$lab/$d/tree-new"
	done
	cp "$lab/tree-$new_version" "$lab/rollback/tree-old"
	cp "$lab/tree-$old_version" "$lab/rollback/tree-new"
	scenario first "" $new_version made update --offline "$lab/feeds/$new_version.zip"
	scenario incremental $old_version $new_version made update --offline "$lab/feeds/$new_version.zip"
	scenario deleted $old_version $new_version deleted update --offline "$lab/feeds/$new_version.zip"
	more=hook scenario hook $old_version $new_version made update --offline "$lab/feeds/$new_version.zip"
	scenario rollback $new_version $old_version made rollback "$(basename "$(readlink "$lab/rollback/state/previous")")"
}

torture_online() {
	local d url
	pki_standard
	pki_leaf signer inter DNS:signer.test "ext=extendedKeyUsage=codeSigning"
	cat "$SERVERS_DIR/pki/signer.pem" "$SERVERS_DIR/pki/inter.pem" >"$work/signer.pem"
	for d in old new; do
		version=${d}_version
		mkdir -p "$lab/signed-$d"
		cp "$lab/feeds/${!version}"/*.tar.gz "$lab/signed-$d/"
		pc feed build "$lab/signed-$d" --version "${!version}" --sign "$work/signer.pem" "$SERVERS_DIR/pki/signer.key" >/dev/null
	done
	nginx_start torture feed
	url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
	serve() { cp "$lab/signed-$1"/* "$NGINX_ROOT/" && touch -d "$2" "$NGINX_ROOT/posture-update.xml" && chmod -R a+rX "$NGINX_ROOT"; }
	for d in web-first web mirror; do
		mkdir -p "$lab/$d"
		: >"$lab/$d/console.conf"
		pc_in "$lab/$d" config set source.signature required
		pc_in "$lab/$d" certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services
	done
	serve old 2026-01-01
	pc_in "$lab/web" update --url "$url" --no-check
	show "$lab/web" >"$lab/web/tree-old"
	pc_in "$lab/mirror" mirror --to "$lab/mirror/mirror" --url "$url"
	mirror_url=$url
	cp -a "$lab/signed-old" "$lab/mirror/feed-old"
	serve new 2026-01-02
	cp -a "$lab/web" "$lab/both-web"
	pc_in "$lab/both-web" update --url "$url" --no-check
	show "$lab/both-web" >"$lab/web/tree-new"
	cp "$lab/web/tree-new" "$lab/web-first/tree-new"
	cp -a "$lab/signed-new" "$lab/mirror/feed-new"
	scenario web-first "" $new_version made update --url "$url" --no-check
	scenario web $old_version $new_version made update --url "$url" --no-check
	more=mirror scenario mirror $old_version $new_version none mirror --to "{room}/mirror" --url "$url"
}

# torture MODE EVERY SCENARIO...: TORTURE_JOBS points at a time
torture() {
	local mode=$1 every=$2
	shift 2
	python3 "$top_srcdir/tests/torture/torture.py" --program "$program" --killpoints "$top_builddir/tests/lib/killpoints" \
		--failalloc "$top_builddir/tests/lib/failalloc.so" --lab "$lab" --mode "$mode" --every "$every" \
		--jobs "${TORTURE_JOBS:-1}" ${TORTURE_FLAGS:-} "$@"
}

# cut SCENARIO WORD...: the power goes, at every POWER_EVERYth change (tests/lib/powercut.py)
cut() {
	local name=$1 look
	shift
	rm -rf "$lab/root"
	mkdir "$lab/root"
	for look in state mirror; do
		if [ -d "$lab/$name/$look" ]; then cp -a "$lab/$name/$look" "$lab/root/"; fi
	done
	printf '%s: ' "$name"
	look="python3 '$top_srcdir/tests/torture/torture.py' --program '$program' --lab '$lab' --look $name '{root}/state'"
	python3 "$top_srcdir/tests/lib/powercut.py" --root "$lab/root" --every "${POWER_EVERY:-41}" --random "${POWER_RANDOM:-1}" \
		--jobs "${TORTURE_JOBS:-1}" --check "$look" \
		--after "$look | grep -qx new" -- "$program" --quiet --config "$lab/$name/console.conf" --state-dir "$lab/root/state" "$@"
}
