# -*- test-case-name: txtor.test.directory.test_tar -*-
"""
Archives of tar, against those that the standard library writes.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import tracemalloc
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Limits
from txtor.directory._tar import is_tar, members
from txtor.errors import MalformedDocument

FILES = {"a": b"one", "folder/b": b"x" * 1500, "long/" * 60 + "name": b"two", "empty": b"", "ü/é": b"\0" * 512}


def make_tar(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """
    An archive with regular members, a folder and two links.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=form) as tar:
        for kind, name in ((tarfile.DIRTYPE, "folder"), (tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "hard")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "" if kind == tarfile.DIRTYPE else "/etc/passwd"
            tar.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return archive.getvalue()


def read(chunks: Iterable[bytes], limits: Limits | None = None) -> dict[str, bytes]:
    """
    All members.
    """
    return {member.name: b"".join(member.chunks()) for member in members(chunks, limits or Limits())}


class TarTests(SynchronousTestCase):
    """
    Reading archives.
    """

    def test_formats(self) -> None:
        """
        ustar, GNU and pax archives, whole and in pieces of any size; only regular members.
        """
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            data = make_tar(FILES, form)
            self.assertTrue(is_tar(data))
            for size in (1, 100, 512, 5000, len(data)):
                self.assertEqual(read(data[place : place + size] for place in range(0, len(data), size)), FILES)
        short = {"a": b"one", "x" * 90 + "/" + "y" * 60: b"two"}
        self.assertEqual(read([make_tar(short, tarfile.USTAR_FORMAT)]), short)

    def test_members_need_not_be_read(self) -> None:
        """
        What of a member is not read is passed over.
        """
        found = []
        for member in members([make_tar(FILES)], Limits()):
            found.append((member.name, next(member.chunks(), b"")[:1]))
        self.assertEqual([name for name, _ in found], list(FILES))

    def test_cut_short(self) -> None:
        """
        An archive that ends before its end is an error, wherever it was cut.
        """
        data = make_tar({"a": b"one" * 300}).rstrip(b"\0")
        for size in (0, 100, 512, len(data) - 1, len(data)):
            with self.assertRaises(MalformedDocument):
                read([data[:size]])

    def test_limits(self) -> None:
        """
        Number and size of members are bounded, and an extended header of a gigabyte is refused without being held.
        """
        data = make_tar(FILES)
        for limits in (Limits(members=4), Limits(member=1499)):
            with self.assertRaises(MalformedDocument):
                read([data], limits)
        header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT)[:512])
        header[124:136], header[156:157], header[148:156] = b"10000000000\0", b"x", b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        tracemalloc.start()
        with self.assertRaises(MalformedDocument):
            read([bytes(header), *([bytes(65536)] * 4)])
        self.assertLess(tracemalloc.get_traced_memory()[1], 2**21)
        tracemalloc.stop()

    def test_sparse(self) -> None:
        """
        A sparse member is refused.
        """
        header = bytearray(make_tar({"a": b""}, tarfile.USTAR_FORMAT)[3 * 512 : 4 * 512])
        header[156:157], header[148:156] = b"S", b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        with self.assertRaises(MalformedDocument):
            read([bytes(header)])

    @settings(max_examples=150)
    @given(st.integers(0, 512 * 6), st.binary(min_size=1, max_size=12), st.booleans())
    def test_any_change(self, place: int, new: bytes, mend: bool) -> None:
        """
        With bytes changed, and the checksum of the first header mended or not, it is an archive or the declared error.
        """
        data = bytearray(make_tar({"long/" * 60: b"x" * 600}))
        data[place : place + len(new)] = new
        for start in range(0, len(data), 512) if mend else ():
            block = data[start : start + 512]
            if block[257:262] == b"ustar":
                block[148:156] = b" " * 8
                data[start + 148 : start + 156] = b"%06o\0 " % sum(block)
        with contextlib.suppress(MalformedDocument):
            read([bytes(data)], Limits(member=2**20))
