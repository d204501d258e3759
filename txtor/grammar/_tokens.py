# -*- test-case-name: txtor.test.grammar.test_tokens -*-
"""
The small words that the whole control port is written with: relays, addresses, times, onion addresses.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from txtor.errors import InvalidArgument, ProtocolViolation

_HEX = frozenset("0123456789abcdefABCDEF")
_ALPHANUMERIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_LONG_NAME = re.compile(r"\$?([0-9A-Fa-f]{40})(?:[~=]([A-Za-z0-9]{1,19}))?")
_LONGEST_NAME = 1 + 40 + 1 + 19
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")
#: How long a time is that tells seconds, and one that tells microseconds.
_SECONDS, _MICROSECONDS = 19, 26
_BASE32 = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def is_fingerprint(text: str) -> bool:
    """
    Whether a text is 40 hexadecimal digits, without ``$``.
    """
    return len(text) == 40 and _HEX.issuperset(text)


def is_nickname(text: str) -> bool:
    """
    Whether a text is 1 to 19 ASCII letters and digits.
    """
    return 1 <= len(text) <= 19 and _ALPHANUMERIC.issuperset(text)


class RouterName(NamedTuple):
    """
    How tor names a relay: ``$fingerprint~nickname``, or less.

    :ivar fingerprint: 40 upper-case hexadecimal digits, or ``None`` where only a nickname was given.
    :ivar nickname: or ``None`` where it is unknown.

    See control-spec 2.1.1, LongName and ServerSpec.
    """

    fingerprint: str | None
    nickname: str | None

    def __str__(self) -> str:
        if self.fingerprint is None:
            return self.nickname or ""
        return f"${self.fingerprint}~{self.nickname}" if self.nickname else f"${self.fingerprint}"

    @classmethod
    def parse(cls, text: str) -> RouterName:
        """
        Read ``$hex~nick``, ``$hex=nick`` or ``$hex``, with or without the ``$``, or ``nick``.

        :raises ProtocolViolation: it is none of these.
        """
        name = router_name_or_none(text)
        if name is None:
            raise ProtocolViolation(f"Not the name of a relay: {text[:80]!r}")
        return name


def router_name_or_none(text: str) -> RouterName | None:
    """
    The same as `RouterName.parse`, but ``None`` for what is none of these.

    A client's guards, and the relays with much bandwidth, are named again and again: the last names are remembered.
    """
    return _router_name(text) if len(text) <= _LONGEST_NAME else None


@lru_cache(2048)
def _router_name(text: str) -> RouterName | None:
    match = _LONG_NAME.fullmatch(text)
    if match is not None:
        return RouterName(match[1].upper(), match[2])
    return RouterName(None, text) if is_nickname(text) else None


def parse_address_port(text: str) -> tuple[str, int]:
    """
    Split an address and a port at the *last* colon; IPv6 may stand with or without brackets.

    :return: the address without brackets, and the port, 0 to 65535.
    :raises ProtocolViolation: there is no colon, or no port behind it.
    """
    both = address_port_or_none(text)
    if both is None:
        raise ProtocolViolation(f"Not an address and a port: {text[:80]!r}")
    return both


def address_port_or_none(text: str) -> tuple[str, int] | None:
    """
    The same as `parse_address_port`, but ``None`` where there is no colon, or no port behind it.
    """
    address, colon, digits = text.rpartition(":")
    if not (colon and digits.isdigit() and digits.isascii() and len(digits) <= 5 and (port := int(digits)) <= 65535):
        return None
    return (address[1:-1] if address[:1] == "[" and address[-1:] == "]" else address), port


def format_address_port(address: str, port: int) -> str:
    """
    Join an address and a port; one with a colon in it gets brackets.
    """
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def parse_time(text: str) -> datetime:
    """
    Read a time of the control port, which is UTC: ``2026-11-22 14:49:32`` or ``2026-11-22T14:49:32.794956``.

    :return: an aware datetime in UTC.
    :raises ProtocolViolation: it is no such time.

    See control-spec 2.1.1, ISOTime and its variants.
    """
    time = time_or_none(text)
    if time is None:
        raise ProtocolViolation(f"Not a time: {text[:80]!r}")
    return time


def time_or_none(text: str) -> datetime | None:
    """
    The same as `parse_time`, but ``None`` for what is no such time.
    """
    if _TIME.fullmatch(text) is None:  # fromisoformat of newer Pythons takes more forms than tor writes, such as week dates
        return None
    if len(text) not in (_SECONDS, _MICROSECONDS):
        text = text[:_MICROSECONDS].ljust(_MICROSECONDS, "0")
    try:
        return datetime.fromisoformat(text + "+00:00")
    except ValueError:  # a 13th month
        return None


def onion_address(text: str) -> str:
    """
    The bare form of a version 3 onion address that commands want: 56 lower-case base32 characters.

    :param text: the address in either case, with or without ``.onion`` and one final dot.
    :raises InvalidArgument: its length, alphabet, version or checksum is wrong.

    See rend-spec-v3, "Encoding onion addresses". Whether the key is a good point of the curve is judged by txtor.onion.
    """
    bare = text.lower().removesuffix(".").removesuffix(".onion")
    if len(bare) != 56 or not _BASE32.issuperset(bare):
        raise InvalidArgument(f"Not a version 3 onion address (56 base32 characters): {text[:80]!r}")
    raw = base64.b32decode(bare.upper())
    key, checksum, version = raw[:32], raw[32:34], raw[34:]
    if version != b"\x03":
        raise InvalidArgument(f"The onion address {bare} is of version {version[0]}; Tor serves version 3.")
    if hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2] != checksum:
        raise InvalidArgument(f"The onion address {bare} has a wrong checksum: it was mistyped.")
    return bare
