"""The certificates that the server sends, and the store that they are judged by."""
import os

from lablib.case import case
from lablib.lab import FEED, PORTAL
from lablib.pki import openssl


def leaf(lab, name="special", issuer="inter", san=f"DNS:{FEED}", **more):
    """A server with a certificate of its own kind."""
    pki = lab.pki if lab.pki is not lab.fixture.pki else lab.own_pki()
    pki.make("leaf", name, issuer, san, subject=more.pop("subject", f"/CN={FEED}"), **more)
    serve(lab, name)


def serve(lab, name):
    lab.world(web=False)
    lab.web(certificate=name)


@case("cert-expired", "cert-expired")
def _(lab):
    leaf(lab, start="20240101000000Z", end="20250101000000Z")


@case("cert-expired-intermediate", "cert-intermediate-expired")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "old-inter", "root", subject="/CN=Old Issuing CA", start="20200101000000Z", end="20250101000000Z")
    leaf(lab, issuer="old-inter")


@case("cert-expired-root", "cert-root-expired")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "old-root", subject="/CN=Old Root CA", start="20000101000000Z", end="20250101000000Z")
    lab.certs("import", pki.path("old-root.pem"), "--name", "old-root", "--usage", "cisco-services", "--allow-expired")
    leaf(lab, issuer="old-root")


@case("cert-not-yet-valid", "cert-not-yet-valid")
def _(lab):
    leaf(lab, start="20400101000000Z", end="20440101000000Z")


@case("cert-name-mismatch", "cert-name-mismatch")
def _(lab):
    leaf(lab, san="DNS:www.vendor-feed.net,DNS:*.other.net", subject="/CN=www.vendor-feed.net")


@case("cert-name-mismatch-wildcard", "cert-name-mismatch")
def _(lab):
    """A wildcard reaches one label."""
    leaf(lab, san="DNS:*.net", subject="/CN=*.net")


@case("cert-no-san", warn=["cert-no-san"])
def _(lab):
    leaf(lab, san=None)


@case("cert-missing-intermediate", "cert-missing-intermediate")
def _(lab):
    pki = lab.own_pki()
    pki.chain("feed")
    serve(lab, "feed")


@case("cert-missing-intermediate-aia", "cert-missing-intermediate")
def _(lab):
    """The certificate says where its issuer can be fetched."""
    pki = lab.own_pki()
    pki.make("leaf", "special", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}",
             ext={"authorityInfoAccess": f"caIssuers;URI:http://{PORTAL}/inter.crt"})
    pki.chain("special")
    folder = lab.folder("aia")
    openssl("x509", "-in", pki.path("inter.pem"), "-outform", "DER", "-out", os.path.join(folder, "inter.crt"))
    serve(lab, "special")
    lab.servers.nginx(PORTAL, None, folder, port=80)


@case("cert-untrusted-root", "cert-untrusted-root")
def _(lab):
    """Another CA's chain, complete with its root."""
    pki = lab.own_pki()
    pki.make("inter", "other-inter", "other-root", subject="/O=Other Trust/CN=Other Issuing CA")
    pki.make("leaf", "special", "other-inter", f"DNS:{FEED}", subject=f"/CN={FEED}")
    pki.chain("special", "other-inter", "other-root")
    serve(lab, "special")


@case("cert-untrusted-root-not-sent", "cert-untrusted-root")
def _(lab):
    """The usual form: the root itself is not sent."""
    pki = lab.own_pki()
    pki.make("inter", "other-inter", "other-root", subject="/O=Other Trust/CN=Other Issuing CA")
    leaf(lab, issuer="other-inter")


@case("cert-self-signed", "cert-self-signed")
def _(lab):
    leaf(lab, issuer=None)


@case("tls-intercepted", "tls-intercepted")
def _(lab):
    """A transparent device answers every port 443, with a certificate for whatever is asked."""
    pki = lab.own_pki()
    pki.make("root", "inspection", subject="/O=Example Corp/CN=corp-gw-root")
    lab.world()
    lab.servers.peer("mitm", PORTAL, 443, pki.path("inspection"), lab.folder("minted"))
    lab.net.nft("r", [f"prerouting iifname rc tcp dport 443 dnat ip to {PORTAL}"])


@case("tls-intercepted-named", "tls-intercepted")
def _(lab):
    pki = lab.own_pki()
    pki.make("root", "inspection", subject="/C=US/O=Palo Alto Networks/CN=firewall.corp.test")
    lab.world()
    lab.servers.peer("mitm", PORTAL, 443, pki.path("inspection"), lab.folder("minted"))
    lab.net.nft("r", [f"prerouting iifname rc tcp dport 443 dnat ip to {PORTAL}"])


@case("healthy-intercepted-and-trusted", seconds=3)
def _(lab):
    """The operator has imported the inspecting CA: then it is no trouble."""
    pki = lab.own_pki()
    pki.make("root", "inspection", subject="/O=Example Corp/CN=Example Corp TLS Inspection")
    pki.make("leaf", "minted", "inspection", f"DNS:{FEED}", subject=f"/CN={FEED}")
    lab.certs("import", pki.path("inspection.pem"), "--name", "inspection", "--usage", "cisco-services")
    serve(lab, "minted")


# --- the store ------------------------------------------------------------------------------------------------------------

@case("trust-root-disabled", "trust-root-disabled")
def _(lab):
    lab.certs("import", lab.pki.path("other-root.pem"), "--name", "other", "--usage", "cisco-services")
    lab.certs("disable", "root")
    lab.world()


@case("trust-root-not-for-services", "trust-root-not-for-services")
def _(lab):
    lab.certs("import", lab.pki.path("other-root.pem"), "--name", "other", "--usage", "cisco-services")
    lab.certs("untrust", "root", "cisco-services")
    lab.certs("trust", "root", "infrastructure")
    lab.world()


@case("trust-root-rejected", "trust-root-rejected")
def _(lab):
    """The file that the root came from rejects it for servers."""
    openssl("x509", "-in", lab.pki.path("root.pem"), "-addreject", "serverAuth", "-out", lab.file("rejected.pem"))
    lab.certs("remove", "root")
    lab.certs("import", lab.file("rejected.pem"), "--name", "root", "--usage", "cisco-services")
    lab.world()


@case("trust-store-empty", "trust-store-empty")
def _(lab):
    lab.certs("remove", "root")
    lab.certs("remove", "corp-root")
    lab.world()


@case("trust-store-invalid", "trust-store-invalid")
def _(lab):
    """A file of the store is not what its index says."""
    folder = os.path.join(lab.state, "trust")
    for name in os.listdir(folder):
        if name.endswith(".pem"):
            with open(os.path.join(folder, name), "w") as out:
                out.write("this is no certificate\n")
    lab.world()


@case("trust-store-unreadable", "trust-store-unreadable")
def _(lab):
    """The state folder is the user's; what is in the store is root's."""
    lab.world()
    for folder, _, files in os.walk(lab.state):
        os.chown(folder, 65534, 65534)
        for name in files:
            path = os.path.join(folder, name)
            if os.path.basename(folder) == "trust":
                os.chmod(path, 0o600)
            else:
                os.chown(path, 65534, 65534)
    lab.uid = 65534


# --- rules ----------------------------------------------------------------------------------------------------------------

@case("cert-wrong-usage", "cert-wrong-usage")
def _(lab):
    leaf(lab, ext={"extendedKeyUsage": "clientAuth"})


@case("cert-issuer-not-ca", "cert-issuer-not-ca")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "no-ca", "inter", None, subject="/CN=Not A CA", ext={"keyUsage": "critical,digitalSignature,keyCertSign"},
             no_ext=("extendedKeyUsage",))
    leaf(lab, issuer="no-ca")


@case("cert-issuer-no-key-usage", "cert-issuer-not-ca")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "no-sign", "root", subject="/CN=May Not Sign", ext={"keyUsage": "critical,digitalSignature"})
    leaf(lab, issuer="no-sign")


@case("cert-path-too-long", "cert-path-too-long")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "short", "root", subject="/CN=Short CA", ext={"basicConstraints": "critical,CA:true,pathlen:0"})
    pki.make("inter", "below", "short", subject="/CN=Below CA")
    leaf(lab, issuer="below")


@case("cert-name-constraint", "cert-name-constraint")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "bound", "root", subject="/CN=Bound CA", ext={"nameConstraints": "critical,permitted;DNS:corp.test"})
    leaf(lab, issuer="bound")


@case("cert-weak-key", "cert-weak-key")
def _(lab):
    weak(lab, key="1024")


@case("cert-weak-signature", "cert-weak-signature")
def _(lab):
    pki = lab.own_pki()
    pki.make("inter", "sha1-inter", "root", subject="/CN=SHA-1 CA", md="sha1")
    weak(lab, issuer="sha1-inter")


def weak(lab, issuer="inter", **more):
    """Served by Python: nginx would not have it."""
    pki = lab.pki if lab.pki is not lab.fixture.pki else lab.own_pki()
    pki.make("leaf", "special", issuer, f"DNS:{FEED}", subject=f"/CN={FEED}", **more)
    lab.world(web=False)
    lab.bad_web("ok", certificate="special")


@case("cert-revoked", "cert-revoked")
def _(lab):
    """The server staples its own revocation."""
    staple(lab, "R", "20260101000000Z")


@case("healthy-must-staple-without", seconds=4)
def _(lab):
    """The certificate demands a staple (RFC 7633), there is none, and an update does not mind."""
    leaf(lab, ext={"tlsfeature": "status_request"})


@case("healthy-staple", seconds=4)
def _(lab):
    staple(lab, "V", "")


def staple(lab, status, when):
    """nginx with a stapled response, made by the openssl command."""
    pki = lab.own_pki()
    pki.make("leaf", "special", "inter", f"DNS:{FEED}", subject=f"/CN={FEED}")
    serial = openssl("x509", "-in", pki.path("special.pem"), "-noout", "-serial").strip().split("=")[1]
    lab.write("index", f"{status}\t450101000000Z\t{when[2:]}\t{serial}\tunknown\t/CN={FEED}\n")
    openssl("ocsp", "-index", lab.file("index"), "-CA", pki.path("inter.pem"), "-rsigner", pki.path("inter.pem"), "-rkey",
            pki.path("inter.key"), "-issuer", pki.path("inter.pem"), "-cert", pki.path("special.pem"), "-respout",
            lab.file("staple.der"), "-ndays", "7")
    lab.world(web=False)
    lab.web(certificate="special", extra=f"ssl_stapling on; ssl_stapling_file {lab.file('staple.der')};")


@case("hostile-long-chain", "cert-path-too-long", seconds=10)
def _(lab):
    """A thousand certificates."""
    pki = lab.own_pki()
    pki.chain("feed", *(["inter"] + ["corp-root"] * 999))
    serve(lab, "feed")
