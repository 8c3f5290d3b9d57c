#!/usr/bin/env python3
"""The console on real terminals (pseudo terminals): every TERM that it is made for, every dialect of keys whatever TERM says,
sequences that nobody knows, paste, mouse, sizes down to 1x1, suspending, a lost terminal, a crash; and that the terminal
is left as it was found.   terminal.py PROGRAM"""
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pty_console import Console  # noqa: E402

PROGRAM = sys.argv[1]
WORK = tempfile.mkdtemp()
ARGV = [PROGRAM, '--config', WORK + '/c.conf', '--state-dir', WORK + '/state']
TERMS = ['xterm-256color', 'screen', 'tmux', 'linux', 'vt100', 'vt220']
HELP = 'Among fields and buttons'
F1 = ['\033OP', '\033[11~', '\033[[A', '\033[28~', '\033[1;2P', '?']
# Sequences that do nothing: answers nobody asked for, keys with Alt, keys nobody has.
UNKNOWN = ['\033[?1;2c', '\033[>0;276;0c', '\033[12;40R', '\033[?2026;1$y', '\033]11;rgb:0000/0000/0000\007',
           '\033]52;c;cQ==\033\\', '\033P1$r0m\033\\', '\033_q\033\\', '\033q', '\033u', '\033[25~', '\033[99;7u', '\033[1;5x', '\033O5p',
           '\033(q', '\x00', '\033[<35;5;5M', '\033[200~uq\033[201~', '\033[1;2;3 q']
checks = 0


def know(term):
    return subprocess.run(['infocmp', term], capture_output=True).returncode == 0


def start(term='xterm-256color', rows=24, cols=80, **env):
    c = Console(ARGV, term, rows, cols, env)
    c.wait('Update information')
    c.wait('help')
    return c


def check(what, ok, detail=''):
    global checks
    checks += 1
    if not ok:
        raise AssertionError(f'{what} {detail}')


def leave(c, how=b'q'):
    c.type(how)
    check('exit code', c.end() == 0, c.code)
    check('modes as they were', termios.tcgetattr(c.fd) == c.before)


def every_term():
    for term in TERMS:
        if not know(term):
            print('not known here:', term)
            continue
        with start(term) as c:
            for key in F1:
                c.type(key)
                c.wait('Keys')
                c.wait(HELP[:5])
                c.type('\033')
                c.wait('Update information' if term != 'vt100' else 'Upd')
            for key in UNKNOWN:
                c.type(key)
            c.quiet(0.3)
            check('alive after ' + term, os.waitpid(c.pid, os.WNOHANG) == (0, 0))
            c.type('?')
            c.wait('Keys')
            # End, in every form, shows the last line of the help; Home the first.
            for end, home in zip(['\033[F', '\033OF', '\033[4~', '\033[8~', 'G'], ['\033[H', '\033OH', '\033[1~', '\033[7~', 'g']):
                c.type(end)
                c.wait('Leave the console')
                c.type(home)
                c.wait('Start the update')
            for down, up in zip(['\033[6~', '\033[G', '\x06'], ['\033[5~', '\033[I', '\x02']):
                c.type(down)
                c.wait('Leave the console')
                c.type(up)
                c.wait('Start the update')
            c.type('\033')
            c.quiet()
            leave(c)


def dumb():
    for term in ['dumb', '', 'no-such-terminal']:
        with Console(ARGV, term) as c:
            check('exit code on ' + repr(term), c.end() == 2, c.code)
            check('a message on ' + repr(term), b'cannot show a full screen' in c.output, c.output)


def kin():
    """What the appliance does not know by its name, ssh may bring along."""
    for term in ['xterm-ghostty', 'xterm-kitty', 'alacritty', 'foot-extra', 'st-256color', 'tmux-direct', 'screen.xterm-new']:
        with start(term) as c:
            c.type('?')
            c.wait('Keys')
            c.type('\033')
            c.wait('Update information')
            leave(c)


def sizes():
    with start() as c:
        c.type('?')
        c.wait('Keys')
        for rows, cols in [(1, 1), (5, 20), (3, 200), (1, 80), (24, 1), (200, 500), (15, 60), (24, 80)]:
            c.size(rows, cols)
            c.quiet(0.15)
        c.wait('Keys') if b'Keys' not in c.output[-6000:] else None
        c.type('\033')
        c.wait('idle')
        c.size(14, 80)
        c.wait('Too small')
        c.size(24, 80)
        c.wait('Update information')
        leave(c)


def mouse():
    # A click on Offline's row turns the source; SGR, and the older form.
    for click in ['\033[<0;20;4M\033[<0;20;4m', '\033[M %c%c\033[M#%c%c' % (20 + 32, 4 + 32, 20 + 32, 4 + 32)]:
        with start() as c:
            check('asked for', b'\033[?1000h\033[?1006h' in c.output)
            mode = 'offline' if b'(\xe2\x80\xa2) Web' in c.output else 'web'
            c.type(click)
            c.quiet()
            with open(WORK + '/c.conf') as f:
                check('the click turned the source', mode in f.read())
            leave(c)
            check('given back', b'\033[?1000l' in c.output[-200:])


def lost():
    with start() as c:
        os.kill(c.pid, signal.SIGHUP)
        check('SIGHUP ends it', c.end() == 130, c.code)
        check('modes as they were', termios.tcgetattr(c.fd) == c.before)
    c = start()
    os.close(c.fd)
    c.fd = -1
    for _ in range(200):
        pid, status = os.waitpid(c.pid, os.WNOHANG)
        if pid:
            break
        signal.sigtimedwait([], 0.05)
    check('a lost terminal ends it', pid == c.pid and os.waitstatus_to_exitcode(status) >= 0)


def crash():
    with start() as c:
        os.kill(c.pid, signal.SIGSEGV)
        check('the signal ends it', c.end() == -signal.SIGSEGV, c.code)
        check('modes as they were', termios.tcgetattr(c.fd) == c.before)
        for what in [b'\033[?2004l', b'\033[?1000l', b'\033[?1049l']:
            check('left with', what in c.output[-200:], what)


def suspended():
    with Console(['bash', '--norc', '--noprofile', '-i'], env={'PS1': 'prompt> ', 'HISTFILE': ''}) as c:
        c.wait('prompt> ')
        c.type(' '.join(ARGV) + '\n')
        c.wait('help')
        c.type('\x1a')
        c.wait('Stopped')
        c.wait('prompt> ')
        check('given back while it is stopped', b'\033[?1049l' in c.output[-400:] and b'\033[?2004l' in c.output)
        c.type('fg\n')
        c.wait('Update information')
        c.type('?')
        c.wait('Keys')
        c.type('\033')
        c.wait('idle')
        c.type('q')
        c.wait('prompt> ')
        c.type('exit\n')
        c.end()


def without_utf8():
    for term in ['xterm-256color', 'vt100', 'linux']:
        with start(term, LC_ALL='C') as c:
            check('ASCII only', all(b < 0x80 for b in c.output), c.output)
            leave(c)
    with start(NO_COLOR='1') as c:
        check('no colour', not re.search(rb'\033\[([0-9]+;)*[34][0-9][0-9;]*m', c.output), c.output)
        leave(c)


def late_sequence():
    """On a slow line Esc comes long before the rest of its sequence: the rest is no text and no command."""
    with start() as c:
        c.type('\033')
        c.quiet(0.15)
        c.type('[B')
        c.quiet()
        c.type('q')
        check('exit code', c.end() == 0)


def copying():
    """What is copied goes to the clipboard of the terminal that has one (OSC 52); elsewhere it is shown bare, to be selected. In
    both cases to a file that nobody else reads."""
    state = WORK + '/copying'
    argv = [PROGRAM, '--config', WORK + '/c.conf', '--state-dir', state]
    bundle = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'trust', 'identrust.pem')
    for term, clipboard in [('xterm-256color', True), ('tmux', True), ('vt100', False), ('linux', False)]:
        if not know(term):
            continue
        with Console(argv, term, 24, 80, {'POSTURE_CONSOLE_CA_BUNDLE': bundle}) as c:
            c.wait('Update information')
            c.wait('help')
            c.type('3')
            c.wait('Cisco services')
            c.type('y')
            if clipboard:
                c.wait('clipboard')
                sent = re.findall(rb'\033\]52;c;([A-Za-z0-9+/=]*)\007', c.output)
                with open(state + '/copied.txt', 'rb') as f:
                    text = f.read()
                check('sent once on ' + term, len(sent) == 1, sent)
                check('the text on ' + term, base64.b64decode(sent[0], validate=True) == text, sent)
                check('the certificate', b'5D:56:49:9B:E4:D2' in text, text)
            else:
                c.wait('back')
                c.quiet()
                check('not sent to ' + term, b'\033]52' not in c.output)
                c.type('\033')
                c.wait('copied.txt')
            check('for its owner only', os.stat(state + '/copied.txt').st_mode & 0o777 == 0o600)
            os.unlink(state + '/copied.txt')
            leave(c)


try:
    for test in [dumb, kin, sizes, mouse, lost, crash, suspended, without_utf8, late_sequence, copying, every_term]:
        test()
        print('ok  ', test.__name__)
    print(checks, 'checks')
finally:
    shutil.rmtree(WORK, ignore_errors=True)
