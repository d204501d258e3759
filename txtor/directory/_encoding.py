# -*- test-case-name: txtor.test.directory.test_encoding -*-
"""
The small types of directory documents, read strictly: times, fingerprints, numbers, ports, addresses, base64, hexadecimal.

Every function here takes a word of a document and gives its value, or raises `BadValue`, which says what is wrong and not where.
Who knows the place (`Document`, or a ``parse`` of a value) turns it into `MalformedDocument`; it never leaves txtor.directory.

Strict means: the alphabet and nothing else, the right length, no leftover bits, no sign, no ``_``, no digits of other scripts.
See dir-spec 1.2, Document meta-format.
"""

from __future__ import annotations

import binascii
import ipaddress
from datetime import datetime, timedelta, timezone

from txtor.errors import InvalidArgument
from txtor.grammar import is_fingerprint, is_nickname

_HEX = frozenset("0123456789abcdefABCDEF")
_EPOCH_YEAR = "1970"


class BadValue(Exception):
    """
    A word is not what it should be; the text says what is wrong. Internal: callers see `MalformedDocument`.
    """


def _shown(text: str) -> str:
    """
    A word for an error's text, cut where it is too long to help.
    """
    return repr(text if len(text) <= 80 else text[:77] + "...")


def integer(text: str, low: int = 0, high: int = 2**63 - 1) -> int:
    """
    Read a decimal number without sign.

    :param low: the smallest number allowed; a negative one allows a minus sign.
    :param high: the greatest number allowed.
    """
    digits = text[1:] if low < 0 and text[:1] == "-" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise BadValue(f"not a number: {_shown(text)}")
    value = int(text)
    if not low <= value <= high:
        raise BadValue(f"{value} is not within {low} and {high}")
    return value


def port(text: str, zero: bool = False) -> int:
    """
    Read a port.

    :param zero: whether 0 is allowed; it means that there is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise BadValue(f"not a port: {_shown(text)}")
    value = int(text)
    if value > 65535 or (value == 0 and not zero):
        raise BadValue(f"not a port: {_shown(text)}")
    return value


def time(text: str, separator: str = " ") -> datetime:
    """
    Read ``YYYY-MM-DD HH:MM:SS``, which is UTC, from 1970 on.

    :param separator: what stands between date and time; ``"T"`` in bandwidth files and onion descriptors.
    :return: an aware datetime in UTC. A leap second (60) is the first second of the next minute.
    """
    leap = text[17:] == "60"
    # fromisoformat takes more forms than documents have, such as week dates: the shape is looked at first.
    if (
        len(text) == 19
        and text.isascii()
        and text[4] == text[7] == "-"
        and text[10] == separator
        and text[13] == text[16] == ":"
        and text[:4] >= _EPOCH_YEAR
    ):
        try:
            value = datetime.fromisoformat((text[:17] + "59" if leap else text) + "+00:00")
            return value + timedelta(seconds=1) if leap else value
        except (ValueError, OverflowError):
            pass  # a 13th month: told below, as every other form that is no time
    raise BadValue(f"not a time: {_shown(text)}")


def fingerprint(text: str) -> str:
    """
    Read 40 hexadecimal digits; both cases are accepted.

    :return: in upper case.
    """
    if not is_fingerprint(text):
        raise BadValue(f"not a fingerprint: {_shown(text)}")
    return text.upper()


def nickname(text: str) -> str:
    """
    Read 1 to 19 letters and digits.
    """
    if not is_nickname(text):
        raise BadValue(f"not a nickname: {_shown(text)}")
    return text


def hexadecimal(text: str, size: int) -> bytes:
    """
    Read hexadecimal digits of either case.

    :param size: how many bytes they must be.
    """
    if len(text) != 2 * size or not _HEX.issuperset(text):
        raise BadValue(f"not {size} bytes in hexadecimal: {_shown(text)}")
    return bytes.fromhex(text)


def base64(text: str, size: int | None = None) -> bytes:
    """
    Read base64 with all of its padding or none.

    :param size: how many bytes it must be, or ``None`` for any number.
    """
    missing = -len(text) % 4
    padded = text + "=" * missing if missing and text[-1:] != "=" else text
    try:
        value = binascii.a2b_base64(padded)
    except (binascii.Error, ValueError):
        raise BadValue(f"not base64: {_shown(text)}") from None
    # a2b_base64 passes over what is not of the alphabet and over leftover bits; writing it again shows both.
    if binascii.b2a_base64(value, newline=False).decode("ascii") != padded:
        raise BadValue(f"not base64: {_shown(text)}")
    if size is not None and len(value) != size:
        raise BadValue(f"{len(value)} bytes of base64 where {size} belong")
    return value


def object_base64(body: str) -> bytes:
    """
    Read the base64 of an object, whose lines may be of any length; padding is not optional here.
    """
    joined = body.replace("\n", "")
    try:
        value = binascii.a2b_base64(joined)
    except (binascii.Error, ValueError):
        raise BadValue("the object is not base64") from None
    if binascii.b2a_base64(value, newline=False).decode("ascii") != joined:
        raise BadValue("the object is not base64")
    return value


def unpadded(value: bytes) -> str:
    """
    Base64 without padding, as keys and digests are written.
    """
    return binascii.b2a_base64(value, newline=False).decode("ascii").rstrip("=")


def ipv4(text: str) -> str:
    """
    Read an IPv4 address of four decimal numbers.
    """
    parts = text.split(".")
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts):
        raise BadValue(f"not an IPv4 address: {_shown(text)}")
    return text


def ipv6(text: str) -> str:
    """
    Read an IPv6 address without brackets and without a zone.

    :return: as it is written.
    """
    try:
        if "%" in text:
            raise ValueError
        ipaddress.IPv6Address(text)
    except ValueError:
        raise BadValue(f"not an IPv6 address: {_shown(text)}") from None
    return text


def address_port(text: str, zero: bool = False) -> tuple[str, int]:
    """
    Read ``ip4:port`` or ``[ip6]:port``.

    :param zero: whether the port may be 0.
    :return: the address without brackets, and the port.
    """
    host, colon, number = text.rpartition(":")
    if not colon:
        raise BadValue(f"not an address and a port: {_shown(text)}")
    address = ipv6(host[1:-1]) if host[:1] == "[" and host[-1:] == "]" else ipv4(host)
    return address, port(number, zero)


def aware(now: datetime) -> datetime:
    """
    Check that a time of the caller's says in which zone it is.

    :raises InvalidArgument: it does not.
    """
    if now.tzinfo is None:
        raise InvalidArgument("A time must be an aware datetime, as datetime.now(timezone.utc) is.")
    return now.astimezone(timezone.utc)
