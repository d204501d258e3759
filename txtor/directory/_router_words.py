# -*- test-case-name: txtor.test.directory.test_router_status -*-
"""
How the lines of a router status entry are read: functions that give a value, or raise `BadValue`.

Each takes the rest of a line as bytes. See dir-spec 3.8.1, Router status entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from txtor.errors import MalformedDocument
from txtor.grammar import decode, encode

from . import _encoding
from ._encoding import BadValue
from ._items import words
from ._port_summary import PortSummary
from ._protocols import Protocols
from ._versions import TorVersion

T = TypeVar("T")

#: What tor writes where it does not say when a descriptor was published.
NO_TIME = "2038-01-01 00:00:00"
_MAX_WEIGHT = 2**32 - 1
_LONGEST_KEPT = 1000

#: For each line: consensus methods, and by hash function the digest of the microdescriptor that they make.
MicrodescriptorDigests = tuple[tuple[tuple[int, ...], Mapping[str, str]], ...]

#: The words of the first line: nickname, identity, digest (``None`` where there is none), time, address, two ports.
FirstLine = tuple[bytes, bytes, "bytes | None", bytes, bytes, bytes, bytes]


class _Kept(dict[bytes, T]):
    """
    What texts were read to: entries of one network share a few hundred texts of a kind.

    Long texts are read each time, and what is full begins anew, so that what a hostile document leaves in memory is bounded.
    """

    def __init__(self, size: int, read: Callable[[bytes], T]) -> None:
        self._size = size
        self._read_one = read

    def __missing__(self, rest: bytes) -> T:
        value = self._read_one(rest)
        if len(rest) <= _LONGEST_KEPT:
            if len(self) >= self._size:
                self.clear()
            self[rest] = value
        return value


def _shared(size: int, read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """
    Read a text once.
    """
    return _Kept(size, read).__getitem__


def _read_version(rest: bytes) -> TorVersion | None:
    """
    Read a version of tor. What is none is ``None``: another implementation may number as it likes.
    """
    try:
        return TorVersion.parse(decode(rest)) if rest.startswith(b"Tor ") else None
    except MalformedDocument:
        return None


flags = _shared(1024, lambda rest: frozenset([word for word in words(decode(rest)) if word]))
protocols = _shared(512, lambda rest: Protocols(decode(rest)))
summary = _shared(1024, lambda rest: PortSummary.parse(decode(rest)))
version = _shared(512, _read_version)


def first_line(line: bytes) -> FirstLine:
    """
    Read the first line strictly. More words may follow.
    """
    found = words(decode(line))
    if len(found) > 2 and "-" in found[2]:  # a date: this flavour has no digest, and base64 has no dash
        found.insert(2, "")
    if len(found) < 8:
        raise BadValue(f"{len(found)} words are too few")
    name, identity, digest, day, hour, address, *ports = found[:8]
    _encoding.nickname(name)
    for word in (identity, digest):
        if word and (len(word) != 27 or not _encoding.base64(word, 20)):
            raise BadValue(f"not 27 characters of base64: {word[:40]!r}")
    if not identity:
        raise BadValue("no identity")
    _encoding.ipv4(address)
    numbers = [b"%d" % _encoding.port(word, zero=True) for word in ports]
    time = f"{day} {hour}"
    return (encode(name), encode(identity), encode(digest) or None, encode(time), encode(address), numbers[0], numbers[1])


def published(text: str) -> datetime | None:
    """
    Read a time; the one that stands for none is ``None``.
    """
    return None if text == NO_TIME else _encoding.time(text)


def or_addresses(rest: bytes) -> tuple[tuple[str, int], ...]:
    """
    Read all ``a`` lines, joined by line ends.
    """
    return tuple([_encoding.address_port(line.split(" ", 1)[0]) for line in decode(rest).split("\n")])


def key_values(rest: bytes) -> Mapping[str, str]:
    """
    Read words of ``key=value``; of a key that is there twice the first counts, and a word without ``=`` has an empty value.
    """
    found: dict[str, str] = {}
    for word in words(decode(rest)):
        key, _, value = word.partition("=")
        if word:
            found.setdefault(key, value)
    return found


def _number(rest: bytes, *keys: str, high: int = _MAX_WEIGHT) -> int | None:
    values = key_values(rest)
    return next((_encoding.integer(values[key], 0, high) for key in keys if key in values), None)


def bandwidth(rest: bytes) -> int | None:
    """
    Read ``Bandwidth=`` of a ``w`` line.
    """
    return _number(rest, "Bandwidth")


def measured(rest: bytes) -> int | None:
    """
    Read what an authority measured, of a relay or of an authority.
    """
    return _number(rest, "Measured", "MeasuredButAuthority")


def guard_fraction(rest: bytes) -> int | None:
    """
    Read ``GuardFraction=``, a percentage.
    """
    return _number(rest, "GuardFraction", high=100)


def is_unmeasured(rest: bytes) -> bool:
    """
    Whether there is ``Unmeasured=1``.
    """
    return b"Unmeasured=1" in rest and key_values(rest).get("Unmeasured") == "1"


def microdescriptor_digest(rest: bytes) -> str | None:
    """
    Read the ``m`` line of a consensus; ``None`` for the lines of a vote.
    """
    found = words(decode(rest))
    if b"\n" in rest or len(found) != 1:
        return None
    _encoding.base64(found[0], 32)
    return found[0]


def microdescriptor_digests(rest: bytes) -> MicrodescriptorDigests:
    """
    Read the ``m`` lines of a vote, joined by line ends; nothing for the line of a consensus.
    """
    found = []
    for line in rest.split(b"\n"):
        methods, space, digests = line.partition(b" ")
        if space and digests.strip(b" "):
            numbers = tuple([_encoding.integer(number, 1, 10**6) for number in decode(methods).split(",")])
            found.append((numbers, key_values(digests)))
    return tuple(found)


def ed25519_identity(rest: bytes) -> str | None:
    """
    Read the ``id`` line of a vote; ``None`` for ``none`` and for kinds of identity that txtor does not know.
    """
    found = words(decode(rest))
    if len(found) < 2:
        raise BadValue("the kind of identity or its value is missing")
    if found[0] != "ed25519" or found[1] == "none":
        return None
    _encoding.base64(found[1], 32)
    return found[1]
