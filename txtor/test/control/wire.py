"""
One end of a control connection, with the test as its peer.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from txtor.control import TorControlProtocol


class Transport(StringTransport):
    """
    A transport that remembers how it was closed.
    """

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()


class Wire:
    """
    A protocol that is connected to a test.
    """

    def __init__(self, connected: bool = True) -> None:
        self.clock = Clock()
        self.protocol = TorControlProtocol(self.clock)
        self.transport = Transport()
        if connected:
            self.protocol.makeConnection(self.transport)

    def sent(self) -> list[str]:
        """
        The lines that were written since the last call.
        """
        data = self.transport.value()
        self.transport.clear()
        lines: list[str] = data.decode("utf-8", "surrogateescape").split("\r\n")[:-1]
        return lines

    def say(self, *lines: str | bytes) -> None:
        """
        Deliver some lines, in one chunk.
        """
        self.deliver(b"".join(self._line(line) for line in lines))

    @staticmethod
    def _line(line: str | bytes) -> bytes:
        return (line if isinstance(line, bytes) else line.encode()) + b"\r\n"

    def deliver(self, data: bytes) -> None:
        """
        Deliver some bytes, in one chunk.
        """
        self.protocol.dataReceived(data)

    def deliver_in(self, chunks: Iterable[bytes]) -> None:
        """
        Deliver some bytes, chunk by chunk.
        """
        for chunk in chunks:
            self.protocol.dataReceived(chunk)

    def subscribe(self, *events: str) -> list[object]:
        """
        Listen to some events; what comes is put into the list.
        """
        seen: list[object] = []
        self.protocol.add_event_listeners(dict.fromkeys(events, seen.append))
        self.sent()
        self.say("250 OK")
        return seen

    def lose(self, clean: bool = False) -> None:
        """
        End the connection.
        """
        self.protocol.connectionLost(Failure(ConnectionDone() if clean else ConnectionLost()))
