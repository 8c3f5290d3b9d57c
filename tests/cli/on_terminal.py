#!/usr/bin/env python3
"""on_terminal.py COLS COMMAND...: runs a command on a terminal of so many columns, and prints what it shows there."""
import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    pid, fd = pty.fork()
    if pid == 0:
        # Before the command asks how wide it is.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b''
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:     # the other end is closed
            break
        if not part:
            break
        shown += part
    _, status = os.waitpid(pid, 0)
    sys.stdout.buffer.write(shown.replace(b'\r\n', b'\n'))
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()
