# sftp, scp and ftp, for a bundle on a file server.
part_ssh() {
	ftp
	command -v sshd >/dev/null || { echo "no sshd here: sftp is not tested"; return; }
	sshd_start sshd || exit 99
	local dir=$SERVERS_DIR/sftp home=$SERVERS_DIR/home user sum url
	user=$(id -un)
	mkdir -p "$dir" "$home/.ssh"
	cp "$SSHD_KEY" "$home/.ssh/id_ed25519"
	cp "$SSHD_KEY.pub" "$home/.ssh/id_ed25519.pub"
	head -c 300000 /dev/urandom >"$dir/bundle.zip"
	sum=$(sha256sum <"$dir/bundle.zip")
	for url in sftp scp; do
		HOME=$home fetch --known-hosts "$SSHD_KNOWN_HOSTS" "$url://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
		has "$url fetches with a default key" '"ok":true' "${sum%% *}" '"bytes":300000'
	done
	HOME=$home fetch --known-hosts "$SSHD_KNOWN_HOSTS" --max 1000 "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "a bundle above the cap" http-too-large
	HOME=$home fetch --known-hosts "$SSHD_KNOWN_HOSTS" "sftp://$user@127.0.0.1:$SSHD_PORT$dir/none.zip"
	finding "no such file" bundle-not-found
	: >"$SERVERS_DIR/no-hosts"
	HOME=$home fetch --known-hosts "$SERVERS_DIR/no-hosts" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "an unknown host key" ssh-host-key-unknown
	has "it says how to accept it" "host-key SHA256:"
	HOME=$home fetch --known-hosts "$SERVERS_DIR/none-there" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "no known_hosts file" ssh-host-key-unknown
	printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$(cut -d' ' -f1,2 "$SSHD_KEY.pub")" >"$SERVERS_DIR/changed"
	HOME=$home fetch --known-hosts "$SERVERS_DIR/changed" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "another host key" ssh-host-key-changed
	HOME=$SERVERS_DIR SSH_AUTH_SOCK='' fetch --known-hosts "$SSHD_KNOWN_HOSTS" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "no key" login-refused
	squid_start squid-ssh || exit 99
	HOME=$home fetch --known-hosts "$SSHD_KNOWN_HOSTS" --proxy "http://127.0.0.1:$SQUID_PORT" \
		"sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	has "sftp through a proxy" '"ok":true' '"via_proxy":true' '"bytes":300000'
	agent "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	socks
}

# ssh also makes a SOCKS proxy: a real one, which resolves names itself.
socks() {
	port_free
	server_run socks ssh -N -D "127.0.0.1:$PORT" -p "$SSHD_PORT" -i "$SSHD_KEY" -o BatchMode=yes \
		-o UserKnownHostsFile="$SSHD_KNOWN_HOSTS" -o IdentitiesOnly=yes 127.0.0.1
	port_wait "$PORT" "$SERVER_PID" || exit 99
	fetch --ca "$root" --proxy "socks5://127.0.0.1:$PORT" "$feed/a.txt"
	has "through a SOCKS proxy" '"ok":true' '"via_proxy":true' '"http_version":2.0'
	fetch --ca "$root" --proxy "socks5://127.0.0.1:$PORT" "https://localhost:1/"
	finding "a SOCKS proxy that cannot connect" proxy-socks-failed
}

agent() {
	local sock=$SERVERS_DIR/agent
	server_run agent ssh-agent -D -a "$sock"
	for _ in {1..100}; do [ ! -S "$sock" ] || break; sleep 0.02; done
	SSH_AUTH_SOCK=$sock ssh-add -q "$SSHD_KEY" || exit 99
	HOME=$SERVERS_DIR SSH_AUTH_SOCK=$sock fetch --known-hosts "$SSHD_KNOWN_HOSTS" "$1"
	has "sftp with an agent" '"ok":true' '"bytes":300000'
}

ftp() {
	local login=$SERVERS_DIR/login
	badhttp_start ftp ftp "" || exit 99
	fetch "ftp://127.0.0.1:$BADHTTP_PORT/dir/5000"
	has "ftp fetches" '"ok":true' '"bytes":5000'
	holds "passively" grep -q "ftp EPSV" "$BADHTTP_LOG"
	fetch "ftp://127.0.0.1:$BADHTTP_PORT/dir/none"
	finding "no such file on ftp" bundle-not-found
	badhttp_start ftp-login ftp "robot:s3cret-pass" || exit 99
	fetch "ftp://127.0.0.1:$BADHTTP_PORT/5000"
	finding "an ftp server that wants a login" login-refused
	has "it says where to put the login" "source.login_file"
	printf 'machine 127.0.0.1 login robot password s3cret-pass\n' >"$login"
	chmod 600 "$login"
	fetch --login-file "$login" "ftp://127.0.0.1:$BADHTTP_PORT/5000"
	has "the login file works" '"ok":true' '"bytes":5000'
	lacks "the password is not shown" s3cret
	chmod 644 "$login"
	fetch --login-file "$login" "ftp://127.0.0.1:$BADHTTP_PORT/5000"
	has "a login file that others can read is refused" "can be read by others"
}
