"""
A program that outlives its Tor: when Tor restarts, everything that the program had asked of it is asked again.

    python tor_service.py ENDPOINT SECONDS

Restart that Tor meanwhile, and see.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import deferLater, react

from txtor import Tor, TorService
from txtor.control import ControlEndpoint
from txtor.events import BandwidthEvent
from txtor.service import Health


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint, seconds: str = "60") -> None:
    """
    Listen to a Tor, and to each that follows it.
    """
    service = TorService(reactor, control_endpoint)

    def told(health: Health) -> None:
        print("The Tor is", health.status.value)

    def bandwidth(event: BandwidthEvent) -> None:
        print(event.read, "bytes read")

    async def at_each_tor(tor: Tor) -> None:
        print("This one is Tor", tor.version)

    service.add_status_listener(told)
    service.restore.append(at_each_tor)  # for what the service does not know how to make again
    service.startService()
    await service.add_event_listener("BW", bandwidth)
    await service.when_ready()
    # A command waits for the next Tor where there is none now.
    print(await service.get_info("version"))
    # This configuration follows from one Tor to the next, and what is changed in it is changed on each of them.
    config = await service.get_config()
    async with config.transaction() as change:
        change.MaxCircuitDirtiness = "20 minutes"
    await deferLater(reactor, float(seconds))
    await service.stopService()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
