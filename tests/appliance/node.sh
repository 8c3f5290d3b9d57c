#!/bin/bash
# "posture-console node" against a simulated appliance that has the traps of the real one: what it reads, shows, imports and writes;
# that nothing is sent to an unproven appliance; that a write loses nothing; that every failure says what to do.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/servers.sh"
need python3 openssl
servers_begin openssl
pki_standard || exit 99
pki_root corp subject='/O=Corp/CN=Corp Issuing CA'
pki_root disabled-new subject='/O=Corp/CN=Corp New Root'
pki_root lets "subject=/O=Let's Encrypt/CN=Let's Encrypt Root"
pki_root stranger subject='/O=Strange/CN=Strange Root'
pki_leaf node inter DNS:localhost

dir=$work/node
mkdir "$dir"
start() {
	local try pki=$SERVERS_DIR/pki
	for try in 1 2 3; do
		port_free
		server_run "node$try" python3 "$top_srcdir/tests/appliance/node.py" "$PORT" "$pki/$1.chain.pem" "$pki/$1.key" "$dir" \
			"$pki/corp.pem" "$pki/disabled-new.pem" "$pki/lets.pem" "$top_srcdir/tests/trust/identrust.pem" "$pki/stranger.pem"
		port_wait "$PORT" "$SERVER_PID" && return
	done
	exit 99
}
mode() { echo "$*" >"$dir/mode"; }
says() { grep -qF -- "$1" "$work/err" || grep -qF -- "$1" "$work/out"; }
held() { json "$dir/state.json" "$1"; }
leaf_sha() { openssl x509 -in "$SERVERS_DIR/pki/$1.pem" -noout -fingerprint -sha256 | sed 's/.*=//'; }
password=$work/password
echo N0de-s3cret >"$password"
mode
start node
root=$SERVERS_DIR/pki/root.pem

# --- nothing is set, nothing is proven
run 78 node show
ok "says what to do first" says "node login --host"
run 65 node login --host localhost --port "$PORT" --user api-admin --password-file "$password"
ok "the fingerprint is shown at the first contact" says "$(leaf_sha node)"
ok "and how to pin it" says "--pin $(leaf_sha node)"
ok "the finding" says "[node-certificate-unknown]"
ok "not one request reached it" [ ! -e "$dir/log" ]
run 65 --json node login --password-file "$password"
ok "as an event for programs" json "$work/out" "d[0]['event'] == 'node.certificate' and d[0]['sha256'] == '$(leaf_sha node)' and d[1]['finding'] == 'node-certificate-unknown'"
run 65 node login --password-file "$password" --pin "$(leaf_sha corp)"
ok "a wrong pin" says "[node-certificate-changed]"
ok "a refused pin is not kept" [ "$(pc config get node.pin)" = "" ]
run 0 node login --password-file "$password" --pin "$(leaf_sha node)"
ok "the pin is kept" [ "$(pc config get node.pin)" = "$(leaf_sha node)" ]
run 0 node show --password-file "$password"
run 65 node login --password-file "$password" --pin ""
ok "without the pin, and without an anchor, it is unknown again" says "[node-certificate-unknown]"
run 0 certs import "$root" --name "Node CA" --usage infrastructure
run 0 node login --password-file "$password" --pin ""
ok "anchored in what is trusted within ISE" says "trusted within ISE"
run 65 node login --host 127.0.0.1 --password-file "$password"
ok "a name that it does not bear" says "[cert-name-mismatch]"
run 0 node login --host localhost --password-file "$password"

# --- the password: asked for, a file, or kept when that is asked for
run 2 node show </dev/null
ok "no terminal, no password" says "--password-file"
run 2 node show --password=N0de-s3cret
ok "never among the arguments" says "seen by everyone"
ok "not kept unasked" [ ! -e "$state/node.password" ]
run 0 node login --password-file "$password" --save-password
ok "kept for its owner only" [ "$(stat -c %a "$state/node.password")" = 600 ]
run 0 node show
ok "used from there" says "Corp Issuing CA"
ok "no secret in settings, log or output" [ -z "$(grep -rl N0de-s3cret "$config" "$work/out" "$work/err" "$state/log" 2>/dev/null)" ]

# --- reading
mode small-pages
run 0 --json node show
ok "all pages" json "$work/out" "len(d['certificates']) == 5"
ok "usages out of one text" json "$work/out" "[c['usages'] for c in d['certificates'] if c['name'] == 'Corp New Root'] == [['infrastructure']]"
ok "the proxy" json "$work/out" "d['proxy'] == {'host': 'proxy.corp.example', 'port': 8080, 'login': True, 'user': 'svc-ise', 'bypass': 'intranet.corp.example,10.0.0.0/8'}"
ok "it takes changes" json "$work/out" "d['node']['primary'] is True"
mode small-pages page-404
run 0 --json node show certificates
ok "a 404 after the last page is the end" json "$work/out" "len(d['certificates']) == 5 and 'proxy' not in d"
mode busy
run 0 node show
ok "429 was waited out" grep -q '^429' "$dir/log"
mode
run 3 --json node diff
ok "the proxy differs" json "$work/out" "[r['same'] for r in d['proxy']] == [False] * 4 and d['proxy'][0]['there'] == 'proxy.corp.example'"
ok "certificates that are only there" json "$work/out" "sum(c['side'] == 'there' for c in d['certificates']) >= 4"
run 3 node diff
ok "side by side for people" says "proxy.corp.example"

# --- importing
run 0 node import proxy
ok "the proxy is taken over" [ "$(pc config get proxy.host) $(pc config get proxy.port) $(pc config get proxy.user)" = "proxy.corp.example 8080 svc-ise" ]
ok "its password is to be set here" says "proxy set --password-file"
run 0 --json node import certificates "Corp New Root" "Corp Issuing CA"
ok "imported" json "$work/out" "[r['result'] for r in d['imported']] == ['added', 'added']"
run 0 --json certs show "Corp New Root"
ok "with state and usages" json "$work/out" "d['enabled'] is False and d['usages'] == ['infrastructure']"
run 0 --json node import certificates --all
ok "all of them" json "$work/out" "len(d['imported']) == 5 and d['refused'] == []"
run 1 node import certificates "No such"
mode other-export
pc certs remove "Corp New Root" >/dev/null
run 65 node import certificates "Corp New Root"
ok "another certificate than the list names" says "[node-answer-invalid]"
mode strange
run 65 node import certificates "Corp New Root"
mode
pc proxy set --user svc-ise --password-file "$password" >/dev/null 2>&1
run 0 node import certificates "Corp New Root"
run 0 node diff proxy

# --- writing back: a certificate
cp "$dir/state.json" "$work/before.json"
run 0 --json node fix certificate "Corp New Root" --enable --trust cisco-services --dry-run
ok "shows exactly what would change" json "$work/out" "{(c['field'], c['before'], c['after'], c['asked']) for c in d['changes']} == {('status', 'Disabled', 'Enabled', True), ('trustForCiscoServicesAuth', 'off', 'on', True), ('automaticCRLUpdate', 'on', 'off', False)} and d['applied'] is False"
record=$(json "$work/out" "d['record']")
ok "a dry run writes nothing" cmp -s "$dir/state.json" "$work/before.json"
ok "and sends no PUT" [ "$(grep -c PUT "$dir/log")" = 0 ]
run 2 node fix certificate "Corp New Root" --enable </dev/null
ok "no confirmation, no change" cmp -s "$dir/state.json" "$work/before.json"
run 1 node fix certificate "Corp New Root" --enable --yes --expect 0000
ok "not the record that was shown" says "[node-changed-meanwhile]"
run 0 node fix certificate "Corp New Root" --enable --trust cisco-services --yes --expect "$record"
ok "said" says "read back"
ok "enabled, trusted, and nothing lost" held "[(c['status'], c['usages'], c['description'], c['automaticCRLUpdatePeriod'], c['automaticCRLUpdateUnits'], c['nonAutomaticCRLUpdatePeriod'], c['crlDownloadFailureRetries']) for c in d['certificates'] if c['friendlyName'] == 'Corp New Root'] == [('Enabled', ['trustForIseAuth', 'trustForCiscoServicesAuth'], 'Corp New Root', 6, 'Minutes', 1, 10)]"
ok "the others are untouched" held "[c for c in d['certificates'] if c['friendlyName'] != 'Corp New Root'] == [c for c in __import__('json').load(open('$work/before.json'))['certificates'] if c['friendlyName'] != 'Corp New Root']"
run 0 node fix certificate "Corp New Root" --enable --trust cisco-services --yes
ok "a second time there is nothing to do" [ "$(grep -c PUT "$dir/log")" = 1 ]
run 65 node fix certificate "Let's Encrypt Root" --trust cisco-services --yes
ok "the security check is explained" says "apostrophe"
run 1 node fix certificate "Corp Issuing CA" --trust client-auth --yes
ok "the rule among usages is known here" says "infrastructure"
run 0 node fix certificate "Corp New Root" --description "a b" --yes
run 65 node fix certificate "Corp New Root" --description "a, b" --yes
ok "as a comma is" says "[node-refused]"
run 1 node fix certificate nobody --enable --yes

# --- writing back: what the appliance does to it
mode deaf
run 1 node fix certificate "Corp Issuing CA" --trust cisco-services --yes
ok "what was not done is noticed" says "[node-not-applied]"
mode half
run 1 node fix certificate "Corp Issuing CA" --trust cisco-services --yes
ok "usages that were lost are noticed" says "[node-not-applied]"
mode moving
run 1 node fix certificate "Corp Issuing CA" --trust cisco-services --yes
ok "a record that changed meanwhile is left alone" says "[node-changed-meanwhile]"
mode strange
run 65 node fix certificate "Corp Issuing CA" --trust cisco-services --yes
ok "a usage that is not known is not taken away" says "Quantum Portal"
mode secondary
run 78 node fix certificate "Corp Issuing CA" --trust cisco-services --yes
ok "not the primary PAN, which is named" says "ise2.corp.example"
mode read-only
run 77 node fix certificate "Corp Issuing CA" --trust cisco-services --yes
ok "no right to write" says "[node-forbidden]"

# --- writing back: the proxy
mode
pc proxy set --host new-proxy.corp.example --port 3128 --bypass "10.0.0.0/8,intranet.corp.example" --user other </dev/null >/dev/null 2>&1
run 2 node fix proxy --yes
ok "a password that would be lost" says "--proxy-password-file"
ok "nothing was written" held "d['proxy']['fqdn'] == 'proxy.corp.example' and d['proxy']['password'] == 'old-secret'"
echo pr0xy-secret >"$work/proxy-password"
run 0 node fix proxy --proxy-password-file "$work/proxy-password" --dry-run
ok "the other eight functions are named" says "profiler feed"
ok "the bypass list in another order is no change" [ "$(grep -c bypassHosts "$work/out")" = 0 ]
ok "the password is not shown" [ "$(grep -c pr0xy-secret "$work/out" "$work/err" | grep -c ':0')" = 2 ]
mode echo
run 65 node fix proxy --proxy-password-file "$work/proxy-password" --yes
ok "nor when the appliance repeats it" [ "$(cat "$work/out" "$work/err" | grep -c 'N0de-s3cret')" = 0 ]
ok "nor the proxy's" [ "$(cat "$work/out" "$work/err" | grep -c 'pr0xy-secret')" = 0 ]
mode
run 0 node fix proxy --proxy-password-file "$work/proxy-password" --yes
ok "written whole" held "d['proxy'] == {'fqdn': 'new-proxy.corp.example', 'port': 3128, 'passwordRequired': True, 'userName': 'other', 'password': 'pr0xy-secret', 'bypassHosts': 'intranet.corp.example,10.0.0.0/8', 'vendorExtra': 'kept'}"

# --- failures, each by its name
while read -r m rc code; do
	mode "$m"
	run "$rc" node show
	ok "$m is $code" says "[$code]"
	ok "$m says what to do" [ "$(grep -c '\. [A-Z].*\[' "$work/err")" -ge 1 ]
done <<'END'
wrong-password 77 node-unauthorized
no-rights 77 node-forbidden
always-busy 69 node-rate-limited
fails 69 node-error
page 69 node-api-disabled
disabled 69 node-api-disabled
login 69 node-api-disabled
cut 65 node-answer-invalid
not-json 65 node-answer-invalid
endless 65 node-answer-invalid
END
mode
run 0 node login --forget
ok "all of it is forgotten" [ ! -e "$state/node.password" ]
run 78 node show
finish
