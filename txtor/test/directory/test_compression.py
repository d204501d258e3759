# -*- test-case-name: txtor.test.directory.test_compression -*-
"""
Decompression: whole, in pieces, cut short, and too large.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import importlib
import lzma
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import DOWNLOAD_LIMITS, FILE_LIMITS, Limits, decompress
from txtor.directory._compression import decompress_chunks, sniff
from txtor.errors import InvalidArgument, MalformedDocument, UnsupportedDocument

TEXT = b"".join(b"line %s\n" % hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(1000))


def raw_deflate(data: bytes) -> bytes:
    """
    Deflate without a header.
    """
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "x-tor-lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def zstd_compress() -> Callable[[bytes], bytes] | None:
    """
    A compressor for Zstandard, where this interpreter has one.
    """
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            compress: Callable[[bytes], bytes] = importlib.import_module(name).compress
            return compress
    return None


ZSTD = zstd_compress()
if ZSTD is not None:
    COMPRESSORS["x-zstd"] = ZSTD


class DecompressTests(SynchronousTestCase):
    """
    One stream.
    """

    def test_whole_and_in_pieces(self) -> None:
        """
        Every encoding gives the text back, whole, byte by byte, and twice in a row. Case 22 of the documents.
        """
        for encoding, compress in COMPRESSORS.items():
            data = compress(TEXT)
            self.assertEqual(decompress(data, encoding), TEXT, encoding)
            single = (data[place : place + 1] for place in range(len(data)))
            self.assertEqual(b"".join(decompress_chunks(single, encoding, DOWNLOAD_LIMITS)), TEXT, encoding)
            self.assertEqual(decompress(data + data, encoding), TEXT + TEXT, encoding)

    def test_deflate_without_header(self) -> None:
        """
        Deflate is read with the header of zlib and without. Case 22 of the documents.
        """
        self.assertEqual(decompress(raw_deflate(TEXT), "deflate"), TEXT)
        single = (bytes([byte]) for byte in raw_deflate(TEXT))
        self.assertEqual(b"".join(decompress_chunks(single, "deflate", DOWNLOAD_LIMITS)), TEXT)

    def test_cut_short(self) -> None:
        """
        A stream that ends before its end is an error, wherever it was cut. Case 22 of the documents.
        """
        for encoding, compress in COMPRESSORS.items():
            data = compress(TEXT)
            for size in {0, 1, 5, len(data) // 2, len(data) - 1}:
                with self.assertRaises(MalformedDocument, msg=f"{encoding} {size}"):
                    decompress(data[:size], encoding)

    def test_bombs(self) -> None:
        """
        A small file that would become a large one is refused before it does. Case 22 of the documents, case 126.
        """
        zeros = bytes(20 * 1024 * 1024)
        for encoding, compress in COMPRESSORS.items():
            data = compress(zeros)
            tracemalloc.start()
            with self.assertRaises(MalformedDocument, msg=encoding):
                decompress(data, encoding)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(peak, 16 * 1024 * 1024, encoding)

    def test_bombs_in_one_piece(self) -> None:
        """
        However much is given at once, how much comes out is judged by what has been taken of it: a bomb of a gibibyte in one
        piece is refused after a few mebibytes.
        """
        for encoding, compress in COMPRESSORS.items():
            data = compress(bytes(16 * 1024 * 1024)) * 64
            given = 0
            with self.assertRaises(MalformedDocument, msg=encoding):
                for piece in decompress_chunks([data], encoding, FILE_LIMITS):
                    given += len(piece)
            self.assertLessEqual(given, FILE_LIMITS.ratio * 8192 + FILE_LIMITS.grace, encoding)

    def test_many_streams(self) -> None:
        """
        Many small streams behind one another are read in a time that grows with their number, and not with its square.
        """
        data = gzip.compress(b"x")

        def processor_time(count: int) -> float:
            began = time.process_time()
            self.assertEqual(sum(map(len, decompress_chunks([data * count], "gzip", FILE_LIMITS))), count)
            return time.process_time() - began

        processor_time(100)
        self.assertLess(min(processor_time(40_000) for _ in range(2)), 30 * max(processor_time(5_000) for _ in range(2)))

    def test_total(self) -> None:
        """
        The bound holds for all streams behind one another together, and for what is not compressed.
        """
        limits = Limits(total=len(TEXT) * 2 - 1)
        with self.assertRaises(MalformedDocument):
            decompress(gzip.compress(TEXT) * 2, "gzip", limits)
        with self.assertRaises(MalformedDocument):
            decompress(TEXT * 2, "identity", limits)
        self.assertEqual(decompress(TEXT, "identity", limits), TEXT)

    def test_behind_the_end(self) -> None:
        """
        Zeros behind the end are padding, anything else is an error.
        """
        self.assertEqual(decompress(gzip.compress(TEXT) + bytes(1000), "gzip"), TEXT)
        with self.assertRaises(MalformedDocument):
            decompress(gzip.compress(TEXT) + b"more", "gzip")

    def test_unknown_encoding(self) -> None:
        """
        An encoding that nobody knows is the caller's mistake.
        """
        with self.assertRaises(InvalidArgument):
            decompress(b"", "br")

    def test_without_zstd(self) -> None:
        """
        Where the interpreter has no Zstandard, the error says what to install.
        """
        absent = mock.patch.dict(sys.modules, {"compression.zstd": None, "backports.zstd": None})
        with absent, self.assertRaises(UnsupportedDocument) as caught:
            decompress(b"\x28\xb5\x2f\xfd", "x-zstd")
        self.assertIn("txtor[zstd]", str(caught.exception))

    def test_sniff(self) -> None:
        """
        A file's encoding is seen by its first bytes.
        """
        for encoding in ("gzip", "bzip2", "xz"):
            self.assertEqual(sniff(COMPRESSORS[encoding](TEXT)), encoding)
        self.assertEqual((sniff(b"\x28\xb5\x2f\xfd"), sniff(TEXT), sniff(b"")), ("x-zstd", "identity", "identity"))

    @settings(max_examples=80)
    @given(st.sampled_from(sorted(COMPRESSORS)), st.integers(0, 200), st.binary(min_size=1, max_size=4))
    def test_any_change(self, encoding: str, place: int, new: bytes) -> None:
        """
        With bytes changed it is some text or the declared error.
        """
        data = COMPRESSORS[encoding](TEXT[:2000])
        with contextlib.suppress(MalformedDocument):
            decompress(data[:place] + new + data[place + len(new) :], encoding)

    @settings(max_examples=80)
    @given(st.sampled_from(sorted(COMPRESSORS)), st.binary(max_size=60))
    def test_any_bytes(self, encoding: str, data: bytes) -> None:
        """
        Any bytes are some text or the declared error.
        """
        with contextlib.suppress(MalformedDocument):
            decompress(data, encoding)
