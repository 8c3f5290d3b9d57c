#!/bin/bash
# A mirror changes while nodes pull from it (nginx, with TLS): a node gets entirely the update before or entirely the new one, and
# never a failure. What makes it so, piece by piece first; then a publisher and nodes, all at full speed. MIRROR_ROUNDS says how
# many updates each node makes.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 openssl
servers_begin nginx openssl
trap 'servers_end; cleanup' EXIT

pki_standard
pki=$SERVERS_DIR/pki
pki_leaf signer inter DNS:signer.test "ext=extendedKeyUsage=codeSigning"
cat "$pki/signer.pem" "$pki/inter.pem" >"$work/signer.pem"
nginx_start vendor feed
vendor=https://127.0.0.1:$NGINX_PORT vendor_root=$NGINX_ROOT
# Every component of a version says which; the first one is large enough to be on the way for a while; version 1 has one of its own.
for v in 1 2; do
	dir=$vendor_root/$v version=2026.11.2$v.1
	sample_feed "$dir" "$version"
	for n in 1 2 3; do component "$dir" "part$n.tar.gz" "part$n.txt=check $version"; done
	mkdir "$work/big$v" && echo "check $version" >"$work/big$v/big.txt"
	dd if=/dev/urandom of="$work/big$v/noise" bs=1k count=300 2>/dev/null
	tar -C "$work/big$v" -czf "$dir/big.tar.gz" .
	[ $v = 2 ] || component "$dir" only.tar.gz "only.txt=check $version"
	pc feed build "$dir" --version "$version.1" --sign "$work/signer.pem" "$pki/signer.key" >/dev/null
done
chmod -R a+rX "$vendor_root"
pc config set source.signature required >/dev/null
pc config set download.parallel 1 >/dev/null
pc certs import "$pki/root.pem" --name lab --usage cisco-services >/dev/null

nginx_start mirror feed "limit_rate 500k;"
mirror=$NGINX_ROOT log=$NGINX_LOG url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
publish() { pc mirror --to "$mirror" --url "$vendor/$1/posture-update.xml" --allow-downgrade >"$work/publish.out" 2>&1; }
node() { # STATE ARG...: an update of a node with a state folder of its own
	local at=$1
	shift
	[ -d "$at" ] || { mkdir -p "$at" && cp -a "$state/trust" "$at/"; }
	"$program" --config "$config" --state-dir "$at" --json update --url "$url" --no-check --force --allow-downgrade "$@"
}
# Everything that says a version says this one: 1 or 2, or none that is whole.
shows() {
	local seen
	seen=$(grep -rhoE '^check [0-9.]+' "$1/current/components" | sort -u)
	test "$(wc -l <<<"$seen")" = 1 && test "${seen#check }" = "2026.11.2$2.1" || return 1
	[ "$2" = 2 ] || test -e "$1/current/components/only/only.txt"
}

# --- what a mirror holds
publish 1
ok "the signature and each component stand under their hashes as well" test "$(find "$mirror/by-hash" -type f | wc -l)" = 10
ok "which costs no room" test -z "$(find "$mirror/by-hash" -type f -links 1)"
ok "a component's name is its hash" sh -c "cd '$mirror/by-hash' && for f in *[0-9a-f]; do case \$f in *.p7s) ;; *) echo \"\$f  \$f\" ;; esac; done | sha256sum -c --quiet"
before=$(ls "$mirror/by-hash")
rm -r "$mirror/by-hash"
publish 1
ok "a mirror that has none yet gets them" test "$(ls "$mirror/by-hash")" = "$before"
publish 2
ok "what the manifest before names is still there" test -z "$(comm -23 <(echo "$before") <(ls "$mirror/by-hash"))"
ok "and no longer under its name" test ! -e "$mirror/only.tar.gz"

# --- names that a mirror needs itself
cp -r "$vendor_root/1" "$vendor_root/3"
for name in .lock by-hash/x posture-offline.zip; do
	sed "s,href=\"part1.tar.gz\",href=\"$name\"," "$vendor_root/1/posture-update.xml" >"$vendor_root/3/posture-update.xml"
	openssl cms -sign -binary -in "$vendor_root/3/posture-update.xml" -signer "$pki/signer.pem" -inkey "$pki/signer.key" \
		-certfile "$pki/inter.pem" -outform DER -out "$vendor_root/3/posture-update.xml.p7s" 2>/dev/null
	ok "a component cannot be called $name" sh -c "! '$program' --config '$config' --state-dir '$state' mirror --to '$mirror' \
		--url '$vendor/3/posture-update.xml' --allow-downgrade >'$work/out' 2>'$work/err' && grep -q 'cannot hold a component' '$work/err'"
done

# --- a node in the middle of it
publish 1
: >"$log"
node "$work/slow" >"$work/out" 2>"$work/err" &
slow=$!
ok "it has read the manifest and fetches" wait_for 20 grep -q "GET /posture-update.xml.p7s" "$log"
publish 2
wait $slow
ok "a node that began before the change ends well" test $? = 0
ok "with entirely what it began with" shows "$work/slow" 1
ok "which it got by hash: what has another content now" grep -q "^200 GET /by-hash/" "$log"
ok "and what has gone" grep -q "^404 GET /only.tar.gz" "$log"
# Between the signature's change and the manifest's.
publish 1
cp "$vendor_root/2/posture-update.xml.p7s" "$mirror/next" && chmod a+r "$mirror/next" && mv "$mirror/next" "$mirror/posture-update.xml.p7s"
: >"$log"
node "$work/slow" >"$work/out" 2>"$work/err"
ok "the signature of the manifest that comes next is not taken for this one's" test $? = 0
ok "its own was there by its hash" grep -q "^200 GET /by-hash/[0-9a-f]*.p7s" "$log"
rm "$mirror/posture-update.xml.p7s"
node "$work/slow" >"$work/out" 2>"$work/err"
ok "also while there is none" test $? = 0
# A mirror that lies gains nothing by it.
cp "$vendor_root/2/part1.tar.gz" "$mirror/next" && mv "$mirror/next" "$mirror/part1.tar.gz"
hash=$(sha256sum <"$vendor_root/1/part1.tar.gz" | cut -c1-64)
cp "$vendor_root/2/part1.tar.gz" "$mirror/next" && mv "$mirror/next" "$mirror/by-hash/$hash" && chmod -R a+rX "$mirror"
node "$work/slow" >"$work/out" 2>"$work/err"
ok "what is not what it is called by its hash is refused" test $? = 65
ok "by its name" json <(tail -1 "$work/out") 'd["cause"] == "feed-hash-mismatch"'

# --- room
publish 2
ok "a day later what is out of date is removed" env POSTURE_CONSOLE_TEST_TIME="$(date -u -d '+2 days' +%FT%TZ)" "$program" --config "$config" \
	--state-dir "$state" mirror --to "$mirror" --url "$vendor/2/posture-update.xml" >"$work/out" 2>"$work/err"
ok "and nothing else" test "$(find "$mirror/by-hash" -type f | wc -l)" = 9

# --- all at once
publish 1
touch "$work/go"
(
	v=2 n=0
	while [ -e "$work/go" ]; do
		publish $v || { cat "$work/publish.out" >>"$work/publisher.failed"; }
		v=$((3 - v)) n=$((n + 1))
		echo $n >"$work/published"
	done
) &
publisher=$!
puller() {
	local i
	for i in $(seq "${MIRROR_ROUNDS:-3}"); do
		node "$work/node$1" >"$work/node.$1.$i" 2>&1 || echo "node $1, round $i: $(tail -1 "$work/node.$1.$i")" >>"$work/pull.failed"
		if shows "$work/node$1" 1; then echo 1; elif shows "$work/node$1" 2; then echo 2; else echo mixed; fi >>"$work/pulled"
	done
}
pullers=
for i in 1 2 3; do
	puller $i &
	pullers="$pullers $!"
done
wait $pullers
rm "$work/go"
wait $publisher
cat "$work/publisher.failed" "$work/pull.failed" 2>/dev/null | cut -c1-600
echo "published $(cat "$work/published") times; pulled: $(sort "$work/pulled" | uniq -c | tr '\n' ' '), $(grep -c ' /by-hash/' "$log") requests by hash"
ok "no update failed, and no change of the mirror" test ! -e "$work/pull.failed" -a ! -e "$work/publisher.failed"
ok "no node has a mixture" sh -c "! grep -q mixed '$work/pulled'"
finish
