# -*- test-case-name: txtor.test.directory.test_fallbacks -*-
"""
The list of fallback directories that is compiled into tor: C strings between comments.

See dir-list-spec.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from txtor.errors import MalformedDocument

from ._document import Document
from ._encoding import BadValue, address_port, fingerprint, ipv4, port
from ._fields import Field
from ._grammar import Grammar
from ._lines import LineDocument

_GRAMMAR = Grammar("fallback list", "dir-list-spec", {})


class FallbackDirectory(NamedTuple):
    """
    A relay that a client may ask before it knows any other.

    :ivar address: IPv4.
    :ivar dir_port: the directory port, 0 where it has none.
    :ivar or_port: the OR port.
    :ivar fingerprint: 40 upper-case hexadecimal digits.
    :ivar ipv6: its IPv6 address and OR port, or ``None``.
    :ivar keywords: by key, what the comments of its entry say, as ``nickname`` and ``extrainfo``.
    """

    address: str
    dir_port: int
    or_port: int
    fingerprint: str
    ipv6: tuple[str, int] | None
    keywords: Mapping[str, str]


class _Parts(NamedTuple):
    header: Mapping[str, str]
    entries: tuple[FallbackDirectory, ...]


# Comments, strings, commas and white space; no part of it can match in two ways.
_FRAGMENT = re.compile(r"/\*(?P<comment>(?:[^*]|\*(?!/))*)\*/|//[^\n]*|\"(?P<string>[^\"\n]*)\"|,|\s+")


def _read_entry(string: str, keywords: dict[str, str]) -> FallbackDirectory:
    """
    The joined strings of an entry: ``ip4[:dirport] orport=N id=FP ipv6=[..]:N``.
    """
    first, *rest = string.replace("\t", " ").strip(" ").split(" ")
    pairs = [word.partition("=") for word in rest if word]
    named = {key: value for key, _, value in pairs}
    if len(named) != len(pairs):
        raise BadValue(f"a key is there twice: {string[:80]!r}")
    if "orport" not in named or "id" not in named:
        raise BadValue(f"no orport= or no id=: {string[:80]!r}")
    # Since version 4 of the list the directory port may be missing, with its colon.
    address, dir_port = address_port(first, zero=True) if ":" in first else (ipv4(first), 0)
    ipv6 = address_port(named["ipv6"]) if "ipv6" in named else None
    return FallbackDirectory(
        address, dir_port, port(named["orport"]), fingerprint(named["id"]), ipv6, MappingProxyType(keywords)
    )


class _Assembly:
    """
    The entry that is being read: what its strings and comments have said so far.
    """

    def __init__(self) -> None:
        self.header: dict[str, str] | None = None
        self.entries: list[FallbackDirectory] = []
        self.string = ""
        self.keywords: dict[str, str] = {}

    def add_string(self, text: str) -> None:
        """
        A part of an entry. What comments said before the first one is the header.
        """
        if self.header is None:
            self.header, self.keywords = self.keywords, {}
        self.string += text

    def add_comment(self, text: str) -> None:
        """
        A separator, which ends the header or an entry, or ``key=value``, which belongs to it.
        """
        key, equals, value = text.partition("=")
        if text and not text.strip("="):
            self.end()
        elif equals and key:
            self.keywords.setdefault(key, value)

    def end(self) -> None:
        """
        A separator, or the end of the file. What has no strings is the header, or the head of the entry to come.
        """
        if self.string:
            self.entries.append(_read_entry(self.string, self.keywords))
        elif self.header is None:
            self.header = self.keywords
        else:
            return
        self.string, self.keywords = "", {}


def _read(document: Document, places: list[int]) -> _Parts:
    text = "".join([document.tokens[place][0] for place in places])
    assembly = _Assembly()
    place = 0
    try:
        while place < len(text):
            match = _FRAGMENT.match(text, place)
            if match is None:
                raise BadValue(f"neither a whole comment nor a string: {text[place : place + 60]!r}")
            if match["comment"] is not None:
                assembly.add_comment(match["comment"].strip())
            elif match["string"] is not None:
                assembly.add_string(match["string"])
            place = match.end()
        assembly.end()
    except BadValue as error:
        line = document._read().line + text.count("\n", 0, place)
        raise MalformedDocument("fallback list", str(error), line, "dir-list-spec") from None
    return _Parts(MappingProxyType(assembly.header or {}), tuple(assembly.entries))


def _part(index: int) -> Any:
    """
    A field that is one of the parts.
    """

    def field(document: Document, places: list[int]) -> Any:
        assert isinstance(document, FallbackList)
        return document._parts[index]

    return Field("", field)


class FallbackList(LineDocument):
    """
    The fallback directories of a tor, ``src/app/config/fallback_dirs.inc``.

    :ivar header: by key, what the comments before the first separator say: ``type``, ``version``, ``timestamp``.
    :ivar entries: each a `FallbackDirectory`, in order.
    """

    __slots__ = ()

    grammar = _GRAMMAR

    _parts: Field[_Parts] = Field("", _read)
    header: Field[Mapping[str, str]] = _part(0)
    entries: Field[tuple[FallbackDirectory, ...]] = _part(1)
