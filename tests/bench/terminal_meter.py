"""A program on a terminal of 80x24, measured: time until a text is shown, bytes written, wake-ups, resident size."""
import array
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

SETTLED_S = 0.25                # no output for so long: it is done


class Terminal:
    def __init__(self, args, term="xterm-256color", env=None, rows=24, columns=80):
        self.output, self.started = b"", time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ.update({"TERM": term, "LC_ALL": "C.UTF-8", "LESSHISTFILE": "-", **(env or {})})
            os.execvp(args[0], args)
        os.set_blocking(self.fd, False)

    def close(self):
        if self.pid == 0:
            return
        for number in (signal.SIGHUP, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            if number == signal.SIGHUP:
                self.settle(0.1, 0.3)
        os.close(self.fd)
        os.waitpid(self.pid, 0)
        self.pid = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, timeout, most=1 << 20):
        """What was written meanwhile, waited for at most so long."""
        if not select.select([self.fd], [], [], max(timeout, 0))[0]:
            return b""
        try:
            data = os.read(self.fd, most)
        except OSError:
            return b""
        self.output += data
        return data

    def wait(self, text, timeout=30, since=None):
        """Seconds from `since` until the text is written; None when it does not come."""
        start, seen = since or time.monotonic(), b""
        while time.monotonic() - start < timeout:
            seen = seen[-len(text):] + self.read(0.5)
            if text in seen:
                return time.monotonic() - start
        return None

    def any(self, timeout=30):
        """Seconds until anything is written."""
        start = time.monotonic()
        while time.monotonic() - start < timeout:
            if self.read(min(0.5, timeout)):
                return time.monotonic() - start
        return None

    def settle(self, quiet=SETTLED_S, timeout=30):
        """Reads until nothing is written any more. Returns how many bytes came."""
        start, last, count = time.monotonic(), time.monotonic(), 0
        while time.monotonic() - start < timeout and time.monotonic() - last < quiet:
            data = self.read(quiet)
            if data:
                last, count = time.monotonic(), count + len(data)
        return count

    def send(self, keys):
        os.write(self.fd, keys)

    # --- what the system knows of it, and of the processes it has started

    def family(self):
        found = [self.pid]
        for pid in found:
            for task in self.listing("/proc/%d/task" % pid):
                found += [int(child) for child in self.text("/proc/%d/task/%s/children" % (pid, task)).split()]
        return found

    @staticmethod
    def listing(path):
        try:
            return os.listdir(path)
        except OSError:
            return []

    @staticmethod
    def text(path):
        try:
            with open(path) as f:
                return f.read()
        except OSError:
            return ""

    def status(self, key):
        """A number of /proc/PID/task/TID/status, summed up over all threads."""
        total = 0
        for pid in self.family():
            for task in self.listing("/proc/%d/task" % pid):
                for line in self.text("/proc/%d/task/%s/status" % (pid, task)).splitlines():
                    if line.startswith(key + ":"):
                        total += int(line.split()[1])
        return total

    def resident_mib(self):
        total = 0
        for pid in self.family():
            for line in self.text("/proc/%d/status" % pid).splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1])
        return total / 1024

    def wakeups(self):
        return self.status("voluntary_ctxt_switches")

    def unread(self):
        n = array.array("i", [0])
        fcntl.ioctl(self.fd, termios.FIONREAD, n)
        return n[0]
