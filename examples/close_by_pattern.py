"""
Close the streams whose target matches a pattern, and the circuits that go through a relay whose name does.

    python close_by_pattern.py ENDPOINT '*.example.com:*' ['relay*']
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase

from twisted.internet.defer import gatherResults
from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor


# begin main
async def main(
    reactor: IConnectReactor, control_endpoint: ControlEndpoint, target: str = "*", relay: str | None = None
) -> None:
    """
    Close what matches.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()

        streams = [stream for stream in state.streams.values() if fnmatchcase(stream.target, target)]
        # Each Deferred fires when Tor has told that its stream is closed. One that is gone already is no error.
        for closed in await gatherResults([stream.close() for stream in streams], consumeErrors=True):
            print("closed stream", closed.id, "to", closed.target)

        if relay is not None:
            circuits = [
                circuit
                for circuit in state.circuits.values()
                if any(fnmatchcase(name.nickname or "", relay) for name in circuit.route)
            ]
            for ended in await gatherResults([circuit.close() for circuit in circuits], consumeErrors=True):
                print("closed circuit", ended.id, "because", ended.reason)
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
