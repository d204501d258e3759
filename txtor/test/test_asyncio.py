# -*- test-case-name: txtor.test.test_asyncio -*-
"""
txtor in a program for asyncio: a service, its Tor, and what crosses between the two kinds of waiting.
"""

from __future__ import annotations

from txtor.test.programs import ProgramTestCase

SCRIPT = """
import asyncio, os, signal
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from txtor import TorService
from txtor.process import LaunchOptions
from txtor.service import Backoff

OPTIONS = {"DisableNetwork": 1, "GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"}

def future(deferred):
    return deferred.asFuture(asyncio.get_running_loop())

async def main(reactor):
    lonely = TorService(reactor, "unix:/nowhere/at/all")
    waiting = lonely.when_ready()
    try:
        await asyncio.wait_for(future(waiting), 0.1)
    except asyncio.TimeoutError:
        print("gave up waiting:", waiting.called)
    service = TorService(reactor, LaunchOptions(OPTIONS, wait="controlled"), backoff=Backoff(0.01))
    service.startService()
    tor = await future(service.when_ready())

    told = asyncio.Event()

    async def remember(event):  # a coroutine of asyncio
        await asyncio.sleep(0)
        told.set()

    def listener(event):
        return Deferred.fromFuture(asyncio.ensure_future(remember(event)))

    await future(service.add_event_listener("CONF_CHANGED", listener))
    lost = future(service.when_lost())
    os.kill(tor.process.pid, signal.SIGKILL)
    print("lost:", type(await lost).__name__)
    config, version = await asyncio.gather(future(service.get_config()), future(service.get_info("version")))
    config.ContactInfo = "x"
    await future(config.save())
    await asyncio.wait_for(told.wait(), 30)
    print("heard, and", config.ContactInfo)
    await future(service.stopService())
    print("stopped:", service.tor)

async def run():
    asyncioreactor.install(asyncio.get_running_loop())
    from twisted.internet import reactor
    reactor.startRunning()
    try:
        await main(reactor)
    finally:
        reactor.fireSystemEvent("shutdown")

asyncio.run(run())
"""


class AsyncioTests(ProgramTestCase):
    """
    A program on asyncio's loop.
    """

    async def test_service(self) -> None:
        """
        Deferreds are awaited as Futures: giving up cancels them, a Tor that is lost comes back, and a listener may be asyncio's.
        """
        program, _ = self.run_program(SCRIPT)
        status = await program.ended
        said = ["gave up waiting: True", "lost: Disconnected", "heard, and x", "stopped: None"]
        self.assertEqual((program.said.splitlines(), status), (said, 0), program.said)
