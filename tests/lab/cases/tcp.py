"""The way to the feed's address."""
from lablib.case import case
from lablib.lab import FEED, NOBODY, WEB, WEB2


@case("tcp-refused", "tcp-refused")
def _(lab):
    lab.world(web=False)


@case("tcp-refused-two-routers", "tcp-refused", hops=2)
def _(lab):
    lab.world(web=False)


@case("tcp-rejected-reset", "tcp-rejected-reset")
def _(lab):
    """A firewall on the way resets."""
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 reject with tcp reset"])


@case("tcp-rejected-reset-two-routers", "tcp-rejected-reset", hops=2)
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 reject with tcp reset"])


@case("tcp-timeout", "tcp-timeout")
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 drop"])


@case("tcp-timeout-far", "tcp-timeout", hops=2)
def _(lab):
    lab.world()
    lab.net.nft("m", ["forward tcp dport 443 drop"])


@case("tcp-timeout-dead-host", "tcp-timeout")
def _(lab):
    lab.world(dns=False, web=False)
    lab.bad_dns(records=lab.zone(feed=(NOBODY,)))


@case("tcp-icmp-port-unreachable", "tcp-icmp-port-unreachable")
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 reject with icmpx type port-unreachable"])


@case("tcp-admin-prohibited", "tcp-admin-prohibited")
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 reject with icmpx type admin-prohibited"])


@case("tcp-host-prohibited", "tcp-admin-prohibited")
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward ip daddr 151.101.0.0/16 tcp dport 443 reject with icmp type host-prohibited"])


@case("tcp-host-unreachable", "tcp-host-unreachable", hops=2)
def _(lab):
    lab.world()
    lab.net.nft("m", [f"forward ip daddr {WEB} reject with icmp type host-unreachable"])


@case("tcp-host-unreachable-arp", "tcp-host-unreachable")
def _(lab):
    """The host is gone from the network behind the router."""
    lab.world(dns=False, web=False)
    lab.bad_dns(records=lab.zone(feed=("10.20.9.66",)))


@case("tcp-net-unreachable", "tcp-net-unreachable")
def _(lab):
    lab.world()
    lab.net.ip("r", "route add unreachable 151.101.0.0/16")
    lab.net.nft("r", ["forward ip daddr 151.101.0.0/16 reject with icmp type net-unreachable"])
    lab.net.ip("r", "route del unreachable 151.101.0.0/16")


@case("tcp-protocol-unreachable", "tcp-protocol-unreachable")
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward ip daddr 151.101.0.0/16 ip protocol tcp reject with icmp type prot-unreachable"])


@case("tcp-some-addresses-dead", warn=["tcp-some-addresses-dead"])
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(records=lab.zone(feed=(WEB, NOBODY)))


@case("tcp-some-addresses-refused", warn=["tcp-some-addresses-dead"])
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(records=lab.zone(feed=(WEB, WEB2)))


@case("tcp-reset-after-accept", "tcp-reset-after-accept")
def _(lab):
    lab.world(web=False)
    lab.servers.peer("tcp", WEB, 443, "reset")


def big_chain(lab):
    """A chain that fills more than one packet."""
    pki = lab.own_pki()
    pki.make("inter", "big-inter", "root", subject="/CN=Big Issuing CA", key="4096")
    pki.make("leaf", "big", "big-inter", f"DNS:{FEED}", subject=f"/CN={FEED}", key="3072",
             ext={"nsComment": "x" * 200})
    return "big"


@case("tcp-mtu-black-hole", "tcp-mtu-black-hole")
def _(lab):
    """The link behind the router takes smaller packets, and nobody says so."""
    lab.world(web=False)
    lab.web(certificate=big_chain(lab))
    lab.net.ip("r", "link set rs mtu 1280")


@case("tcp-mtu-black-hole-icmp-dropped", "tcp-mtu-black-hole", hops=2)
def _(lab):
    """A router in the middle says so, and a filter drops what it says."""
    lab.world(web=False)
    lab.web(certificate=big_chain(lab))
    lab.net.ip("r", "link set rm mtu 1280")
    lab.net.ip("m", "link set mr mtu 1280")
    lab.net.nft("m", ["output icmp type destination-unreachable drop", "output icmpv6 type packet-too-big drop"])


@case("healthy-small-mtu", hops=2, seconds=4)
def _(lab):
    """The same small link, and path MTU discovery works."""
    lab.world(web=False)
    lab.web(certificate=big_chain(lab))
    lab.net.ip("r", "link set rm mtu 1280")
    lab.net.ip("m", "link set mr mtu 1280")


@case("tcp-accept-then-silent", "tcp-accept-then-silent")
def _(lab):
    lab.world(web=False)
    lab.servers.peer("tcp", WEB, 443, "mute")


@case("tcp-flow-cut", "tcp-flow-cut")
def _(lab):
    """A device on the way lets a flow begin, and drops it after so many bytes."""
    lab.feed_root = large_feed(lab)
    lab.world()
    lab.net.nft("r", ["forward tcp sport 443 ct bytes > 60000 drop"])


def large_feed(lab):
    """A feed whose manifest alone takes many packets."""
    import os
    import shutil
    folder = lab.file("feed")
    shutil.copytree(lab.feed_root, folder)
    path = os.path.join(folder, "posture-update.xml")
    os.unlink(path + ".p7s")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as out:
        out.write(text.replace("</posture-update>", "<!-- " + "filler " * 40000 + " -->\n</posture-update>"))
    return folder


@case("tcp-slow", warn=["tcp-slow"])
def _(lab):
    """A satellite: more than a second and a half for a round trip. The server's answers wait in a queue."""
    return slow_link(lab)


def slow_link(lab):
    """Delay without netem: the first SYN is lost, so that the connection takes a second and more."""
    lab.world()
    lab.net.nft("r", ["forward tcp dport 443 tcp flags syn / syn,ack meter m { ip saddr limit rate 1/minute burst 1 packets } drop"])
    return None
