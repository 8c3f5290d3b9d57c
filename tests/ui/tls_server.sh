# A TLS server on loopback whose certificates end in $work/root.pem: its port goes to $work/port, and to the feed's address in
# the settings. It ends by itself after a minute.   bash tls_server.sh [SAN]: its names, instead of localhost and 127.0.0.1
. "$top_srcdir/tests/lib/servers.sh"
SERVERS_DIR=$work/servers SERVERS_PIDS=
mkdir -p "$SERVERS_DIR/pki"
pki_root root 'subject=/O=Lab/CN=Lab TLS Root' && pki_intermediate inter root 'subject=/O=Lab/CN=Lab TLS Intermediate' &&
	pki_leaf feed inter "${1-DNS:localhost,IP:127.0.0.1}" 'subject=/O=Lab/CN=feed.lab' || exit 1
cp "$SERVERS_DIR/pki/root.pem" "$work/root.pem"
port_free || exit 1
timeout 60 openssl s_server -accept "127.0.0.1:$PORT" -cert "$SERVERS_DIR/pki/feed.pem" -cert_chain "$SERVERS_DIR/pki/feed.chain.pem" \
	-key "$SERVERS_DIR/pki/feed.key" -www >/dev/null 2>&1 &
port_wait "$PORT" $! || exit 1
echo "$PORT" >"$work/port"
exec "$top_builddir/posture-console" --config "$work/c.conf" --state-dir "$work/state" config set source.feed_url "https://127.0.0.1:$PORT/m.xml" >/dev/null
