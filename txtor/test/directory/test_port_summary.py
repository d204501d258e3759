# -*- test-case-name: txtor.test.directory.test_port_summary -*-
"""
Summaries of exit policies, and sets of ports.
"""

from __future__ import annotations

import contextlib
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import PortSummary
from txtor.directory._ports import Interval, complement, meets, subtract, union
from txtor.errors import MalformedDocument


class PortSummaryTests(SynchronousTestCase):
    """
    The ``p`` line and its relatives.
    """

    def test_accept(self) -> None:
        """
        What is listed is probably accepted, and the rest is not. Nothing is certain.
        """
        summary = PortSummary.parse("accept 80,443,1000-2000")
        self.assertEqual([port for port in (0, 79, 80, 443, 999, 1500, 2001) if port in summary], [80, 443, 1500])
        self.assertTrue(summary.can_exit_to("192.0.2.1", 80))
        self.assertFalse(summary.can_exit_to("192.0.2.1", 80, strict=True))
        self.assertEqual(summary.accepted, ((80, 80), (443, 443), (1000, 2000)))

    def test_reject(self) -> None:
        """
        What is listed is rejected, and the rest, but for port 0, is probably accepted.
        """
        summary = PortSummary.parse("reject 1-1023,65535")
        self.assertEqual(summary.accepted, ((1024, 65534),))
        self.assertEqual([port for port in (0, 1, 1023, 1024, 65534, 65535, 65536) if port in summary], [1024, 65534])
        self.assertTrue(summary.is_exiting_allowed)
        self.assertFalse(PortSummary.parse("reject 1-65535").is_exiting_allowed)

    def test_equal_by_meaning(self) -> None:
        """
        Two summaries are equal where they accept the same ports; each keeps its text.
        """
        one, other = PortSummary.parse("accept 2-65535"), PortSummary.parse("reject 1")
        self.assertEqual(one, other)
        self.assertEqual(hash(one), hash(other))
        self.assertEqual((str(one), str(other)), ("accept 2-65535", "reject 1"))
        self.assertNotEqual(one, PortSummary.parse("accept 1-65535"))

    def test_passed_over(self) -> None:
        """
        An entry that does not begin with a digit is passed over and stays readable; a range from 0 begins at 1.
        """
        summary = PortSummary.parse("accept new-word,80,0-5")
        self.assertEqual((summary.ports, summary.text), (((1, 5), (80, 80)), "accept new-word,80,0-5"))

    def test_refused(self) -> None:
        """
        Reversed and overflowing ranges, another first word and an empty list are refused.
        """
        texts = "accept;accept ;accept new;allow 80;;ACCEPT 80;accept 80-70;accept 65536;accept 1-70000;accept 1-;accept 1x"
        for text in [*texts.split(";"), "reject 8_0", "accept ٣"]:
            with self.assertRaises(MalformedDocument):
                PortSummary.parse(text)
        with self.assertRaises(MalformedDocument):
            PortSummary.parse("accept " + "1," * 2000 + "1")

    @settings(max_examples=150)
    @given(st.text(alphabet="0123456789,- ٣x", max_size=30))
    def test_any_text(self, text: str) -> None:
        """
        A summary that keeps its text, or the declared error.
        """
        with contextlib.suppress(MalformedDocument):
            summary = PortSummary.parse("accept " + text)
            self.assertEqual(str(summary), "accept " + text)
            self.assertEqual(PortSummary(True, summary.ports), summary)


INTERVALS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)).map(lambda pair: Interval(*pair)), max_size=6)


class IntervalTests(SynchronousTestCase):
    """
    Sets of ports against sets of numbers.
    """

    @settings(max_examples=150)
    @given(INTERVALS, st.integers(1, 40), st.integers(0, 40))
    def test_as_sets(self, intervals: list[Interval], first: int, last: int) -> None:
        """
        Union, difference, complement and meeting are those of sets; intervals come out sorted and apart.
        """
        ports = {port for low, high in intervals for port in range(low, high + 1)}
        joined = union(intervals)
        self.assertEqual({port for low, high in joined for port in range(low, high + 1)}, ports)
        self.assertTrue(all(a.last + 1 < b.first for a, b in pairwise(joined)))
        removed = set(range(first, last + 1))
        left = {port for low, high in subtract(joined, first, last) for port in range(low, high + 1)}
        self.assertEqual(left, ports - removed)
        self.assertEqual(meets(joined, first, last), bool(ports & removed))
        self.assertEqual(complement(complement(joined)), joined)
        self.assertEqual(sum(high - low + 1 for low, high in complement(joined)), 65535 - len(ports))
