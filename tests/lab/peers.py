#!/usr/bin/env python3
"""peers.py KIND ADDRESS PORT [ARGUMENT...] - small servers that misbehave on purpose, one situation each.

  dns JSON                       a name server: see Dns below for what JSON may say
  ntp JSON                       a time server: see Ntp
  tcp MODE [ARGUMENT]            below TLS and HTTP: reset, mute, close, banner TEXT, http, first-reset, first-close,
                                 first-text TEXT, alert N, sni NAME reset|close|mute, garbage, after BYTES
  web CERT ROOT MODE [ARGUMENT]  HTTPS: see the functions web_*; CERT is the path of CERT.chain.pem and CERT.key
  mitm CA FOLDER                 TLS with a certificate made on the spot for whatever name is asked for, signed by CA
  proxy MODE [ARGUMENT...]       an HTTP proxy: see the functions proxy_*
  socks MODE [ARGUMENT]          reply N, refuse, login USER:PASSWORD, open
  portal LOCATION                port 80 of a captive portal
  delay SECONDS                  (ADDRESS is a tunnel device) gives every packet back after so long
"""
import fcntl
import gzip
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

LIMIT_S = 60


def listen(address, port, serve, backlog=64):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(backlog)
    while True:
        peer, _ = server.accept()
        peer.settimeout(LIMIT_S)
        threading.Thread(target=guarded, args=(serve, peer), daemon=True).start()


def guarded(serve, peer):
    try:
        serve(peer)
    except (OSError, ValueError, IndexError, EOFError):
        pass
    finally:
        try:
            peer.close()
        except OSError:
            pass


def reset(peer):
    """Closes with a reset, past any TLS layer."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(peer, ssl.SSLSocket):
        peer = socket.socket(fileno=peer.detach())
    peer.close()


def swallow(peer):
    """Reads until the other side has enough."""
    while peer.recv(65536):
        pass


def read_head(peer, most=65536):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < most:
        piece = peer.recv(4096)
        if not piece:
            raise EOFError
        head += piece
    return head


def pump(a, b):
    """Carries bytes both ways until one side ends."""
    while True:
        ready, _, _ = select.select([a, b], [], [], LIMIT_S)
        if not ready:
            return
        for one in ready:
            data = one.recv(65536)
            if not data:
                return
            (b if one is a else a).sendall(data)


# --- DNS ------------------------------------------------------------------------------------------------------------------

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}


def pack_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.strip(".").split(".") if label) + b"\0"


def unpack_name(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
        at += 1 + data[at]
    return ".".join(labels), at + 1


class Dns:
    """zone: {name: {"A": [...], "AAAA": [...], "CNAME": "x"}}, wildcard: [address]. How: delay (s), drop: [types] or true,
    rcode (for all), rcodes: {type: rcode}, names: [...] (the rcode is for these only), formerr_edns, drop_edns, truncate, tcp
    (false: closed), short, wrong_id, aa, ra (default true), referral, ede: [[code, text]], checked (SERVFAIL unless CD), loop,
    garbage, only_tcp, delay_new (s; what it has not been asked for yet takes it so long)."""

    def __init__(self, how):
        self.how = how
        self.known = set()
        self.zone = {name.lower(): types for name, types in how.get("zone", {}).items()}

    def records(self, name, kind):
        answers, seen = [], set()
        while True:
            types = self.zone.get(name.lower())
            if types is None:
                return answers, bool(answers)
            if types.get("CNAME") and kind != "CNAME":
                answers.append((name, "CNAME", types["CNAME"]))
                name = types["CNAME"]
                if name.lower() in seen:
                    return answers, True
                seen.add(name.lower())
                continue
            values = types.get(kind) or []
            return answers + [(name, kind, v) for v in ([values] if isinstance(values, str) else values)], True

    @staticmethod
    def pack_record(name, kind, value, ttl=60):
        if kind == "A":
            data = socket.inet_pton(socket.AF_INET, value)
        elif kind == "AAAA":
            data = socket.inet_pton(socket.AF_INET6, value)
        elif kind == "SOA":
            data = pack_name("ns." + value) + pack_name("host." + value) + struct.pack("!5I", 1, 3600, 600, 86400, 60)
        else:
            data = pack_name(value)
        return pack_name(name) + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data

    def reply(self, query, tcp):
        how = self.how
        number, flags, _, _, _, extra = struct.unpack("!6H", query[:12])
        name, end = unpack_name(query, 12)
        kind = NAMES.get(struct.unpack("!H", query[end:end + 2])[0], "?")
        question = query[12:end + 4]
        edns = extra > 0
        meant = not how.get("names") or name.lower() in how["names"]
        drop = how.get("drop")
        if (drop is True or (drop and kind in drop)) and meant:
            return None
        if edns and how.get("drop_edns"):
            return None
        if how.get("short"):
            return query[:7]
        if how.get("garbage"):
            return query[:2] + b"\xff" * 40
        answers, known = self.records(name, kind)
        if not known and how.get("wildcard") and kind == "A":
            answers, known = [(name, "A", one) for one in how["wildcard"]], True
        if how.get("loop") and meant:
            answers, known = [(name, "CNAME", "a." + name), ("a." + name, "CNAME", name)], True
        rcode = 0 if known else 3
        checked = how.get("checked") and meant and not flags & 0x10
        if checked:
            rcode, answers = 2, []
        if "rcode" in how and meant:
            rcode, answers = how["rcode"], []
        if kind in how.get("rcodes", {}) and meant:
            rcode, answers = how["rcodes"][kind], []
        if edns and how.get("formerr_edns"):
            rcode, answers, edns = 1, [], False
        authority = []
        if how.get("referral"):
            answers, rcode = [], 0
            authority = [("net", "NS", "a.gtld-servers.net")]
        elif not answers and rcode in (0, 3):
            authority = [(name.split(".", 1)[-1] or "x", "SOA", "vendor-feed.net")]
        out = 0x8000 | flags & 0x0110 | rcode
        out |= 0x0400 if how.get("aa") else 0
        out |= 0x0080 if how.get("ra", True) else 0
        if how.get("truncate") and not tcp:
            out |= 0x0200
            answers = []
        body = b"".join(self.pack_record(*one) for one in answers) + b"".join(self.pack_record(*one) for one in authority)
        additional = 0
        if edns:
            options = b"".join(struct.pack("!HHH", 15, 2 + len(text), code) + text.encode()
                               for code, text in (how.get("ede", []) if rcode else []))
            body += b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(options)) + options
            additional = 1
        if how.get("wrong_id"):
            number ^= 0x5555
        return struct.pack("!6H", number, out, 1, len(answers), len(authority), additional) + question + body

    def serve_udp(self, sock):
        while True:
            query, sender = sock.recvfrom(4096)
            threading.Thread(target=self.one, args=(sock, query, sender), daemon=True).start()

    def one(self, sock, query, sender):
        try:
            reply = self.reply(query, False)
        except (IndexError, struct.error):
            return
        if self.how.get("delay"):
            time.sleep(self.how["delay"])
        asked = query[12:].lower()
        if self.how.get("delay_new") and asked not in self.known:
            time.sleep(self.how["delay_new"])
            self.known.add(asked)
        if reply is not None and not self.how.get("only_tcp"):
            sock.sendto(reply, sender)

    def serve_tcp(self, peer):
        while True:
            head = peer.recv(2)
            if len(head) < 2:
                return
            query = peer.recv(struct.unpack("!H", head)[0])
            reply = self.reply(query, True)
            if reply is not None:
                peer.sendall(struct.pack("!H", len(reply)) + reply)


def run_dns(address, port, text):
    dns = Dns(json.loads(text))
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    if dns.how.get("tcp", True):
        threading.Thread(target=listen, args=(address, port, dns.serve_tcp), daemon=True).start()
    dns.serve_udp(sock)


# --- NTP ------------------------------------------------------------------------------------------------------------------

def ntp_stamp(t):
    t += 2208988800
    return struct.pack("!II", int(t) & 0xffffffff, int((t % 1) * (1 << 32)) & 0xffffffff)


def run_ntp(address, port, text):
    """offset (s), leap, stratum, version, mode, kiss, dispersion (s), zero, origin (wrong), short, silent, delay (s)."""
    how = json.loads(text)
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    while True:
        query, sender = sock.recvfrom(1024)
        if how.get("silent") or len(query) < 48:
            continue
        if how.get("delay"):
            time.sleep(how["delay"])
        now = time.time() + how.get("offset", 0)
        first = how.get("leap", 0) << 6 | how.get("version", query[0] >> 3 & 7) << 3 | how.get("mode", 4)
        reference = how.get("kiss", "").encode().ljust(4, b"\0") if how.get("kiss") else b"GPS\0"
        stratum = 0 if how.get("kiss") else how.get("stratum", 2)
        origin = b"\1\2\3\4\5\6\7\10" if how.get("origin") else query[40:48]
        transmit = b"\0" * 8 if how.get("zero") else ntp_stamp(now)
        reply = (struct.pack("!BBbbII", first, stratum, 6, -20, 66, int(how.get("dispersion", 0.01) * 65536)) + reference
                 + ntp_stamp(now - 10) + origin + ntp_stamp(now) + transmit)
        sock.sendto(reply[:how.get("short", 48)], sender)


# --- below TLS ------------------------------------------------------------------------------------------------------------

def hello_name(hello):
    """The name in a ClientHello, or ""."""
    try:
        at = 5 + 4 + 2 + 32
        at += 1 + hello[at]
        at += 2 + struct.unpack("!H", hello[at:at + 2])[0]
        at += 1 + hello[at]
        end = at + 2 + struct.unpack("!H", hello[at:at + 2])[0]
        at += 2
        while at + 4 <= end:
            kind, length = struct.unpack("!HH", hello[at:at + 4])
            if kind == 0:
                return hello[at + 9:at + 4 + length].decode("latin-1")
            at += 4 + length
    except (IndexError, struct.error):
        pass
    return ""


class Tcp:
    def __init__(self, mode, arguments):
        self.mode, self.arguments = mode, arguments

    def serve(self, peer):
        getattr(self, "do_" + self.mode.replace("-", "_"))(peer, *self.arguments)

    @staticmethod
    def do_reset(peer):
        reset(peer)

    @staticmethod
    def do_mute(peer):
        swallow(peer)

    @staticmethod
    def do_close(peer):
        pass

    @staticmethod
    def do_banner(peer, text):
        peer.sendall(text.encode() + b"\r\n")
        swallow(peer)

    @staticmethod
    def do_http(peer):
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 11\r\n"
                     b"Connection: close\r\n\r\nBad request")
        swallow(peer)

    @staticmethod
    def do_first_reset(peer):
        peer.recv(65536)
        reset(peer)

    @staticmethod
    def do_first_close(peer):
        peer.recv(65536)

    @staticmethod
    def do_first_text(peer, text):
        peer.recv(65536)
        peer.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        swallow(peer)

    @staticmethod
    def do_alert(peer, number):
        peer.recv(65536)
        peer.sendall(b"\x15\x03\x03\x00\x02\x02" + bytes([int(number)]))
        swallow(peer)

    @staticmethod
    def do_garbage(peer):
        peer.recv(65536)
        peer.sendall(os.urandom(2000).replace(b"\x16", b"\x00"))
        swallow(peer)


def run_tcp(address, port, mode, *arguments):
    listen(address, port, Tcp(mode, arguments).serve)


def run_sni(address, port, name, how, certificate, root):
    """Like a filter on the way: `how` happens to a ClientHello for that name; any other goes to a good server."""
    def serve(peer):
        hello = peer.recv(65536, socket.MSG_PEEK)
        if hello_name(hello).lower() == name:
            if how == "reset":
                peer.recv(65536)
                reset(peer)
            elif how == "close":
                peer.recv(65536)
            else:
                swallow(peer)
            return
        Web(certificate, root, "ok", ()).serve(peer)

    listen(address, port, serve)


# --- HTTPS ----------------------------------------------------------------------------------------------------------------

class Web:
    def __init__(self, certificate, root, mode, arguments):
        self.root, self.mode, self.arguments = root, mode, arguments
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")  # for weak certificates
        self.context.load_cert_chain(certificate + ".chain.pem", certificate + ".key")

    def serve(self, peer):
        peer = self.context.wrap_socket(peer, server_side=True)
        try:
            self.talk(peer)
        finally:
            try:
                peer.close()
            except OSError:
                pass

    def talk(self, peer):
        request = read_head(peer).split(b"\r\n")[0].split()
        self.path = request[1].decode("latin-1")
        getattr(self, "web_" + self.mode.replace("-", "_"))(peer, *self.arguments)

    def file(self):
        path = os.path.join(self.root, os.path.basename(self.path.split("?")[0]) or "index.html")
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read()

    @staticmethod
    def answer(peer, status, body=b"", headers=(), kind="text/plain", length=None):
        head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *headers]
        if length != "none":
            head.append(f"Content-Length: {len(body) if length is None else length}")
        peer.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def web_ok(self, peer):
        body = self.file()
        if body is None:
            self.answer(peer, "404 Not Found", b"nothing here")
        else:
            self.answer(peer, "200 OK", body, kind="application/xml")

    def web_slow(self, peer, seconds):
        time.sleep(float(seconds))
        self.web_ok(peer)

    def web_status(self, peer, status, *headers):
        self.answer(peer, status, b"<html>" + status.encode() + b"</html>", headers, "text/html")

    def web_redirect(self, peer, location):
        self.answer(peer, "302 Found", headers=["Location: " + location])

    def web_redirects(self, peer, count):
        """A chain of so many, each to another path."""
        number = int(self.path.rsplit("/", 1)[-1]) if self.path.rsplit("/", 1)[-1].isdigit() else 0
        if number < int(count):
            self.answer(peer, "302 Found", headers=[f"Location: /{number + 1}"])
        else:
            self.answer(peer, "200 OK", b"x")

    def web_body(self, peer, kind, text):
        self.answer(peer, "200 OK", text.encode(), kind=kind)

    def web_empty(self, peer):
        pass

    def web_mute(self, peer):
        swallow(peer)

    def web_reset_answer(self, peer):
        reset(peer)

    def web_truncated(self, peer):
        body = self.file() or b""
        self.answer(peer, "200 OK", body[:len(body) // 2], kind="application/xml", length=len(body))

    def web_truncated_chunked(self, peer):
        body = (self.file() or b"")[:200]
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n")

    def web_truncated_silently(self, peer):
        body = self.file() or b""
        self.answer(peer, "200 OK", body[:len(body) // 2], kind="application/xml", length="none")

    def web_reset_body(self, peer):
        body = self.file() or b""
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:100])
        time.sleep(0.2)
        reset(peer)

    def web_stall(self, peer):
        body = self.file() or b""
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:100])
        swallow(peer)

    def web_drip(self, peer):
        body = (self.file() or b"") * 50
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for byte in body:
            peer.sendall(bytes([byte]))
            time.sleep(0.3)

    def web_bad_chunk(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")

    def web_garbage(self, peer):
        peer.sendall(b"\x00\x01\x02\x03 this is no HTTP\r\n\r\n")

    def web_huge_header(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 400000 + b"\r\n\r\n")

    def web_endless_header(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            peer.sendall(b"X-More: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 50)

    def web_endless(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<?xml version=\"1.0\"?>\n")
        while True:
            peer.sendall(b"<!-- and so on, and so on, and so on, and so on, and so on, and so on -->\n" * 100)

    def web_bad_gzip(self, peer):
        self.answer(peer, "200 OK", gzip.compress(self.file() or b"")[:-20] + b"garbage" * 4, ["Content-Encoding: gzip"])

    def web_unknown_encoding(self, peer):
        self.answer(peer, "200 OK", self.file() or b"", ["Content-Encoding: gzip"])

    def web_client_certificate(self, peer):
        self.answer(peer, "400 Bad Request", b"<html><head><title>400 No required SSL certificate was sent</title></head>"
                    b"<body><center><h1>400 Bad Request</h1></center><center>No required SSL certificate was sent</center>"
                    b"<hr><center>nginx</center></body></html>", kind="text/html")

    def web_old_date(self, peer):
        self.answer(peer, "200 OK", self.file() or b"", ["Date: Thu, 01 Jan 2015 00:00:00 GMT"], "application/xml")


def run_web(address, port, certificate, root, mode, *arguments):
    listen(address, port, Web(certificate, root, mode, arguments).serve)


def run_cut(address, port, certificate, root, limit):
    """A flow that is cut once so many bytes have come from the server: from then on silence."""
    inner, outer = socket.socketpair()
    inner.close()
    outer.close()
    web = Web(certificate, root, "ok", ())

    def serve(peer):
        near, far = socket.socketpair()
        threading.Thread(target=guarded, args=(web.serve, far), daemon=True).start()
        left = int(limit)
        while True:
            ready, _, _ = select.select([peer, near], [], [], LIMIT_S)
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                if one is peer:
                    near.sendall(data)
                else:
                    peer.sendall(data[:max(left, 0)])
                    left -= len(data)

    listen(address, port, serve)


# --- interception ---------------------------------------------------------------------------------------------------------

class Minter:
    """Certificates for any name, signed by one CA, made when first asked for."""

    def __init__(self, ca, folder):
        self.ca, self.folder, self.lock, self.made = ca, folder, threading.Lock(), {}
        os.makedirs(folder, exist_ok=True)
        self.key = os.path.join(folder, "minted.key")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key],
                       check=True, capture_output=True)

    def context(self, name):
        with self.lock:
            if name not in self.made:
                self.made[name] = self.mint(name)
            return self.made[name]

    def mint(self, name):
        base = os.path.join(self.folder, f"n{len(self.made)}")
        with open(base + ".ext", "w") as out:
            out.write(f"subjectAltName=DNS:{name or 'none.invalid'}\nextendedKeyUsage=serverAuth\n")
        subprocess.run(["openssl", "req", "-new", "-key", self.key, "-subj", f"/CN={name or 'none.invalid'}", "-out",
                        base + ".csr"], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", base + ".csr", "-CA", self.ca + ".pem", "-CAkey", self.ca + ".key",
                        "-set_serial", str(int(time.time() * 1000)), "-days", "90", "-extfile", base + ".ext", "-out",
                        base + ".pem"], check=True, capture_output=True)
        with open(base + ".pem", "a") as out, open(self.ca + ".pem") as ca:
            out.write(ca.read())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(base + ".pem", self.key)
        return context

    def serve(self, peer, page=b"<html>blocked by policy</html>"):
        name = hello_name(peer.recv(65536, socket.MSG_PEEK)).lower()
        peer = self.context(name).wrap_socket(peer, server_side=True)
        read_head(peer)
        Web.answer(peer, "200 OK", page, kind="text/html")
        peer.close()


def run_mitm(address, port, ca, folder):
    listen(address, port, Minter(ca, folder).serve)


# --- proxies --------------------------------------------------------------------------------------------------------------

class Proxy:
    def __init__(self, mode, arguments):
        self.mode, self.arguments = mode, arguments
        if mode == "mitm":
            self.minter = Minter(*arguments)
        if mode == "rewrite":
            self.web = Web(arguments[0], arguments[1], "body", ("text/html", "<html>This content was removed</html>"))

    def serve(self, peer):
        head = read_head(peer)
        self.request = head.split(b"\r\n")[0].decode("latin-1")
        self.login = b"\r\nproxy-authorization:" in head.lower()
        getattr(self, "proxy_" + self.mode.replace("-", "_"))(peer, *self.arguments)

    @staticmethod
    def say(peer, status, *headers, body=b"<html>no</html>"):
        peer.sendall("\r\n".join([f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body)}",
                                  "Connection: close", *headers]).encode() + b"\r\n\r\n" + body)

    def open(self, peer):
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

    def proxy_say(self, peer, status, *headers):
        self.say(peer, status, *headers)

    def proxy_connect_only(self, peer, status, *headers):
        """So for CONNECT; a plain request gets an ordinary page."""
        if self.request.startswith("CONNECT"):
            self.say(peer, status, *headers)
        else:
            self.say(peer, "200 OK")

    def proxy_silent(self, peer):
        self.open(peer)
        swallow(peer)

    def proxy_reset(self, peer):
        self.open(peer)
        peer.recv(65536)
        reset(peer)

    def proxy_html(self, peer):
        self.open(peer)
        peer.recv(65536)
        peer.sendall(b"<html><body>This site is blocked by the security policy</body></html>")

    def proxy_drop(self, peer):
        pass

    def proxy_drop_reset(self, peer):
        reset(peer)

    def proxy_garbage(self, peer):
        peer.sendall(b"\x01\x02\x03garbage\r\n\r\n")

    def proxy_mute(self, peer):
        swallow(peer)

    def proxy_wait(self, peer, seconds, status, *headers):
        time.sleep(float(seconds))
        self.say(peer, status, *headers)

    def proxy_mitm(self, peer, *_):
        self.open(peer)
        self.minter.serve(peer)

    def proxy_rewrite(self, peer, *_):
        self.open(peer)
        self.web.serve(peer)

    def proxy_pass(self, peer, address):
        """A good proxy that sends every tunnel to one address."""
        self.open(peer)
        far = socket.create_connection((address, 443), 5)
        pump(peer, far)

    def proxy_login(self, peer, methods, address):
        """Wants a login on a new connection each time, as some appliances do."""
        if not self.login:
            self.say(peer, "407 Proxy Authentication Required", *[f"Proxy-Authenticate: {m}" for m in methods.split("|")])
        else:
            self.proxy_pass(peer, address)


def run_proxy(address, port, mode, *arguments):
    listen(address, port, Proxy(mode, arguments).serve)


def run_socks(address, port, mode, *arguments):
    def serve(peer):
        hello = peer.recv(2)
        if len(hello) < 2 or hello[0] != 5:
            return
        offered = peer.recv(hello[1])
        if mode == "refuse" or (mode == "login" and 2 not in offered):
            peer.sendall(b"\x05\xff")
            return
        if mode == "login":
            peer.sendall(b"\x05\x02")
            head = peer.recv(2)
            user = peer.recv(head[1]).decode("latin-1")
            password = peer.recv(peer.recv(1)[0]).decode("latin-1")
            good = f"{user}:{password}" == arguments[0]
            peer.sendall(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        else:
            peer.sendall(b"\x05\x00")
        request = peer.recv(4)
        if request[3] == 3:
            peer.recv(peer.recv(1)[0])
        else:
            peer.recv(4 if request[3] == 1 else 16)
        peer.recv(2)
        code = int(arguments[0]) if mode == "reply" else 0
        peer.sendall(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))
        if code == 0:
            pump(peer, socket.create_connection((arguments[-1], 443), 5))

    listen(address, port, serve)


def run_portal(address, port, location):
    def serve(peer):
        read_head(peer)
        if location.startswith("http"):
            Web.answer(peer, "302 Found", headers=["Location: " + location])
        else:
            Web.answer(peer, location, b"<html><title>Guest network</title>Please log in with your password</html>",
                       kind="text/html")

    listen(address, port, serve)


def run_delay(device, _, seconds):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH", device.encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    waiting = []
    while True:
        until = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([tun], [], [], until)[0]:
            waiting.append((time.monotonic() + float(seconds), os.read(tun, 65536)))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(tun, waiting.pop(0)[1])


def main():
    kind, address, port, arguments = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    globals()["run_" + kind](address, port, *arguments)


if __name__ == "__main__":
    main()
