#!/bin/bash
# "certs verify" against real servers: nginx with good and broken chains, directly and through squid. Every failure is
# named at its place, with the way out, in text and in JSON; --save writes what was sent; the exit code says which.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/servers.sh"
servers_begin nginx squid openssl python3
export POSTURE_CONSOLE_CA_BUNDLE=$top_srcdir/tests/trust/identrust.pem
pki=$SERVERS_DIR/pki

pki_standard || exit 99
pki_leaf expired inter DNS:localhost end=20210101000000Z
pki_leaf late inter DNS:localhost start=20440101000000Z
pki_leaf alone inter DNS:localhost
cp "$pki/alone.pem" "$pki/alone.chain.pem"
pki_leaf stranger other-root DNS:localhost
cat "$pki/other-root.pem" >>"$pki/stranger.chain.pem"
pki_leaf elsewhere inter DNS:other.example
pki_make leaf self - DNS:localhost
declare -A ports
for name in feed expired late alone stranger elsewhere self; do
	nginx_start "$name" "$name" || exit 99
	ports[$name]=$NGINX_PORT
done

run 0 certs import "$pki/root.pem" --name 'Test root' --usage cisco-services

# verify CODE SERVER: text in $work/text, JSON in $work/out, both with that exit code.
verify() {
	run "$1" certs verify "localhost:${ports[$2]}"
	cp "$work/out" "$work/text"
	run "$1" certs verify "localhost:${ports[$2]}" --json
}
says() { ok "$1 is said" grep -qF -- "$1" "$work/text"; }
holds() { ok "$1" json "$work/out" "$1"; }

# A good chain: the path ends in the store's own root, which was not sent.
verify 0 feed
says "is trusted. TLSv1.3"
says 'in the store as "Test root", trusted for Cisco services'
holds 'd["trusted"] and d["end"] == "trusted-anchor" and d["findings"] == [] and d["fix"] is None and d["repair"] is None'
holds '[c["sent"] for c in d["chain"]] == [True, True, False] and d["anchor"]["name"] == "Test root"'
holds 'all(c["now"] == "valid" and c["errors"] == [] for c in d["chain"]) and d["name_matches"]'
holds '[c["common_name"] for c in d["chain"]] == ["feed", "inter", "root"] and d["missing_issuer"] is None'
holds 'd["chain"][0]["pem"].startswith("-----BEGIN CERTIFICATE-----")'
run 0 certs verify "https://127.0.0.1:${ports[feed]}/some/path" --save "$work/chain.pem"
ok "the chain is saved as it was sent" cmp "$work/chain.pem" "$pki/feed.chain.pem"
run 0 --quiet certs verify "[::1]:${ports[feed]}"
ok "quiet is quiet" test ! -s "$work/out"

# Dates.
verify 69 expired
says "NOT trusted"; says "certificate has expired [cert-expired]"; says "days ago"
holds 'd["findings"] == ["cert-expired"] and d["chain"][0]["now"] == "expired" and d["repair"] is None'
holds '[e["finding"] for e in d["chain"][0]["errors"]] == ["cert-expired"] and not d["chain"][0]["errors"][0]["repairable"]'
verify 69 late
holds 'd["findings"] == ["cert-not-yet-valid"] and d["chain"][0]["now"] == "not-yet-valid"'

# Name.
verify 69 elsewhere
says "[cert-name-mismatch]"; says "other.example"
holds 'd["findings"] == ["cert-name-mismatch"] and not d["name_matches"]'

# An intermediate that was not sent; the leaf cannot be imported as an anchor, so a file is needed.
verify 69 alone
says "[cert-missing-intermediate]"; says "the server did not send it, and it is not in the store"
holds 'd["end"] == "issuer-absent" and "CN=inter" in d["missing_issuer"]'
holds 'd["repair"]["kind"] == "import-file" and "CN=inter" in d["repair"]["issuer"]'

# Roots that are not in the store: the CA that was sent could be imported once its owner vouches for it.
verify 69 stranger
says "[cert-untrusted-root]"
holds 'd["end"] == "unknown-root" and d["anchor"] is None and d["repair"]["kind"] == "import"'
holds 'd["repair"]["sha256"] == d["chain"][-1]["sha256"] and d["chain"][-1]["errors"][0]["repairable"]'
verify 69 self
says "[cert-self-signed]"
holds 'd["end"] == "self-signed" and d["repair"]["kind"] == "import-file"'

# The root is in the store, but may not be used.
run 0 certs disable 'Test root'
verify 69 feed
says "[trust-root-disabled]"; says "posture-console certs enable 'Test root'"
holds 'd["repair"] == {"kind": "enable", "name": "Test root"} and d["anchor"]["name"] == "Test root"'
holds "d['fix'] == \"posture-console certs enable 'Test root'\""
run 0 certs untrust 'Test root' cisco-services
verify 69 feed
says "&& posture-console certs trust 'Test root' cisco-services"
holds 'd["repair"]["kind"] == "enable-and-trust"'
run 0 certs enable 'Test root'
verify 69 feed
says "[trust-root-not-for-services]"; says "posture-console certs trust 'Test root' cisco-services"
holds 'd["repair"]["kind"] == "trust" and d["findings"] == ["trust-root-not-for-services"]'

# All failures, not the first: expired, and its root may not be used.
verify 69 expired
holds 'set(d["findings"]) == {"cert-expired", "trust-root-not-for-services"}'

# The command that it names mends it.
eval "$(json "$work/out" 'd["fix"]' | sed 's/posture-console/pc/')" >"$work/out"
verify 0 feed

# An intermediate that is in the store and disabled, below a root that the store does not know.
run 0 certs remove 'Test root'
run 0 certs import "$pki/inter.pem" --name 'Only inter' --usage cisco-services
verify 0 feed
holds 'd["anchor"]["name"] == "Only inter"'
run 0 certs disable 'Only inter'
cat "$pki/root.pem" >>"$pki/feed.chain.pem"
kill -HUP "$(cat "$SERVERS_DIR/feed/pid")"
inter_is_named() { pc certs verify "localhost:${ports[feed]}" --json >"$work/out"; json "$work/out" 'd["sent"] == 3'; }
ok "the server sends its root as well" wait_for 5 inter_is_named
verify 69 feed
holds 'd["repair"] == {"kind": "enable", "name": "Only inter"}'
run 0 certs enable 'Only inter'

# Through squid, which knows a name that this host does not; the feed of the settings is the default.
printf '127.0.0.1 %s\n' feed.test xn--bcher-kva.test >"$SERVERS_DIR/hosts"
chmod 644 "$SERVERS_DIR/hosts"
squid_start proxy basic "hosts_file $SERVERS_DIR/hosts" || exit 99
run 0 config set source.feed_url "https://feed.test:${ports[feed]}/posture-update.xml"
run 69 certs verify
ok "without the proxy the name is unknown" grep -qF '[dns-' "$work/err"
printf 's3cret-pass' | pc proxy set --host 127.0.0.1 --port "$SQUID_PORT" --user operator --password-file - >/dev/null 2>&1
run 0 certs verify --json
holds 'd["via_proxy"] and d["host"] == "feed.test" and d["trusted"] and d["address"] == "127.0.0.1"'
run 69 certs verify "bücher.test:${ports[feed]}" --json
holds 'd["host"] == "xn--bcher-kva.test" and d["address"] == "127.0.0.1" and d["findings"] == ["cert-name-mismatch"]'
run 0 certs verify
ok "the proxy is mentioned" grep -qF 'through the proxy 127.0.0.1' "$work/out"
printf 'wrong' | pc proxy set --user operator --password-file - >/dev/null 2>&1
run 69 certs verify
ok "a rejected login is named" grep -qF '[proxy-auth-rejected]' "$work/err"
run 0 proxy clear

# No chain to look at: the reason, and what to do next.
port_free
run 69 certs verify "127.0.0.1:$PORT"
ok "nothing listens" grep -qF '[tcp-refused]' "$work/err"
run 69 certs verify "127.0.0.1:$SQUID_PORT"
ok "no TLS" grep -qF 'posture-console check --host' "$work/err"
for bad in 'a b' host:0 host:99999 'https://' '[::1' ''; do
	run 2 certs verify "$bad"
	ok "\"$bad\": a usage error says more than no" test "$(wc -w <"$work/err")" -gt 5
done
run 2 certs verify one two
run 73 certs verify "127.0.0.1:${ports[feed]}" --save "$work/no/such/folder/x.pem"

# What a certificate says is shown safely.
pki_root evil $'subject=/O=Posture/CN=\e[31mred\e[0m'
pki_leaf evil-leaf evil DNS:localhost
cat "$pki/evil.pem" >>"$pki/evil-leaf.chain.pem"
NGINX_LISTEN=127.0.0.1 nginx_start evil-leaf evil-leaf || exit 99
ports[evil]=$NGINX_PORT
verify 69 evil
ok "no escape sequence in text" bash -c "! grep -q $'\e' '$work/text'"
ok "nor in JSON" bash -c "! grep -qi '\\\\u001b' '$work/out'"
says "red"
finish
