# -*- test-case-name: txtor.test.state.test_paths -*-
"""
Choosing relays for a path of one's own: conditions on each hop, and on the path, with the weights that Tor itself would use.

A condition is a function from a relay to a bool, so that programs can add their own. See path-spec 2.2 and dir-spec 3.8.3.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from txtor.directory import BandwidthTotals, compute_bandwidth_weights, weight_for
from txtor.errors import InvalidArgument

from ._router import Router
from ._routers import RouterMap

#: How many paths are begun before it is said that there is none.
ATTEMPTS = 30

#: Whether a relay will do.
Condition = Callable[[Router], bool]


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


def _subnet(router: Router) -> object:
    try:
        address = ipaddress.ip_address(router.address or "")
    except ValueError:
        return router.identity
    return ipaddress.ip_network((address, 16 if address.version == 4 else 32), strict=False)


@dataclass(frozen=True)
class PathRules:
    """
    What a path must be like.

    :ivar length: how many hops, at least 1.
    :ivar conditions: for each hop that has any, by position (0 is the first, -1 the last), what it must fulfil.
    :ivar everywhere: what every hop must fulfil.
    :ivar guard: whether the first hop must be a Guard with a directory, as Tor's own are.
    :ivar exit_port: the port that the last hop must let out.
    :ivar distinct_subnets: no two hops in one IPv4 /16.
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
        wanted = [*self.everywhere, *self.conditions.get(hop, ()), *self.conditions.get(hop - self.length, ())]
        if self.guard and hop == 0 and self.length > 1:
            wanted.append(has_flags("Guard", "V2Dir"))
        if self.exit_port is not None and hop == self.length - 1:
            wanted.append(exits_to(self.exit_port))
        return wanted

    def _position(self, hop: int) -> str:
        if hop == self.length - 1 and self.exit_port is not None:
            return "exit"
        return "guard" if hop == 0 and self.length > 1 else "middle"

    def _conflict(self, router: Router, chosen: Iterable[Router]) -> bool:
        family = self.families.get(router.fingerprint, ())
        return any(
            other.identity == router.identity
            or (self.distinct_subnets and _subnet(other) == _subnet(router))
            or (other.fingerprint in family and router.fingerprint in self.families.get(other.fingerprint, ()))
            for other in chosen
        )

    def choose(self, routers: RouterMap) -> list[Router]:
        """
        Choose a path: the hop that the fewest relays fit first, and of equal ones the last, the first, then those between.

        :return: the relays, in their order.
        :raises InvalidArgument: no relay fits a hop; the text says which.
        """
        everybody = sorted(routers.values(), key=lambda router: router.identity)
        statuses = [router.status for router in everybody if router.status is not None]
        weights = compute_bandwidth_weights(BandwidthTotals.of(statuses))
        fitting = {
            hop: [router for router in everybody if all(condition(router) for condition in self._conditions_at(hop))]
            for hop in (self.length - 1, *range(self.length - 1))
        }
        order = sorted(fitting, key=lambda hop: len(fitting[hop]))
        for _ in range(ATTEMPTS):  # a choice that leaves nothing for a later hop is given up, and another is made
            path: dict[int, Router] = {}
            for hop in order:
                free = [router for router in fitting[hop] if not self._conflict(router, path.values())]
                if not free:
                    break
                path[hop] = self._pick(free, self._position(hop), weights)
            else:
                return [path[hop] for hop in range(self.length)]
        raise InvalidArgument(
            f"No relay fits hop {hop + 1} of {self.length} beside the others; {len(fitting[hop])} fit it alone."
        )

    def _pick(self, fitting: Sequence[Router], position: str, weights: Mapping[str, int]) -> Router:
        shares = [1.0] * len(fitting)
        if self.weighted:
            shares = [
                0.0 if router.status is None else (router.bandwidth or 0) * weight_for(router.status, position, weights)
                for router in fitting
            ]
            if sum(shares) <= 0:
                shares = [1.0] * len(fitting)
        return self.chance.choices(fitting, shares)[0]
