#!/bin/bash
# The command "log" against files, pipes, rotations and hostile bytes: what it prints, counts, refuses and returns.
. "${top_srcdir:?}/tests/lib/common.sh"
need python3

log=$work/psc.log
cat >"$log" <<'LOG'
2025-03-13 13:58:07,246 INFO [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- Starting opswat download
2025-03-13 13:58:07,251 INFO [admin-http-pool5][[]]
2025-03-13 14:02:11,004 ERROR [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- download failed
javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path
	at a.b.C(C.java:1)
2025-03-13 14:05:00,000 WARN  [t][[]] a.b.Certs -::root::renew:- certificate OCSP private key
2025-03-13 14:24:50,803 INFO [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- Completed opswat download
LOG

# prints "WHAT" WANTED ARG...: the command prints exactly that.
prints() {
	local what=$1 want=$2
	shift 2
	run 0 log "$@"
	ok "$what: wanted \"$want\"" [ "$(cat "$work/out")" = "$want" ]
}
# counts "WHAT" WANTED ARG...: so many records of the log pass.
counts() {
	local what=$1 want=$2
	shift 2
	prints "$what" "$want" --file "$log" --count "$@"
}
# refuses CODE TEXT ARG...: it ends with that code and says so.
refuses() {
	local code=$1 text=$2
	shift 2
	run "$code" log "$@"
	ok "$* says \"$text\"" grep -q -- "$text" "$work/err"
}

# --- what passes
run 0 log --file "$log"
ok "without a filter the log is printed as it is" cmp "$work/out" "$log"
counts "every record" 5
counts "a text in any case" 2 --filter OPSWAT
counts "two texts" 1 --filter opswat --filter starting
counts "an excluded text" 3 --exclude opswat
counts "--regex behind its text" 1 --filter 'pkix.*failed' --regex
counts "a level and worse" 2 --level warn
counts "one level" 1 --level =warn
counts "a thread" 4 --thread admin-http-pool5
counts "a logger" 3 --logger DownloadManager
counts "a user" 1 --user root
counts "an operation" 1 --operation renew
counts "since a time of day" 3 --since 14:00
counts "until a time" 3 --until '2025-03-13 14:03'
counts "before the newest record" 2 --since 20m
counts "failures, without the words of healthy records" 1 --failures
counts "a filter as the console takes it" 1 --where 'level:error !absent /pkix/'
counts "a filter that is saved" 2 --filter opswat --save mine
counts "and used" 2 --use mine
counts "and added to" 1 --use mine --filter starting
counts "a built-in one" 2 --use opswat
run 0 log --forget mine
ok "forgetting it shows nothing" [ ! -s "$work/out" ]
run 2 log --file "$log" --use mine
ok "and it is gone" grep -q 'no saved filter "mine"' "$work/err"
run 2 log --forget opswat
ok "a built-in one stays" grep -q "built in" "$work/err"
run 0 log --file "$log" --filter SSLHandshake
ok "a record is printed with its trace" [ "$(wc -l <"$work/out")" = 3 ]

# --- the last ones, pipes
run 0 log --file "$log" --tail 1
ok "the last record" grep -q "^2025-03-13 14:24:50,803.*Completed" "$work/out"
run 0 log --file "$log" --tail 1 --filter starting
ok "the last one that passes" grep -q "Starting" "$work/out"
prints "none" "" --file "$log" --tail 0
cat "$log" | pc log --file - --count --filter opswat >"$work/out"
ok "a pipe" [ "$(cat "$work/out")" = 2 ]
cat "$log" | pc log --file - --tail 1 >"$work/out"
ok "the last record of a pipe" grep -q "Completed" "$work/out"
pc log --file - --count <"$log" >"$work/out"
ok "a file as standard input" [ "$(cat "$work/out")" = 5 ]

# --- JSON
run 0 log --file "$log" --json --level error
ok "a record as JSON" json "$work/out" '(d["event"] == "log.record" and d["time"] == "2025-03-13T14:02:11.004Z" and
	d["level"] == "ERROR" and d["thread"] == "admin-http-pool5" and d["user"] == "admin" and d["session"] == "" and
	d["logger"].endswith("DownloadManager") and d["message"] == "download failed" and len(d["lines"]) == 2 and
	d["lines"][1] == "\tat a.b.C(C.java:1)" and d["finding"] == "cert-untrusted-root" and d["line"] == 3 and
	d["offset"] == 185)'
run 0 log --file "$log" --json
ok "one object a record" json "$work/out" 'len(d) == 5 and [r["line"] for r in d] == [1, 2, 3, 6, 7]'
prints "a count as JSON" '{"event":"log.count","count":5}' --file "$log" --json --count

# --- compressed and rotated
sed 's/2025-03-13/2025-03-12/' "$log" | gzip >"$log.1.gz"
prints "a compressed log" 2 --file "$log.1.gz" --count --filter opswat
counts "the rotated files too" 10 --rotated
counts "only when they are asked for" 5
run 0 log --file "$log" --rotated
ok "the oldest first" sh -c "head -1 '$work/out' | grep -q 2025-03-12"
rm "$log.1.gz"

# --- nothing of the log reaches a terminal as it is
printf '2025-03-13 13:58:07,246 INFO [t][[]] a.B -:::::- \033[2J\007 \000 \233 \342\200\256x\ry\r\n' >"$work/bad.log"
prints "hostile bytes" '2025-03-13 13:58:07,246 INFO [t][[]] a.B -:::::- ^[[2J^G ^@ <9B> <U+202E>x^My' --file "$work/bad.log"
run 0 log --file "$work/bad.log" --json
ok "nor in JSON" sh -c "! LC_ALL=C grep -q '[^[:print:]]' '$work/out'"
: >"$work/empty.log"
prints "an empty log" 0 --file "$work/empty.log" --count

# --- what is refused
refuses 73 "absent.log" --file "$work/absent.log"
refuses 2 "no level" --file "$log" --level loud
refuses 2 "regular expression" --file "$log" --regex --filter '('
refuses 2 "not a time" --file "$log" --since never
refuses 2 "empty" --file "$log" --filter ''
refuses 2 "--tail" --file "$log" --tail x
refuses 2 "exclude each other" --file "$log" --count --follow
refuses 2 "nothing to do" --file "$log" more
refuses 2 "saved filter" --file "$log" --use nothing

# --- the default: the setting, then the program's own log, which is said
mkdir -p "$state/log"
cp "$log" "$state/log/ise-psc.log"
printf 'log = { file = "%s/absent.log"; };\n' "$work" >"$config"
prints "the program's own log" 5 --count
ok "is said to be read" grep -q "absent.log is not there" "$work/err"
printf 'log = { command = ["cat", "%s"]; };\n' "$log" >"$config"
prints "the output of a command" 2 --count --filter opswat
printf 'log = { command = ["sh", "-c", "echo out of order >&2; exit 3"]; };\n' >"$config"
refuses 1 "status 3: out of order"
rm "$config"

# --- whoever reads goes away
seq -f '2025-03-13 13:58:07,246 INFO [t][[]] a.B -:::::- %.0f' 200000 >"$work/many.log"
pc log --file "$work/many.log" 2>"$work/err" | head -1 >"$work/out"
ok "a closed pipe is no error" [ "${PIPESTATUS[0]}$(cat "$work/err")" = 0 ]
mkfifo "$work/pipe"
follow() { exec "$program" --config "$config" --state-dir "$state" log --file "$log" --follow "$@"; }
follow >"$work/pipe" &
follower=$!
at_exit "kill $follower 2>/dev/null"
head -1 "$work/pipe" >/dev/null
ok "a follower ends when nobody reads, though nothing is written" wait_for 10 sh -c "! kill -0 $follower"

# --- following, across a rotation
follow --filter opswat >"$work/followed" 2>"$work/told" &
follower=$!
at_exit "kill $follower 2>/dev/null"
lines() { [ "$(wc -l <"$work/followed")" = "$1" ]; }
ok "it starts with what is there" wait_for 10 lines 2
echo '2025-03-13 15:00:00,000 INFO [t][[]] a.B -:::::- opswat three' >>"$log"
ok "and goes on with what is written" wait_for 10 lines 3
mv "$log" "$log.1"
echo '2025-03-13 15:00:01,000 INFO [t][[]] a.B -:::::- opswat late' >>"$log.1"
echo '2025-03-13 15:00:02,000 INFO [t][[]] a.B -:::::- opswat four' >"$log"
ok "also in the new file, and late in the old one" wait_for 10 lines 5
ok "the rotation is told" grep -q "psc.log.1" "$work/told"
ok "no line comes twice" [ -z "$(sort "$work/followed" | uniq -d)" ]
kill -INT "$follower"
code=0
wait "$follower" || code=$?
ok "Ctrl-C ends it with 130" [ "$code" = 130 ]
finish
