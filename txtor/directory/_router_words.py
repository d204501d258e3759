# -*- test-case-name: txtor.test.directory.test_router_status -*-
"""
How the lines of a router status entry are read: functions that give a value, or raise `BadValue`.

Words of the first line come as Latin-1 text, the rests of other lines as bytes. What is usual is tried first, by a pattern that
can match in one way only; the strict reader of `_encoding` takes what is left, and refuses it with the reason. See dir-spec
3.8.1, Router status entries.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from txtor.errors import MalformedDocument
from txtor.grammar import decode

from . import _encoding
from ._encoding import BadValue
from ._items import words
from ._port_summary import PortSummary
from ._protocols import Protocols
from ._versions import TorVersion

#: What tor writes where it does not say when a descriptor was published.
NO_TIME = "2038-01-01 00:00:00"
_MAX_WEIGHT = 2**32 - 1

#: For each line: consensus methods, and by hash function the digest of the microdescriptor that they make.
MicrodescriptorDigests = tuple[tuple[tuple[int, ...], Mapping[str, str]], ...]

# 20 bytes leave two bits of the last character unused, and they must be zero.
_BASE64 = re.compile(r"[A-Za-z0-9+/]{26}[AEIMQUYcgkosw048]").fullmatch
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!\Z)|\Z)){4}").fullmatch
_BANDWIDTH = re.compile(rb"Bandwidth=([0-9]{1,9})(?: Unmeasured=1)?").fullmatch

# Entries of one network share a few hundred texts of these kinds. The caches are bounded, so a hostile document costs time only.
flags = lru_cache(1024)(lambda rest: frozenset([word for word in words(decode(rest)) if word]))
protocols = lru_cache(512)(lambda rest: Protocols(decode(rest)))
summary = lru_cache(1024)(lambda rest: PortSummary.parse(decode(rest)))


@lru_cache(512)
def version(rest: bytes) -> TorVersion | None:
    """
    Read a version of tor. What is none is ``None``: another implementation may number as it likes.
    """
    try:
        return TorVersion.parse(decode(rest)) if rest.startswith(b"Tor ") else None
    except MalformedDocument:
        return None


def nickname(word: str) -> str:
    """
    Read a nickname.
    """
    return word if len(word) <= 19 and word.isalnum() and word.isascii() else _encoding.nickname(word)


def identity(word: str) -> bytes:
    """
    Read the 27 base64 characters of 20 bytes.
    """
    if not _BASE64(word):
        raise BadValue(f"not 27 characters of base64: {word[:40]!r}")
    return a2b_base64(word + "=")


def fingerprint(word: str) -> str:
    """
    The same, as 40 upper-case hexadecimal digits.
    """
    return identity(word).hex().upper()


def optional_digest(word: str) -> str | None:
    """
    The same; an empty word stands for none.
    """
    return identity(word).hex().upper() if word else None


def published(text: str) -> datetime | None:
    """
    Read a time; the one that stands for none is ``None``.
    """
    return None if text == NO_TIME else _encoding.time(text)


def ipv4(word: str) -> str:
    """
    Read an IPv4 address.
    """
    return word if _IPV4(word) else _encoding.ipv4(word)


def port(word: str) -> int:
    """
    Read a port that may be 0.
    """
    return _encoding.port(word, zero=True)


def optional_port(word: str) -> int | None:
    """
    Read a port; 0 stands for none.
    """
    return port(word) or None


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
    usual = _BANDWIDTH(rest)
    return int(usual[1]) if usual else _number(rest, "Bandwidth")


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
