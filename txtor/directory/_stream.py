# -*- test-case-name: txtor.test.directory.test_stream -*-
"""
Documents out of bytes that come piece by piece.

Theory of operation
-------------------

Bytes are held from the first of the document that is being read. `DocumentStream` looks for the place where the next one begins:
it first reads the *head*, annotations and the first line, which tell the kind of document; then it searches for what may follow
such a document, and what lies before that is one. Where a document grows beyond its bound it is given up: its bytes are dropped
as they come, until another one begins. So what is held is never more than one document and one piece.

What is found is a `Reading`: a document, or the error that it is, with its place. One that is broken never keeps the next one
from being read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from txtor.errors import DocumentError, MalformedDocument

from ._document import Document
from ._kinds import NO_KIND, Kind, kind_for, kind_of_line, kind_of_type, make, refine
from ._limits import FILE_LIMITS, Limits
from ._network_status import NetworkStatus

_LONGEST_LINE = 128 * 1024
#: A boundary is a line end, a keyword and a separator: so much may stand at the end of a piece without being seen.
_OVERLAP = 64
_SHOWN = 2000


class Place(NamedTuple):
    """
    Where something was found.

    :ivar source: the name of the file, or empty.
    :ivar member: the name of the member of an archive, or empty.
    :ivar offset: its first byte, in the file or member after decompression.
    :ivar line: the number of its first line there, from 1.
    """

    source: str = ""
    member: str = ""
    offset: int = 0
    line: int = 1

    def __str__(self) -> str:
        where = self.source + (f"({self.member})" if self.member else "")
        return f"{where or 'line'}{':' if where else ' '}{self.line}"


@dataclass(frozen=True)
class Reading:
    """
    What was found at a place: a document or an error.

    :ivar document: or ``None``.
    :ivar error: why there is none, or ``None``. A line in it is counted in the file.
    :ivar raw: the bytes; of an error that concerns no document, or one that is too large, only the beginning, or none.
    :ivar place: where they begin.
    """

    document: Document | None
    error: DocumentError | None
    raw: bytes
    place: Place

    def get(self) -> Document:
        """
        The document.

        :raises DocumentError: it could not be read.
        """
        if self.document is None:
            assert self.error is not None  # one of both is always there
            raise self.error
        return self.document


class DocumentStream:
    """
    Reads documents from bytes as they come.
    """

    def __init__(
        self,
        type: str | type[Document] | None = None,  # noqa: A002  # the word of the annotation
        *,
        check: bool = True,
        limits: Limits = FILE_LIMITS,
        source: str = "",
        member: str = "",
    ) -> None:
        """
        :param type: of which kind all documents are: a name of ``@type``, or a class. Without it each document's annotation or
            first line tells.
        :param check: whether documents are checked when they are met. Without, what is broken is told when it is read.
        :param source: the name of the file, for places.
        :param member: the name of the member of an archive, for places.
        :raises InvalidArgument: there is no such type.
        """
        self._given = None if type is None else kind_for(type)
        self._check = check
        self._limits = limits
        self._held = b""
        self._start = 0  # of the document, in what is held
        self._place = Place(source, member)  # the same
        self._head: _Head | None = None  # what its first lines tell, once they are there
        self._scan = 0  # where the search for its end goes on
        self._is_given_up = False

    @property
    def place(self) -> Place:
        """
        Where the document begins that is being read.
        """
        return self._place

    def feed(self, data: bytes) -> Iterator[Reading]:
        """
        Take some bytes. The iterator must be exhausted before more are given.

        :return: the documents that ended in them.
        """
        return (reading for reading in self.feed_in_steps(data) if reading is not None)

    def finish(self) -> Iterator[Reading]:
        """
        Take the end of the bytes.

        :return: the last documents.
        """
        return (reading for reading in self.finish_in_steps() if reading is not None)

    def feed_in_steps(self, data: bytes) -> Iterator[Reading | None]:
        """
        The same as `feed`, with a ``None`` after each few milliseconds of work on one document.
        """
        self._held += data
        while (end := self._find_end(final=False)) is not None:
            yield from self._take(end)
        if self._start:
            self._held = self._held[self._start :]
            self._scan -= self._start
            self._start = 0
        if self._is_given_up or len(self._held) > self._limits.document:
            yield from self._give_up()

    def finish_in_steps(self) -> Iterator[Reading | None]:
        """
        The same as `finish`, with a ``None`` after each few milliseconds of work on one document.
        """
        while self._start < len(self._held):
            end = self._find_end(final=True)
            yield from self._take(len(self._held) if end is None else end)

    def _find_end(self, final: bool) -> int | None:
        """
        Where the document ends, or ``None`` where that is not among what is held.
        """
        if self._head is None:
            self._head = self._read_head(final)
            if self._head is None:
                return None
            self._scan = self._head.end
        match = self._head.kind.boundary.search(self._held, self._scan)
        if match is not None:
            return match.end()
        self._scan = max(self._scan, len(self._held) - _OVERLAP)
        return None

    def _read_head(self, final: bool) -> _Head | None:
        """
        Read annotations and the first line; nothing while they are not all there.
        """
        place = self._start
        annotation: bytes | None = None
        while True:
            end = self._held.find(b"\n", place)
            if end < 0:
                if not final and len(self._held) - place <= _LONGEST_LINE:
                    return None
                end = min(len(self._held), place + _LONGEST_LINE)
            line = self._held[place:end]
            if line.startswith(b"@type ") and annotation is None:
                annotation = line[6:]
            if end >= len(self._held) or line[:1] not in (b"@", b""):
                return _judge(self._given, annotation, line, place - self._start, end)
            place = end + 1

    def _take(self, end: int) -> Iterator[Reading | None]:
        """
        Read the document that ends at an offset, and go on behind it.
        """
        raw, head, place = self._held[self._start : end], self._head, self._place
        assert head is not None  # whoever knows the end has read the head
        self._place = place._replace(offset=place.offset + len(raw), line=place.line + raw.count(b"\n"))
        self._start = self._scan = end
        self._head = None
        if self._is_given_up:
            self._is_given_up = False
        elif raw.strip(b"\n"):
            yield from self._read(raw, raw[head.start :], head, place)

    def _read(self, raw: bytes, content: bytes, head: _Head, place: Place) -> Iterator[Reading | None]:
        """
        The document, or why it is none.
        """
        name = head.kind.document.grammar.document
        try:
            if head.error is not None:
                raise head.error
            if len(raw) > self._limits.document:
                raise MalformedDocument(name, f"longer than {self._limits.document} bytes", 1)
            if raw.count(b"\n") > self._limits.lines:
                raise MalformedDocument(name, f"more than {self._limits.lines} lines", 1)
            document = make(head.kind if self._given is not None else refine(head.kind, content), raw)
            if self._check and isinstance(document, NetworkStatus):
                yield None
                document.index  # noqa: B018  # reading it is the check of the structure
                yield from document.routers_in_slices()
            if self._check:
                document.check()
        except DocumentError as error:
            yield Reading(None, _moved(error, place.line - 1), raw, place)
            return
        yield Reading(document, None, raw, place)

    def _give_up(self) -> Iterator[Reading]:
        """
        Drop what is held of a document that is too large, and what comes of it, and tell so once.
        """
        if not self._is_given_up:
            self._is_given_up = True
            name = "document" if self._head is None else self._head.kind.document.grammar.document
            error = MalformedDocument(name, f"longer than {self._limits.document} bytes", self._place.line)
            yield Reading(None, error, self._held[:_SHOWN], self._place)
        dropped = self._held[: max(0, len(self._held) - _OVERLAP)]
        self._held = self._held[len(dropped) :]
        self._scan = max(0, self._scan - len(dropped))
        place = self._place
        self._place = place._replace(offset=place.offset + len(dropped), line=place.line + dropped.count(b"\n"))


class _Head(NamedTuple):
    """
    What the first lines of a document tell.

    :ivar kind: what it is; where that is not known, what may follow it.
    :ivar error: why it is no document, where that is known already.
    :ivar start: the offset of its first item, in the document.
    :ivar end: the offset of that line's end, in what is held when it is read.
    """

    kind: Kind
    error: DocumentError | None
    start: int
    end: int


def _judge(given: Kind | None, annotation: bytes | None, line: bytes, start: int, end: int) -> _Head:
    """
    Tell the kind of a document by what the caller said, by its annotation, or by its first line.
    """
    if given is not None:
        return _Head(given, None, start, end)
    try:
        kind = kind_of_line(line) if annotation is None else kind_of_type(annotation.decode("latin-1"))
    except DocumentError as error:
        return _Head(NO_KIND, error, start, end)
    if kind is None:
        rule = f"no document that txtor knows begins with {line[:60].decode('latin-1')!r}"
        return _Head(NO_KIND, MalformedDocument("document", rule, 1), start, end)
    return _Head(kind, None, start, end)


def _moved(error: DocumentError, lines: int) -> DocumentError:
    """
    An error of a document, with its line counted in the file.
    """
    if error.line is None or not lines or type(error) is not MalformedDocument:
        return error
    return MalformedDocument(error.document, error.rule, error.line + lines, error.section)
