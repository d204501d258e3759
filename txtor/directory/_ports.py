# -*- test-case-name: txtor.test.directory.test_port_summary -*-
"""
Sets of ports as intervals: sorted, apart, and never a list of the ports themselves.

See dir-spec 2.1.1, "accept" and "reject", and 3.8.1, the "p" line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Interval(NamedTuple):
    """
    Ports from one to another, both included; there are none where the last is smaller than the first.
    """

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


ALL_PORTS = (Interval(1, 65535),)


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """
    The ports of all intervals: sorted, neighbours joined, empty ones left out.
    """
    joined: list[Interval] = []
    for first, last in sorted(interval for interval in intervals if interval.first <= interval.last):
        if joined and first <= joined[-1].last + 1:
            joined[-1] = Interval(joined[-1].first, max(last, joined[-1].last))
        else:
            joined.append(Interval(first, last))
    return tuple(joined)


def subtract(ports: Iterable[Interval], first: int, last: int) -> tuple[Interval, ...]:
    """
    The ports without those from one to another.

    :param ports: as `union` gives them.
    """
    return tuple(_without(ports, first, last))


def _without(ports: Iterable[Interval], first: int, last: int) -> Iterator[Interval]:
    for low, high in ports:
        if last < low or high < first or last < first:
            yield Interval(low, high)
            continue
        if low < first:
            yield Interval(low, first - 1)
        if last < high:
            yield Interval(last + 1, high)


def complement(ports: Iterable[Interval]) -> tuple[Interval, ...]:
    """
    The ports from 1 to 65535 that are not in some.
    """
    rest: tuple[Interval, ...] = ALL_PORTS
    for first, last in ports:
        rest = subtract(rest, first, last)
    return rest


def meets(ports: Iterable[Interval], first: int, last: int) -> bool:
    """
    Whether some ports lie from one to another.
    """
    return any(max(low, first) <= min(high, last) for low, high in ports)
