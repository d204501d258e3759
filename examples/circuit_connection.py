"""
Speak any protocol over one circuit: here, send a line and print what comes back.

    python circuit_connection.py ENDPOINT HOST PORT TEXT [FINGERPRINT ...]
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import react
from twisted.protocols.basic import LineOnlyReceiver

from txtor import connect
from txtor.control import ControlEndpoint


class Line(LineOnlyReceiver):
    """
    Fires with the first line that comes.
    """

    def __init__(self) -> None:
        self.first: Deferred[bytes] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        """
        One line.
        """
        if not self.first.called:
            self.first.callback(line)


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint, host: str, port: str | int, text: str, *relays: str) -> None:
    """
    Connect over a circuit of one's own.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        circuit = await state.build_circuit(relays or None, purpose="controller")
        # The endpoint waits until the circuit is built. It may be connected again, and at the same time.
        endpoint = circuit.stream_via(host, int(port))
        protocol = await endpoint.connect(Factory.forProtocol(Line))
        assert isinstance(protocol, Line) and protocol.transport is not None
        protocol.transport.write(text.encode() + b"\r\n")
        print("The answer is", await protocol.first)
        for stream in circuit.streams:
            print(f"stream {stream.id} to {stream.target} was on circuit {circuit.id}")
        await circuit.close()
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
