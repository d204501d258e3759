"""
Fetch a page through Tor with the agent of twisted.web alone. No control port is needed.

    python plain_agent.py SOCKS_ENDPOINT URL

SOCKS_ENDPOINT is where Tor takes SOCKS, as tcp:127.0.0.1:9050.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.web.client import HTTPConnectionPool, ResponseDone

from txtor.socks import Isolation
from txtor.web import tor_agent


class Count(Protocol):
    """
    Counts the bytes of a body.
    """

    def __init__(self) -> None:
        self.size = 0
        self.finished: Deferred[int] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        A piece.
        """
        self.size += len(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The end, or less.
        """
        if reason.check(ResponseDone):
            self.finished.callback(self.size)
        else:
            self.finished.errback(reason)


# begin main
async def main(reactor: Any, socks_endpoint: str, url: str) -> None:
    """
    Fetch the page twice, over one connection that a pool keeps. What goes to another host has circuits of its own.
    """
    pool = HTTPConnectionPool(reactor)
    agent = tor_agent(reactor, socks_endpoint, pool=pool, isolation=Isolation.PER_DESTINATION)
    for _ in range(2):
        response = await agent.request(b"GET", url.encode("ascii"))
        body = Count()
        response.deliverBody(body)
        print(response.code, await body.finished, "bytes")
    await pool.closeCachedConnections()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
