#!/usr/bin/env python3
"""The console beside htop, tig and mc on a terminal of 80x24, all in one run.

bench_ui.py PROGRAM [--runs 5] [--check] [--big MEGABYTES]

start      until the first screen stands, and the resident size / htop, tig, mc
idle       bytes in 10 s / tig, mc
keys       a key until its effect is on the screen
move       bytes when the selection goes down by a row / htop, tig, mc
scroll     bytes of each step through the whole certificate list, down and up, most of which scroll it
line       bytes for a line that is appended to the log, in every pane
switch     bytes for going from each pane to each other
frames     frames a second while keys and log lines come as fast as they can

--check leaves out what needs time or peers, for "make check": bytes only. --big: with a log of that size.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_log  # noqa: E402
from terminal_meter import Terminal  # noqa: E402

DOWN, UP = b"\033[B", b"\033[A"
READY = b"help"                 # in the last line, which is drawn last
PANES = ["Update", "Proxy", "Certificates", "Log", "Troubleshoot"]
WORDS = ["Completed opswat download", "Session cache hit for MAC 3C:5A:B4:11:22:33, policy set Wired-Dot1x took 14 ms",
         "Node ise-psn-07 heartbeat received, replication lag 12 ms", "opswat checksum verified for osagent-opswat-4.zip"]


def record(number):
    return ("2026-11-20 12:%02d:%02d,%03d INFO  [admin-http-pool5][[]] cisco.cpm.posture.download.DownloadManager -::admin:::- %s\n" % (
        number // 60 % 60, number % 60, number * 7 % 1000, WORDS[number % len(WORDS)])).encode()


class Bench:
    def __init__(self, options):
        self.program, self.runs, self.check = os.path.abspath(options.program), options.runs, options.check
        self.work = tempfile.mkdtemp(prefix="pc-bench-")
        self.log = os.path.join(self.work, "ise-psc.log")
        self.missed, self.env = 0, {"HOME": self.work, "XDG_CONFIG_HOME": self.work, "TZ": "UTC"}
        if options.big:
            make_log.write(self.log, options.big)
        else:
            with open(self.log, "wb") as f:
                f.write(b"".join(record(i) for i in range(200)))
        self.pc("config", "set", "log.file", self.log)
        self.pc("config", "set", "time.servers", "127.0.0.1")
        self.own_log = os.path.join(self.work, "state", "log", "ise-psc.log")
        os.makedirs(os.path.dirname(self.own_log), exist_ok=True)
        shutil.copyfile(self.log, self.own_log) if not options.big else open(self.own_log, "ab").close()
        if not self.check:
            self.make_repository()

    def pc(self, *args):
        subprocess.run([self.program, "--config", self.work + "/c.conf", "--state-dir", self.work + "/state", *args], check=True,
                       stdout=subprocess.DEVNULL)

    def make_repository(self):
        git = ["git", "-C", self.work + "/repo", "-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", "init", "-q", self.work + "/repo"], check=True)
        for i in range(40):
            subprocess.run(git + ["commit", "-q", "--allow-empty", "-m", "Change number %d of the sample" % i], check=True)

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def console(self):
        return Terminal([self.program, "--config", self.work + "/c.conf", "--state-dir", self.work + "/state"], env=self.env)

    def peers(self):
        """What is there of the peers: its name, how it starts, and what its first screen ends with."""
        all_peers = {"htop": (["htop", "-d", "100"], b"Quit"), "tig": (["tig", "-C", self.work + "/repo"], b"[main]"),
                     "mc": (["mc", "-u"], b"Quit")}
        return {} if self.check else {n: p for n, p in all_peers.items() if shutil.which(n)}

    def peer(self, args):
        return Terminal(args, env={**self.env, "PWD": self.work})

    def row(self, name, text, value=None, bar=None):
        verdict = ""
        if bar is not None:
            held = value is not None and value <= bar
            verdict = "   bar %g: %s" % (bar, "held" if held else "MISSED")
            self.missed += not held
        print("%-8s%s%s" % (name, text, verdict), flush=True)

    # --- the parts

    def part_start(self):
        times, sizes, bytes_ = {}, {}, {}
        starts = {"posture-console": (None, READY), **self.peers()}
        for _ in range(self.runs):
            for name, (args, ready) in starts.items():
                with (self.console() if args is None else self.peer(args)) as t:
                    if t.wait(ready, 20, t.started) is None:
                        continue
                    times.setdefault(name, []).append((time.monotonic() - t.started) * 1000)
                    t.settle()
                    sizes[name] = max(sizes.get(name, 0), t.resident_mib())
                    bytes_[name] = len(t.output)
        own = min(times["posture-console"])
        for name in times:
            ours = name == "posture-console"
            self.row("start", "%s: %.1f ms (median %.1f; ours / it %.2f), %d bytes" % (
                name, min(times[name]), statistics.median(times[name]), own / min(times[name]), bytes_[name]), min(times[name]),
                     40 if ours else None)
            self.row("start", "%s: %.1f MiB resident (ours / it %.2f)" % (
                name, sizes[name], sizes["posture-console"] / sizes[name]), sizes[name], 15 if ours else None)

    def part_idle(self):
        for name, (args, ready) in {"posture-console": (None, READY), **self.peers()}.items():
            if name == "htop":
                continue            # it has something new to say every time
            with (self.console() if args is None else self.peer(args)) as t:
                t.wait(ready, 20)
                t.settle(1.0)
                while time.time() % 60 > 46:        # the clock's minute is no idle
                    t.read(0.5)
                before, size = t.wakeups(), len(t.output)
                t.settle(11, 10)
                ours = name == "posture-console"
                self.row("idle", "%s: %d bytes in 10 s, %.1f wake-ups a second" % (
                    name, len(t.output) - size, (t.wakeups() - before) / 10), len(t.output) - size, 0 if ours else None)

    def part_keys(self):
        with self.console() as t:
            t.wait(READY, 20)
            t.settle()
            times = []
            for i in range(40):
                since = time.monotonic()
                t.send(b"\t" if i % 2 == 0 else b"j")
                if t.any(2) is not None:
                    times.append((time.monotonic() - since) * 1000)
                t.settle(0.06)
            self.row("keys", "a key is on the screen after %.1f ms (longest %.1f)" % (statistics.median(times), max(times)),
                     statistics.median(times), 10)

    def moves(self, t, key, n=8):
        """Bytes of each step while a key is held; what is said of the row that it comes to rest on follows later."""
        sizes = []
        for _ in range(n):
            before = len(t.output)
            t.send(key)
            t.settle(0.12)
            sizes.append(len(t.output) - before)
        return sizes

    def part_move(self):
        own = {}
        with self.console() as t:
            t.wait(READY, 20)
            t.settle()
            for number, pane in self.panes(t):
                t.send(b"%d" % number)
                t.settle(0.5)
                sizes = self.moves(t, UP if pane == "Log" else DOWN)   # the log opens at its end
                own[pane] = statistics.median(sizes)
                self.row("move", "%s: %d bytes a row (most %d)" % (pane, own[pane], max(sizes)), own[pane], 120)
        for name, (args, ready) in self.peers().items():
            with self.peer(args) as t:
                t.wait(ready, 20)
                t.settle(0.5)
                size = statistics.median(self.moves(t, DOWN))
                self.row("move", "%s: %d bytes a row (ours / it %.2f)" % (name, size, max(own.values()) / size if size else 0))

    def part_scroll(self):
        """The store that comes with the system, and every certificate of it; for --check those with long names."""
        with self.console() as t:
            t.wait(READY, 20)
            t.settle()
            t.send(b"3")
            t.settle(0.5)
            if self.check:
                t.send(b"/authori\r")
                t.settle(0.5)
            for name, key in (("down", DOWN), ("up", UP)):
                sizes = []
                while len(sizes) < 400:
                    before = len(t.output)
                    t.send(key)
                    if t.any(0.15) is None:         # a frame is one write; the end of the list
                        break
                    sizes.append(len(t.output) - before)
                if len(sizes) < 2:
                    self.row("scroll", "%s: the store has no list to scroll" % name)
                    continue
                self.row("scroll", "%s: %d bytes a row, most %d of %d steps" % (
                    name, statistics.median(sizes), max(sizes), len(sizes)), max(sizes), 120)

    def panes(self, t):
        """The panes that are there, by the bar on the second line."""
        bar = re.sub(rb"\033\[[0-9;?]*[a-zA-Z]|\033\(B", b"", t.output)
        return [(i + 1, name) for i, name in enumerate(PANES) if b"%d %s" % (i + 1, name.encode()) in bar]

    def part_line(self):
        with self.console() as t:
            t.wait(READY, 20)
            t.settle()
            for number, pane in self.panes(t):
                if pane == "Log":
                    continue        # bench_log.py measures it
                t.send(b"%d" % number)
                t.settle(1.0)
                sizes = []
                for i in range(8 if self.check else 12):
                    before = len(t.output)
                    for path in {self.log, self.own_log}:
                        if os.path.getsize(path) < 1 << 28 or path == self.log:
                            with open(path, "ab") as f:
                                f.write(record(200 + i))
                    t.settle(0.3)
                    sizes.append(len(t.output) - before)
                sizes = sizes[2:]
                self.row("line", "%s: %d bytes for an appended line (most %d)" % (pane, statistics.median(sizes), max(sizes)),
                         statistics.median(sizes), 100)

    def part_switch(self):
        with self.console() as t:
            t.wait(READY, 20)
            t.settle()
            there = self.panes(t)
            for number, pane in there:      # each has been loaded once
                t.send(b"%d" % number)
                t.settle(0.7)
            worst = (0, "")
            for number, pane in there:
                for to, other in there:
                    if to == number:
                        continue
                    t.send(b"%d" % number)
                    t.settle(0.3)
                    before = len(t.output)
                    t.send(b"%d" % to)
                    t.settle(0.3)
                    worst = max(worst, (len(t.output) - before, pane + " to " + other))
            if len(there) > 1:
                self.row("switch", "most from %s: %d bytes" % (worst[1], worst[0]), worst[0], 2048)

    def part_frames(self):
        with self.console() as t:
            t.wait(READY, 20)
            t.settle()
            end, i, frames = time.monotonic() + 2, 0, 0
            with open(self.own_log, "ab", buffering=0) as f:
                while time.monotonic() < end:
                    t.send(b"\t")
                    f.write(record(i))
                    frames += bool(t.read(0.004))       # a frame is one write
                    i += 1
            self.row("frames", "%.1f frames a second, with %d keys a second" % (frames / 2, i / 2), frames / 2, 21)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--big", type=int, default=0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    bench = Bench(options)
    parts = ["move", "scroll", "line", "switch", "frames"] if options.check else \
        ["start", "idle", "keys", "move", "scroll", "line", "switch", "frames"]
    try:
        for part in options.only.split(",") if options.only else parts:
            getattr(bench, "part_" + part)()
    finally:
        bench.close()
    sys.exit(1 if bench.missed else 0)


main()
