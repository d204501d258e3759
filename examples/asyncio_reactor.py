"""
Use txtor in a program for asyncio: Twisted runs on asyncio's loop, and each Deferred can be awaited there as a Future.

    python asyncio_reactor.py [ENDPOINT]
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, TypeVar

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred

from txtor import connect
from txtor.events import BandwidthEvent

if TYPE_CHECKING:
    from txtor.control import ControlEndpoint, IConnectReactor

T = TypeVar("T")


# begin main
def future(deferred: Deferred[T]) -> asyncio.Future[T]:
    """
    What asyncio can wait for. Cancelling it cancels the Deferred.
    """
    return deferred.asFuture(asyncio.get_running_loop())


async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None) -> None:
    """
    A coroutine of asyncio, which may use any library for it.
    """
    tor = await future(connect(reactor, control_endpoint))
    phase, _ = await asyncio.gather(future(tor.protocol.get_info_single("status/bootstrap-phase")), asyncio.sleep(0.01))
    print("Tor", tor.version, "says", phase)
    events: asyncio.Queue[BandwidthEvent] = asyncio.Queue()  # a listener is a plain function, and this is one
    await future(tor.protocol.add_event_listener("BW", events.put_nowait))
    event = await asyncio.wait_for(events.get(), 10)
    print(event.read, "bytes read in a second")
    await future(tor.close())
# end main


# begin run
async def run(*arguments: str) -> None:
    """
    Install Twisted's reactor for the loop that runs, before anything else imports one, and start it.
    """
    asyncioreactor.install(asyncio.get_running_loop())
    from twisted.internet import reactor  # not before it is installed

    reactor.startRunning()  # type: ignore[attr-defined]  # the loop runs already, so that reactor.run() must not
    try:
        await main(reactor, *arguments)  # type: ignore[arg-type]  # mypy cannot know which reactor was installed
    finally:
        reactor.fireSystemEvent("shutdown")


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
# end run
