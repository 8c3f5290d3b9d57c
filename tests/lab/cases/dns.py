"""Name resolution: the files of this node, and what name servers do."""
from lablib.case import case
from lablib.lab import DNS, DNS2, FEED, NOBODY, NTP, PORTAL, PROXY, WEB, WEB2


@case("dns-nxdomain", "dns-nxdomain")
def _(lab):
    lab.unbound(records={"time.corp.test": {"A": [NTP]}})
    lab.ntp()


@case("dns-nxdomain-everywhere", "dns-nxdomain")
def _(lab):
    lab.bad_dns(records={})
    lab.bad_dns(DNS2, records={})
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()


@case("dns-servers-disagree", "dns-servers-disagree")
def _(lab):
    """The first says that there is no such name, the second knows it: split DNS, or a filter."""
    lab.bad_dns(DNS, records={})
    lab.bad_dns(DNS2)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()
    lab.web()


@case("dns-no-address", "dns-no-address")
def _(lab):
    lab.unbound(records=lab.zone(feed=()))
    lab.ntp()


@case("dns-servfail", "dns-servfail")
def _(lab):
    lab.bad_dns(rcode=2)
    lab.ntp()


@case("dns-servfail-unbound", "dns-servfail")
def _(lab):
    """A real resolver whose upstream is dead."""
    lab.servers.unbound(DNS, server='local-zone: "." nodefault\nlocal-zone: "net." transparent',
                        extra=f'forward-zone:\n    name: "."\n    forward-addr: {WEB2}@5353')
    lab.net.nft("s", [f"output ip daddr {WEB2} reject"])
    lab.ntp()


@case("dns-dnssec-bogus", "dns-dnssec-bogus")
def _(lab):
    lab.bad_dns(checked=True, names=[FEED], ede=[[9, "no DNSKEY rrset for vendor-feed.net"]])
    lab.ntp()


@case("dns-dnssec-bogus-unbound", "dns-dnssec-bogus")
def _(lab):
    """A real validating resolver with a trust anchor for a zone that is not signed."""
    lab.bad_dns(DNS2)
    anchor = "vendor-feed.net. IN DS 12345 13 2 " + "ab" * 32
    lab.servers.unbound(DNS, server=f'module-config: "validator iterator"\ntrust-anchor: "{anchor}"\nede: yes\n'
                        'local-zone: "net." transparent',
                        extra=f'stub-zone:\n    name: "vendor-feed.net"\n    stub-addr: {DNS2}')
    lab.ntp()


@case("dns-dnssec-clock", "dns-dnssec-clock", also=["time-offset"])
def _(lab):
    """Signatures that are in order, but for the resolver's clock."""
    lab.bad_dns(checked=True, names=[FEED], ede=[[7, "signature expired"]])
    lab.ntp()


@case("dns-refused", "dns-refused")
def _(lab):
    """This client may not ask."""
    lab.unbound(server="access-control: 10.20.1.0/24 refuse")
    lab.ntp()


@case("dns-refused-prohibited", "dns-refused")
def _(lab):
    lab.bad_dns(rcode=5, ra=False, ede=[[18, "Prohibited"]])
    lab.ntp()


@case("dns-policy-refused", "dns-policy-blocked")
def _(lab):
    """This name is refused, others are not."""
    lab.unbound(server=f'local-zone: "{FEED}." refuse', records={"time.corp.test": {"A": [NTP]}})
    lab.ntp()


@case("dns-policy-ede", "dns-policy-blocked")
def _(lab):
    lab.bad_dns(rcode=3, names=[FEED], ede=[[15, "Blocked by policy"]])
    lab.ntp()


@case("dns-timeout", "dns-timeout")
def _(lab):
    lab.bad_dns(drop=True)
    lab.ntp()


@case("dns-timeout-filtered", "dns-timeout", hops=2)
def _(lab):
    """A firewall on the way."""
    lab.world()
    lab.net.nft("m", ["forward udp dport 53 drop", "forward tcp dport 53 drop"])


@case("dns-timeout-both", "dns-timeout")
def _(lab):
    lab.bad_dns(drop=True)
    lab.bad_dns(DNS2, drop=True)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()


@case("dns-port-closed", "dns-port-closed")
def _(lab):
    lab.ntp()


@case("dns-server-unreachable", "dns-server-unreachable")
def _(lab):
    """A host on the same network that is not there."""
    lab.resolv("nameserver 10.20.1.66\n")
    lab.ntp()


@case("dns-server-unreachable-icmp", "dns-server-unreachable")
def _(lab):
    lab.net.nft("r", [f"forward ip daddr {DNS} reject with icmp type host-unreachable"])
    lab.ntp()


@case("dns-local-firewall", "dns-local-firewall")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output udp dport 53 drop", "output tcp dport 53 drop"])


@case("dns-local-firewall-reject", "dns-local-firewall")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output udp dport 53 reject", "output tcp dport 53 reject"])


@case("dns-no-servers", "dns-no-servers")
def _(lab):
    lab.resolv("# nothing\n")
    lab.ntp()


@case("dns-config-bad-server", "dns-config-invalid")
def _(lab):
    lab.resolv("nameserver dns.corp.test\n")
    lab.ntp()


@case("dns-config-misspelt", "dns-config-invalid")
def _(lab):
    lab.resolv(f"nameservers {DNS}\n")
    lab.ntp()


@case("dns-stub-stopped", "dns-stub-stopped")
def _(lab):
    lab.resolv("nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch corp.test\n")
    lab.ntp()


@case("dns-nsswitch", "dns-nsswitch")
def _(lab):
    lab.world()
    lab.nsswitch("hosts: files\n")


@case("dns-nsswitch-return", "dns-nsswitch")
def _(lab):
    lab.world()
    lab.nsswitch("hosts: files [NOTFOUND=return] dns\n")


@case("dns-hosts-override", "dns-hosts-override")
def _(lab):
    """An old entry leads to an address that does not serve; DNS knows the right one."""
    lab.world()
    lab.hosts(f"{NOBODY} {FEED}\n")


@case("dns-hosts-override-refused", "dns-hosts-override")
def _(lab):
    lab.world()
    lab.hosts(f"127.0.0.1 {FEED}\n")


@case("dns-hosts-override-works", warn=["dns-hosts-override"])
def _(lab):
    """The entry differs from DNS, and works."""
    lab.world()
    lab.hosts(f"{WEB2} {FEED}\n")
    lab.web(WEB2)


@case("dns-hijacked", "dns-hijacked")
def _(lab):
    """The first name server sends everybody to a machine of its own; the second knows the feed."""
    pki = lab.own_pki()
    pki.make("leaf", "portal", None, "DNS:portal.corp.test", subject="/CN=portal.corp.test")
    lab.bad_dns(DNS, records={}, wildcard=[PORTAL])
    lab.bad_dns(DNS2)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()
    lab.web()
    lab.web(PORTAL, certificate="portal")


@case("dns-sinkholed", "dns-sinkholed")
def _(lab):
    lab.bad_dns(records=lab.zone(feed=("0.0.0.0",), feed6=("::",)))
    lab.ntp()


@case("dns-sinkholed-loopback", "dns-sinkholed")
def _(lab):
    lab.unbound(records=lab.zone(feed=("127.0.0.1",)))
    lab.ntp()


@case("dns-stale", "dns-stale")
def _(lab):
    """The first server still gives the old address."""
    lab.bad_dns(DNS, records=lab.zone(feed=(NOBODY,)))
    lab.bad_dns(DNS2)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")
    lab.ntp()
    lab.web()


@case("dns-aaaa-dropped", warn=["dns-aaaa-dropped"])
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(drop=["AAAA"])


@case("dns-aaaa-servfail", warn=["dns-aaaa-servfail"])
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(rcodes={"AAAA": 2})


@case("dns-truncated-tcp-blocked", "dns-truncated-tcp-blocked")
def _(lab):
    lab.bad_dns(truncate=True)
    lab.net.nft("r", ["forward tcp dport 53 drop"])
    lab.ntp()


@case("dns-truncated-tcp-closed", "dns-truncated-tcp-blocked")
def _(lab):
    lab.bad_dns(truncate=True, tcp=False)
    lab.ntp()


@case("healthy-dns-truncated", seconds=4)
def _(lab):
    """Truncated, and TCP works."""
    lab.world(dns=False)
    lab.bad_dns(truncate=True)


@case("dns-edns-dropped", "dns-edns-filtered")
def _(lab):
    """The system is told to use EDNS, and a device drops what carries it."""
    lab.world(dns=False)
    lab.bad_dns(drop_edns=True)
    lab.resolv(f"nameserver {DNS}\noptions edns0\n")


@case("dns-edns-formerr", "dns-edns-filtered")
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(formerr_edns=True)
    lab.resolv(f"nameserver {DNS}\noptions edns0\n")


@case("healthy-dns-without-edns", seconds=4)
def _(lab):
    """A server that knows no EDNS, and a system that does not use it."""
    lab.world(dns=False)
    lab.bad_dns(formerr_edns=True)


@case("dns-malformed-short", "dns-malformed-reply")
def _(lab):
    lab.bad_dns(short=True)
    lab.ntp()


@case("dns-malformed-garbage", "dns-malformed-reply")
def _(lab):
    lab.bad_dns(garbage=True)
    lab.ntp()


@case("dns-mismatched-reply", "dns-mismatched-reply")
def _(lab):
    lab.bad_dns(wrong_id=True)
    lab.ntp()


@case("dns-cname-loop", "dns-cname-loop")
def _(lab):
    lab.bad_dns(loop=True, names=[FEED])
    lab.ntp()


@case("dns-slow", warn=["dns-slow"])
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(delay=3.4)


@case("dns-first-server-dead", warn=["dns-first-server-dead"])
def _(lab):
    lab.world(dns=False)
    lab.bad_dns(DNS, drop=True)
    lab.bad_dns(DNS2)
    lab.resolv(f"nameserver {DNS}\nnameserver {DNS2}\n")


@case("dns-search-leak", "dns-search-leak")
def _(lab):
    """The name is unknown, and the search list's wildcard answers in its place."""
    lab.bad_dns(records={"time.corp.test": {"A": [NTP]}, f"{FEED}.corp.test": {"A": [PORTAL]}})
    lab.resolv(f"nameserver {DNS}\nsearch corp.test\n")
    lab.ntp()


@case("dns-no-recursion", "dns-no-recursion")
def _(lab):
    lab.bad_dns(referral=True, ra=False)
    lab.ntp()


@case("dns-proxy-knows-better", warn=["dns-nxdomain"])
def _(lab):
    """Behind a proxy the feed's name is the proxy's business: this node does not know it, and that is a warning only."""
    lab.bad_dns(records={"proxy.corp.test": {"A": [PROXY]}})
    lab.ntp()
    lab.web()
    lab.servers.peer("proxy", PROXY, 3128, "pass", WEB)
    lab.proxy(host="proxy.corp.test")
