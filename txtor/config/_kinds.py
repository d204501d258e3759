# -*- test-case-name: txtor.test.config.test_kinds -*-
"""
The types of options, as the running Tor names them in ``GETINFO config/names``, each with its way from text to value and back.

A value is immutable: a number, a truth value, text, ``None``, or a tuple for an option that takes a list. What cannot be read
stays the text that it is, and an option of a type that txtor does not know is text.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from txtor.errors import InvalidArgument
from txtor.grammar import decode, quote_cstring

from ._units import BYTES, MILLISECONDS, SECONDS, parse_quantity

#: What Tor answers for one option: the text of each of its lines.
Lines: TypeAlias = "tuple[str, ...]"

#: Options and values as SETCONF takes them, in order; ``None`` for an option without a value.
Pairs: TypeAlias = "list[tuple[str, str | None]]"

_AUTO = "auto"


def as_text(option: str, value: object) -> str:
    """
    A value of an option as text.

    :raises InvalidArgument: it is no text and no path, is empty, or cannot be sent.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bytes):
        value = decode(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidArgument(f"{option} takes text, not {type(value).__name__}.")
    quote_cstring(value)  # which says whether tor can take it
    return value


# -- one value: each function makes the value that is kept from what the caller gave ------------------------------------


def _truth(option: str, value: object) -> bool:
    words = {"0": False, "1": True, "false": False, "true": True}
    found = words.get(value.strip().lower()) if isinstance(value, str) else None
    if isinstance(value, int) and value in (0, 1):
        found = bool(value)
    if found is None:
        raise InvalidArgument(f"{option} is on or off (True or False, 1 or 0), not {_shown(value)}.")
    return found


def _truth_or_auto(option: str, value: object) -> bool | str:
    return _AUTO if isinstance(value, str) and value.strip().lower() == _AUTO else _truth(option, value)


_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")


def _within(lowest: int, highest: int) -> Callable[[str, object], int]:
    def number(option: str, value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidArgument(f"{option} takes a whole number, not {_shown(value)}.")
        if not lowest <= value <= highest:
            raise InvalidArgument(f"{option} takes a whole number from {lowest} to {highest}.")
        return int(value)

    return number


def _real(option: str, value: object) -> float:
    if isinstance(value, str) and len(value) <= 1100 and value.isascii() and "_" not in value:  # no float has more digits
        try:
            value = float.fromhex(value) if "x" in value.lower() else float(value)
        except ValueError:
            raise InvalidArgument(f"{option} takes a number, not {_shown(value)}.") from None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        value = float(value)
    if not isinstance(value, float) or not math.isfinite(value):
        raise InvalidArgument(f"{option} takes a number, not {_shown(value)}.")
    return value


def _quantity(units: Mapping[str, Any], highest: int, per_second: int = 0) -> Callable[[str, object], int]:
    number = _within(0, highest)

    def read(option: str, value: object) -> int:
        if isinstance(value, timedelta) and per_second:
            value = value // timedelta(seconds=1) if per_second == 1 else value // timedelta(milliseconds=1)
        if isinstance(value, str):
            try:
                value = int(value) if _WHOLE.fullmatch(value) else parse_quantity(value, units)
            except InvalidArgument as error:
                raise InvalidArgument(f"{option}: {error}") from None
        return number(option, value)

    return read


def _text_or_none(option: str, value: object) -> str | None:
    return None if value is None else as_text(option, value) or None


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else type(value).__name__


def _from_value(value: object) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # tor reads no exponents
    return None if value is None else str(value)


# -- kinds ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """
    A type of options with one value.

    :ivar name: what Tor calls it.
    :ivar make: the value that is kept, from the option's name and what the caller gave or Tor said.
    """

    name: str
    make: Callable[[str, Any], Any]

    @property
    def is_list(self) -> bool:
        """
        Whether values are tuples.
        """
        return False

    def read(self, option: str, lines: Sequence[Any]) -> Any:
        """
        The value, from Tor's text; the text itself where it is no such value.
        """
        if not lines:
            return None
        try:
            return self.make(option, lines[-1])
        except InvalidArgument:  # Tor says what it likes: the text stays readable
            return lines[-1]

    def write(self, option: str, value: object) -> Any:
        """
        The value to keep, from what the caller gave.

        :raises InvalidArgument: the option takes no such value.
        """
        return self.make(option, value)

    def pairs(self, option: str, value: Any) -> Pairs:
        """
        What SETCONF is given for a value.
        """
        return [(option, _from_value(value))]

    def is_settled(self, wanted: Any, present: Any) -> bool:
        """
        Whether Tor has already what is wanted.
        """
        return bool(wanted == present)


@dataclass(frozen=True)
class ListKind(Kind):
    """
    A type of options with several lines, each a value.
    """

    @property
    def is_list(self) -> bool:
        """
        It is.
        """
        return True

    def read(self, option: str, lines: Sequence[Any]) -> Any:
        """
        All lines, in order.
        """
        return tuple(lines)

    def write(self, option: str, value: object) -> tuple[Any, ...]:
        """
        Some lines, from a list, a single one, or ``None`` for none.
        """
        if value is None:
            return ()
        values = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
        return tuple([self.make(option, each) for each in values])

    def pairs(self, option: str, value: Any) -> Pairs:
        """
        One for each line; the bare name for none.
        """
        return [(option, line) for line in value] or [(option, None)]


@dataclass(frozen=True)
class CommaKind(ListKind):
    """
    A type of options whose values stand in one line, with commas between.
    """

    def read(self, option: str, lines: Sequence[Any]) -> Any:
        """
        The parts of the last line.
        """
        return _parts(lines[-1]) if lines else ()

    def write(self, option: str, value: object) -> tuple[Any, ...]:
        """
        The parts, from a list of them or a text.
        """
        if isinstance(value, str):
            return tuple([self.make(option, part) for part in _parts(value)])
        parts = tuple(part.strip() for part in super().write(option, value))  # as Tor reads them
        if any("," in part for part in parts):
            raise InvalidArgument(f"A value in the list of {option} holds a comma, which would make two of it.")
        return parts

    def pairs(self, option: str, value: Any) -> Pairs:
        """
        One.
        """
        return [(option, ",".join(value) or None)]


@dataclass(frozen=True)
class PortKind(ListKind):
    """
    Lines of ports. Tor takes none for its default, which may well be a port, so none is sent as ``0``.
    """

    def write(self, option: str, value: object) -> tuple[Any, ...]:
        """
        Some lines. A ``0`` among others would close those too.
        """
        lines = super().write(option, value)
        return tuple(line for line in lines if line != "0") if len(lines) > 1 else lines

    def pairs(self, option: str, value: Any) -> Pairs:
        """
        One for each line; ``0`` for none.
        """
        return [(option, line) for line in value] or [(option, "0")]

    def is_settled(self, wanted: Any, present: Any) -> bool:
        """
        Whether Tor has these ports; where none are wanted, whether it was told so.
        """
        return bool((wanted or ("0",)) == present)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, text.split(",")) if part)


def _line(option: str, value: object) -> str:
    text = as_text(option, value)
    if not text.strip():
        raise InvalidArgument(f"An empty line is no value of {option}.")
    return text


_INT_MAX = 2**31 - 1

_KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("Boolean", _truth),
        Kind("Boolean+Auto", _truth_or_auto),
        Kind("Integer", _within(0, 2**64 - 1)),
        Kind("SignedInteger", _within(-(2**31), _INT_MAX)),
        Kind("Float", _real),
        Kind("TimeInterval", _quantity(SECONDS, _INT_MAX, 1)),
        Kind("TimeMsecInterval", _quantity(MILLISECONDS, _INT_MAX, 1000)),
        Kind("DataSize", _quantity(BYTES, 2**63 - 1)),
        ListKind("LineList", _line),
        ListKind("Dependent", _line),
        CommaKind("CommaList", _line),
        CommaKind("RouterList", _line),
        Kind("String", _text_or_none),
        Kind("Filename", _text_or_none),
    )
}


@dataclass(frozen=True)
class UnknownKind(Kind):
    """
    A type that txtor does not know: text, or lines where there are several.
    """

    def read(self, option: str, lines: Sequence[Any]) -> Any:
        """
        The text, or a tuple of several.
        """
        return tuple(lines) if len(lines) > 1 else super().read(option, lines)

    def write(self, option: str, value: object) -> Any:
        """
        Text or numbers, or several of them.
        """
        if isinstance(value, list | tuple):
            lines = tuple([_line(option, each) for each in value])
            return lines if len(lines) > 1 else lines[0] if lines else None
        return self.make(option, _from_value(value) if isinstance(value, bool | float) else value)

    def pairs(self, option: str, value: Any) -> Pairs:
        """
        One for each line.
        """
        return [(option, line) for line in value] if isinstance(value, tuple) else super().pairs(option, value)


def kind_of(option: str, type_name: str) -> Kind:
    """
    The kind of an option.

    :param type_name: as ``GETINFO config/names`` tells it.
    """
    if type_name in ("Dependent", "LineList") and option.lower().endswith("port") and not option.startswith("__"):
        return PortKind(type_name, _line)
    return _KINDS.get(type_name) or UnknownKind(type_name, _text_or_none)
