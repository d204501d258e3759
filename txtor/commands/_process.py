# -*- test-case-name: txtor.test.commands.test_process -*-
"""
The connection and the process behind it: events, features, signals, ownership, and what Tor shall forget.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from txtor.grammar import bare

from ._command import Acknowledged, Plain, line, replace, several


@dataclass(frozen=True)
class SetEvents(Acknowledged):
    """
    Say which events Tor shall send, in place of those that it sends now.

    One name that Tor does not know fails the whole command (552), and nothing changes.

    :ivar events: keywords, as ``("CIRC", "STREAM")``; none for no events.

    See control-spec 3.4, SETEVENTS.
    """

    events: Iterable[str] = ()
    keyword: ClassVar[str] = "SETEVENTS"

    def __post_init__(self) -> None:
        replace(self, events=several(self.events, "The name of an event"))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, *self.events)


@dataclass(frozen=True)
class Signal(Acknowledged):
    """
    Send Tor a signal; Tor answers before it acts.

    Mind that INT and TERM, as HALT, end Tor at once, and that a relay takes 30 s for SHUTDOWN. NEWNYM is delayed where
    less than 10 s have passed since the last one.

    :ivar name: RELOAD, SHUTDOWN, DUMP, DEBUG, HALT, NEWNYM, CLEARDNSCACHE, HEARTBEAT, ACTIVE, DORMANT, or HUP, INT, USR1, USR2,
        TERM, in any case. Of another one Tor says 552.

    See control-spec 3.7, SIGNAL.
    """

    name: str
    keyword: ClassVar[str] = "SIGNAL"

    def __post_init__(self) -> None:
        bare(self.name, "The name of a signal")

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, self.name)


@dataclass(frozen=True)
class UseFeature(Acknowledged):
    """
    Enable features. Today's Tor knows VERBOSE_NAMES and EXTENDED_EVENTS, which are always enabled.

    :ivar features: names; of an unknown one Tor says 552.

    See control-spec 3.19, USEFEATURE.
    """

    features: Iterable[str] = ()
    keyword: ClassVar[str] = "USEFEATURE"

    def __post_init__(self) -> None:
        replace(self, features=several(self.features, "The name of a feature"))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, *self.features)


class Quit(Plain):
    """
    Have Tor close this connection. It works before authentication too. See control-spec 3.18, QUIT.
    """

    __slots__ = ()
    keyword = "QUIT"


class TakeOwnership(Plain):
    """
    Have Tor exit, at once, when this connection ends. See control-spec 3.23, TAKEOWNERSHIP.
    """

    __slots__ = ()
    keyword = "TAKEOWNERSHIP"


class DropOwnership(Plain):
    """
    Undo `TakeOwnership`. Tor's watch over ``__OwningControllerProcess`` goes on. See control-spec 3.33, DROPOWNERSHIP.
    """

    __slots__ = ()
    keyword = "DROPOWNERSHIP"


class DropGuards(Plain):
    """
    Have Tor forget its guards and choose new ones, which harms anonymity. See control-spec 3.25, DROPGUARDS.
    """

    __slots__ = ()
    keyword = "DROPGUARDS"


class DropTimeouts(Plain):
    """
    Have Tor forget how long its circuits took to build. See control-spec 3.34, DROPTIMEOUTS.
    """

    __slots__ = ()
    keyword = "DROPTIMEOUTS"
