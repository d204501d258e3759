"""
Decide which circuit each connection goes over: here, all connections to one port go over a circuit of their own.

    python attach_streams.py ENDPOINT PORT SECONDS [FINGERPRINT ...]
"""

from __future__ import annotations

import sys

from twisted.internet.task import deferLater, react
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.state import Circuit, IStreamAttacher, Stream


# begin attacher
@implementer(IStreamAttacher)
class ByPort:
    """
    Puts the streams to one port on one circuit, and leaves all others to Tor.
    """

    def __init__(self, port: int, circuit: Circuit) -> None:
        self.port = port
        self.circuit = circuit

    def attach_stream(self, stream: Stream, circuits: dict[str, Circuit]) -> Circuit | None:
        """
        ``None`` means: I do not mind. It could be a Deferred or a coroutine as well.
        """
        if stream.target_port != self.port:
            return None
        print(f"stream {stream.id} to {stream.target} goes over circuit {self.circuit.id}")
        return self.circuit

    def attach_stream_failure(self, stream: Stream, failure: Failure) -> None:
        """
        The circuit has gone, perhaps. Tor chooses another for this stream.
        """
        print(f"stream {stream.id} was not attached: {failure.getErrorMessage()}")
# end attacher


# begin main
async def main(
    reactor: IConnectReactor, control_endpoint: ControlEndpoint, port: str | int, seconds: str | float, *relays: str
) -> None:
    """
    Attach for a while, and leave Tor as it was.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        circuit = await state.build_circuit(relays or None, purpose="controller")
        await circuit.when_built()
        await state.set_attacher(ByPort(int(port), circuit))
        print("ready")
        await deferLater(reactor, float(seconds))
        await state.undo_attacher()
        await circuit.close()
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
