"""Real servers in a case's server namespace. Each is waited for until it answers."""
import os
import subprocess
import sys
import time

PEERS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers.py")
READY_S = 15


def wait_for(net, short, probe, what, process, log):
    """Waits until something listens inside the namespace; `probe` is (protocol, address, port)."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if net.run(short, [sys.executable, "-S", "-c", LISTENING, *map(str, probe)], check=False).returncode == 0:
            return
        time.sleep(0.02)
    with open(log, errors="replace") as file:
        raise RuntimeError(f"{what} did not start: {file.read()[-600:]}")


LISTENING = """
import socket, struct, sys
protocol, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
packed = socket.inet_pton(family, address)
# The kernel prints each 32-bit word in the machine's order.
want = "".join("%08X" % struct.unpack("=I", packed[i:i + 4])[0] for i in range(0, len(packed), 4)) + ":%04X" % port
for line in open("/proc/net/" + protocol + ("6" if family == socket.AF_INET6 else "")).readlines()[1:]:
    field = line.split()
    if field[1] == want and (protocol == "udp" or field[3] == "0A"):
        sys.exit(0)
sys.exit(1)
"""


class Servers:
    def __init__(self, lab):
        self.lab = lab

    def start(self, name, command, probe, short="s", **more):
        log = self.lab.file(f"{name}.log")
        process = self.lab.net.start(short, command, log, **more)
        if probe:
            wait_for(self.lab.net, short, probe, name, process, log)
        return process

    def peer(self, kind, address, port, *arguments, short="s", protocol="tcp"):
        """A misbehaving server of peers.py."""
        name = f"peer-{kind}-{address.replace(':', '_')}-{port}"
        return self.start(name, [sys.executable, PEERS, kind, address, str(port), *map(str, arguments)],
                          (protocol, address, port), short)

    def unbound(self, address, zone="", server="", extra=""):
        folder = self.lab.folder(f"unbound-{address}")
        config = os.path.join(folder, "unbound.conf")
        with open(config, "w") as out:
            out.write(f"""server:
    interface: {address}
    port: 53
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    verbosity: 1
    num-threads: 1
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    module-config: "iterator"
    do-not-query-localhost: no
    root-hints: ""
    auto-trust-anchor-file: ""
    qname-minimisation: no
    outgoing-range: 16
    num-queries-per-thread: 16
    local-zone: "." static
{server}
{zone}
remote-control:
    control-enable: no
{extra}
""")
        return self.start(f"unbound-{address}", ["unbound", "-d", "-p", "-c", config], ("udp", address, 53))

    def nginx(self, address, certificate, root, port=443, extra="", http="", server_names=None, listen_more=""):
        folder = self.lab.folder(f"nginx-{address.replace(':', '_')}-{port}")
        config = os.path.join(folder, "nginx.conf")
        bind = f"[{address}]" if ":" in address else address
        tls = f"ssl_certificate {certificate}.chain.pem; ssl_certificate_key {certificate}.key;" if certificate else ""
        with open(config, "w") as out:
            out.write(f"""daemon off; master_process off; worker_processes 1; user root; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    types {{ application/xml xml; application/gzip gz; }}
    default_type application/octet-stream;
    {http}
    server {{
        listen {bind}:{port} {'ssl' if certificate else ''};
        {listen_more}
        {tls}
        root {root};
        {extra}
    }}
}}
""")
        return self.start(f"nginx-{address}-{port}", ["nginx", "-p", folder, "-c", config, "-e", f"{folder}/error.log"],
                          ("tcp", address, port))

    def squid(self, address, port=3128, rules="http_access allow all", login=None, more="", certificate=None):
        folder = self.lab.folder(f"squid-{port}")
        os.chmod(folder, 0o777)
        config = os.path.join(folder, "squid.conf")
        listen = (f"https_port {address}:{port} tls-cert={certificate}.chain.pem tls-key={certificate}.key" if certificate
                  else f"http_port {address}:{port}")
        auth = ""
        if login:
            user, password = login
            hashed = subprocess.run(["openssl", "passwd", "-apr1", password], capture_output=True, text=True).stdout
            with open(os.path.join(folder, "passwords"), "w") as out:
                out.write(f"{user}:{hashed}")
            auth = (f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/passwords\nauth_param basic children 1\n"
                    "auth_param basic realm lab\nacl known proxy_auth REQUIRED\n")
            rules = "http_access allow known\nhttp_access deny all" if rules == "http_access allow all" else rules
        with open(config, "w") as out:
            out.write(f"""{listen}
pid_filename none
cache deny all
cache_mem 8 MB
access_log none
cache_log {folder}/cache.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
via on
visible_hostname proxy.lab
dns_timeout 3 seconds
connect_timeout 3 seconds
{auth}{more}
{rules}
""")
        # The service name keeps its shared memory apart from that of other squids.
        name = f"lab{os.getpid()}x{port}"
        self.lab.on_close(lambda: remove_shared_memory(name))
        mounts = [(self.lab.file("resolv.conf.server"), "/etc/resolv.conf")] if os.path.exists(
            self.lab.file("resolv.conf.server")) else []
        return self.start(f"squid-{port}", ["squid", "-N", "-n", name, "-f", config], ("tcp", address, port), mounts=mounts)

    def chrony(self, address, short="s", config=None):
        folder = self.lab.folder(f"chrony-{address}")
        path = os.path.join(folder, "chrony.conf")
        with open(path, "w") as out:
            out.write(config or f"local stratum 3\nallow all\nbindaddress {address}\nport 123\ncmdport 0\n")
            out.write(f"pidfile {folder}/pid\ndriftfile {folder}/drift\nbindcmdaddress /\n")
        # -x: the clock of this machine is not touched.
        return self.start(f"chrony-{address}", ["chronyd", "-d", "-x", "-u", "root", "-f", path],
                          ("udp", address, 123), short)

    def s_server(self, address, certificate, *options, port=443):
        return self.start(f"s_server-{port}", ["openssl", "s_server", "-quiet", "-accept", f"{address}:{port}", "-cert",
                                               f"{certificate}.pem", "-key", f"{certificate}.key", "-cert_chain",
                                               f"{certificate}.chain.pem", "-www", *options], ("tcp", address, port))


def remove_shared_memory(name):
    for entry in os.listdir("/dev/shm"):
        if entry.startswith(name + "-"):
            os.unlink(os.path.join("/dev/shm", entry))


