#!/usr/bin/env python3
"""Hostile text from every side, and the raw bytes that reach the terminal: log lines, file names, certificate names, the answer of
a server and of a proxy. None of it may move the cursor, set a title, fill the clipboard or turn the text around.
hostile.py PROGRAM"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pty_console import Console  # noqa: E402

PROGRAM = sys.argv[1]
EVIL = 'EVIL\033]0;OWNED\007\033]52;c;T1dORUQ=\007\033[2J\033[31mRED\u202eBIDI\u009b5mC1'
# What we ourselves send: colours, moves, erasing, repeating, regions, modes.
OURS = re.compile(rb'\033\[[0-9;]*[mHJKGdXAbrBCDlP@LMST]|\033\[\?[0-9;]+[hl]|\033\[4l|\033\[22;0;0t|\033\[23;0;0t|\033[=>M78D]|\033\(B')


def serve(stop):
    """Answers everything with a hostile status line and hostile headers."""
    s = socket.create_server(('127.0.0.1', 0))
    s.settimeout(0.2)

    def loop():
        while not stop.is_set():
            try:
                c, _ = s.accept()
            except TimeoutError:
                continue
            try:
                c.settimeout(2)
                c.recv(4096)
                text = EVIL.encode().replace(b'\n', b'')
                c.sendall(b'HTTP/1.1 407 ' + text + b'\r\nServer: ' + text + b'\r\nProxy-Authenticate: Basic realm="' + text +
                          b'"\r\nVia: ' + text + b'\r\nContent-Length: 0\r\n\r\n')
            except OSError:
                pass
            c.close()
    threading.Thread(target=loop, daemon=True).start()
    return s.getsockname()[1]


def check_bytes(data, where):
    for bad in [b'OWNED\007', b'\033]', b'\033[2J\033[31mRED', '\u202e'.encode(), '\u009b'.encode()]:
        assert bad not in data, (where, bad, data[max(data.find(bad) - 80, 0):][:200])
    rest = OURS.sub(b'', data)
    assert b'\033' not in rest, (where, rest[max(rest.find(b'\033') - 40, 0):][:120])
    left = [b for b in rest if b < 0x20 and b not in b'\r\n\b\016\017']
    assert not left, (where, left)


def main():
    work, stop = tempfile.mkdtemp(), threading.Event()
    try:
        args = [PROGRAM, '--config', work + '/c.conf', '--state-dir', work + '/state']
        port = serve(stop)
        log = work + '/ise-psc.log'
        with open(log, 'w') as f:
            for level in ['INFO ', 'ERROR', 'WARN ']:
                f.write(f'2025-03-13 14:24:50,803 {level} [{EVIL}][[]] a.b.{EVIL} -:{EVIL}:::- message {EVIL} \x08\x08\t\r end\n')
            f.write(f'\tat {EVIL}\n')
        names = work + '/bundles'
        os.mkdir(names)
        with open(names.encode() + b'/' + EVIL.encode() + b'.zip', 'wb') as f:
            f.write(b'no zip')
        os.mkdir(names.encode() + b'/\xff\xfe\033[2Jdir')
        for key, value in [('log.file', log), ('source.feed_url', 'https://127.0.0.1:1/x.xml'), ('proxy.enabled', 'true'),
                           ('proxy.host', '127.0.0.1'), ('proxy.port', str(port)), ('time.servers', '127.0.0.1'), ('download.retries', '0'),
                           ('source.bundle', names + '/a.zip'), ('source.mode', 'web')]:
            subprocess.run(args + ['config', 'set', key, value], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', work + '/k', '-out', work + '/c.pem', '-days',
                        '30', '-utf8', '-subj', '/CN=AAA' + EVIL.replace('/', ' ')], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(args + ['certs', 'import', work + '/c.pem', '--name', 'AAAevil'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
        for term in ['xterm-256color', 'vt100']:
            with Console(args, term) as c:
                c.wait('help')
                steps = [('first', ''), ('browser', 'b'), ('into it', '\033[B\033[B'), ('back', '\033'), ('update', 'u'), ('certificates', '3'),
                         ('filter', '/AAA\r'), ('record', '\r'), ('back', '\033'), ('log', '4'), ('record', '\033[A\r'), ('back', '\033'),
                         ('checks', '5'), ('run', 'r'), ('evidence', '\r'), ('back', '\033'), ('proxy', '2'), ('test', 't'), ('keys', 'K')]
                for name, keys in steps:
                    at = len(c.output)
                    c.type(keys)
                    c.quiet(0.5 if name not in ('update', 'run', 'test') else 1.2, 8)
                    check_bytes(c.output[at:], (term, name))
                assert 'EVIL' in c.output.decode('utf-8', 'replace'), 'nothing hostile was shown'
                if term == 'xterm-256color':
                    assert b'^[]0;OWNED' in c.output or b'^[]52' in c.output or b'<U+202E>' in c.output, 'not shown as what it is'
        print('ok')
    finally:
        stop.set()
        shutil.rmtree(work.encode(), ignore_errors=True)


main()
