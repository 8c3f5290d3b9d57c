#!/usr/bin/env python3
"""powercut.py - what a disk may hold after the power goes, at every step of a command; each is handed to a check.

  powercut.py --root DIR [--every N] [--random K] [--jobs N] --check "CHECK {root}" [--after "CHECK {root}"] -- COMMAND...

Runs COMMAND under strace and takes what it does below DIR apart into changes: of a folder's entries (creating, renaming,
linking, removing; a rename is one change), of a file's bytes, of a mode. A change is on the disk for sure only after
fsync of that file or folder, or syncfs; until then it may be there or not, in any combination, and the bytes of a file
that was not flushed may be missing or zeros. (Harsher than a journalling file system, where fsync flushes earlier changes
as well; nothing but what POSIX promises is relied on.) After each change (or every Nth), these disks are made: nothing
unflushed is there; all of it; all entries but no bytes; all entries and zeros for bytes; K random choices; where few
changes are open, every choice. Each disk that was not seen before is written to a folder, and CHECK must succeed on it;
with --jobs, several at a time, each in a folder of its own.
--after is for the disk that is left when the power goes right after the command has ended, with nothing unflushed on it:
what the command reported as done must be there.
"""
import argparse
import concurrent.futures
import hashlib
import itertools
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import tempfile

EXHAUSTIVE_UP_TO = 5
CALLS = ("open,openat,creat,close,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,"
         "symlinkat,write,pwrite64,writev,ftruncate,truncate,lseek,fchmod,fchmodat,chmod,copy_file_range,sendfile,"
         "fallocate,fsync,fdatasync,syncfs,sync")


class Inode:
    def __init__(self, kind, mode, data=b""):
        self.kind, self.mode, self.data, self.entries = kind, mode, bytearray(data), {}

    def copy(self):
        twin = Inode(self.kind, self.mode, self.data)
        twin.entries = dict(self.entries)
        return twin


class Change:
    """`entries`: [(folder, name, inode number or None)]; otherwise bytes at an offset, a length, or a mode of `ino`."""

    def __init__(self, what, ino=None, entries=(), offset=0, data=b"", mode=0):
        self.what, self.ino, self.entries, self.offset, self.data, self.mode = what, ino, list(entries), offset, data, mode

    def apply(self, inodes, zeros=False):
        if self.what == "entries":
            for folder, name, ino in self.entries:
                if ino is None:
                    inodes[folder].entries.pop(name, None)
                else:
                    inodes[folder].entries[name] = ino
        elif self.what == "bytes":
            data = inodes[self.ino].data
            if len(data) < self.offset + len(self.data):
                data.extend(bytes(self.offset + len(self.data) - len(data)))
            data[self.offset:self.offset + len(self.data)] = bytes(len(self.data)) if zeros else self.data
        elif self.what == "length":
            data = inodes[self.ino].data
            del data[self.offset:]
            data.extend(bytes(self.offset - len(data)))
        else:
            inodes[self.ino].mode = self.mode


class Disk:
    """Every inode as the running system sees it (`now`) and as it is on the disk for sure (`sure`)."""

    def __init__(self, root):
        self.root_path = root
        self.now, self.sure, self.open = {}, {}, []
        self.root = self.load(root, {})
        self.sure = {n: i.copy() for n, i in self.now.items()}

    def new(self, inode):
        number = len(self.now) + 1
        self.now[number] = inode
        self.sure[number] = Inode(inode.kind, inode.mode, inode.data if inode.kind == "link" else b"")
        return number

    def load(self, path, seen):
        st = os.lstat(path)
        if st.st_ino in seen:
            return seen[st.st_ino]
        if stat.S_ISLNK(st.st_mode):
            number = self.new(Inode("link", 0o777, os.readlink(path).encode()))
        elif stat.S_ISDIR(st.st_mode):
            number = self.new(Inode("dir", stat.S_IMODE(st.st_mode)))
            for name in os.listdir(path):
                self.now[number].entries[name] = self.load(os.path.join(path, name), seen)
        else:
            with open(path, "rb") as f:
                number = self.new(Inode("file", stat.S_IMODE(st.st_mode), f.read()))
        seen[st.st_ino] = number
        return number

    def find(self, path):
        """(folder, name, inode or None) of a path; None when it is not below the root."""
        path = os.path.normpath(path)
        if path == self.root_path:
            return (None, "", self.root)
        if not path.startswith(self.root_path + "/"):
            return None
        folder = self.root
        *parents, name = path[len(self.root_path) + 1:].split("/")
        for part in parents:
            folder = self.now[folder].entries.get(part) if folder is not None else None
            if folder is not None and self.now[folder].kind == "link":
                folder = None       # the commands of this project do not write through links
        if folder is None:
            return None
        return (folder, name, self.now[folder].entries.get(name))

    def change(self, change):
        change.apply(self.now)
        self.open.append(change)

    def settle(self, changes):
        """These are on the disk now; an older change of the same entry must not come after them."""
        chosen = set(map(id, changes))
        keys = set()
        left = []
        for c in reversed(self.open):
            if id(c) in chosen:
                keys.update((folder, name) for folder, name, _ in c.entries)
                continue
            if c.what == "entries":
                c = Change("entries", entries=[e for e in c.entries if (e[0], e[1]) not in keys])
                if not c.entries:
                    continue
            left.append(c)
        for c in self.open:
            if id(c) in chosen:
                c.apply(self.sure)
        self.open = left[::-1]

    def flush(self, ino):
        self.settle([c for c in self.open if c.ino == ino or any(e[0] == ino for e in c.entries)])

    def flush_all(self):
        self.settle(list(self.open))

    def image(self, changes, zeros=False):
        inodes = {n: i.copy() for n, i in self.sure.items()}
        for c in changes:
            c.apply(inodes, zeros)
        return inodes


# --- the trace ------------------------------------------------------------------------------------------------------

LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)(.*)$")
UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")


def unescape(text):
    return bytes.fromhex(text.replace("\\x", "")) if text else b""


def split_arguments(text):
    """Arguments at the top level: strings, <paths>, {structures} and [lists] stay whole."""
    out, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        elif not quoted:
            depth += c in "<{[("
            depth -= c in ">}])"
            if c == "," and depth == 0:
                out.append(text[start:i].strip())
                start = i + 1
    out.append(text[start:].strip())
    return out


def fd_of(argument):
    """(number, path) of 5<\\x2f...>; -1 for AT_FDCWD."""
    m = re.match(r"^(AT_FDCWD|-?\d+)(?:<([^>]*)>)?", argument)
    path = unescape(m.group(2)).decode("utf-8", "surrogateescape") if m.group(2) and m.group(2).startswith("\\x") else ""
    return (-1 if m.group(1) == "AT_FDCWD" else int(m.group(1)), path)


def string(argument):
    m = re.match(r'^"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?', argument)
    if m.group(2):
        raise SystemExit("powercut: strace cut a string short")
    return unescape(m.group(1))


def read_trace(path):
    """(pid, call, arguments, result, rest) of each call, in the order in which they ended."""
    begun = {}
    with open(path, errors="surrogateescape") as f:
        for line in f:
            line = line.rstrip("\n")
            m = UNFINISHED.match(line)
            if m:
                begun[m.group(1)] = m.group(2)
                continue
            m = RESUMED.match(line)
            if m:
                line = "%s %s%s" % (m.group(1), begun.pop(m.group(1), ""), m.group(3))
            m = LINE.match(line)
            if m and not m.group(5).startswith(" E"):
                yield (m.group(1), m.group(2), split_arguments(m.group(3)), int(m.group(4)), m.group(5))


class Replay:
    """Turns calls into changes of a disk."""

    def __init__(self, disk):
        self.disk = disk
        self.position, self.append = {}, {}

    def at(self, folder, name):
        name = string(name).decode("utf-8", "surrogateescape")
        return self.disk.find(name if name.startswith("/") else os.path.join(fd_of(folder)[1], name))

    def by_fd(self, argument):
        found = self.disk.find(fd_of(argument)[1])
        return found[2] if found else None

    def call(self, pid, name, a, result, rest):
        """True when something below the root changed."""
        method = getattr(self, "on_" + name, None)
        return bool(method and method(a, result, rest))

    def on_openat(self, a, result, rest):
        found, flags = self.at(a[0], a[1]), a[2]
        if found is None or found[0] is None or "O_TMPFILE" in flags:
            return False
        folder, name, ino = found
        changed = False
        if ino is None and "O_CREAT" in flags:
            ino = self.disk.new(Inode("file", int(a[3], 8)))
            self.disk.change(Change("entries", entries=[(folder, name, ino)]))
            changed = True
        elif ino is not None and "O_TRUNC" in flags and self.disk.now[ino].data:
            self.disk.change(Change("length", ino=ino, offset=0))
            changed = True
        if ino is not None:
            self.position[(result, ino)] = 0
            self.append[(result, ino)] = "O_APPEND" in flags
        return changed

    def on_open(self, a, result, rest):
        return self.on_openat(["AT_FDCWD"] + a, result, rest)

    def on_mkdirat(self, a, result, rest):
        found = self.at(a[0], a[1])
        if found is None or found[0] is None:
            return False
        ino = self.disk.new(Inode("dir", int(a[2], 8)))
        self.disk.change(Change("entries", entries=[(found[0], found[1], ino)]))
        return True

    def on_mkdir(self, a, result, rest):
        return self.on_mkdirat(["AT_FDCWD"] + a, result, rest)

    def on_unlinkat(self, a, result, rest):
        found = self.at(a[0], a[1])
        if found is None or found[2] is None:
            return False
        self.disk.change(Change("entries", entries=[(found[0], found[1], None)]))
        return True

    def on_unlink(self, a, result, rest):
        return self.on_unlinkat(["AT_FDCWD"] + a, result, rest)

    on_rmdir = on_unlink

    def on_renameat(self, a, result, rest):
        old, new = self.at(a[0], a[1]), self.at(a[2], a[3])
        if not old or not new or old[2] is None:
            return False
        self.disk.change(Change("entries", entries=[(old[0], old[1], None), (new[0], new[1], old[2])]))
        return True

    on_renameat2 = on_renameat

    def on_rename(self, a, result, rest):
        return self.on_renameat(["AT_FDCWD", a[0], "AT_FDCWD", a[1]], result, rest)

    def on_linkat(self, a, result, rest):
        old, new = self.at(a[0], a[1]), self.at(a[2], a[3])
        if not old or not new or old[2] is None:
            return False
        self.disk.change(Change("entries", entries=[(new[0], new[1], old[2])]))
        return True

    def on_symlinkat(self, a, result, rest):
        new = self.at(a[1], a[2])
        if not new:
            return False
        ino = self.disk.new(Inode("link", 0o777, string(a[0])))
        self.disk.change(Change("entries", entries=[(new[0], new[1], ino)]))
        return True

    def put(self, ino, offset, data):
        self.disk.change(Change("bytes", ino=ino, offset=offset, data=data))
        return True

    def on_write(self, a, result, rest):
        ino = self.by_fd(a[0])
        if ino is None or self.disk.now[ino].kind != "file":
            return False
        key = (fd_of(a[0])[0], ino)
        offset = len(self.disk.now[ino].data) if self.append.get(key) else self.position.get(key, 0)
        self.position[key] = offset + result
        return self.put(ino, offset, string(a[1])[:result])

    def on_pwrite64(self, a, result, rest):
        ino = self.by_fd(a[0])
        return ino is not None and self.put(ino, int(a[3]), string(a[1])[:result])

    def on_lseek(self, a, result, rest):
        ino = self.by_fd(a[0])
        if ino is not None:
            self.position[(fd_of(a[0])[0], ino)] = result
        return False

    def on_ftruncate(self, a, result, rest):
        ino = self.by_fd(a[0])
        if ino is None:
            return False
        self.disk.change(Change("length", ino=ino, offset=int(a[1])))
        return True

    def unknown(self, a, result, rest):
        if self.by_fd(a[0]) is not None:
            raise SystemExit("powercut: a call that this model does not know: %s" % a)
        return False

    on_writev = on_sendfile = on_fallocate = unknown

    def on_copy_file_range(self, a, result, rest):
        return self.unknown(a[2:], result, rest)

    def on_fchmod(self, a, result, rest):
        ino = self.by_fd(a[0])
        if ino is None:
            return False
        self.disk.change(Change("mode", ino=ino, mode=int(a[1], 8)))
        return True

    def on_fchmodat(self, a, result, rest):
        found = self.at(a[0], a[1])
        if not found or found[2] is None:
            return False
        self.disk.change(Change("mode", ino=found[2], mode=int(a[2], 8)))
        return True

    def on_chmod(self, a, result, rest):
        return self.on_fchmodat(["AT_FDCWD"] + a, result, rest)

    def on_fsync(self, a, result, rest):
        ino = self.by_fd(a[0])
        if ino is not None:
            self.disk.flush(ino)
        return ino is not None

    on_fdatasync = on_fsync

    def on_syncfs(self, a, result, rest):
        self.disk.flush_all()
        return True

    on_sync = on_syncfs


# --- the images -----------------------------------------------------------------------------------------------------

def choices(disk, count, rng):
    """(name, changes, zeros) of the disks to look at."""
    pending = disk.open
    entries = [c for c in pending if c.what == "entries"]
    yield ("nothing unflushed", [], False)
    yield ("all", pending, False)
    yield ("entries without bytes", entries, False)
    yield ("entries and zeros", pending, True)
    if len(pending) <= EXHAUSTIVE_UP_TO:
        for n in range(1, len(pending)):
            for some in itertools.combinations(range(len(pending)), n):
                yield ("choice %s" % (some,), [pending[i] for i in some], False)
        return
    for i in range(count):
        share = rng.random()
        yield ("random choice %d" % i, [c for c in pending if rng.random() < share], rng.random() < 0.3)


def fingerprint(inodes, root):
    h = hashlib.sha256()
    seen = {}

    def visit(number):
        if number in seen:
            h.update(b"again %d" % seen[number])
            return
        seen[number] = len(seen)
        inode = inodes[number]
        h.update(b"%s %o %d " % (inode.kind.encode(), inode.mode, len(inode.data)) + bytes(inode.data))
        for name in sorted(inode.entries):
            h.update(name.encode("utf-8", "surrogateescape") + b"\0")
            visit(inode.entries[name])
        h.update(b"end")

    visit(root)
    return h.digest()


def write_image(inodes, number, path, written):
    inode = inodes[number]
    if number in written and inode.kind == "file":
        os.link(written[number], path)
        return
    written[number] = path
    if inode.kind == "link":
        os.symlink(bytes(inode.data), path)
    elif inode.kind == "file":
        with open(path, "wb") as f:
            f.write(inode.data)
        os.chmod(path, inode.mode)
    else:
        os.mkdir(path)
        for name, below in inode.entries.items():
            write_image(inodes, below, os.path.join(path, name), written)
        os.chmod(path, inode.mode)


def remove(path):
    if os.path.lexists(path):
        subprocess.run(["chmod", "-R", "u+rwX", path], check=False)
        shutil.rmtree(path)


def run_check(check, inodes, root, work):
    """What it complains of; None when it succeeds."""
    room = tempfile.mkdtemp(dir=work)
    image = os.path.join(room, "disk")
    write_image(inodes, root, image, {})
    done = subprocess.run(check.format(root=image), shell=True, capture_output=True, text=True)
    remove(room)
    return None if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())[:500]


class Checks:
    """The checks of the disks, some at a time; no more of them wait than run, for each holds a disk in memory."""

    def __init__(self, check, root, work, jobs, failures_max):
        self.check, self.root, self.work, self.jobs, self.failures_max = check, root, work, jobs, failures_max
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.running = []
        self.disks = self.failures = 0

    def add(self, title, inodes):
        self.collect(2 * self.jobs - 1)
        self.disks += 1
        self.running.append((title, self.pool.submit(run_check, self.check, inodes, self.root, self.work)))

    def collect(self, left):
        """Waits until no more than so many are left, in their order."""
        while len(self.running) > left:
            title, future = self.running.pop(0)
            complaint = future.result()
            if complaint is not None:
                self.failures += 1
                print("%s: %s" % (title, complaint), flush=True)
            if self.failures >= self.failures_max:
                raise SystemExit(1)


def main():
    parser = argparse.ArgumentParser(description="what a disk may hold after the power goes")
    parser.add_argument("--root", required=True)
    parser.add_argument("--check", required=True)
    parser.add_argument("--after")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--random", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="disks that are looked at at a time")
    parser.add_argument("--failures", type=int, default=10, help="stop after so many")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    root = os.path.realpath(args.root)
    rng = random.Random(args.seed)
    points = 0
    disk = Disk(root)
    work = tempfile.mkdtemp(prefix="powercut-", dir=os.path.dirname(root))
    checks = Checks(args.check, disk.root, work, args.jobs, args.failures)
    try:
        trace = os.path.join(work, "trace")
        done = subprocess.run(["strace", "-f", "-y", "-xx", "-s", "10000000", "-o", trace, "-e", "trace=" + CALLS, *command])
        if done.returncode != 0:
            raise SystemExit("powercut: the command ended with %d" % done.returncode)
        replay, seen = Replay(disk), set()
        for pid, name, arguments, result, rest in read_trace(trace):
            if not replay.call(pid, name, arguments, result, rest):
                continue
            points += 1
            if points % args.every != 0 and len(disk.open) > EXHAUSTIVE_UP_TO:
                continue
            for title, changes, zeros in choices(disk, args.random, rng):
                inodes = disk.image(changes, zeros)
                mark = fingerprint(inodes, disk.root)
                if mark in seen:
                    continue
                seen.add(mark)
                checks.add("after change %d, %s(%s): %s" % (points, name, ", ".join(
                    a if "\\x" not in a else "..." for a in arguments)[:80], title), inodes)
        checks.collect(0)
        complaint = run_check(args.after, disk.image([]), disk.root, work) if args.after else None
        if complaint is not None:
            checks.failures += 1
            print("after the command had ended: %s" % complaint)
        # What the model holds in the end must be what is there, or it would prove nothing.
        there = Disk(root)
        if fingerprint(disk.now, disk.root) != fingerprint(there.now, there.root):
            raise SystemExit("powercut: the model missed a change")
    finally:
        checks.pool.shutdown(cancel_futures=True)
        remove(work)
    print("%d changes, %d different disks, %d failures" % (points, checks.disks, checks.failures))
    return checks.failures > 0


if __name__ == "__main__":
    sys.exit(main())
