#!/bin/bash
# A stop ends the wait for a name server that says nothing, at once: the job of an update, and a mirror. In a network namespace of
# its own, whose only name server is mute.
if [ -z "${IN_NAMESPACE:-}" ]; then
	unshare -rnm sh -c 'ip link set lo up && mount --bind /dev/null /etc/resolv.conf' 2>/dev/null ||
		{ echo "skipped: no network and mount namespaces here"; exit 77; }
	IN_NAMESPACE=1 exec unshare -rnm "$0"
fi
. "$top_srcdir/tests/lib/common.sh"
need python3 ip
export POSTURE_CONSOLE_CA_BUNDLE=$top_srcdir/tests/trust/identrust.pem
ip link set lo up
echo "nameserver 127.0.0.1" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
mute=
at_exit 'kill $mute 2>/dev/null; umount /etc/resolv.conf'
serve_nothing() {
	[ -z "$mute" ] || { kill "$mute"; wait "$mute" 2>/dev/null; }
	python3 -c 'import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); time.sleep(60)' &
	mute=$!
	for _ in $(seq 200); do grep -q ":0035 " /proc/net/udp && break; sleep 0.1; done
}

# The name server keeps the questions that it does not answer: that one is there, its port tells.
is_asked() { awk '$2 ~ /:0035$/ { split($5, queue, ":"); if (queue[2] != "00000000") found = 1 } END { exit !found }' /proc/net/udp; }

# stopped WHAT COMMAND...: is told to stop while it waits, and ends as stopped within two seconds.
stopped() {
	local what=$1 pid begun rc=0 waiting
	shift
	serve_nothing
	"$program" --config "$config" --state-dir "$state" "$@" >"$work/out" 2>"$work/err" &
	waiting=$!
	for _ in $(seq 200); do is_asked && break; sleep 0.1; done
	ok "$what: it asks for the name" is_asked
	pid=$waiting
	[ "$what" != update ] || pid=$(ls "$state/jobs" | sed 's/.*-\([0-9]*\)[.]jsonl/\1/')
	begun=$(date +%s%3N)
	kill -TERM "$pid"
	wait $waiting || rc=$?
	begun=$(($(date +%s%3N) - begun))
	ok "$what: a stop ends it ($begun ms)" test $begun -lt 2000
	ok "$what: as a stop ($rc)" test $rc = 130
	ok "$what: and says so" grep -q "was stopped" "$work/err"
}
stopped update update --no-check --url https://feed.test/posture-update.xml
stopped mirror mirror --to "$work/mirror" --url https://feed.test/posture-update.xml
finish
