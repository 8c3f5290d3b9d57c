"""Variants of name resolution."""
import os
import sys

from lablib.case import case
from lablib.lab import DNS, DNS2, DNS6, FEED, NOBODY, NTP, PORTAL, PROXY, WEB, WEB2, WEB6
from lablib.others import Others

ZONE = "vendor-feed.net"


def raw_dns(lab, body, address=DNS):
    """A responder whose whole wit is `body`: gets query, sock, sender."""
    code = f"""
import socket, struct, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(({address!r}, 53))
while True:
    query, sender = sock.recvfrom(4096)
{body}
"""
    lab.servers.start(f"raw-{address}", [sys.executable, "-c", code], ("udp", address, 53))


@case("variant-dns-empty-datagram", "dns-malformed-reply")
def _(lab):
    raw_dns(lab, "    sock.sendto(b'', sender)")
    lab.ntp()


@case("variant-dns-echo", "dns-malformed-reply")
def _(lab):
    """The question comes back as it was."""
    raw_dns(lab, "    sock.sendto(query, sender)")
    lab.ntp()


@case("variant-dns-cut-record", "dns-malformed-reply")
def _(lab):
    raw_dns(lab, "    sock.sendto(query[:2] + b'\\x81\\x80' + query[4:6] + b'\\0\\1\\0\\0\\0\\0' + query[12:] + b'\\xc0\\x0c\\0\\1\\0\\1', sender)")
    lab.ntp()


@case("variant-dns-text", "dns-malformed-reply", also=["dns-mismatched-reply"])
def _(lab):
    raw_dns(lab, "    sock.sendto(query[:2] + b'hello, this is no DNS at all, sorry about that', sender)")
    lab.ntp()


@case("variant-dns-other-port", "dns-mismatched-reply")
def _(lab):
    raw_dns(lab, f"    s2 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s2.bind(({DNS!r}, 0)); s2.sendto(query[:2] + b'\\x81\\x83' + query[4:], sender)")
    lab.ntp()


@case("variant-dns-other-question", "dns-mismatched-reply")
def _(lab):
    raw_dns(lab, "    sock.sendto(query[:2] + b'\\x81\\x80\\0\\1\\0\\0\\0\\0\\0\\0' + b'\\5other\\4name\\0\\0\\1\\0\\1', sender)")
    lab.ntp()


@case("variant-dns-notimp", "dns-servfail", also=["dns-edns-filtered"])
def _(lab):
    lab.bad_dns(rcode=4)
    lab.ntp()


@case("variant-dns-formerr-all", "dns-servfail", also=["dns-edns-filtered"])
def _(lab):
    lab.bad_dns(rcode=1)
    lab.ntp()


@case("variant-healthy-first-refused", seconds=4)
def _(lab):
    lab.bad_dns(DNS2, rcode=5, ra=False)
    lab.world()
    lab.resolv(f"nameserver {DNS2}\nnameserver {DNS}\n")


@case("variant-healthy-first-servfail", seconds=4)
def _(lab):
    lab.bad_dns(DNS2, rcode=2)
    lab.world()
    lab.resolv(f"nameserver {DNS2}\nnameserver {DNS}\n")


@case("variant-first-closed", warn=["dns-first-server-dead"], seconds=4)
def _(lab):
    lab.world()
    lab.resolv(f"nameserver {DNS2}\nnameserver {DNS}\n")


@case("variant-healthy-three-servers-two-dead", warn=["dns-first-server-dead"])
def _(lab):
    lab.world()
    lab.resolv(f"nameserver {NOBODY}\nnameserver 10.20.1.66\nnameserver {DNS}\noptions timeout:1\n")


# --- files -----------------------------------------------------------------------------------------------------------------

@case("variant-hosts-zero", "dns-hosts-override")
def _(lab):
    lab.world()
    lab.hosts(f"0.0.0.0 {FEED}\n")


@case("variant-hosts-loopback-no-dns", "dns-hosts-override")
def _(lab):
    lab.ntp()
    lab.resolv("")
    lab.hosts(f"127.0.0.1 {FEED}\n")


@case("variant-hosts-wrong-ssh", "dns-hosts-override")
def _(lab):
    lab.world()
    lab.hosts(f"{WEB2} {FEED}\n")
    lab.servers.peer("tcp", WEB2, 443, "banner", "SSH-2.0-OpenSSH_9.2p1 Debian-2")


@case("variant-hosts-wrong-plain", "dns-hosts-override")
def _(lab):
    lab.world()
    lab.hosts(f"{WEB2} {FEED}\n")
    lab.servers.nginx(WEB2, None, lab.feed_root)


@case("variant-hosts-wrong-reset", "dns-hosts-override")
def _(lab):
    lab.world()
    lab.hosts(f"{WEB2} {FEED}\n")
    lab.servers.peer("tcp", WEB2, 443, "first-reset")


@case("variant-hosts-wrong-certificate", "dns-hosts-override")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "wrong", "inter", "DNS:www.other.test", subject="/CN=www.other.test")
    lab.world()
    lab.hosts(f"{WEB2} {FEED}\n")
    lab.web(WEB2, certificate="wrong")


@case("variant-hosts-wrong-404", "dns-hosts-override")
def _(lab):
    """The old server has the certificate still, but the feed is gone."""
    lab.world()
    lab.hosts(f"{WEB2} {FEED}\n")
    lab.servers.nginx(WEB2, lab.pki.path("feed"), lab.fixture.feed("empty"))


@case("variant-stale-other-tenant", "dns-stale", also=["dns-hijacked"])
def _(lab):
    """The first server gives the old address, where somebody else is now."""
    pki = lab.own_pki()
    pki.make("leaf", "wrong", "inter", "DNS:www.other.test", subject="/CN=www.other.test")
    lab.bad_dns(DNS, records=lab.zone(feed=(WEB2,)))
    lab.bad_dns(DNS2)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()
    lab.web()
    lab.web(WEB2, certificate="wrong")


@case("variant-stale-404", "dns-stale")
def _(lab):
    lab.bad_dns(DNS, records=lab.zone(feed=(WEB2,)))
    lab.bad_dns(DNS2)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()
    lab.web()
    lab.servers.nginx(WEB2, lab.pki.path("feed"), lab.fixture.feed("empty"))


@case("variant-nsswitch-unavail", "dns-nsswitch")
def _(lab):
    lab.world()
    lab.nsswitch("hosts: files [!UNAVAIL=return] dns\n")


@case("variant-nsswitch-myhostname", "dns-nsswitch")
def _(lab):
    lab.world()
    lab.nsswitch("passwd: files\nhosts:\t\tfiles myhostname mymachines\n")


@case("variant-healthy-nsswitch-resolve", seconds=4)
def _(lab):
    lab.world()
    lab.nsswitch("hosts: files mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns myhostname\n")


@case("variant-healthy-nsswitch-dns-first", seconds=4)
def _(lab):
    lab.world()
    lab.nsswitch("hosts: dns [!UNAVAIL=return] files\n")


@case("variant-healthy-scope-server", seconds=4)
def _(lab):
    """The name server by its link-local address."""
    lab.net.ip("r", "addr add fe80::53/64 dev rc nodad")
    lab.net.ip("c", "addr add fe80::2/64 dev cr nodad")
    lab.servers.start("scoped", [sys.executable, "-c", f"""
import sys, socket, json
sys.path.insert(0, {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))!r})
import peers
dns = peers.Dns({{"zone": {lab.zone()!r}}})
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.bind(("fe80::53", 53, 0, socket.if_nametoindex("rc")))
dns.serve_udp(sock)
"""], ("udp", "fe80::53", 53), "r")
    lab.resolv("nameserver fe80::53%cr\n")
    lab.ntp()
    lab.web()


@case("variant-healthy-v6-resolver", seconds=4)
def _(lab):
    lab.bad_dns(DNS6)
    lab.resolv(f"nameserver {DNS6}\noptions single-request\n")
    lab.ntp()
    lab.web()


@case("variant-search-leak-ndots", "dns-search-leak")
def _(lab):
    """Five dots first go through the search list, whose wildcard answers."""
    pki = lab.own_pki()
    pki.make("leaf", "wrong", None, "DNS:intranet.corp.test", subject="/CN=intranet.corp.test")
    o = Others(lab)
    o.dnsmasq(DNS, f"address=/corp.test/{PORTAL}", f"address=/{FEED}/{WEB}", f"address=/{NTP}/{NTP}")
    lab.resolv(f"nameserver {DNS}\nsearch corp.test\noptions ndots:5\n")
    lab.ntp()
    lab.web()
    lab.web(PORTAL, certificate="wrong")


@case("variant-search-leak-ndots-dead", "dns-search-leak")
def _(lab):
    o = Others(lab)
    o.dnsmasq(DNS, f"address=/corp.test/{NOBODY}", f"address=/{FEED}/{WEB}")
    lab.resolv(f"nameserver {DNS}\nsearch corp.test\noptions ndots:5\n")
    lab.ntp()
    lab.web()


# --- a resolver that knows one address only ------------------------------------------------------------------------------------

def one_address(lab, address=WEB):
    """A simple responder of a lab or a small site: the same address, whatever is asked."""
    Others(lab).dnsmasq(DNS, f"address=/#/{address}")
    lab.ntp()


@case("variant-one-address-healthy", seconds=4)
def _(lab):
    one_address(lab)
    lab.web()


@case("variant-one-address-refused", "tcp-refused")
def _(lab):
    one_address(lab)


@case("variant-one-address-timeout", "tcp-timeout")
def _(lab):
    one_address(lab)
    lab.net.nft("r", ["forward tcp dport 443 drop"])


@case("variant-one-address-expired", "cert-expired")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "old", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", start="20230101000000Z", end="20240101000000Z")
    one_address(lab)
    lab.web(certificate="old")


@case("variant-one-address-untrusted", "cert-untrusted-root")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "other", "other-root", f"DNS:{FEED}", subject=f"/CN={FEED}")
    one_address(lab)
    lab.web(certificate="other")


@case("variant-one-address-self-signed", "cert-self-signed")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "own", None, f"DNS:{FEED}", subject=f"/CN={FEED}")
    one_address(lab)
    lab.web(certificate="own")


@case("variant-one-address-missing-intermediate", "cert-missing-intermediate")
def _(lab):
    pki = lab.own_pki()
    pki.chain("feed")
    one_address(lab)
    lab.web()


@case("variant-one-address-reset", "tls-reset")
def _(lab):
    one_address(lab)
    lab.servers.peer("tcp", WEB, 443, "first-reset")


@case("variant-one-address-plain", "tls-plain-http")
def _(lab):
    one_address(lab)
    lab.servers.nginx(WEB, None, lab.feed_root)


@case("variant-one-address-name", "cert-name-mismatch", also=["dns-hijacked"])
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "wrong", "inter", "DNS:www.other.test", subject="/CN=www.other.test")
    one_address(lab)
    lab.web(certificate="wrong")


@case("variant-portal-by-dns", "dns-hijacked")
def _(lab):
    """All names lead to the portal, which has no port 443."""
    one_address(lab, PORTAL)
    lab.servers.peer("portal", PORTAL, 80, "https://login.guest.test/start")


@case("variant-portal-by-dns-tls", "dns-hijacked")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "portal", None, "DNS:login.guest.test", subject="/CN=login.guest.test")
    one_address(lab, PORTAL)
    lab.servers.peer("portal", PORTAL, 80, "https://login.guest.test/start")
    lab.web(PORTAL, certificate="portal")


# --- www.cisco.com at a private address ----------------------------------------------------------------------------------------------

CISCO = "www.cisco.com"
INSIDE = "10.30.0.99"


def cisco(lab, certificate="cisco", issuer="inter", serve=True, **more):
    pki = lab.own_pki()
    pki.make("leaf", "cisco", issuer, f"DNS:{CISCO}", subject=f"/CN={CISCO}", **more)
    lab.bad_dns(records={CISCO: {"A": [INSIDE]}})
    lab.ntp()
    lab.set(source__feed_url=f"https://{CISCO}/posture-update.xml")
    if serve:
        lab.web(INSIDE, certificate=certificate)
    return pki


@case("variant-cisco-healthy", seconds=4)
def _(lab):
    cisco(lab)


@case("variant-cisco-refused", "tcp-refused")
def _(lab):
    cisco(lab, serve=False)


@case("variant-cisco-untrusted", "cert-untrusted-root")
def _(lab):
    cisco(lab, issuer="other-root")


@case("variant-cisco-self-signed", "cert-self-signed")
def _(lab):
    cisco(lab, issuer=None)


@case("variant-cisco-missing-intermediate", "cert-missing-intermediate")
def _(lab):
    pki = cisco(lab, serve=False)
    pki.chain("cisco")
    lab.web(INSIDE, certificate="cisco")


@case("variant-cisco-name", "cert-name-mismatch")
def _(lab):
    pki = cisco(lab, serve=False)
    pki.make("leaf", "wrong", "inter", "DNS:www.other.test", subject="/CN=www.other.test")
    lab.web(INSIDE, certificate="wrong")


@case("variant-cisco-expired", "cert-expired")
def _(lab):
    cisco(lab, start="20230101000000Z", end="20240101000000Z")


@case("variant-cisco-root-gone", "cert-untrusted-root")
def _(lab):
    cisco(lab)
    lab.certs("import", lab.pki.path("other-root.pem"), "--name", "other", "--usage", "cisco-services")
    lab.certs("remove", "root")


@case("variant-truncated-tcp-reset", "dns-truncated-tcp-blocked")
def _(lab):
    lab.bad_dns(truncate=True)
    lab.net.nft("r", ["forward tcp dport 53 reject with tcp reset"])
    lab.ntp()


@case("variant-truncated-dnsmasq-big", "dns-truncated-tcp-blocked", needs=("named",))
def _(lab):
    """So many addresses that the answer does not fit."""
    o = Others(lab)
    o.bind(DNS, {ZONE: [f"updates A 151.101.{i}.{j}" for i in range(7, 9) for j in range(10, 40)]})
    lab.net.nft("r", ["forward tcp dport 53 drop"])
    lab.ntp()


@case("variant-tcp-only", "dns-timeout")
def _(lab):
    lab.bad_dns(only_tcp=True)
    lab.ntp()


@case("variant-healthy-use-vc", seconds=4)
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(only_tcp=True)
    lab.resolv(f"nameserver {DNS}\noptions use-vc\n")


@case("variant-dns-v6-server-dead", "dns-server-unreachable", also=["dns-timeout"])
def _(lab):
    lab.resolv("nameserver fd20:1::66\n")
    lab.ntp()


@case("variant-dns-prohibited", "dns-server-unreachable")
def _(lab):
    lab.net.nft("r", [f"forward ip daddr {DNS} udp dport 53 reject with icmp type admin-prohibited"])
    lab.ntp()


@case("variant-aaaa-nxdomain", seconds=4)
def _(lab):
    """A broken balancer says NXDOMAIN to AAAA and has an A: glibc takes the address."""
    lab.world(dns=False)
    lab.bad_dns(rcodes={"AAAA": 3})


@case("variant-aaaa-refused", seconds=4)
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(rcodes={"AAAA": 5})


@case("variant-aaaa-notimp", seconds=4)
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(rcodes={"AAAA": 4})


@case("variant-a-servfail-aaaa-good", seconds=6)
def _(lab):
    lab.world(dns=False, web=False)
    lab.bad_dns(records=lab.zone(feed=(), feed6=(WEB6,)), rcodes={"A": 2})
    lab.web(WEB6)


@case("variant-proxy-by-name-dns-dead", "dns-timeout")
def _(lab):
    lab.bad_dns(drop=True)
    lab.ntp()
    lab.web()
    lab.servers.squid(PROXY)
    lab.proxy(host="proxy.corp.test")


@case("variant-proxy-by-address-no-dns", warn=["dns-timeout"], seconds=6)
def _(lab):
    lab.bad_dns(drop=True)
    lab.ntp()
    lab.web()
    lab.servers.peer("proxy", PROXY, 3128, "pass", WEB)
    lab.proxy()
