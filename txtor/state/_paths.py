# -*- test-case-name: txtor.test.state.test_paths -*-
"""
Choosing relays for a path of one's own: conditions on each hop, and on the path, with the weights that Tor itself would use.

A condition is a function from a relay to a bool, so that programs can add their own. See path-spec 2.2 and dir-spec 3.8.3.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from txtor.directory import run_slices
from txtor.errors import InvalidArgument

from ._choosing import Condition, Wanted, choose_in_slices
from ._router import Router
from ._routers import RouterMap


def has_flags(*flags: str) -> Condition:
    """
    Relays that have all of these flags, as ``has_flags("Fast", "Stable")``.
    """
    wanted = frozenset(flags)
    return lambda router: wanted <= router.flags


def lacks_flags(*flags: str) -> Condition:
    """
    Relays that have none of these flags.
    """
    unwanted = frozenset(flags)
    return lambda router: unwanted.isdisjoint(router.flags)


def exits_to(port: int) -> Condition:
    """
    Exits that probably let out a port, and are not marked as bad.
    """
    return lambda router: {"Exit"} <= router.flags and "BadExit" not in router.flags and router.accepts_port(port)


def among(names: Iterable[str | Router]) -> Condition:
    """
    Only these relays, by fingerprint or nickname.
    """
    wanted = {str(name).upper().lstrip("$").split("~")[0] for name in names}
    return lambda router: router.fingerprint in wanted or (router.nickname or "").upper() in wanted


def excluding(names: Iterable[str | Router]) -> Condition:
    """
    Any relays but these.
    """
    unwanted = among(names)
    return lambda router: not unwanted(router)


def in_countries(countries: Collection[str], country_of: Mapping[str, str]) -> Condition:
    """
    Relays of some countries.

    :param countries: two-letter codes, in any case.
    :param country_of: by IPv4 address, the country; `RouterMap.countries` asks Tor for them.
    """
    wanted = {country.lower() for country in countries}
    return lambda router: country_of.get(router.address or "", "??").lower() in wanted


def between_percentiles(routers: Iterable[Router], low: float, high: float) -> Condition:
    """
    Relays whose bandwidth lies between two percentiles, as ``(50, 100)`` for the faster half.

    :raises InvalidArgument: the percentiles are not 0 <= low < high <= 100.
    """
    if not 0 <= low < high <= 100:
        raise InvalidArgument(f"Percentiles must be 0 <= low < high <= 100: {low!r}, {high!r}")
    ranked = sorted(routers, key=lambda router: (router.bandwidth or 0, router.identity))
    first, last = int(len(ranked) * low / 100), int(len(ranked) * high / 100)
    chosen = {router.identity for router in ranked[first:last]}
    return lambda router: router.identity in chosen


@dataclass(frozen=True)
class PathRules:
    """
    What a path must be like.

    :ivar length: how many hops, at least 1.
    :ivar conditions: for each hop that has any, by position (0 is the first, -1 the last), what it must fulfil.
    :ivar everywhere: what every hop must fulfil.
    :ivar guard: whether the first hop must be a Guard with a directory, as Tor's own are.
    :ivar exit_port: the port that the last hop must let out.
    :ivar distinct_subnets: no two hops in one IPv4 /16 or IPv6 /32.
    :ivar families: by fingerprint, the fingerprints of the relays that it calls its family, as `RouterMap.families` gives them.
        Two that name each other are no two hops of one path.
    :ivar weighted: choose by bandwidth, as Tor does; else all that fit are equal.
    :ivar chance: the random source; with a seeded one the choice is the same for the same relays.
    """

    length: int = 3
    conditions: Mapping[int, Sequence[Condition]] = field(default_factory=dict)
    everywhere: Sequence[Condition] = (has_flags("Running", "Valid"),)
    guard: bool = True
    exit_port: int | None = None
    distinct_subnets: bool = True
    families: Mapping[str, Collection[str]] = field(default_factory=dict)
    weighted: bool = True
    chance: random.Random = field(default_factory=random.SystemRandom)

    def __post_init__(self) -> None:
        if not isinstance(self.length, int) or not 1 <= self.length <= 8:
            raise InvalidArgument(f"A path has 1 to 8 hops: {self.length!r}")
        for position in self.conditions:
            if not -self.length <= position < self.length:
                raise InvalidArgument(f"A path of {self.length} hops has no hop {position}.")
        if self.exit_port is not None and not 1 <= self.exit_port <= 65535:
            raise InvalidArgument(f"Not a port: {self.exit_port!r}")

    def _conditions_at(self, hop: int) -> list[Condition]:
        wanted = [*self.conditions.get(hop, ()), *self.conditions.get(hop - self.length, ())]
        if self.guard and hop == 0 and self.length > 1:
            wanted.append(has_flags("Guard", "V2Dir"))
        if self.exit_port is not None and hop == self.length - 1:
            wanted.append(exits_to(self.exit_port))
        return wanted

    def _position(self, hop: int) -> str:
        if hop == self.length - 1 and self.exit_port is not None:
            return "exit"
        return "guard" if hop == 0 and self.length > 1 else "middle"

    def choose(self, routers: RouterMap) -> list[Router]:
        """
        Choose a path, at once: out of ten thousand relays that takes some tenths of a second. `TorState.build_circuit` takes the
        time in slices.

        :return: the relays, in their order.
        :raises InvalidArgument: no relay fits a hop; the text says which.
        """
        return run_slices(self.choose_in_slices(routers))

    def choose_in_slices(self, routers: RouterMap) -> Generator[None, None, list[Router]]:
        """
        Choose a path, in steps of some milliseconds: a generator that *returns* the path.

        The hop that the fewest relays fit comes first, and of equal ones the last, the first, then those between.

        :return: what `choose` gives.
        :raises InvalidArgument: no relay fits a hop; the text says which.
        """
        hops = range(self.length)
        wanted = Wanted(
            self.everywhere,
            [self._conditions_at(hop) for hop in hops],
            [self._position(hop) for hop in hops],
            self.weighted,
            self.distinct_subnets,
            self.families,
            self.chance,
        )
        return choose_in_slices(wanted, routers)
