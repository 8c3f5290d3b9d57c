"""The proxy: its setting, its login, its answers, and what it does to a tunnel."""
from lablib.case import case
from lablib.lab import DNS2, FEED, NOBODY, NTP, PROXY, WEB

NAME = "proxy.corp.test"


def stand_in(lab, *mode, port=8080, **setting):
    """A world with a misbehaving proxy."""
    lab.world()
    lab.servers.peer("proxy", PROXY, port, *mode)
    lab.proxy(port=port, **setting)


@case("proxy-setting-no-host", "proxy-setting-invalid", also=["config-invalid"])
def _(lab):
    lab.world()
    lab.set(proxy__enabled=True, proxy__host="")


@case("proxy-unresolvable", "proxy-unresolvable")
def _(lab):
    lab.world()
    lab.proxy(host="proxy.gone.test")


@case("proxy-refused", "proxy-refused")
def _(lab):
    lab.world()
    lab.proxy(port=8080)


@case("proxy-timeout", "proxy-timeout")
def _(lab):
    lab.world()
    lab.proxy(host=NOBODY)


@case("proxy-timeout-filtered", "proxy-timeout")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY)
    lab.proxy()
    lab.net.nft("r", ["forward tcp dport 3128 drop"])


@case("proxy-unreachable", "proxy-unreachable")
def _(lab):
    """A proxy on this node's own network that is not there."""
    lab.world()
    lab.proxy(host="10.20.1.66")


@case("proxy-unreachable-icmp", "proxy-unreachable")
def _(lab):
    lab.world()
    lab.proxy()
    lab.net.nft("r", [f"forward ip daddr {PROXY} reject with icmp type host-unreachable"])


@case("proxy-auth-required", "proxy-auth-required")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, login=("svc-ise", "secret"))
    lab.proxy()


@case("proxy-auth-rejected", "proxy-auth-rejected")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, login=("svc-ise", "secret"))
    lab.proxy(user="svc-ise", password="old-secret")


@case("proxy-auth-rejected-digest", "proxy-auth-rejected")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required",
             'Proxy-Authenticate: Digest realm="corp", nonce="abc", qop="auth", algorithm=SHA-256', user="joe", password="x")


@case("proxy-auth-required-ntlm", "proxy-auth-required")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate", "Proxy-Authenticate: NTLM")


@case("proxy-auth-method-unsupported", "proxy-auth-method-unsupported")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required", "Proxy-Authenticate: Bearer", user="CORP\\svc-ise", password="x")


@case("proxy-denied-destination", "proxy-denied-destination")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, rules=f"acl feed dstdomain {FEED}\nhttp_access deny feed\nhttp_access allow all")
    lab.proxy()


@case("proxy-denied-destination-other", "proxy-denied-destination")
def _(lab):
    """Another product's 403."""
    stand_in(lab, "say", "403 Forbidden", "Server: Zscaler/6.2")


@case("proxy-denied-port", "proxy-denied-port")
def _(lab):
    """CONNECT to 8443 is not allowed, to 443 it is."""
    lab.world(web=False)
    lab.web(port=8443)
    lab.set(source__feed_url=f"https://{FEED}:8443/posture-update.xml")
    lab.servers.squid(PROXY, rules="acl good port 443\nacl CONNECT method CONNECT\nhttp_access deny CONNECT !good\n"
                      "http_access allow all")
    lab.proxy()


@case("proxy-cannot-resolve", "proxy-cannot-resolve")
def _(lab):
    """The proxy's own name server does not know the feed; this node's does."""
    lab.world()
    lab.bad_dns(DNS2, records={})
    lab.write("resolv.conf.server", f"nameserver {DNS2}\n")
    lab.servers.squid(PROXY)
    lab.proxy()


@case("proxy-cannot-resolve-status", "proxy-cannot-resolve")
def _(lab):
    stand_in(lab, "say", "502 Bad Gateway", "Proxy-Status: edge; error=dns_error")


@case("proxy-upstream-refused", "proxy-upstream-refused")
def _(lab):
    lab.world(web=False)
    lab.servers.squid(PROXY)
    lab.proxy()


@case("proxy-upstream-timeout", "proxy-upstream-timeout")
def _(lab):
    lab.world(dns=False, web=False)
    lab.bad_dns(records=lab.zone(feed=(NOBODY,)))
    lab.net.nft("s", [f"output ip daddr {NOBODY} drop"])
    lab.net.ip("s", f"route add {NOBODY} via 10.20.9.1")
    lab.servers.squid(PROXY)
    lab.proxy()


@case("proxy-upstream-timeout-504", "proxy-upstream-timeout")
def _(lab):
    stand_in(lab, "wait", "1", "504 Gateway Timeout")


@case("proxy-upstream-error", "proxy-upstream-error")
def _(lab):
    stand_in(lab, "say", "502 Bad Gateway", "Via: 1.1 gw")


@case("proxy-upstream-error-503", "proxy-upstream-error")
def _(lab):
    stand_in(lab, "say", "503 Service Unavailable", "Retry-After: 30")


@case("proxy-connect-unsupported", "proxy-connect-unsupported")
def _(lab):
    stand_in(lab, "connect-only", "405 Method Not Allowed", "Allow: GET, HEAD")


@case("proxy-connect-unsupported-web-server", "proxy-connect-unsupported")
def _(lab):
    """The port is a web server's."""
    lab.world()
    lab.servers.nginx(PROXY, None, lab.feed_root, port=8080)
    lab.proxy(port=8080)


@case("proxy-connect-unsupported-501", "proxy-connect-unsupported")
def _(lab):
    stand_in(lab, "connect-only", "501 Not Implemented")


@case("proxy-captive-portal", "proxy-captive-portal")
def _(lab):
    stand_in(lab, "say", "302 Found", "Location: https://portal.corp.test/login")


@case("proxy-captive-portal-511", "proxy-captive-portal")
def _(lab):
    stand_in(lab, "say", "511 Network Authentication Required")


@case("proxy-not-http-ssh", "proxy-not-http")
def _(lab):
    lab.world()
    lab.servers.peer("tcp", PROXY, 8080, "banner", "SSH-2.0-OpenSSH_9.2p1")
    lab.proxy(port=8080)


@case("proxy-not-http-smtp", "proxy-not-http")
def _(lab):
    lab.world()
    lab.servers.peer("tcp", PROXY, 8080, "banner", "220 mail.corp.test ESMTP Postfix")
    lab.proxy(port=8080)


@case("proxy-needs-tls", "proxy-needs-tls")
def _(lab):
    """The port speaks HTTPS, and the setting says http."""
    lab.world()
    lab.servers.squid(PROXY, certificate=lab.pki.path("proxy"))
    lab.proxy()


@case("proxy-needs-tls-nginx", "proxy-needs-tls")
def _(lab):
    """A server that answers plain HTTP with a 400."""
    lab.world()
    lab.servers.nginx(PROXY, lab.pki.path("proxy"), lab.feed_root, port=8443)
    lab.proxy(port=8443)


@case("proxy-is-plain", "proxy-is-plain")
def _(lab):
    """The port speaks HTTP, and the setting says https."""
    lab.world()
    lab.servers.squid(PROXY)
    lab.proxy(host=NAME, scheme="https")


@case("proxy-is-socks", "proxy-is-socks")
def _(lab):
    lab.world()
    lab.servers.peer("socks", PROXY, 1080, "open", WEB)
    lab.proxy(port=1080)


@case("proxy-not-socks", "proxy-not-socks")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY)
    lab.proxy(scheme="socks5")


@case("proxy-socks-refused", "proxy-socks-failed")
def _(lab):
    lab.world()
    lab.servers.peer("socks", PROXY, 1080, "reply", "5")
    lab.proxy(port=1080, scheme="socks5")


@case("proxy-socks-not-allowed", "proxy-socks-failed")
def _(lab):
    lab.world()
    lab.servers.peer("socks", PROXY, 1080, "reply", "2")
    lab.proxy(port=1080, scheme="socks5")


@case("proxy-socks-login", "proxy-socks-failed")
def _(lab):
    lab.world()
    lab.servers.peer("socks", PROXY, 1080, "login", "joe:sesame", WEB)
    lab.proxy(port=1080, scheme="socks5", user="joe", password="wrong")


@case("proxy-tunnel-silent", "proxy-tunnel-silent")
def _(lab):
    stand_in(lab, "silent")


@case("proxy-tunnel-reset", "proxy-tunnel-reset")
def _(lab):
    stand_in(lab, "reset")


@case("proxy-tunnel-html", "proxy-tunnel-html")
def _(lab):
    stand_in(lab, "html")


@case("proxy-dropped-connect", "proxy-dropped-connect")
def _(lab):
    stand_in(lab, "drop")


@case("proxy-dropped-connect-reset", "proxy-dropped-connect")
def _(lab):
    stand_in(lab, "drop-reset")


@case("proxy-dropped-connect-mute", "proxy-dropped-connect")
def _(lab):
    stand_in(lab, "mute")


@case("proxy-not-http-garbage", "proxy-not-http")
def _(lab):
    stand_in(lab, "garbage")


@case("proxy-intercepts-tls", "proxy-intercepts-tls")
def _(lab):
    """TLS inspection; the direct way would show the vendor's chain."""
    pki = lab.own_pki()
    pki.make("root", "inspection", subject="/O=Example Corp/CN=Example Corp TLS Inspection CA")
    lab.world()
    lab.servers.peer("proxy", PROXY, 8080, "mitm", pki.path("inspection"), lab.folder("minted"))
    lab.proxy(port=8080)


@case("proxy-intercepts-tls-only-way", "proxy-intercepts-tls")
def _(lab):
    """The same with a CA whose name says nothing, and no direct way to compare with."""
    pki = lab.own_pki()
    pki.make("root", "inspection", subject="/C=DE/O=Example/CN=EXAMPLE-GW-07")
    lab.world()
    lab.servers.peer("proxy", PROXY, 8080, "mitm", pki.path("inspection"), lab.folder("minted"))
    lab.proxy(port=8080)
    lab.net.nft("r", ["forward tcp dport 443 drop"])


@case("proxy-intercepts-tls-vendor", "proxy-intercepts-tls")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "inspection", subject="/C=US/O=Fortinet/OU=Certificate Authority/CN=FG100ETK18000000")
    lab.world()
    lab.servers.peer("proxy", PROXY, 8080, "mitm", pki.path("inspection"), lab.folder("minted"))
    lab.proxy(port=8080)


@case("proxy-certificate-untrusted", "proxy-certificate-bad")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "stranger", "other-root", f"DNS:{NAME}", subject=f"/CN={NAME}")
    lab.world()
    lab.servers.squid(PROXY, certificate=pki.path("stranger"))
    lab.proxy(host=NAME, scheme="https")


@case("proxy-certificate-expired", "proxy-certificate-bad")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "old", "corp-root", f"DNS:{NAME}", subject=f"/CN={NAME}", start="20200101000000Z", end="20210101000000Z")
    lab.world()
    lab.servers.squid(PROXY, certificate=pki.path("old"))
    lab.proxy(host=NAME, scheme="https")


@case("proxy-certificate-name", "proxy-certificate-bad")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "misnamed", "corp-root", "DNS:other.corp.test", subject="/CN=other.corp.test")
    lab.world()
    lab.servers.squid(PROXY, certificate=pki.path("misnamed"))
    lab.proxy(host=NAME, scheme="https")


@case("proxy-bypassed", "proxy-bypassed")
def _(lab):
    """The bypass list sends the feed direct, which a firewall does not allow; the proxy would do."""
    lab.world()
    lab.servers.squid(PROXY)
    lab.proxy(bypass=[".vendor-feed.net"])
    lab.net.nft("r", ["forward tcp dport 443 drop"])


@case("proxy-bypassed-no-name", "proxy-bypassed")
def _(lab):
    """The same where only the proxy knows outside names."""
    lab.bad_dns(records={NAME: {"A": [PROXY]}, "time.corp.test": {"A": [NTP]}})
    lab.ntp()
    lab.web()
    lab.servers.peer("proxy", PROXY, 3128, "pass", WEB)
    lab.proxy(bypass=["*.vendor-feed.net"])


@case("proxy-loop", "proxy-loop")
def _(lab):
    stand_in(lab, "say", "508 Loop Detected")


@case("proxy-loop-via", "proxy-loop")
def _(lab):
    stand_in(lab, "say", "403 Forbidden", "Via: 1.1 gw1.corp.test, 1.1 gw2.corp.test, 1.1 gw1.corp.test")


@case("proxy-rewrites-content", "proxy-rewrites-content")
def _(lab):
    """A filter that is trusted opens the connection and puts a page in the manifest's place."""
    lab.world()
    lab.servers.peer("proxy", PROXY, 8080, "rewrite", lab.pki.path("feed"), lab.feed_root)
    lab.proxy(port=8080)


@case("healthy-proxy-dead-direct-names", warn=["dns-nxdomain"], seconds=4)
def _(lab):
    """The proxy's address is a literal; no name of the outside is known here."""
    lab.bad_dns(records={})
    lab.ntp()
    lab.web()
    lab.servers.peer("proxy", PROXY, 3128, "pass", WEB)
    lab.proxy()
