"""
A Tor in memory that makes onion services, and tells of uploads as the test says.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from twisted.internet.testing import MemoryReactorClock

from txtor import Tor
from txtor.directory import encoding
from txtor.grammar import ReplyLine
from txtor.onion import OnionAddress, OnionKey, OnionTiming, blinded_public_key
from txtor.testing import FakeConnection, FakeTor
from txtor.testing._fake_line import FakeCommand

#: The consensus of the Tor in memory is valid after this.
VALID_AFTER = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)

KEY = OnionKey.from_seed(bytes(range(32)))

#: Directories, by number.
DIRECTORIES = [f"{digit:X}" * 40 for digit in range(10)]


def memory_reactor() -> Any:
    """
    A reactor in memory, which is all that is needed where nothing connects.
    """
    return MemoryReactorClock()


def descriptor_id(address: str, later: int = 0) -> str:
    """
    The name of a service's descriptor in the period of the consensus, or a later one.
    """
    period = OnionTiming().period(VALID_AFTER)
    for _ in range(later):
        period = period.next
    return encoding.unpadded(blinded_public_key(OnionAddress.parse(address), period))


class OnionTor(FakeTor):
    """
    A `FakeTor` with a consensus, and ways to say what happens to uploads.

    :ivar clock: the reactor of what is connected to it.
    :ivar controller: a connected `Tor`.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.info["consensus/valid-after"] = "2026-11-24 12:00:00"
        self.info["consensus/fresh-until"] = "2026-11-24 13:00:00"
        self.held: list[tuple[FakeConnection, FakeCommand]] | None = None
        self.clock = memory_reactor()
        self.controller = Tor(self.clock, self.connect(self.clock))

    def hold(self) -> None:
        """
        Answer nothing for now.
        """
        self.held = []

    def release(self) -> None:
        """
        Answer, in order, what was asked meanwhile.
        """
        held, self.held = self.held or [], None
        for connection, command in held:
            connection.say(self.answer_to(connection, command) or [])

    def answer_to(self, connection: FakeConnection, command: FakeCommand) -> list[ReplyLine] | None:
        """
        The answer to one command, or none yet.
        """
        if self.held is not None:
            self.held.append((connection, command))
            return None
        return super().answer_to(connection, command)

    @property
    def onions(self) -> list[str]:
        """
        The services that there are.
        """
        return [*self.detached_onions, *(address for each in self.connections for address in each.onions)]

    @property
    def listening_for(self) -> set[str]:
        """
        The events that the controllers want.
        """
        return {event for each in self.connections for event in each.events}

    def upload(self, address: str, *numbers: int, later: int = 0) -> None:
        """
        Uploads begin, of the descriptor that clients ask for or that of a later period.
        """
        for number in numbers:
            name, index = descriptor_id(address, later), f"{number:X}" * 64
            self.emit(f"HS_DESC UPLOAD {address} UNKNOWN ${DIRECTORIES[number]}~relay{number} {name} HSDIR_INDEX={index}")

    def stored(self, address: str, *numbers: int) -> None:
        """
        Directories have taken a descriptor.
        """
        for number in numbers:
            self.emit(f"HS_DESC UPLOADED {address} UNKNOWN ${DIRECTORIES[number]}~relay{number}")

    def refused(self, address: str, *numbers: int, later: int = 0) -> None:
        """
        Directories have not.
        """
        for number in numbers:
            name = descriptor_id(address, later)
            self.emit(f"HS_DESC FAILED {address} NO_AUTH ${DIRECTORIES[number]}~relay{number} {name} REASON=UPLOAD_REJECTED")
