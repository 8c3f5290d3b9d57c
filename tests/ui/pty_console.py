"""A console in a pseudo terminal, for tests and measurements: types bytes, reads what comes back."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time


class Console:
    def __init__(self, argv, term='xterm-256color', rows=24, cols=80, env=None):
        self.output = b''
        self.mark = 0           # where wait() begins to look
        self.code = None
        self.fd, slave = pty.openpty()
        self.before = termios.tcgetattr(self.fd)        # as it is found
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.fd)
            os.login_tty(slave)
            os.environ['TERM'] = term
            os.environ.setdefault('LC_ALL', 'C.UTF-8')
            os.environ.update(env or {})
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
            os.execvp(argv[0], argv)
        os.close(slave)
        self.size(rows, cols)

    def size(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def read(self, seconds):
        """What comes within that time; b'' when nothing does, None at the end."""
        ready, _, _ = select.select([self.fd], [], [], max(seconds, 0))
        if not ready:
            return b''
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return None
        self.output += data
        return data or None

    def quiet(self, seconds=0.2, most=5):
        """Reads until nothing came for so long; all that came."""
        got, end = b'', time.monotonic() + most
        while time.monotonic() < end:
            data = self.read(seconds)
            if not data:
                break
            got += data
        return got

    def wait(self, text, seconds=15):
        """Reads until the text came, behind what was typed and what was waited for before."""
        if isinstance(text, str):
            text = text.encode()
        end = time.monotonic() + seconds
        while text not in self.output[self.mark:]:
            data = self.read(end - time.monotonic())
            if data is None or time.monotonic() > end:
                raise AssertionError(f'{text!r} did not come: {self.output[self.mark:][-2000:]!r}')
        self.mark = self.output.index(text, self.mark) + len(text)

    def type(self, data):
        self.mark = len(self.output)
        os.write(self.fd, data if isinstance(data, bytes) else data.encode())

    def end(self, seconds=10):
        """Waits for the end of the process; its exit code, negative for a signal."""
        end = time.monotonic() + seconds
        while self.code is None:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError('it has not ended')
        return self.code

    def close(self):
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
