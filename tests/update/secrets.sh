#!/bin/bash
# A password goes to the proxy and to nobody else: not into an argument list or an environment, a hook's among them, not into a
# log, an event, the history, a report or any other file; and who holds it leaves no core dump and lets nobody look into it.
# Everything that the program runs and writes is recorded by strace and searched.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/lib/servers.sh"
set +u
need python3 strace openssl
servers_begin nginx squid openssl
trap 'servers_end; cleanup' EXIT
. "$top_srcdir/tests/lib/recorded.sh"

secret=s3cret-pass		# that of the squid which servers.sh starts
login=$(printf 'operator:%s' "$secret" | base64)
pki_standard
squid_start login basic
nginx_start feed feed
sample_feed "$NGINX_ROOT" 2026.11.20.1
chmod -R a+rX "$NGINX_ROOT"
url=https://127.0.0.1:$NGINX_PORT/posture-update.xml
pc certs import "$SERVERS_DIR/pki/root.pem" --name lab --usage cisco-services >/dev/null
printf '%s\n' "$secret" >"$work/password"
cat >"$work/hook" <<'HOOK'
#!/bin/sh
env >"$1"
tr '\0' '\n' <"/proc/$PPID/environ" >>"$1"
tr '\0' '\n' <"/proc/$PPID/cmdline" >>"$1"
HOOK
chmod +x "$work/hook"
pc config set hook.after_commit "$work/hook" "$work/environment" >/dev/null

recorded 0 proxy set --host 127.0.0.1 --port "$SQUID_PORT" --user operator --password-file "$work/password"
recorded 0 proxy show
recorded 0 --json update --url "$url" --no-check
ok "the password was used: the proxy let it through" wait_for 5 grep -q "CONNECT.*operator" "$SQUID_LOG"
recorded 0 --json history
recorded 0 --json status
recorded 0 config list
pc --json proxy test >"$work/out.proxy" 2>"$work/err.proxy"
pc --json check --url "$url" >"$work/out.check" 2>"$work/err.check"
run 0 report -o "$work/report.tar.gz"
mkdir "$work/unpacked" && tar -C "$work/unpacked" -xzf "$work/report.tar.gz"
printf 'another-wrong-one\n' >"$work/wrong"
run 0 proxy set --user operator --password-file "$work/wrong"
run 69 --json update --url "$url" --force
cp "$work/out" "$work/out.refused" && cp "$work/err" "$work/err.refused"

recorded_gather
ok "also the events" grep -q 'write(.*update.finished' "$work/searched"
# The one place: its own file, 0600.
own='write\([0-9]+<[^>]*/\.?proxy\.password[^>]*>'
secrets="$secret|$login|another-wrong-one"
ok "not in an argument list, an environment or a file that was written" nowhere "$secrets" "$own" "$work/searched"
ok "not in what was printed" nowhere "$secrets" "" "$work"/out.* "$work"/err.*
ok "not in the hook's environment, nor in its parent's" nowhere "$secrets" "" "$work/environment"
ok "the hook's environment was looked at" grep -q ^POSTURE_CONSOLE_GENERATION= "$work/environment"
ok "not in the report" nowhere "$secrets" "" -r "$work/unpacked"
ok "not in the state folder, but for its own file" sh -c "! grep -rlE '$secret|$login|another-wrong-one' '$state' '$config' | grep -v '/proxy.password\$'"
ok "which only its owner may read" test "$(stat -c %a "$state/proxy.password")" = 600

# --- while it runs: no core dump, and nobody looks into it
pc proxy set --user operator --password-file "$work/password" >/dev/null
dd if=/dev/urandom of="$work/data.bin" bs=1M count=8 2>/dev/null
tar -C "$work" -czf "$NGINX_ROOT/big.tar.gz" data.bin
sample_feed "$NGINX_ROOT" 2026.11.21.1
feed_root=$NGINX_ROOT
nginx_start slow feed "limit_rate 1m;"
cp -a "$feed_root"/. "$NGINX_ROOT"/ && chmod -R a+rX "$NGINX_ROOT"
run 0 --json update --url "https://127.0.0.1:$NGINX_PORT/posture-update.xml" --no-check --detach
pid=$(json "$work/out" '(d if isinstance(d, dict) else d[-1])["pid"]')
part_has() { [ "$(find "$state/staging/parts" -name '*.part' -size +100k 2>/dev/null | wc -l)" -gt 0 ]; }
ok "the download is under way" wait_for 20 part_has
ok "no core dump of it" grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits"
ok "not in its argument list and environment" sh -c "! tr '\\0' '\\n' </proc/$pid/cmdline | grep -q '$secret' && ! tr '\\0' '\\n' </proc/$pid/environ | grep -q '$secret'"
if [ "$(id -u)" = 0 ]; then
	# A process that may be looked into belongs, under /proc, to its user; another one to root. So this needs another user.
	mkdir "$work/home" && cp -a "$state/trust" "$work/home/" && cp "$state/proxy.password" "$work/home/"
	chmod 755 "$work" && cp "$config" "$work/nobody.conf" && chmod 644 "$work/nobody.conf" && chown -R 65534:65534 "$work/home" && chmod 755 "$work/home"
	install -m 755 "$program" "$work/program"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$work/program" --config "$work/nobody.conf" --state-dir "$work/home" --json update \
		--url "https://127.0.0.1:$NGINX_PORT/posture-update.xml" --no-check --detach >"$work/out" 2>"$work/err"
	other=$(json "$work/out" '(d if isinstance(d, dict) else d[-1])["pid"]')
	ok "the job of another user runs" test -d "/proc/$other"
	ok "and cannot be looked into by that user" test "$(stat -c %u "/proc/$other/environ")" = 0
	kill "$other" 2>/dev/null
	ok "it stops" wait_for 10 test ! -e "/proc/$other/environ" -o ! -s "/proc/$other/cmdline"
fi
kill "$pid" 2>/dev/null
ok "it stops" wait_for 10 sh -c "! '$program' --config '$config' --state-dir '$state' --json status | grep -q '\"pid\"'"
finish
