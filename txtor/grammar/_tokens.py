# -*- test-case-name: txtor.test.grammar.test_tokens -*-
"""
The small words that the whole control port is written with: relays, addresses, times, onion addresses.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from typing import NamedTuple

from txtor.errors import InvalidArgument, ProtocolViolation

_HEX = frozenset("0123456789abcdefABCDEF")
_ALPHANUMERIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_LONG_NAME = re.compile(r"\$?([0-9A-Fa-f]{40})(?:[~=]([A-Za-z0-9]{1,19}))?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?")
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
        match = _LONG_NAME.fullmatch(text)
        if match is not None:
            return cls(match[1].upper(), match[2])
        if is_nickname(text):
            return cls(None, text)
        raise ProtocolViolation(f"Not the name of a relay: {text[:80]!r}")


def parse_address_port(text: str) -> tuple[str, int]:
    """
    Split an address and a port at the *last* colon; IPv6 may stand with or without brackets.

    :return: the address without brackets, and the port, 0 to 65535.
    :raises ProtocolViolation: there is no colon, or no port behind it.
    """
    address, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise ProtocolViolation(f"Not an address and a port: {text[:80]!r}")
    if address[:1] == "[" and address[-1:] == "]":
        address = address[1:-1]
    return address, int(port)


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
    match = _TIME.fullmatch(text)  # fromisoformat of newer Pythons takes more forms than tor writes, such as week dates
    if match is not None:
        fraction = match[1]
        if fraction is not None and len(fraction) != 7:
            text = text[:19] + fraction[:7].ljust(7, "0")
        try:
            return datetime.fromisoformat(text + "+00:00")
        except ValueError:
            pass  # a 13th month: told below, as every other form that is no time
    raise ProtocolViolation(f"Not a time: {text[:80]!r}")


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
