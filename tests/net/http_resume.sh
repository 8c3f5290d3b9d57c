# Broken downloads: retried, continued where that is safe, begun again where it is not.
part_resume() {
	local sum new_sum n=20000 path what
	# The object of badhttp.py.
	object() { python3 -c "import sys; sys.path.insert(0, '$top_srcdir/tests/lib'); import badhttp, hashlib
print(hashlib.sha256(badhttp.content($1)).hexdigest())"; }
	sum=$(PYTHONDONTWRITEBYTECODE=1 object $n)

	fetch --ca "$root" --retries 4 "$bad/flaky/$n/6000"
	has "a broken download is continued" '"ok":true' "$sum" '"attempts":4' '"offset":18000' '"why":"http-truncated"'
	holds "with a range and If-Range" grep -qF "GET /flaky/$n/6000 range=\"bytes=12000-\" if-range=\"\"v1\"\"" "$bad_log"
	fetch --ca "$root" --retries 4 "$bad/flaky-dated/$n/6000"
	has "a date also validates" '"ok":true' "$sum" '"attempts":4' '"offset":18000'
	fetch --ca "$root" --retries 2 "$bad/flaky/$n/6000"
	finding "too many breaks" http-truncated
	has "it says how far it came" '"bytes":18000'
	for path in flaky-weak norange wrong-206 unsatisfied; do
		fetch --ca "$root" --retries 2 "$bad/$path/$n/6000"
		has "$path begins again" '"ok":true' "$sum" '"begins":2' '"offset":0'
	done
	# "a<CR>b", "a<SOH>b", and one that is no UTF-8: with any of them the next request could not say of what it wants the rest.
	for path in 22610d6222 2261016222 22ff22; do
		fetch --ca "$root" --retries 2 "$bad/flaky-odd/$n/6000/$path"
		has "an ETag that cannot be sent, $path, is not resumed by" '"ok":true' "$sum" '"begins":2' '"offset":0'
	done
	fetch --ca "$root" --retries 2 "$bad/changed/$n/6000"
	has "a changed object begins again" '"ok":true' "$(PYTHONDONTWRITEBYTECODE=1 object $((n + 10)))" '"begins":2'
	for path in changed-206 grown-206; do
		fetch --ca "$root" --retries 2 "$bad/$path/$n/6000"
		has "$path is not spliced" '"ok":true' "$sum" '"begins":2' '"offset":0'
	done

	for what in 500 502 503 429; do
		fetch --ca "$root" --retries 2 "$bad/status/$what/2"
		has "$what may pass" '"ok":true' '"attempts":3' '"bytes":1000'
	done
	fetch --ca "$root" --retries 2 "$bad/status/404/2"
	has "404 does not pass" '"ok":false' '"attempts":1'
	fetch --ca "$root" --retries 2 "$bad/retry-after/1/1"
	has "Retry-After in seconds is waited for" '"ok":true' '"ms":1000'
	fetch --ca "$root" --retries 2 "$bad/retry-date/1/1"
	has "Retry-After as a date is taken by the server's clock" '"ok":true' '"ms":1000'
	fetch --ca "$root" --retries 2 --retry-after-max 5 "$bad/retry-after/600/1"
	finding "a long Retry-After" http-rate-limited
	has "it fails at once and says why" '"attempts":1' "come back in 600 s"
	# Ports nobody listens on are not tried again.
	fetch --ca "$root" --retries 3 "https://localhost:1/"
	has "refused is not retried" '"attempts":1'
	# A stream that is given up, of a connection that others go on to use.
	cp "$feed_root/big" "$feed_root/slow"
	fetch --ca "$root" --retries 1 --low-speed-seconds 1 --low-speed-bytes 1000 "$feed/slow" "$feed/a.txt"
	finding "a slow HTTP/2 stream, also when it is asked for again" http-too-slow
	has "and it is asked for again" '"attempts":2' '"http_version":2.0'
	fetch --ca "$root" --retries 2 "$feed/busy" "$feed/a.txt"
	finding "a server that is busy, asked over HTTP/2" http-server-error
	has "and it is asked for again as well" '"attempts":3' '"http_version":2.0'
	killed
}

# A client that dies in the middle leaves bytes; the next one asks nginx for the rest only.
killed() {
	local part=$SERVERS_DIR/part etag size
	fetch --ca "$root" "$feed/big"
	etag=${out#*\"etag\":\"} etag=${etag%%\",*} etag=${etag//\\/}
	fetch --ca "$root" --output "$part" --exit-after 1000000 "$feed/big"
	size=$(stat -c %s "$part")
	holds "some bytes are kept" test "$size" -ge 1000000 -a "$size" -lt 3000000
	fetch --ca "$root" --output "$part" --if-range "$etag" "$feed/big"
	has "the rest comes" '"ok":true' '"status":206' "\"offset\":$size"
	holds "the file is whole" cmp "$part" "$feed_root/big"
	holds "the server saw a range request" grep -q "^206 GET /big range=\"bytes=$size-\" .* $((3000000 - size))\$" "$feed_log"
	truncate -s 1000000 "$part"
	fetch --ca "$root" --output "$part" --if-range '"other"' "$feed/big"
	has "another object begins again" '"ok":true' '"status":200' '"offset":0'
	holds "the file is whole again" cmp "$part" "$feed_root/big"
	truncate -s 1000000 "$part"
	fetch --ca "$root" --output "$part" --if-range 'W/"weak"' "$feed/big"
	has "a weak tag is not resumed by" '"ok":true' '"status":200'
}
