# -*- test-case-name: txtor.test.directory.test_bandwidth_weights -*-
"""
Bandwidth weights: how much of a router's bandwidth counts for each position of a circuit, computed as authorities do.

Routers are guards, exits, both or neither; what is scarce is spared for the position that only it can fill. All divisions are of
whole numbers and round towards zero. See dir-spec 3.8.3, Computing Bandwidth Weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from txtor.errors import InvalidArgument

from ._router_status import RouterStatus


class BandwidthTotals(NamedTuple):
    """
    How much bandwidth there is of each class of routers.

    :ivar guard: of guards that are no exits.
    :ivar exit: of exits that are no guards.
    :ivar both: of those that are both.
    :ivar neither: of those that are neither.
    """

    guard: int
    exit: int
    both: int
    neither: int

    @classmethod
    def of(cls, routers: Iterable[RouterStatus]) -> BandwidthTotals:
        """
        Add up the routers of a consensus. Each class begins at 1, so that none is empty.
        """
        totals = {(True, False): 1, (False, True): 1, (True, True): 1, (False, False): 1}
        for router in routers:
            flags = router.flags
            totals["Guard" in flags, "Exit" in flags and "BadExit" not in flags] += router.bandwidth or 0
        return cls(totals[True, False], totals[False, True], totals[True, True], totals[False, False])


def compute_bandwidth_weights(totals: BandwidthTotals, scale: int = 10000) -> dict[str, int]:
    """
    The weights that follow from the bandwidth that there is.

    :param totals: by class, each at least 1.
    :param scale: what the weights are fractions of, see `Parameters.bandwidth_weight_scale`.
    :return: by name, in the order in which tor writes them.
    :raises InvalidArgument: a class is empty, or the scale is not positive.

    See dir-spec 3.8.3, Computing Bandwidth Weights.
    """
    if min(totals) < 1 or scale < 1:
        raise InvalidArgument("Every class has a bandwidth of at least 1, and so has the scale.")
    total = sum(totals)
    if 3 * totals.exit >= total and 3 * totals.guard >= total:
        found = _neither_scarce(totals, scale)
    elif 3 * totals.exit < total and 3 * totals.guard < total:
        found = _both_scarce(totals, scale)
    elif totals.exit < totals.guard:
        found = _exits_scarce(totals, scale)
    else:
        found = _guards_scarce(totals, scale)
    found |= {
        "Wgm": found["Wgg"], "Wem": found["Wee"], "Weg": found["Wed"], "Wmm": scale, "Wbm": scale, "Wbd": found["Wmd"],
        "Wbg": found["Wmg"], "Wbe": found["Wme"], "Wgb": scale, "Wmb": scale, "Web": scale, "Wdb": scale,
    }  # fmt: skip
    return dict(sorted(found.items()))


def _divide(dividend: int, divisor: int) -> int:
    """
    Divide as C does: towards zero.
    """
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _neither_scarce(totals: BandwidthTotals, scale: int) -> dict[str, int]:
    """
    Case 1: guards and exits have a third each, or more.
    """
    g, e, _, m = totals
    third = scale // 3
    wee = _divide(scale * (e + g + m), 3 * e)
    wmg = _divide(scale * (2 * g - e - m), 3 * g)
    return {"Wgd": third, "Wed": third, "Wmd": third, "Wee": wee, "Wme": scale - wee, "Wmg": wmg, "Wgg": scale - wmg}


def _both_scarce(totals: BandwidthTotals, scale: int) -> dict[str, int]:
    """
    Case 2: both have less than a third.
    """
    g, e, d, m = totals
    if min(e, g) + d < max(e, g):
        to_exit = scale if e < g else 0
        return {"Wgg": scale, "Wee": scale, "Wmg": 0, "Wme": 0, "Wmd": 0, "Wed": to_exit, "Wgd": scale - to_exit}
    wee = _divide(scale * (e - g + m), e)
    wed = _divide(scale * (d - 2 * e + 4 * g - 2 * m), 3 * d)
    wme = _divide(scale * (g - m), e)
    wmd = _divide(scale - wed, 2)
    found = {"Wgg": scale, "Wee": wee, "Wmg": 0, "Wme": wme, "Wmd": wmd, "Wed": wed, "Wgd": wmd}
    if all(0 <= weight <= scale for weight in found.values()):
        return found
    wed = _divide(scale * (d - 2 * e + g + m), 3 * d)
    wmd = max(0, _divide(scale * (d - 2 * m + g + e), 3 * d))
    return {"Wgg": scale, "Wee": scale, "Wmg": 0, "Wme": 0, "Wmd": wmd, "Wed": wed, "Wgd": scale - wed - wmd}


def _guards_scarce(totals: BandwidthTotals, scale: int) -> dict[str, int]:
    """
    Case 3 where guards are scarce.
    """
    g, e, d, m = totals
    if 3 * (g + d) < sum(totals):
        wme = 0 if e < m else _divide(scale * (e - m), 2 * e)
        return {"Wgg": scale, "Wgd": scale, "Wmd": 0, "Wed": 0, "Wmg": 0, "Wme": wme, "Wee": scale - wme}
    wgd = _divide(scale * (d - 2 * g + e + m), 3 * d)
    wee = _divide(scale * (e + m), 2 * e)
    wmd = _divide(scale - wgd, 2)
    return {"Wgg": scale, "Wgd": wgd, "Wmg": 0, "Wee": wee, "Wme": scale - wee, "Wmd": wmd, "Wed": wmd}


def _exits_scarce(totals: BandwidthTotals, scale: int) -> dict[str, int]:
    """
    Case 3 where exits are scarce.
    """
    g, e, d, m = totals
    if 3 * (e + d) < sum(totals):
        wmg = 0 if g < m else _divide(scale * (g - m), 2 * g)
        return {"Wee": scale, "Wed": scale, "Wmd": 0, "Wgd": 0, "Wme": 0, "Wmg": wmg, "Wgg": scale - wmg}
    wed = _divide(scale * (d - 2 * e + g + m), 3 * d)
    wgg = _divide(scale * (g + m), 2 * g)
    wmd = _divide(scale - wed, 2)
    return {"Wee": scale, "Wed": wed, "Wme": 0, "Wgg": wgg, "Wmg": scale - wgg, "Wmd": wmd, "Wgd": wmd}


#: By position, the weights that count for guards, exits, both and neither.
_POSITIONS: Mapping[str, tuple[str, str, str, str]] = {
    "guard": ("Wgg", "", "Wgd", "Wgm"),
    "middle": ("Wmg", "Wme", "Wmd", "Wmm"),
    "exit": ("Weg", "Wee", "Wed", "Wem"),
    "directory": ("Wbg", "Wbe", "Wbd", "Wbm"),
}


def weight_for(router: RouterStatus, position: str, weights: Mapping[str, int], scale: int = 10000) -> float:
    """
    How much of a router's bandwidth counts for a position of a circuit, from 0 to 1.

    :param position: ``"guard"``, ``"middle"``, ``"exit"`` or ``"directory"``.
    :param weights: of the consensus; where one is missing or negative, all routers count in full, as in tor.
    :param scale: what the weights are fractions of.
    :return: an exit that is no guard counts nothing as a guard.
    :raises InvalidArgument: there is no such position, or the scale is not positive.

    See path-spec 2.2, Path selection and constraints.
    """
    if position not in _POSITIONS or scale < 1:
        raise InvalidArgument(f"No position {position!r} of {', '.join(_POSITIONS)}, or no scale {scale}.")
    names = _POSITIONS[position]
    if min([weights.get(name, -1) for name in names if name]) < 0:
        return 1.0
    flags = router.flags
    is_guard, is_exit = "Guard" in flags, "Exit" in flags and "BadExit" not in flags
    name = names[2 if is_guard and is_exit else 0 if is_guard else 1 if is_exit else 3]
    return weights[name] / scale if name else 0.0
