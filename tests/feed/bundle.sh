#!/bin/bash
# bundle and feed from the command line: what they print, as text and JSON, their exit codes, what they leave behind.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
need python3 zip unzip openssl

feed=$work/feed
bundle=$work/posture-offline.zip
finding() { grep -q "\[$1\]\$" "$work/err"; }
TMPDIR=$work/tmp
export TMPDIR
mkdir "$TMPDIR"
nothing_left() { [ -z "$(ls -A "$TMPDIR")" ]; }

# --- the sample that the build made
run 0 --json bundle verify "$top_builddir/sample/posture-offline.zip"
ok "the sample bundle is sound" json "$work/out" 'd["status"] == "pass" and len(d["components"]) == 6'
ok "every component of it unpacks" json "$work/out" 'all(c["ok"] and c["files"] > 0 for c in d["components"])'
run 0 bundle list "$top_builddir/sample/posture-offline.zip"
ok "the list has files, titles and versions" grep -Eq "osgroupsV2.tar.gz +Cisco supported OS 1\.0\.0\.0" "$work/out"
ok "the same sources make the same bytes" sh -c '
	cd "$1" && sh "$top_srcdir/sample/pack" "$top_builddir/posture-console" "$top_srcdir/sample" "$1/again" "$1/again.zip" &&
	cmp "$1/again.zip" "$top_builddir/sample/posture-offline.zip"' sh "$work"

# --- feed build
sample_feed "$feed" 2026.11.20.1
run 0 --json feed build "$feed" --published 2026-11-21T00:00:00Z --expires 10 --component-version os-groups=60.1
ok "feed build says what it made" json "$work/out" 'd["version"] == "2026.11.21.1" and d["components"] == 4 and not d["signed"]'
ok "the manifest expires when it was told to" grep -q 'expires="2026-12-01T00:00:00Z"' "$feed/posture-update.xml"
ok "a component has the version that was given" grep -q 'id="os-groups" .*version="60.1"' "$feed/posture-update.xml"
ok "an unchanged component keeps its version" grep -q 'id="cisco-conditions" .*version="2026.11.20.1"' "$feed/posture-update.xml"
run 2 feed build
run 2 feed build "$feed" --expires soon
run 2 feed build "$feed" --published yesterday
run 2 feed build "$feed" --component-version nothing=1
run 2 feed build "$feed" --sign
run 73 feed build "$work/nowhere"
mkdir "$work/none"
run 65 feed build "$work/none"
ok "a folder without components is named" finding feed-component-missing

# --- signing
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -subj "/CN=Test feed CA" -days 30 \
	-addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/csr.pem" -subj "/CN=Test feed signer" 2>/dev/null
printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=codeSigning\n' >"$work/ext"
openssl x509 -req -in "$work/csr.pem" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 20 -extfile "$work/ext" \
	-out "$work/cert.pem" 2>/dev/null
run 0 --json feed build "$feed" --sign "$work/cert.pem" "$work/key.pem"
ok "it says that it signed" json "$work/out" 'd["signed"]'
ok "openssl agrees with the signature" openssl cms -verify -binary -purpose any -inform DER -in "$feed/posture-update.xml.p7s" \
	-content "$feed/posture-update.xml" -CAfile "$work/ca.pem" -out /dev/null 2>/dev/null
run 0 bundle build "$feed" -o "$bundle"
run 65 bundle verify "$bundle"
ok "a signer whom nobody trusts is named" finding feed-signer-untrusted
run 0 certs import "$work/ca.pem" --name feed-ca
run 65 bundle verify "$bundle"
ok "a CA that is not for Cisco services is not enough" finding feed-signer-untrusted
run 0 certs trust feed-ca cisco-services
run 0 --json bundle verify "$bundle"
ok "the trusted signer is told" json "$work/out" '"Test feed signer" in d["signer"] and d["cause"] is None'
run 0 certs disable feed-ca
run 65 bundle verify "$bundle"
ok "nor is one that is disabled" finding feed-signer-untrusted
run 0 certs enable feed-ca
cp -r "$feed" "$work/tampered"
sed -i 's/60\.1/60.2/' "$work/tampered/posture-update.xml"
(cd "$work/tampered" && zip -q0 "$work/tampered.zip" ./*)
run 65 --json bundle verify "$work/tampered.zip"
ok "a manifest that was changed after signing is named" json "$work/out" 'd["cause"] == "feed-signature-invalid"'
run 0 config set source.signature required
run 0 feed build "$feed" --version 2026.12.01.1
ok "an unsigned build removes the old signature" test ! -e "$feed/posture-update.xml.p7s"
run 0 bundle build "$feed" -o "$bundle"
run 65 bundle verify "$bundle"
ok "an unsigned bundle is refused where a signature is required" finding feed-signature-missing
run 0 config set source.signature if-present
run 0 --json bundle verify "$bundle"
ok "and noted where it is not" json "$work/out" '"feed-signature-missing" in d["also"]'

# --- bundles
ok "unzip has nothing against a bundle of ours" unzip -tqq "$bundle"
run 2 bundle build "$feed"
run 2 bundle
run 2 bundle verify "$bundle" -o x
run 65 bundle verify "$work/nothing.zip"
ok "a missing bundle is named" finding bundle-not-found
run 65 bundle list "$work/nothing.zip"
printf 'x' >>"$feed/osgroups.tar.gz"
run 65 bundle build "$feed" -o "$bundle"
ok "a component that the manifest does not describe is not packed" finding feed-hash-mismatch
ok "and the bundle from before is untouched" unzip -tqq "$bundle"
(cd "$feed" && zip -q0 "$work/mismatch.zip" ./*)
run 65 --json bundle verify "$work/mismatch.zip"
ok "a component with another hash is named" json "$work/out" \
	'd["cause"] == "feed-hash-mismatch" and [c["id"] for c in d["components"] if not c["ok"]] == ["os-groups"]'
rm "$feed/osgroups.tar.gz"
(cd "$feed" && zip -q0 "$work/missing.zip" ./*)
run 65 bundle verify "$work/missing.zip"
ok "a component that is not there is named" finding feed-component-missing

# --- damage that only unpacking finds: the hash is right, the tar is not
mkdir "$work/bad"
component "$work/bad" osgroups.tar.gz osgroups.xml=fine
head -c 3000 /dev/urandom | gzip >"$work/bad/conditions.tar.gz"
run 0 bundle build "$work/bad" -o "$work/bad.zip"
run 65 --json bundle verify "$work/bad.zip"
ok "a component that is no tar is found" json "$work/out" \
	'd["cause"] == "bundle-corrupt" and [c["id"] for c in d["components"] if not c["ok"]] == ["cisco-conditions"]'
rm "$work/bad/posture-update.xml"
(cd "$work/bad" && zip -q0 "$work/bare.zip" ./*)
run 65 --json bundle verify "$work/bare.zip"
ok "also in a bundle without a manifest" json "$work/out" 'd["cause"] == "bundle-corrupt" and not d["has_manifest"]'
rm "$work/bad/conditions.tar.gz" "$work/bare.zip"
(cd "$work/bad" && zip -q0 "$work/bare.zip" ./*)
run 0 --json bundle verify "$work/bare.zip"
ok "a sound one passes with a warning" json "$work/out" 'd["status"] == "pass" and "bundle-no-manifest" in d["also"]'

# --- names from outside on a terminal
python3 - "$work/escape.zip" <<'PY'
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1], "w")
z.writestr("osgroups.tar.gz", "x")
z.writestr("safe\u202etxt.exe", "x")
PY
run 0 bundle list "$work/escape.zip"
ok "a name cannot turn the text around" grep -q "safe<U+202E>txt.exe" "$work/out"

# --- what else is zipped
(cd "$work" && zip -q0 other.zip ext)
run 65 bundle verify "$work/other.zip"
ok "a zip of another product is named" finding bundle-wrong-product
run 0 bundle list "$work/other.zip"
ok "and can be looked into" grep -q "ext" "$work/out"

ok "verify leaves nothing behind" nothing_left
finish
