# -*- test-case-name: txtor.test.balance.test_balancer -*-
"""
A front end on a Tor in memory, with a clock.
"""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random
from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txtor.balance import BalancerHealth, BalancerStatus, OnionBalancer, connects_to
from txtor.errors import (
    ClientAuthorizationNeeded,
    Disconnected,
    DocumentUnavailable,
    InvalidArgument,
    OnionFetchError,
    OnionPublishError,
)
from txtor.grammar import ReplyLine
from txtor.onion import ClientAuthKey, OnionKeyFile, descriptor_slots
from txtor.service import TorService
from txtor.test.balance.network import BACK, FRONT, MICRODESC_KEY, DirectoryTor, fingerprint, point

ONE, TWO = BACK[:2]


class BalancerCase(SynchronousTestCase):
    """
    A front end of two back ends. At the end nothing of it is left.
    """

    def setUp(self) -> None:
        self.tor = DirectoryTor()
        self.clock = self.tor.clock
        self.tor.offer(ONE, 1, 2)
        self.tor.offer(TWO, 3, 4, 5)

    def make(self, tor: Any = None, key: Any = FRONT, back_ends: Any = (ONE.address, TWO.address), **terms: Any) -> OnionBalancer:
        """
        A front end that is not started.
        """
        terms = {"now": self.tor.time, "random": Random(1), **terms}
        return OnionBalancer(self.clock, tor or self.tor.controller, key, back_ends, **terms)

    def started(self, **terms: Any) -> OnionBalancer:
        """
        One whose first round is over.
        """
        balancer = self.make(**terms)
        self.addCleanup(self.nothing_left)
        self.addCleanup(balancer.stopService)
        balancer.startService()
        self.turn()
        return balancer

    def nothing_left(self) -> None:
        """
        Nobody listens, nothing is scheduled.
        """
        self.assertEqual(self.tor.listening_for, set())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def turn(self, seconds: float = 0) -> None:
        """
        Let time pass, and what is scheduled happen.
        """
        self.clock.advance(seconds)
        self.clock.pump([0.0] * 40)

    def refreshed(self, balancer: OnionBalancer) -> Deferred[BalancerHealth]:
        """
        Ask for a round, and let it happen.
        """
        waiting = balancer.refresh()
        self.turn(1)
        return waiting

    def points(self) -> list[set[bytes]]:
        """
        The introduction points of what is published, by period.
        """
        return [{each.auth_key for each in content.introduction_points} for content in self.tor.posted()]

    def expect(self, *numbers: int) -> None:
        """
        Compare them, the same in both periods.
        """
        self.assertEqual(self.points(), [{point(each).auth_key for each in numbers}] * 2)


class BalancerTests(BalancerCase):
    """
    Rounds.
    """

    def test_published(self) -> None:
        """
        Both descriptors hold the introduction points of both back ends, and are where they belong.
        """
        balancer = self.make()
        self.assertIs(balancer.health.status, BalancerStatus.STOPPED)
        waiting = balancer.when_published()
        seen: list[BalancerHealth] = []
        balancer.add_status_listener(seen.append)
        balancer.startService()
        self.turn()
        health = self.successResultOf(waiting)
        self.assertEqual(self.successResultOf(balancer.when_published()), health)
        self.assertEqual(seen[-1], balancer.health)
        self.assertEqual(list(dict.fromkeys([each.status.value for each in seen])), ["looking", "posting", "waiting"])
        self.expect(1, 2, 3, 4, 5)
        slots = descriptor_slots(self.tor.now, None, None)
        for published, slot in ((health.for_clients, slots.second), (health.other, slots.first)):
            assert published is not None
            self.assertEqual((published.slot, published.introduction_points, published.lacking), (slot, 5, frozenset()))
            blinded = FRONT.blind(slot.period).public_key
            holders = {each for each, own in self.tor.holding.items() if any(one.blinded_key == blinded for one in own)}
            self.assertEqual((published.holding, len(holders)), (holders, 8))
        found = {address: each.introduction_points for address, each in health.back_ends.items()}
        self.assertEqual(found, {ONE.address: 2, TWO.address: 3})
        balancer.remove_status_listener(seen.append)
        balancer.remove_status_listener(seen.append)
        balancer.stopService()
        self.assertIs(balancer.health.status, BalancerStatus.STOPPED)
        self.assertIs(seen[-1].status, BalancerStatus.WAITING)
        self.nothing_left()

    def test_changes(self) -> None:
        """
        A round comes after each interval; other introduction points are published in it.
        """
        balancer = self.started(interval=100)
        self.tor.offer(ONE, 7)
        self.turn(99)
        self.assertEqual(balancer.health.rounds, 1)
        self.turn(1)
        self.assertEqual(balancer.health.rounds, 2)
        self.expect(3, 4, 5, 7)

    def test_away(self) -> None:
        """
        One whose descriptor cannot be fetched is kept for a while, and then left out; it comes back. Its error is told.
        """
        balancer = self.started(interval=100, patience=150)
        offered = self.tor.offered.pop(TWO.address.bare)
        self.turn(100)
        self.turn(2)
        found = balancer.health.back_ends[TWO.address]
        self.assertEqual((type(found.error), found.is_used), (OnionFetchError, True))
        self.expect(1, 2, 3, 4, 5)
        self.turn(100)
        self.turn(2)
        self.assertFalse(balancer.health.back_ends[TWO.address].is_used)
        self.expect(1, 2)
        self.tor.offered[TWO.address.bare] = offered
        self.turn(100)
        self.expect(1, 2, 3, 4, 5)
        self.assertIsNone(balancer.health.back_ends[TWO.address].error)

    def test_all_away(self) -> None:
        """
        Where none is there from the beginning, nothing is published, which is told; it is tried again soon.
        """
        offered, self.tor.offered = self.tor.offered, {}
        balancer = self.started()
        self.turn(2)
        self.assertIsInstance(balancer.health.error, OnionPublishError)
        self.assertFalse(balancer.health.is_published)
        self.assertNoResult(balancer.when_published())
        self.assertEqual(self.tor.holding, {})
        self.tor.offered = offered
        self.turn(30)
        self.expect(1, 2, 3, 4, 5)

    def test_older_descriptor(self) -> None:
        """
        A directory may have a descriptor from before: the newest that was ever seen counts.
        """
        balancer = self.started()
        self.tor.offer(ONE, 9, age=60)
        self.successResultOf(self.refreshed(balancer))
        self.expect(1, 2, 3, 4, 5)

    def test_not_believed(self) -> None:
        """
        What a directory gives is verified: the descriptor of another service is not taken for a back end's.
        """
        self.tor.offered[TWO.address.bare] = self.tor.offered[ONE.address.bare]
        balancer = self.started()
        self.assertFalse(balancer.health.back_ends[TWO.address].is_used)
        self.expect(1, 2)

    def test_directories_asked(self) -> None:
        """
        Each fetch asks one of the six directories that clients ask, and not always the same.
        """
        balancer = self.started(back_ends=[ONE.address])
        for _ in range(30):
            self.successResultOf(self.refreshed(balancer))
        self.assertEqual(len(set(self.tor.asked)), 6)
        assert balancer._rings is not None
        self.assertEqual(set(self.tor.asked), set(balancer._rings.asked(ONE.address)))

    def test_consensus(self) -> None:
        """
        The network is read when Tor has a new consensus, and else not. Those who have become responsible are sent the
        descriptors; when the period turns, a new one is made.
        """
        balancer = self.started()
        reads = f"GETINFO {MICRODESC_KEY}"
        self.successResultOf(self.refreshed(balancer))
        self.assertEqual(self.tor.received.count(reads), 1)
        self.tor.see(hours=1, relays=range(4, 20))
        self.successResultOf(self.refreshed(balancer))
        self.assertEqual(self.tor.received.count(reads), 2)
        self.assertGreater(set(self.tor.holding), {fingerprint(each) for each in range(12, 16)} & set(self.tor.holding))
        health = balancer.health
        assert health.for_clients is not None
        self.assertEqual(health.for_clients.lacking, frozenset())
        self.assertLessEqual(health.for_clients.holding, {fingerprint(each) for each in range(4, 20)})
        periods = {each.blinded_key for own in self.tor.holding.values() for each in own}
        self.tor.see(hours=24, relays=range(4, 20))
        self.tor.offer(ONE, 1, 2)
        self.tor.offer(TWO, 3, 4, 5)
        self.successResultOf(self.refreshed(balancer))
        later = {each.blinded_key for own in self.tor.holding.values() for each in own}
        self.assertEqual((len(periods), len(later)), (2, 3))

    def test_refusing_directories(self) -> None:
        """
        A directory that refuses is told, and asked again in the next round; the others are left in peace.
        """
        self.tor.refusing = {fingerprint(each) for each in range(6)}
        balancer = self.started()
        health = balancer.health
        assert health.for_clients is not None
        self.assertTrue(health.is_published)
        self.assertEqual(health.for_clients.lacking, set(health.for_clients.refusing))
        self.assertEqual(set(health.for_clients.refusing.values()), {"UPLOAD_REJECTED"})
        before = {each: len(own) for each, own in self.tor.holding.items()}
        self.tor.refusing = set()
        self.successResultOf(self.refreshed(balancer))
        self.assertEqual({each: len(self.tor.holding[each]) for each in before}, before)
        assert balancer.health.for_clients is not None
        self.assertEqual(balancer.health.for_clients.lacking, frozenset())

    def test_clients(self) -> None:
        """
        A front end can choose its clients, which back ends need not know of.
        """
        friend = ClientAuthKey.generate()
        self.started(clients=[friend.public_key])
        self.assertRaises(ClientAuthorizationNeeded, self.tor.posted)

    def test_shared_out(self) -> None:
        """
        Of many back ends each has its share of 20.
        """
        for number, key in enumerate(BACK):
            self.tor.offer(key, *range(3 * number, 3 * number + 3))
        self.started(back_ends=[key.address for key in BACK])
        self.assertEqual([len(each) for each in self.points()], [20, 20])


class CheckTests(BalancerCase):
    """
    Whether a back end does its work, as the program sees it.
    """

    def test_check(self) -> None:
        """
        It is left out as soon as its check fails, whether that raises, or its Deferred or coroutine fails, or is too late.
        """

        async def coroutine() -> None:
            raise ValueError("bad page")

        def raising() -> None:
            raise ValueError("no page")

        late: Deferred[None] = Deferred()
        answers = [lambda: fail(Disconnected("gone")), coroutine, raising, lambda: late, lambda: succeed(5), lambda: None]
        asked: list[Any] = []

        def check(tor: Any, address: Any) -> Any:
            asked.append(tor)
            return answers[0]() if address == TWO.address else None

        balancer = self.started(check=check, timeout=20)
        reasons = []
        while len(answers) > 2:
            self.assertFalse(balancer.health.back_ends[TWO.address].is_used)
            self.expect(1, 2)
            reasons.append(type(balancer.health.back_ends[TWO.address].error).__name__)
            answers.pop(0)
            balancer.refresh()
            self.turn(20)
        self.assertEqual(reasons, ["Disconnected", "ValueError", "ValueError", "TimeoutError"])
        self.expect(1, 2, 3, 4, 5)
        self.assertEqual(set(asked), {self.tor.controller})

    def test_connects_to(self) -> None:
        """
        The ready one connects to a port through Tor.
        """
        for wrong in (0, 65536, "80", True):
            self.assertRaises(InvalidArgument, connects_to, wrong)
        balancer = self.started(check=connects_to(80))
        self.assertEqual([each.is_used for each in balancer.health.back_ends.values()], [False, False])


class LifeTests(BalancerCase):
    """
    A service, its Tor, and its arguments.
    """

    def test_service(self) -> None:
        """
        It is one of Twisted's services, and shows nothing of its key.
        """
        balancer = self.make()
        verifyObject(IService, balancer)
        self.assertEqual(balancer.hostname, FRONT.address.hostname)
        self.assertEqual(repr(balancer), f"<OnionBalancer {FRONT.address.hostname} for 2 back ends, stopped>")

    def test_stopped(self) -> None:
        """
        When it is stopped, whatever it does, who waits is told; it can start again.
        """
        for keyword in ("GETCONF", "GETINFO", "HSFETCH", "HSPOST"):
            self.setUp()
            self.tor.mute(keyword)
            balancer = self.make()
            balancer.startService()
            self.turn()
            waiting = [balancer.when_published(), balancer.refresh()]
            balancer.stopService()
            for each in waiting:
                self.failureResultOf(each, Disconnected)
            self.assertIs(balancer.health.status, BalancerStatus.STOPPED)
            self.assertEqual(self.clock.getDelayedCalls(), [])
        self.failureResultOf(balancer.refresh(), Disconnected)

    def test_started_again(self) -> None:
        """
        One that was stopped before anything was published can be waited for anew.
        """
        balancer = self.make()
        balancer.startService()
        balancer.stopService()
        self.failureResultOf(balancer.when_published(), Disconnected)
        balancer.startService()
        self.turn()
        self.successResultOf(balancer.when_published())
        balancer.stopService()
        self.nothing_left()

    def test_refresh(self) -> None:
        """
        A round that is asked for while another is under way is over when the next one is; who cancels is not told.
        """
        balancer = self.started()
        answer = self.tor._answers["HSFETCH"]
        self.tor.answer("HSFETCH", lambda connection, command: [ReplyLine(250, "OK")])
        first, second, third = balancer.refresh(), balancer.refresh(), balancer.refresh()
        third.cancel()
        self.failureResultOf(third, CancelledError)
        self.tor.answer("HSFETCH", answer)
        self.turn(60)
        self.assertEqual(self.successResultOf(first).rounds, 2)
        self.turn()
        self.assertEqual(self.successResultOf(second).rounds, 3)

    def test_back_ends(self) -> None:
        """
        Back ends come and go while it runs.
        """
        balancer = self.started(back_ends=[ONE.address])
        self.expect(1, 2)
        balancer.add_back_end(TWO.address.hostname)
        self.turn(1)
        self.assertEqual(balancer.back_ends, (ONE.address, TWO.address))
        self.expect(1, 2, 3, 4, 5)
        balancer.remove_back_end(ONE.address)
        self.turn(1)
        self.expect(3, 4, 5)
        self.assertEqual(set(balancer.health.back_ends), {TWO.address})
        for wrong in (ONE.address, TWO.address):
            self.assertRaises(InvalidArgument, balancer.remove_back_end, wrong)
        self.assertRaises(InvalidArgument, balancer.add_back_end, FRONT.address)

    def test_lost_tor(self) -> None:
        """
        When the connection is lost, rounds fail and say so; nothing hangs.
        """
        balancer = self.started()
        self.tor.drop()
        self.assertIsInstance(self.successResultOf(balancer.refresh()).error, Disconnected)
        self.assertTrue(balancer.health.is_published)

    def test_no_consensus(self) -> None:
        """
        A Tor without a consensus is tried again.
        """
        document = self.tor.info.pop(MICRODESC_KEY)
        balancer = self.started()
        self.assertIsInstance(balancer.health.error, DocumentUnavailable)
        self.tor.info[MICRODESC_KEY] = document
        self.turn(30)
        self.assertIsNone(balancer.health.error)
        self.expect(1, 2, 3, 4, 5)

    def test_failing(self) -> None:
        """
        What nobody has thought of is logged and told, and does not end the rounds.
        """
        balancer = self.started()

        def broken(*arguments: object) -> None:
            raise ZeroDivisionError

        look = balancer._back_ends.look
        self.patch(balancer._back_ends, "look", broken)
        self.assertIsInstance(self.successResultOf(self.refreshed(balancer)).error, ZeroDivisionError)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.patch(balancer._back_ends, "look", look)
        self.assertIsNone(self.successResultOf(self.refreshed(balancer)).error)

    def test_wrong_clock(self) -> None:
        """
        With a clock before the network's there is no revision counter: nothing is posted, and it is told why.
        """
        balancer = self.started(now=lambda: self.tor.time() - timedelta(days=3))
        self.assertEqual(self.tor.holding, {})
        assert balancer.health.for_clients is not None
        self.assertIsInstance(balancer.health.for_clients.error, InvalidArgument)

    def test_tor_service(self) -> None:
        """
        With a `TorService` it waits for a Tor, also for the next one.
        """
        self.tor.listening = False
        service = TorService(self.clock, self.tor.endpoint(), chance=lambda: 0.0)
        service.startService()
        balancer = self.make(service)
        balancer.startService()
        self.turn()
        self.assertNoResult(balancer.when_published())
        self.tor.listening = True
        service.retry()
        self.turn()
        self.successResultOf(balancer.when_published())
        self.tor.drop()
        waiting = balancer.refresh()
        self.assertNoResult(waiting)
        self.turn(60)
        self.assertIsNone(self.successResultOf(waiting).error)
        balancer.stopService()
        service.stopService()

    def test_key(self) -> None:
        """
        The key is given as it is, as its text, or by a file, which is made if need be.
        """
        self.assertEqual(self.make(key=FRONT.blob).address, FRONT.address)
        path = os.path.abspath(self.mktemp())
        made = self.make(key=OnionKeyFile(path))
        self.assertEqual(self.make(key=OnionKeyFile(path)).address, made.address)

    def test_wrong(self) -> None:
        """
        What cannot be is told at once, and nothing was asked.
        """
        wrong: list[dict[str, Any]] = [
            {"key": "x"},
            {"back_ends": []},
            {"back_ends": ["x"]},
            {"back_ends": ONE.address.hostname},
            {"back_ends": [ONE.address, FRONT.address]},
            {"tor": 5},
            {"check": 5},
            {"clients": []},
            {"interval": 0},
            {"republish": -1},
            {"patience": float("inf")},
            {"timeout": None},
        ]
        for terms in wrong:
            self.assertRaises(InvalidArgument, self.make, **terms)
        self.assertEqual(self.tor.received, [])
