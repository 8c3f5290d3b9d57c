"""Time: the servers, this node's clock, and what a wrong clock does to certificates."""
from lablib.case import case
from lablib.lab import FEED, NTP, NTP2

DAY = 86400


def time_server(lab, **how):
    """A healthy world but for its time server."""
    lab.world(ntp=False)
    lab.ntp(**how)


@case("ntp-unresolvable", warn=["ntp-unresolvable"])
def _(lab):
    lab.world(ntp=False)
    lab.set(time__servers=["ntp.gone.test"])


@case("ntp-timeout", warn=["ntp-timeout"])
def _(lab):
    time_server(lab, silent=True)


@case("ntp-timeout-filtered", warn=["ntp-timeout"], hops=2)
def _(lab):
    lab.world()
    lab.net.nft("m", ["forward udp dport 123 drop"])


@case("ntp-port-closed", warn=["ntp-port-closed"])
def _(lab):
    lab.world(ntp=False)


@case("ntp-kod-rate", warn=["ntp-kod-rate"])
def _(lab):
    time_server(lab, kiss="RATE")


@case("ntp-kod-denied", warn=["ntp-kod-denied"])
def _(lab):
    time_server(lab, kiss="DENY")


@case("ntp-kod-restricted", warn=["ntp-kod-denied"])
def _(lab):
    time_server(lab, kiss="RSTR")


@case("ntp-server-starting", warn=["ntp-server-starting"])
def _(lab):
    time_server(lab, kiss="INIT", leap=3)


@case("ntp-server-stepping", warn=["ntp-server-starting"])
def _(lab):
    time_server(lab, kiss="STEP", leap=3)


@case("ntp-unsynchronised", warn=["ntp-unsynchronised"])
def _(lab):
    time_server(lab, stratum=16, leap=3)


@case("ntp-unsynchronised-chrony", warn=["ntp-unsynchronised"])
def _(lab):
    """A real chronyd that has no source and no local reference."""
    lab.world(ntp=False)
    lab.servers.chrony(NTP, config=f"allow all\nbindaddress {NTP}\nport 123\ncmdport 0\n")


@case("ntp-leap-alarm", warn=["ntp-leap-alarm"])
def _(lab):
    time_server(lab, leap=3, stratum=3)


@case("ntp-root-distance", warn=["ntp-root-distance"])
def _(lab):
    time_server(lab, dispersion=20)


@case("ntp-bad-version", warn=["ntp-bad-version"])
def _(lab):
    time_server(lab, version=7)


@case("ntp-bad-mode", warn=["ntp-bad-mode"])
def _(lab):
    time_server(lab, mode=3)


@case("ntp-origin-mismatch", warn=["ntp-origin-mismatch"])
def _(lab):
    time_server(lab, origin=True)


@case("ntp-short-packet", warn=["ntp-short-packet"])
def _(lab):
    time_server(lab, short=20)


@case("ntp-zero-transmit", warn=["ntp-zero-transmit"])
def _(lab):
    time_server(lab, zero=True)


@case("time-offset", warn=["time-offset"])
def _(lab):
    """A minute off; the certificates do not mind."""
    time_server(lab, offset=61)


@case("time-offset-behind", warn=["time-offset"])
def _(lab):
    time_server(lab, offset=-4000)


@case("time-offset-setting", warn=["time-offset"])
def _(lab):
    """Two seconds, where one is allowed."""
    time_server(lab, offset=2)
    lab.set(time__max_offset_ms=1000)


@case("time-zone-confusion", warn=["time-zone-confusion"])
def _(lab):
    """Off by exactly two hours."""
    time_server(lab, offset=7200)


@case("time-zone-confusion-half-hour", warn=["time-zone-confusion"])
def _(lab):
    time_server(lab, offset=-5.5 * 3600)


@case("ntp-servers-disagree", warn=["ntp-servers-disagree"])
def _(lab):
    time_server(lab)
    lab.ntp(NTP2, offset=90)
    lab.set(time__servers=[NTP, NTP2])


@case("ntp-client-stopped", warn=["ntp-client-stopped"])
def _(lab):
    """This node relies on its chrony, which does not run."""
    lab.world()
    lab.set(time__servers=[])
    lab.files["/etc/chrony/chrony.conf"] = lab.write("chrony.conf", f"server {NTP} iburst\n")


@case("clock-fast", "clock-fast")
def _(lab):
    """More than a year ahead: the certificate looks expired."""
    short_lived(lab)
    lab.clock(400 * DAY)


@case("clock-slow", "clock-slow")
def _(lab):
    """A fortnight behind: the certificate is not valid yet."""
    short_lived(lab)
    lab.clock(-14 * DAY)


@case("clock-slow-1970", "clock-slow", also=["clock-before-build"])
def _(lab):
    """The battery is empty."""
    lab.world()
    lab.environment["POSTURE_CONSOLE_TEST_TIME"] = "1970-01-01T00:05:00Z"


@case("clock-fast-no-ntp", "clock-fast", also=["ntp-timeout"])
def _(lab):
    """Nobody tells the time but the feed's own server, in its Date."""
    short_lived(lab, ntp=False)
    lab.clock(400 * DAY)
    lab.ntp(silent=True)


@case("clock-before-build", "clock-before-build", also=["ntp-timeout"])
def _(lab):
    """Nobody tells the time at all, not even the server; but no right clock is before this program was built."""
    short_lived(lab, ntp=False, web=False)
    lab.ntp(silent=True)
    lab.clock(-4000 * DAY)
    lab.servers.s_server("151.101.7.10", lab.pki.path("short"))


@case("clock-right-certificate-wrong", "cert-expired")
def _(lab):
    """The clock agrees with its servers: then it is the certificate."""
    lab.world(web=False)
    pki = lab.own_pki()
    pki.make("leaf", "old", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", start="20240101000000Z", end="20250101000000Z")
    lab.web(certificate="old")


def short_lived(lab, ntp=True, web=True):
    """A certificate of 90 days, a week old."""
    import time
    stamp = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY))
    pki = lab.own_pki()
    pki.make("leaf", "short", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", start=stamp(-7), end=stamp(83))
    lab.world(ntp=ntp, web=False)
    if web:
        lab.web(certificate="short")
