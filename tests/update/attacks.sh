#!/bin/bash
# The attacks that The Update Framework names, each tried on the real program with a feed that must be signed. After each: what is
# installed stays, the refusal has its finding, and the genuine update that comes next is taken.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 zip openssl
servers_begin nginx openssl
trap 'servers_end; cleanup' EXIT

current() { readlink "$state/current"; }
tree() { (cd "$state/current/" && find . -type f ! -name generation.json -exec sha256sum {} + | sort); }
cause() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["event"]=="update.finished" and last["status"]=="failed", last
assert last["cause"] in sys.argv[2].split("|"), last["cause"]
assert last["next"], "no next step"' "$work/out" "$1" || return 1; }
tick=1700000000
serve() {
	tick=$((tick + 10))
	[ ! -e "$NGINX_ROOT/posture-update.xml" ] || touch -d "@$tick" "$NGINX_ROOT/posture-update.xml"
	chmod -R a+rX "$NGINX_ROOT"
}
signer=signer
sign() { pc feed build "$NGINX_ROOT" --version "$1" --sign "$work/$signer.pem" "$pki/$signer.key" >/dev/null && serve; }
genuine() { rm -rf "${NGINX_ROOT:?}"/*; sample_feed "$NGINX_ROOT" "$1"; sign "$1"; }
# Changes the manifest and signs it again, as somebody with the signer's key could.
resign() {
	sed -i -E "$1" "$NGINX_ROOT/posture-update.xml"
	openssl cms -sign -binary -in "$NGINX_ROOT/posture-update.xml" -signer "$pki/$signer.pem" -inkey "$pki/$signer.key" \
		-certfile "$pki/inter.pem" -outform DER -out "$NGINX_ROOT/posture-update.xml.p7s" 2>/dev/null
	serve
}
# refused "ATTACK" FINDING[|FINDING]... [ARG...]
refused() {
	local what=$1 findings=$2 before rc=0
	shift 2
	before=$(current)
	[ $# -gt 0 ] || set -- --url "$url"
	pc --json update --no-check "$@" >"$work/out" 2>"$work/err" || rc=$?
	ok "$what: refused" test $rc -ne 0
	ok "$what: named $findings" cause "$findings"
	ok "$what: what is installed stays" test "$(current)" = "$before"
	ok "$what: nothing is left in staging" test -z "$(find "$state/staging" -type f ! -path '*/parts/*')"
}
taken() {
	run 0 --json update --no-check "${@:2}" --url "$url"
	ok "$1" grep -q "check $version" "$state/current/components/cisco-conditions/checks/pc_one.xml"
}

pki_standard
pki=$SERVERS_DIR/pki
code="ext=extendedKeyUsage=codeSigning"
pki_leaf signer inter DNS:signer.test "$code"
pki_leaf late inter DNS:late.test "$code" end=20240101000000Z
pki_root root2 && pki_leaf signer2 root2 DNS:signer2.test "$code"
pki_leaf thief other-root DNS:thief.test "$code"
cat "$pki/signer.pem" "$pki/inter.pem" >"$work/signer.pem"
cp "$pki/thief.pem" "$work/thief.pem"
cp "$pki/signer2.pem" "$work/signer2.pem"
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
pc certs import "$pki/root.pem" --name lab --usage cisco-services >/dev/null
run 0 config set source.signature required
version=2026.11.20.1
genuine $version
taken "the genuine update is taken"
genuine=$NGINX_ROOT

# --- arbitrary installation: content of the attacker's own
component "$NGINX_ROOT" conditions.tar.gz checks/pc_one.xml="evil" && serve
version=2026.11.21.1
genuine $version
component "$NGINX_ROOT" conditions.tar.gz checks/pc_one.xml="evil evil evil" && serve
refused "arbitrary installation, a component exchanged" "feed-hash-mismatch|http-too-large|http-truncated|feed-mixed-generations"
genuine $version
signer=thief sign $version
refused "arbitrary installation, signed by somebody" feed-signer-untrusted
rm "$NGINX_ROOT/posture-update.xml.p7s"
refused "arbitrary installation, not signed" feed-signature-missing
genuine $version
sed -i 's/pc_one/pc_two/; s/2026.11.21.1/2026.11.22.1/' "$NGINX_ROOT/posture-update.xml" && serve
refused "arbitrary installation, the manifest changed" "feed-signature-invalid|feed-mixed-generations"

# --- wrong software: genuine signatures, but of something else
printf 'some text that the signer once signed\n' >"$NGINX_ROOT/posture-update.xml"
resign ''
refused "wrong software, another signed file" "feed-not-a-manifest|feed-malformed"
printf '<?xml version="1.0"?>\n<firmware version="1"><component id="os-groups"/></firmware>\n' >"$NGINX_ROOT/posture-update.xml"
resign ''
refused "wrong software, another product" "feed-malformed|bundle-wrong-product|feed-not-a-manifest"

# --- endless data
genuine $version
head -c 6000000 /dev/zero | tr '\0' ' ' >>"$NGINX_ROOT/posture-update.xml" && serve
refused "endless data, the manifest" "http-too-large|feed-malformed"
genuine $version
head -c 3000000 /dev/zero >>"$NGINX_ROOT/osgroups.tar.gz"
component "$NGINX_ROOT" conditions.tar.gz checks/pc_one.xml="more" && head -c 50000000 /dev/zero >>"$NGINX_ROOT/conditions.tar.gz" && serve
refused "endless data, a component" "http-too-large|feed-hash-mismatch|feed-mixed-generations"
ok "endless data: next to nothing of it was taken" test "$(du -sk "$state/staging" | cut -f1)" -lt 1024
genuine $version
resign 's/size="[0-9]+"/size="999999999999"/'
refused "endless data, a size that says so" "http-too-large|feed-malformed|disk-full"

# --- extraneous dependencies: more than the manifest names
genuine $version
component "$NGINX_ROOT" extra.tar.gz evil.xml=evil && serve
taken "an update beside a foreign file is taken"
ok "extraneous dependencies: only what is named is installed" test -z "$(find "$state/current/" -name 'evil*' -o -name 'extra*')"
version=2026.11.22.1
genuine $version
rm -f "$work/more.zip"
component "$work/extra" extra.tar.gz evil.xml=evil
(cd "$NGINX_ROOT" && zip -q -0 "$work/more.zip" ./*) && (cd "$work/extra" && zip -q -0 "$work/more.zip" extra.tar.gz)
run 0 --json update --offline "$work/more.zip"
ok "extraneous dependencies: a bundle's foreign member is not installed" test -z "$(find "$state/current/" -name 'evil*')"

# --- rollback: older, and signed
genuine 2026.11.20.1
refused "rollback" feed-older-than-installed
(cd "$NGINX_ROOT" && zip -q -0 "$work/old.zip" ./*)
refused "rollback by a bundle" feed-older-than-installed --offline "$work/old.zip"
genuine $version
resign 's/published="[^"]*"/published="2020-01-01T00:00:00Z"/'
refused "rollback, the same version published before" feed-older-than-installed

# --- fast-forward: a version that nothing genuine can follow
version=2026.11.23.1
genuine $version
sed -i -E 's/ version="2026.11.23.1"/ version="9999999.1"/' "$NGINX_ROOT/posture-update.xml"
signer=thief resign ''
refused "fast-forward by somebody else" feed-signer-untrusted
genuine $version
resign 's/published="[^"]*"/published="2090-01-01T00:00:00Z"/'
refused "fast-forward in time" feed-from-future
genuine $version
taken "what is genuine is taken after a fast-forward"
genuine 9999999.1
run 0 --json update --no-check --url "$url"
version=2026.11.24.1
genuine $version
refused "fast-forward with the signer's key" feed-older-than-installed
taken "and the operator can leave it" --allow-downgrade

# --- indefinite freeze
genuine 2026.11.25.1
resign 's/ expires="[^"]*"/ expires="2026-01-01T00:00:00Z"/; s/published="[^"]*"/published="2025-12-01T00:00:00Z"/'
refused "indefinite freeze, an old manifest" feed-expired
genuine $version
resign 's/ expires="[^"]*"/ expires="'"$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)"'"/'
run 0 --json update --no-check --force --url "$url"
sleep 4
refused "indefinite freeze, always the same answer" feed-expired

# --- mix-and-match, and a mirror that lies
version=2026.11.26.1
genuine $version
mkdir "$work/one" "$work/two"
cp "$NGINX_ROOT"/* "$work/one/"
genuine 2026.11.27.1
cp "$NGINX_ROOT"/* "$work/two/"
cp "$work/one/conditions.tar.gz" "$NGINX_ROOT/" && serve
refused "mix-and-match, a component of another version" "feed-hash-mismatch|feed-mixed-generations|http-truncated|http-too-large"
cp "$work/two"/* "$NGINX_ROOT/"
cp "$work/one/posture-update.xml.p7s" "$NGINX_ROOT/" && serve
refused "mix-and-match, a signature of another version" "feed-signature-invalid|feed-mixed-generations"
cp "$work/two"/* "$NGINX_ROOT/"
rm "$NGINX_ROOT/osgroups.tar.gz"
component "$NGINX_ROOT" conditions.tar.gz checks/pc_one.xml="check" && serve
refused "malicious mirror, something missing and something else" "feed-component-missing|feed-hash-mismatch|feed-mixed-generations|http-not-found"
cp "$work/one"/* "$NGINX_ROOT/" && serve
taken "the whole set is taken"

# --- key compromise: rotation and revocation
version=2026.11.28.1
signer=signer2
genuine $version
refused "key rotation, before the new root is trusted" "feed-signer-untrusted"
pc certs import "$pki/root2.pem" --name next --usage infrastructure >/dev/null
refused "key rotation, the new root is not trusted for Cisco services" "feed-signer-untrusted|trust-root-not-for-services"
pc certs trust next cisco-services >/dev/null && pc certs disable next >/dev/null
refused "key rotation, the new root is disabled" "feed-signer-untrusted|trust-root-disabled"
pc certs enable next >/dev/null
taken "key rotation: the new key is taken"
version=2026.11.29.1
signer=signer2 genuine $version
pc certs disable next >/dev/null
refused "key revocation: what the revoked key signs" "feed-signer-untrusted|trust-root-disabled"
signer=late
cat "$pki/late.pem" "$pki/inter.pem" >"$work/late.pem"
genuine $version
refused "a key whose time is over" "feed-signer-expired|feed-signer-untrusted"
signer=signer
genuine $version
taken "the key that is left is taken"

# --- TLS: the server's chain broken in every way that the trust can see
version=2026.11.30.1
genuine $version
feed_root=$NGINX_ROOT
pki_leaf expired inter IP:127.0.0.1 end=20210101000000Z
pki_leaf early inter IP:127.0.0.1 start=20440101000000Z
pki_leaf name inter DNS:other.example
pki_make leaf self - IP:127.0.0.1
pki_leaf alone inter IP:127.0.0.1 && cp "$pki/alone.pem" "$pki/alone.chain.pem"
pki_leaf stranger other-root IP:127.0.0.1
pki_leaf usage inter IP:127.0.0.1 ext=extendedKeyUsage=clientAuth
pki_intermediate not-ca root ext=basicConstraints=CA:false && pki_leaf not-ca-leaf not-ca IP:127.0.0.1
while read -r name findings; do
	nginx_start "tls-$name" "$name" 2>/dev/null || { ok "nginx with $name starts" false; continue; }
	cp "$feed_root"/* "$NGINX_ROOT/" && chmod -R a+rX "$NGINX_ROOT"
	refused "TLS, $name" "$findings" --url "https://127.0.0.1:$NGINX_PORT/posture-update.xml"
	server_stop "$NGINX_PID"
done <<'END'
expired cert-expired
early cert-not-yet-valid
name cert-name-mismatch
self cert-self-signed|cert-untrusted-root
alone cert-missing-intermediate
stranger cert-untrusted-root|cert-missing-intermediate
usage cert-wrong-usage
not-ca-leaf cert-issuer-not-ca
END

# --- a bundle that is exchanged while it is looked at: entirely the one or the other, or refused
NGINX_ROOT=$feed_root
genuine 2026.12.1.1
sign 2026.12.1.1
(cd "$NGINX_ROOT" && zip -q -0 -X "$work/a.zip" ./*)
rm -rf "${NGINX_ROOT:?}"/*
sample_feed "$NGINX_ROOT" 2026.12.1.2
signer=thief sign 2026.12.1.2
(cd "$NGINX_ROOT" && zip -q -0 -X "$work/b.zip" ./*)
cp "$work/a.zip" "$work/swapped.zip"
python3 - "$work/swapped.zip" "$work/a.zip" "$work/b.zip" "$work/swapping" <<'PY' &
import os, sys, time
path, a, b, flag = sys.argv[1:]
both = [open(a, "rb").read(), open(b, "rb").read()]
size = max(map(len, both))
fd = os.open(path, os.O_RDWR)
open(flag, "w").close()
while os.path.exists(flag):     # in place: the same file, other bytes, a piece at a time
    for data in both:
        for at in range(0, size, 997):
            os.pwrite(fd, data[at:at + 997], at)
        os.ftruncate(fd, len(data))
        time.sleep(0.002)
PY
swapper=$!
at_exit "rm -f '$work/swapping'; kill $swapper 2>/dev/null; :"
wait_for 5 test -e "$work/swapping"
swaps=0 refusals=0
for _ in $(seq "${SWAPS:-25}"); do
	rc=0
	pc --json update --offline "$work/swapped.zip" --allow-downgrade --force >"$work/out" 2>"$work/err" || rc=$?
	if [ $rc = 0 ]; then swaps=$((swaps + 1)); else refusals=$((refusals + 1)); fi
	[ $rc = 0 ] || ok "a swapped bundle is refused by name" python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["cause"], last' "$work/out"
	ok "what is current is signed by the signer, whole" sh -c "
		! grep -q '2026.12.1.2' '$state/current/posture-update.xml' '$state/current/components/cisco-conditions/checks/pc_one.xml'"
done
rm -f "$work/swapping"
wait $swapper
echo "bundle exchanged while it was read: $swaps taken, $refusals refused"
ok "it was tried both ways" test $((swaps + refusals)) = "${SWAPS:-25}"
finish
