#!/bin/bash
# ui_node.sh WORK - for the scripts of tests/ui: starts a simulated appliance whose folder is WORK/node (it ends when that is
# removed), and adds its address to WORK/c.conf.
set -eu
work=$1
. "$top_srcdir/tests/lib/servers.sh"
trap - EXIT
SERVERS_DIR=$work
mkdir -p "$work/node" "$work/pki"
pki_root root && pki_leaf node root DNS:localhost
pki_root corp 'subject=/O=Corp/CN=Corp Issuing CA'
pki_root disabled-new 'subject=/O=Corp/CN=Corp New Root'
for try in 1 2 3; do
	port_free
	timeout 300 python3 "$top_srcdir/tests/appliance/node.py" "$PORT" "$work/pki/node.chain.pem" "$work/pki/node.key" "$work/node" \
		"$work/pki/corp.pem" "$work/pki/disabled-new.pem" "$top_srcdir/tests/trust/identrust.pem" >/dev/null 2>&1 </dev/null &
	if port_wait "$PORT" $!; then
		for setting in "node.host localhost" "node.port $PORT" "node.user api-admin"; do
			"$top_builddir/posture-console" --config "$work/c.conf" --state-dir "$work/state" config set $setting >/dev/null
		done
		exit 0
	fi
done
exit 1
