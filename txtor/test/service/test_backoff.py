"""
How long a service waits.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.service import Backoff


class BackoffTests(SynchronousTestCase):
    """
    Numbers of seconds.
    """

    def test_longer_and_longer(self) -> None:
        """
        Each wait is longer than the one before, up to the longest.
        """
        backoff = Backoff(1, 2, 10, 0.5)
        self.assertEqual([backoff.delay(failures, 0) for failures in range(7)], [1, 1, 2, 4, 8, 10, 10])

    def test_chance(self) -> None:
        """
        A part is left to chance, so that not all programs come back at the same moment.
        """
        self.assertEqual([Backoff(1, 2, 10, 0.5).delay(3, chance) for chance in (0, 0.5, 1)], [4, 3, 2])

    def test_refused(self) -> None:
        """
        Numbers that make no sense.
        """
        wrong: list[dict[str, Any]] = [
            {"initial": -1},
            {"initial": 5, "maximum": 4},
            {"factor": 0.5},
            {"jitter": 2},
            {"stable": -1},
            {"maximum": float("inf")},
            {"factor": float("nan")},
        ]
        for arguments in wrong:
            self.assertRaises(InvalidArgument, Backoff, **arguments)


class HypothesisTests(SynchronousTestCase):
    """
    Any number.
    """

    @given(st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 100), st.floats(1, 10))
    @settings(max_examples=100)
    def test_bounds(self, failures: int, chance: float, initial: float, factor: float) -> None:
        """
        However often it failed, the wait is within its bounds, and computed at once.
        """
        if factor > 1.001 or failures < 10**5:
            delay = Backoff(initial, factor, 100).delay(failures, chance)
            self.assertTrue(0 <= delay <= 100)
