#!/usr/bin/env python3
"""Every line is accounted for: a fast writer that rotates, against `posture-console log --follow`.

follow_stress.py PROGRAM [--seconds 60] [--rate 100000] [--kinds none,rename,copy] [--every 300000]

For each kind of rotation a process writes numbered records at that rate and rotates (rename and create, or copy and
truncate) after each `every` of them. Prints how many lines came, and fails when one is lost, doubled or out of order.
Minutes long, so not part of "make check"; tests/logview/test_follow.c is.
"""
import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time

BATCH = 500
KEPT = 6
LINE = b"2026-11-20 12:00:00,000 INFO  [writer][[]] cisco.cpm.posture.Stress -::admin:::- line %010d of the stress run\n"


def shift(path):
    for i in range(KEPT, 0, -1):
        old = "%s.%d" % (path, i)
        if os.path.exists(old):
            if i == KEPT:
                os.unlink(old)
            else:
                os.rename(old, "%s.%d" % (path, i + 1))


def rotate(path, f, kind):
    if kind == "rename":
        shift(path)
        os.rename(path, path + ".1")
        f.close()
        return open(path, "ab", buffering=0)
    if kind == "copy":
        shift(path)
        shutil.copyfile(path, path + ".1")
        f.truncate(0)
    return f


def write(path, kind, options, written):
    f = open(path, "ab", buffering=0)
    start, number, rotated = time.monotonic(), 0, 0
    total = options.seconds * options.rate
    while number < total:
        f.write(b"".join(LINE % i for i in range(number, number + BATCH)))
        number += BATCH
        written.value = number
        if kind != "none" and number - rotated >= options.every:
            f = rotate(path, f, kind)
            rotated = number
        ahead = number / options.rate - (time.monotonic() - start)
        if ahead > 0.002:
            time.sleep(ahead)
    f.close()
    return 0


def account(pipe, total):
    """How many lines came in their order before the first that did not, and that one."""
    expected, rest, start = 0, b"", LINE.index(b"%010d") + len(b"line ") - 5
    while expected < total:
        data = os.read(pipe.fileno(), 1 << 20)
        if not data:
            return expected, "the end of the output"
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if int(line[start:start + 10]) != expected:
                return expected, line.decode(errors="replace")
            expected += 1
    return expected, None


def run(program, kind, options):
    work = tempfile.mkdtemp(prefix="pc-stress-", dir=os.environ.get("BENCH_DIR"))
    path, total = os.path.join(work, "ise-psc.log"), options.seconds * options.rate
    written = multiprocessing.Value("l", 0)
    open(path, "wb").close()
    reader = subprocess.Popen([program, "--quiet", "--config", os.path.join(work, "none.conf"), "--state-dir", work, "log",
                               "--file", path, "--follow"], stdout=subprocess.PIPE)
    writer = multiprocessing.Process(target=write, args=(path, kind, options, written))
    try:
        start = time.monotonic()
        writer.start()
        came, wrong = account(reader.stdout, total)
        spent = time.monotonic() - start
        rss = next(line.split()[1] for line in open("/proc/%d/status" % reader.pid) if line.startswith("VmHWM"))
    finally:
        writer.terminate()
        writer.join()
        reader.terminate()
        reader.wait()
        shutil.rmtree(work)
    print("%-7s %d of %d lines in %.1f s (%.0f lines/s), %s KiB resident: %s" % (
        kind, came, total, spent, came / spent, rss, "each came once" if wrong is None else "WRONG at " + wrong), flush=True)
    return wrong is None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=100000)
    parser.add_argument("--every", type=int, default=300000)
    parser.add_argument("--kinds", default="none,rename,copy")
    options = parser.parse_args()
    good = [run(options.program, kind, options) for kind in options.kinds.split(",")]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
