# -*- test-case-name: txtor.test.fetch.test_client -*-
"""
One request and its answer on a connection of its own.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectingCancelledError, ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from txtor.errors import TorError

from ._response import ResponseReader


class _Exchange(Protocol):
    """
    Sends the request, and closes the connection once the answer is there or cannot be.

    :ivar done: fires when the answer is complete. Cancelling it closes the connection.
    """

    def __init__(self, request: bytes, reader: ResponseReader) -> None:
        self._request = request
        self._reader = reader
        self._is_over = False
        self.done: Deferred[None] = Deferred(self._cancelled)

    def connectionMade(self) -> None:
        """
        Ask.
        """
        assert self.transport is not None
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """
        A part of the answer; what comes behind its end is not looked at.
        """
        if self._is_over:
            return
        try:
            self._reader.feed(data)
        except TorError as error:
            self._end(Failure(error))
            return
        if self._reader.is_complete:
            self._end(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The end of an answer that has no length, or of one that is cut short.
        """
        if self._is_over:
            return
        if not reason.check(ConnectionDone):
            self._end(reason)
            return
        try:
            self._reader.finish()
        except TorError as error:
            self._end(Failure(error))
        else:
            self._end(None)

    def _cancelled(self, done: Deferred[None]) -> None:
        self._is_over = True
        self._close()

    def _end(self, result: Failure | None) -> None:
        self._is_over = True
        self._close()
        if result is None:
            self.done.callback(None)
        else:
            self.done.errback(result)

    def _close(self) -> None:
        transport = self.transport
        assert transport is not None
        # Nothing that may still come is wanted; not every transport can say so.
        getattr(transport, "abortConnection", transport.loseConnection)()


async def exchange(endpoint: IStreamClientEndpoint, request: bytes, reader: ResponseReader) -> None:
    """
    Send a request to where an endpoint leads, and read the answer until it is complete.

    :raises ProtocolViolation: what came is no answer, or is cut short.
    :raises MalformedDocument: it is too long.
    """
    try:
        protocol = await connectProtocol(endpoint, _Exchange(request, reader))
    except ConnectingCancelledError as error:  # so endpoints of Twisted say that they were cancelled
        raise CancelledError from error
    await protocol.done
