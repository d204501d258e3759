"""
Build a circuit of one's own, through relays that Tor chooses or that are given, and close it again.

    python build_circuit.py ENDPOINT [FINGERPRINT ...]
"""

from __future__ import annotations

import sys

from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import TorError


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint, *relays: str) -> None:
    """
    Build and close one circuit.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        try:
            circuit = await state.build_circuit(relays or None, purpose="controller")
            await circuit.when_built()
        except TorError as error:
            print("Not built:", error)
        else:
            print("Built through", ", ".join(router.name for router in circuit.path))
            await circuit.close()
            print("It is", circuit.status, "because", circuit.reason)
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
