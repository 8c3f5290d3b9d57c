#!/usr/bin/env python3
"""The log's speed, memory and bytes on the terminal, beside lnav, less, grep, ripgrep and tail in one run.

bench_log.py PROGRAM VIEW_SPEED [--sizes 10,1024] [--runs 5] [--only PART,...]      10 GB: --sizes 10,1024,10240

search     count of a fixed text, of an expression and of all failure signatures, any case / rg, grep
index      the whole record index, then a filter, in slices as the console works
screen     the end of the log on the screen; resident size / less, tail, lnav
follow     from a line's write to the screen; bytes for it on three terminals / less, tail, lnav
burst      bytes for 10 000 lines at once, and at 200 lines a second
keys       a key's answer while a large log is filtered
idle       bytes and wake-ups while nothing happens

Files are generated, read once (warm cache), and removed. A bar that is missed is said; the exit code is then 1. Of several
runs the fastest counts. What one process does alone (index, longest turn) is judged by the processor's time, so that
a machine with other work does not falsify it; both are printed.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import make_log
from terminal_meter import Terminal

TERMS = ("xterm-256color", "linux", "vt100")
# The letters of two tokens that follow each other differ everywhere, so that none of them is on the screen already.
TOKENS = ("ZQXJKVWY", "GBFPUHML")
END = b"WQZXKJYV"               # stands in the last line of every generated log
OPEN_LOG = b"4"                 # the console's Log pane


def line(text):
    body = "2026-11-20 12:00:00,000 INFO  [t][[]] a.B -:::::- %s appended to the log " % text
    return (body + "x" * (204 - len(body)) + "\n").encode()


class Bench:
    def __init__(self, options):
        self.program, self.view_speed = os.path.abspath(options.program), os.path.abspath(options.view_speed)
        self.runs, self.sizes, self.missed = options.runs, [int(s) for s in options.sizes.split(",")], 0
        self.work = tempfile.mkdtemp(prefix="pc-bench-", dir=os.environ.get("BENCH_DIR"))
        self.logs = {}
        self.env = {"HOME": self.work}

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def log(self, megabytes):
        if megabytes not in self.logs:
            path = self.path("%d.log" % megabytes)
            make_log.write(path, megabytes)
            with open(path, "ab") as f:
                f.write(line(END.decode()))
            subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
            self.logs[megabytes] = path
        return self.logs[megabytes]

    def forget(self, megabytes):
        os.unlink(self.logs.pop(megabytes))

    def row(self, name, text, value=None, bar=None):
        verdict = ""
        if bar is not None:
            missed = value is None or value > bar
            verdict = "   bar %g: %s" % (bar, "MISSED" if missed else "held")
            self.missed += missed
        print("%-8s %s%s" % (name, text, verdict), flush=True)

    # --- commands -----------------------------------------------------------------------------------------------

    def timed(self, args):
        start = time.monotonic()
        child = subprocess.Popen(args, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"})
        output = child.stdout.read()
        child.stdout.close()
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        return (time.monotonic() - start) * 1000, (usage.ru_utime + usage.ru_stime) * 1000, output.strip()

    def compare(self, megabytes, what, ours, others, bar):
        """Runs them in turns and prints medians; the bar is the ratio to the first of the others."""
        commands = {"posture-console": ours, **others}
        times = {name: [] for name in commands}
        for _ in range(self.runs):
            for name, args in commands.items():
                times[name].append(self.timed(args))
        best = {name: min(t[0] for t in all) for name, all in times.items()}
        peer = next(iter(others))
        ratio = best["posture-console"] / best[peer]
        text = ", ".join("%s %.0f ms (median %.0f, processor %.0f)" % (
            name, best[name], statistics.median(t[0] for t in times[name]), min(t[1] for t in times[name]))
            for name in commands)
        self.row("search", "%d MB %s: %s; ratio to %s %.2f" % (megabytes, what, text, peer, ratio), ratio,
                 bar if megabytes >= 1000 else None)

    def part_search(self, megabytes):
        log = self.log(megabytes)
        count = [self.program, "log", "--file", log, "--count"]
        self.compare(megabytes, "fixed text", count + ["--filter", "opswat"], {
            "rg": ["rg", "-c", "-i", "-F", "opswat", log], "grep": ["grep", "-c", "-i", "-F", "opswat", log]}, 1.0)
        regex = "(starting|completed) opswat"
        self.compare(megabytes, "expression", count + ["--regex", "--filter", regex], {
            "rg": ["rg", "-c", "-i", regex, log], "grep": ["grep", "-c", "-i", "-E", regex, log]}, None)
        self.compare(megabytes, "failures", count + ["--failures"], {
            "rg": ["rg", "-c", "-i", "-F", "-f", self.signatures(), log]}, 1.0)

    def signatures(self):
        """The texts of the failures filter, one a line."""
        table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/logview/signatures.def")
        with open(table) as f:
            texts = re.findall(r'^SIGNATURE\("([^"]*)", FAILURE,', f.read(), re.M)
        path = self.path("signatures")
        with open(path, "w") as f:
            f.write("\n".join(texts) + "\n")
        return path

    def part_index(self, megabytes):
        done = [json.loads(subprocess.run([self.view_speed, self.log(megabytes), "opswat"], stdout=subprocess.PIPE,
                                          check=True).stdout) for _ in range(self.runs)]
        best = {key: min(d[key] for d in done) for key in done[0]}
        large = megabytes >= 1000
        self.row("index", "%d MB: %d records indexed in %.0f ms (processor %.0f), \"opswat\" filtered in %.0f ms (processor "
                 "%.0f)" % (megabytes, best["records"], best["index_ms"], best["index_cpu_ms"], best["filter_ms"],
                            best["filter_cpu_ms"]), best["index_cpu_ms"], 250 * megabytes / 1024 if large else None)
        self.row("index", "%d MB: longest turn %.1f ms" % (megabytes, best["turn_ms"]), best["turn_ms"], 4)
        self.row("index", "%d MB: resident %.1f MiB with index and filter" % (megabytes, best["rss_kib"] / 1024),
                 best["rss_kib"] / 1024, 16 if megabytes < 10000 else 64)

    # --- the screen ---------------------------------------------------------------------------------------------

    def console(self, log, term="xterm-256color", keys=OPEN_LOG):
        """The console with its Log pane open on the log."""
        config = self.path("console.conf")
        with open(config, "w") as f:
            f.write('log = { file = "%s"; };\n' % log)
        terminal = Terminal([self.program, "--config", config, "--state-dir", self.path("state")], term, self.env)
        if keys:
            terminal.send(keys)
        return terminal

    def tools(self, log, follow):
        return {
            "posture-console": lambda term: self.console(log, term),
            "less": lambda term: Terminal(["less", "-S", "-n", "+F" if follow else "+G", log], term, self.env),
            "tail": lambda term: Terminal(["tail", "-n", "22", "-F", log], term, self.env),
            "lnav": lambda term: Terminal(["lnav", log], term, self.env),
        }

    def part_screen(self, megabytes):
        with self.console(self.log(megabytes), keys=b"") as terminal:
            terminal.settle(0.5)
            since = time.monotonic()
            terminal.send(OPEN_LOG)
            shown = terminal.wait(b"FOLLOW", 5, since)
            self.row("screen", "%d MB posture-console: the pane shown %.1f ms after its key" % (megabytes, shown * 1000),
                     shown * 1000, 10)
        for name, start in self.tools(self.log(megabytes), False).items():
            if name == "lnav" and megabytes > 2000:
                continue
            times, resident, size = [], 0, 0
            for _ in range(self.runs if name != "lnav" else 1):
                with start(TERMS[0]) as terminal:
                    came = terminal.wait(END, 60, terminal.started)
                    times.append(came * 1000 if came is not None else None)
                    terminal.settle()
                    resident, size = max(resident, terminal.resident_mib()), len(terminal.output)
            shown = [t for t in times if t is not None]
            ours = name == "posture-console"
            self.row("screen", "%d MB %s: end shown after %s ms, %.1f MiB resident, %d bytes" % (
                megabytes, name, "%.1f" % min(shown) if shown else "-", resident, size))
            if ours:
                self.row("screen", "%d MB: resident" % megabytes, resident, 16 if megabytes < 10000 else 64)

    def follow(self, name, start, term):
        log = self.path("follow.log")
        shutil.copyfile(self.log(self.sizes[0]), log)
        times, sizes = [], []
        with start(term) as terminal:
            terminal.wait(END, 60)
            terminal.settle(1.0)
            with open(log, "ab", buffering=0) as f:
                for i in range(20):
                    token = TOKENS[i % 2]
                    before, since = len(terminal.output), time.monotonic()
                    f.write(line(token))
                    came = terminal.wait(token.encode(), 5, since)
                    terminal.settle(0.4)
                    if i > 1:
                        times.append(came * 1000 if came is not None else 5000)
                        sizes.append(len(terminal.output) - before)
        return statistics.median(times), max(times), statistics.median(sizes)

    def part_follow(self, megabytes):
        for name, start in self.tools(self.path("follow.log"), True).items():
            for term in TERMS:
                median, longest, size = self.follow(name, start, term)
                ours = name == "posture-console"
                self.row("follow", "%s on %s: %.1f ms (longest %.1f)" % (name, term, median, longest), median,
                         3 if ours else None)
                self.row("follow", "%s on %s: %d bytes for a line" % (name, term, size), size, 130 if ours else None)

    def part_burst(self, megabytes):
        log, day = self.path("burst.log"), make_log.day(2, "2026-11-21").splitlines(True)
        steady = [text for text in day if text.startswith(b"2026")][:1000]
        for name, start in self.tools(log, True).items():
            ours = name == "posture-console"
            shutil.copyfile(self.log(self.sizes[0]), log)
            with start(TERMS[0]) as terminal, open(log, "ab", buffering=0) as f:
                terminal.wait(END, 60)
                terminal.settle(1.0)
                since = time.monotonic()
                f.write(b"".join(line("burst %06d" % i) for i in range(10000)) + line(TOKENS[0]))
                before = len(terminal.output)
                came = terminal.wait(TOKENS[0].encode(), 30, since)
                terminal.settle(1.0)
                size = len(terminal.output) - before
                self.row("burst", "%s: 10 000 lines shown in %s ms, %d bytes" % (
                    name, "%.1f" % (came * 1000) if came else "-", size), size, 2560 if ours else None)
                before, since = len(terminal.output), time.monotonic()
                for i in range(1000):
                    f.write(steady[i])
                    while time.monotonic() < since + i / 200:
                        terminal.read(since + i / 200 - time.monotonic())
                terminal.settle(0.5)
                self.row("burst", "%s: 200 lines a second, %d bytes a second" % (
                    name, (len(terminal.output) - before) / (time.monotonic() - since)))
                if ours:
                    self.slow_line(terminal, f, steady)

    def slow_line(self, terminal, f, steady):
        """The same on a line that takes 11 520 bytes a second."""
        start, before, i = time.monotonic(), len(terminal.output), 0
        while time.monotonic() - start < 5:
            while i < len(steady) and time.monotonic() - start > i / 200:
                f.write(steady[i])
                i += 1
            if len(terminal.output) - before < 11520 * (time.monotonic() - start):
                terminal.read(0.005, 256)
            else:
                time.sleep(0.005)
        size = (len(terminal.output) - before) / 5
        self.row("burst", "posture-console: 200 lines a second on a line of 115 200 baud, %d bytes a second" % size, size, 3072)

    def part_keys(self, megabytes):
        with self.console(self.log(megabytes)) as terminal:
            terminal.wait(END, 60)
            times = []
            terminal.send(b"&opswat\r")
            for i in range(20):
                terminal.settle(0.02, 0.1)
                time.sleep(0.05)                # about as fast as people type
                since = time.monotonic()
                terminal.send(b"f")
                came = terminal.wait(b"PAUSED" if i % 2 == 0 else b"FOLLOW", 2, since)
                times.append(came * 1000 if came is not None else 2000)
            self.row("keys", "%d MB: answered after %.1f ms (longest %.1f) while it is indexed and filtered" % (
                megabytes, statistics.median(times), max(times)), statistics.median(times), 20)

    def part_idle(self, megabytes):
        for name, start in self.tools(self.log(megabytes), True).items():
            with start(TERMS[0]) as terminal:
                terminal.wait(END, 60)
                terminal.settle(2.0, 60)
                # The clock on the screen moves once a minute, and that is not what is asked here.
                if time.time() % 60 > 47:
                    terminal.settle(61, 61 - time.time() % 60)
                before, size = terminal.wakeups(), len(terminal.output)
                terminal.settle(11, 10)
                wakeups, size = (terminal.wakeups() - before) / 10, len(terminal.output) - size
                ours = name == "posture-console"
                self.row("idle", "%s: %d bytes in 10 s" % (name, size), size, 0 if ours else None)
                self.row("idle", "%s: %.1f wake-ups a second" % (name, wakeups), wakeups, 1 if ours else None)


PARTS = {"search": "each", "index": "each", "screen": "each", "follow": "first", "burst": "first", "keys": "large",
         "idle": "first"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("view_speed")
    parser.add_argument("--sizes", default="10,1024")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    bench = Bench(options)
    try:
        for size in bench.sizes:
            for part in options.only.split(","):
                is_first = size == bench.sizes[0]
                if PARTS[part] == "each" or PARTS[part] == ("first" if is_first else "large"):
                    getattr(bench, "part_" + part)(size)
            if size != bench.sizes[0]:
                bench.forget(size)
    finally:
        bench.close()
    print("%d bars missed" % bench.missed)
    sys.exit(1 if bench.missed else 0)


if __name__ == "__main__":
    main()
