#!/bin/bash
# Proxies that let nobody in without NTLM or Negotiate: every online operation gets through one, and a login that is refused is named.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
need python3 curl
servers_begin nginx squid openssl
# Both files clean up at the end.
trap 'servers_end; cleanup' EXIT
curl --version | grep -q NTLM || skip "this libcurl has no NTLM"
export PATH=$PATH:/usr/sbin

pki_standard
nginx_start feed feed
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
sample_feed "$NGINX_ROOT" 2026.11.20.1
chmod -R a+rX "$NGINX_ROOT"
trust() { pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services,infrastructure >/dev/null; }
fresh() { chmod -R u+w "$state" 2>/dev/null; rm -rf "$state"; trust; }
cause() { python3 -c '
import json,sys
d=[json.loads(l) for l in open(sys.argv[1])]
got=[e for e in d if e["event"] in ("verdict","update.finished","proxy.tested")][-1].get("cause")
sys.exit(0 if got == (sys.argv[2] or None) else "got %s" % got)' "$work/out" "$1"; }

# passes WHAT: the proxy of the settings is good for everything
passes() {
	run 0 --json proxy test --url "$url"
	ok "$1: proxy test" cause ""
	run 0 --json check --only local,dns,tcp,proxy,tls,chain,http --url "$url"
	ok "$1: the checks" cause ""
	# The first update is checked beforehand, and what the checks do not get through it would not try.
	run 0 --json update --url "$url"
	ok "$1: the update" cause ""
	run 0 certs verify "127.0.0.1:$NGINX_PORT"
	run 0 mirror --to "$work/mirror-$1" --url "$url"
}
# refuses EXIT_CODE CAUSE WHAT
refuses() {
	run "$1" --json proxy test --url "$url"
	ok "$3: proxy test" cause "$2"
	run 1 --json check --url "$url"
	ok "$3: the checks" cause "$2"
	run "$1" --json update --url "$url"
	ok "$3: the update" cause "$2"
	run "$1" --json update --url "$url" --no-check
	ok "$3: the update by itself" cause "$2"
	run "$1" certs verify "127.0.0.1:$NGINX_PORT"
	ok "$3: certs verify" grep -q "\[$2\]" "$work/err"
}
login() { printf '%s\n' "$2" >"$work/password"; run 0 proxy set --scheme "$3" --host localhost --port "$SQUID_PORT" --user "$1" --password-file "$work/password"; }

# --- NTLM
squid_start ntlm ntlm
fresh
run 0 proxy set --host localhost --port "$SQUID_PORT"
refuses 69 proxy-auth-required "no login for NTLM"
login operator any http
passes NTLM
ok "the proxy knows who it was" grep -q "CONNECT 127.0.0.1:$NGINX_PORT operator" "$SQUID_LOG"
fresh
login somebody any http
refuses 69 proxy-auth-rejected "an NTLM login that is refused"
pki_leaf proxy root DNS:localhost,IP:127.0.0.1
SQUID_CERT=proxy squid_start ntlm-tls ntlm
fresh
login operator any https
passes NTLM-over-TLS
ok "the proxy over TLS knows who it was" grep -q "CONNECT 127.0.0.1:$NGINX_PORT operator" "$SQUID_LOG"
pki_leaf foreign other-root DNS:localhost,IP:127.0.0.1
SQUID_CERT=foreign squid_start ntlm-foreign ntlm
fresh
login operator any https
refuses 65 proxy-certificate-bad "NTLM at a proxy of an unknown CA"
ok "which is told no login" sh -c "! grep -q operator $SQUID_LOG"

# --- Negotiate
if command -v krb5kdc kadmin.local kdb5_util kinit >/dev/null && [ -x /usr/lib/squid/negotiate_kerberos_auth ]; then
	kdc_start kdc || exit 99
	squid_start negotiate negotiate
	fresh
	login operator none http
	refuses 69 proxy-auth-rejected "Negotiate without a ticket"
	ok "and certs verify says to get one" grep -q kinit "$work/err"
	run 69 update --url "$url"
	ok "and an update" grep -q kinit "$work/out"
	kdc_ticket || exit 99
	passes Negotiate
	ok "the proxy knows whose ticket it was" grep -q "CONNECT 127.0.0.1:$NGINX_PORT operator" "$SQUID_LOG"
else
	echo "Negotiate was left out: no krb5kdc, kadmin.local, kdb5_util or kinit"
fi
finish
