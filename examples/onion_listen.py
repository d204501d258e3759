"""
Let a program that takes the string of a Twisted server endpoint listen behind an onion service: onion:PORT.

    python onion_listen.py 'onion:80:tor=system:privateKeyFile=shop.key' [SECONDS]
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater, react


class Echo(Protocol):
    """
    Says everything back.
    """

    def dataReceived(self, data: bytes) -> None:
        """
        Some bytes.
        """
        assert self.transport is not None
        self.transport.write(data)


# begin main
async def main(reactor: Any, endpoint: str, seconds: str | float = "600") -> None:
    """
    Listen to whatever the string says. Nothing here knows of Tor.
    """
    port = await serverFromString(reactor, endpoint).listen(Factory.forProtocol(Echo))
    try:
        print("Listening at", port.getHost())
        await deferLater(reactor, float(seconds))
    finally:
        await port.stopListening()  # which removes the service, too
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
