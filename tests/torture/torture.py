#!/usr/bin/env python3
"""torture.py - stops, or disturbs, a whole command of the program at every point, and looks at what it leaves.

  torture.py --program P --killpoints K --lab DIR SCENARIO... [--mode MODE] [--every N] [--from N] [--jobs N]
  torture.py --program P --lab DIR --look SCENARIO STATE        the assertions only (for tests/lib/powercut.py)

A scenario is a folder LAB/NAME, made by tests/torture/lab.sh, with

  scenario.json   {"command": [...], "old": version or null, "new": version, "defaults": "made" | "deleted" | "none",
                   "hook": bool, "mirror": bool}
  state/          the state before (may be missing), console.conf, tree-old, tree-new: the trees that `current` may show

Modes:
  kill    SIGKILL to every process at the Nth system call that changes something below the state folder
  one     SIGKILL to the one process that makes that call: a worker, the job, or the command that follows it
  fail    the Nth system call (also one that only looks) fails, with the errors in turn, or with --all-errors each of them
  short   the Nth write writes half
  alloc   the Nth allocation of a process fails (LD_PRELOAD)
  place   the first allocation from a place in the program, which is the nearest calls on the stack, fails; the Nth of all places

After each, whatever was done: `current` shows entirely the old tree or entirely the new one, and never the old one again after
the new one was there; "status" works; the history tells the truth; and the next run completes, leaves nothing in staging
and no temporary file, and the defaults are there once, or still deleted. A command that says that it is done is done, one that
says that it failed names a finding and has changed nothing.

With --jobs several points are tried at a time, each in a room of its own, where the state and the mirror are; all only read the
scenario's folder and its web server. How long something takes means nothing here, but what takes longer tells its progress more
often, so a call can come later than it was counted: such a point is tried again (TRIES), and told as "not reached" when the run
always ended before it.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time

ERRORS = ("ENOSPC", "EIO", "EMFILE", "ENOMEM", "EACCES", "EROFS", "EDQUOT", "EINTR")
# Only against what never ends: a busy machine may take its time.
LOCK_WAIT_S = 300
COMMAND_WAIT_S = 600
TRIES = 4
NOT_REACHED = "killpoints: not reached"
NOT_REACHED_MAX = 0.05  # of all points; with more, it is not these points that were tried


class Broken(Exception):
    pass


class Moved(Broken):
    """The Nth call was not the one that was counted as the Nth."""


class NotReached(Moved):
    """There was no Nth call."""


def must(condition, what):
    if not condition:
        raise Broken(what)


def tree(path):
    """What a folder shows: names, modes and bytes; of generation.json only the version, for it holds the time."""
    shown = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            full = os.path.join(folder, name)
            must(not os.path.islink(full), "a link in a generation: %s" % full)
            with open(full, "rb") as f:
                data = f.read()
            if name == "generation.json":
                data = json.loads(data)["version"].encode()
            shown.append("%s %s" % (os.path.relpath(full, path), hashlib.sha256(data).hexdigest()))
    return "\n".join(shown)


def json_lines(path, torn_end):
    """The objects of a file of JSON lines; only a last line without its newline may be torn, where that is allowed."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as f:
        text = f.read()
    lines = text.split(b"\n")
    must(lines[-1] == b"" or torn_end, "the last line of %s is torn" % path)
    return [json.loads(line) for line in lines[:-1]]


class Scenario:
    """A scenario, in a room of its own."""

    def __init__(self, args, name, number=0):
        self.args, self.name = args, name
        self.dir = os.path.join(args.lab, name)
        with open(os.path.join(self.dir, "scenario.json")) as f:
            self.about = json.load(f)
        self.old, self.new = self.about["old"], self.about["new"]
        self.mirror = self.about.get("mirror", False)
        self.room = os.path.join(args.work, "%s.%d" % (name, number))
        self.state = os.path.join(self.room, "state")
        os.makedirs(self.room, exist_ok=True)
        self.trees = {v: open(os.path.join(self.dir, f)).read()
                      for v, f in ((self.old, "tree-old"), (self.new, "tree-new")) if v and not self.mirror}
        self.feeds = {v: self.files(os.path.join(self.dir, f)) for v, f in ((self.old, "feed-old"), (self.new, "feed-new"))
                      if v and self.mirror}
        self.before = self.history(os.path.join(self.dir, "state"), False)
        self.crash_file = self.room + ".crashes"
        self.sites = set()      # where libraries crashed
        self.hook_failed = False        # and the update said so: the one process that was killed was the hook

    @staticmethod
    def files(path):
        return {n: open(os.path.join(path, n), "rb").read() for n in os.listdir(path)}

    # --- running ------------------------------------------------------------------------------------------------------

    def program(self, state=None, extra=()):
        return [self.args.program, "--config", os.path.join(self.dir, "console.conf"), "--state-dir", state or self.state, *extra]

    def command(self, state=None):
        return self.program(state, ["--json", *[w.replace("{room}", self.room) for w in self.about["command"]]])

    def run(self, command, env=None):
        if self.args.mode == "place":
            command = ["setarch", "-R", *command]
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=COMMAND_WAIT_S,
                              stdin=subprocess.DEVNULL, env=env)

    def fresh(self):
        for left in reversed(range(TRIES)):
            if not os.path.isdir(self.room):
                break
            try:
                subprocess.run(["chmod", "-R", "u+rwX", self.room], check=not left, stderr=subprocess.DEVNULL)
                shutil.rmtree(self.room)
            except OSError:     # a worker that outlived its job is still making files
                if not left:
                    raise
                time.sleep(1)
        os.makedirs(self.room)
        for name in ("state", "mirror"):
            if os.path.isdir(os.path.join(self.dir, name)):
                subprocess.run(["cp", "-a", os.path.join(self.dir, name), self.room], check=True)

    def wait_for_lock(self):
        end = time.monotonic() + LOCK_WAIT_S
        while time.monotonic() < end:
            done = self.run(self.program(extra=["--json", "status"]))
            must(done.returncode == 0, "status ended with %d: %s" % (done.returncode, done.stderr))
            if json.loads(done.stdout).get("running") is None:
                return
            time.sleep(0.05)
        raise Broken("the job does not end")

    # --- looking ------------------------------------------------------------------------------------------------------

    @staticmethod
    def history(state, torn_end):
        return json_lines(os.path.join(state, "history.jsonl"), torn_end)

    def current(self, state):
        """The version that is current, with its whole tree looked at; None when there is none."""
        link = os.path.join(state, "current")
        if not os.path.lexists(link):
            must(self.old is None, "there is no current any more")
            return None
        target = os.readlink(link)
        must(target.startswith("content/") and os.path.isdir(os.path.join(state, target)), "current points to %s" % target)
        shown = tree(os.path.join(state, target))
        for version, expected in self.trees.items():
            if shown == expected:
                return version
        with open(self.room + ".unexpected-tree", "w") as f:
            f.write(shown)
        raise Broken("current is neither the old nor the new tree")

    def check_readable(self, mirror, version):
        """Whoever has the mirror's manifest finds its signature and all that it names, by name or by hash."""
        feed = self.feeds[version]
        for name, data in feed.items():
            if name == "posture-update.xml":
                continue
            by_hash = hashlib.sha256(data).hexdigest()
            if name.endswith(".p7s"):
                by_hash = hashlib.sha256(feed["posture-update.xml"]).hexdigest() + ".p7s"
            found = []
            for path in (name, os.path.join("by-hash", by_hash)):
                if os.path.exists(os.path.join(mirror, path)):
                    with open(os.path.join(mirror, path), "rb") as f:
                        found.append(f.read())
            must(data in found, "nobody can read %s of version %s from the mirror" % (name, version))

    def check_mirror(self):
        """A mirror's files are each entirely the old or the new one, and the bundle beside them is whole; the version it is."""
        mirror = os.path.join(self.room, "mirror")
        version = None
        for name in os.listdir(mirror) if os.path.isdir(mirror) else []:
            if name.startswith(".") or name.endswith(".tmp") or name in ("posture-offline.zip", "by-hash"):
                continue
            with open(os.path.join(mirror, name), "rb") as f:
                data = f.read()
            known = {v: self.feeds[v].get(name) for v in self.feeds}
            must(data in known.values(), "the mirror's %s is neither the old nor the new one" % name)
            if name == "posture-update.xml":
                version = [v for v in known if known[v] == data][0]
        must(version is not None or self.old is None, "the mirror has no manifest any more")
        if version is not None:
            self.check_readable(mirror, version)
        if os.path.exists(os.path.join(mirror, "posture-offline.zip")):
            done = self.run(self.program(extra=["bundle", "verify", os.path.join(mirror, "posture-offline.zip")]))
            must(done.returncode == 0, "the mirror's bundle is damaged: %s" % done.stderr)
        return version

    def check_history(self, state, now, torn_end):
        lines = self.history(state, torn_end)
        must(lines[:len(self.before)] == self.before, "the history was changed")
        fresh = [x for x in lines[len(self.before):] if x["status"] == "updated"]
        must(len(fresh) <= 1, "the history tells %d updates of one" % len(fresh))
        must(now == self.new or not fresh or self.new == self.old, "the history tells an update that did not happen")
        return len(fresh)

    def look(self, state=None):
        """What holds at any moment, before anything was put right. Returns the version that is current."""
        state = state or self.state
        if self.mirror:
            return self.check_mirror()
        now = self.current(state)
        self.check_history(state, now, torn_end=True)
        return now

    def go_on(self, state=None):
        """The next run completes, and then everything is in its place."""
        state = state or self.state
        done = self.run(self.command(state))
        must(done.returncode == 0, "the next run ended with %d: %s %s" % (done.returncode, done.stdout[-500:], done.stderr[-300:]))
        if self.mirror:
            must(self.check_mirror() == self.new, "the mirror is not the new one after the next run")
            left = [n for _, _, names in os.walk(os.path.join(self.room, "mirror")) for n in names
                    if n.endswith(".tmp") or n == "link"]
            must(not left, "left in the mirror: %s" % left)
            return
        now = self.current(state)
        must(now == self.new, "current is %s after the next run" % now)
        must(self.check_history(state, now, torn_end=False) == 1, "the history does not tell the update")
        last = [x for x in self.history(state, False) if x["status"] == "updated"][-1]
        must(os.readlink(os.path.join(state, "current")) == "content/" + last["generation"], "the history's last is not current")
        staging = os.path.join(state, "staging")
        left = [n for n in os.listdir(staging) if n != "parts"]
        # Removing one of them may be the very call that failed: then it goes when it is a week old.
        if self.args.mode not in ("fail", "alloc", "place"):
            left += os.listdir(os.path.join(staging, "parts")) if os.path.isdir(os.path.join(staging, "parts")) else []
        left += [n for n in os.listdir(state) if n.endswith(".tmp")]
        must(not left, "left behind: %s" % left)
        there = os.path.exists(os.path.join(state, "defaults", "policies", "default.xml"))
        if self.about["defaults"] != "none":
            must(there == (self.about["defaults"] == "made"), "defaults %s" % ("came back" if there else "were not made"))
        if self.about.get("hook") and self.args.mode in ("kill", "one") and not self.hook_failed:
            with open(os.path.join(self.room, "state", "hook.ran")) as f:
                must(self.new in f.read().split(), "the hook was never run for %s" % self.new)

    # --- disturbing -----------------------------------------------------------------------------------------------------

    def points(self):
        options = {"fail": ["--reads"], "short": ["--short"]}.get(self.args.mode, [])
        self.fresh()
        done = self.run([self.args.killpoints, "--under", self.room, *options, "--count", "--", *self.command()])
        must(done.returncode == 0, "undisturbed it ended with %d: %s %s" % (done.returncode, done.stdout[-500:], done.stderr[-300:]))
        return int(done.stderr.strip().split("\n")[-1])

    def recorded(self):
        """What failed and what crashed in the disturbed run, in whichever of its processes (failalloc.c)."""
        try:
            with open(self.crash_file, "rb") as f:
                return f.read()[8:].rstrip(b"\0").decode().splitlines()
        except FileNotFoundError:
            return []

    def crashes(self):
        return [line for line in self.recorded() if line != "failed"]

    def judge_ending(self, rc, output, now):
        """A command that ended by itself told the truth."""
        crashed = self.crashes()
        must(not [c for c in crashed if not c.startswith("library ")], "it crashed: %s" % crashed)
        if crashed:
            self.sites.update(" ".join(c.split()[3:8]) for c in crashed)
            return "crashes of a library"
        if rc == 0:
            must(now == self.new, "it says done, and current is %s" % now)
            return "done"
        events = []
        for line in output.splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                pass
        last = events[-1] if events else {}
        if self.about.get("hook") and now == self.new:
            return "done"       # the hook's own failure is one
        if last.get("event") == "update.finished":
            must(last["cause"], "it failed without a finding: %s" % last)
            must(now == self.old or last["status"] != "failed" or self.old == self.new, "it says failed, and current is new: %s" % last)
        return "refused"

    def disturb(self, n, error=None):
        """Runs the command once, disturbed at point n. Returns (exit code, output)."""
        mode = self.args.mode
        command = [self.args.killpoints, "--under", self.room]
        env = None
        if mode == "fail":
            command += ["--reads", "--fail", error]
        elif mode == "short":
            command += ["--short"]
        elif mode == "one":
            command += ["--one"]
        if mode in ("alloc", "place"):
            if os.path.exists(self.crash_file):
                os.remove(self.crash_file)
            env = dict(os.environ, LD_PRELOAD=self.args.failalloc, FAILALLOC_CRASHES=self.crash_file)
            env.update({"FAILALLOC_AT": str(n)} if mode == "alloc" else {"FAILALLOC_PLACE": self.places[n - 1]})
            command = self.command()
        else:
            command += ["--at", str(n), "--", *self.command()]
        return self.run(command, env)

    def count_places(self):
        self.fresh()
        seen = self.room + ".places"
        done = self.run(self.command(), dict(os.environ, LD_PRELOAD=self.args.failalloc, FAILALLOC_PLACES=seen))
        must(done.returncode == 0, "undisturbed it ended with %d: %s" % (done.returncode, done.stderr[-300:]))
        with open(seen, "rb") as f:
            places = ["%x" % p for (p,) in struct.iter_unpack("=Q", f.read()) if p]
        os.remove(seen)
        return places

    def count_allocations(self):
        self.fresh()
        counted = self.room + ".allocations"
        self.run(self.command(), dict(os.environ, LD_PRELOAD=self.args.failalloc, FAILALLOC_FILE=counted))
        with open(counted) as f:
            most = max(int(x) for x in f)
        os.remove(counted)
        return most

    def attempt(self, n, error, must_be_new):
        """Disturbs one run at point n, looks, and goes on. Returns what became of it."""
        mode = self.args.mode
        self.fresh()
        done = self.disturb(n, error)
        self.hook_failed = mode == "one" and '"hook-failed"' in done.stdout
        if NOT_REACHED in done.stderr or (mode in ("alloc", "place") and "failed" not in self.recorded()):
            raise NotReached("it ended before")
        if mode == "kill":
            must(done.returncode == 0, "not killed (%d): %s" % (done.returncode, done.stderr[-300:]))
        else:
            self.wait_for_lock()
        if mode in ("fail", "alloc", "place", "short"):
            must(done.returncode >= 0 and done.returncode < 128,
                 "it crashed (%d): %s %s" % (done.returncode, done.stderr[-500:], self.crashes()))
            outcome = self.judge_ending(done.returncode, done.stdout, self.look())
            self.go_on()
            return outcome
        now = self.look()
        self.go_on()
        if must_be_new and now != self.new:
            raise Moved("old again after it was new")
        return "new" if now == self.new else "old"

    def try_point(self, n, error=None, must_be_new=False):
        for left in reversed(range(TRIES)):
            try:
                return self.attempt(n, error, must_be_new)
            except NotReached:
                if not left:
                    return "not reached"
            except Moved:
                if not left:
                    raise


class Torture:
    """All points of a scenario in one mode, several at a time."""

    def __init__(self, args, name):
        self.args, self.name = args, name
        self.rooms = [Scenario(args, name, number) for number in range(args.jobs)]
        self.lock = threading.Lock()
        self.outcomes = {}      # by point: what became of it, with each error
        self.failures = 0

    def broken(self, n, error, e):
        with self.lock:
            self.failures += 1
            print("BROKEN: %s, %s%s at %d of %d: %s" % (self.name, self.args.mode, " " + error if error else "", n, self.points, e),
                  flush=True)

    def next_point(self):
        with self.lock:
            return next(self.left, None) if self.failures < self.args.failures else None

    def work(self, room):
        while point := self.next_point():
            n, error = point
            try:
                outcome = room.try_point(n, error)
            except (Broken, subprocess.TimeoutExpired, OSError, ValueError, KeyError) as e:
                self.broken(n, error, e)
                continue
            with self.lock:
                self.outcomes.setdefault(n, []).append(outcome)

    def count(self):
        first = self.rooms[0]
        if self.args.mode == "place":
            places = first.count_places()
            for room in self.rooms:
                room.places = places
            return len(places)
        return first.count_allocations() if self.args.mode == "alloc" else first.points()

    def errors(self, n):
        if self.args.mode != "fail":
            return [None]
        return ERRORS if self.args.all_errors else [ERRORS[(n // self.args.every) % len(ERRORS)]]

    def check_order(self):
        """What was new once is never old again at a later point."""
        seen_new = False
        for n in sorted(self.outcomes):
            try:
                if seen_new and self.outcomes[n] == ["old"]:
                    self.outcomes[n] = [self.rooms[0].try_point(n, None, must_be_new=True)]
            except Broken as e:
                self.broken(n, None, e)
            seen_new = seen_new or self.outcomes[n] == ["new"]

    def run(self):
        self.points = self.count()
        self.left = ((n, error) for n in range(self.args.start, self.points + 1, self.args.every) for error in self.errors(n))
        with concurrent.futures.ThreadPoolExecutor(len(self.rooms)) as pool:
            list(pool.map(self.work, self.rooms))
        if self.args.mode == "kill":
            self.check_order()
        all_outcomes = [outcome for some in self.outcomes.values() for outcome in some]
        if all_outcomes.count("not reached") > NOT_REACHED_MAX * len(all_outcomes) + 1:
            self.broken(0, None, "too many points were not reached")
        if self.failures >= self.args.failures:
            print("stopped after %d failures" % self.failures)
        for site in sorted(set().union(*(room.sites for room in self.rooms))):
            print("a library crashed for lack of memory: %s" % site)
        print("%-12s %-5s %d of %d points: %s, %d broken" % (
            self.name, self.args.mode, len(all_outcomes) + self.failures, self.points,
            ", ".join("%d %s" % (all_outcomes.count(o), o) for o in sorted(set(all_outcomes))), self.failures), flush=True)
        return self.failures


def main():
    p = argparse.ArgumentParser(description="stops or disturbs a whole command at every point")
    p.add_argument("--program", required=True)
    p.add_argument("--killpoints", default="")
    p.add_argument("--failalloc", default="")
    p.add_argument("--lab", required=True)
    p.add_argument("--work", default=None)
    p.add_argument("--mode", default="kill", choices=("kill", "one", "fail", "short", "alloc", "place"))
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--from", dest="start", type=int, default=1)
    p.add_argument("--all-errors", action="store_true")
    p.add_argument("--jobs", type=int, default=1, help="points that are tried at a time")
    p.add_argument("--failures", type=int, default=10, help="stop a scenario after so many")
    p.add_argument("--tree", help="print the tree of a folder, as tree-old and tree-new hold it")
    p.add_argument("--look", nargs=2, metavar=("SCENARIO", "STATE"))
    p.add_argument("scenarios", nargs="*")
    args = p.parse_args()
    args.work = args.work or os.path.join(args.lab, "work")
    if args.tree:
        sys.stdout.write(tree(args.tree))
        return 0
    if args.look:
        s = Scenario(args, args.look[0])
        s.state, s.room = args.look[1], os.path.dirname(args.look[1])
        try:
            now = s.look(args.look[1])
            s.go_on(args.look[1])
        except (Broken, OSError, ValueError, KeyError) as e:
            print(e, file=sys.stderr)
            return 1
        print("new" if now == s.new else "old")
        return 0
    return min(sum(Torture(args, name).run() for name in args.scenarios), 1)


if __name__ == "__main__":
    sys.exit(main())
