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
	has "it says how to add it" ssh-keyscan
	HOME=$home fetch --known-hosts "$SERVERS_DIR/none-there" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "no known_hosts file" ssh-host-key-unknown
	printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" "$(cut -d' ' -f1,2 "$SSHD_KEY.pub")" >"$SERVERS_DIR/changed"
	HOME=$home fetch --known-hosts "$SERVERS_DIR/changed" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "another host key" ssh-host-key-changed
	HOME=$SERVERS_DIR SSH_AUTH_SOCK='' fetch --known-hosts "$SSHD_KNOWN_HOSTS" "sftp://127.0.0.1:$SSHD_PORT$dir/bundle.zip"
	finding "no key" login-refused
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
	has "it says where to put the login" "login file"
	printf 'machine 127.0.0.1 login robot password s3cret-pass\n' >"$login"
	chmod 600 "$login"
	fetch --login-file "$login" "ftp://127.0.0.1:$BADHTTP_PORT/5000"
	has "the login file works" '"ok":true' '"bytes":5000'
	lacks "the password is not shown" s3cret
	chmod 644 "$login"
	fetch --login-file "$login" "ftp://127.0.0.1:$BADHTTP_PORT/5000"
	has "a login file that others can read is refused" "can be read by others"
}
