#!/bin/bash
# ui_sshd.sh WORK - for the scripts of tests/ui: an SSH server on loopback that stands for an appliance's; its address goes into
# WORK/c.conf. It ends with the folder, or after five minutes.
set -eu
work=$1
. "$top_srcdir/tests/lib/servers.sh"
trap - EXIT
PATH=$PATH:/usr/sbin
SERVERS_DIR=$work
mkdir -p "$work/sshd"
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/sshd/host_key"
for try in 1 2 3; do
	port_free
	sshd_configure sshd
	timeout 300 "$(command -v sshd)" -D -e -f "$work/sshd/sshd_config" >/dev/null 2>&1 </dev/null &
	if port_wait "$PORT" $!; then
		server=$!
		(while [ -d "$work" ]; do sleep 1; done; kill $server 2>/dev/null) >/dev/null 2>&1 </dev/null &
		for setting in "node.host 127.0.0.1" "node.user api-admin" "node.cli_user $(id -un)" "node.cli_port $PORT"; do
			"$top_builddir/posture-console" --config "$work/c.conf" --state-dir "$work/state" config set $setting >/dev/null
		done
		exit 0
	fi
done
exit 1
