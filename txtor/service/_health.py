# -*- test-case-name: txtor.test.service.test_service -*-
"""
How a service does, as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from txtor.errors import TorError
from txtor.process import BootstrapProgress


class Status(Enum):
    """
    What a service does.
    """

    STOPPED = "stopped"
    OPENING = "opening"
    PREPARING = "preparing"
    READY = "ready"
    WAITING = "waiting"
    CLOSING = "closing"


@dataclass(frozen=True)
class Health:
    """
    How a service does.

    :ivar status: what it does now.
    :ivar since: since when, in seconds of the reactor's clock.
    :ivar failures: how often it failed in a row.
    :ivar connections: how often it has been ready.
    :ivar error: the last failure, or ``None``.
    :ivar problems: what could not be restored on the Tor that is there now.
    :ivar progress: how far a Tor of our own has come, or ``None``.
    """

    status: Status = Status.STOPPED
    since: float = 0.0
    failures: int = 0
    connections: int = 0
    error: TorError | None = None
    problems: tuple[str, ...] = ()
    progress: BootstrapProgress | None = None

    @property
    def is_ready(self) -> bool:
        """
        Whether the Tor can be used.
        """
        return self.status is Status.READY
