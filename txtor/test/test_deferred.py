# -*- test-case-name: txtor.test.test_deferred -*-
"""
Tests of coroutines that are Deferreds outside, and of taking turns.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor._deferred import OneAtATime, deferred


class DeferredTests(SynchronousTestCase):
    """
    A public asynchronous call has started when it returns.
    """

    def test_started(self) -> None:
        """
        What comes before the first wait is done when the call returns; the result fires the Deferred.
        """
        steps: list[str] = []
        waiting: Deferred[str] = Deferred()

        @deferred
        async def call(word: str) -> str:
            "What it does."
            steps.append(word)
            return await waiting

        answer = call("begun")
        self.assertEqual(steps, ["begun"])
        self.assertEqual(call.__doc__, "What it does.")
        waiting.callback("done")
        self.assertEqual(self.successResultOf(answer), "done")

    def test_cancelled(self) -> None:
        """
        Cancelling cancels what is waited for, and what must be done at the end is done.
        """
        waiting: Deferred[None] = Deferred()
        ended: list[bool] = []

        @deferred
        async def call() -> None:
            try:
                await waiting
            finally:
                ended.append(True)

        answer = call()
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertEqual(ended, [True])


class TurnTests(SynchronousTestCase):
    """
    One at a time, in order, and no recursion.
    """

    def setUp(self) -> None:
        self.turn = OneAtATime()
        self.seen: list[int] = []

    @deferred
    async def work(self, number: int, waiting: Deferred[None] | None = None) -> None:
        """
        Some work that takes its turn.
        """
        async with self.turn:
            if waiting is not None:
                await waiting
            self.seen.append(number)

    def test_many(self) -> None:
        """
        Five thousand that wait go on in their order when the first is done.
        """
        first: Deferred[None] = Deferred()
        all_of_them = [self.work(0, first), *(self.work(number) for number in range(1, 5000))]
        self.assertEqual(self.seen, [])
        first.callback(None)
        self.assertEqual(self.seen, list(range(5000)))
        for each in all_of_them:
            self.successResultOf(each)

    def test_order(self) -> None:
        """
        One of those that wait takes long: those behind it stay behind it.
        """
        first: Deferred[None] = Deferred()
        second: Deferred[None] = Deferred()
        self.work(0, first)
        self.work(1, second)
        self.work(2)
        first.callback(None)
        self.work(3)
        self.assertEqual(self.seen, [0])
        second.callback(None)
        self.assertEqual(self.seen, [0, 1, 2, 3])

    def test_cancel(self) -> None:
        """
        Who gives up its place holds up nobody; one that fails inside lets the next in.
        """
        first: Deferred[None] = Deferred()
        failing = self.work(0, first)
        given_up = self.work(1)
        self.work(2)
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        first.errback(ZeroDivisionError())
        self.failureResultOf(failing, ZeroDivisionError)
        self.assertEqual(self.seen, [2])
