"""
Several Tors as one: ask all of them, and share out connections among them.

    python fleet.py HOST:PORT ENDPOINT [ENDPOINT ...]
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from twisted.python.failure import Failure

from txtor import Fleet, TorService
from txtor.commands import GetInfo


class Answer(Protocol):
    """
    Asks for a page in the simplest way, and fires with the first line of the answer when the connection ends.
    """

    def __init__(self) -> None:
        self.received = b""
        self.first_line: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        """
        Ask.
        """
        assert self.transport is not None
        self.transport.write(b"GET / HTTP/1.0\r\n\r\n")

    def dataReceived(self, data: bytes) -> None:
        """
        Some bytes.
        """
        self.received += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        The end.
        """
        self.first_line.callback(self.received.partition(b"\r\n")[0])


# begin main
async def main(reactor: Any, address: str, *control_endpoints: str) -> None:
    """
    Ask each Tor for its version, and connect to an address through each in turn.

    :param address: host and port, as ``"example.com:80"``.
    """
    fleet = Fleet()
    for number, endpoint in enumerate(control_endpoints):
        fleet.add(f"tor{number}", TorService(reactor, endpoint))
    fleet.startService()
    await fleet.when_ready(failures=1)

    asked = await fleet.send(GetInfo(("version",)))
    for name, values in sorted(asked.values.items()):
        print(name, "is Tor", values["version"])
    for name, error in asked.errors.items():  # those that do not answer do not harm the others
        print(name, "did not answer:", error)

    host, _, port = address.rpartition(":")
    through = fleet.stream_via(host, int(port), how="round-robin")
    for _ in control_endpoints:
        protocol = await through.connect(Factory.forProtocol(Answer))
        assert isinstance(protocol, Answer)
        print(await protocol.first_line)
    await fleet.stopService()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
