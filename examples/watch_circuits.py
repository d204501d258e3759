"""
Follow the circuits and streams of a Tor.

    python watch_circuits.py [ENDPOINT [SECONDS]]
"""

from __future__ import annotations

import sys

from twisted.internet.task import deferLater, react
from zope.interface import implementer

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.state import Circuit, CircuitListenerMixin, ICircuitListener, Router, Stream


# begin listener
@implementer(ICircuitListener)
class Printer(CircuitListenerMixin):
    """
    Prints what happens to circuits. The mixin does nothing for what is not of interest here.
    """

    def circuit_extend(self, circuit: Circuit, router: Router) -> None:
        """
        One more hop.
        """
        print(f"circuit {circuit.id} reached {router.name}")

    def circuit_built(self, circuit: Circuit) -> None:
        """
        All hops.
        """
        print(f"circuit {circuit.id} is built:", ", ".join(router.name for router in circuit.path))

    def circuit_closed(self, circuit: Circuit, **kw: str) -> None:
        """
        The end.
        """
        print(f"circuit {circuit.id} closed:", circuit.reason)
# end listener


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None, seconds: str = "60") -> None:
    """
    Print what there is, and then what changes.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        print(len(state.routers), "relays,", len(state.circuits), "circuits,", len(state.streams), "streams")
        for circuit in state.circuits.values():
            print(circuit.id, circuit.status, circuit.purpose, [router.name for router in circuit.path])

        state.add_circuit_listener(Printer())

        def attached(stream: Stream, circuit: Circuit) -> None:
            print(f"stream {stream.id} to {stream.target} is on circuit {circuit.id}")

        state.on("stream_attach", attached)

        await deferLater(reactor, float(seconds))
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
