# -*- test-case-name: txtor.test.events.test_read -*-
"""
From the words of an event to values. Each function takes any text and gives ``None`` for what it cannot read.
"""

from __future__ import annotations

import math

from txtor.grammar import RouterName, address_port_or_none, router_name_or_none, time_or_none

#: Longer numbers are not numbers of the control port, and reading them costs more than their length.
_LONGEST_NUMBER = 24
_TRUTHS = {"YES": True, "1": True, "NO": False, "0": False}


def as_integer(text: str) -> int | None:
    """
    A decimal integer, perhaps negative.
    """
    if text.isdigit() and text.isascii() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    if text[:1] == "-" and text[1:].isdigit() and text.isascii() and len(text) <= _LONGEST_NUMBER + 1:
        return int(text)
    return None


def as_number(text: str) -> float | None:
    """
    A finite decimal number, as ``%f`` writes it.
    """
    whole, _, fraction = text.removeprefix("-").partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


#: A time in UTC.
as_time = time_or_none

#: The name of a relay.
as_router = router_name_or_none


def as_routers(text: str) -> tuple[RouterName, ...]:
    """
    Names of relays, separated by commas. One that cannot be read stands there with its text as its nickname.
    """
    return tuple([as_router(name) or RouterName(None, name) for name in text.split(",")]) if text else ()


def as_address(text: str) -> str | None:
    """
    The address of an address and a port.
    """
    both = address_port_or_none(text)
    return both[0] if both else None


def as_port(text: str) -> int | None:
    """
    The port of an address and a port.
    """
    both = address_port_or_none(text)
    return both[1] if both else None


def unless_unknown(text: str) -> str | None:
    """
    A text, where Tor writes ``UNKNOWN`` for what it does not know.
    """
    return None if text == "UNKNOWN" else text


def as_words(text: str) -> tuple[str, ...]:
    """
    Words separated by commas, perhaps none.
    """
    return tuple(text.split(",")) if text else ()


def as_counts(text: str, separator: str = ":") -> dict[str, int]:
    """
    Numbers by name: ``relay:3,created2:1``. What is not a number is left out.
    """
    found = {}
    for item in text.split(","):
        name, colon, count = item.partition(separator)
        value = as_integer(count) if colon else None
        if value is not None:
            found[name] = value
    return found


def as_shares(text: str) -> dict[str, int]:
    """
    Numbers by name: ``us=16,de=8``. What is not a number is left out.
    """
    return as_counts(text, "=")


def as_bool(text: str) -> bool | None:
    """
    ``YES`` and ``NO``, ``1`` and ``0``.
    """
    return _TRUTHS.get(text)
