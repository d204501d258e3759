# -*- test-case-name: txtor.test.test_listener -*-
"""
Tests of calling what a caller gave us.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from txtor._listener import tell


class TellTests(SynchronousTestCase):
    """
    A listener is told, and his failure is logged once, whichever way it comes.
    """

    def test_told(self) -> None:
        """
        The arguments are handed on; what is returned is nobody's concern.
        """
        heard: list[tuple[object, ...]] = []
        tell(lambda *arguments: heard.append(arguments), 1, "two")
        self.assertEqual(heard, [(1, "two")])

    def test_failures(self) -> None:
        """
        One that is raised, one of a Deferred, and one of a coroutine.
        """

        def raises() -> None:
            raise ValueError("raised")

        async def fails_late(waiting: Deferred[None]) -> None:
            await waiting
            raise ValueError("late")

        tell(raises)
        tell(lambda: fail(ValueError("returned")))
        waiting: Deferred[None] = Deferred()
        tell(fails_late, waiting)
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors(ValueError)], ["raised", "returned"])
        waiting.callback(None)
        self.assertEqual([str(each.value) for each in self.flushLoggedErrors(ValueError)], ["late"])
