"""
Directory servers in memory, and a clock that works off what waits for its turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from twisted.internet import error
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from txtor.testing._memory import MemoryTransport, Pump

T = TypeVar("T")


class ClockCase(SynchronousTestCase):
    """
    Tests with a clock, on which nothing is left at the end.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def work(self) -> None:
        """
        Give turns until nothing waits for one.
        """
        for _ in range(10_000):
            if not any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
                return
            self.clock.advance(0)
        self.fail("the work does not end")

    def result(self, waiting: Deferred[T]) -> T:
        """
        What a Deferred fires with once the work is done.
        """
        self.work()
        found: T = self.successResultOf(waiting)
        return found

    def error(self, waiting: Deferred[Any], kind: type[Exception]) -> Any:
        """
        What it fails with.
        """
        self.work()
        return self.failureResultOf(waiting, kind).value


class _Served(Protocol):
    """
    The server's side of a connection.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.received = b""

    def dataReceived(self, data: bytes) -> None:
        """
        Answer once the request is there.
        """
        self.received += data
        if not self.received.endswith(b"\r\n\r\n"):
            return
        self.server.requests.append(self.received)
        transport: Any = self.transport  # a MemoryTransport
        for piece in self.server.reply(self.received):
            transport.write(piece)
        if self.server.aborts:
            transport._peer._lose(error.ConnectionLost())  # what is still on its way to it is lost as well
        elif self.server.closes:
            transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """
        The client is gone, or we closed.
        """
        self.server.ended += 1


@implementer(IStreamClientEndpoint)
class Server:
    """
    A directory server.

    :ivar pieces: what it answers.
    :ivar closes: whether it closes the connection behind its answer.
    :ivar aborts: whether it breaks the connection off instead.
    :ivar refuses: whether nothing listens there.
    :ivar never_connects: whether there is no answer at all, not even that nothing listens.
    :ivar requests: what it was asked.
    :ivar ended: how many connections have ended.
    """

    def __init__(
        self,
        *pieces: bytes,
        closes: bool = True,
        aborts: bool = False,
        refuses: bool = False,
        never_connects: bool = False,
    ) -> None:
        self.pieces: Iterable[bytes] = pieces
        self.closes = closes
        self.aborts = aborts
        self.refuses = refuses
        self.never_connects = never_connects
        self.requests: list[bytes] = []
        self.ended = 0
        self.cancelled = 0

    def reply(self, request: bytes) -> Iterable[bytes]:
        """
        What is answered to a request.
        """
        return self.pieces

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        """
        Connect in memory.
        """
        if self.refuses:
            return fail(error.ConnectionRefusedError())
        if self.never_connects:
            return Deferred(self._cancel)
        pump = Pump()
        protocol: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]  # nobody looks at the address
        client = MemoryTransport(pump, protocol)
        connected: Deferred[IProtocol] = Deferred()
        pump(lambda: client.connect(MemoryTransport(pump, _Served(self))))
        connected.callback(protocol)
        return connected

    def _cancel(self, connected: Deferred[IProtocol]) -> None:
        self.cancelled += 1
        connected.errback(error.ConnectingCancelledError(None))  # as Twisted's endpoints do


def answer(body: bytes, *headers: str, status: str = "200 OK", length: bool = False) -> bytes:
    """
    An answer as tor gives it.
    """
    lines = [f"HTTP/1.0 {status}", "Content-Type: text/plain", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
