# -*- test-case-name: txtor.test.state.test_paths -*-
"""
Choosing a path out of ten thousand relays, in steps that do not hold up a reactor.

Every relay is looked at once. Then relays are drawn by their weights; one that may not stand beside those drawn before is drawn
again, which is the same as not having been there. See path-spec 2.2.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from txtor.directory import BandwidthTotals, compute_bandwidth_weights, subnet, weight_for
from txtor.errors import InvalidArgument

from ._router import Router
from ._routers import RouterMap

#: How many paths are begun before it is said that there is none.
ATTEMPTS = 30

#: How many relays are looked at in a step: some two milliseconds.
_STEP = 100

#: How often a relay is drawn before those that cannot stand there are left out.
_DRAWS = 20

Condition = Callable[[Router], bool]


class Wanted(NamedTuple):
    """
    What a path must be like.

    :ivar everywhere: what every hop must fulfil.
    :ivar hops: what each hop must fulfil besides.
    :ivar positions: for each hop, the position by which its bandwidth counts; see `weight_for`.
    :ivar weighted: whether bandwidth counts.
    :ivar distinct_subnets: whether no two hops may be in one subnet.
    :ivar families: by fingerprint, whom it calls its family.
    :ivar chance: the random source.
    """

    everywhere: Sequence[Condition]
    hops: Sequence[Sequence[Condition]]
    positions: Sequence[str]
    weighted: bool
    distinct_subnets: bool
    families: Mapping[str, Collection[str]]
    chance: random.Random


def choose_in_slices(wanted: Wanted, routers: RouterMap) -> Generator[None, None, list[Router]]:
    """
    Choose a path, in steps. When another consensus is taken over meanwhile it begins anew.

    :raises InvalidArgument: no relay fits a hop.
    """
    while True:
        statuses = routers.statuses
        choice = _Choice(wanted)
        for count, router in enumerate(routers.values(), 1):
            choice.look_at(router)
            if not count % _STEP:
                yield
                if routers.statuses is not statuses:
                    break
        else:
            path = yield from choice.path()
            if routers.statuses is statuses:
                return path


class _Choice:
    """
    The relays of one consensus that fit each hop.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._fitting: list[list[Router]] = [[] for _ in wanted.hops]
        self._totals = BandwidthTotals(1, 1, 1, 1)
        self._weights: dict[str, int] = {}
        self._shares: dict[int, list[float]] = {}

    def look_at(self, router: Router) -> None:
        """
        See where a relay fits.
        """
        status = router.status
        if status is not None and self._wanted.weighted:
            more = BandwidthTotals.of((status,))
            self._totals = BandwidthTotals(*(one + other - 1 for one, other in zip(self._totals, more, strict=True)))
        if all(condition(router) for condition in self._wanted.everywhere):
            for fitting, conditions in zip(self._fitting, self._wanted.hops, strict=True):
                if all(condition(router) for condition in conditions):
                    fitting.append(router)

    def path(self) -> Generator[None, None, list[Router]]:
        """
        Choose: the hop that the fewest relays fit first, and of equal ones the last, the first, then those between.
        """
        length = len(self._fitting)
        for fitting in self._fitting:
            fitting.sort(key=lambda router: router.identity)  # the same choice whatever the order
        self._weights = compute_bandwidth_weights(self._totals)
        order = sorted((length - 1, *range(length - 1)), key=lambda hop: len(self._fitting[hop]))
        for _ in range(ATTEMPTS):  # a choice that leaves nothing for a later hop is given up, and another is made
            path: dict[int, Router] = {}
            for hop in order:
                router = yield from self._draw(hop, list(path.values()))
                if router is None:
                    break
                path[hop] = router
            else:
                return [path[hop] for hop in range(length)]
        raise InvalidArgument(
            f"No relay fits hop {hop + 1} of {length} beside the others; {len(self._fitting[hop])} fit it alone."
        )

    def _draw(self, hop: int, beside: list[Router]) -> Generator[None, None, Router | None]:
        fitting = self._fitting[hop]
        if not fitting:
            return None
        if hop not in self._shares:
            self._shares[hop] = yield from self._sums(hop, fitting)
        for _ in range(_DRAWS):
            router = self._pick(fitting, self._shares[hop])
            if not self._conflict(router, beside):
                return router
        free = []
        for count, router in enumerate(fitting, 1):
            if not self._conflict(router, beside):
                free.append(router)
            if not count % _STEP:
                yield
        if not free:
            return None
        return self._pick(free, (yield from self._sums(hop, free)))

    def _sums(self, hop: int, among: Sequence[Router]) -> Generator[None, None, list[float]]:
        """
        How much bandwidth there is up to each relay and with it.
        """
        shares = []
        for count, router in enumerate(among, 1):
            share = 1.0
            if self._wanted.weighted and router.status is not None:
                share = (router.bandwidth or 0) * weight_for(router.status, self._wanted.positions[hop], self._weights)
            shares.append(share)
            if not count % _STEP:
                yield
        sums = list(accumulate(shares))
        return sums if sums[-1] > 0 else list(accumulate([1.0] * len(shares)))

    def _pick(self, among: Sequence[Router], sums: Sequence[float]) -> Router:
        return among[min(bisect(sums, self._wanted.chance.random() * sums[-1]), len(among) - 1)]

    def _conflict(self, router: Router, beside: Iterable[Router]) -> bool:
        wanted = self._wanted
        family = wanted.families.get(router.fingerprint, ())
        return any(
            other.identity == router.identity
            or (other.fingerprint in family and router.fingerprint in wanted.families.get(other.fingerprint, ()))
            or (wanted.distinct_subnets and not _subnets(router).isdisjoint(_subnets(other)))
            for other in beside
        )


def _subnets(router: Router) -> set[str]:
    addresses = [router.address, *(address for address, _ in router.ip_v6)]
    return {subnet(address) for address in addresses if address is not None}
