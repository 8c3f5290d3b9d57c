#!/usr/bin/env python3
"""bench_flush.py PROGRAM NOSYNC_SO [FILES [PAIRS]] - what durability costs: an offline update with its flushes, and the same with
every flush taken out (tests/bench/nosync.c), in alternating pairs on the disk of the working folder. At most twice the time."""
import io
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

BAR = 2.0


def component(path, files, size):
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for i in range(files):
            data = (b"<check id=\"%d\">" % i) + os.urandom(size // 2).hex().encode()
            info = tarfile.TarInfo("checks/%04d.xml" % i)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def main():
    program, nosync = sys.argv[1:3]
    files = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    pairs = int(sys.argv[4]) if len(sys.argv) > 4 else 7
    work = tempfile.mkdtemp(prefix="bench-flush-", dir=os.getcwd())
    try:
        feed = os.path.join(work, "feed")
        os.mkdir(feed)
        for name in ("conditions", "osgroups", "osgroupsV2"):
            component(os.path.join(feed, name + ".tar.gz"), files // 3, 8192)
        open(os.path.join(work, "conf"), "w").close()

        def run(state, *words, env=None):
            subprocess.run([program, "--config", os.path.join(work, "conf"), "--state-dir", os.path.join(work, state), "--quiet", *words],
                           check=True, env=env, stdout=subprocess.DEVNULL)
        run("none", "feed", "build", feed, "--version", "2026.1.1.1")
        bundle = os.path.join(work, "bundle.zip")
        run("none", "bundle", "build", feed, "-o", bundle)
        times = {"with": [], "without": []}
        for i in range(2 * (pairs + 1)):
            kind = ("with", "without")[i % 2]
            env = dict(os.environ, LD_PRELOAD=nosync) if kind == "without" else None
            os.sync()
            start = time.monotonic()
            run("state", "update", "--offline", bundle, env=env)
            if i >= 2:          # the first pair warms the caches
                times[kind].append(time.monotonic() - start)
            subprocess.run(["chmod", "-R", "u+w", os.path.join(work, "state")], check=True)
            shutil.rmtree(os.path.join(work, "state"))
        ratio = statistics.median(a / b for a, b in zip(times["with"], times["without"]))
        print("update of %d files of 8 KiB, %d pairs: %.0f ms with its flushes, %.0f ms without any: %.2f times (at most %.1f)" % (
            files // 3 * 3, pairs, 1000 * statistics.median(times["with"]), 1000 * statistics.median(times["without"]), ratio, BAR))
        return ratio > BAR
    finally:
        subprocess.run(["chmod", "-R", "u+w", work])
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
