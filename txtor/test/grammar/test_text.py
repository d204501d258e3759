"""
Tests of the border between bytes and text.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.grammar import decode, encode


class TextTests(SynchronousTestCase):
    """
    Bytes from the wire to text and back.
    """

    @given(st.binary())
    def test_round_trip(self, data: bytes) -> None:
        """
        Case 16: whatever the bytes are, their text gives them back.
        """
        self.assertEqual(encode(decode(data)), data)

    def test_utf8(self) -> None:
        """
        UTF-8 is read as UTF-8, and a byte that is none is a surrogate.
        """
        self.assertEqual(decode(b"caf\xc3\xa9"), "caf\u00e9")
        self.assertEqual(decode(b"caf\xe9"), "caf\udce9")

    def test_surrogate(self) -> None:
        """
        A surrogate that stands for no byte has no bytes.
        """
        self.assertRaises(UnicodeEncodeError, encode, "\ud800")
