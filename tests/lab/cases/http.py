"""The feed: what the server answers, and what is in it."""
import os
import shutil

from lablib.case import case
from lablib.lab import CDN, FEED, PORTAL


def server(lab, mode, *arguments):
    lab.world(web=False)
    lab.bad_web(mode, *arguments)


def feed(lab, change=None, sign=False, arguments=()):
    """A feed of this case's own; `change` gets and gives the manifest's text."""
    folder = lab.file("feed")
    shutil.copytree(lab.feed_root, folder)
    if arguments:
        signing = ["--sign", lab.pki.path("signer.chain.pem"), lab.pki.path("signer.key")] if sign else []
        lab.must("feed", "build", folder, *signing, *arguments)
    path = os.path.join(folder, "posture-update.xml")
    if change:
        with open(path) as file:
            text = file.read()
        with open(path, "w") as out:
            out.write(change(text))
    if not sign and os.path.exists(path + ".p7s"):
        os.unlink(path + ".p7s")
    lab.feed_root = folder
    return folder


@case("http-redirect-loop", "http-redirect-loop")
def _(lab):
    server(lab, "redirect", f"https://{FEED}/posture-update.xml")


@case("http-redirect-loop-many", "http-redirect-loop")
def _(lab):
    """Thousands of redirects, each to another path."""
    server(lab, "redirects", "5000")


@case("http-downgrade", "http-downgrade")
def _(lab):
    server(lab, "redirect", f"http://{FEED}/posture-update.xml")


@case("http-redirect-blocked-name", "http-redirect-blocked")
def _(lab):
    """The content network's name is unknown."""
    server(lab, "redirect", "https://edge.gone.test/posture-update.xml")


@case("http-redirect-blocked-refused", "http-redirect-blocked")
def _(lab):
    server(lab, "redirect", "https://cdn.vendor-feed.net/posture-update.xml")


@case("http-redirect-blocked-filtered", "http-redirect-blocked")
def _(lab):
    server(lab, "redirect", "https://cdn.vendor-feed.net/posture-update.xml")
    lab.net.nft("r", [f"forward ip daddr {CDN} drop"])


@case("http-captive-portal", "http-captive-portal")
def _(lab):
    """Everything leads to the portal until somebody has logged in."""
    pki = lab.own_pki()
    pki.make("leaf", "portal", None, "DNS:portal.guest.test", subject="/CN=portal.guest.test")
    lab.world()
    lab.web(PORTAL, certificate="portal")
    lab.servers.peer("portal", PORTAL, 80, "https://portal.guest.test/login")
    lab.net.nft("r", [f"prerouting iifname rc tcp dport {{ 80, 443 }} dnat ip to {PORTAL}"])


@case("http-captive-portal-page", "http-captive-portal")
def _(lab):
    """The portal answers with its page at once."""
    pki = lab.own_pki()
    pki.make("leaf", "portal", None, "DNS:portal.guest.test", subject="/CN=portal.guest.test")
    lab.world()
    lab.web(PORTAL, certificate="portal")
    lab.servers.peer("portal", PORTAL, 80, "200 OK")
    lab.net.nft("r", [f"prerouting iifname rc tcp dport {{ 80, 443 }} dnat ip to {PORTAL}"])


@case("http-unauthorized", "http-unauthorized")
def _(lab):
    server(lab, "status", "401 Unauthorized", 'WWW-Authenticate: Basic realm="entitled"')


@case("http-forbidden", "http-forbidden")
def _(lab):
    server(lab, "status", "403 Forbidden")


@case("http-not-found", "http-not-found")
def _(lab):
    lab.world()
    lab.set(source__feed_url=f"https://{FEED}/web/secure/spa/gone.xml")


@case("http-gone", "http-gone")
def _(lab):
    server(lab, "status", "410 Gone")


@case("http-rate-limited", "http-rate-limited")
def _(lab):
    server(lab, "status", "429 Too Many Requests", "Retry-After: 120")


@case("http-server-error", "http-server-error")
def _(lab):
    server(lab, "status", "500 Internal Server Error")


@case("http-server-error-503", "http-server-error")
def _(lab):
    server(lab, "status", "503 Service Unavailable", "Retry-After: 600")


@case("http-empty-reply", "http-empty-reply")
def _(lab):
    server(lab, "empty")


@case("http-truncated", "http-truncated")
def _(lab):
    server(lab, "truncated")


@case("http-truncated-chunked", "http-truncated")
def _(lab):
    server(lab, "truncated-chunked")


@case("http-truncated-silently", "feed-malformed")
def _(lab):
    """Without a length only the manifest itself shows that it is not whole."""
    server(lab, "truncated-silently")


@case("http-bad-header", "http-bad-header")
def _(lab):
    server(lab, "garbage")


@case("http-bad-header-huge", "http-bad-header")
def _(lab):
    server(lab, "huge-header")


@case("hostile-endless-header", "http-bad-header", seconds=12)
def _(lab):
    server(lab, "endless-header")


@case("http-bad-chunk", "http-bad-header", also=["http-protocol-error"])
def _(lab):
    server(lab, "bad-chunk")


@case("http-bad-encoding", "http-bad-encoding")
def _(lab):
    server(lab, "bad-gzip")


@case("healthy-encoding-header", seconds=4)
def _(lab):
    """It says gzip, and is none: nobody asked for gzip, and what came is good."""
    server(lab, "unknown-encoding")


@case("http-stalled", "http-stalled")
def _(lab):
    server(lab, "stall")


@case("http-too-slow", "http-too-slow")
def _(lab):
    server(lab, "drip")


@case("http-no-response", "http-no-response")
def _(lab):
    server(lab, "mute")


@case("http-reset", "http-reset")
def _(lab):
    server(lab, "reset-body")


@case("http-too-large", "http-too-large", seconds=12)
def _(lab):
    """A manifest without end."""
    server(lab, "endless")


@case("feed-not-a-manifest", "feed-not-a-manifest")
def _(lab):
    """A login page with 200."""
    server(lab, "body", "text/html", "<!DOCTYPE html><html><title>Sign in</title><form>...</form></html>")


@case("feed-not-a-manifest-xml", "feed-not-a-manifest")
def _(lab):
    """Another product's XML."""
    server(lab, "body", "application/xml", '<?xml version="1.0"?><rss version="2.0"><channel/></rss>')


@case("feed-malformed", "feed-malformed")
def _(lab):
    feed(lab, lambda text: text.replace("sha256=", "sha257="))
    lab.world()


@case("feed-malformed-xml", "feed-malformed")
def _(lab):
    feed(lab, lambda text: text.replace("</posture-update>", "<component "))
    lab.world()


@case("feed-signature-invalid", "feed-signature-invalid")
def _(lab):
    """The manifest was changed after it was signed."""
    feed(lab, lambda text: text.replace("<posture-update", "<!-- changed --><posture-update", 1), sign=True)
    lab.world()


@case("feed-signature-garbage", "feed-signature-invalid")
def _(lab):
    folder = feed(lab, sign=True)
    with open(os.path.join(folder, "posture-update.xml.p7s"), "w") as out:
        out.write("no signature at all")
    lab.world()


@case("feed-signature-missing", "feed-signature-missing")
def _(lab):
    feed(lab)
    lab.set(source__signature="required")
    lab.world()


@case("feed-signer-untrusted", "feed-signer-untrusted")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "signer", "other-root", subject="/CN=Someone Else", ext={"extendedKeyUsage": "emailProtection"})
    feed(lab, sign=True, arguments=["--version", "2026.11.1.1"])
    lab.world()


@case("feed-signer-expired", "feed-signer-expired")
def _(lab):
    pki = lab.own_pki()
    pki.make("leaf", "signer", "inter", subject="/O=Vendor/CN=Posture Feed Signing", start="20230101000000Z",
             end="20250101000000Z", ext={"extendedKeyUsage": "emailProtection"})
    feed(lab, sign=True, arguments=["--version", "2026.11.1.1"])
    lab.world()


@case("feed-older-than-installed", "feed-older-than-installed")
def _(lab):
    """Installed is a newer one; the feed was put back."""
    folder = lab.file("newer")
    shutil.copytree(lab.feed_root, folder)
    signing = ["--sign", lab.pki.path("signer.chain.pem"), lab.pki.path("signer.key")]
    lab.must("feed", "build", folder, *signing, "--version", "2099.1.1.1")
    lab.must("bundle", "build", folder, "-o", lab.file("newer.zip"))
    lab.must("update", "--offline", lab.file("newer.zip"))
    lab.world()


@case("feed-expired", "feed-expired")
def _(lab):
    feed(lab, arguments=["--version", "2024.1.1.1", "--published", "2024-01-01T00:00:00Z", "--expires", "30"])
    lab.world()


@case("feed-from-future", "feed-from-future")
def _(lab):
    feed(lab, arguments=["--version", "2040.1.1.1", "--published", "2040-01-01T00:00:00Z"])
    lab.world()


@case("proxy-stale-content", "proxy-stale-content")
def _(lab):
    """A cache in front of the feed still has the manifest of three years ago."""
    feed(lab, arguments=["--version", "2023.1.1.1", "--published", "2023-01-01T00:00:00Z", "--expires", "30"])
    lab.world(web=False)
    lab.web(extra='add_header Age 7200; add_header X-Cache "HIT from cache.corp.test";')


@case("http-disk-too-small", "disk-full")
def _(lab):
    """There is some room, but not for what the feed announces."""
    feed(lab, lambda text: text.replace('size="', 'size="99999', 1))
    lab.world()
    lab.mounts.append(("size=8m,mode=0755", lab.state, "tmpfs"))
    path = lab.write("refill", f"#!/bin/sh\ncp -a {keep_state(lab)}/. {lab.state}/\nexec {lab.program} \"$@\"\n")
    os.chmod(path, 0o755)
    lab.program = path


def keep_state(lab):
    """A copy of the state folder, to be put into a file system that is mounted over it."""
    copy = lab.file("state.copy")
    shutil.copytree(lab.state, copy, symlinks=True)
    return copy
