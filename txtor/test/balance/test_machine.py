"""
The machine that keeps a front end published.
"""

from __future__ import annotations

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from txtor.balance._health import BackEndHealth, BalancerStatus
from txtor.balance._machine import (
    Core,
    Effect,
    Found,
    GiveUp,
    Look,
    Post,
    RoundOver,
    Seen,
    StopWaiting,
    Wait,
    new_balancing,
)
from txtor.errors import Disconnected, OnionFetchError, OnionPublishError
from txtor.onion import DescriptorReport, DescriptorTerms, IntroductionPoint, descriptor_slots
from txtor.test.balance.network import BACK, point
from txtor.test.onion.services import VALID_AFTER
from txtor.testing import EveryTransition, Transitions

ONE, TWO = BACK[0].address, BACK[1].address
SLOTS = descriptor_slots(VALID_AFTER, None, None)
CLIENTS, OTHER = SLOTS.second, SLOTS.first
TERMS = DescriptorTerms()
LOST = Disconnected("gone")
RING = frozenset("ABC")


def seen(one: int = 1, two: int = 2, ring: frozenset[str] = RING, error: Exception | None = None) -> Seen:
    """
    A look that found two back ends, each with so many introduction points.
    """
    points = [point(number) for number in range(10)]
    found = {ONE: Found(tuple(points[:one])), TWO: Found(tuple(points[5 : 5 + two]), error)}
    return Seen(found, (CLIENTS, ring), (OTHER, ring), TERMS)


def points(one: int = 1, two: int = 2) -> tuple[IntroductionPoint, ...]:
    """
    Their introduction points.
    """
    return tuple(each for found in seen(one, two).back_ends.values() for each in found.points)


def took(*directories: str) -> DescriptorReport:
    """
    Directories that took a descriptor.
    """
    return DescriptorReport(frozenset(directories), {}, frozenset())


class BalancingTests(EveryTransition, SynchronousTestCase):
    """
    Inputs, and the effects that they have.
    """

    transitions = Transitions(new_balancing)

    def setUp(self) -> None:
        """
        A machine at rest.
        """
        self.core = Core(lambda points: tuple(each for own in points.values() for each in own), 600, 3600)
        self.machine = new_balancing(self.core)
        self.transitions.watch(self.machine)

    def expect(self, *effects: Effect) -> None:
        """
        Compare what is to be done.
        """
        self.assertEqual(self.core.drain(), list(effects))

    def round(self, found: Seen, now: float, *answers: DescriptorReport | Exception) -> list[Effect]:
        """
        A whole round, from wherever it waits.

        :param answers: to what is posted.
        :return: what was posted, and what follows.
        """
        if self.core.health.status is BalancerStatus.STOPPED:
            self.machine.start_asked()
        else:
            self.machine.wait_over()
        self.core.drain()
        self.machine.looked(found, now)
        for answer in answers:
            self.machine.posted(answer)
        return self.core.drain()

    def test_first_round(self) -> None:
        """
        Both descriptors are posted, one after the other, the one for clients first; then it waits.
        """
        machine = self.machine
        machine.start_asked()
        self.expect(Look())
        self.assertIs(self.core.health.status, BalancerStatus.LOOKING)
        machine.start_asked()
        machine.looked(seen(), 0)
        self.expect(Post(CLIENTS, points(), TERMS, RING))
        self.assertIs(self.core.health.status, BalancerStatus.POSTING)
        self.assertEqual(self.core.health.back_ends, {ONE: BackEndHealth(1), TWO: BackEndHealth(2)})
        machine.start_asked()
        machine.posted(took("A", "B", "C"))
        self.assertTrue(self.core.health.is_published)
        self.expect(Post(OTHER, points(), TERMS, RING))
        machine.posted(took("A", "B", "C"))
        self.expect(RoundOver(), Wait(600))
        self.assertIs(self.core.health.status, BalancerStatus.WAITING)
        self.assertEqual((self.core.health.rounds, self.core.health.error), (1, None))
        machine.start_asked()
        machine.wait_over()
        self.expect(Look())
        machine.looked(seen(), 600)
        self.expect(RoundOver(), Wait(600))

    def test_changed_points(self) -> None:
        """
        Other introduction points are posted everywhere; the same ones in another order are not.
        """
        self.round(seen(), 0, took(*RING), took(*RING))
        self.assertEqual(self.round(seen(), 10), [RoundOver(), Wait(600)])
        again = self.round(seen(2), 20, took(*RING), took(*RING))
        self.assertEqual(again[:2], [Post(CLIENTS, points(2), TERMS, RING), Post(OTHER, points(2), TERMS, RING)])
        assert self.core.health.for_clients is not None
        self.assertEqual(self.core.health.for_clients.introduction_points, 4)

    def test_away(self) -> None:
        """
        A back end that is away is left out, with its reason, and comes back.
        """
        error = OnionFetchError("nobody has it")
        self.round(seen(), 0, took(*RING), took(*RING))
        posts = self.round(seen(two=0, error=error), 10, took(*RING), took(*RING))
        self.assertEqual(posts[0], Post(CLIENTS, points(two=0), TERMS, RING))
        self.assertEqual(self.core.health.back_ends[TWO], BackEndHealth(0, error))
        self.assertFalse(self.core.health.back_ends[TWO].is_used)
        self.assertEqual(self.round(seen(), 20)[0], Post(CLIENTS, points(), TERMS, RING))

    def test_all_away(self) -> None:
        """
        Where none is there nothing is posted, and what is published stays; and when all are back as they were, it is right.
        """
        self.round(seen(), 0, took(*RING), took(*RING))
        published = self.core.health.for_clients
        self.assertEqual(self.round(seen(0, 0, error=LOST), 5000), [RoundOver(), Wait(600)])
        error = self.core.health.error
        assert isinstance(error, OnionPublishError)
        self.assertEqual(error.reasons, {ONE.hostname: "it has no introduction points", TWO.hostname: str(LOST)})
        self.assertEqual(self.core.health.for_clients, published)
        self.assertEqual(self.round(seen(), 600), [RoundOver(), Wait(600)])
        self.assertIsNone(self.core.health.error)

    def test_none_yet(self) -> None:
        """
        While nothing is published the next round comes soon.
        """
        self.assertEqual(self.round(seen(0, 0), 0), [RoundOver(), Wait(30)])
        refused = OnionPublishError("none took it", {"A": "UPLOAD_REJECTED"})
        self.assertEqual(self.round(seen(), 30, refused, refused)[2:], [RoundOver(), Wait(30)])
        self.assertFalse(self.core.health.is_published)
        assert self.core.health.for_clients is not None
        self.assertEqual((self.core.health.for_clients.error, self.core.health.for_clients.lacking), (refused, RING))
        self.assertEqual(self.core.health.for_clients.refusing, {"A": "UPLOAD_REJECTED"})
        self.core.interval = 7
        self.assertEqual(self.round(seen(), 60, LOST, took("A"))[2:], [RoundOver(), Wait(7)])

    def test_missing_directories(self) -> None:
        """
        Those that did not take it, and those that have become responsible, are sent it in the next round, and nobody else.
        """
        self.round(seen(), 0, DescriptorReport(frozenset("A"), {"B": "no"}, frozenset("C")), took(*RING))
        assert self.core.health.for_clients is not None
        self.assertEqual(self.core.health.for_clients.lacking, {"B", "C"})
        posted = self.round(seen(ring=frozenset("ACD")), 10, took("C", "D"), took("D"))
        self.assertEqual([each.directories for each in posted if isinstance(each, Post)], [frozenset("CD"), frozenset("D")])
        assert self.core.health.for_clients is not None
        self.assertEqual((self.core.health.for_clients.holding, self.core.health.for_clients.lacking), (set("ACD"), set()))

    def test_republished(self) -> None:
        """
        After a while it is posted anew. One who does not take that still has the one of before.
        """
        self.round(seen(), 0, took(*RING), took(*RING))
        self.assertEqual(self.round(seen(), 3599), [RoundOver(), Wait(600)])
        self.assertEqual(len(self.round(seen(), 3600, took("A"), LOST)), 4)
        assert self.core.health.for_clients is not None and self.core.health.other is not None
        self.assertEqual((self.core.health.for_clients.holding, self.core.health.for_clients.lacking), (RING, {"B", "C"}))
        self.assertEqual((self.core.health.other.holding, self.core.health.other.lacking), (RING, RING))
        self.assertEqual(self.core.health.other.error, LOST)
        posted = self.round(seen(), 3700, took("B", "C"), took(*RING))
        self.assertEqual([each.directories for each in posted if isinstance(each, Post)], [frozenset("BC"), RING])
        self.assertEqual(self.round(seen(), 7199), [RoundOver(), Wait(600)])

    def test_period_that_begins(self) -> None:
        """
        When a period begins, the other descriptor becomes the one for clients and is where it belongs; when the shared random
        value turns, a new one takes the place of the older.
        """
        self.round(seen(), 0, took(*RING), took(*RING))
        later = Seen(seen().back_ends, (OTHER, RING), (CLIENTS, RING), TERMS)
        self.assertEqual(self.round(later, 10), [RoundOver(), Wait(600)])
        third = descriptor_slots(VALID_AFTER + timedelta(days=1), None, None).second
        turned = Seen(seen().back_ends, (CLIENTS, RING), (third, RING), TERMS)
        self.assertEqual(self.round(turned, 20, took(*RING))[0], Post(third, points(), TERMS, RING))
        assert self.core.health.other is not None
        self.assertEqual((self.core.health.other.slot, self.core.health.other.holding), (third, RING))

    def test_no_look(self) -> None:
        """
        Without a Tor there is nothing to be seen: it is told, and tried again.
        """
        self.machine.start_asked()
        self.machine.failed(LOST)
        self.expect(Look(), RoundOver(), Wait(30))
        self.assertIs(self.core.health.error, LOST)
        self.round(seen(), 30, took(*RING), took(*RING))
        self.assertIsNone(self.core.health.error)

    def test_asked(self) -> None:
        """
        A round that is asked for begins at once; if one is under way, after it, and once.
        """
        machine = self.machine
        machine.round_asked()
        self.expect()
        machine.start_asked()
        machine.round_asked()
        machine.round_asked()
        machine.failed(LOST)
        self.expect(Look(), RoundOver(), Look())
        machine.looked(seen(), 0)
        machine.round_asked()
        machine.posted(took(*RING))
        machine.posted(took(*RING))
        self.assertEqual(self.core.drain()[-2:], [RoundOver(), Look()])
        machine.looked(seen(), 0)
        self.expect(RoundOver(), Wait(600))
        machine.round_asked()
        self.expect(StopWaiting(), Look())

    def test_stopped(self) -> None:
        """
        It can be stopped at any time, and start again: what was under way is given up, and what is published is known.
        """
        machine = self.machine
        machine.stop_asked()
        self.expect()
        machine.start_asked()
        machine.round_asked()
        machine.stop_asked()
        self.expect(Look(), GiveUp())
        machine.start_asked()
        machine.looked(seen(), 0)
        machine.stop_asked()
        self.expect(Look(), Post(CLIENTS, points(), TERMS, RING), GiveUp())
        self.assertIs(self.core.health.status, BalancerStatus.STOPPED)
        machine.start_asked()
        machine.looked(seen(), 1)
        machine.posted(took(*RING))
        machine.posted(took(*RING))
        machine.stop_asked()
        self.assertEqual(self.core.drain()[-3:], [RoundOver(), Wait(600), StopWaiting()])
        self.assertEqual(self.round(seen(), 10), [RoundOver(), Wait(600)])
