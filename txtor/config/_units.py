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

_NUMBER = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)[ \t]*([A-Za-z]*)")


def _each(*units: tuple[str, int | Fraction]) -> dict[str, Fraction]:
    """
    A table of units from words with spaces between, each word also with an ``s``.
    """
    table = {"": Fraction(1)}
    for words, factor in units:
        for word in words.split():
            table[word] = table[word + "s"] = Fraction(factor)
    return table


#: In seconds. A month has thirty days for tor.
SECONDS: Mapping[str, Fraction] = _each(
    ("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400), ("week", 604800), ("month", 2592000)
)

#: In milliseconds.
MILLISECONDS: Mapping[str, Fraction] = {
    **{unit: factor * 1000 for unit, factor in SECONDS.items() if unit},
    **_each(("msec millisecond", 1)),
}


def _bytes() -> dict[str, Fraction]:
    table = _each(("b byte", 1), ("bit", Fraction(1, 8)))
    for power, (letter, prefix) in enumerate((("k", "kilo"), ("m", "mega"), ("g", "giga"), ("t", "tera")), 1):
        size = 1024**power
        table.update(_each((f"{letter}b {letter}byte {prefix}byte", size), (f"{letter}bit {prefix}bit", Fraction(size, 8))))
        table[letter] = Fraction(size)
    return table


#: In bytes; the factor between the sizes is 1024.
BYTES: Mapping[str, Fraction] = _bytes()


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
