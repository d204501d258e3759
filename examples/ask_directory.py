"""
Ask a Tor for the documents of relays that it has, and verify them.

    python ask_directory.py [ENDPOINT]
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint
from txtor.errors import DocumentError


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint | None = None) -> None:
    """
    Verify the consensus once, and by it the documents of relays.
    """
    async with await connect(reactor, control_endpoint) as tor:
        try:
            consensus = await tor.get_consensus(verify=True)
        except DocumentError as error:
            print("No consensus to be believed:", error)
            return
        exits = [router for router in consensus.routers.values() if "Exit" in router.flags]
        print(len(consensus.routers), "relays,", len(exits), "exits, until", consensus.valid_until)
        for router in exits[:3]:
            described = await tor.get_microdescriptor(router.fingerprint, verify=consensus)
            policy = described.exit_policy
            print(router.nickname, "lets out", "nothing" if policy is None else policy)
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
