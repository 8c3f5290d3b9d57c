#!/bin/bash
# certs from the command line: what the contract says of it, with certificates that openssl makes; every refusal has its
# exit code, its finding and changes nothing; standard output is one JSON document with --json.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export POSTURE_CONSOLE_CONFIG=$work/console.conf POSTURE_CONSOLE_STATE_DIR=$work/state
export POSTURE_CONSOLE_CA_BUNDLE=$top_srcdir/tests/trust/identrust.pem
program=$top_builddir/posture-console
identrust='IdenTrust Commercial Root CA 1'
fail=0

note() {
	echo "FAILED: $*"
	sed 's/^/  | /' "$work/out" "$work/err"
	fail=1
}

# run CODE ARGUMENTS...: the command must end with that code.
run() {
	local want=$1 code
	shift
	"$program" "$@" > "$work/out" 2> "$work/err" < "${input:-/dev/null}"
	code=$?
	[ $code = "$want" ] || note "$*: exit code $code, not $want"
}
says() { cat "$work/out" "$work/err" | grep -qF -- "$1" || note "does not say: $1"; }
silent() { cat "$work/out" "$work/err" | grep -qF -- "$1" && note "says: $1"; }
json() { python3 -c "import json,sys; d=json.load(open('$work/out')); sys.exit(0 if ($1) else 1)" || note "JSON is not: $1"; }

ca() { # NAME [DAYS]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "${2:-400}" -subj "/O=Corp/CN=$1" \
		-keyout "$work/key.pem" -out "$work/$1.pem" 2> /dev/null || exit 99
}
ca one; ca two; ca three; ca soon 20
openssl x509 -in "$work/two.pem" -outform DER -out "$work/two.der"
openssl x509 -in "$work/three.pem" -text > "$work/three.txt"
cat "$work/three.pem" "$work/key.pem" > "$work/keyed.pem"
: > "$work/out"; : > "$work/err"

# The first start.
run 0 certs list
says "enabled  yes       2034-01-16  $identrust"
run 0 certs list --json
json 'len(d) == 1 and d[0]["enabled"] is True and d[0]["usages"] == ["cisco-services"]'
json 'set(d[0]) >= {"name","description","enabled","usages","subject","issuer","serial","not_before","not_after","sha256",
	"signature_algorithm","key","ca","self_signed"}'
json 'd[0]["not_after"] == "2034-01-16T18:12:23Z" and d[0]["ca"] is True and d[0]["key"] == "RSA 4096"'
json 'd[0]["sha256"] == "5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae"'

# Import: file, DER, standard input, several, with options before and after; enabled, with the usages named only.
run 0 certs import "$work/one.pem" --name One --usage infrastructure,client-auth --description 'our own'
says 'trusted for: infrastructure, client-auth'
run 0 certs --json import "$work/two.der"
json '[c["name"] for c in d["imported"]] == ["two#two#00001"] and d["imported"][0]["usages"] == []'
input=$work/three.txt run 0 certs import - --usage cisco-services --usage infrastructure --name Three
run 0 certs list --enabled --usage cisco-services,infrastructure --json
json '[c["name"] for c in d] == ["Three"]'
run 0 certs show One --json
json 'd["description"] == "our own" and d["usages"] == ["infrastructure", "client-auth"] and d["enabled"]'
json 'd["subject"] == "O=Corp, CN=one" and d["self_signed"] and d["remarks"] == [] and d["version"] == 3'
run 0 certs show "$(openssl x509 -in "$work/one.pem" -noout -fingerprint -sha256 | cut -d= -f2)"
says 'our own'
run 0 certs show Three
says 'advises against both'

# Filter and order: as the console's.
run 0 certs list --filter 'corp !two' --sort name --reverse --json
json '[c["name"] for c in d] == ["Three", "One"]'
run 0 certs list --filter 5D:56:49:9b --json
json '[c["name"] for c in d] == ["IdenTrust Commercial Root CA 1"]'
run 2 certs list --sort colour; says 'none of state, name'

# Refusals: exit code, finding, and nothing changed.
cp -r "$work/state/trust" "$work/before"
refuse() { run "$@"; diff -r "$work/state/trust" "$work/before" > /dev/null || note "changed the store"; }
refuse 65 certs import "$work/one.pem"; says 'as "One"'; says '[import-duplicate]'
refuse 65 certs import "$work/soon.pem" --name One; says '[import-name-taken]'
refuse 65 certs import "$work/soon.pem" "$work/keyed.pem"; says '[import-private-key]'; says 'keyed.pem'
refuse 65 certs import "$0"; says '[import-not-a-certificate]'
refuse 65 certs import /dev/null; says 'it is empty'
refuse 73 certs import "$work/nowhere.pem"; says 'nowhere.pem'
refuse 1 certs import "$work/soon.pem" --usage client-auth; says 'needs the usage infrastructure'
refuse 2 certs import "$work/soon.pem" --usage cisco; says 'cisco-services'
refuse 2 certs import "$work/soon.pem" --name $'a\tb'
refuse 2 certs import
refuse 2 certs import --frobnicate
refuse 2 certs frobnicate; says 'there is no "certs frobnicate"'
refuse 2 certs
refuse 2 certs show
refuse 2 certs trust One
refuse 2 certs trust One everything
refuse 1 certs show nobody; says 'there is no certificate "nobody"'
refuse 1 certs enable nobody
refuse 1 certs remove nobody
refuse 1 certs export nobody
refuse 1 certs untrust One infrastructure; says 'client-auth'; says '[trust-usage-rule]'
refuse 1 certs trust two#two#00001 admin-auth
refuse 65 --json certs import "$work/one.pem"
json 'd["event"] == "error" and d["finding"] == "import-duplicate" and d["exit_code"] == 65 and d["next"]'

# Changes.
run 0 certs trust two#two#00001 admin-auth infrastructure,client-auth
run 0 certs untrust One infrastructure client-auth
says '"One" is trusted for: none.'
run 0 certs disable Three
silent warning
run 0 certs disable "$identrust"
says 'this was the last certificate'
run 0 certs list
says 'but disabled'
run 0 certs enable Three --json
json 'd["certificate"]["enabled"] is True and d["warnings"] == []'
run 0 --quiet certs remove Three
says 'this was the last certificate'
run 0 certs enable "$identrust" --quiet
[ -s "$work/out" ] && note "--quiet prints"

# Dates.
run 0 certs import "$work/soon.pem" --name Soon
run 0 certs list; says ' soon '
POSTURE_CONSOLE_TEST_TIME=2034-02-01T00:00:00Z run 0 certs list --expired --json
json 'len(d) == 4 and all(c["expired"] for c in d)'
says 'it has expired'
POSTURE_CONSOLE_TEST_TIME=2034-02-01T00:00:00Z run 65 certs import "$work/three.pem"
says '[import-out-of-date]'; says '--allow-expired'
POSTURE_CONSOLE_TEST_TIME=2034-02-01T00:00:00Z run 0 certs import "$work/three.pem" --allow-expired

# Export gives back what was imported.
run 0 certs export One
openssl x509 -in "$work/out" -outform DER 2> /dev/null | cmp -s - <(openssl x509 -in "$work/one.pem" -outform DER) || note "PEM differs"
run 0 --json certs export One
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.stdout.write(d["pem"]); sys.exit(d["name"] != "One")' "$work/out" |
	openssl x509 -outform DER 2> /dev/null | cmp -s - <(openssl x509 -in "$work/one.pem" -outform DER) || note "JSON differs"
run 0 --json certs export One -o "$work/out.pem"
grep -q '"file"' "$work/out" && cmp -s "$work/out.pem" <(openssl x509 -in "$work/one.pem") || note "a file beside JSON differs"
run 2 --json certs export One --der
run 0 certs export One --der -o "$work/out.der"
openssl x509 -in "$work/one.pem" -outform DER | cmp -s - "$work/out.der" || note "DER differs"
# A link is written through and stays.
: > "$work/target"; ln -s target "$work/link"
run 0 certs export One --der -o "$work/link"
openssl x509 -in "$work/one.pem" -outform DER | cmp -s - "$work/target" || note "DER through a link differs"
[ -L "$work/link" ] || note "the link was replaced"
run 73 certs export One -o "$work/no/such/folder/x.pem"

# A name from a certificate cannot drive the terminal.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$(printf 'evil\033]0;x\007')" \
	-keyout "$work/key.pem" -out "$work/evil.pem" 2> /dev/null
run 0 certs import "$work/evil.pem"
run 0 certs list
grep -q $'\033' "$work/out" "$work/err" && note "an escape sequence passes"
says 'evil^[]0;x^G'
# Help has an example.
run 0 certs import --help
says 'Example: posture-console certs'

exit $fail
