"""Variants of this node's own troubles."""
import json
import os
import shutil
import signal
import subprocess
import time

from lablib.case import case
from lablib.lab import DNS6, FD_LIMIT, FEED, WEB, WEB6
from cases.local import small_filesystem, wrap, start_update


def second_link(lab):
    """A management network beside the one that leads out."""
    net = lab.net
    lab.net.ip("c", f"link add mgmt type veth peer name mgmtp netns {net.name('r')}", "addr add 172.19.7.2/24 dev mgmt", "link set mgmt up")
    lab.net.ip("r", "addr add 172.19.7.1/24 dev mgmtp", "link set mgmtp up")


@case("variant-link-no-carrier-second-link", "link-down")
def _(lab):
    lab.world()
    second_link(lab)
    lab.net.ip("r", "link set rc down")


@case("variant-link-down-second-link", "link-down")
def _(lab):
    lab.world()
    second_link(lab)
    lab.net.ip("c", "link set cr down")


@case("variant-no-default-route-second-link", "no-default-route")
def _(lab):
    lab.world()
    second_link(lab)
    lab.net.ip("c", "route del default", "route del default via fd20:1::1")


@case("variant-gateway-dead-v6", "gateway-dead")
def _(lab):
    lab.bad_dns(DNS6, records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.web(WEB6)
    lab.resolv(f"nameserver {DNS6}\n")
    lab.set(time__servers=["2a04:4e42:7::11"])
    lab.net.ip("c", "addr flush dev cr scope global", "addr add fd20:1::2/64 dev cr nodad", "route replace default via fd20:1::77")


@case("variant-gateway-dead-near-dns", "gateway-dead")
def _(lab):
    """The name server is on this node's own network; the gateway is gone."""
    lab.net.ip("r", "addr add 10.20.1.53/24 dev rc")
    lab.servers.peer("dns", "10.20.1.53", 53, json.dumps({"zone": lab.zone()}), short="r", protocol="udp")
    lab.resolv("nameserver 10.20.1.53\n")
    lab.ntp()
    lab.web()
    lab.net.ip("c", "route replace default via 10.20.1.77", "route del default via fd20:1::1")


@case("variant-rule-prohibit", "local-route-block")
def _(lab):
    lab.world()
    lab.net.ip("c", f"rule add to {WEB} prohibit")


@case("variant-route-blackhole-default", "local-route-block")
def _(lab):
    lab.world()
    lab.net.ip("c", "route replace blackhole default", "route add 10.30.0.0/24 via 10.20.1.1")


@case("variant-own-firewall-host-unreachable", "local-firewall-reject")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output tcp dport 443 reject with icmp type host-unreachable"])


@case("variant-own-firewall-prohibited", "local-firewall-reject")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output tcp dport 443 reject with icmp type admin-prohibited"])


@case("variant-own-firewall-iptables-drop", "local-firewall-drop", needs=("iptables",))
def _(lab):
    lab.world()
    lab.net.run("c", ["iptables", "-A", "OUTPUT", "-p", "tcp", "-d", WEB, "-j", "DROP"])


@case("variant-own-firewall-iptables-reject", "local-firewall-reject", needs=("iptables",))
def _(lab):
    lab.world()
    lab.net.run("c", ["iptables", "-A", "OUTPUT", "-p", "tcp", "--dport", "443", "-j", "REJECT"])


@case("variant-own-firewall-input", "tcp-timeout")
def _(lab):
    """The answers are dropped on their way in: from outside of the firewall that looks like silence."""
    lab.world()
    lab.net.nft("c", ["input tcp sport 443 drop"])


@case("variant-ports-exhausted", "out-of-descriptors", also=["ntp-timeout"])
def _(lab):
    lab.world()
    lab.net.sysctl("c", "net.ipv4.ip_local_port_range", "40000 40009")
    code = f"""
import socket, time
held = []
for port in range(40000, 40010):
    for family, host in ((socket.AF_INET, "0.0.0.0"),):
        s = socket.socket(family, socket.SOCK_STREAM)
        s.bind((host, port))
        s.listen()
        held.append(s)
time.sleep(60)
"""
    lab.servers.start("held", ["python3", "-c", code], ("tcp", "0.0.0.0", 40009), "c")


for limit in (4, 5, 8, 10, 12, 16, 24):
    def add(limit):
        @case(f"variant-descriptors-{limit}", "out-of-descriptors", also=["dns-config-invalid", "trust-store-unreadable", "tcp-timeout", "permission-denied"])
        def _(lab):
            lab.world()
            lab.limits = [(FD_LIMIT, limit)]
    add(limit)


@case("variant-file-limit", "quota-exceeded")
def _(lab):
    lab.world()
    wrap(lab, "ulimit -f 1")


@case("variant-immutable", "permission-denied")
def _(lab):
    lab.world()
    done = subprocess.run(["chattr", "+i", lab.state], capture_output=True, text=True)
    if done.returncode:
        return f"chattr: {done.stderr}"
    lab.on_close(lambda: subprocess.run(["chattr", "-i", lab.state]))


@case("variant-path-under-device", "path-invalid")
def _(lab):
    lab.world()
    lab.state = "/dev/null/state"


@case("variant-path-proc", "path-invalid")
def _(lab):
    lab.world()
    lab.state = "/proc/nothing/state"


@case("variant-path-dangling", "path-invalid")
def _(lab):
    lab.world()
    link = lab.file("link")
    os.symlink("/nowhere/at/all", link)
    lab.state = link


@case("variant-lockf", "update-locked")
def _(lab):
    lab.world()
    path = os.path.join(lab.state, "update.lock")
    open(path, "a").close()
    lab.servers.start("lockf", ["python3", "-c", f"import fcntl,time; f=open({path!r},'r+'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(60)"], None, "c")
    time.sleep(0.5)


@case("variant-lock-stale")
def _(lab):
    """A lock file that nobody holds."""
    lab.world()
    with open(os.path.join(lab.state, "update.lock"), "w") as out:
        out.write("12345\n")


@case("variant-staging-tmpfs", "cross-device")
def _(lab):
    lab.world()
    os.makedirs(os.path.join(lab.state, "staging"), exist_ok=True)
    lab.mounts.append(("size=8m,mode=0755", os.path.join(lab.state, "staging"), "tmpfs"))


@case("variant-content-tmpfs", "cross-device")
def _(lab):
    lab.world()
    os.makedirs(os.path.join(lab.state, "content"), exist_ok=True)
    lab.mounts.append(("size=8m,mode=0755", os.path.join(lab.state, "content"), "tmpfs"))


@case("variant-content-bind", "cross-device")
def _(lab):
    lab.world()
    os.makedirs(os.path.join(lab.state, "content"), exist_ok=True)
    lab.mounts.append((lab.folder("elsewhere"), os.path.join(lab.state, "content")))


@case("variant-read-only-bind", "read-only-filesystem")
def _(lab):
    lab.world()
    wrap(lab, f"mount --bind {lab.state} {lab.state} && mount -o remount,ro,bind {lab.state}")
    lab.mounts.append((lab.folder("x"), lab.folder("y")))


@case("variant-disk-full-exactly", "disk-full")
def _(lab):
    lab.world()
    small_filesystem(lab, "size=2m", f"cat /dev/zero > {lab.state}/filler 2>/dev/null")


@case("variant-killed-update", warn=["previous-update-interrupted"])
def _(lab):
    lab.world()
    lab.set(hook__after_commit=["/bin/sleep", "60"])
    process = start_update(lab)
    holder = 0
    for line in open("/proc/locks"):
        if f":{os.stat(os.path.join(lab.state, 'update.lock')).st_ino} " in line:
            holder = int(line.split()[4])
    os.kill(holder, signal.SIGKILL)
    process.wait()
    lab.set(hook__after_commit=[])


# --- settings ------------------------------------------------------------------------------------------------------------

@case("variant-setting-port-range", "config-invalid")
def _(lab):
    lab.world()
    lab.proxy(port=99999)


@case("variant-setting-scheme", "config-invalid")
def _(lab):
    lab.world()
    lab.proxy(scheme="gopher")


@case("variant-setting-syntax", "config-invalid")
def _(lab):
    lab.world()
    lab.set(raw="source = { feed_url = \"https://x.test/\"; \nproxy = {\n")


@case("variant-setting-url", "config-invalid")
def _(lab):
    lab.world()
    lab.set(source__feed_url="http://updates.vendor-feed.net/posture-update.xml")


@case("variant-setting-url-nonsense", "config-invalid")
def _(lab):
    lab.world()
    lab.set(source__feed_url="not a url")


# --- healthy --------------------------------------------------------------------------------------------------------------

@case("variant-healthy-direct-route-only", seconds=4)
def _(lab):
    lab.world()
    lab.net.ip("c", "route del default", "route del default via fd20:1::1", "route add 10.30.0.0/24 via 10.20.1.1", "route add 151.101.0.0/16 via 10.20.1.1")


@case("variant-healthy-no-icmp", hops=2, seconds=5)
def _(lab):
    lab.world()
    for router in "rm":
        lab.net.nft(router, ["forward ip protocol icmp drop", "output ip protocol icmp drop", "input ip protocol icmp drop", "forward meta l4proto ipv6-icmp drop"])


@case("variant-healthy-hosts-no-dns", seconds=4)
def _(lab):
    lab.ntp()
    lab.web()
    lab.hosts(f"{WEB} {FEED}\n")
    lab.resolv("")


@case("variant-healthy-second-link", seconds=4)
def _(lab):
    lab.world()
    second_link(lab)


@case("variant-healthy-second-link-down", seconds=4)
def _(lab):
    lab.world()
    second_link(lab)
    lab.net.ip("r", "link set mgmtp down")


@case("variant-healthy-user", seconds=5)
def _(lab):
    """Not root, no capabilities."""
    lab.world()
    as_user(lab)


def as_user(lab):
    for folder, _, files in os.walk(lab.state):
        os.chown(folder, 65534, 65534)
        for name in files:
            os.chown(os.path.join(folder, name), 65534, 65534)
    lab.uid = 65534


@case("variant-user-tcp-timeout", "tcp-timeout", hops=2)
def _(lab):
    lab.world()
    lab.net.nft("m", ["forward tcp dport 443 drop"])
    as_user(lab)


@case("variant-user-tcp-refused", "tcp-refused", hops=2)
def _(lab):
    lab.world(web=False)
    as_user(lab)


@case("variant-user-reset", "tcp-rejected-reset", hops=2)
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 reject with tcp reset"])
    as_user(lab)


@case("variant-user-gateway-dead", "gateway-dead")
def _(lab):
    lab.world()
    lab.net.ip("c", "route replace default via 10.20.1.77", "route del default via fd20:1::1")
    as_user(lab)


@case("variant-user-local-drop", "local-firewall-drop")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output tcp dport 443 drop"])
    as_user(lab)


@case("variant-healthy-no-time-servers", seconds=4)
def _(lab):
    lab.world(ntp=False)
    lab.set(time__servers=[])
    for path in ("/etc/chrony", "/etc/ntpsec", "/etc/openntpd", "/etc/systemd"):
        if os.path.isdir(path):
            lab.files[path] = lab.folder("nothing")


@case("variant-healthy-nat64", seconds=4)
def _(lab):
    """IPv6 only; the resolver makes addresses of 64:ff9b::/96 for what has IPv4 only."""
    lab.net.addresses("s", "64:ff9b::9765:70a")
    lab.bad_dns(DNS6, records=lab.zone(feed=(WEB,), feed6=("64:ff9b::9765:70a",)))
    lab.servers.peer("ntp", "2a04:4e42:7::11", 123, "{}", protocol="udp")
    lab.web("64:ff9b::9765:70a")
    lab.resolv(f"nameserver {DNS6}\n")
    lab.set(time__servers=["2a04:4e42:7::11"])
    lab.net.ip("c", "addr flush dev cr scope global", "addr add fd20:1::2/64 dev cr nodad", "route replace default via fd20:1::1")


@case("variant-healthy-ipv6-literal", seconds=4)
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "literal", "inter", f"IP:{WEB6}", subject="/CN=mirror")
    lab.ntp()
    lab.web(WEB6, certificate="literal", port=8443)
    lab.resolv("")
    lab.set(source__feed_url=f"https://[{WEB6}]:8443/posture-update.xml")


@case("variant-healthy-trailing-dot", seconds=4)
def _(lab):
    lab.world()
    lab.set(source__feed_url=f"https://{FEED}.:443/posture-update.xml?x=1")


@case("variant-healthy-resolv-missing", seconds=4)
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "literal", "inter", f"IP:{WEB}", subject="/CN=mirror")
    lab.ntp()
    lab.web(certificate="literal")
    lab.set(source__feed_url=f"https://{WEB}/posture-update.xml")
    no_resolv(lab)


def no_resolv(lab, link=None):
    """/etc without resolv.conf, or with a link in its place."""
    upper, work = lab.folder("upper"), lab.folder("work")
    if link:
        os.symlink(link, os.path.join(upper, "resolv.conf"))
    else:
        os.mknod(os.path.join(upper, "resolv.conf"), 0o600 | 0o020000, os.makedev(0, 0))
    for name in ("hosts", "nsswitch.conf"):
        shutil.copy(lab.file(name), os.path.join(upper, name))
    lab.files.clear()
    lab.mounts.append((f"lowerdir=/etc,upperdir={upper},workdir={work}", "/etc", "overlay"))


@case("variant-resolv-missing", "dns-config-invalid", also=["dns-no-servers"])
def _(lab):
    lab.ntp()
    no_resolv(lab)


@case("variant-resolv-dangling", "dns-stub-stopped")
def _(lab):
    lab.ntp()
    no_resolv(lab, "../run/systemd/resolve/stub-resolv.conf")


@case("variant-resolv-null", "dns-no-servers")
def _(lab):
    lab.ntp()
    lab.files["/etc/resolv.conf"] = "/dev/null"
