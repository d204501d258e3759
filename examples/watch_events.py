"""
Print Tor's bandwidth once a second, and its warnings when they come.

    python watch_events.py [ENDPOINT]
"""

from __future__ import annotations

import sys

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.events import BandwidthEvent, Event, LogEvent


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None, seconds: str = "10") -> None:
    """
    Listen to some events, for as many BW events as there are seconds.
    """
    left = int(seconds)
    finished: Deferred[None] = Deferred()

    def bandwidth(event: BandwidthEvent) -> None:
        nonlocal left
        print(f"{event.read:>12,} B/s down {event.written:>12,} B/s up")
        left -= 1
        if left == 0:
            finished.callback(None)

    def warning(event: LogEvent) -> None:
        print("Tor warns:", event.message)

    async with await connect(reactor, control_endpoint) as tor:
        await tor.protocol.add_event_listeners({"BW": bandwidth, "WARN": warning})
        await finished
# end main


# begin unknown
def anything(event: Event) -> None:
    """
    A listener for any event, of this Tor or of a newer one: nothing that Tor says is lost.
    """
    print(event.keyword, event.positional, dict(event.keywords))
    print("as Tor wrote it:", str(event))
# end unknown


if __name__ == "__main__":
    react(main, sys.argv[1:])
