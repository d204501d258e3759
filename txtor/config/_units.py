# -*- test-case-name: txtor.test.config.test_units -*-
"""
Numbers with the units that tor takes: ``"10 minutes"``, ``"1.5 GB"``. Capitals and blanks mean nothing.

See tor(1), THE CONFIGURATION FILE FORMAT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from txtor.errors import InvalidArgument

_NUMBER = re.compile(r"\+?([0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})[ \t]*([A-Za-z]*)")


def _plurals(*units: tuple[str, int | Fraction]) -> dict[str, Fraction]:
    """
    A table of units, each also with an ``s``.
    """
    return {word: Fraction(factor) for unit, factor in units for word in (unit, f"{unit}s")}


_SPANS = (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400), ("week", 604800), ("month", 2629728))

#: In seconds. A month has 30.437 days for tor.
SECONDS: Mapping[str, Fraction] = {"": Fraction(1), **_plurals(*_SPANS)}

#: In milliseconds.
MILLISECONDS: Mapping[str, Fraction] = {
    "": Fraction(1),
    "msec": Fraction(1),
    **_plurals(("millisecond", 1), *((unit, 1000 * seconds) for unit, seconds in _SPANS)),
}


def _sizes(letter: str, prefix: str, size: int) -> dict[str, Fraction]:
    bits = Fraction(size, 8)
    return {
        f"{letter}b": Fraction(size),
        **_plurals((f"{letter}byte", size), (f"{prefix}byte", size), (f"{letter}bit", bits), (f"{prefix}bit", bits)),
    }


#: In bytes; the factor between the sizes is 1024.
BYTES: Mapping[str, Fraction] = {
    "": Fraction(1),
    "b": Fraction(1),
    **_plurals(("byte", 1)),
    **_sizes("k", "kilo", 1 << 10),
    "m": Fraction(1 << 20),
    **_sizes("m", "mega", 1 << 20),
    **_sizes("g", "giga", 1 << 30),
    **_sizes("t", "tera", 1 << 40),
}


def parse_quantity(text: str, units: Mapping[str, Fraction]) -> int:
    """
    Read a number with or without a unit.

    :param units: by lower-case unit, its factor; the empty one is that of a bare number.
    :return: the number in the smallest unit. What is left over below it is cut off, as tor does.
    :raises InvalidArgument: there is no number, or no such unit.
    """
    match = _NUMBER.fullmatch(text.strip(" \t"))
    factor = None if match is None else units.get(match[2].lower())
    if match is None or factor is None:
        known = ", ".join(unit for unit in units if unit.endswith("s"))
        raise InvalidArgument(f"A number is wanted, with one of the units {known}, or none: {text[:40]!r}")
    return int(Fraction(match[1]) * factor)
