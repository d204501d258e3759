# -*- test-case-name: txtor.test.directory.test_cooperate -*-
"""
Reading beside a reactor.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock, Cooperator
from twisted.trial.unittest import SynchronousTestCase

import txtor.directory
from txtor.directory import cooperate, parse_in_steps

from .documents import broken_descriptors


class CooperateTests(SynchronousTestCase):
    """
    Some work, then a turn for others.
    """

    def setUp(self) -> None:
        self.reactor = Clock()
        self.now = 0.0

    def cooperator(self) -> Cooperator:
        """
        One whose turns the test gives.
        """
        return Cooperator(lambda: lambda: True, lambda turn: self.reactor.callLater(1, turn))

    def turn(self) -> int:
        """
        Give turns until nothing wants one.
        """
        count = 0
        while self.reactor.getDelayedCalls():
            self.reactor.advance(1)
            count += 1
        return count

    def test_all_items(self) -> None:
        """
        Every reading is consumed, in order, and the number of them comes out.
        """
        found: list[bool] = []
        readings = parse_in_steps(broken_descriptors(20, 4))
        done = cooperate(self.cooperator(), readings, lambda reading: found.append(reading.error is None))
        self.turn()
        self.assertEqual(self.successResultOf(done), 20)
        self.assertEqual(found, [number != 4 for number in range(20)])

    def test_slices(self) -> None:
        """
        After a slice of work there is a turn for others; cheap items share one.
        """

        def consume(cost: float) -> None:
            self.now += cost

        done = cooperate(self.cooperator(), [0.001] * 20, consume, slice_seconds=0.0045, clock=lambda: self.now)
        self.assertEqual(self.turn(), 5)
        self.assertEqual(self.successResultOf(done), 20)
        done = cooperate(self.cooperator(), [0.01] * 3, consume, slice_seconds=0.005, clock=lambda: self.now)
        self.assertEqual(self.turn(), 4)

    def test_steps(self) -> None:
        """
        A step that makes no item is work and no item.
        """
        found: list[int] = []

        def items() -> Iterator[int | None]:
            for item in (None, 1, None, None, 2):
                self.now += 0.01
                yield item

        done = cooperate(self.cooperator(), items(), found.append, slice_seconds=0.005, clock=lambda: self.now)
        self.assertEqual(self.turn(), 6)
        self.assertEqual((found, self.successResultOf(done)), ([1, 2], 2))

    def test_waits(self) -> None:
        """
        Where the consumer returns a Deferred, the next item waits for it.
        """
        found: list[int] = []
        waiting: Deferred[None] = Deferred()

        def consume(item: int) -> Deferred[None] | None:
            found.append(item)
            return waiting if item == 1 else None

        done = cooperate(self.cooperator(), range(4), consume)
        self.turn()
        self.assertEqual(found, [0, 1])
        waiting.callback(None)
        self.turn()
        self.assertEqual((found, self.successResultOf(done)), ([0, 1, 2, 3], 4))

    def test_failure(self) -> None:
        """
        What the consumer raises ends the run, and the iterable is closed.
        """
        closed: list[bool] = []

        def items() -> Iterator[int]:
            try:
                yield from range(3)
            finally:
                closed.append(True)

        def consume(item: int) -> None:
            raise ZeroDivisionError

        done = cooperate(self.cooperator(), items(), consume)
        self.turn()
        self.failureResultOf(done, ZeroDivisionError)
        self.assertEqual(closed, [True])

    def test_cancel(self) -> None:
        """
        A cancelled run consumes nothing more, and the iterable is closed.
        """
        closed: list[bool] = []
        found: list[int] = []

        def items() -> Iterator[int]:
            try:
                yield from range(1000)
            finally:
                closed.append(True)

        done = cooperate(self.cooperator(), items(), found.append, slice_seconds=0)
        self.reactor.advance(1)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.turn()
        self.assertEqual((found, closed), ([0], [True]))

    def test_only_shell(self) -> None:
        """
        No other module of txtor.directory knows Twisted.
        """
        folder = pathlib.Path(txtor.directory.__file__).parent
        knowing = [path.name for path in folder.glob("*.py") if "twisted" in path.read_text(encoding="utf-8")]
        self.assertEqual(knowing, ["_cooperate.py"])
