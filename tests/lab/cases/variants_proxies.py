"""Variants of proxies."""
import os
import subprocess
import sys

from lablib.case import case
from lablib.lab import DNS2, FEED, NOBODY, NTP, PROXY, WEB, WEB2
from lablib.others import Others
from cases.proxy import stand_in


@case("variant-proxy-407-bare", "proxy-auth-required")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required")


@case("variant-proxy-407-bare-login", "proxy-auth-rejected")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required", user="joe", password="x")


@case("variant-proxy-407-ntlm-no-login", "proxy-auth-required")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required", "Proxy-Authenticate: NTLM")


@case("variant-proxy-407-ntlm-that-is-none", "proxy-auth-method-unsupported")
def _(lab):
    """It offers NTLM, and never goes on with it."""
    stand_in(lab, "say", "407 Proxy Authentication Required", "Proxy-Authenticate: NTLM", "Proxy-Authenticate: Negotiate",
             user="CORP\\svc-ise", password="x")


@case("variant-proxy-407-negotiate", "proxy-auth-rejected")
def _(lab):
    """Without a ticket Negotiate comes to nothing."""
    stand_in(lab, "say", "407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate", user="joe", password="x")


@case("variant-proxy-407-mixed", "proxy-auth-rejected")
def _(lab):
    stand_in(lab, "say", "407 Proxy Authentication Required", 'Proxy-Authenticate: Negotiate, NTLM, Basic realm="x"', user="joe", password="x")


@case("variant-proxy-squid-digest-rejected", "proxy-auth-rejected")
def _(lab):
    squid_digest(lab, "old")


@case("variant-proxy-squid-digest-required", "proxy-auth-required")
def _(lab):
    squid_digest(lab, None)


@case("variant-proxy-squid-digest-healthy", seconds=4)
def _(lab):
    squid_digest(lab, "p4ssword")


def squid_digest(lab, password):
    lab.world()
    users = lab.write("digest", "nac:p4ssword\n")
    os.chmod(users, 0o644)
    lab.servers.squid(PROXY, more=f"auth_param digest program /usr/lib/squid/digest_file_auth {users}\nauth_param digest children 1\nauth_param digest realm site\n"
                      "acl known proxy_auth REQUIRED\n", rules="http_access allow known\nhttp_access deny all")
    if password:
        lab.proxy(user="nac", password=password)
    else:
        lab.proxy()


@case("variant-proxy-squid-dead-neighbour", "proxy-upstream-timeout", also=["proxy-upstream-error"])
def _(lab):
    """The feed's host is on the proxy's network, and does not answer ARP."""
    lab.bad_dns(records=lab.zone(feed=("10.20.9.77",)))
    lab.ntp()
    lab.servers.squid(PROXY, more="connect_timeout 30 seconds\n")
    lab.proxy()


@case("variant-proxy-squid-patient", "proxy-upstream-timeout")
def _(lab):
    """Squid as it comes: it tries for a minute."""
    lab.bad_dns(records=lab.zone(feed=(NOBODY,)))
    lab.ntp()
    lab.net.nft("s", [f"output ip daddr {NOBODY} drop"])
    lab.net.ip("s", f"route add {NOBODY} via 10.20.9.1")
    lab.servers.squid(PROXY, more="connect_timeout 60 seconds\n")
    lab.proxy()


@case("variant-proxy-squid-dns-dead", "proxy-cannot-resolve")
def _(lab):
    """The proxy's name server is dead, and it waits for half a minute."""
    lab.world()
    lab.write("resolv.conf.server", f"nameserver {NOBODY}\n")
    lab.servers.squid(PROXY, more="dns_timeout 30 seconds\n")
    lab.proxy()


@case("variant-proxy-squid-dns-dead-short", "proxy-cannot-resolve")
def _(lab):
    lab.world()
    lab.write("resolv.conf.server", f"nameserver {NOBODY}\n")
    lab.servers.squid(PROXY)
    lab.proxy()


@case("variant-proxy-squid-default-acl", "proxy-denied-port")
def _(lab):
    """Squid's own rules as they come with it."""
    lab.world(web=False)
    lab.web(port=8443)
    lab.set(source__feed_url=f"https://{FEED}:8443/posture-update.xml")
    lab.servers.squid(PROXY, rules="acl SSL_ports port 443\nacl Safe_ports port 80\nacl Safe_ports port 443\nacl Safe_ports port 1025-65535\n"
                      "http_access deny !Safe_ports\nhttp_access deny CONNECT !SSL_ports\nhttp_access allow all")
    lab.proxy()


@case("variant-proxy-squid-client-denied", "proxy-denied-destination")
def _(lab):
    """This client may not use the proxy at all."""
    lab.world()
    lab.servers.squid(PROXY, rules="acl good src 192.0.2.0/24\nhttp_access allow good\nhttp_access deny all")
    lab.proxy()


@case("variant-proxy-squid-deny-redirect", "proxy-denied-destination", also=["proxy-captive-portal"])
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, rules=f"acl feed dstdomain {FEED}\ndeny_info 302:https://policy.site.internal/blocked feed\nhttp_access deny feed\nhttp_access allow all")
    lab.proxy()


@case("variant-proxy-squid-deny-reset", "proxy-dropped-connect")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, rules=f"acl feed dstdomain {FEED}\ndeny_info TCP_RESET feed\nhttp_access deny feed\nhttp_access allow all")
    lab.proxy()


@case("variant-proxy-squid-parent-dead", "proxy-upstream-error", also=["proxy-upstream-refused", "proxy-upstream-timeout"])
def _(lab):
    lab.world()
    lab.servers.squid(PROXY, more=f"cache_peer {WEB2} parent 3128 0 no-query no-digest name=up\nnever_direct allow all\nnonhierarchical_direct off\n")
    lab.proxy()


@case("variant-proxy-tinyproxy-cannot-resolve", "proxy-cannot-resolve")
def _(lab):
    lab.world()
    lab.bad_dns(DNS2, records={})
    lab.write("resolv.conf.server", f"nameserver {DNS2}\n")
    Others(lab).tinyproxy(PROXY, 8888)
    lab.proxy(port=8888)


@case("variant-proxy-tinyproxy-timeout", "proxy-upstream-timeout", also=["proxy-upstream-error"])
def _(lab):
    lab.bad_dns(records=lab.zone(feed=(NOBODY,)))
    lab.ntp()
    lab.net.nft("s", [f"output ip daddr {NOBODY} drop"])
    lab.net.ip("s", f"route add {NOBODY} via 10.20.9.1")
    Others(lab).tinyproxy(PROXY, 8888)
    lab.proxy(port=8888)


def go_style(lab, status, body):
    """A small proxy of one's own, with the library's words in its answer."""
    code = f"""
import socket
s = socket.create_server(({PROXY!r}, 8081))
body = {body!r}.encode()
while True:
    p, _ = s.accept()
    p.recv(65536)
    p.sendall(b"HTTP/1.1 {status}\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % len(body) + body)
    p.close()
"""
    lab.world()
    lab.servers.start("own-proxy", [sys.executable, "-c", code], ("tcp", PROXY, 8081))
    lab.proxy(port=8081)


@case("variant-proxy-go-resolve", "proxy-cannot-resolve")
def _(lab):
    go_style(lab, "502 Bad Gateway", f"dial tcp: lookup {FEED} on 10.0.0.1:53: no such host\n")


@case("variant-proxy-go-refused", "proxy-upstream-refused")
def _(lab):
    go_style(lab, "502 Bad Gateway", "dial tcp 151.101.7.10:443: connect: connection refused\n")


@case("variant-proxy-go-timeout", "proxy-upstream-timeout")
def _(lab):
    go_style(lab, "502 Bad Gateway", "dial tcp 151.101.7.10:443: i/o timeout\n")


@case("variant-proxy-node-resolve", "proxy-cannot-resolve")
def _(lab):
    go_style(lab, "500 Internal Server Error", f"Error: getaddrinfo ENOTFOUND {FEED}\n")


@case("variant-proxy-node-refused", "proxy-upstream-refused")
def _(lab):
    go_style(lab, "500 Internal Server Error", "Error: connect ECONNREFUSED 151.101.7.10:443\n")


@case("variant-proxy-python-timeout", "proxy-upstream-timeout")
def _(lab):
    go_style(lab, "502 Bad Gateway", "timed out")


@case("variant-proxy-502-bare", "proxy-upstream-error")
def _(lab):
    go_style(lab, "502 Bad Gateway", "")


def one_tunnel(lab, head, then=None):
    """A proxy whose 200 has a form of its own, and that works."""
    lab.world()
    code = f"""
import socket, sys, threading
sys.path.insert(0, {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))!r})
import peers
def serve(p):
    peers.read_head(p)
    p.sendall({head!r})
    peers.pump(p, socket.create_connection(({WEB!r}, 443), 5))
peers.listen({PROXY!r}, 8081, serve)
"""
    lab.servers.start("own-proxy", [sys.executable, "-c", code], ("tcp", PROXY, 8081))
    lab.proxy(port=8081)


@case("variant-proxy-200-http10", seconds=4)
def _(lab):
    one_tunnel(lab, b"HTTP/1.0 200 Connection Established\r\nProxy-agent: Apache/2.4\r\nVia: 1.0 x\r\n\r\n")


@case("variant-proxy-200-length", seconds=4)
def _(lab):
    one_tunnel(lab, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n")


@case("variant-proxy-200-bare", seconds=4)
def _(lab):
    one_tunnel(lab, b"HTTP/1.1 200\r\n\r\n")


@case("variant-proxy-200-then-close", "proxy-tunnel-reset")
def _(lab):
    lab.world()
    code = f"""
import socket, sys
sys.path.insert(0, {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))!r})
import peers
def serve(p):
    peers.read_head(p)
    p.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
peers.listen({PROXY!r}, 8081, serve)
"""
    lab.servers.start("own-proxy", [sys.executable, "-c", code], ("tcp", PROXY, 8081))
    lab.proxy(port=8081)


for make in ("tinyproxy", "privoxy", "apache"):
    def add(make):
        def start(lab):
            o = Others(lab)
            lab.world()
            if make == "tinyproxy":
                o.tinyproxy(PROXY, 8118)
            elif make == "privoxy":
                o.privoxy(PROXY)
            else:
                o.apache_proxy(PROXY, 8118)

        @case(f"variant-proxy-plain-{make}", "proxy-is-plain")
        def _(lab):
            start(lab)
            lab.proxy(host="proxy.corp.test", port=8118, scheme="https")

        @case(f"variant-proxy-not-socks-{make}", "proxy-not-socks")
        def _(lab):
            start(lab)
            lab.proxy(port=8118, scheme="socks5")

        @case(f"variant-proxy-healthy-{make}", seconds=4)
        def _(lab):
            start(lab)
            lab.proxy(port=8118)
    add(make)


@case("variant-proxy-sshd", "proxy-not-http", needs=("sshd",))
def _(lab):
    lab.world()
    folder = lab.folder("ssh")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/key"], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    lab.servers.start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-o", f"ListenAddress={PROXY}:2222", "-o", f"HostKey={folder}/key", "-o", "PidFile=none", "-f", "/dev/null"],
                      ("tcp", PROXY, 2222))
    lab.proxy(port=2222)


@case("variant-proxy-redis", "proxy-not-http")
def _(lab):
    lab.world()
    code = f"""
import socket
s = socket.create_server(({PROXY!r}, 6379))
while True:
    p, _ = s.accept()
    p.recv(65536)
    p.sendall(b"-ERR unknown command 'CONNECT', with args beginning with: \\r\\n")
    p.close()
"""
    lab.servers.start("redis", [sys.executable, "-c", code], ("tcp", PROXY, 6379))
    lab.proxy(port=6379)


for make in ("s_server", "haproxy", "stunnel", "apache", "lighttpd"):
    def add(make):
        @case(f"variant-proxy-needs-tls-{make}", "proxy-needs-tls")
        def _(lab):
            o = Others(lab)
            lab.world()
            certificate = lab.pki.path("proxy")
            if make == "s_server":
                lab.servers.s_server(PROXY, certificate, port=8443)
            elif make == "haproxy":
                o.tinyproxy(PROXY, 8888)
                o.haproxy("tls", f"frontend f\n  mode tcp\n  bind {PROXY}:8443 ssl crt {o.bundle(certificate)}\n  default_backend b\nbackend b\n  mode tcp\n  server s {PROXY}:8888")
            elif make == "stunnel":
                o.tinyproxy(PROXY, 8888)
                o.stunnel(PROXY, certificate, f"{PROXY}:8888", 8443)
            elif make == "apache":
                o.apache_feed(PROXY, certificate, 8443)
            else:
                o.lighttpd(PROXY, certificate, 8443)
            lab.proxy(port=8443)
    add(make)


@case("variant-proxy-https-self-signed", "proxy-certificate-bad")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "own", None, "DNS:proxy.corp.test", subject="/CN=proxy.corp.test")
    lab.world()
    lab.servers.squid(PROXY, certificate=pki.path("own"))
    lab.proxy(host="proxy.corp.test", scheme="https")


@case("variant-proxy-https-by-address", "proxy-certificate-bad")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "named", "corp-root", "DNS:proxy.corp.test", subject="/CN=proxy.corp.test")
    lab.world()
    lab.servers.squid(PROXY, certificate=pki.path("named"))
    lab.proxy(scheme="https")


@case("variant-proxy-https-not-yet", "proxy-certificate-bad")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "young", "corp-root", "DNS:proxy.corp.test", subject="/CN=proxy.corp.test", start="20400101000000Z")
    lab.world()
    lab.servers.squid(PROXY, certificate=pki.path("young"))
    lab.proxy(host="proxy.corp.test", scheme="https")


def only_way(lab, certificate):
    """Through the proxy only, and no name of the outside here."""
    lab.bad_dns(records={"proxy.corp.test": {"A": [PROXY]}, "time.corp.test": {"A": [NTP]}, FEED: {"A": [WEB]}})
    lab.ntp()
    lab.web(certificate=certificate)
    lab.servers.squid(PROXY)
    lab.net.ip("c", "route del default", "route del default via fd20:1::1", "route add 10.30.0.0/24 via 10.20.1.1")
    lab.proxy(host="proxy.corp.test")


@case("variant-proxy-only-way-untrusted", "proxy-intercepts-tls")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "other", "other-root", f"DNS:{FEED}", subject=f"/CN={FEED}")
    only_way(lab, "other")


@case("variant-proxy-only-way-self-signed", "cert-self-signed")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "own", None, f"DNS:{FEED}", subject=f"/CN={FEED}")
    only_way(lab, "own")


@case("variant-proxy-only-way-missing-intermediate", "cert-missing-intermediate")
def _(lab):
    pki = lab.own_pki()
    pki.chain("feed")
    only_way(lab, "feed")


@case("variant-proxy-only-way-expired", "cert-expired")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "old", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", start="20230101000000Z", end="20240101000000Z")
    only_way(lab, "old")


@case("variant-proxy-only-way-name", "cert-name-mismatch")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "wrong", "inter", "DNS:x.test", subject="/CN=x.test")
    only_way(lab, "wrong")


@case("variant-proxy-only-way-404", "http-not-found")
def _(lab):
    lab.feed_root = lab.fixture.feed("empty")
    only_way(lab, "feed")


@case("variant-proxy-untrusted-direct-too", "cert-untrusted-root")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "other", "other-root", f"DNS:{FEED}", subject=f"/CN={FEED}")
    lab.world(web=False)
    lab.web(certificate="other")
    lab.servers.squid(PROXY)
    lab.proxy()


@case("variant-proxy-upstream-tls-reset", "proxy-tunnel-reset", also=["tls-reset"])
def _(lab):
    lab.world(web=False)
    lab.servers.peer("tcp", WEB, 443, "first-reset")
    lab.servers.squid(PROXY)
    lab.proxy()


@case("variant-proxy-upstream-plain", "tls-plain-http", also=["proxy-tunnel-html"])
def _(lab):
    """The proxy is fine; the feed's port speaks plain HTTP, here as there."""
    lab.world(web=False)
    lab.servers.nginx(WEB, None, lab.feed_root)
    lab.servers.squid(PROXY)
    lab.proxy()


@case("variant-proxy-upstream-tls-old", "tls-version-too-old")
def _(lab):
    lab.world(web=False)
    lab.servers.s_server(WEB, lab.pki.path("feed"), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    lab.servers.squid(PROXY)
    lab.proxy()


@case("variant-socks-4", "proxy-not-socks", also=["proxy-socks-failed"])
def _(lab):
    lab.world()
    code = f"""
import socket
s = socket.create_server(({PROXY!r}, 1080))
while True:
    p, _ = s.accept()
    p.recv(64)
    p.sendall(b"\\0\\x5b\\0\\0\\0\\0\\0\\0")
    p.close()
"""
    lab.servers.start("socks4", [sys.executable, "-c", code], ("tcp", PROXY, 1080))
    lab.proxy(port=1080, scheme="socks5")


@case("variant-socks-no-login-set", "proxy-socks-failed")
def _(lab):
    lab.world()
    Others(lab).microsocks(PROXY, 1080, "nac", "p4ssword")
    lab.proxy(port=1080, scheme="socks5")


@case("variant-socks-refused-upstream-dante", "proxy-socks-failed", needs=("danted",))
def _(lab):
    lab.world(web=False)
    Others(lab).dante(PROXY, 1080)
    lab.proxy(port=1080, scheme="socks5")


@case("variant-socks-sshd-banner", "proxy-not-socks")
def _(lab):
    lab.world()
    lab.servers.peer("tcp", PROXY, 1080, "banner", "SSH-2.0-OpenSSH_9.2p1")
    lab.proxy(port=1080, scheme="socks5")


@case("variant-socks-mute", "proxy-not-socks", also=["proxy-dropped-connect"])
def _(lab):
    lab.world()
    lab.servers.peer("tcp", PROXY, 1080, "mute")
    lab.proxy(port=1080, scheme="socks5")


@case("variant-bypass-healthy-cidr", seconds=4)
def _(lab):
    lab.world()
    lab.proxy(bypass=[FEED])


@case("variant-bypass-direct-tls-bad", "cert-expired")
def _(lab):
    """The bypass list sends it direct, and there the certificate is bad: that is no fault of the list."""
    pki = lab.own_pki()
    pki.make("leaf", "old", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", start="20230101000000Z", end="20240101000000Z")
    lab.world(web=False)
    lab.web(certificate="old")
    lab.servers.squid(PROXY)
    lab.proxy(bypass=["*.vendor-feed.net"])


@case("variant-stale-through-intercepting-cache", "proxy-stale-content")
def _(lab):
    """The proxy opens TLS with the feed's own certificate and has an old manifest; direct there is a new one."""
    import shutil
    old = lab.file("old-feed")
    shutil.copytree(lab.feed_root, old)
    lab.must("feed", "build", old, "--version", "2023.1.1.1", "--published", "2023-01-01T00:00:00Z", "--expires", "30")
    if os.path.exists(old + "/posture-update.xml.p7s"):
        os.unlink(old + "/posture-update.xml.p7s")
    lab.world()
    code = f"""
import socket, sys
sys.path.insert(0, {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))!r})
import peers
web = peers.Web({lab.pki.path("feed")!r}, {old!r}, "ok", ())
def serve(p):
    peers.read_head(p)
    p.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    web.serve(p)
peers.listen({PROXY!r}, 8081, serve)
"""
    lab.servers.start("own-proxy", [sys.executable, "-c", code], ("tcp", PROXY, 8081))
    lab.proxy(port=8081)
