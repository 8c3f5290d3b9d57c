# servers.sh - real servers for the tests, on loopback, in a temporary folder, stopped by pid. Source it from bash.
#
#   . "$top_srcdir/tests/lib/servers.sh"
#   servers_begin nginx squid openssl      # skips (exit 77) where a program is missing; makes $SERVERS_DIR; cleans at exit
#
# Certificates, all in $SERVERS_DIR/pki, made with the openssl command. ISSUER is an earlier NAME, "-" for self-signed:
#   pki_root NAME [OPTION...]              NAME.pem, NAME.key
#   pki_intermediate NAME ISSUER [OPTION...]
#   pki_leaf NAME ISSUER SAN [OPTION...]   SAN: DNS:feed.test,IP:127.0.0.1; also NAME.chain.pem: what a server sends
# OPTIONs: subject=/CN=x   start=YYYYMMDDHHMMSSZ   end=YYYYMMDDHHMMSSZ   key=ec|rsa:BITS   md=sha256
#          ext=LINE (an x509v3 extension line; may be repeated; replaces the default line of that extension)
#   pki_standard                           root, inter, feed (leaf for feed.test, localhost, 127.0.0.1, ::1), and
#                                          other-root, which signed none of them
#
# Servers. Each waits until it listens, and puts its pid on the list that servers_end kills:
#   nginx_start NAME CERT [EXTRA]          TLS with HTTP/2, ranges and ETags. CERT is a pki NAME. EXTRA: lines for the
#                                          server block, in which @PORT@ stands for the port. Sets NGINX_PORT NGINX_ROOT NGINX_LOG (one line a request:
#                                          status, method, uri, range, if-range, if-none-match, protocol, bytes)
#                                          NGINX_PID. NGINX_LISTEN (default "127.0.0.1 [::1]") and NGINX_HTTP2 (default
#                                          http2; empty: HTTP/1.1 only) and NGINX_PROTOCOLS may be set before.
#   squid_start NAME [LOGIN] [EXTRA]       LOGIN: none, basic or digest: user "operator", password "s3cret-pass"; ntlm: user
#                                          "operator", any password (squid's ntlm_fake_auth); negotiate: that user's ticket of
#                                          kdc_start, which must run before.
#                                          EXTRA: lines before the access rules. Sets SQUID_PORT SQUID_LOG SQUID_PID.
#                                          SQUID_CERT (a pki NAME) may be set before: an https_port in place of http_port.
#   kdc_start NAME                         a Kerberos realm: user "operator", password "s3cret-pass", and the service
#                                          HTTP/localhost. Exports KRB5_CONFIG and KRB5CCNAME (empty yet). Sets KDC_KEYTAB KDC_PID.
#   kdc_ticket                             gets operator's ticket
#   sshd_start NAME                        sftp and scp for the user that runs the test. Sets SSHD_PORT SSHD_KNOWN_HOSTS
#                                          SSHD_KEY (a private key that it accepts) SSHD_PID.
#   badhttp_start NAME MODE [ARG...]       tests/lib/badhttp.py, which lists its modes. Sets BADHTTP_PORT BADHTTP_LOG
#                                          BADHTTP_PID. BADHTTP_CERT (a pki NAME) may be set before: TLS.
#   badhttp_cases NAME <<< LINES           many of them in one process (much faster). A line: CASE CERT MODE ARG, separated
#                                          by tabs, CERT a pki NAME or "-". Sets BADHTTP_PORTS[CASE] (declare -A it first)
#                                          and BADHTTP_PID.
#
# Parts:
#   port_free                              sets PORT to one that nothing listens on
#   port_wait PORT [PID]                   until something listens (or PID is gone, or 10 s have passed)
#   server_run NAME COMMAND...             in the background, output to $SERVERS_DIR/NAME.out; sets SERVER_PID
#   server_stop PID                        now, and waits for it
#   servers_end                            all of them; also removes $SERVERS_DIR. Runs by itself at exit.
# Everything works in a network namespace as well: call it from a script that runs inside (ip netns exec NS bash ...).

SERVERS_PIDS=

servers_begin() {
	local program
	PATH=$PATH:/usr/sbin:/sbin
	for program in "$@"; do
		command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
	done
	SERVERS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/servers.XXXXXX") || exit 99
	# squid's own user must be able to pass through.
	chmod 711 "$SERVERS_DIR"
	mkdir "$SERVERS_DIR/pki"
	if declare -F at_exit >/dev/null; then
		# tests/lib/common.sh was sourced, and owns the end.
		at_exit servers_end
		return
	fi
	trap servers_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

server_stop() {
	local i
	kill "$1" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		kill -0 "$1" 2>/dev/null || break
		[ "$i" = 60 ] && kill -KILL "$1" 2>/dev/null
		sleep 0.02
	done
	wait "$1" 2>/dev/null || true
	SERVERS_PIDS=" $SERVERS_PIDS "
	SERVERS_PIDS=${SERVERS_PIDS/ $1 / }
}

servers_end() {
	local pid
	for pid in $SERVERS_PIDS; do kill "$pid" 2>/dev/null; done
	for pid in $SERVERS_PIDS; do server_stop "$pid"; done
	rm -rf "$SERVERS_DIR"
}

server_run() {
	local name=$1
	shift
	"$@" >"$SERVERS_DIR/$name.out" 2>&1 </dev/null &
	SERVER_PID=$!
	SERVERS_PIDS="$SERVERS_PIDS $SERVER_PID"
}

# --- ports -------------------------------------------------------------------------------------------------------

# /proc/net/tcp tells who listens without a connection that the server would see.
port_is_open() {
	local hex
	printf -v hex '%04X' "$1"
	grep -qE "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F]+:[0-9A-F]+ 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

port_free() {
	local i
	for ((i = 0; i < 200; i++)); do
		# Below the range that the kernel gives to outgoing connections.
		PORT=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
		port_is_open "$PORT" || return 0
	done
	echo "no free port" >&2
	return 1
}

port_wait() {
	local i
	for ((i = 0; i < 500; i++)); do
		port_is_open "$1" && return 0
		[ -z "${2-}" ] || kill -0 "$2" 2>/dev/null || break
		sleep 0.02
	done
	echo "nothing listens on port $1" >&2
	return 1
}

# Starts a server on a free port; another process may take the port between the look and the start, so three tries.
# server_listen NAME CONFIGURE COMMAND...: CONFIGURE is a function that writes the configuration for $PORT.
server_listen() {
	local name=$1 configure=$2 try
	shift 2
	for try in 1 2 3; do
		port_free || return 1
		"$configure" "$name"
		server_run "$name" "$@"
		port_wait "$PORT" "$SERVER_PID" && return 0
		server_stop "$SERVER_PID"
	done
	cat "$SERVERS_DIR/$name.out" >&2
	return 1
}

# --- certificates ------------------------------------------------------------------------------------------------

pki_make() {
	local kind=$1 name=$2 issuer=$3 dir=$SERVERS_DIR/pki option
	local subject="/O=Posture console tests/CN=$2" start=20200101000000Z end=20450101000000Z key=ec md=sha256
	declare -A ext
	case $kind in
	root) ext=([basicConstraints]=critical,CA:true [keyUsage]=critical,keyCertSign,cRLSign) ;;
	intermediate) ext=([basicConstraints]=critical,CA:true,pathlen:1 [keyUsage]=critical,keyCertSign,cRLSign) ;;
	leaf) ext=([basicConstraints]=CA:false [keyUsage]=critical,digitalSignature [extendedKeyUsage]=serverAuth
		[subjectAltName]=$4) && shift ;;
	esac
	shift 3
	ext[subjectKeyIdentifier]=hash
	[ "$issuer" = - ] || ext[authorityKeyIdentifier]=keyid
	for option in "$@"; do
		case $option in
		ext=*) option=${option#ext=} && ext[${option%%=*}]=${option#*=} ;;
		subject=*) subject=${option#*=} ;;
		start=*) start=${option#*=} ;;
		end=*) end=${option#*=} ;;
		key=*) key=${option#*=} ;;
		md=*) md=${option#*=} ;;
		*) echo "pki: unknown option $option" >&2 && return 1 ;;
		esac
	done
	case $key in
	ec) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$name.key" 2>/dev/null ;;
	rsa:*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${key#rsa:}" -out "$dir/$name.key" 2>/dev/null ;;
	esac || return 1
	{
		printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=%s\n' \
			"$dir/$name.db" "$dir/$name.serial" "$dir" "$md"
		printf 'policy=p\nunique_subject=no\nemail_in_dn=no\n[p]\ncountryName=optional\norganizationName=optional\n'
		printf 'organizationalUnitName=optional\ncommonName=optional\n[req]\ndistinguished_name=dn\n[dn]\n[x]\n'
		for option in "${!ext[@]}"; do
			[ -z "${ext[$option]}" ] || printf '%s=%s\n' "$option" "${ext[$option]}"
		done
	} >"$dir/$name.cnf"
	: >"$dir/$name.db"
	# By chance, but always of the same length: golden screens show it.
	echo "4D$(openssl rand -hex 19)" >"$dir/$name.serial"
	openssl req -new -config "$dir/$name.cnf" -key "$dir/$name.key" -subj "$subject" -out "$dir/$name.csr" || return 1
	if [ "$issuer" = - ]; then
		set -- -selfsign -keyfile "$dir/$name.key"
	else
		set -- -cert "$dir/$issuer.pem" -keyfile "$dir/$issuer.key"
	fi
	openssl ca -batch -notext -config "$dir/$name.cnf" -extensions x -startdate "$start" -enddate "$end" "$@" \
		-in "$dir/$name.csr" -out "$dir/$name.pem" 2>"$dir/$name.err" || { cat "$dir/$name.err" >&2; return 1; }
	rm -f "$dir/$name".{db,cnf,csr,err,serial,serial.old,db.attr,db.old,db.attr.old} "$dir"/[0-9A-F][0-9A-F]*[0-9A-F].pem
	# What a server sends: itself and what is above it, without a root.
	cat "$dir/$name.pem" >"$dir/$name.chain.pem"
	[ "$issuer" = - ] || [ ! -e "$dir/$issuer.above" ] || cat "$dir/$issuer.above" >>"$dir/$name.chain.pem"
	[ "$kind" != intermediate ] || { cat "$dir/$name.pem"; cat "$dir/$issuer.above" 2>/dev/null; } >"$dir/$name.above"
	return 0
}

pki_root() { local name=$1; shift; pki_make root "$name" - "$@"; }
pki_intermediate() { local name=$1 issuer=$2; shift 2; pki_make intermediate "$name" "$issuer" "$@"; }
pki_leaf() { local name=$1 issuer=$2 san=$3; shift 3; pki_make leaf "$name" "$issuer" "$san" "$@"; }

pki_standard() {
	pki_root root && pki_intermediate inter root && pki_root other-root &&
		pki_leaf feed inter DNS:feed.test,DNS:localhost,IP:127.0.0.1,IP:::1
}

# --- nginx -------------------------------------------------------------------------------------------------------

nginx_configure() {
	local dir=$SERVERS_DIR/$1 address
	{
		[ "$(id -u)" != 0 ] || echo 'user root;'
		cat <<END
daemon off; master_process on; worker_processes 1; pid $dir/pid; error_log $dir/error.log;
events { worker_connections 512; }
http {
	log_format short '\$status \$request_method \$request_uri range="\$http_range" if-range="\$http_if_range" if-none-match="\$http_if_none_match" \$server_protocol \$body_bytes_sent';
	access_log $dir/access.log short;
	client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
	types { application/xml xml; application/gzip gz; application/zip zip; text/html html; }
	default_type application/octet-stream;
	server_tokens off; sendfile on; keepalive_requests 100000; lingering_close off;
	server {
$(for address in ${NGINX_LISTEN-127.0.0.1 [::1]}; do echo "		listen $address:$PORT ssl ${NGINX_HTTP2-http2};"; done)
		ssl_certificate $SERVERS_DIR/pki/$NGINX_CERT.chain.pem; ssl_certificate_key $SERVERS_DIR/pki/$NGINX_CERT.key;
		ssl_protocols ${NGINX_PROTOCOLS:-TLSv1.2 TLSv1.3}; ${NGINX_PROTOCOLS:+ssl_ciphers DEFAULT@SECLEVEL=0;}
		root $dir/root;
${NGINX_EXTRA//@PORT@/$PORT}
	}
}
END
	} >"$dir/nginx.conf"
}

nginx_start() {
	local dir=$SERVERS_DIR/$1
	NGINX_CERT=$2 NGINX_EXTRA=${3-}
	mkdir -p "$dir/root"
	server_listen "$1" nginx_configure nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" || return 1
	NGINX_PORT=$PORT NGINX_ROOT=$dir/root NGINX_LOG=$dir/access.log NGINX_PID=$SERVER_PID
}

# --- squid -------------------------------------------------------------------------------------------------------

squid_login() {
	local helpers
	helpers=$(for d in /usr/lib/squid /usr/lib64/squid /usr/libexec/squid; do [ ! -x $d/basic_ncsa_auth ] || echo $d; done)
	case $1 in
	basic)
		printf 'operator:%s\n' "$(openssl passwd -apr1 s3cret-pass)" >"$2/users"
		echo "auth_param basic program ${helpers%%$'\n'*}/basic_ncsa_auth $2/users"
		echo 'auth_param basic realm tests'
		;;
	digest)
		printf 'operator:s3cret-pass\n' >"$2/users"
		echo "auth_param digest program ${helpers%%$'\n'*}/digest_file_auth $2/users"
		echo 'auth_param digest realm tests'
		;;
	ntlm)
		echo "auth_param ntlm program ${helpers%%$'\n'*}/ntlm_fake_auth -S"
		# Not "deny all": who is not known is asked again, as a wrong login is. (That helper leaves a byte behind the name.)
		printf 'acl known proxy_auth_regex -i ^operator\nhttp_access deny !known\nhttp_access allow all\n'
		return
		;;
	negotiate)
		echo "auth_param negotiate program ${helpers%%$'\n'*}/negotiate_kerberos_auth -r -k $KDC_KEYTAB -s HTTP/localhost@POSTURE.TEST -t none"
		;;
	*) echo 'http_access allow all' && return ;;
	esac
	printf 'acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n'
}

squid_configure() {
	local dir=$SERVERS_DIR/$1 line="http_port 127.0.0.1:$PORT"
	if [ -n "${SQUID_CERT-}" ]; then
		cat "$SERVERS_DIR/pki/$SQUID_CERT.chain.pem" "$SERVERS_DIR/pki/$SQUID_CERT.key" >"$dir/tls.pem"
		line="https_port 127.0.0.1:$PORT tls-cert=$dir/tls.pem"
	fi
	# The servers of the tests listen on 127.0.0.1 only; a Debian's own hosts file names ::1 as well, and squid does not fall back.
	echo '127.0.0.1 localhost' >"$dir/hosts"
	{
		printf '%s\n' "$line" "hosts_file $dir/hosts" "pid_filename $dir/pid" "cache_log $dir/cache.log" "access_log stdio:$dir/access.log" \
			"coredump_dir $dir" "netdb_filename none" "pinger_enable off" "shutdown_lifetime 0 seconds" \
			"visible_hostname squid.test" "cache deny all" "connect_timeout ${SQUID_CONNECT_TIMEOUT:-3} seconds" \
			"dns_timeout 2 seconds" "acl CONNECT method CONNECT" "cache_mem 1 MB" "memory_pools off" "max_filedescriptors 256"
		[ "$(id -u)" != 0 ] || echo 'cache_effective_user proxy'
		printf '%s\n' "$SQUID_EXTRA"
		squid_login "$SQUID_LOGIN" "$dir"
	} >"$dir/squid.conf"
	[ "$(id -u)" != 0 ] || chown -R proxy "$dir"
}

squid_start() {
	local dir=$SERVERS_DIR/$1
	SQUID_LOGIN=${2:-none} SQUID_EXTRA=${3-}
	mkdir -p "$dir"
	# The service name keeps its shared memory apart from that of other squids.
	server_listen "$1" squid_configure squid -N -n "t$$x${RANDOM}" -f "$dir/squid.conf" || return 1
	SQUID_PORT=$PORT SQUID_LOG=$dir/access.log SQUID_PID=$SERVER_PID
}

# --- Kerberos ----------------------------------------------------------------------------------------------------

kdc_configure() {
	local dir=$SERVERS_DIR/$1
	printf '%s\n' '[libdefaults]' 'default_realm = POSTURE.TEST' 'dns_lookup_kdc = false' 'dns_lookup_realm = false' 'rdns = false' \
		'dns_canonicalize_hostname = false' 'udp_preference_limit = 1' '[realms]' 'POSTURE.TEST = {' "kdc = 127.0.0.1:$PORT" '}' \
		'[domain_realm]' 'localhost = POSTURE.TEST' >"$dir/krb5.conf"
	printf '%s\n' '[kdcdefaults]' 'kdc_listen = ""' "kdc_tcp_listen = 127.0.0.1:$PORT" '[realms]' 'POSTURE.TEST = {' \
		"database_name = $dir/db" "key_stash_file = $dir/stash" "acl_file = $dir/acl" '}' '[logging]' "kdc = FILE:$dir/log" >"$dir/kdc.conf"
}

kdc_start() {
	local dir=$SERVERS_DIR/$1
	mkdir -p "$dir"
	export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf KRB5CCNAME=FILE:$dir/tickets KRB5RCACHETYPE=none
	KDC_KEYTAB=$dir/keytab PORT=1 kdc_configure "$1"
	{
		kdb5_util create -s -r POSTURE.TEST -P master &&
			kadmin.local addprinc -pw s3cret-pass operator && kadmin.local addprinc -randkey HTTP/localhost &&
			kadmin.local ktadd -k "$dir/keytab" HTTP/localhost
	} >"$dir/made" 2>&1 || { cat "$dir/made" >&2; return 1; }
	# squid's own user must be able to read it.
	chmod 644 "$dir/keytab" "$dir/krb5.conf"
	server_listen "$1" kdc_configure krb5kdc -n || return 1
	KDC_KEYTAB=$dir/keytab KDC_PID=$SERVER_PID
}

kdc_ticket() { kinit operator <<<s3cret-pass >/dev/null; }

# --- sshd --------------------------------------------------------------------------------------------------------

sshd_configure() {
	local dir=$SERVERS_DIR/$1
	printf '%s\n' "ListenAddress 127.0.0.1" "Port $PORT" "HostKey $dir/host_key" "PidFile $dir/pid" "UsePAM no" \
		"StrictModes no" "AuthorizedKeysFile $dir/authorized_keys" "PasswordAuthentication no" \
		"PermitRootLogin prohibit-password" "Subsystem sftp internal-sftp" "LogLevel VERBOSE" >"$dir/sshd_config"
	printf '[127.0.0.1]:%s %s\n' "$PORT" "$(cut -d' ' -f1,2 "$dir/host_key.pub")" >"$dir/known_hosts"
}

sshd_start() {
	local dir=$SERVERS_DIR/$1
	mkdir -p "$dir"
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$dir/host_key" && ssh-keygen -q -t ed25519 -N '' -f "$dir/user_key" || return 1
	cp "$dir/user_key.pub" "$dir/authorized_keys"
	server_listen "$1" sshd_configure "$(command -v sshd)" -D -e -f "$dir/sshd_config" || return 1
	SSHD_PORT=$PORT SSHD_KNOWN_HOSTS=$dir/known_hosts SSHD_KEY=$dir/user_key SSHD_PID=$SERVER_PID
}

# --- a server that misbehaves ------------------------------------------------------------------------------------

badhttp_start() {
	local name=$1 try
	shift
	mkdir -p "$SERVERS_DIR/$name"
	for try in 1 2 3; do
		port_free || return 1
		server_run "$name" python3 "$top_srcdir/tests/lib/badhttp.py" --port "$PORT" --log "$SERVERS_DIR/$name/log" \
			${BADHTTP_CERT:+--cert "$SERVERS_DIR/pki/$BADHTTP_CERT.chain.pem" --key "$SERVERS_DIR/pki/$BADHTTP_CERT.key"} "$@"
		port_wait "$PORT" "$SERVER_PID" && break
		server_stop "$SERVER_PID"
		[ "$try" != 3 ] || { cat "$SERVERS_DIR/$name.out" >&2; return 1; }
	done
	BADHTTP_PORT=$PORT BADHTTP_LOG=$SERVERS_DIR/$name/log BADHTTP_PID=$SERVER_PID
}

badhttp_cases() {
	local dir=$SERVERS_DIR/$1 case cert mode arg port i
	mkdir -p "$dir"
	while IFS=$'\t' read -r case cert mode arg; do
		if [ "$cert" != - ]; then
			cat "$SERVERS_DIR/pki/$cert.chain.pem" "$SERVERS_DIR/pki/$cert.key" >"$dir/$cert.pem"
			cert=$dir/$cert.pem
		fi
		printf '%s\t%s\t%s\t%s\n' "$case" "$cert" "$mode" "$arg"
	done >"$dir/cases"
	server_run "$1" python3 "$top_srcdir/tests/lib/badhttp.py" --cases "$dir/cases" --ports "$dir/ports" --log "$dir/log"
	for ((i = 0; i < 500; i++)); do
		[ -e "$dir/ports" ] && break
		kill -0 "$SERVER_PID" 2>/dev/null || break
		sleep 0.02
	done
	[ -e "$dir/ports" ] || { cat "$SERVERS_DIR/$1.out" >&2; return 1; }
	while read -r case port; do BADHTTP_PORTS[$case]=$port; done <"$dir/ports"
	BADHTTP_PID=$SERVER_PID BADHTTP_LOG=$dir/log
}
