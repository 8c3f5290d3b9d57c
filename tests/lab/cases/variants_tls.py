"""Variants of TLS and of chains."""
import os
import shutil
import subprocess
import sys

from lablib.case import case
from lablib.lab import FEED, PORTAL, WEB
from lablib.others import Others
from lablib.pki import openssl

POLICY = "openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n"
LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def policy(lab, text):
    lab.environment["OPENSSL_CONF"] = lab.write("openssl.cnf", POLICY + text)


def own(lab, body, port=443, address=WEB):
    """A server in a few lines: `p` is the accepted socket."""
    code = f"""
import socket, ssl, sys, threading, time
sys.path.insert(0, {LAB!r})
import peers
def serve(p):
{body}
peers.listen({address!r}, {port}, serve)
"""
    lab.servers.start(f"own-{port}", [sys.executable, "-c", code], ("tcp", address, port))


@case("variant-policy-minimum-13", "tls-local-policy")
def _(lab):
    lab.world(web=False)
    lab.web(extra="ssl_protocols TLSv1.2;")
    policy(lab, "MinProtocol = TLSv1.3\n")


@case("variant-policy-seclevel-3", "tls-local-policy")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "rsa", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", key="2048")
    lab.world(web=False)
    lab.web(certificate="rsa")
    policy(lab, "CipherString = DEFAULT@SECLEVEL=3\n")


@case("variant-policy-seclevel-5", "tls-local-policy")
def _(lab):
    lab.world()
    policy(lab, "CipherString = DEFAULT@SECLEVEL=5\n")


@case("variant-policy-groups", "tls-local-policy")
def _(lab):
    lab.world(web=False)
    lab.web(extra="ssl_ecdh_curve prime256v1;")
    policy(lab, "Groups = X448\n")


@case("variant-policy-system-file", "tls-local-policy")
def _(lab):
    lab.world(web=False)
    lab.web(extra="ssl_protocols TLSv1.2;")
    lab.files["/etc/ssl/openssl.cnf"] = lab.write("openssl.cnf", POLICY + "MinProtocol = TLSv1.3\n")


@case("variant-version-13-only-capped", "tls-version-unsupported")
def _(lab):
    lab.world(web=False)
    lab.web(extra="ssl_protocols TLSv1.3;")
    policy(lab, "MaxProtocol = TLSv1.2\n")


@case("variant-healthy-ed25519", seconds=4)
def _(lab):
    pki = lab.own_pki()
    ed25519(pki, "ed")
    lab.world(web=False)
    lab.web(certificate="ed")


def ed25519(pki, name):
    key = pki.key
    pki.key = lambda n, k: openssl("genpkey", "-algorithm", "ED25519", "-out", pki.path(n + ".key"))
    pki.make("leaf", name, "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", ext={"keyUsage": "critical,digitalSignature"})
    pki.key = key


@case("variant-healthy-rsa-sha512", seconds=4)
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "i2", "inter", subject="/CN=Second", key="3072", md="sha512")
    pki.make("inter", "i3", "i2", subject="/CN=Third", key="2048", md="sha384")
    pki.make("leaf", "deep", "i3", f"DNS:{FEED}", subject=f"/CN={FEED}", key="2048", md="sha384")
    lab.world(web=False)
    lab.web(certificate="deep")


@case("variant-cipher-ecdsa-only", "tls-no-common-cipher")
def _(lab):
    lab.world(web=False)
    lab.servers.s_server(WEB, lab.pki.path("feed"), "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")


@case("variant-cipher-13-ccm8", "tls-no-common-cipher")
def _(lab):
    lab.world(web=False)
    lab.servers.s_server(WEB, lab.pki.path("feed"), "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256")


@case("variant-group-brainpool", "tls-no-common-cipher")
def _(lab):
    lab.world(web=False)
    lab.servers.s_server(WEB, lab.pki.path("feed"), "-tls1_2", "-groups", "brainpoolP256r1")


@case("variant-tls10-python", "tls-version-too-old")
def _(lab):
    lab.world(web=False)
    own(lab, f"""    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.set_ciphers('ALL:@SECLEVEL=0')
    c.minimum_version = ssl.TLSVersion.TLSv1
    c.maximum_version = ssl.TLSVersion.TLSv1
    c.load_cert_chain({lab.pki.path("feed")!r} + '.chain.pem', {lab.pki.path("feed")!r} + '.key')
    s = c.wrap_socket(p, server_side=True)
    s.recv(100)""")


for version in ("TLSv1_2", "TLSv1_3"):
    def add(version):
        @case(f"variant-client-certificate-python-{version}", "tls-client-certificate-required")
        def _(lab):
            lab.world(web=False)
            own(lab, f"""    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.maximum_version = ssl.TLSVersion.{version}
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_verify_locations({lab.pki.path("corp-root.pem")!r})
    c.load_cert_chain({lab.pki.path("feed")!r} + '.chain.pem', {lab.pki.path("feed")!r} + '.key')
    s = c.wrap_socket(p, server_side=True)
    s.recv(100)""")

        @case(f"variant-client-certificate-haproxy-{version}", "tls-client-certificate-required")
        def _(lab):
            o = Others(lab)
            lab.world(web=False)
            o.haproxy("mtls", f"frontend f\n  bind {WEB}:443 ssl crt {o.bundle(lab.pki.path('feed'))} ca-file {lab.pki.path('corp-root.pem')} verify required ssl-max-ver {version.replace('_', '.')}\n  http-request return status 200")

        @case(f"variant-client-certificate-apache-folder-{version}", "tls-client-certificate-required")
        def _(lab):
            """Asked for only when the path is known."""
            lab.world(web=False)
            Others(lab).apache_feed(WEB, lab.pki.path("feed"), extra=f"SSLProtocol {version.replace('_', '.')}\nSSLCACertificateFile {lab.pki.path('corp-root.pem')}\n<Location />\nSSLVerifyClient require\n</Location>")

        @case(f"variant-client-certificate-lighttpd-{version}", "tls-client-certificate-required")
        def _(lab):
            lab.world(web=False)
            Others(lab).lighttpd(WEB, lab.pki.path("feed"), extra=f'ssl.verifyclient.activate = "enable"\nssl.verifyclient.enforce = "enable"\nssl.ca-file = "{lab.pki.path("corp-root.pem")}"\n'
                                 f'ssl.openssl.ssl-conf-cmd = ("MaxProtocol" => "{version.replace("_", ".")}")')
    add(version)


@case("variant-sni-unknown-s_server", "tls-sni-unknown")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "other", "inter", "DNS:www.other.test", subject="/CN=www.other.test")
    lab.world(web=False)
    lab.servers.s_server(WEB, pki.path("other"), "-servername", "www.other.test", "-servername_fatal", "-cert2", pki.path("other.pem"), "-key2", pki.path("other.key"))


for how in ("DROP", "REJECT"):
    def add(how):
        @case(f"variant-sni-blocked-iptables-{how.lower()}", "tls-sni-blocked", needs=("iptables",))
        def _(lab):
            lab.world()
            more = ["--reject-with", "tcp-reset"] if how == "REJECT" else []
            lab.net.run("r", ["iptables", "-A", "FORWARD", "-p", "tcp", "--dport", "443", "-m", "string", "--string", FEED, "--algo", "bm", "-j", how, *more])
    add(how)


@case("variant-plain-python", "tls-plain-http")
def _(lab):
    lab.world(web=False)
    lab.servers.start("plain", [sys.executable, "-m", "http.server", "443", "--bind", WEB, "--directory", lab.feed_root], ("tcp", WEB, 443))


@case("variant-plain-patient", "tls-plain-http")
def _(lab):
    """It waits for the empty line that ends a request, and so says nothing to a ClientHello."""
    lab.world(web=False)
    own(lab, """    head = b''
    while b'\\r\\n\\r\\n' not in head:
        more = p.recv(4096)
        if not more:
            return
        head += more
    p.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')""")


@case("variant-plain-hangs-up", "tls-plain-http")
def _(lab):
    lab.world(web=False)
    own(lab, """    head = p.recv(4096)
    if not head.startswith(b'GET '):
        return
    p.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')""")


@case("variant-sshd-on-443", "tls-other-protocol", needs=("sshd",))
def _(lab):
    lab.world(web=False)
    folder = lab.folder("ssh")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/key"], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    lab.servers.start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-o", f"ListenAddress={WEB}:443", "-o", f"HostKey={folder}/key", "-o", "PidFile=none", "-f", "/dev/null"], ("tcp", WEB, 443))


# --- chains ------------------------------------------------------------------------------------------------------------------

def leaf(lab, issuer="inter", **more):
    pki = lab.pki if lab.pki is not lab.fixture.pki else lab.own_pki()
    pki.make("leaf", "special", issuer, more.pop("san", f"DNS:{FEED}"), subject=more.pop("subject", f"/CN={FEED}"), **more)
    lab.world(web=False)
    lab.web(certificate="special")


@case("variant-usage-code-signing", "cert-wrong-usage")
def _(lab):
    leaf(lab, ext={"extendedKeyUsage": "codeSigning,emailProtection"})


@case("variant-usage-of-intermediate", "cert-wrong-usage")
def _(lab):
    """The intermediate may issue for clients only."""
    pki = lab.own_pki()
    pki.make("inter", "clients", "root", subject="/CN=Clients Only CA", ext={"extendedKeyUsage": "clientAuth"})
    leaf(lab, issuer="clients")


@case("variant-usage-key", "tls-no-common-cipher")
def _(lab):
    leaf(lab, ext={"keyUsage": "critical,cRLSign"})


@case("variant-healthy-any-usage", seconds=4)
def _(lab):
    leaf(lab, ext={"extendedKeyUsage": "serverAuth,clientAuth,1.3.6.1.4.1.311.10.3.3"})


@case("variant-healthy-no-usage", seconds=4)
def _(lab):
    leaf(lab, no_ext=("extendedKeyUsage", "keyUsage"))


@case("variant-issuer-without-constraints", "cert-issuer-not-ca")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "bare", "root", subject="/CN=Bare CA", no_ext=("basicConstraints", "keyUsage"))
    leaf(lab, issuer="bare")


@case("variant-issuer-ca-false", "cert-issuer-not-ca")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "false", "root", subject="/CN=False CA", ext={"basicConstraints": "critical,CA:false"}, no_ext=("keyUsage",))
    leaf(lab, issuer="false")


@case("variant-constraint-excluded", "cert-name-constraint")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "bound", "root", subject="/CN=Bound CA", ext={"nameConstraints": "critical,excluded;DNS:vendor-feed.net"})
    leaf(lab, issuer="bound")


@case("variant-path-length-root", "cert-path-too-long")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "flat", subject="/CN=Flat Root", ext={"basicConstraints": "critical,CA:true,pathlen:0"})
    pki.make("inter", "below", "flat", subject="/CN=Below")
    lab.certs("import", pki.path("flat.pem"), "--name", "flat", "--usage", "cisco-services")
    leaf(lab, issuer="below")


@case("variant-intermediate-not-yet", "cert-not-yet-valid")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "young", "root", subject="/CN=Young CA", start="20400101000000Z")
    leaf(lab, issuer="young")


@case("variant-leaf-sha1", "cert-weak-signature")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "special", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", md="sha1")
    lab.world(web=False)
    lab.bad_web("ok", certificate="special")


@case("variant-leaf-sha1-s_server", "cert-weak-signature")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "special", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", md="sha1")
    lab.world(web=False)
    lab.servers.s_server(WEB, pki.path("special"), "-cipher", "DEFAULT:@SECLEVEL=0")


@case("variant-intermediate-1024", "cert-weak-key")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "weak-inter", "root", subject="/CN=Weak CA", key="1024")
    pki.make("leaf", "special", "weak-inter", f"DNS:{FEED}", subject=f"/CN={FEED}")
    lab.world(web=False)
    lab.bad_web("ok", certificate="special")


@case("variant-leaf-1024-nginx", "cert-weak-key")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "special", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}", key="1024")
    lab.world(web=False)
    lab.web(certificate="special", extra="ssl_ciphers DEFAULT:@SECLEVEL=0;")


@case("variant-missing-by-key-identifier", "cert-missing-intermediate")
def _(lab):
    """Names that say nothing, but the key identifier names the issuer's issuer."""
    pki = lab.own_pki()
    pki.make("root", "top", subject="/C=JP/O=Hikari/CN=HN Anchor X1")
    pki.make("inter", "mid", "top", subject="/C=JP/O=Kaze/CN=Kaze E5")
    lab.certs("import", pki.path("top.pem"), "--name", "top", "--usage", "cisco-services")
    with_issuer(pki, "mid")
    pki.chain("special")
    lab.world(web=False)
    lab.web(certificate="special")


@case("variant-root-by-key-identifier", "cert-untrusted-root")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "acme", subject="/CN=Vendor Leaf Maker")
    with_issuer(pki, "acme")
    pki.chain("special")
    lab.world(web=False)
    lab.web(certificate="special")


def with_issuer(pki, issuer):
    """A leaf whose authority key identifier holds the issuer's issuer and serial number, as some CAs make them."""
    pki.key("special", "ec")
    with open(pki.path("ext"), "w") as out:
        out.write(f"subjectAltName=DNS:{FEED}\nauthorityKeyIdentifier=keyid:always,issuer:always\nextendedKeyUsage=serverAuth\n")
    openssl("req", "-new", "-key", pki.path("special.key"), "-subj", f"/CN={FEED}", "-out", pki.path("csr"))
    openssl("x509", "-req", "-in", pki.path("csr"), "-CA", pki.path(issuer + ".pem"), "-CAkey", pki.path(issuer + ".key"), "-set_serial", "4711", "-days", "90",
            "-extfile", pki.path("ext"), "-out", pki.path("special.pem"))


@case("variant-missing-lower-of-two", "cert-missing-intermediate")
def _(lab):
    """Two intermediates, the lower one is not sent."""
    pki = lab.own_pki()
    pki.make("inter", "lower", "inter", subject="/O=Vendor Trust Services/CN=Vendor TLS CA 9")
    pki.make("leaf", "special", "lower", f"DNS:{FEED}", subject=f"/CN={FEED}")
    pki.chain("special", "inter")
    lab.world(web=False)
    lab.web(certificate="special")


@case("variant-missing-upper-of-two", "cert-missing-intermediate")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "lower", "inter", subject="/O=Vendor Trust Services/CN=Vendor TLS CA 9")
    pki.make("leaf", "special", "lower", f"DNS:{FEED}", subject=f"/CN={FEED}")
    pki.chain("special", "lower")
    lab.world(web=False)
    lab.web(certificate="special")


@case("variant-untrusted-leaf-of-root", "cert-untrusted-root")
def _(lab):
    """Signed by a CA nobody knows, and only the leaf is sent."""
    pki = lab.own_pki()
    pki.make("root", "acme", subject="/CN=ACME Certificate Authority")
    leaf(lab, issuer="acme")


@case("variant-untrusted-leaf-of-root-sent", "cert-untrusted-root")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "acme", subject="/O=ACME/CN=acme")
    pki.make("leaf", "special", "acme", f"DNS:{FEED}", subject=f"/CN={FEED}")
    pki.chain("special", "acme")
    lab.world(web=False)
    lab.web(certificate="special")


@case("variant-self-signed-usual", "cert-self-signed")
def _(lab):
    """As openssl req -x509 makes it: a CA of its own."""
    pki = lab.own_pki()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", f"/CN={FEED}", "-addext", f"subjectAltName=DNS:{FEED}",
            "-keyout", pki.path("self.key"), "-out", pki.path("self.chain.pem"))
    lab.world(web=False)
    lab.web(certificate="self")


@case("variant-healthy-self-signed-imported", seconds=4)
def _(lab):
    pki = lab.own_pki()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", f"/CN={FEED}", "-addext", f"subjectAltName=DNS:{FEED}",
            "-keyout", pki.path("self.key"), "-out", pki.path("self.chain.pem"))
    lab.certs("import", pki.path("self.chain.pem"), "--name", "self", "--usage", "cisco-services")
    lab.world(web=False)
    lab.web(certificate="self")


@case("variant-expired-and-name", "cert-expired", also=["cert-name-mismatch"])
def _(lab):
    leaf(lab, san="DNS:x.test", subject="/CN=x.test", start="20230101000000Z", end="20240101000000Z")


@case("variant-expired-untrusted", "cert-untrusted-root", also=["cert-expired"])
def _(lab):
    leaf(lab, issuer="other-root", start="20230101000000Z", end="20240101000000Z")


@case("variant-intercepted-static", "tls-intercepted")
def _(lab):
    """A box that answers every port 443 with one certificate for the feed, of a CA whose name says nothing."""
    pki = lab.own_pki()
    pki.make("root", "box", subject="/O=Example/CN=EX-GW-02")
    pki.make("leaf", "boxed", "box", f"DNS:{FEED}", subject=f"/CN={FEED}")
    pki.chain("boxed", "box")
    lab.world()
    lab.web(PORTAL, certificate="boxed")
    lab.net.nft("r", [f"prerouting iifname rc tcp dport 443 dnat ip to {PORTAL}"])


@case("variant-intercepted-other-port", "tls-intercepted")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "box", subject="/C=US/O=Zscaler Inc./CN=Zscaler Root CA")
    pki.make("leaf", "boxed", "box", f"DNS:{FEED}", subject=f"/CN={FEED}")
    pki.chain("boxed", "box")
    lab.world()
    lab.web(PORTAL, certificate="boxed", port=8443)
    lab.net.nft("r", [f"prerouting iifname rc ip daddr {WEB} tcp dport 443 dnat ip to {PORTAL}:8443"])


# --- the store ----------------------------------------------------------------------------------------------------------------

def trust_file(lab, name=""):
    return os.path.join(lab.state, "trust", name)


@case("variant-store-folder-gone", "trust-store-empty", also=["trust-store-missing"])
def _(lab):
    shutil.rmtree(trust_file(lab))
    lab.world()


@case("variant-store-emptied", "trust-store-empty", also=["trust-store-missing", "trust-store-invalid"])
def _(lab):
    for name in os.listdir(trust_file(lab)):
        os.unlink(trust_file(lab, name))
    lab.world()


@case("variant-store-all-garbage", "trust-store-invalid")
def _(lab):
    for name in os.listdir(trust_file(lab)):
        with open(trust_file(lab, name), "w") as out:
            out.write("garbage\n")
    lab.world()


@case("variant-store-truncated", "trust-store-invalid")
def _(lab):
    for name in os.listdir(trust_file(lab)):
        open(trust_file(lab, name), "w").close()
    lab.world()


@case("variant-store-is-a-file", "path-invalid", also=["trust-store-invalid", "trust-store-missing"])
def _(lab):
    shutil.rmtree(trust_file(lab))
    with open(trust_file(lab).rstrip("/"), "w") as out:
        out.write("x")
    lab.world()


@case("variant-store-pem-gone", "trust-store-invalid", also=["trust-store-missing"])
def _(lab):
    for name in os.listdir(trust_file(lab)):
        if name.endswith(".pem"):
            os.unlink(trust_file(lab, name))
    lab.world()
