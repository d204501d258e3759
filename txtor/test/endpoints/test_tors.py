# -*- test-case-name: txtor.test.endpoints.test_tors -*-
"""
Where an onion endpoint has its Tor from.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txtor._deferred import deferred
from txtor.endpoints import OnionServerEndpoint
from txtor.endpoints._tors import SharedTor, connected
from txtor.errors import LaunchError
from txtor.onion import OnionTerms
from txtor.test.onion.services import OnionTor


class StandIn:
    """
    A `Tor` that counts how often it is told to end, with the connection of a Tor in memory.
    """

    def __init__(self) -> None:
        self.tor = OnionTor()
        self.protocol = self.tor.controller.protocol
        self.ended = 0

    def quit(self) -> Deferred[None]:
        self.ended += 1
        return succeed(None)


class SharedTorTests(SynchronousTestCase):
    """
    One Tor for several endpoints.
    """

    def setUp(self) -> None:
        self.starting: list[Deferred[Any]] = []

    def start(self) -> Deferred[Any]:
        """
        A launch, which the test lets end.
        """
        self.starting.append(Deferred())
        return self.starting[-1]

    def test_shared(self) -> None:
        """
        It is launched once, for all that ask meanwhile and after, and ends with the last lease; then the next one launches again.
        """
        shared, tor = SharedTor(self.start), StandIn()
        first, second = shared.lease(), shared.lease()
        self.assertEqual(len(self.starting), 1)
        self.starting[0].callback(tor)
        leases = [self.successResultOf(each) for each in (first, second, shared.lease())]
        self.assertEqual({lease.protocol for lease in leases}, {tor.protocol})
        for lease in leases:
            self.assertEqual(tor.ended, 0)
            self.successResultOf(lease.release())
        self.assertEqual(tor.ended, 1)
        shared.lease()
        self.assertEqual(len(self.starting), 2)

    def test_failing(self) -> None:
        """
        A launch that fails, or is cancelled, falls on the one that asked for it; the next one tries again.
        """
        shared = SharedTor(self.start)
        first, second, third = (shared.lease() for _ in range(3))
        self.starting[0].errback(LaunchError("no"))
        self.failureResultOf(first, LaunchError)
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.starting[2].callback(StandIn())
        self.successResultOf(third)

    def test_died(self) -> None:
        """
        A Tor that has died is not given to anybody else; what it left is tidied by those who had it.
        """
        shared, dead, alive = SharedTor(self.start), StandIn(), StandIn()
        lease = shared.lease()
        self.starting[0].callback(dead)
        dead.tor.drop()
        another = shared.lease()
        self.starting[1].callback(alive)
        self.assertIs(self.successResultOf(another).protocol, alive.protocol)
        self.successResultOf(self.successResultOf(lease).release())
        self.assertEqual((dead.ended, alive.ended), (1, 0))


class LeaseTests(TestCase):
    """
    With a reactor.
    """

    reactor: Any

    def setUp(self) -> None:
        self.reactor = sys.modules["twisted.internet.reactor"]

    @deferred
    async def test_connected(self) -> None:
        """
        Each lease is a connection of its own, which ends with it.
        """
        tor = OnionTor()
        before = len(tor.connections)
        lease = connected(self.reactor, tor.endpoint())
        first, second = await lease(), await lease()
        self.assertEqual(len(tor.connections), before + 2)
        await first.release()
        self.assertEqual(len(tor.connections), before + 1)
        await second.protocol.get_info("version")
        await second.release()

    @deferred
    async def test_launched(self) -> None:
        """
        A real Tor is launched when the first endpoint listens, shared by the second, and gone when both have stopped. A private
        one is another.
        """
        options: dict[str, Any] = {"config": (("DisableNetwork", "1"),), "wait": "controlled"}
        terms, factory = OnionTerms(wait="none"), Factory.forProtocol(Protocol)
        make = (OnionServerEndpoint.global_tor, OnionServerEndpoint.global_tor, OnionServerEndpoint.private_tor)
        ports: list[Any] = [await each(self.reactor, 80, terms, **options).listen(factory) for each in make]
        self.assertEqual(len({port.getHost().onion_uri for port in ports}), 3)
        pids = [await port.onion_service.protocol.get_info_single("process/pid") for port in ports]
        self.assertEqual((pids[0] == pids[1], pids[1] == pids[2]), (True, False))
        await ports[0].stopListening()
        await ports[1].onion_service.protocol.get_info("version")
        gone = ports[1].onion_service.protocol.when_disconnected()
        for port in ports[1:]:
            await port.stopListening()
        await gone
