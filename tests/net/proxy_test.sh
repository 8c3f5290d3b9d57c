#!/bin/bash
# "proxy test" against a real squid, with and without login, over TLS, and against what is no proxy: the cause is named, and
# the password is never shown.
. "$top_srcdir/tests/lib/servers.sh"
servers_begin squid openssl python3
work=$SERVERS_DIR
export POSTURE_CONSOLE_CONFIG=$work/console.conf POSTURE_CONSOLE_STATE_DIR=$work/state
program=$top_builddir/posture-console
secret=s3cret-pass
fail=0

server_run peers python3 "$top_srcdir/tests/net/proxy_peers.py"
for _ in $(seq 100); do grep -q closed= "$work/peers.out" && break; sleep 0.1; done
grep -q closed= "$work/peers.out" || { echo "the peers did not start"; exit 99; }
# shellcheck disable=SC1090,SC1091
. "$work/peers.out"

# squid for everyone, with two kinds of login, and over TLS. It knows the feed as feed.test.
pki_standard || exit 99
echo '127.0.0.1 feed.test denied.test xn--bcher-kva.test' > "$work/hosts"
chmod 644 "$work/hosts"
rules="hosts_file $work/hosts
dns_nameservers 127.0.0.1
acl denied dstdomain denied.test
acl feed_port port $feed 443 9
http_access deny denied
http_access deny !feed_port"
SQUID_CERT=
squid_start open none "$rules" || exit 99
open=$SQUID_PORT
squid_start login basic "$rules" || exit 99
login=$SQUID_PORT
squid_start digest digest "$rules" || exit 99
digest=$SQUID_PORT
SQUID_CERT=feed
squid_start tls none "$rules" || exit 99
tls=$SQUID_PORT

# expect CAUSE ARGUMENTS...: "proxy test" must name that cause, or "pass", within its time limit, and end with that code.
expect() {
	local want=$1 got code start=$SECONDS
	shift
	timeout 20 "$program" proxy test --json --timeout 2 --url "https://feed.test:$feed/posture-update.xml" "$@" \
		> "$work/out" 2> "$work/err"
	code=$?
	cat "$work/out" "$work/err" >> "$work/all"
	got=$(python3 -c '
import json, sys
event = json.loads(sys.stdin.readlines()[-1])
assert event["event"] == "proxy.tested", event
assert (event["status"] == "pass") == ("cause" not in event), event
print(event.get("cause", "pass"))' < "$work/out")
	if [ "$got" = "$want" ] && [ $((SECONDS - start)) -le 15 ]; then
		if [ "$want" = pass ]; then [ $code = 0 ] && return; else [ $code != 0 ] && return; fi
	fi
	echo "FAILED: line ${BASH_LINENO[0]}: $got, not $want (exit code $code, $((SECONDS - start)) s)"
	sed 's/^/  | /' "$work/out" "$work/err"
	fail=1
}
proxy() { "$program" --quiet proxy set "$@" || fail=1; }
password() { printf '%s\n' "$2" | "$program" --quiet proxy set --user "$1" --password-file - || fail=1; }
says() { grep -qF -- "$1" "$work/out" "$work/err" || { echo "FAILED: does not say: $1"; cat "$work/out" "$work/err"; fail=1; }; }

# Without a login.
proxy --host 127.0.0.1 --port "$open"
expect pass
says '"connect_status":200'
proxy --disable
expect pass
proxy --enable --bypass .test
expect pass
says '"bypassed":true'
"$program" proxy test --url "https://feed.test:$feed/" > "$work/out" 2>&1; says 'direct'
expect pass --url "https://bücher.test:$feed/"
says '"target":"xn--bcher-kva.test"'
says '"bypassed":true'
proxy --bypass ''
expect proxy-denied-destination --url "https://denied.test:$feed/"
expect proxy-denied-destination --url "https://denied.test/"
expect proxy-denied-port --url "https://feed.test:8443/"
expect proxy-upstream-refused --url "https://feed.test:9/"

# With a login.
proxy --port "$login"
expect proxy-auth-required
says 'Basic'
"$program" config set proxy.user operator > /dev/null
expect proxy-auth-rejected
says 'none is stored'
"$program" check --only proxy --url "https://feed.test:$feed/" > "$work/out" 2>&1
says 'No password is stored for the user.'
password operator wrong-8
expect proxy-auth-rejected
password operator "$secret"
expect pass
proxy --port "$digest"
expect pass
password operator wrong-8
expect proxy-auth-rejected
says 'Digest'
password operator "$secret"
"$program" proxy test --url "https://feed.test:$feed/" > "$work/out" 2>&1; cat "$work/out" >> "$work/all"
says 'OK  Tunnel: opened to feed.test'
proxy --port "$bearer"
expect proxy-auth-method-unsupported
proxy --port "$negotiate"
expect proxy-auth-rejected
says kinit
proxy --user ''

# Tried before it is set: the settings stay as they are, and a password goes under its own name only.
proxy --port "$login"
password operator "$secret"
"$program" config list --json > "$work/before"
expect pass --host localhost --port "$open" --user ''
expect proxy-auth-rejected --port "$login" --user somebody --password-file - <<< wrong-8
expect pass --port "$login" --user operator --password-file - <<< "$secret"
expect pass --port "$login" --user operator
expect proxy-auth-rejected --port "$login" --user somebody
"$program" proxy test --port 0 > "$work/out" 2>&1; [ $? = 78 ] || fail=1; says '1 to 65535'
"$program" proxy test --enable > "$work/out" 2>&1; [ $? = 2 ] || fail=1
"$program" config list --json | cmp - "$work/before" || fail=1
expect pass
proxy --user ''

# Addresses of the other family, for the proxy and for the feed.
if [ -n "$opens6" ]; then
	proxy --host ::1 --port "$opens6"; expect pass; expect pass --url 'https://[2001:db8::1]/x'
	proxy --host 127.0.0.1
else
	echo "not tried: IPv6, for want of ::1"
fi

# Not reached.
proxy --port "$closed"; expect proxy-refused
proxy --port "$full"; expect proxy-timeout
# An unknown name, and a name server that says nothing: within the time limit.
if unshare -rnm sh -c 'ip link set lo up && mount --bind /dev/null /etc/resolv.conf' 2> /dev/null; then
	proxy --host no-such-proxy.invalid
	for server in none mute; do
		start=$SECONDS
		timeout 20 unshare -rnm sh -c '
			ip link set lo up
			echo "nameserver 127.0.0.1" > "$1/resolv.conf"
			mount --bind "$1/resolv.conf" /etc/resolv.conf
			if [ "$2" = mute ]; then
				python3 -c "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind((\"127.0.0.1\", 53)); time.sleep(15)" &
				pid=$!
				for _ in $(seq 50); do grep -q ":0035 " /proc/net/udp && break; sleep 0.1; done
			fi
			"$3" proxy test --timeout 2
			[ -z "${pid-}" ] || kill $pid' - "$work" $server "$program" > "$work/out" 2> "$work/err"
		says 'proxy-unresolvable'
		[ $((SECONDS - start)) -le 8 ] || { echo "FAILED: $server: $((SECONDS - start)) s"; fail=1; }
	done
	proxy --host 127.0.0.1
else
	echo "not tried: an unknown proxy name, for want of a network namespace"
fi

# Not what the setting says.
proxy --port "$ssh"; expect proxy-not-http; says 'SSH-2.0'
proxy --port "$mute"; expect proxy-dropped-connect
proxy --port "$closes"; expect proxy-dropped-connect
proxy --port "$web"; expect proxy-connect-unsupported
proxy --port "$portal"; expect proxy-captive-portal; says 'login.example'
proxy --port "$loop"; expect proxy-loop
proxy --port "$tls"; expect proxy-needs-tls
proxy --port "$socks"; expect proxy-is-socks
proxy --scheme https --port "$open"; expect proxy-is-plain
proxy --scheme https --port "$tls"; expect proxy-certificate-bad
"$program" --quiet certs import "$work/pki/root.pem" --name lab --usage infrastructure || fail=1
expect pass
proxy --scheme socks5 --port "$open"; expect proxy-not-socks

# SOCKS.
proxy --port "$socks"; expect pass
proxy --port "$socks_refused"; expect proxy-socks-failed; says 'refused'
proxy --port "$socks_login"
password operator wrong-8; expect proxy-socks-failed
password operator "$secret"; expect pass

# What is asked of the command itself.
"$program" proxy clear > /dev/null
"$program" proxy test > "$work/out" 2> "$work/err" && fail=1; says 'proxy-setting-invalid'
says 'no proxy is named'
"$program" proxy test --url http://x > "$work/out" 2> "$work/err"; [ $? = 78 ] || fail=1
"$program" proxy test --timeout 0 > "$work/out" 2> "$work/err"; [ $? = 2 ] || fail=1

if grep -F -e "$secret" -e wrong-8 "$work/all"; then echo "FAILED: a password was shown"; fail=1; fi
exit $fail
