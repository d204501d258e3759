"""
Keep the consensus up to date from a directory server, by what changes from one to the next.

    python follow_consensus.py SERVER [ENDPOINT [TIMES [PAUSE]]]

SERVER is the address and port of a directory server, as 127.0.0.1:9030; the Tor at ENDPOINT tells which authorities to believe.
The program ends when the consensus has changed TIMES times; PAUSE is how many seconds lie between two questions.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import deferLater, react

from txtor import connect
from txtor.control import ControlEndpoint
from txtor.directory import compare_routers
from txtor.errors import DirectoryUnavailable, DocumentError
from txtor.fetch import DirectoryClient


# begin main
async def main(
    reactor: Any, server: str, control_endpoint: ControlEndpoint | None = None, times: str = "3", pause: str = "600"
) -> None:
    """
    Print how many relays join, leave and change.
    """
    async with await connect(reactor, control_endpoint) as tor:
        known = await tor.get_authorities()
    client = DirectoryClient(reactor, server)
    try:
        consensus = await client.get_consensus(authorities=known)
        print(len(consensus.routers), "relays at", consensus.valid_after)
        for _ in range(int(times)):
            before = consensus
            while consensus == before:
                await deferLater(reactor, float(pause))
                consensus = await client.get_consensus(base=before, authorities=known)
            changes = compare_routers(before.routers, consensus.routers)
            counts = len(changes.joined), len(changes.left), len(changes.changed)
            print("{} joined, {} left, {} changed at".format(*counts), consensus.valid_after)
    except (DirectoryUnavailable, DocumentError) as error:
        print("No consensus to be believed:", error)
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
