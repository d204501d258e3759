# -*- test-case-name: txtor.test.fleet.test_fleet -*-
"""
One Tor of a fleet, and which of them has a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

from txtor.errors import Disconnected, InvalidArgument
from txtor.service import Health, TorService

#: How one of many is chosen.
Choice: TypeAlias = Literal["round-robin", "least-loaded"]


class Member:
    """
    One Tor of a fleet.

    :ivar name: its name in the fleet.
    :ivar service: what keeps it.
    :ivar load: how much goes through it that was given to it by the fleet: connections, and calls under way.
    :ivar turn: when it last had one.
    """

    def __init__(self, name: str, service: TorService) -> None:
        self.name = name
        self.service = service
        self.load = 0
        self.turn = 0
        self.wrapped: list[tuple[str, Callable[..., object], Callable[[Any], object]]] = []
        self.status_listener: Callable[[Health], object] | None = None

    def __repr__(self) -> str:
        return f"<Member {self.name}>"

    def begin(self, turn: int) -> Callable[[], None]:
        """
        Count something that goes through it.

        :return: what is to be called, once or more often, when it is over.
        """
        self.turn = turn
        self.load += 1
        over: list[bool] = []

        def end() -> None:
            if not over:
                over.append(True)
                self.load -= 1

        return end


def choose(members: Iterable[Member], how: Choice) -> Member:
    """
    The member whose turn it is, of those that are ready.

    :param how: ``"round-robin"``: the one that has waited longest; ``"least-loaded"``: one with the least load, of several the
        one that has waited longest.
    :raises Disconnected: none is ready.
    :raises InvalidArgument: there is no such way to choose.
    """
    if how not in ("round-robin", "least-loaded"):
        raise InvalidArgument(f"One is chosen by 'round-robin' or 'least-loaded', not by {how!r}.")
    ready = [member for member in members if member.service.tor is not None]
    if not ready:
        raise Disconnected("No Tor of the fleet is ready.")
    if how == "round-robin":
        return min(ready, key=lambda member: member.turn)
    return min(ready, key=lambda member: (member.load, member.turn))
