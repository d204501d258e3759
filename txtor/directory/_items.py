# -*- test-case-name: txtor.test.directory.test_items -*-
"""
The meta-format of directory documents: from bytes to items.

Theory of operation
-------------------

A document is nothing but items. An item is a *keyword line* and at most one *object*::

    Keyword SP Arguments LF
    -----BEGIN Label-----
    base64 in lines
    -----END Label-----

`tokenize` cuts a document into tokens, which are plain tuples made by one regular expression without nested repetition; each
token holds its whole text, so the tokens joined are the input. Bytes are looked at as Latin-1: one character is one byte, offsets
in the text are offsets in the bytes, and nothing is decoded before somebody reads it. `Item` is what people read: it is made from
a token when asked for.

What tor tolerates and is read: a leading ``opt``, tabs, several separators, arguments behind those that are known, a missing line
end at the very end. What is refused: NUL, a carriage return where a line should end, a blank line inside a document, an object
without end, lines, objects and argument lists that are too long. See dir-spec 1.2, Document meta-format.
"""

from __future__ import annotations

import re

from txtor.errors import MalformedDocument
from txtor.grammar import decode

from ._encoding import BadValue, object_base64

#: Bounds that tor sets itself, in bytes and words.
MAX_LINE = 128 * 1024
MAX_OBJECT = 128 * 1024
MAX_ARGUMENTS = 512

#: An item as it is cut: its whole text, keyword, the rest of the line, the label and the body of the object. All Latin-1.
Token = tuple[str, str, str, str, str]

# No part of it can match in two ways: a label and a body end at the first dash, a line at its LF. What is no item is taken by
# the last alternatives, a line at a time and without a group: so every match begins where the one before ended.
# (In `re` an empty alternative takes less time than ``?`` behind a group.)
_TOKEN = re.compile(
    r"((?:opt[ \t]+|)([A-Za-z0-9][A-Za-z0-9-]*)(?:[ \t]+([^\n]*)|)(?:\n|\Z)"
    r"(?:-----BEGIN ([^-\n]+)-----\n([^-]*)-----END \4-----(?:\n|\Z)|))"
    r"|[^\n]+\n?|\n"
)
_NO_ITEM: Token = ("", "", "", "", "")
_NO_KEYWORD = "an object without a keyword line, or a second one"
_BAD_LABEL = "the object's end does not match its beginning, or is missing"


def words(rest: str) -> list[str]:
    """
    Cut the rest of a keyword line into arguments, at spaces and tabs and nothing else.
    """
    found = rest.split(" ")
    if "" in found or "\t" in rest:  # a line that is empty splits into one empty word
        return [word for word in rest.replace("\t", " ").split(" ") if word]
    return found


def text_of(latin: str) -> str:
    """
    The text of bytes that were looked at as Latin-1: UTF-8, with surrogates for what is not.
    """
    return latin if latin.isascii() else decode(latin.encode("latin-1"))


class Item:
    """
    One item of a document: a keyword line and perhaps an object.

    :ivar keyword: the first word, without a leading ``opt``.
    :ivar text: the rest of the line.
    :ivar label: what stands in ``-----BEGIN label-----``, or ``None`` where there is no object.
    :ivar line: the number of its line in the document, the first being 1.
    :ivar start: its offset in the document, in bytes.
    :ivar end: the offset of the first byte behind it.

    See dir-spec 1.2, Document meta-format.
    """

    __slots__ = ("_token", "line", "start")

    def __init__(self, token: Token, line: int, start: int) -> None:
        self._token = token
        self.line = line
        self.start = start

    @property
    def keyword(self) -> str:
        return self._token[1]

    @property
    def text(self) -> str:
        return text_of(self._token[2])

    @property
    def label(self) -> str | None:
        return self._token[3] or None

    @property
    def end(self) -> int:
        return self.start + len(self._token[0])

    @property
    def arguments(self) -> list[str]:
        """
        The words of the line behind the keyword.
        """
        return words(text_of(self._token[2]))

    @property
    def has_object(self) -> bool:
        return self.label is not None

    @property
    def body(self) -> str:
        """
        The object's base64 as it stands, with its line ends; empty where there is no object.
        """
        return self._token[4]

    def object_bytes(self) -> bytes:
        """
        The object's bytes.

        :raises MalformedDocument: it is not base64.
        """
        try:
            return object_base64(self._token[4])
        except BadValue as error:
            raise MalformedDocument(self.keyword, str(error), self.line) from None

    def __bytes__(self) -> bytes:
        return self._token[0].encode("latin-1")

    def __str__(self) -> str:
        return text_of(self._token[0]).removesuffix("\n")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Item):
            return NotImplemented
        return self._token == other._token and self.start == other.start

    def __hash__(self) -> int:
        return hash((self._token, self.start))

    def __repr__(self) -> str:
        return f"<Item {self.keyword} line={self.line}>"


def tokenize(data: bytes, document: str, section: str = "dir-spec 1.2", line: int = 1) -> list[Token]:
    """
    Cut the bytes of one document, without annotations and without blank lines around it, into tokens.

    :param document: what kind of document it is, for errors.
    :param line: the number of the first line, for errors.
    :return: the tokens; their whole texts joined are the input.
    :raises MalformedDocument: the bytes are not items.
    """
    text = data.decode("latin-1")
    tokens: list[Token] = _TOKEN.findall(text)
    if _NO_ITEM in tokens or "\0" in text:
        raise MalformedDocument(document, *_first_fault(text, line), section)
    if len(text) > MAX_OBJECT or text.count(" ") + text.count("\t") >= MAX_ARGUMENTS:
        _check_bounds(tokens, document, section, line)
    return tokens


def _first_fault(text: str, line: int) -> tuple[str, int]:
    """
    What is wrong with a text that is not items, and in which line.
    """
    nul = text.find("\0")
    place, fault = 0, ""
    while place < len(text) and not fault:
        match = _TOKEN.match(text, place)
        assert match is not None  # one of the alternatives always matches
        if not match.group(1):
            fault = _fault_at(text, place)
        elif 0 <= nul < match.end():
            place, fault = nul, "a NUL byte"
        elif text.startswith("-----BEGIN ", match.end()):
            place, fault = match.end(), _NO_KEYWORD if match.group(4) else _BAD_LABEL
        else:
            place = match.end()
    return fault, line + text.count("\n", 0, place)


def _fault_at(text: str, place: int) -> str:
    """
    Why no item begins at an offset.
    """
    end = text.find("\n", place)
    line = text[place : end if end >= 0 else len(text)]
    if "\0" in line:
        return "a NUL byte"
    if line.endswith("\r"):
        return "a carriage return at the end of a line: the document was converted to CRLF and its signatures are void"
    if not line:
        return "a blank line inside the document"
    if line.startswith("-----BEGIN "):
        return _NO_KEYWORD
    if line.startswith("-----"):
        return _BAD_LABEL
    if line.startswith("@"):
        return "an annotation inside the document"
    return f"a line that does not begin with a keyword: {text_of(line[:60])!r}"


def _check_bounds(tokens: list[Token], document: str, section: str, line: int) -> None:
    """
    Refuse what is longer than tor would read.
    """
    for whole, keyword, rest, _, body in tokens:
        fault = ""
        if len(keyword) + len(rest) > MAX_LINE:
            fault = f"the line is longer than {MAX_LINE} bytes"
        elif len(body) > MAX_OBJECT:
            fault = f"the object is longer than {MAX_OBJECT} bytes"
        elif len(rest) > MAX_ARGUMENTS and len(words(rest)) > MAX_ARGUMENTS:
            fault = f"more than {MAX_ARGUMENTS} arguments"
        if fault:
            raise MalformedDocument(document, f"{keyword[:80]}: {fault}", line, section)
        line += whole.count("\n")
