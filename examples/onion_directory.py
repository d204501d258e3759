"""
Serve a page as an onion service whose key Tor keeps in a directory, so that the address is the same the next time; with four
introduction points, limits, and proof of work when it is busy.

    python onion_directory.py ENDPOINT DIRECTORY [SECONDS [VANGUARD...]]

Tor and this program must see the directory alike; its parent must exist. VANGUARDs are the fingerprints of the relays that may
be second on the way to all services of this Tor; without any Tor chooses.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import deferLater, react
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from txtor import Tor, connect
from txtor.control import ControlEndpoint


# begin vanguards
async def choose_vanguards(tor: Tor, fingerprints: tuple[str, ...]) -> None:
    """
    For all services of a Tor together.
    """
    await tor.protocol.set_conf("HSLayer2Nodes", ",".join(fingerprints))
# end vanguards


# begin main
async def main(
    reactor: Any, control_endpoint: ControlEndpoint, directory: str, seconds: str | float = "600", *vanguards: str
) -> None:
    """
    Publish, and wait.
    """
    root = Resource()
    root.putChild(b"", Data(b"Here again\n", "text/plain"))
    async with await connect(reactor, control_endpoint) as tor:
        if vanguards:
            await choose_vanguards(tor, vanguards)
        service = await tor.create_filesystem_onion_service(
            [(80, Site(root))],
            directory,
            introduction_points=4,
            max_streams=20,
            pow_enabled=True,
            options={"HiddenServiceMaxStreamsCloseCircuit": 1},  # every option of torrc has a place here
        )
        print(f"http://{service.hostname}/")
        try:
            await deferLater(reactor, float(seconds))
        finally:
            await service.remove()  # from Tor's configuration: the directory stays
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
