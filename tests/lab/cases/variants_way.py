"""Variants of the way: TCP, MTU, portals, time."""
import time

from lablib.case import case
from lablib.lab import DNS6, FEED, NTP, NTP2, NTP3, PORTAL, WEB, WEB6
from cases.tcp import big_chain

DAY = 86400
stamp = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY))

for word, cause in (("icmp-net-unreachable", "tcp-net-unreachable"), ("icmp-host-unreachable", "tcp-host-unreachable"),
                    ("icmp-port-unreachable", "tcp-icmp-port-unreachable"), ("icmp-proto-unreachable", "tcp-protocol-unreachable"),
                    ("icmp-net-prohibited", "tcp-admin-prohibited"), ("icmp-host-prohibited", "tcp-admin-prohibited"),
                    ("icmp-admin-prohibited", "tcp-admin-prohibited"), ("tcp-reset", "tcp-rejected-reset")):
    def add(word, cause):
        @case(f"variant-iptables-{word}", cause, needs=("iptables",))
        def _(lab):
            lab.world()
            lab.net.run("r", ["iptables", "-A", "FORWARD", "-p", "tcp", "-d", WEB, "--dport", "443", "-j", "REJECT", "--reject-with", word])

        @case(f"variant-server-{word}", "tcp-refused" if word == "tcp-reset" else cause, needs=("iptables",), hops=2)
        def _(lab):
            """The server's own firewall."""
            lab.world()
            lab.net.run("s", ["iptables", "-A", "INPUT", "-p", "tcp", "-d", WEB, "--dport", "443", "-j", "REJECT", "--reject-with", word])
    add(word, cause)

for kind, cause in (("blackhole", "tcp-timeout"), ("unreachable", "tcp-host-unreachable"), ("prohibit", "tcp-admin-prohibited")):
    def add(kind, cause):
        @case(f"variant-router-{kind}", cause)
        def _(lab):
            lab.world()
            lab.net.ip("r", f"route add {kind} 151.101.0.0/16")
    add(kind, cause)


@case("variant-router-no-route", "tcp-net-unreachable")
def _(lab):
    lab.world()
    lab.net.ip("r", "route del default", "route add 10.30.0.0/24 via 10.20.9.2")


for kind, cause in (("admin-prohibited", "tcp-admin-prohibited"), ("no-route", "tcp-net-unreachable"), ("port-unreachable", "tcp-icmp-port-unreachable"),
                    ("addr-unreachable", "tcp-host-unreachable"), ("policy-fail", "tcp-admin-prohibited"), ("reject-route", "tcp-admin-prohibited")):
    def add(kind, cause):
        @case(f"variant-v6-{kind}", cause)
        def _(lab):
            v6_only(lab)
            lab.web(WEB6)
            lab.net.nft("r", [f"forward ip6 daddr {WEB6} tcp dport 443 reject with icmpv6 type {kind}"])
    add(kind, cause)


def v6_only(lab):
    lab.bad_dns(DNS6, records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.servers.peer("ntp", "2a04:4e42:7::11", 123, "{}", protocol="udp")
    lab.resolv(f"nameserver {DNS6}\n")
    lab.set(time__servers=["2a04:4e42:7::11"])
    lab.net.ip("c", "addr flush dev cr scope global", "addr add fd20:1::2/64 dev cr nodad", "route replace default via fd20:1::1")


@case("variant-v6-refused", "tcp-refused")
def _(lab):
    v6_only(lab)


@case("variant-v6-timeout", "tcp-timeout")
def _(lab):
    v6_only(lab)
    lab.net.nft("r", ["forward tcp dport 443 drop"])


@case("variant-v6-dead-target", "tcp-timeout", also=["ipv6-only-target"])
def _(lab):
    """Dual stack here, an IPv6-only name, and IPv6 is dropped on the way."""
    lab.bad_dns(records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.ntp()
    lab.web(WEB6)
    lab.net.nft("r", ["forward ip6 version 6 drop"])


@case("variant-no-icmp-refused", "tcp-refused", hops=2)
def _(lab):
    lab.world(web=False)
    no_icmp(lab)


@case("variant-no-icmp-timeout", "tcp-timeout", hops=2)
def _(lab):
    lab.world()
    no_icmp(lab)
    lab.net.nft("m", ["forward tcp dport 443 drop"])


@case("variant-no-icmp-dns-timeout", "dns-timeout", hops=2)
def _(lab):
    lab.ntp()
    no_icmp(lab)


def no_icmp(lab):
    for router in lab.net.chain[1:-1]:
        lab.net.nft(router, ["forward ip protocol icmp drop", "output ip protocol icmp drop", "input ip protocol icmp drop"])


@case("variant-mtu-frag-needed-dropped-at-server", "tcp-mtu-black-hole", hops=2)
def _(lab):
    """The router says "fragmentation needed", and the server's own firewall does not listen."""
    lab.world(web=False)
    lab.web(certificate=big_chain(lab))
    lab.net.ip("r", "link set rm mtu 1300")
    lab.net.ip("m", "link set mr mtu 1300")
    lab.net.nft("s", ["input icmp type destination-unreachable drop"])


@case("variant-mtu-v6", "tcp-mtu-black-hole", hops=2)
def _(lab):
    v6_only(lab)
    lab.web(WEB6, certificate=big_chain(lab))
    lab.net.ip("r", "link set rm mtu 1300")
    lab.net.ip("m", "link set mr mtu 1300")
    lab.net.nft("m", ["output icmpv6 type packet-too-big drop", "forward icmpv6 type packet-too-big drop"])


@case("variant-mtu-length-filter", "tcp-mtu-black-hole")
def _(lab):
    """A tunnel that swallows what is larger than 1400 bytes."""
    lab.world(web=False)
    lab.web(certificate=big_chain(lab))
    lab.net.ip("s", "link set sr gso_max_segs 1")
    lab.net.nft("r", ["forward meta length > 1400 drop"])


@case("variant-mtu-small-certificate", "tcp-mtu-black-hole")
def _(lab):
    """The usual chain: two certificates of little size, and a tunnel of 900 bytes."""
    lab.world()
    lab.net.ip("s", "link set sr gso_max_segs 1")
    lab.net.nft("r", ["forward meta length > 900 drop"])


@case("variant-nc-mute", "tcp-accept-then-silent", needs=("nc",))
def _(lab):
    lab.world(web=False)
    lab.servers.start("nc", ["nc", "-lk", WEB, "443"], ("tcp", WEB, 443))


@case("variant-reset-when-established", "tls-reset", also=["tcp-reset-after-accept"])
def _(lab):
    """A middlebox that resets what it does not like, once data flows."""
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 ct state established meta length > 100 reject with tcp reset"])


@case("variant-flow-cut-from-server", "tls-silent", also=["tcp-flow-cut", "tcp-accept-then-silent"])
def _(lab):
    lab.world(web=False)
    lab.servers.peer("cut", WEB, 443, lab.pki.path("feed"), lab.feed_root, "300")


@case("variant-flow-cut-ct", "tcp-flow-cut")
def _(lab):
    lab.world()
    lab.net.sysctl("r", "net.netfilter.nf_conntrack_acct", 1)
    lab.net.nft("r", ["forward ct bytes > 3000 drop"])


# --- portals -----------------------------------------------------------------------------------------------------------------

def redirect_80(lab, location="http://10.30.0.99/login?to=x"):
    lab.servers.peer("portal", PORTAL, 80, location)
    lab.net.nft("r", [f"prerouting iifname rc tcp dport 80 dnat ip to {PORTAL}"])


@case("variant-portal-443-rejected", "http-captive-portal")
def _(lab):
    lab.world()
    redirect_80(lab)
    lab.net.run("r", ["nft", "add", "chain", "inet", "lab", "forward", "{", "type", "filter", "hook", "forward", "priority", "0", ";", "}"])
    lab.net.run("r", ["nft", "add", "rule", "inet", "lab", "forward", "tcp", "dport", "443", "reject", "with", "tcp", "reset"])


@case("variant-portal-443-dropped", "http-captive-portal")
def _(lab):
    lab.world()
    redirect_80(lab, "https://wifi.guest.example/")
    lab.net.run("r", ["nft", "add", "chain", "inet", "lab", "forward", "{", "type", "filter", "hook", "forward", "priority", "0", ";", "}"])
    lab.net.run("r", ["nft", "add", "rule", "inet", "lab", "forward", "tcp", "dport", "443", "drop"])


@case("variant-portal-511", "http-captive-portal")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "portal", None, "DNS:portal.guest.test", subject="/CN=portal.guest.test")
    lab.world()
    lab.web(PORTAL, certificate="portal")
    lab.servers.peer("portal", PORTAL, 80, "511 Network Authentication Required")
    lab.net.nft("r", [f"prerouting iifname rc tcp dport {{ 80, 443 }} dnat ip to {PORTAL}"])


@case("variant-portal-plain-on-443", "http-captive-portal", also=["tls-plain-http"])
def _(lab):
    """The portal's one plain port gets everything."""
    lab.world()
    lab.servers.peer("portal", PORTAL, 80, "https://login.guest.test/")
    lab.net.nft("r", [f"prerouting iifname rc tcp dport {{ 80, 443 }} dnat ip to {PORTAL}:80"])


@case("variant-healthy-first-solicitation-lost", seconds=4)
def _(lab):
    """This node's first question for its router's link address is lost: a second that no update loses again."""
    lab.world(dns=False, web=False)
    lab.bad_dns(records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.web(WEB6)
    lab.net.nft("r", ["input iifname rc icmpv6 type nd-neighbor-solicit numgen inc mod 1000 0 drop"])


@case("variant-healthy-first-solicitation-lost-dns", seconds=5)
def _(lab):
    """The first two, and a name server's answer waits for them: two seconds."""
    lab.bad_dns(DNS6)
    lab.resolv(f"nameserver {DNS6}\n")
    lab.ntp()
    lab.web()
    lab.net.nft("r", ["input iifname rc icmpv6 type nd-neighbor-solicit numgen inc mod 1000 < 2 drop"])


@case("variant-dns-slow-until-cached", warn=["dns-slow"])
def _(lab):
    """What the server does not know yet takes it long: that costs every update a second."""
    lab.world(dns=False)
    lab.bad_dns(delay_new=1.4)


@case("variant-no-portal-untrusted", "cert-untrusted-root")
def _(lab):
    """The feed's own port 80 sends browsers to the vendor's web site: that is no portal."""
    pki = lab.own_pki()
    pki.make("leaf", "other", "other-root", f"DNS:{FEED}", subject=f"/CN={FEED}")
    lab.world(web=False)
    lab.web(certificate="other")
    lab.servers.peer("portal", WEB, 80, "https://www.vendor-home.com/")


@case("variant-no-portal-refused", "tcp-refused")
def _(lab):
    lab.world(web=False)
    lab.servers.peer("portal", WEB, 80, "https://www.vendor-home.com/")


@case("variant-no-portal-refused-login", "tcp-refused")
def _(lab):
    """Some servers have a login page of their own."""
    lab.world(web=False)
    lab.servers.peer("portal", WEB, 80, f"https://login.vendor-feed.net/")


# --- time ---------------------------------------------------------------------------------------------------------------------

def dated(lab, start, end, **ntp):
    pki = lab.own_pki()
    pki.make("leaf", "dated", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", start=stamp(start), end=stamp(end))
    lab.bad_dns()
    lab.web(certificate="dated")
    lab.ntp(**ntp)


@case("variant-clock-slow-by-ntp", "clock-slow")
def _(lab):
    dated(lab, 10, 100, offset=20 * DAY)


@case("variant-clock-fast-by-ntp", "clock-fast")
def _(lab):
    dated(lab, -100, -10, offset=-20 * DAY)


@case("variant-clock-fast-years", "clock-fast")
def _(lab):
    dated(lab, -3000, -2000, offset=-2500 * DAY)


@case("variant-clock-off-but-not-why", "cert-expired", warn=["time-offset"])
def _(lab):
    dated(lab, -100, -10, offset=-5 * DAY)


@case("variant-clock-off-wrong-way", "cert-expired", warn=["time-offset"])
def _(lab):
    dated(lab, -100, -10, offset=5 * DAY)


@case("variant-clock-three-servers", "clock-slow", also=["ntp-servers-disagree"])
def _(lab):
    dated(lab, 10, 100, offset=20 * DAY)
    lab.ntp(NTP2, offset=20 * DAY)
    lab.ntp(NTP3)
    lab.set(time__servers=[NTP, NTP2, NTP3])


@case("variant-clock-hour", "clock-slow", also=["time-zone-confusion"])
def _(lab):
    """The certificate was issued half an hour ago, and the clock is an hour behind."""
    dated(lab, 0.02, 90, offset=3600)


for name, delta, start, end, cause in (("fast", "+400d", -7, 83, "clock-fast"), ("slow", "-30d", -7, 83, "clock-slow"), ("healthy", "+2s", -7, 83, None)):
    def add(name, delta, start, end, cause):
        @case(f"variant-faketime-{name}", cause, needs=("faketime",), seconds=20 if cause else 6)
        def _(lab):
            dated(lab, start, end)
            lab.environment["LD_PRELOAD"] = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
            lab.environment["FAKETIME"] = delta

        @case(f"variant-faketime-real-monotonic-{name}", cause, needs=("faketime",), seconds=20 if cause else 6)
        def _(lab):
            dated(lab, start, end)
            lab.environment["LD_PRELOAD"] = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
            lab.environment["FAKETIME"] = delta
            lab.environment["DONT_FAKE_MONOTONIC"] = "1"
            lab.environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
    add(name, delta, start, end, cause)


@case("variant-ntp-chrony-stratum-10", seconds=4)
def _(lab):
    lab.world(ntp=False)
    lab.servers.chrony(NTP, config=f"local stratum 10\nallow all\nbindaddress {NTP}\nport 123\ncmdport 0\n")


@case("variant-ntp-stratum-15", seconds=4)
def _(lab):
    lab.world(ntp=False)
    lab.ntp(stratum=15)


@case("variant-ntp-admin-prohibited", warn=["ntp-timeout"])
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward udp dport 123 reject with icmp type admin-prohibited"])


@case("variant-ntp-first-bad-second-good", seconds=5)
def _(lab):
    """One of two is starting; the other tells the time."""
    lab.world(ntp=False)
    lab.ntp(kiss="INIT", leap=3)
    lab.ntp(NTP2)
    lab.set(time__servers=[NTP, NTP2])


@case("variant-ntp-bad-name-good-second", seconds=5)
def _(lab):
    lab.world()
    lab.set(time__servers=["ntp.gone.test", NTP])


@case("variant-ntp-v3", seconds=4)
def _(lab):
    lab.world(ntp=False)
    lab.ntp(version=3)
