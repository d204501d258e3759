"""
Tests of reading values from words.
"""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.events import _read as read
from txtor.grammar import RouterName

from .sample import TEXTS, utc

FINGERPRINT = "D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB"


class ReadTests(SynchronousTestCase):
    """
    A value, or None.
    """

    def test_integer(self) -> None:
        """
        Decimal digits, perhaps behind a minus, and few enough to be a number of Tor's.
        """
        for text, value in (("0", 0), ("-4", -4), ("18446744073709551615", 2**64 - 1), ("007", 7)):
            self.assertEqual(read.as_integer(text), value)
        for text in ("", "-", "--1", "+1", " 1", "1_0", "1.0", "٣", "²", "0x1", "9" * 25, "-" + "9" * 5000):
            self.assertIsNone(read.as_integer(text), text[:20])

    @given(st.integers(-(2**64), 2**64))
    def test_integer_round_trip(self, value: int) -> None:
        """
        Every number of 64 bits is read.
        """
        self.assertEqual(read.as_integer(str(value)), value)

    def test_number(self) -> None:
        """
        What printf writes for a finite number; nothing else that Python would take.
        """
        for text, value in (("0.800000", 0.8), ("-1.5", -1.5), ("3", 3.0), ("3.", 3.0), (".5", 0.5)):
            self.assertEqual(read.as_number(text), value)
        for text in ("", ".", "-", "nan", "inf", "1e9", "1_0", " 1", "--1", "1.-5", "٣.٣", "9" * 400):
            self.assertIsNone(read.as_number(text), text[:20])

    @given(st.floats(allow_nan=False, allow_infinity=False, width=32))
    def test_number_round_trip(self, value: float) -> None:
        """
        What printf writes is read.
        """
        number = read.as_number(f"{value:f}")
        assert number is not None
        self.assertTrue(math.isclose(number, value, abs_tol=1e-6))

    def test_router(self) -> None:
        """
        A relay's name, or None.
        """
        self.assertEqual(read.as_router(f"${FINGERPRINT}~auth002"), RouterName(FINGERPRINT, "auth002"))
        self.assertIsNone(read.as_router("$x"))

    def test_routers(self) -> None:
        """
        A path has as many hops as Tor told, whether or not each can be read.
        """
        self.assertEqual(
            read.as_routers(f"${FINGERPRINT}~a,$x,b,"),
            (RouterName(FINGERPRINT, "a"), RouterName(None, "$x"), RouterName(None, "b"), RouterName(None, "")),
        )
        self.assertEqual(read.as_routers(""), ())

    def test_addresses(self) -> None:
        """
        An address and a port, or neither.
        """
        self.assertEqual((read.as_address("[::1]:80"), read.as_port("[::1]:80")), ("::1", 80))
        self.assertEqual((read.as_address("h"), read.as_port("h:99999")), (None, None))

    def test_time(self) -> None:
        """
        A time, or None.
        """
        self.assertEqual(read.as_time("2026-11-22T12:58:25.704529"), utc(2026, 11, 22, 12, 58, 25, 704529))
        self.assertIsNone(read.as_time("NEVER"))

    def test_lists(self) -> None:
        """
        Words and counts; what is no count is left out.
        """
        self.assertEqual(read.as_words("a,b"), ("a", "b"))
        self.assertEqual(read.as_words(""), ())
        self.assertEqual(read.as_counts("relay:3,created2:1,x,y:z"), {"relay": 3, "created2": 1})
        self.assertEqual(read.as_counts(""), {})
        self.assertEqual(read.as_shares("us=16,??=8"), {"us": 16, "??": 8})

    def test_bool(self) -> None:
        """
        Two spellings of yes and of no.
        """
        for text, value in (("YES", True), ("1", True), ("NO", False), ("0", False), ("yes", None), ("", None)):
            self.assertIs(read.as_bool(text), value)

    @given(TEXTS)
    def test_any(self, text: str) -> None:
        """
        No text makes any of them raise.
        """
        for name, function in vars(read).items():
            if name.startswith("as_") or name == "unless_unknown":
                function(text)
