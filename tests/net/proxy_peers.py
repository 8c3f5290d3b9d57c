#!/usr/bin/env python3
"""Peers for proxy_test.sh, on loopback, one port each: what stands where a proxy should, and the feed behind it.

Prints "name=port" for each, then serves until it is killed.
"""
import signal
import socket
import threading


def listen(name, serve, backlog=16, address="127.0.0.1"):
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.bind((address, 0))
    server.listen(backlog)
    print(f"{name}={server.getsockname()[1]}")

    def accept():
        while True:
            peer = server.accept()[0]
            threading.Thread(target=guarded, args=(serve, peer), daemon=True).start()

    if serve is not None:
        threading.Thread(target=accept, daemon=True).start()
    return server


def guarded(serve, peer):
    try:
        with peer:
            serve(peer)
    except (OSError, IndexError):
        pass


def read_head(peer):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = peer.recv(4096)
        if not piece:
            break
        head += piece
    return head


def says(answer):
    """An HTTP proxy with one answer for everybody."""
    def serve(peer):
        read_head(peer)
        peer.sendall(answer.encode() + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return serve


def mute(peer):
    while peer.recv(4096):
        pass


def closes(peer):
    read_head(peer)


def ssh(peer):
    peer.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    mute(peer)


def socks(login, reply):
    def serve(peer):
        version, count = peer.recv(2)
        methods = peer.recv(count)
        if version != 5:
            return
        method = 2 if login else 0
        if method not in methods:
            peer.sendall(b"\x05\xff")
            return
        peer.sendall(bytes([5, method]))
        if login:
            peer.recv(1)
            user = peer.recv(peer.recv(1)[0])
            password = peer.recv(peer.recv(1)[0])
            good = (user, password) == login
            peer.sendall(b"\x01" + (b"\x00" if good else b"\x01"))
            if not good:
                return
        peer.recv(4096)
        peer.sendall(bytes([5, reply, 0, 1, 127, 0, 0, 1, 0, 0]))
        mute(peer)
    return serve


keep = [
    listen("feed", mute),
    listen("mute", mute),
    listen("closes", closes),
    listen("ssh", ssh),
    listen("negotiate", says("HTTP/1.1 407 Login\r\nProxy-Authenticate: Negotiate")),
    listen("bearer", says("HTTP/1.1 407 Login\r\nProxy-Authenticate: Bearer")),
    listen("portal", says("HTTP/1.1 302 Found\r\nLocation: http://login.example/")),
    listen("web", says("HTTP/1.1 405 Method Not Allowed")),
    listen("loop", says("HTTP/1.1 502 Bad Gateway\r\nProxy-Status: p; error=proxy_loop_detected")),
    listen("socks", socks(None, 0)),
    listen("socks_login", socks((b"operator", b"s3cret-pass"), 0)),
    listen("socks_refused", socks(None, 5)),
]
try:
    keep.append(listen("opens6", says("HTTP/1.1 200 OK"), address="::1"))
except OSError:
    print("opens6=")
# Nobody accepts here and the queue is full: a connection gets no answer.
full = listen("full", None, backlog=0)
for _ in range(4):
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(full.getsockname())
    keep.append(filler)
# Bound and not listening: refused.
closed = socket.socket()
closed.bind(("127.0.0.1", 0))
print(f"closed={closed.getsockname()[1]}", flush=True)
while True:
    signal.pause()
