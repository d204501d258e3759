# -*- test-case-name: txtor.test.directory.test_exit_policy -*-
"""
How authorities shorten an exit policy to a list of ports, in tor's way to the letter: the text goes into signed documents.

The rules are walked once over a list of spans, runs of ports that all rules so far treat alike. A rule that rejects a network
adds the number of its addresses to the spans of its ports. A rule that accepts every address accepts those of its spans that are
still open, unless more than a share of the addresses was rejected before. What accepts only some addresses is passed over.

See dir-spec 3.8.1, "p" and, for IPv6, 3.3, "p6".
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ._exit_rule import ExitRule
from ._port_summary import PortSummary
from ._ports import ALL_PORTS, Interval, complement, union

_LONGEST = 1000
#: By family: bits of an address that are counted, and how many such units may be rejected: an IPv4 /7, an IPv6 /16 in /64s.
_COUNTED = {4: (32, 1 << 25), 6: (64, 1 << 48)}


class _Span:
    """
    Ports from `first` on, up to the next span, that all rules so far treat alike.
    """

    __slots__ = ("accepted", "first", "rejected")

    def __init__(self, first: int, rejected: int = 0, accepted: bool = False) -> None:
        self.first = first
        self.rejected = rejected
        self.accepted = accepted


def summarize(rules: Iterable[ExitRule], family: int) -> PortSummary:
    """
    The summary of some rules for one family of addresses.

    :param family: 4 or 6; rules of the other are passed over.
    """
    counted, most = _COUNTED[family]
    spans = [_Span(1), _Span(65536)]
    for rule in rules:
        if rule.family != family or rule.max_port < rule.min_port:
            continue
        if rule.is_accept and rule.bits == 0:
            for span in _spans(spans, rule.min_port, rule.max_port):
                span.accepted = span.accepted or span.rejected <= most
        elif not rule.is_accept and rule.bits <= counted and not rule.is_private:
            for span in _spans(spans, rule.min_port, rule.max_port):
                span.rejected += 1 << (counted - rule.bits)
    pairs = pairwise(spans)
    return _shorten(union(Interval(span.first, after.first - 1) for span, after in pairs if span.accepted))


def _spans(spans: list[_Span], first: int, last: int) -> list[_Span]:
    """
    The spans of the ports from one to another, after splitting those that reach beyond.
    """
    start = _split(spans, first)
    return spans[start : _split(spans, last + 1)]


def _split(spans: list[_Span], port: int) -> int:
    """
    Make a span begin at a port.

    :return: its index.
    """
    low, high = 0, len(spans) - 1
    while low < high:
        middle = (low + high) // 2
        if spans[middle].first < port:
            low = middle + 1
        else:
            high = middle
    if spans[low].first != port:
        before = spans[low - 1]
        spans.insert(low, _Span(port, before.rejected, before.accepted))
    return low


def _shorten(accepted: tuple[Interval, ...]) -> PortSummary:
    """
    The shorter of both lists, the accepted one on a tie; where both are too long, the accepted one cut at a comma.
    """
    if not accepted:
        return PortSummary(False, ALL_PORTS)
    if accepted == ALL_PORTS:
        return PortSummary(True, ALL_PORTS)
    rejected = complement(accepted)
    accepts, rejects = ",".join(map(str, accepted)), ",".join(map(str, rejected))
    room = _LONGEST - len("accept ")
    if len(accepts) > room and len(rejects) > room:
        kept = accepts.rfind(",", 0, room + 1)
        return PortSummary(True, accepted[: accepts.count(",", 0, kept) + 1])
    return PortSummary(False, rejected) if len(rejects) < len(accepts) else PortSummary(True, accepted)
