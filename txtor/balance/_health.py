# -*- test-case-name: txtor.test.balance.test_machine -*-
"""
How a front end does, as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from txtor.onion import DescriptorSlot, OnionAddress


class BalancerStatus(Enum):
    """
    What a front end does.
    """

    STOPPED = "stopped"
    LOOKING = "looking"
    """It looks at the back ends, and at the network."""
    POSTING = "posting"
    """It posts a descriptor."""
    WAITING = "waiting"
    """It waits for the next round."""


@dataclass(frozen=True)
class BackEndHealth:
    """
    How a back end was found when it was last looked at.

    :ivar introduction_points: how many it offers; none of one that is left out.
    :ivar error: what went wrong, or ``None``. One whose descriptor could not be fetched, but was seen not long ago, has an error
        and its introduction points of then.
    """

    introduction_points: int = 0
    error: Exception | None = None

    @property
    def is_used(self) -> bool:
        """
        Whether it is in the descriptors that are made now.
        """
        return self.introduction_points > 0


@dataclass(frozen=True)
class PostedDescriptor:
    """
    How far one of the two descriptors of a front end is published.

    :ivar slot: which one it is.
    :ivar wanted: the fingerprints of the directories that should have it.
    :ivar holding: those of them that have it, perhaps as it was before.
    :ivar lacking: those that have not taken the newest.
    :ivar refusing: by fingerprint, why one did not take it.
    :ivar introduction_points: how many are in it.
    :ivar made: when the newest was made, in seconds of the reactor's clock.
    :ivar error: why it could not be made or sent, or ``None``.
    """

    slot: DescriptorSlot
    wanted: frozenset[str] = frozenset()
    holding: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()
    refusing: Mapping[str, str] = field(default_factory=dict)
    introduction_points: int = 0
    made: float = 0.0
    error: Exception | None = None


@dataclass(frozen=True)
class BalancerHealth:
    """
    How a front end does.

    :ivar status: what it does now.
    :ivar rounds: how often it has looked, and posted what was due.
    :ivar back_ends: each, as it was last found. One that was not looked at yet is not there.
    :ivar for_clients: the descriptor that clients ask for now; ``None`` while there is none.
    :ivar other: the other one, which is of another time period.
    :ivar error: why the last round came to nothing: there was no Tor, or no back end. The descriptors stay as they were.
    """

    status: BalancerStatus = BalancerStatus.STOPPED
    rounds: int = 0
    back_ends: Mapping[OnionAddress, BackEndHealth] = field(default_factory=dict)
    for_clients: PostedDescriptor | None = None
    other: PostedDescriptor | None = None
    error: Exception | None = None

    @property
    def is_published(self) -> bool:
        """
        Whether a directory has the descriptor that clients ask for.
        """
        return self.for_clients is not None and bool(self.for_clients.holding)
