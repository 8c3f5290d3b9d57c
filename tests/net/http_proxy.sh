# Proxies: with and without login, over TLS, SOCKS, and each way in which one can fail.
part_proxy() {
	# What a proxy setting in the environment would break.
	export https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 no_proxy=
	fetch --ca "$root" "$feed/a.txt"
	has "the environment does not decide" '"ok":true' '"via_proxy":false'

	squid_start squid || exit 99
	local open=$SQUID_PORT open_log=$SQUID_LOG basic basic_log
	fetch --ca "$root" --proxy "http://127.0.0.1:$open" "$feed/a.txt"
	has "through a proxy" '"ok":true' '"via_proxy":true' '"http_version":2.0'
	holds "the proxy saw it" grep -q "CONNECT localhost:$feed_port" "$open_log"
	fetch --ca "$root" --proxy "http://127.0.0.1:1" --bypass localhost "$feed/a.txt"
	has "the bypass list goes round it" '"ok":true' '"via_proxy":false'
	fetch --ca "$root" --proxy "http://127.0.0.1:$open" --bypass localhost "https://localhost:1/"
	has "a bypassed failure says so" '"finding":"tcp-refused"' "bypass list"
	fetch --ca "$root" --proxy "http://127.0.0.1:$open" "$bad/to?$feed/a.txt"
	has "redirects ask the proxy again" '"ok":true' '"redirects":1'

	squid_start squid-basic basic || exit 99
	basic=$SQUID_PORT basic_log=$SQUID_LOG
	export PROXY_PASSWORD=s3cret-pass
	fetch --ca "$root" --proxy "http://operator@127.0.0.1:$basic" "$feed/a.txt" "$old/a.txt"
	holds "Basic login" test "$(grep -c '"ok":true' <<<"$out")" = 2
	lacks "the password is never shown" s3cret
	fetch --ca "$root" --small --proxy "http://operator@127.0.0.1:$basic" "$feed/a.txt" "$old/a.txt"
	holds "only the first request is refused first" test "$(grep -c TCP_DENIED "$basic_log")" -le 3
	fetch --ca "$root" --proxy "http://127.0.0.1:$basic" "$feed/a.txt"
	finding "a missing login" proxy-auth-required
	has "the methods are named" "Basic"
	PROXY_PASSWORD=wrong fetch --ca "$root" --proxy "http://operator@127.0.0.1:$basic" "$feed/a.txt"
	finding "a wrong password" proxy-auth-rejected
	squid_start squid-digest digest || exit 99
	fetch --ca "$root" --proxy "http://operator@127.0.0.1:$SQUID_PORT" "$feed/a.txt"
	has "Digest login" '"ok":true'
	pki_leaf proxy other-root DNS:localhost,IP:127.0.0.1 || exit 99
	SQUID_CERT=proxy squid_start squid-tls basic || exit 99
	fetch --ca "$root" --proxy-ca "$SERVERS_DIR/pki/other-root.pem" --proxy "https://operator@127.0.0.1:$SQUID_PORT" "$feed/a.txt"
	has "an https proxy with its own anchors" '"ok":true' '"via_proxy":true'
	local urls=() i
	for ((i = 0; i < 40; i++)); do urls+=("$feed/a.txt"); done
	fetch --ca "$root" --proxy-ca "$SERVERS_DIR/pki/other-root.pem" --proxy "https://operator@127.0.0.1:$SQUID_PORT" --retries 0 \
		--low-speed-seconds 5 "${urls[@]}"
	holds "forty files come through an https proxy, none of which lies in it" test "$(grep -c '"ok":true' <<<"$out")" = 40
	fetch --ca "$root" --proxy-ca "$root" --proxy "https://operator@127.0.0.1:$SQUID_PORT" "$feed/a.txt"
	finding "an https proxy of an unknown CA" proxy-certificate-bad
	fetch --ca "$root" --proxy "https://operator@127.0.0.1:$SQUID_PORT" "$feed/a.txt"
	finding "an https proxy with no anchors" trust-store-empty
	fetch --ca "$SERVERS_DIR/pki/other-root.pem" --proxy-ca "$SERVERS_DIR/pki/other-root.pem" \
		--proxy "https://operator@127.0.0.1:$SQUID_PORT" "$feed/a.txt"
	has "inside an https proxy the server's certificate is the server's" '"finding":"cert-' "localhost:$feed_port" '"errors":[{'

	proxy_errors "$open"
	unset https_proxy ALL_PROXY no_proxy PROXY_PASSWORD
}

# Columns: finding, scheme, the proxy's certificate, what the message says, mode, argument.
proxy_errors() {
	local squid=$1 table row=0 code scheme cert said mode arg
	local -A BADHTTP_PORTS
	fetch --ca "$root" --proxy "http://127.0.0.1:1" "$feed/a.txt"
	finding "no proxy there" proxy-refused
	fetch --ca "$root" --proxy "http://nowhere.invalid:3128" "$feed/a.txt"
	finding "a proxy without an address" proxy-unresolvable
	fetch --ca "$root" --proxy "http://127.0.0.1:$squid" "https://localhost:1/"
	has "squid cannot reach a port" '"finding":"proxy-upstream-refused"' "ERR_CONNECT_FAIL 111"
	fetch --ca "$root" --proxy "http://127.0.0.1:$squid" "https://nowhere.invalid/"
	has "squid cannot resolve a name" '"finding":"proxy-cannot-resolve"'
	table=$(sed 's/@/\\r\\nContent-Length: 0\\r\\n\\r\\n/' <<'END' | tr -s '\t'
proxy-denied-destination	http	-	ERR_ACCESS	answer	HTTP/1.1 403 No\r\nX-Squid-Error: ERR_ACCESS_DENIED 0@
proxy-upstream-timeout	http	-	did not answer	answer	HTTP/1.1 503 X\r\nX-Squid-Error: ERR_CONNECT_FAIL 110@
proxy-cannot-resolve	http	-	cannot resolve	answer	HTTP/1.1 502 X\r\nProxy-Status: gw; error=dns_error@
proxy-upstream-timeout	http	-	504	answer	HTTP/1.1 504 Gateway Timeout@
proxy-upstream-error	http	-	502	answer	HTTP/1.1 502 Bad Gateway@
proxy-connect-unsupported	http	-	405	answer	HTTP/1.1 405 Method Not Allowed@
proxy-captive-portal	http	-	login.test	answer	HTTP/1.1 302 Found\r\nLocation: http://login.test/@
proxy-loop	http	-	508	answer	HTTP/1.1 508 Loop@
proxy-auth-method-unsupported	http	-	Bearer	answer	HTTP/1.1 407 X\r\nProxy-Authenticate: Bearer@
proxy-not-http	http	-	SSH-2.0	banner	SSH-2.0-OpenSSH_9.2\r\n
proxy-dropped-connect	http	-	said nothing	silent
proxy-dropped-connect	http	-	closed	close
proxy-tunnel-silent	http	-	opened a tunnel	tunnel-silent
proxy-tunnel-reset	http	-	opened a tunnel	tunnel-reset
proxy-tunnel-reset	http	-	opened a tunnel	tunnel-close
proxy-tunnel-html	http	-	page	tunnel-html
proxy-is-plain	https	-	scheme http	answer	HTTP/1.1 400 Bad Request@
proxy-is-plain	https	-	scheme http	banner-close	HTTP/1.1 400 Bad Request@
proxy-dropped-connect	https	proxy	closed	close
proxy-denied-destination	https	proxy	403	answer	HTTP/1.1 403 Forbidden@
proxy-socks-failed	socks5	-	rules forbid	socks	2
proxy-socks-failed	socks5	-	refused the connection	socks	5
proxy-socks-failed	socks5	-	rejected the login	socks-auth
proxy-not-socks	socks5	-	does not answer as	banner	HTTP/1.1 400 Bad Request@
END
	)
	badhttp_cases proxies <<<"$(awk -F'\t' -v OFS='\t' '{ print NR, $3, $5, $6 }' <<<"$table")" || exit 99
	while IFS=$'\t' read -r code scheme cert said mode arg; do
		row=$((row + 1))
		fetch --ca "$root" --proxy-ca "$SERVERS_DIR/pki/other-root.pem" --connect-timeout 400 \
			--proxy "$scheme://operator@127.0.0.1:${BADHTTP_PORTS[$row]}" "$feed/a.txt"
		finding "$scheme proxy, $mode $arg" "$code"
		has "$scheme proxy, $mode $arg, in words" "$said"
	done <<<"$table"
}
