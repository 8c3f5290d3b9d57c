#!/usr/bin/env python3
"""make_hostile.py DIR - writes archives that nobody should be able to use: one a trap, named after it.

The zips are put together by hand, so that every field can lie. The tests (test_bundle.c, test_extract.c) say what must
come out of each. A few good ones are there as well: they are what a strict reader is tempted to refuse.
"""
import gzip
import io
import lzma
import os
import random
import stat
import struct
import sys
import tarfile
import zlib

LOCAL, CENTRAL, END, DESCRIPTOR = 0x04034B50, 0x02014B50, 0x06054B50, 0x08074B50
END64, LOCATOR64 = 0x06064B50, 0x07064B50
STORED, DEFLATED = 0, 8
MAX32 = 0xFFFFFFFF


def deflate(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


class Entry:
    """One member. Fields that are not given are right; `local_*` differ in the local header only."""

    def __init__(self, name, data=b"data\n", method=STORED, **kw):
        self.name = name if isinstance(name, bytes) else name.encode()
        self.data = data
        self.method = method
        self.packed = kw.pop("packed", deflate(data) if method == DEFLATED else data)
        self.crc = kw.pop("crc", zlib.crc32(data))
        self.size = kw.pop("size", len(data))
        self.packed_size = kw.pop("packed_size", len(self.packed))
        self.flags = kw.pop("flags", 0)
        self.extra = kw.pop("extra", b"")
        self.attributes = kw.pop("attributes", (stat.S_IFREG | 0o644) << 16)
        self.offset = kw.pop("offset", None)
        self.before = kw.pop("before", b"")
        self.descriptor = kw.pop("descriptor", None)
        self.disk = kw.pop("disk", 0)
        streamed = self.descriptor is not None
        self.local_name = kw.pop("local_name", self.name)
        self.local_flags = kw.pop("local_flags", self.flags)
        self.local_method = kw.pop("local_method", self.method)
        self.local_crc = kw.pop("local_crc", 0 if streamed else self.crc)
        self.local_size = kw.pop("local_size", 0 if streamed else self.size)
        self.local_packed_size = kw.pop("local_packed_size", 0 if streamed else self.packed_size)
        self.local_extra = kw.pop("local_extra", b"")
        assert not kw, kw

    def local(self):
        return struct.pack("<IHHHIIIIHH", LOCAL, 20, self.local_flags, self.local_method, 0x5A765A76, self.local_crc,
                           self.local_packed_size, self.local_size, len(self.local_name), len(self.local_extra)) + \
            self.local_name + self.local_extra + self.packed + (self.descriptor or b"")

    def central(self, at):
        return struct.pack("<IHHHHIIIIHHHHHII", CENTRAL, 3 << 8 | 20, 20, self.flags, self.method, 0x5A765A76, self.crc,
                           self.packed_size, self.size, len(self.name), len(self.extra), 0, self.disk, 0,
                           self.attributes, at if self.offset is None else self.offset) + self.name + self.extra


def end(count, size, offset, comment=b"", disk=0, total=None):
    return struct.pack("<IHHHHIIH", END, disk, disk, count, count if total is None else total, size, offset,
                       len(comment)) + comment


def end64(count, size, offset, here, length=44, disk=0, locator=None, disks=1):
    return struct.pack("<IQHHIIQQQQ", END64, length, 45, 45, disk, disk, count, count, size, offset) + \
        struct.pack("<IIQI", LOCATOR64, 0, here if locator is None else locator, disks)


def build(entries, gap=b"", comment=b"", tail=b"", prefix=b"", make_end=None, extra_central=b""):
    body, directory = b"", b""
    for e in entries:
        body += e.before
        directory += e.central(len(body))
        body += e.local()
    body += gap
    directory += extra_central
    last = make_end(len(entries), len(directory), len(body)) if make_end else \
        end(len(entries), len(directory), len(body), comment)
    return prefix + body + directory + last + tail


def zip64_extra(*values):
    return struct.pack("<HH", 1, 8 * len(values)) + b"".join(struct.pack("<Q", v) for v in values)


def unicode_path(name, other):
    return struct.pack("<HHBI", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other


def descriptor(e_data, packed, signature=True, wide=False, crc=None, size=None):
    form = "<IQQ" if wide else "<III"
    body = struct.pack(form, zlib.crc32(e_data) if crc is None else crc, len(packed), len(e_data) if size is None else size)
    return (struct.pack("<I", DESCRIPTOR) if signature else b"") + body


def streamed(name, data, **kw):
    packed = deflate(data)
    d = kw.pop("descriptor", None) or descriptor(data, packed, **kw.pop("form", {}))
    return Entry(name, data, DEFLATED, flags=8, descriptor=d, **kw)


GOOD = "osgroups.tar.gz"
XML = b"<posture-update/>"


def one(name="conditions.tar.gz", data=b"data\n", *args, **kw):
    """A bundle with one good member in front of the one in question."""
    return build([Entry(GOOD, b"good\n"), Entry(name, data, *args, **kw)])


def overlapping():
    """Two directory entries, one local header within the data of the other."""
    inner = Entry("inner", b"x" * 20)
    outer = Entry("outer", inner.local())
    at = len(outer.local()) - len(inner.local())
    inner.offset = at
    body = outer.local()
    directory = outer.central(0) + inner.central(0)
    return body + directory + end(2, len(directory), len(body))


def same_header_twice():
    e = Entry("a", b"x" * 100)
    f = Entry("a", b"x" * 100)
    body = e.local()
    directory = e.central(0) + f.central(0)
    return body + directory + end(2, len(directory), len(body))


def zip64_end(**kw):
    def make(count, size, offset):
        return end64(kw.pop("count", count), kw.pop("size", size), kw.pop("offset", offset), offset + size, **kw) + \
            end(0xFFFF, MAX32, MAX32)
    return make


def zip64_end_disagrees(count, size, offset):
    return end64(count, size, offset, offset + size) + end(count + 1, size, offset, total=count + 1)


def zips():
    good = build([Entry(GOOD, b"good\n"), Entry("conditions.tar.gz", b"more\n" * 100, DEFLATED)])
    big = b"\0" * (24 << 20)
    yield "good", good
    yield "good-comment", build([Entry(GOOD)], comment=b"made by hand")
    yield "good-folder", build([Entry("top/", b"", attributes=(stat.S_IFDIR | 0o755) << 16 | 0x10),
                                Entry("top/" + GOOD), Entry("top/sub/x")])
    yield "good-macos", build([Entry("top/" + GOOD), Entry("__MACOSX/top/._x")])
    yield "good-streamed", build([streamed(GOOD, b"good\n"), streamed("b", b"x" * 999, form={"signature": False}),
                                  streamed("c", b"y", form={"wide": True})])
    yield "good-zip64", build([Entry(GOOD, b"good\n", size=MAX32, packed_size=MAX32, extra=zip64_extra(5, 5),
                                     local_extra=zip64_extra(5, 5))], make_end=zip64_end())
    yield "good-nested", build([Entry("nested.zip", good), Entry(GOOD)])
    yield "good-unicode-path", build([Entry(GOOD, extra=unicode_path(GOOD.encode(), GOOD.encode()))])
    yield "empty", end(0, 0, 0)
    yield "only-folders", build([Entry("a/", b"", attributes=0x10)])
    yield "zero-bytes", b""
    yield "html", b"<!DOCTYPE html><html><body>Please log in</body></html>" * 20
    yield "gzip", gzip.compress(b"not a zip")
    yield "text", b"hello\n"
    yield "wrong-product", build([Entry("setup.exe"), Entry("readme.txt")])
    # names
    for label, name in (("slip", "../evil"), ("slip-inside", "a/../../evil"), ("slip-end", "a/.."), ("absolute", "/evil"),
                        ("backslash", "..\\evil"), ("drive", "C:/evil"), ("drive-relative", "c:evil"),
                        ("nul", "a\0b"), ("control", "a\x1b[31mb"), ("newline", "a\nb"), ("del", "a\x7fb"),
                        ("c1", "a\u009bb"), ("dot", "."), ("no-name", ""), ("long", "a/" * 600 + "b"),
                        ("long-part", "a" * 300), ("deep", "a/" * 40 + "b")):
        yield "name-" + label, one(name)
    yield "name-latin1", one(b"gr\xfc\xdfe")
    yield "name-overlong", one(b"a\xc0\xaf..\xc0\xafb")
    yield "name-surrogate", one(b"a\xed\xa0\x80b")
    yield "duplicate", build([Entry(GOOD), Entry("a"), Entry("a")])
    yield "duplicate-dot", build([Entry(GOOD), Entry("a/b"), Entry("a/./b")])
    yield "duplicate-case", build([Entry(GOOD), Entry("Rules.xml"), Entry("rules.XML")])
    yield "duplicate-case-unicode", build([Entry(GOOD), Entry("\u00c4.xml"), Entry("\u00e4.xml")])
    yield "duplicate-folder-case", build([Entry(GOOD), Entry("Rules/a"), Entry("rules/b")])
    yield "file-and-folder", build([Entry(GOOD), Entry("a"), Entry("a/b")])
    yield "other-local-name", one(local_name=b"conditions.tar.gy")
    yield "other-unicode-name", one(extra=unicode_path(b"conditions.tar.gz", b"../evil"))
    yield "other-unicode-name-local", one(local_extra=unicode_path(b"conditions.tar.gz", b"../evil"))
    # kinds
    yield "symlink", one(data=b"/etc/passwd", attributes=(stat.S_IFLNK | 0o777) << 16)
    for label, kind in (("device", stat.S_IFCHR), ("block", stat.S_IFBLK), ("fifo", stat.S_IFIFO),
                        ("socket", stat.S_IFSOCK)):
        yield label, one(attributes=(kind | 0o644) << 16)
    yield "folder-with-slashless-name", one(data=b"", attributes=(stat.S_IFDIR | 0o755) << 16)
    yield "file-with-slash", one(name="a/", data=b"")
    yield "folder-with-data", one(name="a/", attributes=0x10)
    yield "encrypted", one(flags=1)
    yield "encrypted-strong", one(flags=0x41)
    yield "encrypted-masked", one(flags=0x2001)
    yield "encrypted-aes", one(flags=1, packed=b"data\n", method=99)
    yield "encrypted-aes-extra", one(extra=struct.pack("<HHHHBH", 0x9901, 7, 2, 0x4541, 3, 8))
    for label, method in (("bzip2", 12), ("lzma", 14), ("deflate64", 9), ("zstd", 93), ("implode", 6)):
        yield "method-" + label, one(packed=b"data\n", method=method)
    yield "method-patch", one(flags=0x20)
    # sizes
    yield "bomb-ratio", one(data=big, method=DEFLATED)
    yield "bomb-size", one(size=MAX32, packed_size=MAX32, extra=zip64_extra(9 << 30, 9 << 30))
    yield "bomb-count", build([Entry("f%05d" % i, b"") for i in range(17000)])
    yield "size-negative", one(size=MAX32, packed_size=MAX32, extra=zip64_extra(1 << 63, 1 << 63))
    yield "size-stored-differs", one(size=4, local_size=4)
    yield "size-past-end", one(size=10 ** 6, packed_size=10 ** 6)
    yield "local-size-differs", one(local_size=4)
    yield "local-packed-differs", one(local_packed_size=4)
    yield "local-crc-differs", one(local_crc=1)
    yield "local-method-differs", one(local_method=DEFLATED)
    yield "local-flags-differ", one(local_flags=0x800)
    yield "local-flag-streamed", one(local_flags=8)
    yield "descriptor-lies-size", build([streamed(GOOD, b"good\n", form={"size": 6})])
    yield "descriptor-lies-crc", build([streamed(GOOD, b"good\n", form={"crc": 6})])
    yield "descriptor-missing", build([Entry(GOOD, b"good\n", DEFLATED, flags=8, local_size=0)])
    yield "descriptor-junk", build([streamed(GOOD, b"good\n"), Entry("b", before=b"junk")])
    # members that are found out when they are read
    yield "crc", one(crc=1)
    yield "deflate-damaged", one(data=b"more\n" * 100, method=DEFLATED, packed=b"\xff" * 30)
    yield "deflate-short", one(data=b"more\n" * 100, method=DEFLATED, packed=deflate(b"more\n" * 99))
    yield "deflate-long", one(data=b"more\n" * 100, method=DEFLATED, packed=deflate(b"more\n" * 101))
    yield "deflate-cut", one(data=b"more\n" * 100, method=DEFLATED, packed=deflate(b"more\n" * 100)[:-3])
    yield "deflate-tail", one(data=b"more\n" * 100, method=DEFLATED, packed=deflate(b"more\n" * 100) + b"tail")
    for label, tail in (("100", b"t" * 100), ("all", random.Random(2).randbytes(600000))):
        yield "deflate-tail-" + label, one(data=b"more\n" * 100, method=DEFLATED, packed=deflate(b"more\n" * 100) + tail)
    yield "deflate-short-crc", one(data=b"more\n" * 100, method=DEFLATED, packed=deflate(b"more\n" * 99),
                                   crc=zlib.crc32(b"more\n" * 99))
    # layout
    yield "overlap", overlapping()
    yield "same-header-twice", same_header_twice()
    yield "tail", good + b"x"
    yield "tail-large", good + b"\0" * 100000
    yield "prefix", b"MZ" + b"\0" * 500 + good
    yield "prefix-adjusted", build([Entry(GOOD, before=b"#!/bin/sh\n")])
    yield "gap", build([Entry(GOOD), Entry("b", before=b"hidden")])
    yield "gap-before-directory", build([Entry(GOOD)], gap=b"hidden")
    yield "hidden-member", build([Entry(GOOD), Entry("b")], make_end=lambda n, s, o: end(1, s, o))
    yield "hidden-local", build([Entry(GOOD)], gap=Entry("hidden").local())
    yield "count-too-high", build([Entry(GOOD)], make_end=lambda n, s, o: end(2, s, o))
    yield "counts-differ", build([Entry(GOOD)], make_end=lambda n, s, o: end(1, s, o, total=2))
    yield "directory-elsewhere", build([Entry(GOOD)], make_end=lambda n, s, o: end(1, s, o + 1))
    yield "directory-negative", build([Entry(GOOD)], make_end=lambda n, s, o: end(1, MAX32 - 1, o))
    yield "directory-junk", build([Entry(GOOD)], extra_central=b"junk")
    yield "offset-wrong", one(offset=1)
    yield "offset-past-end", one(offset=1 << 30)
    yield "extra-damaged", one(extra=struct.pack("<HH", 0x5455, 200) + b"x")
    yield "split", build([Entry(GOOD)], make_end=lambda n, s, o: end(n, s, o, disk=1))
    yield "two-ends-empty", good + end(0, 0, len(good))
    yield "two-ends-concatenated", good + good
    yield "two-ends-comment", build([Entry(GOOD)], make_end=lambda n, s, o: end(n, s, o, comment=end(n, s, o)))
    yield "two-ends-comment-tail", build([Entry(GOOD)], make_end=lambda n, s, o: end(n, s, o, comment=end(n, s, o) + b"xx"))
    yield "zip64-count-lies", build([Entry(GOOD)], make_end=zip64_end(count=2))
    yield "zip64-size-lies", build([Entry(GOOD)], make_end=zip64_end(size=1))
    yield "zip64-offset-lies", build([Entry(GOOD)], make_end=zip64_end(offset=1 << 40))
    yield "zip64-offset-negative", build([Entry(GOOD)], make_end=zip64_end(offset=(1 << 64) - 5))
    yield "zip64-length-lies", build([Entry(GOOD)], make_end=zip64_end(length=1 << 40))
    yield "zip64-locator-lies", build([Entry(GOOD)], make_end=zip64_end(locator=3))
    yield "zip64-locator-past-end", build([Entry(GOOD)], make_end=zip64_end(locator=1 << 62))
    yield "zip64-split", build([Entry(GOOD)], make_end=zip64_end(disks=2))
    yield "zip64-disagrees", build([Entry(GOOD)], make_end=zip64_end_disagrees)
    yield "zip64-missing", build([Entry(GOOD)], make_end=lambda n, s, o: end(0xFFFF, MAX32, MAX32))
    yield "zip64-member-lies", one(size=MAX32, packed_size=MAX32, extra=zip64_extra(6, 6), local_size=5,
                                   local_packed_size=5)
    yield "zip64-member-short", one(size=MAX32, packed_size=MAX32, extra=zip64_extra(5))
    yield "zip64-member-missing", one(size=MAX32)
    yield "zip64-member-superfluous", one(extra=zip64_extra(6, 6))
    yield "zip64-member-twice", one(size=MAX32, packed_size=MAX32, extra=zip64_extra(5, 5) + zip64_extra(6, 6))
    yield "zip64-local-lies", one(size=MAX32, packed_size=MAX32, extra=zip64_extra(5, 5), local_extra=zip64_extra(6, 6))
    for label, cut in (("end", 1), ("end-half", 12), ("directory", 60), ("member", len(good) - 40),
                       ("header", len(good) - 10)):
        yield "truncated-" + label, good[:-cut]
    yield "truncated-comment", build([Entry(GOOD)], comment=b"a long comment")[:-3]


def tar(*members, mode="w", fmt=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=fmt) as t:
        for m in members:
            info, data = m if isinstance(m, tuple) else (m, b"")
            info.size = len(data) if info.isreg() else 0
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def member(name, kind=tarfile.REGTYPE, data=b"data\n", link="", perms=0o644, pax=None):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, perms
    if pax:
        info.pax_headers = pax
    return info, data if kind == tarfile.REGTYPE else b""


def header(name, size_field, kind=b"0"):
    """A bare ustar header with this size field (12 bytes), checksum right."""
    h = bytearray(512)
    h[0:len(name)] = name
    h[100:108], h[108:116], h[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    h[124:136], h[136:148], h[148:156] = size_field, b"00000000000\0", b" " * 8
    h[156:157], h[257:265] = kind, b"ustar\x0000"
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def pax_block(records, then):
    """Raw pax records (they may hold anything), then a member."""
    body = b""
    for key, value in records:
        length = len(key) + len(value) + 3
        while length != len(b"%d" % length) + len(key) + len(value) + 3:
            length += 1
        body += b"%d %s=%s\n" % (length, key, value)
    padded = body + b"\0" * (-len(body) % 512)
    return header(b"pax", b"%011o\0" % len(body), b"x") + padded + then


def tars():
    good = member("a/good.xml")
    end_mark = b"\0" * 1024
    file_block = header(b"plain.xml", b"%011o\0" % 5) + b"data\n" + b"\0" * 507
    yield "good.tar", tar(member("dir", tarfile.DIRTYPE, perms=0o700), member("dir/b"), good)
    yield "good.tar.gz", gzip.compress(tar(member("./x/y.xml"), good))
    yield "good-members.tar.gz", b"".join(gzip.compress(tar(good)[i:i + 1000]) for i in range(0, 10240, 1000))
    yield "good-padded.tar.gz", gzip.compress(tar(good)) + b"\0" * 70000
    yield "good-pax.tar", tar(member("\u00e4" * 120), good, fmt=tarfile.PAX_FORMAT)
    yield "good-modes.tar", tar(member("setuid", perms=0o6755), member("world", perms=0o666), member("none", perms=0),
                                member("run", perms=0o100), member("group", perms=0o055))
    yield "good-folder-again.tar", tar(member("d", tarfile.DIRTYPE), member("d/x"), member("d", tarfile.DIRTYPE))
    yield "good-empty.tar", tar()
    yield "good-interleaved.tar", tar(member("a/b/1"), member("c/1"), member("a/b/2"), member("a/2"), member("c/d/e/1"),
                                      member("top"), member("c/d/2"))
    yield "plain.xml", b"<chart/>\n"
    yield "empty.xml", b""
    yield "html.tar.gz", b"<html>log in</html>"
    for label, name in (("slip", "../evil"), ("slip-inside", "a/../../evil"), ("slip-end", "a/.."), ("absolute", "/tmp/evil"),
                        ("backslash", "..\\evil"), ("drive", "C:evil"), ("control", "a\x1b[2Jb"), ("newline", "a\nb"),
                        ("deep", "a/" * 40 + "b"), ("long", "d" * 200 + "/" + ("e" * 200 + "/") * 5 + "f"),
                        ("long-part", "a" * 256), ("self", "./")):
        yield "name-%s.tar" % label, tar(good, member(name))
    yield "name-pax-slip.tar", tar(good, member("ok", pax={"path": "../evil"}), fmt=tarfile.PAX_FORMAT)
    yield "name-pax-absolute.tar", tar(good, member("ok", pax={"path": "/tmp/evil"}), fmt=tarfile.PAX_FORMAT)
    yield "name-gnu-slip.tar", tar(good, member("x" * 90 + "/" + "y" * 90 + "/../../../evil"))
    yield "name-latin1.tar", header(b"gr\xfc\xdfe", b"%011o\0" % 0) + end_mark
    yield "name-pax-latin1.tar", pax_block([(b"path", b"gr\xfc\xdfe")], file_block) + end_mark
    yield "symlink.tar", tar(good, member("link", tarfile.SYMTYPE, link="/etc"))
    yield "symlink-through.tar", tar(good, member("link", tarfile.SYMTYPE, link="/tmp"), member("link/evil"))
    yield "symlink-dot.tar", tar(good, member(".", tarfile.SYMTYPE, link="/tmp"), member("evil"))
    yield "hardlink.tar", tar(good, member("link", tarfile.LNKTYPE, link="a/good.xml"))
    yield "hardlink-out.tar", tar(good, member("link", tarfile.LNKTYPE, link="/etc/passwd"))
    yield "hardlink-pax.tar", pax_block([(b"linkpath", b"/etc/passwd")], header(b"x", b"%011o\0" % 0, b"1")) + end_mark
    for label, kind in (("device", tarfile.CHRTYPE), ("block", tarfile.BLKTYPE), ("fifo", tarfile.FIFOTYPE)):
        yield label + ".tar", tar(good, member("x", kind))
    yield "duplicate.tar", tar(member("a"), member("b"), member("a"))
    yield "duplicate-dot.tar", tar(member("a/b"), member("a/./b"))
    yield "duplicate-case.tar", tar(member("Rules.xml"), member("rules.XML"))
    yield "duplicate-case-unicode.tar", tar(member("\u00c4.xml"), member("\u00e4.xml"), fmt=tarfile.PAX_FORMAT)
    yield "duplicate-folder-case.tar", tar(member("Rules/a"), member("rules/b"))
    yield "file-and-folder.tar", tar(member("a"), member("a/b"))
    yield "folder-and-file.tar", tar(member("a/b"), member("a"))
    # sizes
    yield "bomb-ratio.tar.gz", gzip.compress(tar(member("zeros", data=b"\0" * (24 << 20))), 9)
    yield "bomb-ratio.tar.xz", lzma.compress(tar(member("zeros", data=b"\0" * (24 << 20))))
    yield "bomb-behind-end.tar.gz", gzip.compress(tar(good) + b"\0" * (24 << 20), 9)
    yield "bomb-size.tar", header(b"big", b"%011o\0" % (5 << 30)) + b"x" * 1024
    yield "size-binary.tar", header(b"big", b"\x80" + (1 << 62).to_bytes(11, "big")) + b"x" * 1024
    yield "size-overflow.tar", header(b"big", b"\x80" + b"\xff" * 11) + b"x" * 1024
    yield "size-negative.tar", header(b"big", b"\xff" * 12) + b"x" * 1024
    yield "size-pax-lies.tar", pax_block([(b"size", b"5000000000")], file_block) + end_mark
    yield "size-pax-junk.tar", pax_block([(b"size", b"-7")], file_block) + end_mark
    yield "sparse-gnu.tar", sparse_gnu()
    yield "sparse-pax.tar", pax_block([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                                       (b"GNU.sparse.name", b"../evil"), (b"GNU.sparse.realsize", b"4000000000")],
                                      header(b"x", b"%011o\0" % 512) + b"1\n0\n512\n" + b"\0" * 504) + end_mark
    # damage
    whole = gzip.compress(tar(member("big", data=random.Random(1).randbytes(200000))))
    yield "truncated.tar.gz", whole[:len(whole) // 2]
    yield "truncated-trailer.tar.gz", whole[:-4]
    yield "crc.tar.gz", whole[:-8] + b"\0\0\0\0" + whole[-4:]
    yield "length.tar.gz", whole[:-4] + b"\0\0\0\0"
    yield "damaged.tar.gz", whole[:5000] + b"\xff" * 50 + whole[5050:]
    yield "tail.tar.gz", whole + b"tail"
    yield "tail-member.tar.gz", whole + gzip.compress(b"tail")
    yield "truncated.tar", tar(member("big", data=b"x" * 20000))[:10000]
    yield "tail.tar", tar(good) + b"tail"
    yield "second-archive.tar", tar(good) + tar(member("hidden"))
    yield "checksum.tar", tar(good)[:512 * 2] + header(b"x", b"%011o\0" % 0).replace(b"x", b"y") + end_mark
    yield "not-a-tar.tar.gz", gzip.compress(b"hello, this is text, long enough for a tar header" * 50)
    xz = lzma.compress(tar(good))
    yield "good.tar.xz", xz
    yield "good-7.tar.xz", lzma.compress(tar(good), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 16 << 20}])
    # A frame that says how large a window it needs, and one block as it is.
    for label, log in (("good-window", 24), ("memory", 25)):
        content = tar(good)
        yield label + ".tar.zst", b"\x28\xb5\x2f\xfd" + bytes((0, log - 10 << 3)) + \
            struct.pack("<I", len(content) << 3 | 1)[:3] + content
    yield "truncated.tar.xz", xz[:-10]
    yield "damaged.tar.xz", xz[:-60] + b"\xff" * 8 + xz[-52:]
    yield "memory.tar.xz", lzma.compress(tar(good), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}])


def sparse_gnu():
    h = bytearray(header(b"sparse", b"%011o\0" % 512, b"S"))
    h[257:265] = b"ustar  \0"
    h[386:398], h[398:410] = b"%011o\0" % (1 << 30), b"%011o\0" % 512
    h[483:495] = b"%011o\0" % ((1 << 30) + 512)
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h) + b"x" * 512 + b"\0" * 1024


def sparse_file(path):
    """Members beyond 4 GiB, with a hole for the data: only what must be 64 bits wide is."""
    hole = 5 << 30
    first = Entry("big", b"", size=MAX32, packed_size=MAX32, extra=zip64_extra(hole, hole),
                  local_extra=zip64_extra(hole, hole), crc=0)
    second = Entry(GOOD, b"far away\n")
    with open(path, "wb") as f:
        f.write(first.local())
        f.seek(hole, os.SEEK_CUR)
        at = f.tell()
        f.write(second.local())
        directory_at = f.tell()
        second.offset = MAX32
        second.extra = zip64_extra(at)
        directory = first.central(0) + second.central(0)
        f.write(directory + end64(2, len(directory), directory_at, directory_at + len(directory)) +
                end(2, len(directory), MAX32))


def main():
    folder = sys.argv[1]
    for kind, cases in (("zip", zips()), ("tar", tars())):
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
        for name, data in cases:
            name = name + ".zip" if kind == "zip" else name
            with open(os.path.join(folder, kind, name), "wb") as f:
                f.write(data)
    sparse_file(os.path.join(folder, "zip", "good-large.zip"))


main()
