"""The handshake: versions, ciphers, names, and those who do not speak TLS."""
from lablib.case import case
from lablib.lab import FEED, WEB


def openssl_server(lab, *options, certificate="feed"):
    lab.world(web=False)
    lab.servers.s_server(WEB, lab.pki.path(certificate), *options)


def peer(lab, *mode):
    lab.world(web=False)
    lab.servers.peer("tcp", WEB, 443, *mode)


@case("tls-version-too-old", "tls-version-too-old")
def _(lab):
    openssl_server(lab, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")


@case("tls-version-too-old-1.0", "tls-version-too-old")
def _(lab):
    openssl_server(lab, "-tls1", "-cipher", "ALL:@SECLEVEL=0")


@case("tls-version-unsupported", "tls-version-unsupported")
def _(lab):
    """The server wants TLS 1.3; this node's openssl.cnf ends with 1.2."""
    openssl_server(lab, "-tls1_3")
    lab.environment["OPENSSL_CONF"] = lab.write("openssl.cnf", """openssl_conf = o
[o]
ssl_conf = s
[s]
system_default = d
[d]
MaxProtocol = TLSv1.2
""")


@case("tls-local-policy", "tls-local-policy")
def _(lab):
    """This node's openssl.cnf allows only ciphers that the server does not have."""
    openssl_server(lab, "-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305")
    lab.environment["OPENSSL_CONF"] = lab.write("openssl.cnf", """openssl_conf = o
[o]
ssl_conf = s
[s]
system_default = d
[d]
CipherString = ECDHE-ECDSA-AES256-GCM-SHA384
MaxProtocol = TLSv1.2
""")


@case("tls-no-common-cipher", "tls-no-common-cipher")
def _(lab):
    """The server knows only ciphers that nobody should use: without authentication."""
    openssl_server(lab, "-tls1_2", "-cipher", "aNULL:@SECLEVEL=0")


@case("tls-weak-dh", "tls-weak-dh")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "rsa", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", key="2048")
    with open(lab.file("dh.pem"), "w") as out:
        out.write(DH1024)
    openssl_server(lab, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", lab.file("dh.pem"),
                   certificate="rsa")


# 1024 bits, the second Oakley group (RFC 2409 6.2).
DH1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


@case("tls-sni-unknown", "tls-sni-unknown")
def _(lab):
    """A server for other names, which refuses this one."""
    pki = lab.own_pki()
    pki.make("leaf", "other", "inter", "DNS:www.other.test", subject="/CN=www.other.test")
    lab.world(web=False)
    chain, key = lab.pki.path("other.chain.pem"), lab.pki.path("other.key")
    lab.servers.nginx(WEB, None, lab.feed_root, port=8080, http=f"""
    server {{ listen {WEB}:443 ssl default_server; ssl_reject_handshake on; }}
    server {{ listen {WEB}:443 ssl; server_name www.other.test; ssl_certificate {chain}; ssl_certificate_key {key}; }}""")


@case("tls-sni-blocked-reset", "tls-sni-blocked")
def _(lab):
    lab.world(web=False)
    lab.servers.peer("sni", WEB, 443, FEED, "reset", lab.pki.path("feed"), lab.feed_root)


@case("tls-sni-blocked-mute", "tls-sni-blocked")
def _(lab):
    lab.world(web=False)
    lab.servers.peer("sni", WEB, 443, FEED, "mute", lab.pki.path("feed"), lab.feed_root)


@case("tls-sni-blocked-close", "tls-sni-blocked")
def _(lab):
    lab.world(web=False)
    lab.servers.peer("sni", WEB, 443, FEED, "close", lab.pki.path("feed"), lab.feed_root)


@case("tls-reset", "tls-reset")
def _(lab):
    peer(lab, "first-reset")


@case("tls-closed", "tls-closed")
def _(lab):
    peer(lab, "first-close")


@case("tls-silent", "tls-silent")
def _(lab):
    """The beginning of an answer, then nothing: 3 bytes of a record."""
    peer(lab, "first-text", r"\x16\x03\x03")


@case("tls-plain-http", "tls-plain-http")
def _(lab):
    lab.world(web=False)
    lab.servers.nginx(WEB, None, lab.feed_root)


@case("tls-plain-http-apache", "tls-plain-http")
def _(lab):
    peer(lab, "http")


@case("tls-other-protocol", "tls-other-protocol")
def _(lab):
    peer(lab, "banner", "SSH-2.0-OpenSSH_9.2p1 Debian-2")


@case("tls-other-protocol-garbage", "tls-other-protocol")
def _(lab):
    peer(lab, "garbage")


@case("tls-client-certificate-required", "tls-client-certificate-required")
def _(lab):
    openssl_server(lab, "-Verify", "2", "-verify_return_error", "-CAfile", lab.pki.path("corp-root.pem"))


@case("tls-client-certificate-required-1.2", "tls-client-certificate-required")
def _(lab):
    openssl_server(lab, "-tls1_2", "-Verify", "2", "-verify_return_error", "-CAfile", lab.pki.path("corp-root.pem"))


@case("tls-client-certificate-required-nginx", "tls-client-certificate-required")
def _(lab):
    """nginx completes the handshake and says so over HTTP."""
    lab.world(web=False)
    lab.web(extra=f"ssl_client_certificate {lab.pki.path('corp-root.pem')}; ssl_verify_client on;")


@case("healthy-client-certificate-optional", seconds=3)
def _(lab):
    lab.world(web=False)
    lab.web(extra=f"ssl_client_certificate {lab.pki.path('corp-root.pem')}; ssl_verify_client optional;")


@case("tls-alert-internal-error", "tls-alert")
def _(lab):
    peer(lab, "alert", "80")


@case("tls-alert-access-denied", "tls-alert")
def _(lab):
    peer(lab, "alert", "49")
