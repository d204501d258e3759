# -*- test-case-name: txtor.test.directory.test_bandwidth_file -*-
"""
Documents that are one to a file, and those among them whose lines are not items.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from txtor.errors import MalformedDocument

from ._document import Document, _Reading
from ._items import MAX_LINE, Token

D = TypeVar("D", bound="WholeFile")


class WholeFile(Document):
    """
    A document that is all of its file: nothing in it says where another would begin.
    """

    __slots__ = ()

    @classmethod
    def parse_many(
        cls: type[D], data: bytes, *, check: bool = True, normalize: bool = False
    ) -> Iterator[D | MalformedDocument]:
        """
        Read the one document of a file; nothing where there are only blank lines.

        :param check: check it. ``False`` leaves that to who reads it.
        :param normalize: turn CR LF into LF first.
        :return: the document, or in its place the error.
        """
        document = cls(data.replace(b"\r\n", b"\n") if normalize else data)
        if not document.raw.strip(b"\n"):
            return
        if check:
            try:
                document.check()
            except MalformedDocument as error:
                yield error
                return
        yield document


class LineDocument(WholeFile):
    """
    A document whose lines have a form of their own. Its `items` are its lines, as `Item.text`, without keywords.
    """

    __slots__ = ()

    def _read(self) -> _Reading:
        if self._reading is None:
            first = self._content_start()
            number = 1 + self.raw.count(b"\n", 0, first)
            tokens: list[Token] = []
            for line in _lines(self.raw[first:]):
                fault = "a NUL byte" if "\0" in line else f"longer than {MAX_LINE} bytes" if len(line) > MAX_LINE else ""
                if fault:
                    grammar = self.grammar
                    raise MalformedDocument(grammar.document, fault, number + len(tokens), grammar.section)
                tokens.append((line, "", line.removesuffix("\n"), "", ""))
            self._reading = _Reading(tokens, first, number)
        return self._reading


def _lines(data: bytes) -> list[str]:
    """
    Lines with their LF, as Latin-1. `str.splitlines` would also split at other characters.
    """
    lines = data.decode("latin-1").split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])
