"""
Tests of relays' names, addresses, times and onion addresses.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import (
    RouterName,
    format_address_port,
    is_fingerprint,
    is_nickname,
    onion_address,
    parse_address_port,
    parse_time,
)

FINGERPRINT = "D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB"
ONION = "6lhwsu4rkjtx7fj6q53ehja2rsq2quxg6e5ejl6zuxldbbau2k65cdid"
FINGERPRINTS = st.text(alphabet="0123456789ABCDEF", min_size=40, max_size=40)
NICKNAMES = st.from_regex(r"[A-Za-z0-9]{1,19}", fullmatch=True)


class RouterNameTests(SynchronousTestCase):
    """
    How Tor names relays.
    """

    def test_forms(self) -> None:
        """
        Fingerprint and nickname, joined by either sign, one of them alone, in either case of letters.
        """
        both = RouterName(FINGERPRINT, "auth002")
        self.assertEqual(RouterName.parse(f"${FINGERPRINT}~auth002"), both)
        self.assertEqual(RouterName.parse(f"${FINGERPRINT.lower()}=auth002"), both)
        self.assertEqual(RouterName.parse(f"${FINGERPRINT}"), RouterName(FINGERPRINT, None))
        self.assertEqual(RouterName.parse(FINGERPRINT.lower()), RouterName(FINGERPRINT, None))
        self.assertEqual(RouterName.parse("auth002"), RouterName(None, "auth002"))

    def test_broken(self) -> None:
        """
        What is none of these is a violation.
        """
        for text in (
            "",
            "$",
            "$auth002",
            "a b",
            "é",
            "x" * 20,
            f"${FINGERPRINT}0",
            f"${FINGERPRINT}~",
            f"${FINGERPRINT}~{'x' * 20}",
            f"${FINGERPRINT}~a~b",
            f"${FINGERPRINT}\n",
            f"$${FINGERPRINT}",
            f"${FINGERPRINT[:-1]}٣",
        ):
            with self.assertRaises(ProtocolViolation, msg=text):
                RouterName.parse(text)

    @given(st.builds(RouterName, FINGERPRINTS, NICKNAMES | st.none()) | st.builds(RouterName, st.none(), NICKNAMES))
    def test_round_trip(self, name: RouterName) -> None:
        """
        The text of a name gives the name.
        """
        self.assertEqual(RouterName.parse(str(name)), name)

    def test_empty(self) -> None:
        """
        A name of nothing has no text.
        """
        self.assertEqual(str(RouterName(None, None)), "")

    @given(st.text(max_size=70) | st.text(alphabet="$~=AFaf09", max_size=70))
    def test_any(self, text: str) -> None:
        """
        Any text gives a name whose parts are well-formed, or the one error.
        """
        try:
            name = RouterName.parse(text)
        except ProtocolViolation:
            return
        self.assertTrue(name.fingerprint is None or is_fingerprint(name.fingerprint))
        self.assertTrue(name.nickname is None or is_nickname(name.nickname))
        self.assertIn(str(name).removeprefix("$"), text.upper().replace("=", "~") + text)

    def test_words(self) -> None:
        """
        The lengths and letters of fingerprints and nicknames.
        """
        self.assertTrue(is_fingerprint(FINGERPRINT) and is_fingerprint(FINGERPRINT.lower()))
        self.assertTrue(is_nickname("a") and is_nickname("A" * 19))
        for text in ("", FINGERPRINT[1:], FINGERPRINT + "0", "g" * 40):
            self.assertFalse(is_fingerprint(text))
        for text in ("", "x" * 20, "a-b", "é", "a "):
            self.assertFalse(is_nickname(text))


class AddressPortTests(SynchronousTestCase):
    """
    An address and a port.
    """

    def test_last_colon(self) -> None:
        """
        The last colon separates; brackets around IPv6 are taken away where they are.
        """
        self.assertEqual(parse_address_port("127.0.0.1:9050"), ("127.0.0.1", 9050))
        self.assertEqual(parse_address_port("[2001:db8::1]:80"), ("2001:db8::1", 80))
        self.assertEqual(parse_address_port("2001:db8::1:80"), ("2001:db8::1", 80))
        self.assertEqual(parse_address_port(":0"), ("", 0))
        self.assertEqual(parse_address_port("[:65535"), ("[", 65535))

    def test_broken(self) -> None:
        """
        No colon, no port, or one that is no port, is a violation.
        """
        for text in ("", "a", "a:", "a:65536", "a:-1", "a:1x", "a: 1", "a:٣", "a:²", "a:000080", "a:" + "9" * 5000):
            with self.assertRaises(ProtocolViolation, msg=text[:20]):
                parse_address_port(text)

    @given(st.from_regex(r"[0-9a-f:.]{1,30}", fullmatch=True), st.integers(0, 65535))
    def test_round_trip(self, address: str, port: int) -> None:
        """
        What is joined can be split.
        """
        self.assertEqual(parse_address_port(format_address_port(address, port)), (address, port))

    def test_brackets(self) -> None:
        """
        IPv6 gets brackets.
        """
        self.assertEqual(format_address_port("::1", 80), "[::1]:80")
        self.assertEqual(format_address_port("127.0.0.1", 80), "127.0.0.1:80")

    @given(st.text(alphabet="[]:0159a٣", max_size=12))
    def test_any(self, text: str) -> None:
        """
        Any text gives an address and a port or the one error.
        """
        try:
            _, port = parse_address_port(text)
        except ProtocolViolation:
            return
        self.assertTrue(0 <= port <= 65535)


class TimeTests(SynchronousTestCase):
    """
    Times, which are UTC.
    """

    def test_forms(self) -> None:
        """
        Case 85: a space or a T, with or without a fraction, which is exact.
        """
        time = datetime(2026, 11, 22, 14, 49, 32, tzinfo=timezone.utc)
        self.assertEqual(parse_time("2026-11-22 14:49:32"), time)
        self.assertEqual(parse_time("2026-11-22T14:49:32"), time)
        self.assertEqual(parse_time("2026-11-22T14:49:32.794956"), time.replace(microsecond=794956))
        self.assertEqual(parse_time("2026-11-22T14:49:32.5"), time.replace(microsecond=500000))
        self.assertEqual(parse_time("2026-11-22 14:49:32.1234567"), time.replace(microsecond=123456))
        self.assertEqual(parse_time("2026-11-22 14:49:32").utcoffset(), timedelta(0))

    def test_broken(self) -> None:
        """
        Other forms, and times that do not exist, are violations.
        """
        for text in (
            "",
            "NEVER",
            "2026-11-22",
            "2026-11-22 14:49",
            "2026-13-22 14:49:32",
            "2026-02-30 14:49:32",
            "2026-11-22 24:00:00",
            "2026-11-22 14:49:60",
            "0000-01-01 00:00:00",
            "2026-11-22 14:49:32Z",
            "2026-11-22 14:49:32+01:00",
            "2026-11-22 14:49:32.",
            "2026-11-22_14:49:32",
            "2026-W47-7 14:49:32",
            "2026-11-22 14:49:32\n",
            "٢٠26-11-22 14:49:32",
        ):
            with self.assertRaises(ProtocolViolation, msg=text):
                parse_time(text)

    @given(st.datetimes(timezones=st.just(timezone.utc)))
    def test_round_trip(self, time: datetime) -> None:
        """
        A time in UTC is had back.
        """
        self.assertEqual(parse_time(time.replace(tzinfo=None).isoformat()), time)
        self.assertEqual(parse_time(time.replace(tzinfo=None).isoformat(" ")), time)

    @given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?") | st.text(max_size=30))
    def test_any(self, text: str) -> None:
        """
        Any text gives a time in UTC or the one error.
        """
        try:
            self.assertEqual(parse_time(text).utcoffset(), timedelta(0))
        except ProtocolViolation:
            pass


class OnionAddressTests(SynchronousTestCase):
    """
    Version 3 onion addresses.
    """

    def test_forms(self) -> None:
        """
        Case 106: upper case, ``.onion`` and one final dot are taken, and there is one normal form.
        """
        for text in (ONION, ONION.upper(), f"{ONION}.onion", f"{ONION}.ONION.", f"{ONION}."):
            self.assertEqual(onion_address(text), ONION)

    def test_broken(self) -> None:
        """
        Case 106: a wrong checksum, version, length or letter is refused, and the error says which it is.
        """
        flipped = ("7" if ONION[0] == "6" else "6") + ONION[1:]
        for text, why in (
            (flipped, "checksum"),
            (ONION[:-1] + "c", "version 2"),
            (ONION[1:], "56"),
            ("", "56"),
            ("0" + ONION[1:], "56"),
            (f"www.{ONION}.onion", "56"),
            (f"{ONION}..", "56"),
            ("a" * 16 + ".onion", "56"),
            ("\u0130" + ONION[1:], "56"),
        ):
            with self.assertRaises(InvalidArgument, msg=text) as caught:
                onion_address(text)
            self.assertIn(why, str(caught.exception))

    @given(st.text(max_size=70) | st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=56, max_size=56))
    def test_any(self, text: str) -> None:
        """
        Any text gives an address or the one error.
        """
        try:
            self.assertEqual(len(onion_address(text)), 56)
        except InvalidArgument:
            pass
