# -*- test-case-name: txtor.test.onion.test_revision -*-
"""
Revision counters.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import revision_counter

from .samples import KEY, PERIOD

BLINDED = KEY.blind(PERIOD)


class RevisionTests(SynchronousTestCase):
    """
    Counters of one key.
    """

    def test_vector(self) -> None:
        """
        The first, the second, and the one after an hour.
        """
        self.assertEqual([revision_counter(BLINDED, second) for second in (1, 2, 3600)], [17696, 66565, 119509990])

    def test_refused(self) -> None:
        """
        There are 2^18 of them.
        """
        self.assertGreater(revision_counter(BLINDED, 2**18), 2**18)
        for second in (0, -1, 2**18 + 1, 1.5, True, None):
            self.assertRaises(InvalidArgument, revision_counter, BLINDED, second)

    @settings(max_examples=30)
    @given(st.integers(1, 2**18 - 1), st.integers(1, 2**18))
    def test_growing(self, second: int, later: int) -> None:
        """
        A later one is greater; other keys have others.
        """
        later = min(second + later, 2**18)
        self.assertLess(revision_counter(BLINDED, second), revision_counter(BLINDED, later))
        self.assertNotEqual(revision_counter(BLINDED, second), revision_counter(KEY.blind(PERIOD.next), second))
