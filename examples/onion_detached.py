"""
Leave an onion service behind: it goes on when this program has ended. Another run of it, or another program, ends it.

    python onion_detached.py ENDPOINT publish "80 127.0.0.1:8080"
    python onion_detached.py ENDPOINT list
    python onion_detached.py ENDPOINT remove ADDRESS
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint, action: str, what: str = "") -> None:
    """
    Publish, list or remove.
    """
    async with await connect(reactor, control_endpoint) as tor:
        if action == "publish":
            made = await tor.create_onion_service(what, detach=True)
            print(made.hostname)
            print(made.private_key)  # Tor tells it once
            return
        for service in await tor.onion_services():
            if action == "list":
                print(service.hostname)
            elif action == "remove" and service.hostname == what:
                await service.remove()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
