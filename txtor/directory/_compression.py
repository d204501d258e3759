# -*- test-case-name: txtor.test.directory.test_compression -*-
"""
Decompression in bounded steps: gzip, deflate, bzip2, xz, Zstandard and the LZMA of directory servers.

A stream that ends before its end is an error and not a short document; several streams behind one another are one, and are
counted together. See dir-spec 6.1, Content-Encoding.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from txtor.errors import InvalidArgument, MalformedDocument, UnsupportedDocument

from ._limits import DOWNLOAD_LIMITS, Limits

_PIECE = 64 * 1024
_TAKEN = 8 * 1024
_LZMA_MEMORY = 256 * 1024 * 1024

#: By the bytes a stream begins with, its encoding.
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "x-zstd"))


class _Codec(Protocol):
    """
    What `bz2.BZ2Decompressor` and its relatives have in common.
    """

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Zlib:
    """
    zlib in the form of its relatives.

    :param bits: how the stream begins: 31 with a gzip header, 15 with that of zlib, -15 without; 0 to see which of the latter.
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._inner: Any = None
        self._held = b""

    @property
    def eof(self) -> bool:
        return self._inner is not None and bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return not self._held

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        held = self._held + data
        if self._inner is None:
            if self._bits == 0 and len(held) < 2:
                self._held = b""
                self._bits = 15 if held[:1] and held[0] & 15 == 8 else -15
            elif self._bits == 0:
                self._bits = 15 if held[0] & 15 == 8 and int.from_bytes(held[:2], "big") % 31 == 0 else -15
            self._inner = zlib.decompressobj(self._bits)
        piece: bytes = self._inner.decompress(held, max_length)
        self._held = self._inner.unconsumed_tail
        return piece


def _zstd() -> _Codec:
    """
    A decompressor of the standard library or of its backport.
    """
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        codec: _Codec = module.ZstdDecompressor()
        return codec
    rule = "Zstandard needs Python 3.14 or the package backports.zstd: pip install 'txtor[zstd]'"
    raise UnsupportedDocument("x-zstd stream", rule, type="x-zstd")


_CODECS: dict[str, Callable[[], _Codec]] = {
    "gzip": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(0),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY),
    "x-tor-lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_MEMORY),
    "x-zstd": _zstd,
}
_CODECS.update({"x-gzip": _CODECS["gzip"], "zstd": _CODECS["x-zstd"]})


def sniff(head: bytes) -> str:
    """
    The encoding of a file, by its first bytes; ``"identity"`` where none is known.
    """
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "identity")


def _refuse(encoding: str, rule: str) -> MalformedDocument:
    return MalformedDocument(f"{encoding} stream", rule)


def decompress_chunks(chunks: Iterable[bytes], encoding: str, limits: Limits) -> Iterator[bytes]:
    """
    Decompress a stream piece by piece; no piece is longer than 64 KiB.

    :param encoding: a word of ``Content-Encoding``, or ``"bzip2"`` or ``"xz"``.
    :raises InvalidArgument: the encoding is unknown.
    :raises UnsupportedDocument: this Python has no decoder for it.
    :raises MalformedDocument: the stream is broken, cut short or too large.
    """
    if encoding == "identity":
        yield from _bounded(chunks, limits)
        return
    if encoding not in _CODECS:
        raise InvalidArgument(f"Not a known encoding: {encoding[:40]!r}. Known: identity, {', '.join(sorted(_CODECS))}.")
    codec: _Codec | None = None
    taken = given = 0
    for chunk in _small(chunks):
        taken += len(chunk)
        while chunk or (codec is not None and not codec.needs_input):
            if codec is None:
                if given and not chunk.strip(b"\0"):
                    break  # padding behind the last stream, as tapes have it
                codec = _CODECS[encoding]()
            piece, chunk = _step(codec, chunk, encoding), b""
            if codec.eof:
                chunk, codec = codec.unused_data, None
            given += len(piece)
            _check(encoding, taken, given, limits)
            if piece:
                yield piece
    if codec is not None or not taken:
        raise _refuse(encoding, f"cut short after {taken} bytes")


def _small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """
    Chunks in pieces. A decoder copies what it has not come to yet at every step, and how much comes out is judged by the piece:
    a large one would cost its square, and would let out its multiple.
    """
    for chunk in chunks:
        for place in range(0, len(chunk), _TAKEN):
            yield chunk[place : place + _TAKEN]


def _step(codec: _Codec, chunk: bytes, encoding: str) -> bytes:
    try:
        return codec.decompress(chunk, _PIECE)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError) as error:
        raise _refuse(encoding, f"broken: {error}") from None
    except Exception as error:  # ZstdError has another home in each module that brings it
        if type(error).__name__ == "ZstdError":
            raise _refuse(encoding, f"broken: {error}") from None
        raise


def _check(encoding: str, taken: int, given: int, limits: Limits) -> None:
    if given > limits.total:
        raise _refuse(encoding, f"more than {limits.total} bytes come out")
    if given > limits.grace and given > limits.ratio * taken:
        raise _refuse(encoding, f"more than {limits.ratio} bytes come out of each")


def _bounded(chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    given = 0
    for chunk in chunks:
        given += len(chunk)
        if given > limits.total:
            raise _refuse("identity", f"more than {limits.total} bytes")
        yield chunk


def decompress(data: bytes, encoding: str, limits: Limits = DOWNLOAD_LIMITS) -> bytes:
    """
    Decompress what a directory server sent.

    :param encoding: of the answer's ``Content-Encoding``: ``identity deflate gzip x-zstd x-tor-lzma``. A server may answer with
        another than was asked for.
    :param limits: what may come out; by default what tor takes: 16 MiB, and 25 times as much as went in.
    :raises InvalidArgument: the encoding is unknown.
    :raises UnsupportedDocument: this Python has no decoder for it.
    :raises MalformedDocument: the data is broken, cut short or too large.

    See dir-spec 6.1.
    """
    return b"".join(decompress_chunks([data], encoding, limits))
