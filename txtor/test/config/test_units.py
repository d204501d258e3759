# -*- test-case-name: txtor.test.config.test_units -*-
"""
Tests of numbers with units.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.config._units import BYTES, MILLISECONDS, SECONDS, parse_quantity
from txtor.errors import InvalidArgument


class QuantityTests(SynchronousTestCase):
    """
    What tor takes for times and sizes; `txtor.test.config.test_on_tor` asks a real one.
    """

    def test_times(self) -> None:
        """
        Case 74: times with and without units, in any capitals, with fractions.
        """
        for text, seconds in (
            ("0", 0), ("60", 60), ("10 minutes", 600), ("1 second", 1), ("2  HOURS", 7200), ("1.5 hours", 5400),
            ("1day", 86400), ("2 weeks", 1209600), ("2 months", 5259456), (" 5 ", 5), ("1.9", 1),
        ):
            self.assertEqual(parse_quantity(text, SECONDS), seconds, text)

    def test_milliseconds(self) -> None:
        """
        A bare number is of milliseconds.
        """
        for text, milliseconds in (("10", 10), ("100 msec", 100), ("1 second", 1000), ("2 milliseconds", 2), ("1 hour", 3600000)):
            self.assertEqual(parse_quantity(text, MILLISECONDS), milliseconds, text)

    def test_sizes(self) -> None:
        """
        Case 74: sizes go by 1024, and bits are an eighth.
        """
        for text, size in (
            ("0", 0), ("12", 12), ("1 byte", 1), ("1 KB", 1024), ("1 MB", 1048576), ("3 m", 3145728), ("1 GBytes", 1 << 30),
            ("1.5 terabytes", 3 << 39), ("8 kilobits", 1024), ("1 Mbit", 1 << 17), ("2 gigabits", 1 << 28),
        ):
            self.assertEqual(parse_quantity(text, BYTES), size, text)

    def test_nonsense(self) -> None:
        """
        What is no number, or has another unit, is refused.
        """
        for text in (
            "", "x", "-1", "1 parsec", "1 2", "1e3", "٣", "0x10", "1" * 400, "minutes", ".", "+", "+-1", "1 MBB", "auto", "3 k",
            "8 bits", "1 msecs", "5 min",
        ):
            for units in (SECONDS, MILLISECONDS, BYTES):
                self.assertRaises(InvalidArgument, parse_quantity, text, units)

    @settings(max_examples=200)
    @given(st.text(max_size=30), st.sampled_from([SECONDS, MILLISECONDS, BYTES]))
    def test_any_text(self, text: str, units: dict[str, int]) -> None:
        """
        Any text is a number that is not negative, or the one error.
        """
        try:
            self.assertGreaterEqual(parse_quantity(text, units), 0)  # type: ignore[arg-type]  # a table of units
        except InvalidArgument:
            pass
