"""
Let a program that takes the string of a Twisted endpoint go through Tor, without changing it: tor:HOST:PORT.

    python endpoint_string.py 'tor:example.com:80:isolation=destination' TEXT
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from twisted.python.failure import Failure


class Everything(Protocol):
    """
    Fires with all that came, when the connection ends.
    """

    def __init__(self) -> None:
        self.received = b""
        self.finished: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        Some bytes.
        """
        self.received += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        The end.
        """
        self.finished.callback(self.received)


# begin main
async def main(reactor: Any, endpoint: str, text: str) -> None:
    """
    Connect to whatever the string says. Nothing here knows of Tor.
    """
    protocol = await clientFromString(reactor, endpoint).connect(Factory.forProtocol(Everything))
    assert isinstance(protocol, Everything) and protocol.transport is not None
    protocol.transport.write(text.encode())
    print(await protocol.finished)
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
