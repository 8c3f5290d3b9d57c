"""Variants of what resolvers make of a zone: signatures, loops of aliases, policies."""
import os
import subprocess

from lablib.case import case
from lablib.lab import DNS, DNS2, FEED, NOBODY, NTP, WEB, WEB2
from lablib.others import Others

ZONE = "vendor-feed.net"


# --- DNSSEC, with a zone that is signed -------------------------------------------------------------------------------------------

def signed(lab, start=None, end=None, spoil=False, server=""):
    """named has the signed zone; unbound validates."""
    folder = lab.folder("signed")
    os.chmod(folder, 0o777)
    zone = os.path.join(folder, "zone")
    with open(zone, "w") as out:
        out.write(f"$TTL 60\n$ORIGIN {ZONE}.\n@ IN SOA ns admin 1 3600 600 86400 60\n@ IN NS ns\nns IN A {DNS2}\nupdates IN A {WEB}\ncdn IN A {WEB2}\n")
    run = lambda *a: subprocess.run(a, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    ksk = run("dnssec-keygen", "-a", "ECDSAP256SHA256", "-f", "KSK", ZONE).splitlines()[-1]
    zsk = run("dnssec-keygen", "-a", "ECDSAP256SHA256", ZONE).splitlines()[-1]
    with open(zone, "a") as out:
        for key in (ksk, zsk):
            out.write(f"$INCLUDE {folder}/{key}.key\n")
    window = (["-s", start] if start else []) + (["-e", end] if end else [])
    run("dnssec-signzone", "-P", "-o", ZONE, "-k", ksk, *window, "-f", zone + ".signed", zone, zsk)
    if spoil:
        with open(zone + ".signed") as file:
            text = file.read()
        with open(zone + ".signed", "w") as out:
            out.write(text.replace(f"{WEB}\n", f"{WEB2}\n", 1))
    ds = run("dnssec-dsfromkey", "-2", f"{ksk}.key")
    o = Others(lab)
    text = (f'options {{ directory "{folder}"; listen-on {{ {DNS2}; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile "{folder}/session.key"; '
            f'dnssec-validation no; empty-zones-enable no; recursion no; }};\ncontrols {{}};\nzone "{ZONE}" {{ type master; file "{zone}.signed"; }};\n')
    with open(os.path.join(folder, "named.conf"), "w") as out:
        out.write(text)
    lab.servers.start("bind-signed", ["named", "-g", "-n", "1", "-c", os.path.join(folder, "named.conf")], ("udp", DNS2, 53))
    lab.servers.unbound(DNS, server=f'module-config: "validator iterator"\ntrust-anchor: "{ds}"\nlocal-zone: "net." transparent\n{server}',
                        extra=f'stub-zone:\n    name: "{ZONE}"\n    stub-addr: {DNS2}')
    lab.ntp()
    lab.web()


@case("variant-dnssec-healthy", seconds=4, needs=("dnssec-signzone",))
def _(lab):
    signed(lab)


@case("variant-dnssec-expired", "dns-dnssec-bogus", needs=("dnssec-signzone",))
def _(lab):
    """The zone's signatures are out of date, and every clock is right."""
    signed(lab, "20240101000000", "20240201000000", server="ede: yes")


@case("variant-dnssec-expired-no-ede", "dns-dnssec-bogus", needs=("dnssec-signzone",))
def _(lab):
    signed(lab, "20240101000000", "20240201000000")


@case("variant-dnssec-not-yet", "dns-dnssec-bogus", needs=("dnssec-signzone",))
def _(lab):
    signed(lab, "20400101000000", "20400201000000", server="ede: yes")


@case("variant-dnssec-spoiled", "dns-dnssec-bogus", needs=("dnssec-signzone",))
def _(lab):
    signed(lab, spoil=True, server="ede: yes")


@case("variant-dnssec-clock-no-ede", "dns-dnssec-bogus", also=["dns-dnssec-clock"], needs=("dnssec-signzone",))
def _(lab):
    signed(lab, server='val-override-date: "20310101000000"')


# --- loops -----------------------------------------------------------------------------------------------------------------------

LOOP = ["updates CNAME edge", "edge CNAME updates"]


@case("variant-cname-loop-bind", "dns-cname-loop")
def _(lab):
    Others(lab).bind(DNS, {ZONE: LOOP})
    lab.ntp()


@case("variant-cname-loop-knot", "dns-cname-loop")
def _(lab):
    Others(lab).knot(DNS, {ZONE: LOOP})
    lab.ntp()


@case("variant-cname-loop-unbound", "dns-cname-loop")
def _(lab):
    Others(lab).bind(DNS2, {ZONE: LOOP}, options="recursion no;")
    lab.servers.unbound(DNS, server='local-zone: "net." transparent', extra=f'stub-zone:\n    name: "{ZONE}"\n    stub-addr: {DNS2}')
    lab.ntp()


@case("variant-cname-loop-pdns", "dns-cname-loop", needs=("pdns_recursor",))
def _(lab):
    o = Others(lab)
    o.bind(DNS2, {ZONE: LOOP})
    o.pdns_recursor(DNS, DNS2)
    lab.ntp()


@case("variant-cname-loop-bind-recursive", "dns-cname-loop")
def _(lab):
    o = Others(lab)
    o.bind(DNS2, {ZONE: LOOP}, options="recursion no;")
    o.bind(DNS, {"x.test": []}, more=f'zone "{ZONE}" {{ type static-stub; server-addresses {{ {DNS2}; }}; }};\n')
    lab.ntp()


@case("variant-cname-self", "dns-cname-loop")
def _(lab):
    lab.bad_dns(records=lab.zone({FEED: {"CNAME": FEED}}))
    lab.ntp()


@case("variant-cname-gone", "dns-nxdomain")
def _(lab):
    Others(lab).bind(DNS, {ZONE: ["updates CNAME gone"]})
    lab.ntp()


@case("variant-cname-nodata", "dns-no-address")
def _(lab):
    Others(lab).bind(DNS, {ZONE: ["updates CNAME edge", "edge TXT x"]})
    lab.ntp()


# --- policies --------------------------------------------------------------------------------------------------------------------

@case("variant-policy-unbound-deny", "dns-timeout", also=["dns-policy-blocked"])
def _(lab):
    lab.unbound(server=f'local-zone: "{FEED}." deny', records={"time.corp.test": {"A": [NTP]}})
    lab.ntp()


@case("variant-policy-sinkhole-v6", "dns-sinkholed")
def _(lab):
    lab.bad_dns(records=lab.zone(feed=("127.0.0.1",), feed6=("::1",)))
    lab.ntp()


@case("variant-unbound-upstream-silent", "dns-servfail", also=["dns-timeout"])
def _(lab):
    lab.servers.unbound(DNS, server='local-zone: "." nodefault\nlocal-zone: "net." transparent',
                        extra=f'forward-zone:\n    name: "."\n    forward-addr: {NOBODY}')
    lab.net.nft("s", [f"output ip daddr {NOBODY} drop"])
    lab.ntp()
