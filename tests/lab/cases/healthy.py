"""Nothing is wrong: nothing may be blamed, and nothing that is no trouble may be warned of."""
import os
import shutil

from lablib.case import case
from lablib.lab import DNS, DNS2, DNS6, FEED, NTP, PROXY, WEB, WEB2, WEB6


@case("healthy-direct", seconds=3)
def _(lab):
    lab.unbound()
    lab.servers.chrony(NTP)
    lab.web()


@case("healthy-tls13", seconds=3)
def _(lab):
    lab.world(web=False)
    lab.web(extra="ssl_protocols TLSv1.3;")


@case("healthy-proxy", seconds=3)
def _(lab):
    lab.world()
    lab.servers.squid(PROXY)
    lab.proxy(host="proxy.corp.test")


@case("healthy-proxy-only-way", seconds=3)
def _(lab):
    """The client itself gets nowhere: no default route but to the proxy, and no name of the outside."""
    lab.bad_dns(records={"proxy.corp.test": {"A": [PROXY]}, "time.corp.test": {"A": [NTP]}, FEED: {"A": [WEB]}})
    lab.ntp()
    lab.web()
    lab.servers.squid(PROXY)
    lab.net.ip("c", "route del default", "route del default via fd20:1::1", "route add 10.30.0.0/24 via 10.20.1.1")
    lab.proxy(host="proxy.corp.test")


@case("healthy-proxy-login", seconds=3)
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, login=("svc-ise", "s3cret pass:word"))
    lab.proxy(user="svc-ise", password="s3cret pass:word")


@case("healthy-proxy-login-reconnect", seconds=3)
def _(lab):
    """The proxy closes after its 407."""
    lab.world()
    lab.servers.peer("proxy", PROXY, 8080, "login", 'NTLM|Basic realm="corp"', WEB)
    lab.proxy(port=8080, user="svc-ise", password="secret")


@case("healthy-proxy-https", seconds=3)
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, certificate=lab.pki.path("proxy"))
    lab.proxy(host="proxy.corp.test", scheme="https")


@case("healthy-socks", seconds=3)
def _(lab):
    lab.world()
    lab.servers.peer("socks", PROXY, 1080, "open", WEB)
    lab.proxy(port=1080, scheme="socks5")


@case("healthy-socks-login", seconds=3)
def _(lab):
    lab.world()
    lab.servers.peer("socks", PROXY, 1080, "login", "joe:sesame", WEB)
    lab.proxy(port=1080, scheme="socks5", user="joe", password="sesame")


@case("healthy-proxy-bypassed", seconds=3)
def _(lab):
    """The bypass list sends the feed direct, and direct works; there is no proxy at all."""
    lab.world()
    lab.proxy(bypass=["*.vendor-feed.net"])


@case("healthy-ipv6-only", seconds=3)
def _(lab):
    lab.bad_dns(DNS6, records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.servers.peer("ntp", "2a04:4e42:7::11", 123, "{}", protocol="udp")
    lab.web(WEB6)
    lab.resolv(f"nameserver {DNS6}\n")
    lab.set(time__servers=["2a04:4e42:7::11"])
    lab.net.ip("c", "addr flush dev cr scope global", "addr add fd20:1::2/64 dev cr nodad", "route replace default via fd20:1::1")


@case("healthy-dual-stack", seconds=3)
def _(lab):
    lab.world(dns=False, web=False)
    lab.unbound(records=lab.zone(feed6=(WEB6,)))
    lab.web(extra=f"listen [{WEB6}]:443 ssl;")


@case("healthy-split-dns", seconds=3)
def _(lab):
    """Inside, the name has a private address, and another server than the outside's gives it. It works."""
    lab.bad_dns(DNS, records=lab.zone(feed=("10.30.0.99",)))
    lab.bad_dns(DNS2, records=lab.zone(feed=("10.30.0.99",)))
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\nsearch corp.test\n")
    lab.ntp()
    lab.web("10.30.0.99")


@case("healthy-clock-within-limits", seconds=3)
def _(lab):
    lab.bad_dns()
    lab.web()
    lab.ntp(offset=3.5)


@case("healthy-slow", seconds=8)
def _(lab):
    """Slow, but nothing that an update would mind."""
    lab.bad_dns(delay=0.4)
    lab.ntp(delay=0.3)
    lab.bad_web("slow", "1.2")


@case("healthy-cname-chain", seconds=3)
def _(lab):
    zone = {FEED: {"CNAME": "feed.cdn-one.net"}, "feed.cdn-one.net": {"CNAME": "edge.cdn-two.net"},
            "edge.cdn-two.net": {"A": [WEB]}}
    lab.world(dns=False)
    lab.bad_dns(records=zone)


@case("healthy-two-addresses", seconds=3)
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(records=lab.zone(feed=(WEB, WEB2)))
    lab.web(WEB2)


@case("healthy-hosts-entry", seconds=3)
def _(lab):
    """/etc/hosts says what DNS says."""
    lab.world()
    lab.hosts(f"{WEB} {FEED}\n")


@case("healthy-literal-address", seconds=3)
def _(lab):
    """A mirror that is named by its address needs no name server."""
    pki = lab.own_pki()
    pki.make("leaf", "literal", "inter", f"IP:{WEB}", subject="/CN=mirror")
    lab.ntp()
    lab.web(certificate="literal")
    lab.resolv("")
    lab.set(source__feed_url=f"https://{WEB}/posture-update.xml")


@case("healthy-other-port", seconds=3)
def _(lab):
    lab.world(web=False)
    lab.web(port=8443)
    lab.set(source__feed_url=f"https://{FEED}:8443/posture-update.xml")


@case("healthy-redirect", seconds=3)
def _(lab):
    """To another host of the same provider, as a content network does."""
    pki = lab.own_pki()
    pki.make("leaf", "redirector", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}")
    lab.world(web=False)
    lab.bad_web("redirect", "https://cdn.vendor-feed.net/posture-update.xml", certificate="redirector")
    lab.web("151.101.8.20")


@case("healthy-unsigned", seconds=3)
def _(lab):
    """A feed without a signature, where none is required."""
    folder = lab.file("feed")
    shutil.copytree(lab.feed_root, folder)
    os.unlink(os.path.join(folder, "posture-update.xml.p7s"))
    lab.feed_root = folder
    lab.world()


@case("healthy-public-and-private-roots", seconds=3)
def _(lab):
    """The server also sends its root, in the wrong order, and one certificate that has nothing to do with it."""
    pki = lab.own_pki()
    pki.chain("feed", "root", "inter", "corp-root")
    lab.world()


@case("healthy-nxdomain-second-server", seconds=3)
def _(lab):
    """The second server does not know the name; it is never asked."""
    lab.world()
    lab.bad_dns(DNS2, records={})
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")


@case("healthy-ping-filtered", seconds=5)
def _(lab):
    """Ping is dropped on the way, as in many networks: no trouble at all."""
    lab.world()
    lab.net.nft("r", ["forward icmp type echo-request drop", "forward icmpv6 type echo-request drop"])


@case("healthy-two-routers", hops=2, seconds=3)
def _(lab):
    lab.world()


@case("healthy-ntp-one-dead", seconds=6)
def _(lab):
    """Two of three time servers agree; the third is silent."""
    lab.world()
    lab.ntp("10.30.0.124")
    lab.set(time__servers=[NTP, "10.30.0.124", "10.30.0.125"])
