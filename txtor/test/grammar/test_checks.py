"""
Tests of what may be put into a command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.grammar import bare, check_line, decode, fingerprint, identifier, option_name, relay

FINGERPRINT = "D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB"

#: What a value may be that would be another argument, another line, or no text at all.
INJECTIONS: list[Any] = ["", " ", "a b", "a\r\nQUIT", "a\nb", "a\0b", "a\tb", "a\vb", "a\fb", 'a"b', "é", "\udcff", b"a", None]


class CheckTests(SynchronousTestCase):
    """
    Values that stand in a command without quotes.
    """

    def assertRefused(self, check: Callable[[Any], object], values: list[Any]) -> None:
        """
        Each value is the caller's mistake, and a small one: the error does not repeat a long value.
        """
        for value in [*values, "é" * 100_000]:
            with self.assertRaises(InvalidArgument, msg=repr(value)[:80]) as caught:
                check(value)
            self.assertLess(len(str(caught.exception)), 1000)

    def test_bare(self) -> None:
        """
        Case 3: a bare value is printable ASCII without spaces and quotes.
        """
        self.assertEqual(bare("ns/id/$AB~c!", "The key"), "ns/id/$AB~c!")
        self.assertRefused(lambda value: bare(value, "The key"), INJECTIONS)

    def test_bare_names_it(self) -> None:
        """
        The error says what it is about.
        """
        with self.assertRaises(InvalidArgument) as caught:
            bare("a b", "The purpose")
        self.assertIn("The purpose", str(caught.exception))

    def test_identifier(self) -> None:
        """
        Case 3: an identifier is 1 to 16 letters and digits, or a number that is not negative.
        """
        self.assertEqual(identifier("aZ09" * 4, "The circuit"), "aZ09" * 4)
        self.assertEqual(identifier(0, "The circuit"), "0")
        self.assertEqual(identifier(10**15, "The circuit"), str(10**15))
        self.assertRefused(
            lambda value: identifier(value, "The circuit"), [*INJECTIONS, "a" * 17, -1, 10**16, True, "a-b", "٣"]
        )
        self.assertRaises(InvalidArgument, identifier, 10**5000, "The circuit")

    def test_option_name(self) -> None:
        """
        Case 3: an option is letters, digits and underscores.
        """
        self.assertEqual(option_name("__LeaveStreamsUnattached"), "__LeaveStreamsUnattached")
        self.assertRefused(option_name, [*INJECTIONS, "a=b", "+Key", "/Key", "a-b"])

    def test_fingerprint(self) -> None:
        """
        Case 3: a fingerprint, with what Tor writes around it, in either case, becomes the bare one.
        """
        for value in (FINGERPRINT, FINGERPRINT.lower(), f"${FINGERPRINT}", f"${FINGERPRINT}~nick", f"{FINGERPRINT}=nick"):
            self.assertEqual(fingerprint(value), FINGERPRINT)
        self.assertRefused(
            fingerprint,
            [*INJECTIONS, FINGERPRINT[1:], FINGERPRINT + "0", f"$${FINGERPRINT}", f"{FINGERPRINT}~", f"{FINGERPRINT}~a b"],
        )

    def test_relay(self) -> None:
        """
        A relay is sent by fingerprint where there is one, without the nickname that Tor would refuse, or else by nickname.
        """
        self.assertEqual(relay(f"${FINGERPRINT}=nick"), f"${FINGERPRINT}")
        self.assertEqual(relay(FINGERPRINT.lower()), f"${FINGERPRINT}")
        self.assertEqual(relay("nick"), "nick")
        self.assertRefused(relay, [*INJECTIONS, "x" * 20, "a,b", f"${FINGERPRINT}~{'x' * 20}"])

    @given(st.text(max_size=50))
    def test_any(self, value: str) -> None:
        """
        Whatever passes holds nothing that Tor would take for more than one argument.
        """
        for check in (lambda text: bare(text, "It"), lambda text: identifier(text, "It"), option_name, fingerprint, relay):
            try:
                passed = check(value)
            except InvalidArgument:
                continue
            self.assertTrue(passed and passed.isascii() and passed.isprintable())
            self.assertTrue(set(passed).isdisjoint(' "'))


class CheckLineTests(SynchronousTestCase):
    """
    Whole command lines given by the caller.
    """

    def test_line(self) -> None:
        """
        A line is its bytes; quotes, spaces, UTF-8 and kept bytes may be in it.
        """
        self.assertEqual(check_line('SETCONF ContactInfo="é \udcff"'), b'SETCONF ContactInfo="\xc3\xa9 \xff"')

    def test_refused(self) -> None:
        """
        Case 3: whatever ends or splits a line for Tor is refused, and what it takes for an empty command.
        """
        for char in "\r\n\0\t\v\f":
            self.assertRaises(InvalidArgument, check_line, f"GETINFO a{char}QUIT")
        for line in ("", " ", "\n", " GETINFO a", "GETINFO \ud800", b"GETINFO a", None):
            self.assertRaises(InvalidArgument, check_line, line)

    def test_secret(self) -> None:
        """
        Case 57: the error does not repeat the arguments.
        """
        with self.assertRaises(InvalidArgument) as caught:
            check_line('AUTHENTICATE "hunter2"\n')
        self.assertIn("AUTHENTICATE", str(caught.exception))
        self.assertNotIn("hunter2", str(caught.exception))

    @given(st.text(max_size=40))
    def test_any(self, line: str) -> None:
        """
        What passes is one line for Tor, and the same text.
        """
        try:
            data = check_line(line)
        except InvalidArgument:
            return
        self.assertEqual(decode(data), line)
        self.assertEqual(data.split(None, 1)[:1], data.split(b" ", 1)[:1])
