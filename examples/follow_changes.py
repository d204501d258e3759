"""
Follow what happens to a Tor, and one circuit from its beginning to its end, with ``async for``.

    python follow_changes.py [ENDPOINT [RELAY ...]]
"""

from __future__ import annotations

import sys
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from txtor import TorState, connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import Disconnected
from txtor.state import Circuit, StreamChanged


# begin circuit
async def follow_circuit(circuit: Circuit) -> None:
    """
    Print what happens to one circuit, until it is closed or the connection to Tor is lost.
    """
    try:
        async for change in circuit.changes():
            print(f"circuit {circuit.id}: {change.what}")
    except Disconnected as error:
        print(error)
    else:
        print("It ended because", circuit.reason)
# end circuit


# begin streams
async def follow_streams(state: TorState) -> None:
    """
    Print what happens to streams, until the state is closed or the connection to Tor is lost.
    """
    with suppress(Disconnected):
        async for change in state.changes(StreamChanged):
            print(f"stream to {change.stream.target}: {change.what}")
# end streams


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None, *relays: str) -> None:
    """
    Build a circuit and close it, and have both followed meanwhile.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        streams = Deferred.fromCoroutine(follow_streams(state))
        circuit = await state.build_circuit(relays or None, purpose="controller")
        following = Deferred.fromCoroutine(follow_circuit(circuit))
        await circuit.when_built()
        await circuit.close()
        await following
        await state.close()
        await streams
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
