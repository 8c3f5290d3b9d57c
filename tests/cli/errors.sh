#!/bin/bash
# Every error says what failed, on what, why, and what to do next: a list of commands that fail, each in its own way. What a
# person reads is one line on standard error, and --json tells the same.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"

# coded FINDING COMMAND...: the failure carries that code, for a person and in JSON.
coded() {
	local code=$1
	shift
	pc "$@" </dev/null >"$work/out" 2>"$work/err"
	ok "\"$*\" names $code" grep -qF "[$code]" "$work/err"
	pc --json "$@" </dev/null >"$work/out" 2>"$work/err"
	ok "\"$*\" names $code in JSON" grep -qF "\"$code\"" "$work/out"
}

# fails EXIT_CODE MENTIONS COMMAND...: ends so, names what it was about, says what next, in text and as JSON.
fails() {
	local want=$1 about=$2
	shift 2
	run "$want" "$@" </dev/null
	ok "\"$*\" says what it was about ($about)" grep -qF -- "$about" "$work/err"
	ok "\"$*\" is one line about it" test "$(grep -c '^posture-console: ' "$work/err")" -ge 1
	ok "\"$*\" prints nothing hostile" bash -c '! grep -qP "[\x00-\x08\x0b-\x1f\x7f]" "$1"' - "$work/err"
	run "$want" --json "$@" </dev/null
	ok "\"$*\" says what next: $(tail -n 1 "$work/out" | cut -c 1-300)" json "$work/out" \
		'any(len(x.get("next", "")) > 8 for x in (d if isinstance(d, list) else [d]))'
}

chmod 755 "$work"
commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for c in $commands; do
	fails 2 --no-such-option "$c" --no-such-option
done
fails 2 no-such-command no-such-command
for typo in udpate updat uppdate upodate; do
	fails 2 "$typo" $typo
	ok "$typo is near update" grep -q 'Did you mean "posture-console update"' "$work/err"
done
run 2 xyz
ok "nothing is near xyz" bash -c '! grep -q "Did you mean" "$1"' - "$work/err"
fails 2 https:// update --url https://
fails 2 --config status --config
fails 2 terminal

# usage
fails 2 nonsense update nonsense
fails 2 --offline update --web --offline x.zip
fails 2 nonsense check --only nonsense
fails 2 'a b' check --host 'a b'
fails 2 99999 check --host h:99999
fails 2 ftp://h/x check --url ftp://h/x
fails 2 seconds check --timeout nonsense
fails 2 nonsense explain nonsense-nonsense
fails 2 FINDING explain
fails 2 nonsense history --limit nonsense
fails 2 certs certs
fails 2 nonsense certs nonsense
fails 2 NAME certs show
fails 2 FILE certs import
fails 2 nonsense certs import x.pem --usage nonsense
fails 2 nonsense proxy nonsense
fails 2 config config
fails 2 nonsense.key config get nonsense.key
fails 2 nonsense.key config set nonsense.key 1
fails 2 VALUE config set proxy.port
fails 2 nonsense log --level nonsense
fails 2 nonsense log --since nonsense
fails 2 '(' log --regex --filter '('
fails 2 nonsense bundle nonsense
fails 2 bundle bundle
fails 2 FILE bundle verify
fails 2 -o bundle build .
fails 2 DIR feed build
fails 2 --to mirror
fails 2 nonsense demo nonsense

# what is not there, or is not what it should be
: >"$work/empty"
echo "no zip at all" >"$work/text.zip"
head -c 3000 /dev/urandom >"$work/noise.zip"
fails 65 none.zip update --offline "$work/none.zip"
fails 65 empty update --offline "$work/empty"
fails 65 text.zip bundle verify "$work/text.zip"
fails 65 noise.zip bundle list "$work/noise.zip"
fails 65 none.zip bundle verify "$work/none.zip"
fails 1 '"nobody"' certs show nobody
fails 1 '"nobody"' certs remove nobody
fails 1 '"nobody"' certs trust nobody cisco-services
coded certificate-not-found certs show nobody
coded certificate-not-found certs trust nobody cisco-services
coded generation-not-found rollback 19990101-1
coded generation-not-found rollback nonsense
coded generation-not-found diff nonsense current
fails 65 text.zip certs import "$work/text.zip"
fails 73 none.pem certs import "$work/none.pem"
fails 73 19990101-1 rollback 19990101-1
fails 1 generation rollback
fails 78 port config set proxy.port 99999
fails 78 http://x config set source.feed_url http://x/
fails 73 none.log log --file "$work/none.log"
fails 73 none feed build "$work/none"
fails 73 none bundle build "$work/none" -o "$work/o.zip"
fails 69 127.0.0.1 update --no-check --url https://127.0.0.1:1/x.xml
fails 69 127.0.0.1 certs verify 127.0.0.1:1
fails 69 127.0.0.1 mirror --to "$work/m" --url https://127.0.0.1:1/x.xml
fails 2 http update --url http://127.0.0.1/x.xml
printf 'proxy = { port = "x"; };\n' >"$work/bad.conf"
config=$work/bad.conf
fails 78 bad.conf status
config=$work
fails 73 "$work" status
ok "a folder is no fault of the device" grep -q path-invalid "$work/out"
config=$work/bad.conf
fails 78 bad.conf config list
config=$work/console.conf
state=$work/empty
fails 73 empty update --offline "$top_builddir/sample/posture-offline.zip"
state=$work/state
# Output goes to a device or a pipe; none is replaced by a file, which would take it away from everybody else.
ln -s /dev/null "$work/device"
mkfifo "$work/pipe"
sample_feed "$work/feed" 2026.11.20.1
run 0 report --no-check -o "$work/device"
run 73 bundle build "$work/feed" -o "$work/device"
cat "$work/pipe" >"$work/piped" &
run 0 report --no-check -o "$work/pipe"
wait $!
ok "the report came through the pipe" tar -tzf "$work/piped"
run 73 bundle build "$work/feed" -o "$work/pipe"
ok "what is no file is named" grep -q "pipe is not a regular file" "$work/err"
ok "the device is one still" test -L "$work/device" -a -c "$work/device"
ok "and the pipe" test -p "$work/pipe"

# What cannot be printed is no success, be it short or longer than a buffer; a reader that has had enough is no failure.
pc certs list >/dev/null 2>&1
for what in "status" "--help" "certs list" "certs list --json" "explain dns-nxdomain" "log --file $work/long.log"; do
	[ -e "$work/long.log" ] || yes '2026-11-24 10:00:00,000 INFO  [w][[]] t.W -:::::- x' | head -30000 >"$work/long.log"
	rc=0
	# shellcheck disable=SC2086
	pc $what >/dev/full 2>"$work/err" || rc=$?
	ok "$what: nothing can be printed ($rc)" test "$rc" = 74
	ok "$what: and that is said" grep -q "standard output.*Make room" "$work/err"
	# shellcheck disable=SC2086
	pc $what 2>"$work/err" | head -1 >/dev/null
	ok "$what: a reader goes away" test "${PIPESTATUS[0]}" = 0
	ok "$what: without a word" sh -c '! grep -q "standard output" "$1"' - "$work/err"
done
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$program" "$top_builddir/sample/posture-offline.zip" "$work"
	mkdir "$work/locked"
	state=$work/locked
	pc() { setpriv --reuid 65534 --regid 65534 --clear-groups "$work/posture-console" --config "$config" --state-dir "$state" "$@"; }
	fails 77 locked update --offline "$work/posture-offline.zip"
fi
finish
