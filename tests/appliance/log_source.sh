#!/bin/bash
# The appliance's log over SSH, against a real sshd whose command line answers "show logging application ise-psc.log tail": the host
# key is confirmed by its fingerprint, no other one is accepted, and the log is what that command prints.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/servers.sh"
need ssh ssh-keyscan ssh-keygen
servers_begin sshd
sshd_start appliance || exit 99
cat >"$work/cli" <<'END'
#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
'show logging application ise-psc.log tail')
	echo '2025-03-13 13:58:07,246 INFO  [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- Starting opswat download'
	echo '2025-03-13 14:24:50,803 INFO  [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- Completed opswat download' ;;
*) echo "% Invalid input: $SSH_ORIGINAL_COMMAND" ;;
esac
END
chmod 755 "$work" "$work/cli"
printf 'command="%s" %s\n' "$work/cli" "$(cat "$SSHD_KEY.pub")" >"$SERVERS_DIR/appliance/authorized_keys"
says() { grep -qF -- "$1" "$work/err" || grep -qF -- "$1" "$work/out"; }
real=$(ssh-keygen -lf "$SERVERS_DIR/appliance/host_key.pub" | cut -d' ' -f2)
me=$(id -un)

run 78 node log-source
ok "an appliance comes first" says "node login --host"
pc config set node.host 127.0.0.1 >/dev/null
run 0 node log-source --port "$SSHD_PORT" --user "$me"
ok "the host key is shown as ssh-keygen shows it" says "$real"
ok "nothing is set by that" [ "$(pc config get log.command)" = "" ]
run 69 node log-source --port "$SSHD_PORT" --user "$me" --fingerprint SHA256:AAAA
ok "another fingerprint than the appliance's" [ ! -e "$state/node_known_hosts" ]
run 0 node log-source --port "$SSHD_PORT" --user "$me" --fingerprint "$real" --identity "$SSHD_KEY"
ok "ssh accepts that key only" grep -q "$(cut -d' ' -f2 "$SERVERS_DIR/appliance/host_key.pub")" "$state/node_known_hosts"
run 0 log
ok "its log is the log" says "Completed opswat download"
run 0 --json log --filter "starting opswat"
ok "in whole records" json "$work/out" "d['user'] == 'admin'" 
sed -i 's/AAAAC3NzaC1lZDI1NTE5AAAAI./AAAAC3NzaC1lZDI1NTE5AAAAIZ/' "$state/node_known_hosts"
got=0
pc log >"$work/out" 2>"$work/err" || got=$?
ok "a changed host key is no log" [ "$(grep -c opswat "$work/out")" = 0 ]
ok "and said" says "Host key verification failed"
run 78 node log-source --user -oProxyCommand=x --fingerprint "$real"
ok "no option of ssh is smuggled in" [ "$(pc config get node.cli_user)" = "$me" ]
run 0 node log-source --off
ok "back to the file" [ "$(pc config get log.command)" = "" ]
finish
