# -*- test-case-name: txtor.test.process.test_torrc -*-
"""
From the options that a caller gives to the torrc of a Tor that is launched.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from txtor.config import Torrc
from txtor.errors import InvalidArgument
from txtor.grammar import decode, option_name, quote_cstring

#: What an option can be set to; ``None`` leaves the option out.
OptionValue: TypeAlias = "str | bytes | int | float | bool | os.PathLike[str] | None"

#: Options in their order. A list or tuple gives an option several lines.
Options: TypeAlias = (
    "Torrc | Mapping[str, OptionValue | Sequence[OptionValue]] | Iterable[tuple[str, OptionValue | Sequence[OptionValue]]]"
)

def option_pairs(options: Options | None) -> list[tuple[str, str]]:
    """
    Options as text, one pair for each line of a torrc, in their order.

    :param options: a mapping, pairs, or a torrc, which must include no other file. It is not changed.
    :raises InvalidArgument: something in it is no name or no value of an option.
    """
    if options is None:
        return []
    if isinstance(options, Torrc):
        if options.includes or any(line.prefix for line in options):
            raise InvalidArgument("A torrc for a launch includes no other file, and adds to none.")
        options = options.pairs()
    items: object = options.items() if isinstance(options, Mapping) else options
    if isinstance(items, str | bytes) or not isinstance(items, Iterable):
        raise InvalidArgument(f"Options are a mapping or pairs, not {type(options).__name__}.")
    pairs = []
    for item in items:
        if not isinstance(item, Sequence) or isinstance(item, str | bytes) or len(item) != 2:
            raise InvalidArgument(f"An option is a pair of its name and its value, not {type(item).__name__}.")
        name, value = item
        option_name(name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None:
                pairs.append((name, _as_text(name, one)))
    return pairs


def _as_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)), "f")  # tor reads no exponents
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bytes):
        value = decode(value)
    if isinstance(value, str):
        quote_cstring(value)  # which says whether tor can take it
        return value
    raise InvalidArgument(f"This is no value for {name}: {type(value).__name__}")


def format_torrc(pairs: Iterable[tuple[str, str]]) -> bytes:
    """
    Write a torrc, pure ASCII: whatever a value holds, it stays one value of its option.

    :param pairs: name and value of each line.
    :raises InvalidArgument: a name is none, or a value holds a NUL.
    """
    torrc = Torrc()
    for name, value in pairs:
        torrc.add(name, value)
    return bytes(torrc)
