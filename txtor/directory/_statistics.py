# -*- test-case-name: txtor.test.directory.test_statistics -*-
"""
The shapes that the statistics of relays have.

See dir-spec 2.1.2, Extra-info document format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from ._encoding import BadValue, address_port, integer, time
from ._items import Item
from ._readers import time_at

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class History(NamedTuple):
    """
    Bytes by interval.

    :ivar end: when the last interval ended.
    :ivar interval: how long each is, in seconds.
    :ivar values: bytes, the oldest interval first.
    """

    end: datetime
    interval: int
    values: tuple[int, ...]


class Period(NamedTuple):
    """
    The time that statistics are of.

    :ivar end: when it ended.
    :ivar interval: how long it was, in seconds.
    """

    end: datetime
    interval: int


class BidirectionalConnections(NamedTuple):
    """
    Connections by use.

    :ivar end: when the period ended.
    :ivar interval: how long it was, in seconds.
    :ivar below: connections that carried little.
    :ivar read: those that mostly read.
    :ivar write: those that mostly wrote.
    :ivar both: those that did both.
    """

    end: datetime
    interval: int
    below: int
    read: int
    write: int
    both: int


class BlurredCount(NamedTuple):
    """
    A number to which noise was added, so that it may be below zero.

    :ivar value: the number.
    :ivar parameters: how it was blurred, as ``{"delta_f": "2048", "epsilon": "0.30", "bin_size": "1024"}``.
    """

    value: int
    parameters: Mapping[str, str]


class PaddingCounts(NamedTuple):
    """
    Cells of padding.

    :ivar end: when the period ended.
    :ivar interval: how long it was, in seconds.
    :ivar counts: by name, as ``{"write-total": 10000}``.
    """

    end: datetime
    interval: int
    counts: Mapping[str, int]


class OverloadRatelimits(NamedTuple):
    """
    That a relay used up its bandwidth limits.

    :ivar version: of the line, 1 so far.
    :ivar time: the hour in which it last did.
    :ivar rate: the limit, in bytes a second.
    :ivar burst: the limit for short times, in bytes.
    :ivar reads: how often reading was stopped.
    :ivar writes: how often writing was stopped.
    """

    version: int
    time: datetime
    rate: int
    burst: int
    reads: int
    writes: int


class OverloadFdExhausted(NamedTuple):
    """
    That a relay ran out of file descriptors.

    :ivar version: of the line, 1 so far.
    :ivar time: the hour in which it last did.
    """

    version: int
    time: datetime


class Transport(NamedTuple):
    """
    A pluggable transport of a bridge.

    :ivar name: as ``"obfs4"``.
    :ivar address: where it listens; ``None`` in sanitised documents, as are port and arguments.
    :ivar port: likewise.
    :ivar arguments: what follows, as it stands.
    """

    name: str
    address: str | None
    port: int | None
    arguments: str | None


def _period(item: Item) -> tuple[datetime, int, list[str]]:
    """
    ``YYYY-MM-DD HH:MM:SS (N s)`` and the words behind it.
    """
    found = item.arguments
    if len(found) < 4 or found[2][:1] != "(" or found[3] != "s)":
        raise BadValue("no time with an interval in seconds")
    return time_at(found, 0), integer(found[2][1:], 1), found[4:]


def numbers(text: str) -> tuple[int, ...]:
    """
    Numbers between commas, perhaps none.
    """
    return tuple([integer(number, _LOWEST, _HIGHEST) for number in text.split(",")]) if text else ()


def read_byte_history(item: Item) -> History:
    """
    ``time (N s) n,n,...``.
    """
    end, interval, found = _period(item)
    return History(end, interval, numbers(found[0] if found else ""))


def read_period(item: Item) -> Period:
    """
    ``time (N s)``.
    """
    return Period(*_period(item)[:2])


def read_counts(item: Item) -> Mapping[str, int]:
    """
    ``key=n,key=n,...``, perhaps none.
    """
    found: dict[str, int] = {}
    text = "".join(item.arguments[:1])
    for pair in text.split(",") if text else ():
        key, equals, number = pair.partition("=")
        if not equals or key in found:
            raise BadValue(f"no list of counts: {pair[:80]!r}")
        found[key] = integer(number, _LOWEST, _HIGHEST)
    return found


def read_share(item: Item) -> float:
    """
    ``n%``.

    :return: the share, 1.0 being all.
    """
    text = "".join(item.arguments[:1])
    if text[-1:] != "%":
        raise BadValue(f"no percentage: {text[:80]!r}")
    return _decimal(text[:-1]) / 100


def _decimal(text: str) -> float:
    """
    A number with decimals, perhaps below zero.
    """
    digits = text.removeprefix("-").replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 30):
        raise BadValue(f"no decimal number: {text[:80]!r}")
    return float(text)


def read_deciles(item: Item) -> tuple[float, ...]:
    """
    Decimal numbers between commas, perhaps none.
    """
    text = "".join(item.arguments[:1])
    return tuple([_decimal(number) for number in text.split(",")]) if text else ()


def read_bidirectional(item: Item) -> BidirectionalConnections:
    """
    ``time (N s) below,read,write,both``.
    """
    end, interval, found = _period(item)
    values = numbers("".join(found[:1]))
    if len(values) != 4:
        raise BadValue(f"{len(values)} numbers where 4 belong")
    return BidirectionalConnections(end, interval, *values)


def _pairs(found: list[str]) -> dict[str, str]:
    """
    Words ``key=value``.
    """
    pairs: dict[str, str] = {}
    for word in found:
        key, equals, value = word.partition("=")
        if not equals or key in pairs:
            raise BadValue(f"no list of parameters: {word[:80]!r}")
        pairs[key] = value
    return pairs


def read_blurred(item: Item) -> BlurredCount:
    """
    ``n key=value key=value ...``.
    """
    found = item.arguments
    return BlurredCount(integer("".join(found[:1]), _LOWEST, _HIGHEST), _pairs(found[1:]))


def read_padding(item: Item) -> PaddingCounts:
    """
    ``time (N s) key=n key=n ...``.
    """
    end, interval, found = _period(item)
    return PaddingCounts(end, interval, {key: integer(value, _LOWEST, _HIGHEST) for key, value in _pairs(found).items()})


def read_ratelimits(item: Item) -> OverloadRatelimits:
    """
    ``version time rate burst reads writes``.
    """
    found = item.arguments
    if len(found) < 7:
        raise BadValue(f"{len(found)} arguments are too few")
    return OverloadRatelimits(integer(found[0]), time_at(found, 1), *(integer(number) for number in found[3:7]))


def read_fd_exhausted(item: Item) -> OverloadFdExhausted:
    """
    ``version time``.
    """
    found = item.arguments
    return OverloadFdExhausted(integer("".join(found[:1])), time(" ".join(found[1:3])))


def read_transport(item: Item) -> Transport:
    """
    ``name address:port arguments``, or the name alone in sanitised documents.
    """
    found = item.arguments
    if len(found) < 2:
        return Transport("".join(found), None, None, None)
    return Transport(found[0], *address_port(found[1]), " ".join(found[2:]) or None)
