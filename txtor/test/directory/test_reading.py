# -*- test-case-name: txtor.test.directory.test_reading -*-
"""
Reading files, folders and archives.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pathlib
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import ExitList, Limits, Place, ServerDescriptor, find_files, parse
from txtor.errors import InvalidArgument, MalformedDocument

from .documents import BRIDGE_STATUS, EXIT_LIST, broken_descriptors, real


def make_tar(members: dict[str, bytes]) -> bytes:
    """
    An archive with regular members.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return archive.getvalue()


class ReadingTests(SynchronousTestCase):
    """
    All that documents may be in.
    """

    def setUp(self) -> None:
        self.folder = pathlib.Path(self.mktemp())
        self.folder.mkdir()

    def write(self, name: str, data: bytes) -> pathlib.Path:
        """
        A file in the test's folder.
        """
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return path

    def test_sources(self) -> None:
        """
        Bytes, a path as text or object, a file and pieces give the same documents.
        """
        data = broken_descriptors(4, 1)
        path = self.write("descriptors", data)
        with open(path, "rb") as file:
            for source in (data, bytearray(data), str(path), path, file, [data[:1000], data[1000:]]):
                found = list(parse(source))
                self.assertEqual([type(reading.document) for reading in found].count(ServerDescriptor), 3)
                self.assertEqual(b"".join(reading.raw for reading in found), data)

    def test_type(self) -> None:
        """
        The caller's type is judged before anything is read, and so is the path.
        """
        self.assertEqual(len(list(parse(EXIT_LIST, "tordnsel"))), 1)
        self.assertEqual(len(list(parse(EXIT_LIST, ExitList))), 1)
        with self.assertRaises(InvalidArgument):
            parse(EXIT_LIST, "exit-list")
        for path in (self.folder / "absent", os.devnull):
            with self.assertRaises(InvalidArgument):
                parse(path)

    def test_carriage_returns(self) -> None:
        """
        A file that was converted to CR LF gives clear errors, or is normalised when asked, and then verifies. Case 127.
        """
        original = real("server-descriptors")
        converted = original.replace(b"\n", b"\r\n")
        errors = [str(reading.error) for reading in parse(converted)]
        self.assertEqual(len(errors), 7)
        self.assertTrue(all("carriage return" in error for error in errors))
        for size in (1, 1000, len(converted)):
            pieces = (converted[place : place + size] for place in range(0, len(converted), size))
            found = [reading.get() for reading in parse(pieces, normalize=True)]
            self.assertEqual(b"".join(map(bytes, found)), original)
        for document in found:
            assert isinstance(document, ServerDescriptor)
            document.verify(now=document.published)

    def test_compressed(self) -> None:
        """
        A compressed file is known by its bytes, whatever its name.
        """
        for compress in (gzip.compress, bz2.compress, lzma.compress):
            (reading,) = parse(self.write("name", compress(EXIT_LIST)))
            self.assertIsInstance(reading.document, ExitList)
            self.assertEqual(reading.place.offset, 0)

    def test_cut_compressed(self) -> None:
        """
        What had begun where a compressed file breaks off is no document. Case 22 of the documents.
        """
        data = EXIT_LIST * 3
        squeezed = gzip.compress(data)
        first = next(size for size in range(len(squeezed)) if len(list(parse(squeezed[:size]))) > 1)
        found = list(parse(squeezed[: max(first, len(squeezed) - 9)]))
        self.assertIsNone(found[-1].document)
        self.assertIn("cut short", str(found[-1].error))
        self.assertEqual([reading.raw for reading in found[:-1]], [EXIT_LIST] * (len(found) - 1))
        self.assertLess(len(found), 4)

    def test_archives(self) -> None:
        """
        The members of an archive are read in order, compressed ones too, and places name them.
        """
        members = {"a/exit": EXIT_LIST, "b.gz": gzip.compress(BRIDGE_STATUS), "c": broken_descriptors(3, 0)}
        for compress in (bytes, lzma.compress, gzip.compress, bz2.compress):
            path = self.write("archive", compress(make_tar(members)))
            found = list(parse(path))
            self.assertEqual([reading.place.member for reading in found], ["a/exit", "b.gz", "c", "c", "c"])
            self.assertEqual([reading.document is None for reading in found], [False, False, True, False, False])
            self.assertEqual(found[0].place, Place(str(path), "a/exit", 0, 1))
            self.assertEqual(str(found[2].place), f"{path}(c):1")

    def test_broken_members(self) -> None:
        """
        A member that is broken, a bomb, or an archive itself, is an error in its place; the next one is read. Case 126.
        """
        bomb = gzip.compress(bytes(10_000_000))
        members = {
            "cut": gzip.compress(EXIT_LIST)[:-5], "bomb": bomb, "nested": make_tar({"x": EXIT_LIST}),
            "packed": lzma.compress(make_tar({"x": EXIT_LIST})),
            "garbage": b"\x1f\x8bxxxxxxxxxxxxx", "twice": gzip.compress(gzip.compress(EXIT_LIST)),
            "good": EXIT_LIST,
        }  # fmt: skip
        found = list(parse(make_tar(members)))
        self.assertEqual([reading.place.member for reading in found], list(members))
        self.assertEqual([reading.document is not None for reading in found], [False] * 6 + [True])
        for reading in found[:-1]:
            self.assertIsInstance(reading.error, MalformedDocument)

    def test_cut_archive(self) -> None:
        """
        An archive that breaks off is told, after what it held.
        """
        data = make_tar({"a": EXIT_LIST, "b": EXIT_LIST * 20})
        found = list(parse(data[:3000]))
        self.assertEqual(found[0].raw, EXIT_LIST)
        self.assertIn("cut short", str(found[-1].error))

    def test_too_many_members(self) -> None:
        """
        The number of members is bounded.
        """
        data = make_tar({"a": EXIT_LIST, "b": EXIT_LIST, "c": EXIT_LIST})
        found = list(parse(data, limits=Limits(members=2)))
        self.assertEqual([reading.document is not None for reading in found], [True, True, False])

    def test_folder(self) -> None:
        """
        A folder is read file by file in the order of names, and a link to a folder is not followed.
        """
        for name in ("b", "a", "sub/c"):
            self.write(name, EXIT_LIST)
        os.symlink(self.folder.resolve(), self.folder / "sub" / "loop")
        names = [os.path.relpath(path, self.folder) for path in find_files(self.folder)]
        self.assertEqual(names, ["a", "b", "sub/c"])
        self.assertEqual([os.path.relpath(reading.place.source, self.folder) for reading in parse(self.folder)], names)

    def test_unreadable_file(self) -> None:
        """
        A file that went away while a folder was read is an error in its place.
        """
        for name in ("a", "b", "c"):
            self.write(name, EXIT_LIST)
        readings = parse(self.folder)
        next(readings)
        (self.folder / "b").unlink()
        self.assertEqual([reading.document is not None for reading in readings], [False, True])

    def test_real_documents(self) -> None:
        """
        All that a private network wrote is read, and nothing of it is lost.
        """
        for name in ("server-descriptors", "extra-infos", "microdescs", "key-certificates", "consensus", "consensus-microdesc",
                     "vote-auth000", "consensus-signatures", "bandwidth-next"):  # fmt: skip
            found = list(parse(real(name)))
            self.assertEqual([reading.error for reading in found if reading.error], [], name)
            self.assertEqual(b"".join(bytes(reading.get()) for reading in found), real(name))

    @settings(max_examples=60)
    @given(st.integers(0, 3000), st.binary(min_size=1, max_size=4), st.sampled_from([bytes, gzip.compress, lzma.compress]))
    def test_any_change(self, place: int, new: bytes, compress: type[bytes]) -> None:
        """
        With bytes changed, an archive is documents and declared errors.
        """
        data = bytearray(compress(make_tar({"a": EXIT_LIST, "b": gzip.compress(BRIDGE_STATUS)})))
        data[place % len(data) : place % len(data) + len(new)] = new
        for reading in parse(bytes(data)):
            self.assertTrue((reading.document is None) != (reading.error is None))
