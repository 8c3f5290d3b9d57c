# Certificates: only the given anchors count, and each broken chain has its name.
part_trust() {
	local pki=$SERVERS_DIR/pki bundle=$SERVERS_DIR/system.pem name code rest

	fetch "$feed/a.txt"
	finding "no anchors" trust-store-empty
	has "nothing is sent, and the commands are named" '"requests":0' '"primary_ip":""' "certs enable"
	# A chain that the system's store would accept: SSL_CERT_FILE is what OpenSSL takes for the system's.
	cat "$root" >"$bundle"
	holds "another client accepts it" env SSL_CERT_FILE="$bundle" CURL_CA_BUNDLE="$bundle" curl -sf -o "$SERVERS_DIR/null" "$feed/a.txt"
	out=$(SSL_CERT_FILE=$bundle CURL_CA_BUNDLE=$bundle SSL_CERT_DIR=/nonexistent "$get" --ca "$pki/other-root.pem" "$feed/a.txt")
	finding "a certificate that only the system trusts" cert-untrusted-root
	has "the top of the chain is told" "\"top_issuer\":\"CN=root,O=Posture console tests\"" '"error":20' '"depth":1'
	echo garbage >"$bundle"
	fetch --ca "$bundle" "$feed/a.txt"
	finding "anchors that are none" trust-store-invalid

	make_chains
	nginx_chains || exit 99
	while read -r name code rest; do
		fetch --ca "$SERVERS_DIR/anchors.pem" "https://$name.test.localhost:$NGINX_PORT/a.txt"
		finding "$name" "$code"
		[ -z "$rest" ] || has "$name says which" "$rest"
	done <<'END'
expired cert-expired expired on 2021-01-01T00:00:00Z (depth 0
late cert-not-yet-valid not valid before 2044-01-01T00:00:00Z (depth 0
old-inter-leaf cert-intermediate-expired depth 1: CN=old-inter
old-root-leaf cert-root-expired CN=old-root
wrong-name cert-name-mismatch is not for wrong-name.test.localhost but for: other.example
self cert-self-signed CN=self
alone cert-missing-intermediate CN=inter
stranger cert-untrusted-root CN=other-root
usage cert-wrong-usage depth 0
not-ca-leaf cert-issuer-not-ca depth 1
short-leaf cert-path-too-long
constrained-leaf cert-name-constraint
weak cert-weak-key depth 0
sha1 cert-weak-signature depth 0
fortinet tls-intercepted Fortinet
END
	fetch --ca "$SERVERS_DIR/anchors.pem" "https://good.test.localhost:$NGINX_PORT/a.txt"
	has "the good chain beside them passes" '"ok":true'
	POSTURE_CONSOLE_TEST_TIME=2046-01-01T00:00:00Z fetch --ca "$SERVERS_DIR/anchors.pem" "https://good.test.localhost:$NGINX_PORT/a.txt"
	has "the program's own clock judges" '"finding":"cert-root-expired"' "2046-01-01T00:00:00Z"
	handshakes
}

make_chains() {
	local pki=$SERVERS_DIR/pki name
	pki_leaf good inter DNS:good.test.localhost
	pki_leaf expired inter DNS:expired.test.localhost end=20210101000000Z
	pki_leaf late inter DNS:late.test.localhost start=20440101000000Z
	pki_intermediate old-inter root end=20210101000000Z
	pki_leaf old-inter-leaf old-inter DNS:old-inter-leaf.test.localhost
	pki_root old-root end=20210101000000Z
	pki_leaf old-root-leaf old-root DNS:old-root-leaf.test.localhost
	pki_leaf wrong-name inter DNS:other.example
	pki_make leaf self - DNS:self.test.localhost
	pki_leaf alone inter DNS:alone.test.localhost
	cp "$pki/alone.pem" "$pki/alone.chain.pem"
	pki_leaf stranger other-root DNS:stranger.test.localhost
	cat "$pki/other-root.pem" >>"$pki/stranger.chain.pem"
	pki_leaf usage inter DNS:usage.test.localhost ext=extendedKeyUsage=clientAuth
	pki_intermediate not-ca root ext=basicConstraints=CA:false
	pki_leaf not-ca-leaf not-ca DNS:not-ca-leaf.test.localhost
	pki_intermediate short root ext=basicConstraints=critical,CA:true,pathlen:0
	pki_intermediate short2 short
	pki_leaf short-leaf short2 DNS:short-leaf.test.localhost
	pki_intermediate constrained root 'ext=nameConstraints=critical,permitted;DNS:example.com'
	pki_leaf constrained-leaf constrained DNS:constrained-leaf.test.localhost
	pki_leaf weak inter DNS:weak.test.localhost key=rsa:1024
	pki_leaf sha1 inter DNS:sha1.test.localhost md=sha1
	pki_root fortinet-root 'subject=/O=Fortinet/CN=FG100FTK19000000'
	pki_leaf fortinet fortinet-root DNS:fortinet.test.localhost
	cat "$root" "$pki/old-root.pem" >"$SERVERS_DIR/anchors.pem"
}

# One server, a certificate for each name: by SNI, which is thereby shown to be sent.
nginx_chains() {
	local name extra='}'
	for name in good expired late old-inter-leaf old-root-leaf wrong-name self alone stranger usage not-ca-leaf short-leaf \
		constrained-leaf weak sha1 fortinet; do
		extra+="
	server { listen 127.0.0.1:@PORT@ ssl; server_name $name.test.localhost; root $SERVERS_DIR/feed/root;
		ssl_certificate $SERVERS_DIR/pki/$name.chain.pem; ssl_certificate_key $SERVERS_DIR/pki/$name.key;
		ssl_ciphers ALL:@SECLEVEL=0; }"
	done
	extra+='
	server { server_name none.invalid; '
	NGINX_LISTEN=127.0.0.1 NGINX_HTTP2= nginx_start chains feed "$extra"
}

# Handshakes that fail before a certificate is judged, from OpenSSL's own server.
handshakes() {
	local args code
	while read -r code args; do
		port_free
		# shellcheck disable=SC2086
		server_run "handshake$checked" openssl s_server -accept "127.0.0.1:$PORT" -cert "$SERVERS_DIR/pki/feed.chain.pem" \
			-cert_chain "$SERVERS_DIR/pki/feed.chain.pem" -key "$SERVERS_DIR/pki/feed.key" -www $args
		port_wait "$PORT" "$SERVER_PID" || exit 99
		fetch --ca "$root" "https://localhost:$PORT/"
		finding "s_server $args" "$code"
		server_stop "$SERVER_PID"
	done <<'END'
tls-version-too-old -tls1_1 -cipher ALL:@SECLEVEL=0
tls-no-common-cipher -tls1_2 -cipher ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0
tls-client-certificate-required -Verify 1 -verify_return_error -tls1_3
END
}
