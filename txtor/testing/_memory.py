# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
Two protocols connected in memory, without a reactor: what one writes, the other has received when the outermost write returns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer


class Pump:
    """
    Does things one after the other, in the order in which they were asked for, never one within another.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._running = False

    def __call__(self, act: Callable[[], object]) -> None:
        self._waiting.append(act)
        if self._running:
            return
        self._running = True
        try:
            while self._waiting:
                self._waiting.popleft()()
        finally:
            self._running = False


@implementer(ITCPTransport)
class MemoryTransport:
    """
    One end of a connection in memory.

    :ivar disconnecting: whether this end was closed.
    """

    disconnecting = False

    def __init__(self, pump: Pump, protocol: Protocol) -> None:
        self._pump = pump
        self._protocol = protocol
        self._peer: MemoryTransport | None = None
        self._lost = False
        self._producer: IPushProducer | None = None

    def connect(self, peer: MemoryTransport) -> None:
        """
        Join two ends and tell their protocols.
        """
        self._peer, peer._peer = peer, self
        for end in (self, peer):
            end._protocol.makeConnection(end)

    def write(self, data: bytes) -> None:
        """
        Send bytes; after the end they go nowhere, as with a socket.
        """
        peer = self._peer
        if peer is not None and data and not self.disconnecting and not self._lost:
            self._pump(lambda: peer._deliver(data))

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        Send some pieces.
        """
        self.write(b"".join(data))

    def _deliver(self, data: bytes) -> None:
        if not self._lost:
            self._protocol.dataReceived(data)

    def loseConnection(self) -> None:
        """
        Close the connection behind what was written.
        """
        self._close(ConnectionDone())

    def abortConnection(self) -> None:
        """
        Close the connection at once.
        """
        self._close(ConnectionAborted())

    def _close(self, reason: Exception) -> None:
        if self.disconnecting or self._lost:
            return
        self.disconnecting = True
        for end, why in ((self._peer, ConnectionDone()), (self, reason)):
            if end is not None:
                self._pump(lambda end=end, why=why: end._lose(why))  # type: ignore[misc]  # mypy cannot type defaults of lambdas

    def _lose(self, reason: Exception) -> None:
        if not self._lost:
            self._lost = True
            self._protocol.connectionLost(Failure(reason))

    def loseWriteConnection(self) -> None:
        """
        Nothing: a control connection is not half closed.
        """

    def getHost(self) -> IPv4Address:
        """
        An address of loopback, since there is none.
        """
        return IPv4Address("TCP", "127.0.0.1", 9051)

    def getPeer(self) -> IPv4Address:
        """
        The same.
        """
        return self.getHost()

    def getTcpNoDelay(self) -> bool:
        """
        There is no delay in memory.
        """
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        There is no delay in memory.
        """

    def getTcpKeepAlive(self) -> bool:
        """
        There is nothing to keep alive.
        """
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        There is nothing to keep alive.
        """

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """
        Never asked to pause: memory is not slow.
        """
        self._producer = producer

    def unregisterProducer(self) -> None:
        """
        Forget the producer.
        """
        self._producer = None
