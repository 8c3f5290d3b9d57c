#!/usr/bin/env python3
"""Makes component archives for benchmarks: make_components.py DIR TOTAL_MB COMPONENTS [LARGE]

Writes COMPONENTS tar.gz files into DIR that have TOTAL_MB together; LARGE of them (default 4) hold nine tenths of it, in
files of some megabytes, the others many small files. The text reads like support charts and compresses about as well.
Always the same for the same arguments.
"""
import gzip
import io
import multiprocessing
import os
import random
import sys
import tarfile

WORDS = ("antivirus antispyware definition product vendor version engine signature windows macos enterprise endpoint "
         "protection security firewall update service registry process condition compliance remediation").split()


def text(rng, size):
    """About `size` bytes of XML-like text: words that repeat, numbers and hashes that do not."""
    out, n = [], 0
    while n < size:
        line = '<product id="%d" name="%s %s %s" version="%d.%d.%d" sha256="%s" supported="%s"/>\n' % (
            rng.randrange(10 ** 6), rng.choice(WORDS), rng.choice(WORDS), rng.choice(WORDS), rng.randrange(30),
            rng.randrange(100), rng.randrange(10000), rng.getrandbits(256).to_bytes(32, "big").hex(),
            rng.choice(("yes", "no")))
        out.append(line)
        n += len(line)
    return "".join(out).encode()


def make(job):
    path, index, packed, large = job
    rng = random.Random(index)
    unpacked = int(packed * 2.87)
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packer:
        with tarfile.open(fileobj=packer, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
            done, number = 0, 0
            while done < unpacked:
                size = min(unpacked - done, 4 << 20 if large else rng.randrange(500, 30000)) if unpacked - done > 500 \
                    else unpacked - done
                data = text(rng, max(size, 100))
                info = tarfile.TarInfo("part%02d/chart%05d.xml" % (number % 20, number))
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
                done += len(data)
                number += 1


def main():
    directory, total, count = sys.argv[1], int(float(sys.argv[2]) * 1e6), int(sys.argv[3])
    large = int(sys.argv[4]) if len(sys.argv) > 4 else min(4, count)
    os.makedirs(directory, exist_ok=True)
    jobs = []
    for i in range(count):
        is_large = i < large
        packed = total * 9 // 10 // large if is_large and count > large else \
            total // 10 // (count - large) if count > large else total // count
        jobs.append((os.path.join(directory, "component%04d.tar.gz" % i), i, packed, is_large))
    with multiprocessing.Pool() as pool:
        pool.map(make, jobs, chunksize=1)


main()
