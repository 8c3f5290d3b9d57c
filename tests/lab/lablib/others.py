"""Servers of other makers than the usual ones, so that a cause is recognised and not a product."""
import os
import subprocess


class Others:
    """Like Servers, for a case that wants another make. Each is waited for until it answers."""

    def __init__(self, lab):
        self.lab = lab
        self.servers = lab.servers

    def config(self, name, text):
        folder = self.lab.folder(name)
        os.chmod(folder, 0o777)
        path = os.path.join(folder, "conf")
        with open(path, "w") as out:
            out.write(text)
        return folder, path

    def bundle(self, certificate):
        """Certificate, chain and key in one file, as haproxy, stunnel and lighttpd want it."""
        path = self.lab.file(os.path.basename(certificate) + ".bundle.pem")
        with open(path, "w") as out:
            for part in (certificate + ".chain.pem", certificate + ".key"):
                with open(part) as file:
                    out.write(file.read())
        return path

    def mounts(self):
        path = self.lab.file("resolv.conf.server")
        return [(path, "/etc/resolv.conf")] if os.path.exists(path) else []

    # --- names -------------------------------------------------------------------------------------------------------------

    def dnsmasq(self, address, *lines, port=53):
        name = f"dnsmasq-{address}"
        folder, path = self.config(name, "\n".join(
            [f"listen-address={address}", "bind-interfaces", f"port={port}", "no-resolv", "no-hosts", "user=root", "group=root",
             "pid-file=", *lines]) + "\n")
        self.servers.start(name, ["dnsmasq", "-k", "-C", path], ("udp", address, port))

    def bind(self, address, zones, options="recursion yes; allow-recursion { any; };", more=""):
        """`zones`: {zone: [record lines]}"""
        name = f"bind-{address}"
        folder = self.lab.folder(name)
        os.chmod(folder, 0o777)
        text = (f'options {{ directory "{folder}"; listen-on {{ {address}; }}; listen-on-v6 {{ none; }}; pid-file none; '
                f'session-keyfile "{folder}/session.key"; dnssec-validation no; empty-zones-enable no; {options} }};\n'
                f'controls {{}};\n')
        for zone, records in zones.items():
            file = os.path.join(folder, f"{zone}.zone")
            with open(file, "w") as out:
                out.write(f"$TTL 60\n@ IN SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n@ IN NS ns.{zone}.\n"
                          f"ns IN A {address}\n" + "\n".join(records) + "\n")
            text += f'zone "{zone}" {{ type master; file "{file}"; }};\n'
        path = os.path.join(folder, "named.conf")
        with open(path, "w") as out:
            out.write(text + more)
        self.servers.start(name, ["named", "-g", "-n", "1", "-c", path], ("udp", address, 53))

    def knot(self, address, zones):
        name = f"knot-{address}"
        folder = self.lab.folder(name)
        text = f"server:\n  listen: {address}@53\n  rundir: {folder}\ndatabase:\n  storage: {folder}\nzone:\n"
        for zone, records in zones.items():
            with open(os.path.join(folder, f"{zone}.zone"), "w") as out:
                out.write(f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\n"
                          f"ns A {address}\n" + "\n".join(records) + "\n")
            text += f"  - domain: {zone}\n    storage: {folder}\n    file: {zone}.zone\n"
        path = os.path.join(folder, "knot.conf")
        with open(path, "w") as out:
            out.write(text)
        self.servers.start(name, ["knotd", "-c", path], ("udp", address, 53))

    def pdns_recursor(self, address, forward):
        name = f"pdns-{address}"
        folder = self.lab.folder(name)
        self.servers.start(name, ["pdns_recursor", f"--config-dir={folder}", f"--local-address={address}", "--local-port=53",
                                  f"--socket-dir={folder}", "--daemon=no", "--threads=1", "--disable-syslog",
                                  "--allow-from=0.0.0.0/0", f"--forward-zones-recurse=.={forward}", "--hint-file=no",
                                  "--setuid=", "--setgid=", "--security-poll-suffix=", "--write-pid=no",
                                  "--dont-query="], ("udp", address, 53))

    # --- the feed ----------------------------------------------------------------------------------------------------------

    def haproxy(self, name, frontends):
        folder, path = self.config(f"haproxy-{name}", "global\n  maxconn 100\n  nbthread 1\n"
                                   "defaults\n  mode http\n  timeout connect 3s\n  timeout client 20s\n  timeout server 20s\n"
                                   + frontends + "\n")
        probe = next(word for word in frontends.split("bind ", 1)[1].split()[:1])
        address, port = probe.rsplit(":", 1)
        self.servers.start(f"haproxy-{name}", ["haproxy", "-db", "-f", path], ("tcp", address, int(port)))

    def apache(self, address, port, body, modules=()):
        name = f"apache-{address}-{port}"
        folder = self.lab.folder(name)
        where = "/usr/lib/apache2/modules"
        load = "\n".join(f"LoadModule {module}_module {where}/mod_{module}.so" for module in
                         ("mpm_event", "authz_core", *modules))
        path = os.path.join(folder, "conf")
        with open(path, "w") as out:
            out.write(f"ServerRoot {folder}\nServerName {address}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
                      f"Mutex file:{folder} default\n{load}\nUser root\nGroup root\nListen {address}:{port}\n{body}\n"
                      .replace("User root\nGroup root\n", "User www-data\nGroup www-data\n"))
        os.chmod(folder, 0o755)
        self.servers.start(name, ["apache2", "-D", "FOREGROUND", "-f", path], ("tcp", address, port), mounts=self.mounts())

    def apache_feed(self, address, certificate, port=443, extra=""):
        self.apache(address, port, f'TypesConfig /dev/null\nAddType application/xml .xml\nDocumentRoot "{self.lab.feed_root}"\n'
                    f'<Directory "{self.lab.feed_root}">\nRequire all granted\n</Directory>\n'
                    f"SSLEngine on\nSSLCertificateFile {certificate}.chain.pem\nSSLCertificateKeyFile {certificate}.key\n{extra}",
                    ("ssl", "socache_shmcb", "mime", "dir"))

    def lighttpd(self, address, certificate, port=443, extra=""):
        name = f"lighttpd-{address}-{port}"
        tls = (f'server.modules += ("mod_openssl")\nssl.engine = "enable"\nssl.pemfile = "{self.bundle(certificate)}"\n'
               if certificate else "")
        folder, path = self.config(name, f'server.document-root = "{self.lab.feed_root}"\nserver.bind = "{address}"\n'
                                   f'server.port = {port}\nserver.modules = ("mod_redirect", "mod_access")\n'
                                   'mimetype.assign = (".xml" => "application/xml", "" => "application/octet-stream")\n'
                                   f'{tls}{extra}\n')
        self.servers.start(name, ["lighttpd", "-D", "-f", path], ("tcp", address, port))

    def stunnel(self, address, certificate, backend, port=443, extra=""):
        name = f"stunnel-{address}-{port}"
        folder, path = self.config(name, f"foreground = yes\npid =\nsyslog = no\n[feed]\naccept = {address}:{port}\n"
                                   f"connect = {backend}\ncert = {certificate}.chain.pem\nkey = {certificate}.key\n{extra}\n")
        self.servers.start(name, ["stunnel", path], ("tcp", address, port))

    # --- proxies -----------------------------------------------------------------------------------------------------------

    def tinyproxy(self, address, port=8888, *lines):
        name = f"tinyproxy-{port}"
        folder, path = self.config(name, "\n".join([f"Port {port}", f"Listen {address}", "Timeout 20", "MaxClients 20", *lines])
                                   + "\n")
        self.servers.start(name, ["tinyproxy", "-d", "-c", path], ("tcp", address, port), mounts=self.mounts())

    def privoxy(self, address, port=8118, actions=""):
        name = f"privoxy-{port}"
        folder = self.lab.folder(name)
        with open(os.path.join(folder, "user.action"), "w") as out:
            out.write(actions or "{-block}\n/\n")
        path = os.path.join(folder, "config")
        with open(path, "w") as out:
            out.write(f"confdir {folder}\ntempldir /etc/privoxy/templates\nlogdir {folder}\nactionsfile user.action\n"
                      f"listen-address {address}:{port}\ntoggle 1\n")
        self.servers.start(name, ["privoxy", "--no-daemon", path], ("tcp", address, port), mounts=self.mounts())

    def apache_proxy(self, address, port=8081, extra="", modules=()):
        self.apache(address, port, f"ProxyRequests On\nProxyVia On\nProxyTimeout 3\n<Proxy *>\nRequire all granted\n</Proxy>\n{extra}",
                    ("proxy", "proxy_connect", *modules))

    def microsocks(self, address, port, user="", password=""):
        login = ["-u", user, "-P", password] if user else []
        self.servers.start(f"microsocks-{port}", ["microsocks", "-i", address, "-p", str(port), *login], ("tcp", address, port),
                           mounts=self.mounts())

    def dante(self, address, port, rules="socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }"):
        name = f"dante-{port}"
        folder, path = self.config(name, f"logoutput: stderr\ninternal: {address} port = {port}\nexternal: {address}\n"
                                   "clientmethod: none\nsocksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n"
                                   "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n" + rules + "\n")
        self.servers.start(name, ["danted", "-f", path], ("tcp", address, port), mounts=self.mounts())

    def squid_bump(self, address, port, ca):
        """squid that opens TLS with certificates of its own."""
        folder = self.lab.folder(f"bump-{port}")
        os.chmod(folder, 0o777)
        helper = "/usr/lib/squid/security_file_certgen"
        subprocess.run([helper, "-c", "-s", f"{folder}/db", "-M", "4MB"], check=True, capture_output=True)
        subprocess.run(["chown", "-R", "proxy", f"{folder}/db"], check=True)
        with open(f"{folder}/ca.pem", "w") as out:
            for part in (ca + ".pem", ca + ".key"):
                with open(part) as file:
                    out.write(file.read())
        config = os.path.join(folder, "squid.conf")
        with open(config, "w") as out:
            out.write(f"""http_port {address}:{port} ssl-bump tls-cert={folder}/ca.pem generate-host-certificates=on dynamic_cert_mem_cache_size=1MB
sslcrtd_program {helper} -s {folder}/db -M 4MB
sslcrtd_children 1
ssl_bump bump all
sslproxy_cert_error allow all
tls_outgoing_options flags=DONT_VERIFY_PEER
pid_filename none
cache deny all
cache_mem 8 MB
access_log none
cache_log {folder}/cache.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
visible_hostname bump.lab
http_access allow all
""")
        name = f"lab{os.getpid()}b{port}"
        from .servers import remove_shared_memory
        self.lab.on_close(lambda: remove_shared_memory(name))
        self.servers.start(f"bump-{port}", ["squid", "-N", "-n", name, "-f", config], ("tcp", address, port), mounts=self.mounts())

    # --- time --------------------------------------------------------------------------------------------------------------

    def ntpsec(self, address, *lines):
        """Without the right to set the clock of this machine."""
        name = f"ntpsec-{address}"
        folder, path = self.config(name, "\n".join([*lines, "interface ignore wildcard", f"interface listen {address}",
                                                    "disable ntp" if not lines else "", f"driftfile {self.lab.file('drift')}"])
                                   + "\n")
        self.servers.start(name, ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time", "ntpd", "-n", "-g", "-c", path],
                           ("udp", address, 123))
