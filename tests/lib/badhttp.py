#!/usr/bin/env python3
"""badhttp.py - a server that misbehaves on purpose, for tests.

  badhttp.py --port PORT [--log FILE] [--cert CHAIN --key KEY] MODE [ARG]
  badhttp.py --cases FILE --ports FILE [--log FILE]

The second form is many servers in one process: each line of the cases is NAME, a certificate chain with the key in the
same file (- for none), MODE and ARG, separated by tabs; "NAME PORT" lines go to the ports file once all listen.

With --cert everything happens inside TLS. One line a request goes to the log: method, target, range, if-range.

MODE paths: HTTP/1.1, one request a connection; the path chooses the behaviour. N is a size in bytes; an object's byte
at offset i is (i * 7 + i // 251) % 256, so that a wrong splice shows. COUNT counts requests of that very path.
  /ok/N                 well behaved: ETag, Last-Modified, ranges, If-Range
  /flaky/N/K            the same, but each connection breaks after K bytes of the body
  /flaky-dated/N/K      the same with Last-Modified only;  /flaky-weak/N/K with a weak ETag only; /flaky-odd/N/K/HEX with an ETag
                        of those bytes only; the first breaks
  /norange/N/K          the first breaks after K bytes; ranges are ignored (200)
  /changed/N/K          the first breaks after K bytes; then it is another object, honestly (200 to If-Range)
  /changed-206/N/K      the first breaks after K bytes; then another object's range, If-Range ignored
  /wrong-206/N/K        the first breaks after K bytes; then a 206 with another start
  /grown-206/N/K        the first breaks after K bytes; then a 206 of a longer object
  /unsatisfied/N/K      the first breaks after K bytes; ranges get 416
  /truncate/N/K         always breaks after K bytes, no ETag;  /truncate-chunked/N/K;  /reset/N/K (RST)
  /nolength/N           no length, ends with the connection;  /endless: no length, no end
  /stall/K              K bytes, then nothing;  /drip/MS: a byte every MS milliseconds;  /mute: no answer
  /empty                closed without an answer;  /garbage: no HTTP;  /bad-chunk
  /huge-header          one line of 300 KB;  /many-headers: 10000 lines;  /endless-header;  /endless-100: 100 Continue
  /status/CODE          that status;  /status/CODE/COUNT: so often, then as /ok/1000
  /retry-after/TEXT/COUNT   429 with Retry-After: TEXT, so often;  /retry-date/S/COUNT: a date in S seconds (Date too)
  /redirect/COUNT       that many redirects, then as /ok/1000;  /loop;  /to?URL;  /no-location;  /endless-redirect-body
  /gzip/N               Content-Encoding: gzip although nobody asked
MODE broken-h2 (with --cert): who speaks HTTP/2 gets garbage, who speaks HTTP/1.1 gets the paths.
Modes that speak before HTTP, or never:
  silent | close | reset | banner TEXT (then waits) | banner-close TEXT | answer TEXT (after the request's header; \\r\\n
  are read as such) | tunnel-silent | tunnel-close | tunnel-reset | tunnel-html (CONNECT is answered 200, then that) |
  alert N (a TLS alert record to any ClientHello) | socks N (SOCKS 5, no login, reply N) | socks-auth (refuses the login) |
  ftp USER:PASSWORD (passive FTP; a path's last part N is an object of N bytes, anything else is not there; an empty ARG
  lets anonymous in)
"""
import argparse
import email.utils
import os
import socket
import ssl
import struct
import threading
import time

LIMIT_S = 60
STARTED = 1700000000


def content(n, first=0):
    return bytes((i * 7 + i // 251) % 256 for i in range(first, n))


class Gone(Exception):
    pass


class Server:
    def __init__(self, args):
        self.args = args
        self.counts = {}
        self.lock = threading.Lock()
        self.log = open(args.log, "a", buffering=1) if args.log else None
        self.tls = None
        if args.cert:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(args.cert, args.key)
            if args.mode == "broken-h2":
                self.tls.set_alpn_protocols(["h2", "http/1.1"])

    def count(self, path):
        with self.lock:
            self.counts[path] = self.counts.get(path, 0) + 1
            return self.counts[path]

    def listen(self):
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.args.host, self.args.port))
        self.listener.listen(64)
        return self.listener.getsockname()[1]

    def serve(self):
        while True:
            conn, _ = self.listener.accept()
            threading.Thread(target=self.run, args=(conn,), daemon=True).start()

    def run(self, raw):
        raw.settimeout(LIMIT_S)
        conn = raw
        try:
            if self.tls:
                conn = self.tls.wrap_socket(raw, server_side=True)
            Talk(self, conn).go()
        except (OSError, Gone, ValueError):
            pass
        finally:
            try:
                if self.tls and isinstance(conn, ssl.SSLSocket):
                    conn.unwrap()
            except (OSError, ValueError):
                pass
            conn.close()


class Talk:
    def __init__(self, server, conn):
        self.server = server
        self.conn = conn

    def go(self):
        mode = self.server.args.mode
        getattr(self, "mode_" + mode.replace("-", "_"))(*self.server.args.arg)

    def reset(self):
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Past ssl, so that no close_notify softens it.
        socket.socket(fileno=self.conn.detach()).close()
        raise Gone

    def wait(self):
        """Until the other side has gone."""
        end = time.time() + LIMIT_S
        while time.time() < end and self.conn.recv(4096):
            pass
        raise Gone

    def read_head(self):
        data = b""
        while b"\r\n\r\n" not in data and len(data) < 65536:
            got = self.conn.recv(4096)
            if not got:
                raise Gone
            data += got
        return data.decode("latin-1")

    # --- before HTTP

    def mode_silent(self):
        self.wait()

    def mode_close(self):
        self.conn.recv(1)
        # Unread bytes would turn the close into a reset.
        self.conn.settimeout(0.1)
        try:
            while self.conn.recv(4096):
                pass
        except OSError:
            pass

    def mode_reset(self):
        self.conn.recv(1)
        self.reset()

    def mode_banner(self, text):
        self.conn.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        self.wait()

    def mode_banner_close(self, text):
        self.conn.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        self.mode_close()

    def mode_answer(self, text):
        self.read_head()
        self.conn.sendall(text.encode().decode("unicode_escape").encode("latin-1"))

    def mode_alert(self, number):
        self.conn.recv(4096)
        self.conn.sendall(bytes([21, 3, 3, 0, 2, 2, int(number)]))

    def tunnel(self):
        self.read_head()
        self.conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

    def mode_tunnel_silent(self):
        self.tunnel()
        self.wait()

    def mode_tunnel_close(self):
        self.tunnel()
        self.mode_close()

    def mode_tunnel_reset(self):
        self.tunnel()
        self.mode_reset()

    def mode_tunnel_html(self):
        self.tunnel()
        self.conn.recv(4096)
        self.conn.sendall(b"<html><body>Access blocked by policy</body></html>")

    def mode_socks(self, reply):
        self.conn.recv(4096)
        self.conn.sendall(b"\x05\x00")
        self.conn.recv(4096)
        self.conn.sendall(bytes([5, int(reply), 0, 1, 0, 0, 0, 0, 0, 0]))

    def mode_socks_auth(self):
        self.conn.recv(4096)
        self.conn.sendall(b"\x05\x02")
        self.conn.recv(4096)
        self.conn.sendall(b"\x01\x01")

    def mode_broken_h2(self):
        if self.conn.selected_alpn_protocol() == "h2":
            self.conn.recv(4096)
            # A DATA frame of a stream that nobody opened.
            self.conn.sendall(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + b"\x00\x00\x01\x00\x00\x00\x00\x00\x09x")
            self.wait()
        self.mode_paths()

    # --- FTP

    def mode_ftp(self, login="anonymous:"):
        say = lambda text: self.conn.sendall((text + "\r\n").encode())
        login = login or "anonymous:"
        user, data, first = "", None, 0
        say("220 ready")
        for line in self.conn.makefile("r", encoding="latin-1", newline="\r\n"):
            verb, _, arg = line.strip().partition(" ")
            if self.server.log:
                self.server.log.write("ftp %s %s\n" % (verb, "..." if verb == "PASS" else arg))
            if verb == "USER":
                user = arg
                say("331 password")
            elif verb == "PASS":
                good = user + ":" + arg == login or (login == "anonymous:" and user == "anonymous")
                say("230 in" if good else "530 Login incorrect")
            elif verb == "EPSV":
                data = socket.socket()
                data.bind((self.server.args.host, 0))
                data.listen(1)
                say("229 Entering (|||%d|)" % data.getsockname()[1])
            elif verb == "SIZE":
                say("213 " + arg if arg.isdigit() else "550 no such file")
            elif verb == "REST":
                first = int(arg)
                say("350 from there")
            elif verb == "RETR":
                if not arg.isdigit():
                    say("550 no such file")
                    continue
                say("150 here it comes")
                conn, _ = data.accept()
                conn.sendall(content(int(arg), first))
                conn.close()
                say("226 done")
            elif verb == "PWD":
                say('257 "/"')
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("200 fine" if verb in ("TYPE", "CWD") else "502 not here")

    # --- HTTP

    def mode_paths(self):
        lines = self.read_head().split("\r\n")
        self.method, self.target, _ = lines[0].split(" ")
        self.fields = {}
        for line in lines[1:]:
            if ":" in line:
                name, value = line.split(":", 1)
                self.fields[name.strip().lower()] = value.strip()
        if self.server.log:
            self.server.log.write('%s %s range="%s" if-range="%s"\n' % (
                self.method, self.target, self.fields.get("range", "-"), self.fields.get("if-range", "-")))
        path, _, query = self.target.partition("?")
        parts = path.strip("/").split("/")
        self.nth = self.server.count(path)
        getattr(self, "path_" + parts[0].replace("-", "_"))(*([query] if query else parts[1:]))

    def head(self, status, *fields):
        lines = ["HTTP/1.1 %s X" % status, "Connection: close"] + list(fields)
        self.conn.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def wanted(self, n, validators):
        """First byte that is asked for, None without a range or when If-Range does not match."""
        text = self.fields.get("range", "")
        if not text.startswith("bytes=") or not text.endswith("-"):
            return None
        if "if-range" in self.fields and self.fields["if-range"] not in validators:
            return None
        first = int(text[6:-1])
        return first if first < n else None

    def give(self, n, etag=None, date=True, cut=None):
        modified = email.utils.formatdate(STARTED, usegmt=True)
        fields = (["ETag: " + etag] if etag else []) + (["Last-Modified: " + modified] if date else [])
        first = self.wanted(n, [etag, modified])
        if first is None:
            self.head(200, "Content-Length: %d" % n, *fields)
            first = 0
        else:
            self.head(206, "Content-Length: %d" % (n - first), "Content-Range: bytes %d-%d/%d" % (first, n - 1, n), *fields)
        body = content(n, first)
        self.conn.sendall(body if cut is None else body[:cut])

    def path_ok(self, n):
        self.give(int(n), '"v1"')

    def path_flaky(self, n, k):
        self.give(int(n), '"v1"', cut=int(k))

    def path_flaky_dated(self, n, k):
        self.give(int(n), cut=int(k))

    def path_flaky_weak(self, n, k):
        self.give(int(n), 'W/"v1"', date=False, cut=int(k) if self.nth == 1 else None)

    def path_flaky_odd(self, n, k, etag):
        self.give(int(n), bytes.fromhex(etag).decode("latin-1"), date=False, cut=int(k) if self.nth == 1 else None)

    def cut_first(self, n, k):
        if self.nth == 1:
            self.give(int(n), '"v1"', cut=int(k))
        return self.nth == 1

    def path_norange(self, n, k):
        self.fields.pop("range", None)
        self.give(int(n), '"v1"', cut=int(k) if self.nth == 1 else None)

    def path_changed(self, n, k):
        if not self.cut_first(n, k):
            self.give(int(n) + 10, '"v2"')

    def other_206(self, n, first, total, etag):
        if "range" not in self.fields:
            self.give(n, etag)
            return
        self.head(206, "Content-Length: %d" % (total - first), "Content-Range: bytes %d-%d/%d" % (first, total - 1, total),
                  "ETag: " + etag)
        self.conn.sendall(content(total, first))

    def path_changed_206(self, n, k):
        if not self.cut_first(n, k):
            self.other_206(int(n), int(k), int(n), '"v2"')

    def path_wrong_206(self, n, k):
        if not self.cut_first(n, k):
            self.other_206(int(n), int(k) + 1, int(n), '"v1"')

    def path_grown_206(self, n, k):
        if not self.cut_first(n, k):
            self.other_206(int(n), int(k), int(n) + 5, '"v1"')

    def path_unsatisfied(self, n, k):
        if self.cut_first(n, k):
            return
        if "range" in self.fields:
            self.head(416, "Content-Length: 0", "Content-Range: bytes */%s" % n)
        else:
            self.give(int(n), '"v1"')

    def path_truncate(self, n, k):
        self.head(200, "Content-Length: " + n)
        self.conn.sendall(content(int(k)))

    def path_truncate_chunked(self, n, k):
        self.head(200, "Transfer-Encoding: chunked")
        self.conn.sendall(b"%x\r\n" % int(n) + content(int(k)))

    def path_reset(self, n, k):
        self.head(200, "Content-Length: " + n)
        self.conn.sendall(content(int(k)))
        time.sleep(0.1)
        self.reset()

    def path_nolength(self, n):
        self.head(200)
        self.conn.sendall(content(int(n)))

    def path_endless(self):
        self.head(200)
        self.flood(b"x" * 65536)

    def flood(self, block, pause=0.0):
        end = time.time() + LIMIT_S
        while time.time() < end:
            self.conn.sendall(block)
            time.sleep(pause)

    def path_stall(self, k):
        self.head(200, "Content-Length: 1000000")
        self.conn.sendall(content(int(k)))
        self.wait()

    def path_drip(self, ms):
        self.head(200, "Content-Length: 1000000")
        self.flood(b"x", int(ms) / 1000)

    def path_mute(self):
        self.wait()

    def path_empty(self):
        pass

    def path_garbage(self):
        self.conn.sendall(b"\x00\x01\x02 not http at all\r\n\r\n")

    def path_bad_chunk(self):
        self.head(200, "Transfer-Encoding: chunked")
        self.conn.sendall(b"5\r\nhello\r\nZZZ\r\nwhat\r\n")

    def path_huge_header(self):
        self.head(200, "X-Huge: " + "x" * 300000, "Content-Length: 0")

    def path_many_headers(self):
        self.head(200, *(["X-%d: y" % i for i in range(10000)] + ["Content-Length: 0"]))

    def path_endless_header(self):
        self.conn.sendall(b"HTTP/1.1 200 X\r\n")
        self.flood(b"X-More: and more\r\n" * 100)

    def path_endless_100(self):
        self.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def path_status(self, code, count="1000000"):
        if self.nth > int(count):
            self.path_ok("1000")
        else:
            self.head(code, "Content-Length: 5", "Server: bad/1.0")
            self.conn.sendall(b"sorry")

    def path_retry_after(self, text, count):
        if self.nth > int(count):
            self.path_ok("1000")
        else:
            self.head(429, "Content-Length: 0", "Retry-After: " + text)

    def path_retry_date(self, seconds, count):
        # The server's clock is years off: what counts is the distance to its own Date.
        if self.nth > int(count):
            self.path_ok("1000")
        else:
            self.head(503, "Content-Length: 0", "Date: " + email.utils.formatdate(STARTED, usegmt=True),
                      "Retry-After: " + email.utils.formatdate(STARTED + int(seconds), usegmt=True))

    def path_redirect(self, count):
        if int(count) == 0:
            self.path_ok("1000")
        else:
            self.head(302, "Content-Length: 3", "Location: /redirect/%d" % (int(count) - 1))
            self.conn.sendall(b"go\n")

    def path_loop(self):
        self.head(301, "Content-Length: 0", "Location: /loop")

    def path_to(self, url):
        self.head(307, "Content-Length: 0", "Location: " + url)

    def path_no_location(self):
        self.head(302, "Content-Length: 0")

    def path_endless_redirect_body(self):
        self.head(302, "Location: /ok/1000")
        self.flood(b"x" * 65536)

    def path_gzip(self, n):
        self.head(200, "Content-Encoding: gzip", "Content-Length: " + n)
        self.conn.sendall(content(int(n)))


def serve_cases(args):
    servers = []
    with open(args.cases) as cases, open(args.ports + ".new", "w") as ports:
        for line in cases:
            name, cert, mode, *arg = line.rstrip("\n").split("\t")
            cert = None if cert == "-" else cert
            servers.append(Server(argparse.Namespace(host=args.host, port=0, log=args.log, cert=cert, key=cert, mode=mode,
                                                     arg=[a for a in arg if a])))
            ports.write("%s %d\n" % (name, servers[-1].listen()))
    os.rename(args.ports + ".new", args.ports)
    for server in servers[1:]:
        threading.Thread(target=server.serve, daemon=True).start()
    servers[0].serve()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--cases")
    parser.add_argument("--ports")
    parser.add_argument("--log")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("mode", nargs="?")
    parser.add_argument("arg", nargs="*")
    args = parser.parse_args()
    if args.cases:
        serve_cases(args)
    server = Server(args)
    server.listen()
    server.serve()


if __name__ == "__main__":
    main()
