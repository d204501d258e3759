# -*- test-case-name: txtor.test.onion.test_client_keys -*-
"""
Base32 and base64 of keys, read strictly: the alphabet alone, the right length, no leftover bits. No error holds the text.
"""

from __future__ import annotations

import base64
import binascii

from txtor.directory import encoding
from txtor.errors import InvalidArgument

_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def read_base64(text: str, what: str) -> bytes:
    """
    Read base64 with all of its padding or none.

    :param what: how the error names it, as ``"The key"``.
    :raises InvalidArgument: it is not base64.
    """
    try:
        return encoding.base64(text)
    except encoding.BadValue:  # its text holds what may be a secret
        raise InvalidArgument(f"{what} is not base64.") from None


def write_base64(value: bytes) -> str:
    """
    Base64 in one line, with padding.
    """
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def read_base32(text: str, what: str) -> bytes:
    """
    Read base32 of either case, with all of its padding or none.

    :raises InvalidArgument: it is not base32.
    """
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 8)
    if not text.isascii() or text not in (bare, padded) or not _BASE32.issuperset(bare.upper()):
        raise InvalidArgument(f"{what} is not base32.")
    try:
        value = base64.b32decode(padded.upper())
    except binascii.Error:
        raise InvalidArgument(f"{what} is not base32.") from None
    if write_base32(value) != bare.upper():  # bits are left over
        raise InvalidArgument(f"{what} is not base32.")
    return value


def write_base32(value: bytes) -> str:
    """
    Base32 in upper case without padding, as Tor's files of keys have it.
    """
    return base64.b32encode(value).decode("ascii").rstrip("=")
