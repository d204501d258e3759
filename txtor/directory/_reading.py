# -*- test-case-name: txtor.test.directory.test_reading -*-
"""
Documents out of whatever holds them: bytes, files, folders, compressed files, archives of tar.

Everything is read piece by piece, and nothing is written. What a file is, is seen by its first bytes and not by its name: it may
be compressed, then it may be an archive, whose members may be compressed again, but are no archives. One document, member or file
that cannot be read is reported in its place among the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from txtor.errors import DocumentError, InvalidArgument, MalformedDocument

from ._compression import decompress_chunks, sniff
from ._document import Document
from ._limits import FILE_LIMITS, Limits
from ._stream import DocumentStream, Place, Reading
from ._tar import is_tar, members

_PIECE = 256 * 1024
_HEAD = 512

Source = bytes | bytearray | str | os.PathLike[str] | BinaryIO | Iterable[bytes]


class _Options(NamedTuple):
    """
    What the caller said.
    """

    type: str | type[Document] | None
    check: bool
    normalize: bool
    limits: Limits


def parse(
    source: Source,
    type: str | type[Document] | None = None,  # noqa: A002  # the word of the annotation
    *,
    check: bool = True,
    normalize: bool = False,
    limits: Limits = FILE_LIMITS,
) -> Iterator[Reading]:
    """
    Read the documents of a source one after another, as they are asked for.

    :param source: ``bytes``; a path, as text or path object, of a file or of a folder, whose files are read in the order of their
        names; a binary file; or an iterable of pieces of bytes. All may be compressed and may be tar archives.
    :param type: of which kind all documents are: a name of ``@type``, or a class. Without it each document's annotation or first
        line tells.
    :param check: whether documents are checked when they are met. Without, what is broken is told when it is read.
    :param normalize: turn CR LF into LF first, for files that were converted once; offsets are counted behind that.
    :param limits: what may be read.
    :return: each document, and in its place each error, of which none ends the run.
    :raises InvalidArgument: there is no such type, or nothing at the path.
    """
    steps = parse_in_steps(source, type, check=check, normalize=normalize, limits=limits)
    return (reading for reading in steps if reading is not None)


def parse_in_steps(
    source: Source,
    type: str | type[Document] | None = None,  # noqa: A002  # the word of the annotation
    *,
    check: bool = True,
    normalize: bool = False,
    limits: Limits = FILE_LIMITS,
) -> Iterator[Reading | None]:
    """
    Read documents as `parse` does, in steps that take some milliseconds each: for `cooperate`, beside a reactor.

    :return: each document and each error, and ``None`` after a step in which none was finished.
    :raises InvalidArgument: there is no such type, or nothing at the path.
    """
    options = _Options(type, check, normalize, limits)
    DocumentStream(type)  # a type that is none is told at once, and not when the first reading is asked for
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        _check_path(path)
        return _of_path(path, options)
    if isinstance(source, bytes | bytearray | memoryview):
        pieces: Iterable[bytes] = [bytes(source)]
    elif hasattr(source, "read"):
        pieces = iter(lambda: source.read(_PIECE), b"")
    else:
        pieces = source
    return _of_pieces(pieces, options, Place())


def find_files(path: str | os.PathLike[str]) -> Iterator[str]:
    """
    The regular files at a path: itself, or all below a folder, in the order of their names. Links to folders are not followed.

    :raises InvalidArgument: there is nothing at the path.
    """
    name = os.fspath(path)
    _check_path(name)
    if not os.path.isdir(name):
        yield name
        return
    for folder, folders, files in os.walk(name):
        folders.sort()
        # What cannot be found any more is told when it is read; what is neither file nor folder is not read.
        names = (os.path.join(folder, file) for file in sorted(files))
        yield from (full for full in names if os.path.isfile(full) or not os.path.exists(full))


def _check_path(path: str) -> None:
    if not os.path.isfile(path) and not os.path.isdir(path):
        raise InvalidArgument(f"There is no file or folder {path!r}.")


def _of_path(path: str, options: _Options) -> Iterator[Reading | None]:
    for name in find_files(path):
        yield from _of_pieces(_pieces_of_file(name), options, Place(name))


def _pieces_of_file(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from iter(lambda: file.read(_PIECE), b"")
    except OSError as error:
        raise MalformedDocument("file", f"cannot be read: {error.strerror}") from error


def _of_pieces(
    pieces: Iterable[bytes], options: _Options, place: Place
) -> Iterator[Reading | None]:
    """
    Read a file: decompress it, and take it apart where it is an archive.
    """
    reading = Place(place.source)
    try:
        head, pieces = _unpack(pieces, options.limits)
        if not is_tar(head):
            yield from _read(pieces, options, place)
            return
        for member in members(pieces, options.limits):
            reading = Place(place.source, member.name)
            yield from _of_member(member.chunks(), options, reading)
            reading = Place(place.source)
    except DocumentError as error:
        yield Reading(None, error, b"", reading)


def _of_member(
    pieces: Iterable[bytes], options: _Options, place: Place
) -> Iterator[Reading | None]:
    """
    Read a member of an archive. What is wrong with it alone does not concern the others.
    """
    try:
        head, pieces = _unpack(pieces, options.limits)
        if is_tar(head):
            raise MalformedDocument("archive", "an archive in an archive is not read")
    except DocumentError as error:
        yield Reading(None, error, b"", place)
        return
    yield from _read(pieces, options, place)


def _read(
    pieces: Iterable[bytes], options: _Options, place: Place
) -> Iterator[Reading | None]:
    """
    Read documents out of plain bytes. Where these break off, what had begun is no document but the error.
    """
    stream = DocumentStream(options.type, check=options.check, limits=options.limits, source=place.source, member=place.member)
    try:
        for piece in _normalized(pieces) if options.normalize else pieces:
            yield from stream.feed_in_steps(piece)
            yield None
    except DocumentError as error:
        yield Reading(None, error, b"", stream.place)
        return
    yield from stream.finish_in_steps()


def _normalized(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """
    Pieces with LF in the place of CR LF, wherever they were cut.
    """
    held = b""
    for piece in pieces:
        piece = held + piece
        held = piece[-1:] if piece.endswith(b"\r") else b""
        yield piece[: len(piece) - len(held)].replace(b"\r\n", b"\n")
    yield held


def _unpack(pieces: Iterable[bytes], limits: Limits) -> tuple[bytes, Iterable[bytes]]:
    """
    Decompress bytes where they are compressed.

    :return: the first bytes of what came out, and all of it.
    """
    head, pieces = _peek(pieces)
    encoding = sniff(head)
    return (head, pieces) if encoding == "identity" else _peek(decompress_chunks(pieces, encoding, limits))


def _peek(pieces: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """
    The first 512 bytes, or fewer where there are no more, and all of it.
    """
    rest = iter(pieces)
    head = b""
    while len(head) < _HEAD and (piece := next(rest, None)) is not None:
        head += piece
    return head, chain([head], rest)
