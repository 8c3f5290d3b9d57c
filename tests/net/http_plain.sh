# Plain fetching from nginx: protocols, conditions, connections used again, addresses, many at once.
part_plain() {
	pki_standard || exit 99
	root=$SERVERS_DIR/pki/root.pem
	nginx_start feed feed "location = /slow { limit_rate 200; } location = /busy { return 503; }" || exit 99
	feed=https://localhost:$NGINX_PORT feed_port=$NGINX_PORT feed_root=$NGINX_ROOT feed_log=$NGINX_LOG
	NGINX_HTTP2='' nginx_start old feed || exit 99
	old=https://localhost:$NGINX_PORT
	printf 'hello' | tee "$feed_root/a.txt" >"$NGINX_ROOT/a.txt"
	head -c 3000000 /dev/urandom >"$feed_root/big"
	cp "$feed_root/big" "$NGINX_ROOT/big"
	local sum etag i
	sum=$(sha256sum <"$feed_root/big")

	fetch --ca "$root" "$feed/big"
	has "a file comes whole over HTTP/2" '"ok":true' '"http_version":2.0' "${sum%% *}" '"total":3000000' '"TLSv1.3"'
	fetch --ca "$root" "$old/big"
	has "a file comes whole over HTTP/1.1" '"ok":true' '"http_version":1.1' "${sum%% *}"

	fetch --ca "$root" "$feed/a.txt"
	etag=${out#*\"etag\":\"} etag=${etag%%\",*} etag=${etag//\\/}
	fetch --ca "$root" --etag "$etag" "$feed/a.txt"
	has "an unchanged file costs a small answer" '"ok":true' '"status":304' '"bytes":0' '"requests":1'
	[[ $out =~ \"bytes_received\":([0-9]+) ]]
	holds "an unchanged file costs less than 1 KiB" test "${BASH_REMATCH[1]}" -lt 1024
	fetch --ca "$root" --etag '"else"' "$feed/a.txt"
	has "a changed file comes" '"status":200' '"bytes":5'
	fetch --ca "$root" --small "$feed/a.txt" "$feed/a.txt"
	has "http_get() fetches" '"bytes":5' '"tls":null'

	fetch --ca "$root" "https://[::1]:$feed_port/a.txt"
	has "an IPv6 literal works" '"ok":true' '"primary_ip":"::1"'
	fetch --ca "$root" "https://127.0.0.1:$feed_port/a.txt"
	has "an IPv4 literal works" '"ok":true'

	local urls=()
	for ((i = 0; i < 40; i++)); do urls+=("$feed/a.txt"); done
	fetch --ca "$root" "${urls[@]}"
	holds "forty files come" test "$(grep -c '"ok":true' <<<"$out")" = 40
	holds "with one handshake" test "$(grep -c '"TLSv1.3"' <<<"$out")" = 1
	urls=("${urls[@]/#$feed/$old}")
	fetch --ca "$root" "${urls[@]}"
	holds "forty files come over HTTP/1.1" test "$(grep -c '"ok":true' <<<"$out")" = 40
	holds "with few handshakes" test "$(grep -c '"TLSv1.3"' <<<"$out")" -le 6

	fetch --ca "$root" "$feed/none"
	finding "a missing file" http-not-found
	has "the message names the place" "localhost:$feed_port" /none
	fetch --ca "$root" --max 2999999 "$feed/big"
	finding "a file above the cap" http-too-large
	has "no byte of it is handed on" '"bytes":0'
	fetch --ca "$root" "http://localhost/x" "file:///etc/passwd" "nonsense" "https://u:p4ss@localhost/x" "ftp://u:p4ss@localhost/x"
	holds "bad URLs are refused" test "$(grep -c '"finding":"config-invalid"' <<<"$out")" = 5
	out=$(grep -o '"message":"[^"]*"' <<<"$out")
	lacks "a refused password is not repeated" p4ss
}
