# -*- test-case-name: txtor.test.directory.test_document -*-
"""
What every directory document is: bytes, and what has been read of them so far.

A document class has a `Grammar` (its table) and fields. A field is read when somebody asks for it and kept from then on: making
a document costs a slice of bytes, asking for its first attribute costs cutting it into items and checking its structure. So a
document that was not checked when it was made may still turn out malformed when it is read; `Document.parse` checks at once.

`Document.parse_many` cuts a text of many documents at their first keywords, so that one which is broken is reported with its
place and the next one is read.
"""

from __future__ import annotations

import hashlib
import itertools
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, overload

from txtor.errors import InvalidArgument, MalformedDocument
from txtor.grammar import decode

from ._cuts import cuts
from ._fields import Field, fields_of, optional, present, read_item, repeated, required
from ._grammar import Grammar, Index, check
from ._items import Item, Token, tokenize

__all__ = ["Annotation", "Document", "Field", "HashName", "optional", "present", "read_item", "repeated", "required"]

D = TypeVar("D", bound="Document")

HashName = Literal["sha1", "sha256", "sha3-256"]
_HASHES: dict[str, Callable[[bytes], Any]] = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha3-256": hashlib.sha3_256,
}


class Annotation(NamedTuple):
    """
    A line that a cache or an archive wrote above a document: ``@name text``. It is no part of the document.
    """

    name: str
    text: str


class _Reading:
    """
    What has been read of a document so far.

    :ivar tokens: its items as they are cut.
    :ivar index: by keyword, the places of its items; ``None`` until the structure has been checked.
    :ivar values: by name, the fields that were asked for.
    :ivar first: the offset of the first item.
    :ivar line: the number of its line.
    """

    __slots__ = ("first", "index", "line", "tokens", "values")

    def __init__(self, tokens: list[Token], first: int, line: int) -> None:
        self.tokens = tokens
        self.index: Index | None = None
        self.values: dict[str, Any] = {}
        self.first = first
        self.line = line


class Document:
    """
    A directory document.

    :ivar raw: its bytes as they were given, with annotations above and blank lines below.
    """

    __slots__ = ("_reading", "raw")

    grammar: ClassVar[Grammar]

    def __init__(self, raw: bytes) -> None:
        """
        :param raw: the bytes of one document. Nothing is read yet; `parse` reads and checks at once.
        """
        self.raw = raw
        self._reading: _Reading | None = None

    @classmethod
    def parse(cls: type[D], data: bytes, *, normalize: bool = False) -> D:
        """
        Read one document and check its structure and all its values. Signatures are another step.

        :param normalize: turn CR LF into LF first; a document that was converted once verifies again.
        :raises MalformedDocument: it breaks the grammar, or there is not exactly one document.
        """
        found = list(cls.parse_many(data, check=False, normalize=normalize))
        if len(found) != 1:
            raise MalformedDocument(cls.grammar.document, f"{len(found)} documents where one belongs", None, cls.grammar.section)
        (document,) = found
        assert isinstance(document, cls)  # errors come only when documents are checked
        document.check()
        return document

    @classmethod
    def parse_many(
        cls: type[D], data: bytes, *, check: bool = True, normalize: bool = False
    ) -> Iterator[D | MalformedDocument]:
        """
        Read the documents of a text one after another.

        :param check: check each one when it is met. ``False`` only cuts: what is broken is told when it is read.
        :param normalize: turn CR LF into LF first.
        :return: documents, and in the place of each that is broken its error, with the number of its line in the whole text.
        """
        data = data.replace(b"\r\n", b"\n") if normalize else data
        counted, line = 0, 1
        places = cuts(data, cls.grammar.positions[0].encode("ascii"))
        for start, end in itertools.pairwise(places):
            document = cls(data[start:end])
            if check:
                try:
                    document.check()
                except MalformedDocument as error:
                    line += data.count(b"\n", counted, start)
                    counted = start
                    yield MalformedDocument(error.document, error.rule, (error.line or 1) + line - 1, error.section)
                    continue
            yield document

    def check(self) -> None:
        """
        Check the structure and read all values, so that no attribute can fail afterwards.

        :raises MalformedDocument: something is wrong; the first thing that is.
        """
        self.index  # noqa: B018  # reading it is the check of the structure
        for name in fields_of(type(self)):
            getattr(self, name)

    # -- the items ----------------------------------------------------------------------------------------------------

    @property
    def content(self) -> bytes:
        """
        The document itself: `raw` without annotations and blank lines around it, with one line end at its end.
        """
        raw = self.raw
        if raw[-1:] == b"\n" and raw[-2:-1] != b"\n" and raw[:1] not in (b"@", b"\n"):
            return raw
        content = raw[self._content_start() :].rstrip(b"\n")
        return content + b"\n" if content else b""

    def _content_start(self) -> int:
        """
        The offset of the first item.
        """
        raw, place = self.raw, 0
        while raw[place : place + 1] in (b"@", b"\n"):
            place = raw.find(b"\n", place) + 1 or len(raw)
        return place

    def _read(self) -> _Reading:
        """
        Cut the document into items, once.
        """
        if self._reading is None:
            first = self._content_start()
            line = 1 + self.raw.count(b"\n", 0, first) if first else 1
            self._reading = _Reading(tokenize(self.content, self.grammar.document, line=line), first, line)
        return self._reading

    @property
    def tokens(self) -> list[Token]:
        """
        The items as they are cut, for who reads them by the thousand; people want `items`.
        """
        return self._read().tokens

    @property
    def index(self) -> Index:
        """
        By keyword, the places of its items in `tokens`. The structure has been checked.
        """
        reading = self._read()
        if reading.index is None:
            reading.index = check(reading.tokens, self.grammar, reading.line)
            self._check_structure(reading.index)
        return reading.index

    def _check_structure(self, index: Index) -> None:
        """
        What a kind of document checks beside its table.
        """

    def item_at(self, place: int) -> Item:
        """
        One item, by its place in `tokens`.
        """
        reading = self._read()
        before = reading.tokens[:place]
        line = reading.line + sum([token[0].count("\n") for token in before])
        return Item(reading.tokens[place], line, reading.first + sum([len(token[0]) for token in before]))

    @property
    def items(self) -> tuple[Item, ...]:
        """
        All items in order, those that txtor does not know included. Readable even where the structure is wrong.
        """
        reading = self._read()
        place, line = reading.first, reading.line
        found = []
        for token in reading.tokens:
            found.append(Item(token, line, place))
            place += len(token[0])
            line += token[0].count("\n")
        return tuple(found)

    @property
    def unrecognized_lines(self) -> tuple[str, ...]:
        """
        The items whose keywords txtor does not know, in order, each as its text.
        """
        rules = self.grammar.rules
        return tuple([str(Item(token, 0, 0)) for token in self.tokens if token[1] not in rules])

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """
        The lines that a cache or an archive wrote above the document, in order.
        """
        lines = self.raw[: self._content_start()].split(b"\n")
        parts = [decode(line[1:]).partition(" ") for line in lines if line]
        return tuple([Annotation(name, text) for name, _, text in parts])

    # -- the bytes ----------------------------------------------------------------------------------------------------

    def __bytes__(self) -> bytes:
        return self.raw

    def signed_range(self) -> bytes:
        """
        The bytes that this kind of document is known by: what `digest` hashes. All of `content`, unless the kind says otherwise.
        """
        return self.content

    def _hashed(self, hash: HashName) -> bytes:  # noqa: A002
        """
        What `digest` hashes.
        """
        return self.signed_range()

    @overload
    def digest(self, hash: HashName = ..., encoding: Literal["hex", "base64"] = ...) -> str: ...

    @overload
    def digest(self, hash: HashName = ..., *, encoding: Literal["raw"]) -> bytes: ...

    def digest(self, hash: HashName = "sha1", encoding: str = "hex") -> str | bytes:  # noqa: A002  # the word of stem
        """
        The digest that other documents know this one by.

        :param hash: ``"sha1"``, ``"sha256"`` or ``"sha3-256"``.
        :param encoding: ``"hex"`` in upper case, ``"base64"`` without padding, or ``"raw"`` for bytes.
        :raises InvalidArgument: there is no such hash or encoding.
        """
        if hash not in _HASHES or encoding not in ("hex", "base64", "raw"):
            raise InvalidArgument(f"No digest {hash!r} in {encoding!r}: sha1, sha256 or sha3-256 in hex, base64 or raw.")
        value: bytes = _HASHES[hash](self._hashed(hash)).digest()
        if encoding == "raw":
            return value
        return value.hex().upper() if encoding == "hex" else b2a_base64(value, newline=False).decode("ascii").rstrip("=")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __reduce__(self) -> tuple[type[Document], tuple[bytes]]:
        return type(self), (self.raw,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.raw)} bytes>"
