"""The same causes in other clothes: other makes of servers, other names, ports and addresses."""
import os

from lablib.case import case
from lablib.lab import CDN, DNS, DNS2, NOBODY, NTP, PROXY, WEB, WEB2, WEB6
from lablib.others import Others

HOST = "feed.patches-cdn.org"
ZONE = "patches-cdn.org"


def other(lab, host=HOST, port=443, wild=False):
    """A feed by another name, with a certificate of its own (RSA) below another root, in a store that trusts that root."""
    pki = lab.own_pki()
    pki.make("root", "ursa", subject="/C=CH/O=Ursa Trust AG/CN=Ursa Global Root G2", key="2048")
    pki.make("inter", "ursa-tls", "ursa", subject="/C=CH/O=Ursa Trust AG/CN=Ursa TLS RSA CA 2026", key="2048")
    pki.make("leaf", "patches", "ursa-tls", f"DNS:*.{ZONE}" if wild else f"DNS:{host}", subject="/CN=patches", key="2048")
    lab.certs("import", pki.path("ursa.pem"), "--name", "ursa", "--usage", "cisco-services")
    where = f"{host}:{port}" if port != 443 else host
    lab.set(source__feed_url=f"https://{where}/posture-update.xml")
    return Others(lab)


def names(**more):
    return {HOST: {"A": [WEB]}, "gw.site.internal": {"A": [PROXY]}, "clock.site.internal": {"A": [NTP]}, **more}


def world(lab, dns=True, ntp=True, records=None):
    if dns:
        lab.bad_dns(records=records or names())
    if ntp:
        lab.ntp()


# --- healthy ---------------------------------------------------------------------------------------------------------------

@case("healthy-dnsmasq-haproxy", needs=("dnsmasq", "haproxy"), seconds=4)
def _(lab):
    """haproxy ends TLS in front of a plain web server; dnsmasq knows the names; a wildcard certificate of RSA."""
    o = other(lab, port=8443, wild=True)
    o.dnsmasq(DNS, f"address=/{HOST}/{WEB}", "local=/patches-cdn.org/")
    lab.ntp()
    lab.servers.nginx("10.30.0.99", None, lab.feed_root, port=8000)
    o.haproxy("web", f"frontend f\n  bind {WEB}:8443 ssl crt {o.bundle(lab.pki.path('patches'))} alpn h2,http/1.1\n"
              "  default_backend b\nbackend b\n  server s 10.30.0.99:8000")


@case("healthy-bind-apache", needs=("named", "apache2"), seconds=4)
def _(lab):
    o = other(lab, port=10443)
    o.bind(DNS, {ZONE: [f"edge A {WEB}", "feed CNAME edge"]})
    lab.ntp()
    o.apache_feed(WEB, lab.pki.path("patches"), 10443, "SSLProtocol TLSv1.2")


@case("healthy-knot-lighttpd", needs=("knotd", "lighttpd"), seconds=4)
def _(lab):
    """The name server is the zone's own and recurses for nobody: for this name it is all that is needed."""
    o = other(lab)
    o.knot(DNS, {ZONE: [f"feed A {WEB}"]})
    lab.ntp()
    o.lighttpd(WEB, lab.pki.path("patches"))


@case("healthy-stunnel", needs=("stunnel",), seconds=4)
def _(lab):
    o = other(lab, port=4443)
    world(lab)
    lab.servers.nginx("10.30.0.99", None, lab.feed_root, port=8000)
    o.stunnel(WEB, lab.pki.path("patches"), "10.30.0.99:8000", port=4443)


@case("healthy-tinyproxy-login", needs=("tinyproxy",), seconds=4)
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888, "BasicAuth nac p4ssword")
    lab.proxy(host="gw.site.internal", port=8888, user="nac", password="p4ssword")


@case("healthy-apache-proxy-digest", needs=("apache2",), seconds=4)
def _(lab):
    """A proxy that takes Digest only."""
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    digest_proxy(lab, o)
    lab.proxy(port=8081, user="nac", password="p4ssword")


def digest_proxy(lab, o):
    import hashlib
    users = lab.write("digest", "nac:site:" + hashlib.md5(b"nac:site:p4ssword").hexdigest() + "\n")
    os.chmod(users, 0o644)
    o.apache_proxy(PROXY, 8081, f'<Proxy "*">\nAuthType Digest\nAuthName site\nAuthDigestProvider file\nAuthUserFile {users}\n'
                   "Require valid-user\n</Proxy>", ("auth_digest", "authn_core", "authn_file", "authz_user"))


@case("healthy-microsocks-login", needs=("microsocks",), seconds=4)
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.microsocks(PROXY, 1085, "nac", "p4ssword")
    lab.proxy(port=1085, scheme="socks5", user="nac", password="p4ssword")


@case("healthy-dante", needs=("danted",), seconds=4)
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.dante(PROXY, 1081)
    lab.proxy(port=1081, scheme="socks5")


@case("healthy-haproxy-https-proxy", needs=("haproxy", "tinyproxy"), seconds=4)
def _(lab):
    """TLS to the proxy ends at haproxy, behind which a plain proxy stands."""
    o = other(lab)
    lab.pki.make("leaf", "gw", "corp-root", "DNS:gw.site.internal", subject="/CN=gw")
    world(lab)
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888)
    o.haproxy("tls", f"frontend f\n  mode tcp\n  bind {PROXY}:3129 ssl crt {o.bundle(lab.pki.path('gw'))}\n  default_backend b\n"
              f"backend b\n  mode tcp\n  server s {PROXY}:8888")
    lab.proxy(host="gw.site.internal", port=3129, scheme="https")


@case("healthy-proxy-ipv6", needs=("tinyproxy",), seconds=4)
def _(lab):
    """The proxy has an IPv6 address only, and goes out over IPv4."""
    o = other(lab)
    lab.net.addresses("s", "fd30::80")
    world(lab, records=names(**{"gw6.site.internal": {"AAAA": ["fd30::80"]}}))
    lab.web(certificate="patches")
    o.tinyproxy("fd30::80", 8888)
    lab.proxy(host="gw6.site.internal", port=8888)


@case("healthy-expired-cross-sign", seconds=4)
def _(lab):
    """The server also sends its root as an old root, long expired, had signed it. The store has the new root: all is well."""
    other(lab)
    pki = lab.pki
    pki.make("root", "old", subject="/O=Digital Past/CN=Past Root X3", start="20000101000000Z", end="20210930000000Z")
    cross_sign(pki, "ursa", "old")
    pki.chain("patches", "ursa-tls", "ursa-cross")
    world(lab)
    lab.web(certificate="patches")


def cross_sign(pki, name, issuer):
    """NAME's key and subject under another issuer."""
    from lablib.pki import openssl
    ext = pki.path("cross.ext")
    with open(ext, "w") as out:
        out.write("basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n")
    openssl("req", "-new", "-key", pki.path(name + ".key"), "-subj", "/C=CH/O=Ursa Trust AG/CN=Ursa Global Root G2", "-out",
            pki.path("cross.csr"))
    openssl("x509", "-req", "-in", pki.path("cross.csr"), "-CA", pki.path(issuer + ".pem"), "-CAkey", pki.path(issuer + ".key"),
            "-set_serial", "77", "-days", "3000", "-extfile", ext, "-out", pki.path(name + "-cross.pem"))


@case("healthy-ndots-search", seconds=4)
def _(lab):
    """As in a container: five dots before a name counts as one, and a search list that knows nothing."""
    other(lab)
    world(lab)
    lab.web(certificate="patches")
    lab.resolv(f"nameserver {DNS}\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:1 attempts:1\n")


@case("healthy-far-away", seconds=8)
def _(lab):
    """A satellite link: a third of a second one way, for the feed only."""
    other(lab)
    world(lab)
    lab.web(certificate="patches")
    lab.delay(WEB, 0.3)


@case("healthy-localhost-ipv4-only", seconds=4)
def _(lab):
    """A mirror on this node itself that listens on IPv4 only, while "localhost" has two addresses."""
    pki = lab.own_pki()
    pki.make("leaf", "local", "inter", "DNS:localhost", subject="/CN=localhost")
    lab.ntp()
    lab.bad_dns()
    lab.set(source__feed_url="https://localhost:9443/posture-update.xml")
    folder = lab.folder("nginx-local")
    config = lab.write("nginx-local.conf", f"""daemon off; master_process off; worker_processes 1; user root; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; types {{ application/xml xml; }}
    server {{ listen 127.0.0.1:9443 ssl; ssl_certificate {pki.path('local')}.chain.pem; ssl_certificate_key {pki.path('local')}.key;
    root {lab.feed_root}; }} }}""")
    lab.servers.start("nginx-local", ["nginx", "-p", folder, "-c", config, "-e", f"{folder}/error.log"], ("tcp", "127.0.0.1", 9443), "c")


# --- names -----------------------------------------------------------------------------------------------------------------

@case("other-dns-nxdomain-bind", "dns-nxdomain", needs=("named",))
def _(lab):
    o = other(lab, host="fede.patches-cdn.org")
    o.bind(DNS, {ZONE: [f"feed A {WEB}"]})
    lab.ntp()


@case("other-dns-refused-bind", "dns-refused", needs=("named",))
def _(lab):
    """Recursion is for others only."""
    o = other(lab)
    o.bind(DNS, {"site.internal": ["x A 10.30.0.1"]}, options="recursion yes; allow-recursion { 192.0.2.0/24; }; "
           "allow-query-cache { 192.0.2.0/24; };")
    lab.ntp()


@case("other-dns-policy-bind-rpz", "dns-policy-blocked", needs=("named",))
def _(lab):
    """A response policy zone: no such name, says the filter."""
    o = other(lab)
    o.bind(DNS, {ZONE: [f"feed A {WEB}", "www A 151.101.9.9"], "rpz.site": [f"{HOST} CNAME ."]},
           options='recursion yes; allow-recursion { any; }; response-policy { zone "rpz.site"; } qname-wait-recurse no;')
    lab.ntp()


@case("other-dns-sinkholed-dnsmasq", "dns-sinkholed", needs=("dnsmasq",))
def _(lab):
    o = other(lab)
    o.dnsmasq(DNS, f"address=/{ZONE}/0.0.0.0")
    lab.ntp()


@case("other-dns-refused-dnsmasq", "dns-refused", needs=("dnsmasq",))
def _(lab):
    """A forwarder that has nobody to ask."""
    o = other(lab)
    o.dnsmasq(DNS)
    lab.ntp()


@case("other-dns-refused-knot", "dns-refused", needs=("knotd",))
def _(lab):
    """The zone's own server of another zone."""
    o = other(lab)
    o.knot(DNS, {"site.internal": ["x A 10.30.0.1"]})
    lab.ntp()


@case("other-dns-servfail-pdns", "dns-servfail", needs=("pdns_recursor",))
def _(lab):
    """A resolver whose own upstream is dead."""
    o = other(lab)
    o.pdns_recursor(DNS, "10.30.0.54")
    lab.ntp()


@case("other-dns-no-address-bind", "dns-no-address", needs=("named",))
def _(lab):
    o = other(lab)
    o.bind(DNS, {ZONE: ['feed TXT "moved"']})
    lab.ntp()


@case("other-dns-first-dead-second-bind", warn=["dns-first-server-dead"], needs=("named",))
def _(lab):
    o = other(lab)
    o.bind(DNS2, {ZONE: [f"feed A {WEB}"]})
    lab.resolv(f"nameserver 10.30.0.60\nnameserver {DNS2}\noptions timeout:2\n")
    lab.net.addresses("s", "10.30.0.60")
    lab.net.nft("s", ["input ip daddr 10.30.0.60 drop"])
    lab.ntp()
    lab.web(certificate="patches")


# --- proxies ---------------------------------------------------------------------------------------------------------------

@case("other-proxy-auth-required-tinyproxy", "proxy-auth-required", needs=("tinyproxy",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888, "BasicAuth nac p4ssword")
    lab.proxy(host="gw.site.internal", port=8888)


@case("other-proxy-auth-rejected-tinyproxy", "proxy-auth-rejected", needs=("tinyproxy",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888, "BasicAuth nac p4ssword")
    lab.proxy(host="gw.site.internal", port=8888, user="nac", password="old")


@case("other-proxy-auth-rejected-apache-digest", "proxy-auth-rejected", needs=("apache2",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    digest_proxy(lab, o)
    lab.proxy(port=8081, user="nac", password="old")


@case("other-proxy-denied-port-tinyproxy", "proxy-denied-port", needs=("tinyproxy",))
def _(lab):
    o = other(lab, port=8443)
    world(lab)
    lab.web(certificate="patches", port=8443)
    o.tinyproxy(PROXY, 8888, "ConnectPort 443", "ConnectPort 563")
    lab.proxy(port=8888)


@case("other-proxy-denied-tinyproxy-filter", "proxy-denied-destination", needs=("tinyproxy",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    lab.write("filter", "patches-cdn\n")
    os.chmod(lab.file("filter"), 0o644)
    o.tinyproxy(PROXY, 8888, f'Filter "{lab.file("filter")}"', "FilterURLs Off")
    lab.proxy(port=8888)


@case("other-proxy-denied-privoxy", "proxy-denied-destination", needs=("privoxy",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.privoxy(PROXY, 8118, "{+block{not at work}}\n.patches-cdn.org\n")
    lab.proxy(port=8118)


@case("other-proxy-denied-apache", "proxy-denied-port", needs=("apache2",))
def _(lab):
    o = other(lab, port=9443)
    world(lab)
    lab.web(certificate="patches", port=9443)
    o.apache_proxy(PROXY, 8081, "AllowCONNECT 443 563")
    lab.proxy(port=8081)


@case("other-proxy-cannot-resolve-privoxy", "proxy-cannot-resolve", needs=("privoxy",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.bad_dns(DNS2, records={})
    lab.write("resolv.conf.server", f"nameserver {DNS2}\n")
    lab.web(certificate="patches")
    o.privoxy(PROXY)
    lab.proxy(port=8118)


@case("other-proxy-cannot-resolve-apache", "proxy-cannot-resolve", needs=("apache2",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.bad_dns(DNS2, records={})
    lab.write("resolv.conf.server", f"nameserver {DNS2}\n")
    lab.web(certificate="patches")
    o.apache_proxy(PROXY, 8081)
    lab.proxy(port=8081)


@case("other-proxy-upstream-refused-privoxy", "proxy-upstream-refused", needs=("privoxy",))
def _(lab):
    o = other(lab)
    world(lab)
    o.privoxy(PROXY)
    lab.proxy(port=8118)


@case("other-proxy-upstream-refused-apache", "proxy-upstream-refused", needs=("apache2",))
def _(lab):
    o = other(lab)
    world(lab)
    o.apache_proxy(PROXY, 8081)
    lab.proxy(port=8081)


@case("other-proxy-upstream-refused-tinyproxy", "proxy-upstream-refused", needs=("tinyproxy",))
def _(lab):
    o = other(lab)
    world(lab)
    o.tinyproxy(PROXY, 8888)
    lab.proxy(port=8888)


@case("other-proxy-intercepts-squid-bump", "proxy-intercepts-tls", needs=("squid",))
def _(lab):
    """A real squid that opens TLS."""
    o = other(lab)
    lab.pki.make("root", "bump", subject="/O=Site Services/CN=site-web-gw", key="2048")
    world(lab)
    lab.web(certificate="patches")
    o.squid_bump(PROXY, 3130, lab.pki.path("bump"))
    lab.proxy(port=3130)


@case("other-proxy-socks-rule-dante", "proxy-socks-failed", needs=("danted",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.dante(PROXY, 1081, "socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 }")
    lab.proxy(port=1081, scheme="socks5")


@case("other-proxy-socks-login-microsocks", "proxy-socks-failed", needs=("microsocks",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.microsocks(PROXY, 1085, "nac", "p4ssword")
    lab.proxy(port=1085, scheme="socks5", user="nac", password="old")


@case("other-proxy-is-socks-microsocks", "proxy-is-socks", needs=("microsocks",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.microsocks(PROXY, 1085)
    lab.proxy(port=1085)


@case("other-proxy-web-server-lighttpd", "proxy-connect-unsupported", needs=("lighttpd",))
def _(lab):
    """The port of the setting is a plain web server's."""
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.lighttpd(PROXY, None, port=81)
    lab.proxy(port=81)


@case("other-proxy-web-server-apache", "proxy-connect-unsupported", needs=("apache2",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.apache(PROXY, 8088, f'DocumentRoot "{lab.feed_root}"\n')
    lab.proxy(port=8088)


# --- TLS -------------------------------------------------------------------------------------------------------------------

@case("other-tls-sni-unknown-haproxy", "tls-sni-unknown", needs=("haproxy",))
def _(lab):
    o = other(lab)
    lab.pki.make("leaf", "elsewhere", "ursa-tls", "DNS:www.elsewhere.example", subject="/CN=www.elsewhere.example")
    world(lab)
    o.haproxy("sni", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('elsewhere'))} strict-sni\n  http-request return status 200")


@case("other-tls-client-certificate-stunnel", "tls-client-certificate-required", needs=("stunnel",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.servers.nginx("10.30.0.99", None, lab.feed_root, port=8000)
    o.stunnel(WEB, lab.pki.path("patches"), "10.30.0.99:8000",
              extra=f"verifyChain = yes\nrequireCert = yes\nCAfile = {lab.pki.path('corp-root.pem')}")


@case("other-tls-client-certificate-apache", "tls-client-certificate-required", needs=("apache2",))
def _(lab):
    o = other(lab)
    world(lab)
    o.apache_feed(WEB, lab.pki.path("patches"), extra=f"SSLVerifyClient require\nSSLCACertificateFile {lab.pki.path('corp-root.pem')}")


@case("other-tls-too-old-lighttpd", "tls-version-too-old", needs=("lighttpd",))
def _(lab):
    o = other(lab)
    world(lab)
    o.lighttpd(WEB, lab.pki.path("patches"),
               extra='ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1", "MaxProtocol" => "TLSv1.1", "CipherString" => "ALL:@SECLEVEL=0")')


@case("other-tls-no-cipher-haproxy", "tls-no-common-cipher", needs=("haproxy",))
def _(lab):
    o = other(lab)
    world(lab)
    o.haproxy("old", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('patches'))} ciphers CAMELLIA128-SHA ssl-max-ver TLSv1.2\n"
              "  http-request return status 200")


@case("other-tls-plain-http", "tls-plain-http", needs=("lighttpd",))
def _(lab):
    o = other(lab, port=8443)
    world(lab)
    o.lighttpd(WEB, None, port=8443)


@case("other-cert-expired-haproxy", "cert-expired", needs=("haproxy",))
def _(lab):
    o = other(lab, port=8443)
    lab.pki.make("leaf", "late", "ursa-tls", f"DNS:{HOST}", subject="/CN=late", start="20230101000000Z", end="20260101000000Z")
    world(lab)
    o.haproxy("late", f"frontend f\n  bind {WEB}:8443 ssl crt {o.bundle(lab.pki.path('late'))}\n  http-request return status 200")


@case("other-cert-missing-intermediate-apache", "cert-missing-intermediate", needs=("apache2",))
def _(lab):
    o = other(lab)
    lab.pki.chain("patches")
    world(lab)
    o.apache_feed(WEB, lab.pki.path("patches"))


@case("other-cert-name-stunnel", "cert-name-mismatch", needs=("stunnel",))
def _(lab):
    o = other(lab)
    lab.pki.make("leaf", "old-name", "ursa-tls", "DNS:feed.patches-cdn.com,DNS:patches-cdn.org", subject="/CN=feed.patches-cdn.com")
    world(lab)
    o.stunnel(WEB, lab.pki.path("old-name"), "10.30.0.99:8000")


@case("other-cert-untrusted-haproxy", "cert-untrusted-root", needs=("haproxy",))
def _(lab):
    """A public CA that the store does not have."""
    o = other(lab)
    lab.certs("remove", "ursa")
    world(lab)
    o.haproxy("un", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('patches'))}\n  http-request return status 200")


@case("other-trust-not-for-services", "trust-root-not-for-services")
def _(lab):
    other(lab)
    lab.certs("untrust", "ursa", "cisco-services")
    lab.certs("trust", "ursa", "infrastructure")
    world(lab)
    lab.web(certificate="patches")


# --- HTTP ------------------------------------------------------------------------------------------------------------------

@case("other-http-503-haproxy", "http-server-error", needs=("haproxy",))
def _(lab):
    """No server behind the balancer."""
    o = other(lab)
    world(lab)
    o.haproxy("down", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('patches'))} alpn h2,http/1.1\n  default_backend b\nbackend b\n")


@case("other-http-forbidden-lighttpd", "http-forbidden", needs=("lighttpd",))
def _(lab):
    o = other(lab)
    world(lab)
    o.lighttpd(WEB, lab.pki.path("patches"), extra='url.access-deny = (".xml")')


@case("other-http-not-found-apache", "http-not-found", needs=("apache2",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.set(source__feed_url=f"https://{HOST}/spa/posture-update.xml")
    o.apache_feed(WEB, lab.pki.path("patches"))


@case("other-http-redirect-loop-lighttpd", "http-redirect-loop", needs=("lighttpd",))
def _(lab):
    o = other(lab)
    world(lab)
    o.lighttpd(WEB, lab.pki.path("patches"), extra='url.redirect = ("" => "${url.scheme}://${url.authority}${url.path}${qsa}")')


@case("other-http-downgrade-haproxy", "http-downgrade", needs=("haproxy",))
def _(lab):
    o = other(lab)
    world(lab)
    o.haproxy("down", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('patches'))}\n  http-request redirect scheme http")


@case("other-http-login-page-lighttpd", "feed-not-a-manifest", needs=("lighttpd",))
def _(lab):
    o = other(lab)
    world(lab)
    lab.feed_root = lab.folder("login")
    with open(os.path.join(lab.feed_root, "posture-update.xml"), "w") as out:
        out.write("<!doctype html><html><body>Sign in with your company account</body></html>\n")
    o.lighttpd(WEB, lab.pki.path("patches"))


# --- the way ---------------------------------------------------------------------------------------------------------------

@case("other-tcp-refused-port", "tcp-refused", hops=2)
def _(lab):
    other(lab, port=9443)
    world(lab)
    lab.web(certificate="patches")


@case("other-tcp-timeout-port", "tcp-timeout", hops=2)
def _(lab):
    """443 is open on all the hops, the feed's port is not."""
    other(lab, port=9443)
    world(lab)
    lab.web(certificate="patches", port=9443)
    lab.net.nft("m", ["forward tcp dport != { 53, 443 } drop"])


@case("other-tcp-prohibited-port", "tcp-admin-prohibited")
def _(lab):
    other(lab, port=9443)
    world(lab)
    lab.web(certificate="patches", port=9443)
    lab.net.nft("r", ["forward tcp dport 9443 reject with icmp type admin-prohibited"])


@case("other-tcp-backend-dead-haproxy", "tls-closed", needs=("haproxy",))
def _(lab):
    """A balancer of TCP with nothing behind it: it accepts, and hangs up."""
    other(lab)
    world(lab)
    o = Others(lab)
    o.haproxy("tcp", f"frontend f\n  mode tcp\n  bind {WEB}:443\n  default_backend b\nbackend b\n  mode tcp\n  server s 10.30.0.99:8000")


@case("other-ipv6-broken", warn=["ipv6-broken"])
def _(lab):
    other(lab)
    world(lab, records=names(**{HOST: {"A": [WEB], "AAAA": [WEB6]}}))
    lab.web(certificate="patches")
    lab.net.nft("r", ["forward ip6 daddr 2a04:4e42::/32 drop"])


@case("other-second-address-refused", warn=["tcp-some-addresses-dead"])
def _(lab):
    other(lab)
    world(lab, records=names(**{HOST: {"A": [WEB, CDN]}}))
    lab.web(certificate="patches")


@case("other-clock-slow", "clock-slow", also=["clock-before-build"])
def _(lab):
    """The certificate is six weeks old; the clock is two months behind."""
    import time
    other(lab)
    stamp = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))
    lab.pki.make("leaf", "fresh", "ursa-tls", f"DNS:{HOST}", subject="/CN=fresh", start=stamp(-42), end=stamp(48))
    world(lab, ntp=False)
    lab.web(certificate="fresh")
    lab.servers.chrony(NTP)
    lab.clock(-60 * 86400)


@case("other-ntp-unsynchronised-ntpsec", warn=["ntp-server-starting"], needs=("ntpd",))
def _(lab):
    """A real ntpd that has just begun."""
    o = other(lab)
    world(lab, ntp=False)
    lab.web(certificate="patches")
    o.ntpsec(NTP, "server 192.0.2.77 iburst")


# --- more of the same ---------------------------------------------------------------------------------------------------------

def stub(lab, *lines):
    """A forwarder on the client itself, as many systems have."""
    o = Others(lab)
    folder, path = o.config("stub", "\n".join(["listen-address=127.0.0.1", "bind-interfaces", "port=53", "no-resolv", "no-hosts", "user=root",
                                               "group=root", "pid-file=", *lines]) + "\n")
    lab.servers.start("stub", ["dnsmasq", "-k", "-C", path], ("udp", "127.0.0.1", 53), "c")
    lab.resolv("nameserver 127.0.0.1\noptions edns0 trust-ad\n")


@case("healthy-stub-dnsmasq", needs=("dnsmasq",), seconds=4)
def _(lab):
    other(lab)
    world(lab)
    lab.web(certificate="patches")
    stub(lab, f"server={DNS}")


@case("healthy-proxy-on-localhost", needs=("tinyproxy",), seconds=4)
def _(lab):
    """A helper on this node itself, which logs in to the real proxy elsewhere."""
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    folder, path = o.config("local-proxy", "Port 3128\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\n")
    mounts = [(source, target) for target, source in lab.files.items() if source]
    lab.servers.start("local-proxy", ["tinyproxy", "-d", "-c", path], ("tcp", "127.0.0.1", 3128), "c", mounts=mounts)
    lab.proxy(host="127.0.0.1", port=3128)


@case("healthy-tls12-rsa", needs=("haproxy",), seconds=4)
def _(lab):
    """An old balancer: TLS 1.2, one RSA cipher of the older kind with forward secrecy."""
    o = other(lab)
    world(lab)
    lab.servers.nginx("10.30.0.99", None, lab.feed_root, port=8000)
    o.haproxy("old", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('patches'))} ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256\n"
              "  default_backend b\nbackend b\n  server s 10.30.0.99:8000")


@case("healthy-upper-case-name", seconds=4)
def _(lab):
    other(lab)
    world(lab)
    lab.web(certificate="patches")
    lab.set(source__feed_url="https://FEED.Patches-CDN.org/posture-update.xml")


@case("healthy-bypass-address", needs=("tinyproxy",), seconds=4)
def _(lab):
    """The proxy cannot reach the mirror, and need not: the list excludes its network."""
    pki = lab.own_pki()
    pki.make("leaf", "literal", "inter", f"IP:{WEB}", subject="/CN=mirror")
    world(lab)
    lab.web(certificate="literal", port=8443)
    lab.set(source__feed_url=f"https://{WEB}:8443/posture-update.xml")
    lab.proxy(port=8888, bypass=["151.101.0.0/16"])


@case("other-proxy-two-addresses", warn=["tcp-some-addresses-dead"], needs=("tinyproxy",))
def _(lab):
    o = other(lab)
    world(lab, records=names(**{"gw.site.internal": {"A": [PROXY, "10.30.0.81"]}}))
    lab.net.addresses("s", "10.30.0.81")
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888)
    lab.proxy(host="gw.site.internal", port=8888)


@case("other-proxy-certificate-expired-haproxy", "proxy-certificate-bad", needs=("haproxy", "tinyproxy"))
def _(lab):
    o = other(lab)
    lab.pki.make("leaf", "gw", "corp-root", "DNS:gw.site.internal", subject="/CN=gw", start="20230101000000Z", end="20250101000000Z")
    world(lab)
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888)
    o.haproxy("tls", f"frontend f\n  mode tcp\n  bind {PROXY}:3129 ssl crt {o.bundle(lab.pki.path('gw'))}\n  default_backend b\n"
              f"backend b\n  mode tcp\n  server s {PROXY}:8888")
    lab.proxy(host="gw.site.internal", port=3129, scheme="https")


@case("other-proxy-scheme-in-host", "config-invalid")
def _(lab):
    """The settings refuse it by line and key, before anything goes out."""
    other(lab)
    world(lab)
    lab.web(certificate="patches")
    lab.set(proxy__enabled=True, proxy__host="http://gw.site.internal", proxy__port=8888)


@case("other-proxy-timeout-port", "proxy-timeout", needs=("tinyproxy",))
def _(lab):
    """A firewall of this site lets 3128 pass, and the proxy is on 8888."""
    o = other(lab)
    world(lab)
    lab.web(certificate="patches")
    o.tinyproxy(PROXY, 8888)
    lab.proxy(host="gw.site.internal", port=8888)
    lab.net.nft("r", ["forward tcp dport { 53, 443, 3128 } accept", "forward meta l4proto tcp drop"])


@case("other-dns-stub-upstream-dead", "dns-timeout", needs=("dnsmasq",))
def _(lab):
    """The forwarder of this node runs; whom it asks does not answer."""
    other(lab)
    lab.ntp()
    lab.net.nft("s", [f"input ip daddr {DNS} drop"])
    stub(lab, f"server={DNS}")


@case("other-dns-stub-gone", "dns-stub-stopped")
def _(lab):
    other(lab)
    lab.ntp()
    lab.resolv("nameserver 127.0.0.1\n")


@case("other-local-firewall", "local-firewall-reject")
def _(lab):
    other(lab, port=9443)
    world(lab)
    lab.web(certificate="patches", port=9443)
    lab.net.nft("c", ["output tcp dport 9443 reject"])


@case("other-local-firewall-drop", "local-firewall-drop")
def _(lab):
    other(lab, port=9443)
    world(lab)
    lab.web(certificate="patches", port=9443)
    lab.net.nft("c", ["output tcp dport 9443 drop"])


@case("other-cert-expired-clock-wrong-too", "cert-expired", warn=["time-offset"])
def _(lab):
    """The clock is an hour and a bit behind, and the certificate has expired for good: the clock explains nothing."""
    other(lab)
    lab.pki.make("leaf", "late", "ursa-tls", f"DNS:{HOST}", subject="/CN=late", start="20230101000000Z", end="20260101000000Z")
    lab.bad_dns(records=names())
    lab.ntp(offset=4000)
    lab.web(certificate="late")


@case("other-http-waf", "http-forbidden", needs=("haproxy",))
def _(lab):
    """A filter in front of the feed has a page of its own."""
    o = other(lab)
    world(lab)
    o.haproxy("waf", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('patches'))} alpn h2,http/1.1\n"
              "  http-request return status 403 content-type text/html string \"<html><h1>Request rejected</h1>Support ID 123</html>\"")


@case("other-http-reset-stunnel", "http-reset", needs=("stunnel",))
def _(lab):
    """stunnel without its server: the handshake is made, and the request ends with a reset."""
    o = other(lab)
    world(lab)
    o.stunnel(WEB, lab.pki.path("patches"), "10.30.0.99:8000")


@case("other-loss", warn=["path-loss"], hops=2)
def _(lab):
    """A third of all packets to the feed gets lost, by chance."""
    other(lab)
    world(lab)
    lab.web(certificate="patches")
    lab.net.nft("m", [f"forward ip daddr {WEB} numgen random mod 10 < 3 drop"])
