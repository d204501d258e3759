# -*- test-case-name: txtor.test.directory.test_exit_policy -*-
"""
Whether two lists of rules let out the same, however they are written.

Ports fall into ranges in which no rule of either begins or ends. For one port of each range the addresses are found that the
rules accept, as ranges; where these are the same for all ports, the lists decide alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ._exit_rule import ExitRule
from ._ports import Interval, union

_BITS = {4: 32, 6: 128}
_LAST_PORT = 65535


def accept_the_same(one: Iterable[ExitRule], other: Iterable[ExitRule], family: int) -> bool:
    """
    Whether each address and port of a family is accepted by both or by neither.

    :param family: 4 or 6.
    """
    both = [[rule for rule in rules if rule.family == family] for rules in (one, other)]
    starts = {1}
    for rule in (*both[0], *both[1]):
        starts.update(start for start in (rule.min_port, rule.max_port + 1) if 1 <= start <= _LAST_PORT)
    return all(_accepted(both[0], port, family) == _accepted(both[1], port, family) for port in sorted(starts))


def _accepted(rules: Sequence[ExitRule], port: int, family: int) -> tuple[Interval, ...]:
    """
    The addresses that rules of one family accept for a port, as numbers.

    Addresses fall into ranges as ports do. Each rule in turn decides those of its network that none has decided before it; what
    is left in the end is accepted.
    """
    matching = [(*_network(rule), rule.is_accept) for rule in rules if rule.min_port <= port <= rule.max_port]
    end = 2 ** _BITS[family]
    edges = sorted({0, end, *(start for start, _, _ in matching), *(stop for _, stop, _ in matching)})
    numbers = {edge: number for number, edge in enumerate(edges)}
    is_accepted = [True] * (len(edges) - 1)
    later = list(range(len(edges)))  # from a range that is decided, towards the next that is not
    for start, stop, accepts in matching:
        number = _undecided(later, numbers[start])
        while number < numbers[stop]:
            is_accepted[number] = accepts
            later[number] = number + 1
            number = _undecided(later, number)
    return union(Interval(edges[n], edges[n + 1] - 1) for n, accepts in enumerate(is_accepted) if accepts)


def _network(rule: ExitRule) -> tuple[int, int]:
    """
    The first address of a rule's network, and the one behind the last.
    """
    free = _BITS[rule.family] - rule.bits
    start = rule.number >> free << free
    return start, start + 2**free


def _undecided(later: list[int], number: int) -> int:
    """
    The first range from one on that no rule has decided, with a shorter way to it for the next who asks.
    """
    while later[number] != number:
        later[number] = later[later[number]]
        number = later[number]
    return number
