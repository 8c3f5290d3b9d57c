# recorded.sh - runs the program under strace and looks for secrets in all that it executed and wrote. Source after common.sh.
#
#   recorded WANTED_EXIT ARG...    runs it; everything that it executes and writes goes to $work/trace.N, what it prints to
#                                  $work/out.N and $work/err.N
#   recorded_gather                puts all of it but what went into sockets (which have to hold a password) into $work/searched
#   nowhere PATTERN PLACES FILE... the pattern (grep -E) is in none of the files; but for lines that match PLACES ('' for none)
strace -o /dev/null true 2>"$work/probe" || skip "nothing can be traced here: $(cat "$work/probe")"
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
recorded_n=0
recorded() {
	local want=$1 rc=0
	shift
	recorded_n=$((recorded_n + 1))
	strace -f -y -s 1000000 -v -o "$work/trace.$recorded_n" -e trace=execve,write,pwrite64,writev,sendto,sendmsg \
		"$program" --config "$config" --state-dir "$state" "$@" >"$work/out.$recorded_n" 2>"$work/err.$recorded_n" || rc=$?
	ok "$* ends with $rc, wanted $want" test "$rc" = "$want"
}
recorded_gather() {
	grep -vE '(write|send)[a-z0-9]*\([0-9]+<(socket|TCP|TCPv6|UNIX|UDP)' "$work"/trace.* >"$work/searched"
	ok "the recording holds what was executed" grep -q 'execve(.*/posture-console' "$work/searched"
	ok "and what was written" grep -q 'write(' "$work/searched"
}
nowhere() {
	local pattern=$1 places=$2
	shift 2
	! grep -E "$pattern" "$@" | grep -vE "${places:-^\$}" >"$work/found" || { cut -c1-300 "$work/found" | head -5; false; }
}
