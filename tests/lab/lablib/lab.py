"""One case: its namespaces, files and servers, the command, and what came out."""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from .net import Net, enter
from .pki import Pki
from .servers import PEERS, Servers

DNS, DNS2, DNS6 = "10.30.0.53", "10.30.0.54", "fd30::53"
PROXY, NTP, NTP2, NTP3 = "10.30.0.80", "10.30.0.123", "10.30.0.124", "10.30.0.125"
WEB, WEB2, WEB6, WEB6B = "151.101.7.10", "151.101.7.11", "2a04:4e42:7::10", "2a04:4e42:7::11"
PORTAL, CDN = "10.30.0.99", "151.101.8.20"
NOBODY = "151.101.66.66"
FEED, MIRROR = "updates.vendor-feed.net", "cdn.vendor-feed.net"
COMMAND_S = 60


class Fixture:
    """What all cases share: certificates, feeds, and the program. Made once by make(), then only read."""

    def __init__(self, folder, program):
        self.folder = folder
        self.program = program
        self.pki = Pki(os.path.join(folder, "pki"))

    def feed(self, name):
        return os.path.join(self.folder, "feeds", name)

    def make(self):
        p = self.pki
        p.make("root", "root", subject="/O=Vendor Trust Services/CN=Vendor Root CA 3")
        p.make("inter", "inter", "root", subject="/O=Vendor Trust Services/CN=Vendor Issuing CA 7")
        p.make("leaf", "feed", "inter", f"DNS:{FEED},DNS:{MIRROR}", subject=f"/CN={FEED}")
        p.make("leaf", "signer", "inter", subject="/O=Vendor/CN=Posture Feed Signing", ext={"extendedKeyUsage": "emailProtection"})
        p.make("root", "corp-root", subject="/O=Example Corp/CN=Example Corp Root")
        p.make("leaf", "proxy", "corp-root", f"DNS:proxy.corp.test,IP:{PROXY}", subject="/CN=proxy.corp.test")
        p.make("root", "other-root", subject="/O=Other Trust/CN=Other Root CA")
        self.build_feed("good", sign=True)
        self.make_state()
        os.makedirs(self.feed("empty"), exist_ok=True)

    @property
    def state(self):
        return os.path.join(self.folder, "state")

    def make_state(self):
        """A state folder that trusts the vendor's root for Cisco services and the corporation's for infrastructure."""
        nothing = os.path.join(self.folder, "no-anchors")
        os.makedirs(nothing, exist_ok=True)
        for name, usage in (("root", "cisco-services"), ("corp-root", "infrastructure")):
            subprocess.run([self.program, "--config", os.path.join(nothing, "none.conf"), "--state-dir", self.state, "certs",
                            "import", self.pki.path(name + ".pem"), "--name", name, "--usage", usage], check=True,
                           capture_output=True, env={**os.environ, "POSTURE_CONSOLE_CA_BUNDLE": nothing})

    def build_feed(self, name, sign=False, arguments=()):
        folder = self.feed(name)
        os.makedirs(folder, exist_ok=True)
        for component in ("conditions", "osgroups", "osgroupsV2"):
            tree = tempfile.mkdtemp(dir=self.folder)
            with open(os.path.join(tree, f"{component}.xml"), "w") as out:
                out.write(f"<{component}/>\n")
            subprocess.run(["tar", "-C", tree, "-czf", os.path.join(folder, f"{component}.tar.gz"), "."], check=True)
            shutil.rmtree(tree)
        signing = ["--sign", self.pki.path("signer.chain.pem"), self.pki.path("signer.key")] if sign else []
        subprocess.run([self.program, "feed", "build", folder, *signing, *arguments], check=True, capture_output=True)


class Lab:
    def __init__(self, fixture, keep=False):
        self.fixture = fixture
        self.program = fixture.program
        self.pki = fixture.pki
        self.dir = tempfile.mkdtemp(prefix="pcl-")
        os.chmod(self.dir, 0o755)
        self.keep = keep
        self.net = Net()
        self.servers = Servers(self)
        self.closers = []
        self.environment = {"POSTURE_CONSOLE_CA_BUNDLE": os.path.join(fixture.folder, "no-anchors")}
        self.config = {"time.servers": [NTP]}
        self.files = {}
        self.mounts = []
        self.limits = []
        self.uid = None
        self.state = os.path.join(self.dir, "state")
        shutil.copytree(fixture.state, self.state, symlinks=True)
        self.arguments = []
        self.feed_root = fixture.feed("good")

    # --- the world ---------------------------------------------------------------------------------------------------------

    def build(self, hops=1):
        self.net.hops = hops
        self.net.make()
        self.net.addresses("s", DNS, DNS2, DNS6, PROXY, NTP, NTP2, NTP3, WEB, WEB2, WEB6, WEB6B, PORTAL, CDN)
        self.resolv(f"nameserver {DNS}\n")
        self.hosts("")
        self.nsswitch("hosts: files dns\n")
        self.write("resolv.conf.server", f"nameserver {DNS}\n")

    def file(self, name):
        return os.path.join(self.dir, name)

    def folder(self, name):
        path = self.file(name)
        os.makedirs(path, exist_ok=True)
        return path

    def write(self, name, text):
        path = self.file(name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def on_close(self, function):
        self.closers.append(function)

    # --- the client --------------------------------------------------------------------------------------------------------

    def resolv(self, text):
        self.files["/etc/resolv.conf"] = self.write("resolv.conf", text)

    def hosts(self, text):
        self.files["/etc/hosts"] = self.write("hosts", "127.0.0.1 localhost\n::1 localhost\n" + text)

    def nsswitch(self, text):
        self.files["/etc/nsswitch.conf"] = self.write("nsswitch.conf", text)

    def set(self, **settings):
        for key, value in settings.items():
            self.config[key.replace("__", ".")] = value

    def proxy(self, host=PROXY, port=3128, scheme="http", user="", password=None, bypass=()):
        self.set(proxy__enabled=True, proxy__host=host, proxy__port=port, proxy__scheme=scheme, proxy__user=user,
                 proxy__bypass=list(bypass))
        if password is not None:
            os.makedirs(self.state, exist_ok=True)
            with open(os.path.join(self.state, "proxy.password"), "w") as out:
                out.write(password + "\n")
            os.chmod(os.path.join(self.state, "proxy.password"), 0o600)

    def certs(self, *arguments):
        """posture-console certs ... on the client's store, here and now."""
        self.must("certs", *arguments)

    def must(self, *arguments, check=True):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, **self.environment})
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return done

    def own_pki(self):
        """Certificates of this case's own, beside the common ones."""
        self.pki = self.fixture.pki.copy_to(self.file("pki"))
        return self.pki

    def clock(self, seconds):
        """Moves the product's clock by so many seconds."""
        self.environment["POSTURE_CONSOLE_TEST_TIME"] = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                                      time.gmtime(time.time() + seconds))

    def write_config(self):
        if "raw" in self.config:
            return self.write("console.conf", self.config["raw"])
        groups = {}
        for key, value in {"source.feed_url": f"https://{FEED}/posture-update.xml", **self.config}.items():
            group, name = key.split(".")
            groups.setdefault(group, []).append(f"{name} = {literal(value)};")
        return self.write("console.conf", "\n".join(f"{g} = {{ {' '.join(items)} }};" for g, items in groups.items()) + "\n")

    # --- the usual servers -------------------------------------------------------------------------------------------------

    def zone(self, extra=None, feed=(WEB,), feed6=()):
        records = {FEED: {"A": list(feed), "AAAA": list(feed6)}, MIRROR: {"A": [CDN]}, "proxy.corp.test": {"A": [PROXY]},
                   "time.corp.test": {"A": [NTP]}, "www.example.com": {"A": ["93.184.216.34"]}}
        records.update(extra or {})
        return records

    def unbound(self, address=DNS, records=None, **more):
        lines = []
        for name, types in (records if records is not None else self.zone()).items():
            for kind, values in types.items():
                lines += [f'local-data: "{name}. 60 IN {kind} {value}"' for value in
                          ([values] if isinstance(values, str) else values)]
            if not any(types.values()):
                lines.append(f'local-data: "{name}. 60 IN TXT nothing"')
        # The way of a resolver that has the names from elsewhere: with recursion, without authority.
        self.servers.unbound(address, "\n".join(lines), **more)

    def bad_dns(self, address=DNS, records=None, port=53, **how):
        how["zone"] = records if records is not None else self.zone()
        return self.servers.peer("dns", address, port, json.dumps(how), protocol="udp")

    def web(self, address=WEB, certificate="feed", **more):
        self.servers.nginx(address, self.pki.path(certificate), self.feed_root, **more)

    def bad_web(self, mode, *arguments, address=WEB, certificate="feed", port=443):
        return self.servers.peer("web", address, port, self.pki.path(certificate), self.feed_root, mode, *arguments)

    def ntp(self, address=NTP, **how):
        return self.servers.peer("ntp", address, 123, json.dumps(how), protocol="udp")

    def delay(self, address, seconds):
        """The router holds back what goes to that address: a tunnel device and a process stand in for a long way."""
        self.net.ip("r", "tuntap add dev slow0 mode tun", "link set slow0 up", "route add default dev slow0 table 100",
                    f"rule add iif rc to {address} lookup 100")
        self.net.sysctl("r", "net.ipv4.conf.all.rp_filter", 0)
        self.net.sysctl("r", "net.ipv4.conf.slow0.rp_filter", 0)
        self.servers.start("delay", [sys.executable, PEERS, "delay", "slow0", "0", str(seconds)], None, "r")
        self.net.run("r", ["sh", "-c", "for i in $(seq 100); do ip link show slow0 | grep -q LOWER_UP && exit 0; "
                           "sleep 0.05; done; exit 1"])

    def world(self, dns=True, web=True, ntp=True):
        """All that a healthy client needs."""
        if dns:
            self.bad_dns()
        if ntp:
            self.ntp()
        if web:
            self.web()

    # --- the command -------------------------------------------------------------------------------------------------------

    def command(self, *arguments):
        return [self.program, "--config", self.write_config(), "--state-dir", self.state, *arguments]

    def run(self, *arguments, timeout=COMMAND_S):
        """The program inside the client. A dictionary value of `files` that is None is left as it is."""
        mounts = [(source, target) for target, source in self.files.items() if source] + self.mounts
        preexec, handle = enter(self.net.name("c"), mounts, self.uid, self.limits)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", **self.environment}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        try:
            return subprocess.run(self.command(*arguments), preexec_fn=preexec, env=environment, capture_output=True,
                                  text=True, errors="replace", timeout=timeout, stdin=subprocess.DEVNULL)
        finally:
            os.close(handle)

    def check(self):
        self.net.settle()
        began = time.monotonic()
        done = self.run("check", "--json", *self.arguments)
        outcome = Outcome(done, time.monotonic() - began)
        # Of the largest process among those that this case has waited for; the servers come later.
        outcome.peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return outcome

    def close(self):
        for function in reversed(self.closers):
            try:
                function()
            except OSError:
                pass
        self.net.close()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)


class Outcome:
    """The verdict, and why it cannot be had when there is none."""

    def __init__(self, done, seconds):
        self.seconds = seconds
        self.exit_code = done.returncode
        self.output = done.stdout
        self.errors = done.stderr
        self.events = []
        self.verdict = None
        for line in done.stdout.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            self.events.append(event)
            if event.get("event") == "verdict":
                self.verdict = event

    @property
    def cause(self):
        return self.verdict["cause"] if self.verdict else "no-verdict"

    @property
    def also(self):
        return self.verdict["also"] if self.verdict else []


def literal(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[ " + ", ".join(literal(one) for one in value) + " ]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


FD_LIMIT = resource.RLIMIT_NOFILE
FILE_LIMIT = resource.RLIMIT_FSIZE
