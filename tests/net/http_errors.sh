# Each way in which a server can misbehave has its name.
part_errors() {
	BADHTTP_CERT=feed badhttp_start bad paths || exit 99
	bad=https://localhost:$BADHTTP_PORT bad_log=$BADHTTP_LOG
	local path code rest

	fetch --ca "$root" "$bad/ok/100000"
	has "the server behaves when asked to" '"ok":true' '"bytes":100000'
	while read -r path code rest; do
		fetch --ca "$root" --max 2000000 --low-speed-seconds 1 --low-speed-bytes 1000 "$bad/$path"
		finding "$path" "$code"
		[ -z "$rest" ] || has "$path says how" "$rest"
	done <<'END'
truncate/5000/3000 http-truncated after 3000 of 5000 bytes
truncate-chunked/5000/3000 http-truncated after 3000 bytes
reset/5000/3000 http-reset after 3000 bytes
empty http-empty-reply
garbage http-bad-header
bad-chunk http-bad-header chunks
huge-header http-bad-header
many-headers http-bad-header
endless-header http-bad-header
endless-100 http-bad-header
endless http-too-large
mute http-no-response
stall/3000 http-stalled after 3000 bytes
drip/20 http-too-slow
loop http-redirect-loop
redirect/11 http-redirect-loop
to?http://localhost/x http-downgrade http://localhost/x
to?ftp://localhost/x http-redirect-blocked
to?https://u:p@localhost/x http-redirect-blocked
to?https://localhost:1/x http-redirect-blocked localhost:1
to?https://nowhere.invalid/x http-redirect-blocked nowhere.invalid
no-location http-protocol-error
status/401 http-unauthorized
status/403 http-forbidden
status/404 http-not-found
status/410 http-gone
status/429 http-rate-limited
status/500 http-server-error bad/1.0
status/503 http-server-error
status/511 http-captive-portal
status/304 http-protocol-error
status/206 http-protocol-error
status/299 http-protocol-error
END
	fetch --ca "$root" "$bad/redirect/10"
	has "ten redirects are followed" '"ok":true' '"redirects":10' '/redirect/0"' '"requests":11'
	fetch --ca "$root" "$bad/to?$feed/a.txt"
	has "a redirect to another server is followed" '"ok":true' '"redirects":1' "\"final_url\":\"$feed/a.txt\""
	fetch --ca "$root" "$bad/to?https://localhost:1/x"
	has "the first host is named as well" "redirected there by localhost"
	fetch --ca "$root" "$bad/endless-redirect-body"
	has "a redirect's endless body is not read" '"ok":true' '"bytes":1000'
	fetch --ca "$root" "$bad/gzip/1000"
	has "nothing is decoded" '"ok":true' '"bytes":1000'
	fetch --ca "$root" "$bad/nolength/1000"
	has "an answer without a length comes" '"ok":true' '"total":-1' '"bytes":1000'
	BADHTTP_CERT=feed badhttp_start bad-h2 broken-h2 || exit 99
	fetch --ca "$root" --retries 1 "https://localhost:$BADHTTP_PORT/ok/1000"
	has "when HTTP/2 fails, HTTP/1.1 is tried" '"ok":true' '"http_version":1.1' '"attempts":2'
	fetch --ca "$root" --low-speed-seconds 1 --low-speed-bytes 1000000 --pause 1500 "$feed/big"
	has "a pause of ours is not the server's slowness" '"ok":true' '"bytes":3000000'
	waiting_costs_nothing
	interrupted
	connection_errors
}

# Two seconds of silence are a few wake-ups, not a loop.
waiting_costs_nothing() {
	fetch --ca "$root" --low-speed-seconds 2 "$bad/mute"
	[[ $out =~ \"cpu_ms\":([0-9]+),\"switches\":([0-9]+) ]]
	holds "waiting takes no CPU: ${BASH_REMATCH[1]} ms" test "${BASH_REMATCH[1]}" -lt 150
	holds "waiting wakes up rarely: ${BASH_REMATCH[2]} times" test "${BASH_REMATCH[2]}" -lt 60
}

# A signal ends http_get() soon, long before any time limit, and says so.
interrupted() {
	local pid i
	"$get" --ca "$root" --small "$bad/mute?" >"$SERVERS_DIR/interrupted" 2>&1 &
	pid=$!
	for ((i = 0; i < 250; i++)); do
		[ "$(grep -c 'GET /mute?' "$bad_log")" = 1 ] && break
		sleep 0.02
	done
	kill -INT "$pid"
	wait "$pid"
	out=$(cat "$SERVERS_DIR/interrupted")
	has "a signal ends it" '"ok":false' '"exit_code":130' '"message":"interrupted"'
}

# Servers that go wrong before there is any HTTP. Columns: finding, what the message says, mode, argument.
connection_errors() {
	local -A BADHTTP_PORTS
	local table code said mode arg
	fetch --ca "$root" "https://localhost:1/"
	finding "a closed port" tcp-refused
	has "the addresses are named" "127.0.0.1"
	fetch --ca "$root" "https://nowhere.invalid/"
	has "a name that cannot be resolved" '"finding":"dns-'
	table=$(tr -s '\t' <<'END'
tls-silent		said nothing|did not end	silent
tls-closed		closed				close
tls-reset		reset				reset
tls-other-protocol	speaks ssh			banner	SSH-2.0-OpenSSH_9.2\r\n
tls-other-protocol	began with			banner	220 mail.test ESMTP\r\n
tls-plain-http		plain HTTP			banner-close	HTTP/1.1 400 Bad Request\r\n\r\n
tls-no-common-cipher	alert 40, handshake_failure	alert	40
tls-version-too-old	alert 70, protocol_version	alert	70
tls-alert		alert 80, internal_error	alert	80
tls-sni-unknown		alert 112, unrecognized_name	alert	112
END
	)
	badhttp_cases connection <<<"$(awk -F'\t' -v OFS='\t' '{ print NR, "-", $3, $4 }' <<<"$table")" || exit 99
	local row=0
	while IFS=$'\t' read -r code said mode arg; do
		row=$((row + 1))
		fetch --ca "$root" --connect-timeout 400 "https://localhost:${BADHTTP_PORTS[$row]}/"
		finding "$mode $arg" "$code"
		holds "$mode $arg is told in words: $out" grep -qE "$said" <<<"$out"
	done <<<"$table"
}
