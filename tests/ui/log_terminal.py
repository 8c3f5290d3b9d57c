#!/usr/bin/env python3
"""What the log costs a terminal, and what it shows there while the file is rotated: log_terminal.py PROGRAM

Bytes are counted, not times, so that a busy machine does not matter.
"""
import os
import shutil
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from terminal_meter import Terminal  # noqa: E402

LINE = "2026-11-20 %02d:%02d:%02d,%03d INFO  [t][[]] a.b.Writer%d -:::::- %s\n"
WORDS = ("Session cache hit for a policy", "Node heartbeat received, lag 12 ms", "Entering doGet with an URL /auth/discovery",
         "Radius accounting request processed", "Certificate expires in 12 days")
PANE_BYTES, STRIP_BYTES, BURST_BYTES = 130, 100, 2560
failed = lines = 0


def ok(what, holds, detail=""):
    global failed
    failed += not holds
    print("%s   %s %s" % ("ok" if holds else "not ok", what, detail), flush=True)


def line():
    """The next one: no two are alike, as in a log with times."""
    global lines
    lines += 1
    i = lines
    text = "%s, number %d of the test, and so on to the edge of the screen and behind" % (WORDS[i % len(WORDS)], i)
    return (LINE % (i // 3600 % 24, i // 60 % 60, i % 60, i * 37 % 1000, i % 7, text)).encode()


def start(program, work, keys, term="xterm-256color"):
    terminal = Terminal([program, "--config", work + "/c.conf", "--state-dir", work + "/state"], term)
    ok("the console starts", terminal.wait(b"following", 20) is not None)
    if keys:
        terminal.send(keys)
        ok("the Log pane is shown", terminal.wait(b"FOLLOW", 20) is not None)
    terminal.settle(0.25)
    return terminal


def bytes_for_a_line(program, work, keys, term):
    with start(program, work, keys, term) as terminal, open(work + "/psc.log", "ab", buffering=0) as f:
        sizes = []
        for _ in range(7):
            before = len(terminal.output)
            f.write(line())
            terminal.any(10)
            terminal.settle(0.1)
            sizes.append(len(terminal.output) - before)
        return statistics.median(sizes)


def burst_and_idle(program, work):
    with start(program, work, b"4") as terminal, open(work + "/psc.log", "ab", buffering=0) as f:
        before = len(terminal.output)
        f.write(b"".join(line() for _ in range(10000)) + b"2026-11-20 23:00:00,000 INFO  [t][[]] a.b.C -:::::- ZQXJKVWY\n")
        ok("the last of ten thousand lines is shown", terminal.wait(b"ZQXJKVWY", 20) is not None)
        terminal.settle(0.7)
        size = len(terminal.output) - before
        ok("ten thousand lines cost a screen", size <= BURST_BYTES, "%d bytes" % size)
        if time.time() % 60 > 54:       # the clock moves once a minute
            terminal.settle(8, 8)
        before, wakeups = len(terminal.output), terminal.wakeups()
        terminal.settle(3, 2)
        ok("nothing is written while nothing happens", len(terminal.output) == before)
        ok("nor is there a wake-up a second", terminal.wakeups() - wakeups <= 2)


def rotations(program, work):
    log = work + "/psc.log"
    with start(program, work, b"4") as terminal:
        for i in range(20):
            os.rename(log, "%s.%d" % (log, 20 - i))
            with open(log, "ab", buffering=0) as f:
                f.write(line())
        with open(log, "ab", buffering=0) as f:
            f.write(b"2026-11-20 23:00:00,000 WARN  [t][[]] a.b.C -:::::- GBFPUHML\n")
        ok("what comes after twenty rotations is shown", terminal.wait(b"GBFPUHML", 20) is not None)
        terminal.settle(0.5)
        ok("with a mark where they were", b"rotated: the log before is now psc.log" in terminal.output)
        # Copied and truncated.
        shutil.copyfile(log, log + ".30")
        with open(log, "r+b", buffering=0) as f:
            f.truncate(0)
            f.write(b"2026-11-20 23:00:01,000 WARN  [t][[]] a.b.C -:::::- ZQXJKVWY\n")
        ok("and after a copy", terminal.wait(b"ZQXJKVWY", 20) is not None)
        os.unlink(log)
        with open(log, "wb", buffering=0) as f:
            f.write(b"2026-11-20 23:00:02,000 WARN  [t][[]] a.b.C -:::::- GBFPUHML\n")
        ok("and after a delete", terminal.wait(b"GBFPUHML", 20) is not None)


def hostile(program, work):
    with start(program, work, b"4W") as terminal, open(work + "/psc.log", "ab", buffering=0) as f:
        before = len(terminal.output)
        f.write(b"2026-11-20 23:10:00,000 INFO  [\x1b]0;t\x07][[]] a.\x1b[31m -:\x9b2J::::- \x1b[2J\x1bc\x1b]52;c;eA==\x07 "
                b"\xe2\x80\xae\x00\x0e\x9b5n\xc2\x9b6n QXZJ\n")
        ok("a hostile line is shown", terminal.wait(b"QXZJ", 20) is not None)
        terminal.send(b"G\r")
        terminal.settle(0.5)
        written = bytes(terminal.output[before:])
        for sequence in (b"\x1b[2J", b"\x1bc", b"\x1b]52", b"\x1b]0;", b"\x9b", b"\x07", b"\x00", b"\x0e", b"\xe2\x80\xae",
                         b"\x1b[31m "):
            # A byte of a UTF-8 character is not a control code.
            plain = written.replace(b"\xe2\x94", b"").replace(b"\xe2\x96", b"").replace(b"\xe2\x80\xa6", b"")
            ok("without %r" % sequence, sequence not in plain)


def main():
    program, work = os.path.abspath(sys.argv[1]), tempfile.mkdtemp()
    os.environ.pop("NO_COLOR", None)
    try:
        with open(work + "/c.conf", "w") as f:
            f.write('log = { file = "%s/psc.log"; };\n' % work)
        with open(work + "/psc.log", "wb") as f:
            f.write(b"".join(line() for _ in range(300)))
        for term in ("xterm-256color", "linux", "vt100"):
            size = bytes_for_a_line(program, work, b"4", term)
            ok("a followed line in the pane on %s" % term, size <= PANE_BYTES, "%d bytes" % size)
            if term != "linux":
                size = bytes_for_a_line(program, work, b"", term)
                ok("a followed line in the strip on %s" % term, size <= STRIP_BYTES, "%d bytes" % size)
        burst_and_idle(program, work)
        rotations(program, work)
        hostile(program, work)
    finally:
        shutil.rmtree(work)
    sys.exit(1 if failed else 0)


main()
