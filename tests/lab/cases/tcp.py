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
    # Without segmentation offload: a large packet that is one only inside the kernel would pass.
    lab.net.ip("s", "link set sr gso_max_segs 1")
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
    """A stateful device lets a flow begin, and forgets it after so many bytes of the client."""
    lab.world()
    lab.net.sysctl("r", "net.netfilter.nf_conntrack_acct", 1)
    lab.net.nft("r", ["forward tcp dport 443 ct original bytes > 900 drop"])


@case("tcp-slow", warn=["tcp-slow"])
def _(lab):
    """A long way: more than half a second for each round trip."""
    lab.world()
    lab.delay("151.101.7.10", 0.7)
