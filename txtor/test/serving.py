"""
Listening on loopback for as long as a test runs, and no longer; and hearing what is served.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.protocols.policies import WrappingFactory

from txtor._deferred import deferred


def serve(case: Any, factory: Any) -> int:
    """
    Listen until the test is over. Then hang up, and wait until nobody is connected: an exit may keep its connection for a while
    after the application has closed its own.

    :param case: the test case, which has the ``reactor``.
    :param factory: makes what answers.
    :return: the port of 127.0.0.1.
    """
    wrapped = WrappingFactory(factory)
    listening = case.reactor.listenTCP(0, wrapped, interface="127.0.0.1")

    @deferred
    async def stop() -> None:
        await listening.stopListening()
        for each in list(wrapped.protocols):
            each.transport.abortConnection()
        while wrapped.protocols:
            await deferLater(case.reactor, 0.01)

    case.addCleanup(stop)
    port: int = listening.getHost().port
    return port


class Reader(Protocol):
    """
    What a client hears until the other side hangs up.
    """

    def __init__(self) -> None:
        self.heard = b""
        self.done: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Any = None) -> None:
        self.done.callback(self.heard)
