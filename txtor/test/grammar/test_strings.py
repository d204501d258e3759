"""
Tests of the two quoted codings.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import decode, find_closing_quote, quote_cstring, quote_string, unquote_cstring, unquote_string

BYTES = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b""))
QUOTED = st.text(alphabet='"\\ nrtx0179aé\udce9', max_size=20).map(lambda inner: f'"{inner}"')


class CStringTests(SynchronousTestCase):
    """
    CStrings: what Tor reads in SETCONF, and what it quotes.
    """

    def test_quote(self) -> None:
        """
        Case 1: quotes, backslashes, line ends and whatever is not printable ASCII are escaped.
        """
        self.assertEqual(quote_cstring("a \"q\" \\ b'\t\r\n"), r'''"a \"q\" \\ b\'\t\r\n"''')
        self.assertEqual(quote_cstring("é"), r'"\303\251"')
        self.assertEqual(quote_cstring(""), '""')

    def test_bytes(self) -> None:
        """
        Case 2: bytes that are not UTF-8, as in a path, are octal escapes, and a NUL is refused.
        """
        self.assertEqual(quote_cstring(b"/a\xff\x01"), r'"/a\377\001"')
        self.assertEqual(quote_cstring("/a\udcff"), r'"/a\377"')
        self.assertRaises(InvalidArgument, quote_cstring, "a\0b")
        self.assertRaises(InvalidArgument, quote_cstring, b"\0")

    def test_lone_surrogate(self) -> None:
        """
        A surrogate that stands for no byte is the caller's mistake.
        """
        self.assertRaises(InvalidArgument, quote_cstring, "\ud800")
        self.assertRaises(InvalidArgument, quote_string, "\ud800")

    def test_unquote(self) -> None:
        """
        Every escape of Tor: those of letters, octal ones of one to three digits, hexadecimal ones.
        """
        self.assertEqual(unquote_cstring(r'"\n\r\t\\\"\' \303\251 \7 \x41\x4a"'), "\n\r\t\\\"' é \7 AJ")

    def test_not_utf8(self) -> None:
        """
        Bytes that are not UTF-8 are kept.
        """
        self.assertEqual(unquote_cstring(r'"\377"'), decode(b"\xff"))
        self.assertEqual(unquote_cstring('"é\udcff\\n"'), "é\udcff\n")

    def test_not_a_cstring(self) -> None:
        """
        Missing quotes, a bare quote inside, and escapes that do not exist are violations.
        """
        for text in ("", '"', "a", '"a', 'a"', '"a"b"', '"a\\"', r'"\q"', r'"\400"', r'"\x4"', r'"\""a"'):
            with self.assertRaises(ProtocolViolation, msg=text):
                unquote_cstring(text)

    def test_lenient(self) -> None:
        """
        What Tor quotes without escaping can be read: an escape that does not exist stays as it stands.
        """
        self.assertEqual(unquote_cstring(r'"C:\qemu\400 "x" \n"', strict=False), 'C:\\qemu\\400 "x" \n')

    @given(BYTES)
    def test_round_trip(self, data: bytes) -> None:
        """
        Any bytes without NUL are had back, and what is written is printable ASCII.
        """
        quoted = quote_cstring(data)
        self.assertTrue(quoted.isascii() and quoted.isprintable())
        self.assertEqual(unquote_cstring(quoted), decode(data))
        self.assertEqual(find_closing_quote(quoted, 0), len(quoted) - 1)

    @given(QUOTED)
    def test_any(self, text: str) -> None:
        """
        Any text gives a value or the one error; leniently always a value.
        """
        try:
            unquote_cstring(text)
        except ProtocolViolation:
            pass
        self.assertIsInstance(unquote_cstring(text, strict=False), str)


class QuotedStringTests(SynchronousTestCase):
    """
    QuotedStrings: what Tor reads in AUTHENTICATE.
    """

    def test_quote(self) -> None:
        """
        Case 5: only quotes and backslashes get a backslash, and what is not ASCII stays.
        """
        self.assertEqual(quote_string('a"b\\cé\tx'), '"a\\"b\\\\cé\tx"')

    def test_refused(self) -> None:
        """
        Line ends and NUL have no place in it.
        """
        for value in ("a\rb", "a\nb", "a\0b"):
            self.assertRaises(InvalidArgument, quote_string, value)

    def test_no_c_escapes(self) -> None:
        """
        Case 5: a backslash and a letter are that letter.
        """
        self.assertEqual(unquote_string(r'"\n\303\\\""'), 'n303\\"')

    def test_not_a_quoted_string(self) -> None:
        """
        Missing quotes, a bare quote inside, and an escaped last quote are violations.
        """
        for text in ("", '"', "a", '"a', 'a"', '"a"b"', '"a\\"'):
            with self.assertRaises(ProtocolViolation, msg=text):
                unquote_string(text)

    @given(BYTES.map(lambda data: data.replace(b"\r", b"").replace(b"\n", b"")))
    def test_round_trip(self, data: bytes) -> None:
        """
        Any bytes without line ends and NUL are had back.
        """
        quoted = quote_string(data)
        self.assertEqual(unquote_string(quoted), decode(data))
        self.assertEqual(find_closing_quote(quoted, 0), len(quoted) - 1)

    @given(QUOTED)
    def test_any(self, text: str) -> None:
        """
        Any text gives a value or the one error.
        """
        try:
            unquote_string(text)
        except ProtocolViolation:
            pass


class ClosingQuoteTests(SynchronousTestCase):
    """
    Where a quoted string ends.
    """

    def test_escapes(self) -> None:
        """
        A quote behind an odd number of backslashes does not end it.
        """
        self.assertEqual(find_closing_quote('"a" b', 0), 2)
        self.assertEqual(find_closing_quote('x="a\\"b" c', 2), 7)
        self.assertEqual(find_closing_quote('"a\\\\" b"', 0), 4)
        self.assertEqual(find_closing_quote('"a\\\\\\"', 0), -1)
        self.assertEqual(find_closing_quote('"', 0), -1)

    def test_linear(self) -> None:
        """
        Many escaped quotes cost no more than their length.
        """
        self.assertEqual(find_closing_quote('"' + '\\"' * 200_000, 0), -1)
        self.assertEqual(find_closing_quote('"' + "\\" * 400_000 + '"', 0), 400_001)
