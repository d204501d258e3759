# -*- test-case-name: txtor.test.directory.test_readers -*-
"""
Readers of items that several kinds of documents have: from an `Item` to its value, or `BadValue`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ._certificate import Ed25519Certificate
from ._encoding import BadValue, base64, fingerprint, integer, time
from ._items import Item
from ._rsa import RSAKey


def read_text(item: Item) -> str:
    """
    The rest of the line as it stands.
    """
    return item.text


def read_words(item: Item) -> tuple[str, ...]:
    """
    The words of the line.
    """
    return tuple(item.arguments)


def read_first_word(item: Item) -> str:
    """
    The first word of the line.
    """
    return argument(item, 0)


def argument(item: Item, place: int) -> str:
    """
    One word of the line.
    """
    arguments = item.arguments
    if place >= len(arguments):
        raise BadValue(f"{len(arguments)} arguments are too few")
    return arguments[place]


def read_time(item: Item) -> datetime:
    """
    The time with which the line begins.
    """
    return time_at(item.arguments, 0)


def time_at(arguments: list[str], place: int) -> datetime:
    """
    A time, which is two words.
    """
    return time(" ".join(arguments[place : place + 2]))


def read_fingerprint(item: Item) -> str:
    """
    The fingerprint with which the line begins.
    """
    return fingerprint(argument(item, 0))


def read_grouped_fingerprint(item: Item) -> str:
    """
    A fingerprint in groups of four digits.
    """
    return fingerprint("".join(item.arguments[:10]))


def read_integer(low: int = 0, high: int = 2**63 - 1) -> Callable[[Item], int]:
    """
    A reader of the number with which the line begins.
    """
    return lambda item: integer(argument(item, 0), low, high)


def read_boolean(item: Item) -> bool:
    """
    ``1`` or ``0``.
    """
    return integer(argument(item, 0), 0, 1) == 1


def read_key(size: int) -> Callable[[Item], bytes]:
    """
    A reader of the base64 with which the line begins.
    """
    return lambda item: base64(argument(item, 0), size)


def read_object(item: Item) -> bytes:
    """
    The bytes of the object.
    """
    return item.object_bytes()


def read_rsa_key(bits: int | None) -> Callable[[Item], RSAKey]:
    """
    A reader of an object that is an RSA key.

    :param bits: the size that it must have, or ``None`` for any that is allowed.
    """
    return lambda item: RSAKey(item.object_bytes(), bits)


def read_certificate(item: Item) -> Ed25519Certificate:
    """
    An object that is an Ed25519 certificate.
    """
    return Ed25519Certificate.parse(item.object_bytes())

