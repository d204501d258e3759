# -*- test-case-name: txtor.test.endpoints.test_tors -*-
"""
Where an onion endpoint has its Tor from.
"""

from __future__ import annotations

import sys
from typing import Any, cast

from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txtor._deferred import deferred
from txtor.endpoints import OnionServerEndpoint
from txtor.endpoints._tors import SharedTor, connected, launched
from txtor.errors import Disconnected, InvalidArgument, TorNotFound
from txtor.onion import OnionTerms
from txtor.service import Backoff, Status, TorService
from txtor.test.onion.services import OnionTor
from txtor.test.service.test_service import Reactor


class SharedTorTests(SynchronousTestCase):
    """
    One Tor for several endpoints: one in memory, with a clock.
    """

    def setUp(self) -> None:
        self.clock = Reactor()
        self.tor = OnionTor()
        self.tor.drop()
        self.service = TorService(cast(Any, self.clock), self.tor.endpoint(), backoff=Backoff(1, 2, 8, 0, 5))
        self.shared = SharedTor(self.service)
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self) -> None:
        """
        Whoever had it has given it back.
        """
        self.assertEqual(self.service.health.status, Status.STOPPED)
        self.assertEqual((self.tor.connections, self.clock.getDelayedCalls(), self.clock.triggers), ([], [], []))

    def commands(self, keyword: str) -> int:
        """
        How often a command was sent.
        """
        return sum(line.split()[0] == keyword for line in self.tor.received)

    def test_shared(self) -> None:
        """
        It is had once, for all that ask meanwhile and after, and ends with the last lease; then it is had again.
        """
        self.tor.hold()
        first, second = self.shared.lease(), self.shared.lease()
        self.assertNoResult(first)
        self.tor.release()
        leases = [self.successResultOf(each) for each in (first, second, self.shared.lease())]
        self.assertEqual(len({lease.protocol for lease in leases}), 1)
        for lease in leases:
            self.assertEqual(len(self.tor.connections), 1)
            self.successResultOf(lease.release())
        self.nothing_is_left()
        self.successResultOf(self.successResultOf(self.shared.lease()).release())
        self.assertEqual((self.commands("AUTHENTICATE"), self.commands("QUIT")), (2, 2))

    def test_failing(self) -> None:
        """
        When it cannot be had, all who ask hear at once why, and it is not tried any more until the next one asks.
        """
        self.tor.refuse("AUTHENTICATE", 515, "No")
        self.tor.hold()
        waiting = [self.shared.lease() for _ in range(3)]
        self.tor.release()
        for each in waiting:
            self.failureResultOf(each)
        self.nothing_is_left()
        self.tor.listening = False
        self.failureResultOf(self.shared.lease(), Disconnected)

    def test_cancelled(self) -> None:
        """
        One who gives up leaves it to the others; when the last one gives up, it is not tried any more.
        """
        self.tor.hold()
        first, second = self.shared.lease(), self.shared.lease()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.service.health.status, Status.OPENING)
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.nothing_is_left()

    def test_lost(self) -> None:
        """
        When it is lost, that is logged and it is had again, after a wait that grows, or when somebody asks for it: he hears of
        the failure, and it is tried on for those who had it.
        """
        lease = self.successResultOf(self.shared.lease())
        self.tor.listening = False
        with capturedLogs() as logged:
            self.tor.drop()
            self.clock.advance(1)
        self.assertEqual(len([line for line in map(formatEvent, logged) if line.startswith("Tor is not there")]), 2)
        self.failureResultOf(self.shared.lease(), Disconnected)
        self.assertEqual(self.service.health.failures, 3)
        self.tor.listening = True
        another = self.successResultOf(self.shared.lease())
        self.assertNotEqual(lease.protocol, another.protocol)
        for each in (lease, another):
            self.successResultOf(each.release())

    def test_stopping(self) -> None:
        """
        It ends with the reactor, and who had it may give it back then.
        """
        lease = self.successResultOf(self.shared.lease())
        ((phase, event, stop),) = self.clock.triggers
        self.assertEqual((phase, event), ("before", "shutdown"))
        del self.clock.triggers[:]
        self.successResultOf(stop())
        self.nothing_is_left()
        self.successResultOf(lease.release())


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
        Each endpoint has a connection of its own.
        """
        tor = OnionTor()
        before = len(tor.connections)
        first, second = [await connected(self.reactor, tor.endpoint()).lease() for _ in range(2)]
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

    @deferred
    async def test_launched_while_it_ends(self) -> None:
        """
        Who asks for a Tor while it ends for those who were there before has another, when the place of its data is free.
        """
        options: dict[str, Any] = {"config": (("DisableNetwork", "1"),), "data_directory": self.mktemp(), "wait": "controlled"}
        shared = launched(self.reactor, shared=False, **options)
        lease = await shared.lease()
        first = await lease.protocol.get_info_single("process/pid")
        released = lease.release()
        waiting = [shared.lease(), shared.lease()]
        self.assertEqual(shared.service.health.status, Status.CLOSING)
        await released
        leases = [await each for each in waiting]
        self.assertEqual(leases[0].protocol, leases[1].protocol)
        self.assertNotEqual(await leases[0].protocol.get_info_single("process/pid"), first)
        for each in leases:
            await each.release()

    @deferred
    async def test_not_launched(self) -> None:
        """
        Why it cannot be launched is told at once; what cannot be is, before.
        """
        endpoint = OnionServerEndpoint.global_tor(self.reactor, 80, tor_binary="/nonexistent/tor")
        await self.assertFailure(endpoint.listen(Factory.forProtocol(Protocol)), TorNotFound)
        self.assertRaises(InvalidArgument, OnionServerEndpoint.private_tor, self.reactor, 80, wait="some day")
        self.assertRaises(InvalidArgument, OnionServerEndpoint.system_tor, self.reactor, "nonsense:1", 80)
