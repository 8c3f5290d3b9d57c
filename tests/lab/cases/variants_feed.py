"""Variants of what the feed's server answers, and of what is in it."""
import os
import sys

from lablib.case import case
from lablib.lab import CDN, FEED, MIRROR, WEB, WEB2
from lablib.others import Others
from cases.http import feed, server
from cases.variants_tls import own


@case("variant-body-empty", "feed-malformed")
def _(lab):
    server(lab, "body", "application/xml", "")


@case("variant-body-json", "feed-not-a-manifest")
def _(lab):
    server(lab, "body", "application/json", '{"error": "not here"}')


@case("variant-body-xhtml", "feed-not-a-manifest")
def _(lab):
    server(lab, "body", "application/xhtml+xml", '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Login</title></head><body/></html>')


@case("variant-body-html-as-xml", "feed-not-a-manifest")
def _(lab):
    server(lab, "body", "application/xml", "<HTML><BODY>Sign in<BR></BODY></HTML>")


@case("variant-body-text", "feed-not-a-manifest", also=["feed-malformed"])
def _(lab):
    server(lab, "body", "text/plain", "Service temporarily unavailable")


@case("variant-healthy-text-plain", seconds=4)
def _(lab):
    lab.world(web=False)
    o = Others(lab)
    o.haproxy("t", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('feed'))} alpn h2,http/1.1\n  http-response set-header Content-Type text/plain\n  default_backend b\nbackend b\n  server s 10.30.0.99:8000")
    lab.servers.nginx("10.30.0.99", None, lab.feed_root, port=8000)


@case("variant-healthy-http10", seconds=5)
def _(lab):
    lab.world(web=False)
    o = Others(lab)
    lab.servers.start("plain", [sys.executable, "-m", "http.server", "8000", "--bind", "10.30.0.99", "--directory", lab.feed_root], ("tcp", "10.30.0.99", 8000))
    o.stunnel(WEB, lab.pki.path("feed"), "10.30.0.99:8000")


@case("variant-healthy-redirect-relative", seconds=4)
def _(lab):
    lab.world(web=False)
    lab.web(extra="location = /latest.xml { return 308 /posture-update.xml; } location = /old.xml { return 301 /latest.xml; }")
    lab.set(source__feed_url=f"https://{FEED}/old.xml")


@case("variant-loop-two-hosts", "http-redirect-loop")
def _(lab):
    lab.world(dns=False, web=False)
    lab.bad_dns(records=lab.zone({MIRROR: {"A": [WEB2]}}))
    lab.bad_web("redirect", f"https://{MIRROR}/posture-update.xml")
    lab.servers.peer("web", WEB2, 443, lab.pki.path("feed"), lab.feed_root, "redirect", f"https://{FEED}/posture-update.xml")


@case("variant-redirect-port-blocked", "http-redirect-blocked")
def _(lab):
    server(lab, "redirect", f"https://{FEED}:8443/posture-update.xml")
    lab.net.nft("r", ["forward tcp dport 8443 drop"])


@case("variant-redirect-then-404", "http-not-found")
def _(lab):
    server(lab, "redirect", f"https://{MIRROR}/posture-update.xml")
    lab.servers.nginx(CDN, lab.pki.path("feed"), lab.fixture.feed("empty"))


for status, cause in (("400 Bad Request", "http-protocol-error"), ("405 Method Not Allowed", "http-protocol-error"), ("451 Unavailable For Legal Reasons", "http-forbidden"),
                      ("502 Bad Gateway", "http-server-error"), ("504 Gateway Timeout", "http-server-error"), ("511 Network Authentication Required", "http-captive-portal"),
                      ("407 Proxy Authentication Required", "http-protocol-error"), ("204 No Content", "http-protocol-error"), ("206 Partial Content", "http-protocol-error"),
                      ("304 Not Modified", "http-protocol-error"), ("300 Multiple Choices", "http-protocol-error")):
    def add(status, cause):
        @case(f"variant-status-{status[:3]}", cause, also=["http-protocol-error", "feed-malformed", "http-empty-reply"])
        def _(lab):
            server(lab, "status", status)
    add(status, cause)


def paced(lab, chunk, pause, first=0):
    """A server that sends `chunk` bytes, then waits."""
    c = lab.pki.path("feed")
    lab.world(web=False)
    own(lab, f"""    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain({c!r} + '.chain.pem', {c!r} + '.key')
    s = c.wrap_socket(p, server_side=True)
    path = peers.read_head(s).split()[1].decode()
    import os
    try:
        body = open({lab.feed_root!r} + path, 'rb').read()
    except OSError:
        s.sendall(b'HTTP/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n')
        return
    time.sleep({first})
    s.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n' % len(body))
    for i in range(0, len(body), {chunk}):
        s.sendall(body[i:i + {chunk}])
        time.sleep({pause})
    s.close()""")


@case("variant-healthy-paced", seconds=8)
def _(lab):
    """Some hundred bytes a second: it takes a while, and comes."""
    paced(lab, 300, 0.5)


@case("variant-paced-byte-a-second", "http-too-slow")
def _(lab):
    paced(lab, 1, 1)


@case("variant-paced-ten-bytes", "http-too-slow")
def _(lab):
    paced(lab, 10, 1)


@case("variant-healthy-late-answer", seconds=8)
def _(lab):
    paced(lab, 4096, 0, first=3)


@case("variant-cache-nginx-status", "proxy-stale-content")
def _(lab):
    cached(lab, 'add_header X-Cache-Status HIT always;')


@case("variant-cache-status-rfc", "proxy-stale-content")
def _(lab):
    cached(lab, 'add_header Cache-Status "edge.site; hit; ttl=-412" always;')


@case("variant-cache-varnish", "proxy-stale-content")
def _(lab):
    cached(lab, 'add_header X-Varnish "32770 3" always; add_header Age 8000; add_header Via "1.1 varnish (Varnish/7.1)";')


@case("variant-cache-warning", "proxy-stale-content")
def _(lab):
    cached(lab, 'add_header Warning "110 - \\"Response is Stale\\"" always;')


@case("variant-cache-miss", "feed-expired")
def _(lab):
    cached(lab, 'add_header X-Cache "MISS from edge" always; add_header Age 0;')


def cached(lab, headers):
    feed(lab, arguments=["--version", "2023.1.1.1", "--published", "2023-01-01T00:00:00Z", "--expires", "30"])
    lab.world(web=False)
    lab.web(extra=headers)


def h2(lab, frames, falls_back=True):
    """A server that says h2 and then `frames`; over HTTP/1.1 it is fine."""
    c = lab.pki.path("feed")
    lab.world(web=False)
    own(lab, f"""    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain({c!r} + '.chain.pem', {c!r} + '.key')
    c.set_alpn_protocols(['h2', 'http/1.1'])
    s = c.wrap_socket(p, server_side=True)
    if s.selected_alpn_protocol() == 'h2':
        s.recv(65536)
        s.sendall(b'\\0\\0\\0\\4\\0\\0\\0\\0\\0')
        s.recv(65536)
        s.sendall({frames!r})
        time.sleep(0.3)
        s.close()
        return
    if not {falls_back}:
        s.close()
        return
    web = peers.Web.__new__(peers.Web)
    web.root, web.mode, web.arguments = {lab.feed_root!r}, 'ok', ()
    web.talk(s)
    s.close()""")


GOAWAY = b"\0\0\x08\7\0\0\0\0\0" + b"\0\0\0\0\0\0\0\2"
RESET = b"\0\0\4\3\0\0\0\0\1" + b"\0\0\0\2"


@case("variant-healthy-h2-goaway", seconds=8)
def _(lab):
    """HTTP/2 is broken there, and an update would use HTTP/1.1 at its second try."""
    h2(lab, GOAWAY)


@case("variant-healthy-h2-reset", seconds=8)
def _(lab):
    h2(lab, RESET)


@case("variant-h2-garbage", "http-empty-reply")
def _(lab):
    h2(lab, b"this is no frame at all, is it? no no no no", False)


@case("variant-empty-reply-reset", "http-reset")
def _(lab):
    server(lab, "reset-answer")


@case("variant-signature-403", "http-forbidden", also=["feed-signature-missing"])
def _(lab):
    """The manifest is there, its signature may not be read."""
    lab.world(web=False)
    lab.web(extra="location ~ \\.p7s$ { return 403; }")


@case("variant-signature-html", "feed-signature-invalid")
def _(lab):
    """A server whose missing files are a page with 200."""
    folder = feed(lab)
    with open(os.path.join(folder, "index.html"), "w") as out:
        out.write("<html>single page</html>")
    lab.world(web=False)
    lab.web(extra="error_page 404 =200 /index.html;")


@case("variant-healthy-signed-required", seconds=4)
def _(lab):
    lab.world()
    lab.set(source__signature="required")


@case("variant-http-as-host", seconds=4)
def _(lab):
    lab.world()
    lab.arguments = ["--host", FEED]


@case("variant-only-dns", "dns-nxdomain")
def _(lab):
    lab.bad_dns(records={})
    lab.ntp()
    lab.arguments = ["--only", "http"]
