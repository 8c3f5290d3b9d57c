#!/bin/bash
# On a terminal a person reads dates and numbers as the locale has them; a script, and a machine, reads what it always read.
. "$top_srcdir/tests/lib/common.sh"

need localedef python3
[ -e /usr/share/i18n/locales/de_DE ] || skip "the package locales is not installed"
export LOCPATH=$work/locales
mkdir -p "$LOCPATH"
for l in de_DE en_US ja_JP; do
	localedef -i $l -f UTF-8 --no-archive "$LOCPATH/$l.UTF-8" >/dev/null 2>&1 || skip "cannot make the locale $l"
done

# The words stay English, also where the program's catalogues are installed.
unset LC_ALL LANGUAGE
export LC_MESSAGES=C.UTF-8 LANG=C.UTF-8

# on_terminal LOCALE COMMAND...: what a person sees, in $work/out.
on_terminal() {
	local locale=$1
	shift
	LANG=$locale python3 "$top_srcdir/tests/cli/on_terminal.py" 100 "$program" --config "$config" --state-dir "$state" "$@" >"$work/out"
}
# sees LOCALE PATTERN COMMAND...
sees() {
	local locale=$1 pattern=$2
	shift 2
	on_terminal "$locale" "$@"
	ok "$locale: \"$*\" shows $pattern: $(head -c 300 "$work/out")" grep -qE -- "$pattern" "$work/out"
}

export POSTURE_CONSOLE_CA_BUNDLE=$top_srcdir/tests/trust/identrust.pem
run 0 update --offline "$top_builddir/sample/posture-offline.zip"
export POSTURE_CONSOLE_TEST_TIME=2026-11-23T14:31:07Z

sees de_DE.UTF-8 '[0-3][0-9]\.[01][0-9]\.20[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] UTC  offline, [0-9]+,[0-9] s$' status
sees de_DE.UTF-8 '^[0-3][0-9]\.[01][0-9]\.20[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] UTC +update' history
sees de_DE.UTF-8 '^enabled .* 16\.01\.2034  IdenTrust Commercial Root CA 1$' certs list --enabled
sees de_DE.UTF-8 'Valid until   16\.01\.2034 18:12:23 UTC \(2611 days left\)' certs show "IdenTrust Commercial Root CA 1"
sees en_US.UTF-8 'Valid until   01/16/2034 06:12:23 PM UTC' certs show "IdenTrust Commercial Root CA 1"
sees ja_JP.UTF-8 'Valid until   2034年01月16日 18時12分23秒 UTC' certs show "IdenTrust Commercial Root CA 1"
sees C.UTF-8 'Valid until   2034-01-16T18:12:23Z' certs show "IdenTrust Commercial Root CA 1"
# The table stands in columns: the wide characters of a date take two.
on_terminal ja_JP.UTF-8 certs list
ok "the columns stand below their titles" python3 - "$work/out" <<'END'
import sys, unicodedata
width = lambda s: sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in s)
lines = [l for l in open(sys.argv[1], encoding='utf-8').read().split('\n') if l and 'shown' not in l]
at = width(lines[0][:lines[0].index('Name')])
for line in lines[1:]:
    name = line[line.rindex('日') + 1:].lstrip()
    name = name[name.index('  ') + 2:].lstrip() if '  ' in name else name
    assert width(line) - width(name) == at, line
END

# A pipe is read by a script, or ends in a report; JSON and what the program keeps are the same everywhere.
export LANG=de_DE.UTF-8
run 0 status
ok "a pipe gets RFC 3339" grep -qE '20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}Z  offline' "$work/out"
on_terminal de_DE.UTF-8 --json status
ok "JSON on a terminal too" grep -qE '"last_success": "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}Z"' "$work/out"
run 0 --json check --only local
ok "JSON has a decimal point" json "$work/out" 'any(isinstance(x.get("duration_ms"), float) for x in d)'
ok "history.jsonl has a decimal point, or none" bash -c '! grep -E "[0-9],[0-9]+[,}]" "$1"' - "$state/history.jsonl"
# What is typed as a number is one in every locale.
run 2 check --timeout 0,1
run 2 check --timeout nonsense
for t in 2.5 2,5; do
	run 0 --json check --only local --timeout $t
done
finish
