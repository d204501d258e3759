# -*- test-case-name: txtor.test.directory.test_stream -*-
"""
Documents out of bytes that come in pieces, and what kind each is.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    BandwidthFile,
    BridgeExtraInfo,
    BridgeNetworkStatus,
    BridgePoolAssignment,
    BridgeServerDescriptor,
    Consensus,
    Document,
    DocumentStream,
    ExitList,
    ExtraInfo,
    FallbackList,
    KeyCertificate,
    Limits,
    Microdescriptor,
    Reading,
    ServerDescriptor,
    UnknownDocument,
    Vote,
)
from txtor.errors import (
    DocumentError,
    InvalidArgument,
    MalformedDocument,
    ObsoleteDocument,
    UnsupportedDocument,
)
from txtor.test.directory.samples import sample

from .documents import (
    BRIDGE_DESCRIPTOR,
    BRIDGE_EXTRA_INFO,
    BRIDGE_POOL,
    BRIDGE_STATUS,
    EXIT_LIST,
    broken_descriptors,
    real,
)

BANDWIDTH = b"@type bandwidth-file 1.9\n1523911758\nversion=1.9.0\n=====\n"
FALLBACKS = b'/* type=fallback */\n"192.0.2.1 orport=1 id=' + b"A" * 40 + b'"\n'


def read(pieces: Iterable[bytes], stream: DocumentStream | None = None) -> list[Reading]:
    """
    All that a stream gives for some pieces.
    """
    stream = stream or DocumentStream()
    found = [reading for piece in pieces for reading in stream.feed(piece)]
    return found + list(stream.finish())


def kinds(data: bytes) -> list[type[Document] | type[DocumentError]]:
    """
    What each document is.
    """
    return [type(reading.document or reading.error) for reading in read([data])]  # type: ignore[misc]  # one of both is there


class KindTests(SynchronousTestCase):
    """
    By annotation, or by the first line.
    """

    def test_first_line(self) -> None:
        """
        Without annotations the first line tells, and what stands in a descriptor tells it from a sanitised one.
        """
        texts: list[tuple[bytes, type[Document]]] = [
            (real("server-descriptors"), ServerDescriptor),
            (real("extra-infos"), ExtraInfo),
            (real("microdescs"), Microdescriptor),
            (real("key-certificates"), KeyCertificate),
            (real("bandwidth-next"), BandwidthFile),
            (BRIDGE_DESCRIPTOR, BridgeServerDescriptor),
            (BRIDGE_EXTRA_INFO, BridgeExtraInfo),
            (BRIDGE_STATUS, BridgeNetworkStatus),
            (BRIDGE_POOL, BridgePoolAssignment),
            (EXIT_LIST, ExitList),
            (FALLBACKS, FallbackList),
        ]
        for text, kind in texts:
            bare = text.partition(b"\n")[2] if text.startswith(b"@") else text
            self.assertEqual(set(kinds(bare)), {kind})
            self.assertEqual(set(kinds(text)), {kind})
            self.assertEqual(b"".join(reading.raw for reading in read([text])), text)

    def test_mixed(self) -> None:
        """
        One file may hold documents of many kinds, with annotations and, where a first keyword tells, without.
        """
        text = BRIDGE_DESCRIPTOR + EXIT_LIST + BRIDGE_EXTRA_INFO + BANDWIDTH + BRIDGE_STATUS + BRIDGE_POOL
        found = [BridgeServerDescriptor, ExitList, BridgeExtraInfo, BandwidthFile, BridgeNetworkStatus, BridgePoolAssignment]
        self.assertEqual(kinds(text), found)
        plain = real("server-authority") + real("extra-infos") + real("key-certificates") + real("server-authority")
        self.assertEqual(kinds(plain), [ServerDescriptor] + [ExtraInfo] * 7 + [KeyCertificate] * 3 + [ServerDescriptor])

    def test_versions(self) -> None:
        """
        A newer minor version is read, a newer major version is told.
        """
        self.assertEqual(kinds(EXIT_LIST.replace(b"tordnsel 1.0", b"tordnsel 1.77")), [ExitList])
        for version in (b"2.0", b"x", b"1\xb2"):
            (reading,) = read([EXIT_LIST.replace(b"1.0", version)])
            self.assertIsInstance(reading.error, UnsupportedDocument)
            self.assertEqual(reading.raw, EXIT_LIST.replace(b"1.0", version))

    def test_unknown_type(self) -> None:
        """
        A type that txtor does not know is a document whose lines can be read. Case 127.
        """
        text = b"@type torperf 1.1\n@source x\nSOURCE=a FILESIZE=5\n\nmore\n" + EXIT_LIST
        first, second = read([text])
        assert isinstance(first.document, UnknownDocument)
        self.assertEqual(first.document.type, "torperf 1.1")
        self.assertEqual([item.text for item in first.document.items], ["SOURCE=a FILESIZE=5", "", "more"])
        self.assertEqual([note.name for note in first.document.annotations], ["type", "source"])
        self.assertIsInstance(second.document, ExitList)

    def test_obsolete(self) -> None:
        """
        Documents of version 2 and before are told by their type, and their bytes are there.
        """
        for text, kind in (
            (b"network-status-version 2\ndir-source x\n", "network-status-2"),
            (b"signed-directory\nrouter x\n", "directory"),
            (b"@type directory 1.0\nsigned-directory\n", "directory"),
            (b"rendezvous-service-descriptor abc\nversion 2\n", "hidden-service-descriptor"),
        ):
            (reading,) = read([text])
            assert isinstance(reading.error, ObsoleteDocument)
            self.assertEqual((reading.error.type, reading.raw), (kind, text))
            with self.assertRaises(ObsoleteDocument):
                reading.get()

    def test_given(self) -> None:
        """
        The caller may say what all documents are, by a name or by a class; a name that is none is a mistake.
        """
        for kind in ("server-descriptor", ServerDescriptor):
            stream = DocumentStream(kind)
            self.assertEqual(len(read([real("server-descriptors")], stream)), 7)
        (reading,) = read([EXIT_LIST], DocumentStream(Microdescriptor))
        self.assertIsInstance(reading.error, MalformedDocument)
        with self.assertRaises(InvalidArgument):
            DocumentStream("server-descriptors")


class StreamTests(SynchronousTestCase):
    """
    Cutting, places and bounds.
    """

    def test_pieces(self) -> None:
        """
        However the bytes come, the documents and their places are the same.
        """
        text = b"\n" + broken_descriptors(5, 2) + b"\n\n" + EXIT_LIST
        whole = read([text])
        self.assertEqual(len(whole), 6)
        for size in (1, 7, 64, 1000):
            pieces = (text[place : place + size] for place in range(0, len(text), size))
            found = read(pieces)
            self.assertEqual([reading.raw for reading in found], [reading.raw for reading in whole])
            self.assertEqual([reading.place for reading in found], [reading.place for reading in whole])
            self.assertEqual([str(reading.error) for reading in found], [str(reading.error) for reading in whole])

    def test_kinds_that_begin_alike(self) -> None:
        """
        What a document is that has no annotation is told by its own bytes, wherever it stands among others.
        """
        names = ["vote-auth000", "consensus", "vote-auth001", "consensus-microdesc", "vote-auth002"]
        text = b"".join(sample(f"network-2/{name}") for name in names)
        for size in (len(text), 5000, 999):
            found = read(text[place : place + size] for place in range(0, len(text), size))
            self.assertEqual([type(reading.document) for reading in found], [Vote, Consensus, Vote, Consensus, Vote], size)
            self.assertEqual([getattr(reading.document, "flavour", "") for reading in found][1::2], ["ns", "microdesc"])

    def test_third_of_five(self) -> None:
        """
        The third of five documents is broken: four are read, and one error tells where. Case 128.
        """
        text = broken_descriptors(5, 2)
        found = read([text])
        self.assertEqual([reading.error is None for reading in found], [True, True, False, True, True])
        bad = found[2]
        assert bad.error is not None
        self.assertEqual(text[bad.place.offset :][: len(bad.raw)], bad.raw)
        self.assertEqual(text[: bad.place.offset].count(b"\n"), bad.place.line - 1)
        self.assertIn("bandwidth", str(bad.error))

    def test_fiftieth_of_a_hundred(self) -> None:
        """
        The fiftieth of a hundred documents is broken: 99 are read, and one error tells where. Case 19 of the documents.
        """
        found = read([broken_descriptors(100, 49)])
        self.assertEqual([number for number, reading in enumerate(found) if reading.error], [49])
        self.assertEqual(sum(reading.document is not None for reading in found), 99)

    def test_line_of_error(self) -> None:
        """
        The line in an error is counted in the file.
        """
        text = EXIT_LIST + EXIT_LIST.replace(b"91.102.152.236", b"91.102.152.999")
        _, bad = read([text])
        assert bad.error is not None
        self.assertEqual(bad.error.line, 12)
        self.assertIn(b"999", text.split(b"\n")[11])

    def test_garbage(self) -> None:
        """
        What is no document is one error, and the document behind it is read.
        """
        found = read([b"<html>\n<p>\n\n</html>\n" + EXIT_LIST])
        self.assertEqual([reading.document is None for reading in found], [True, False])
        (reading,) = read([b"@type tordnsel 1.0\n"])
        self.assertEqual(reading.raw, b"@type tordnsel 1.0\n")
        self.assertEqual((read([]), read([b""]), read([b"\n\n\n"])), ([], [], []))

    def test_unchecked(self) -> None:
        """
        Without checks, documents are cut, and what is broken is told when it is read.
        """
        found = read([broken_descriptors(5, 2)], DocumentStream(check=False))
        self.assertEqual([reading.error for reading in found], [None] * 5)
        with self.assertRaises(MalformedDocument):
            found[2].get().check()

    def test_endless_line(self) -> None:
        """
        A line of a hundred megabytes is one error, is not held, and the document behind it is read. Case 126.
        """
        piece = b"x" * 65536
        limits = Limits(document=2**20)
        for start in (b"", b"router ", b"@type tordnsel 1.0\nExitNode "):
            stream = DocumentStream(limits=limits)
            tracemalloc.start()
            pieces = [start, *([piece] * 1600), b"\n", EXIT_LIST]
            found = read(pieces, stream)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertEqual([reading.document is None for reading in found], [True, False])
            self.assertIn("longer than", str(found[0].error))
            self.assertEqual(found[1].place.offset, len(start) + 1600 * 65536 + 1)
            self.assertEqual(found[1].place.line, 2 + start.count(b"\n"))
            self.assertLess(peak, 8 * 2**20)

    def test_many_lines(self) -> None:
        """
        A million keywords are one error, and not a million objects.
        """
        tracemalloc.start()
        (reading,) = read([b"@type server-descriptor 1.0\nrouter x\n" + b"a\n" * 1_000_000])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        self.assertIn("more than 500000 lines", str(reading.error))
        self.assertLess(peak, 32 * 2**20)

    @settings(max_examples=120)
    @given(
        st.lists(
            st.sampled_from(
                b"@type ;tordnsel 1.0;extra-info;\n;router ;onion-key\n;r ;@;ExitNode ;1234567890;network-status-version 3;\0;"
                b"\xff; ;-----BEGIN X-----\n;/* x=y */;A2345678901234567890;\r".split(b";")
            ),
            max_size=12,
        ),
        st.integers(1, 20),
    )
    @example([b"@type tordnsel 1.0", b"\n", b"@"], 1)
    def test_any_bytes(self, words: list[bytes], size: int) -> None:
        """
        Any bytes are documents and errors, the same however they come, and nothing of them is lost.
        """
        text = b"".join(words)
        whole = read([text])
        found = read(text[place : place + size] for place in range(0, len(text), size))
        self.assertEqual([(reading.raw, reading.place) for reading in found], [(reading.raw, reading.place) for reading in whole])
        self.assertEqual(b"".join(reading.raw for reading in whole).strip(b"\n"), text.strip(b"\n"))
        for reading in whole:
            self.assertTrue(reading.document is not None or isinstance(reading.error, DocumentError))
