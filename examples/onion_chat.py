"""
A room to talk in, as an onion service: nobody in it knows where the others are, nor does the room.

    python onion_chat.py ENDPOINT [SECONDS]

Visitors come with anything that sends lines through Tor, as: socat - SOCKS4A:127.0.0.1:ADDRESS:6667,socksport=9050
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater, react
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from txtor import connect
from txtor.control import ControlEndpoint


class Visitor(LineOnlyReceiver):
    """
    Somebody in the room. The first line is a name, all others are said to everybody.
    """

    delimiter = b"\n"
    factory: Room

    def __init__(self) -> None:
        self.name = b""

    def connectionMade(self) -> None:
        """
        Somebody is at the door.
        """
        self.sendLine(b"Who are you?")

    def lineReceived(self, line: bytes) -> None:
        """
        A name, or something that is said.
        """
        line = line.strip()
        if self.name:
            self.factory.tell(b"%s: %s" % (self.name, line))
        elif line:
            self.name = line[:20]
            self.factory.visitors.add(self)
            self.factory.tell(b"%s came" % self.name)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        Somebody left.
        """
        if self in self.factory.visitors:
            self.factory.visitors.remove(self)
            self.factory.tell(b"%s left" % self.name)


class Room(Factory):
    """
    The room.
    """

    protocol = Visitor  # type: ignore[assignment]  # Twisted's is not for protocols that name their factory

    def __init__(self) -> None:
        self.visitors: set[Visitor] = set()

    def tell(self, line: bytes) -> None:
        """
        Say something to everybody.
        """
        for visitor in self.visitors:
            visitor.sendLine(line)


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint, seconds: str | float = "600") -> None:
    """
    Open the room, and close it some time later.
    """
    async with await connect(reactor, control_endpoint) as tor:
        room = await tor.create_onion_service([(6667, Room())], wait="replicas")
        print(f"{room.hostname}:6667")
        try:
            await deferLater(reactor, float(seconds))
        finally:
            await room.remove()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
