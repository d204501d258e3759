"""
Tests for ``txtor.directory._encoding``.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import _encoding as encoding
from txtor.directory._encoding import BadValue
from txtor.errors import InvalidArgument

QUICK = settings(max_examples=80)


class NumberTests(SynchronousTestCase):
    """
    Numbers and ports.
    """

    def test_digits(self) -> None:
        """
        A number is its digits; leading zeros are digits as well.
        """
        self.assertEqual(encoding.integer("0"), 0)
        self.assertEqual(encoding.integer("0042"), 42)
        self.assertEqual(encoding.integer("-7", -10), -7)

    def test_what_int_takes(self) -> None:
        """
        What Python's ``int`` takes beside digits is no number of a document.
        """
        for text in ["", "1_0", " 7", "7 ", "+7", "-7", "٣", "²", "0x10", "1e3", "7\n", "--7", "9" * 5000]:
            self.assertRaises(BadValue, encoding.integer, text)
        self.assertRaises(BadValue, encoding.integer, "--7", -10)

    def test_bounds(self) -> None:
        """
        A number outside of its bounds is refused, and the bounds are inside.
        """
        self.assertEqual(encoding.integer("5", 5, 5), 5)
        self.assertRaises(BadValue, encoding.integer, "4", 5, 5)
        self.assertRaises(BadValue, encoding.integer, "6", 5, 5)

    def test_port(self) -> None:
        """
        A port is 1 to 65535, and 0 only where it means that there is none.
        """
        self.assertEqual(encoding.port("65535"), 65535)
        self.assertEqual(encoding.port("0", zero=True), 0)
        for text in ["0", "65536", "", "-1", "99999", "123456", "8 0", "٣"]:
            self.assertRaises(BadValue, encoding.port, text)


class TimeTests(SynchronousTestCase):
    """
    Times.
    """

    def test_utc(self) -> None:
        """
        A time is an aware datetime in UTC.
        """
        self.assertEqual(encoding.time("2026-11-22 13:00:59"), datetime(2026, 11, 22, 13, 0, 59, tzinfo=timezone.utc))
        self.assertEqual(encoding.time("2026-11-22T13:00:59", "T"), encoding.time("2026-11-22 13:00:59"))

    def test_leap_second(self) -> None:
        """
        Second 60 is the first one of the next minute, even at the end of a year.
        """
        self.assertEqual(encoding.time("2016-12-31 23:59:60"), datetime(2017, 1, 1, tzinfo=timezone.utc))

    def test_not_a_time(self) -> None:
        """
        Whatever else a parser of times may take is refused, and nothing but `BadValue` is raised.
        """
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T13:00:59",
            "2026-11-22 13:00:61",
            "2026-13-01 00:00:00",
            "2026-02-30 00:00:00",
            "1969-12-31 23:59:59",
            "2026-11-22 13:00:59Z",
            "2026-11-22 24:00:00",
            "2026-11-22  3:00:59",
            "9999-12-31 23:59:60",
            "٢٠٢٦-11-22 13:00:59",
            "2026-W48-7 13:00:59",
            "+026-11-22 13:00:59",
        ]:
            self.assertRaises(BadValue, encoding.time, text)

    @QUICK
    @given(st.datetimes(min_value=datetime(1970, 1, 1)))
    def test_every_time(self, moment: datetime) -> None:
        """
        Every second since 1970 is read as it was written.
        """
        moment = moment.replace(microsecond=0)
        self.assertEqual(encoding.time(moment.isoformat(" ")), moment.replace(tzinfo=timezone.utc))

    def test_aware(self) -> None:
        """
        A caller's time must say its zone; any zone will do.
        """
        self.assertRaises(InvalidArgument, encoding.aware, datetime(2026, 1, 1))
        there = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
        self.assertEqual(encoding.aware(there), datetime(2026, 1, 1, tzinfo=timezone.utc))


class NameTests(SynchronousTestCase):
    """
    Fingerprints, nicknames, addresses.
    """

    def test_fingerprint(self) -> None:
        """
        Both cases are read, and the upper one is given.
        """
        self.assertEqual(encoding.fingerprint("ab" * 20), "AB" * 20)
        for text in ["", "AB" * 19, "AB" * 21, "$" + "AB" * 20, "AG" * 20, "AB" * 19 + "A "]:
            self.assertRaises(BadValue, encoding.fingerprint, text)

    def test_nickname(self) -> None:
        """
        A nickname is 1 to 19 letters and digits.
        """
        self.assertEqual(encoding.nickname("a" * 19), "a" * 19)
        for text in ["", "a" * 20, "a-b", "ä", "a b"]:
            self.assertRaises(BadValue, encoding.nickname, text)

    def test_hexadecimal(self) -> None:
        """
        Hexadecimal digits are read, and nothing that ``bytes.fromhex`` takes beside them.
        """
        self.assertEqual(encoding.hexadecimal("aB01", 2), b"\xab\x01")
        for text in ["aB0", "aB 01", "aB01cd", "zz01", " aB01"]:
            self.assertRaises(BadValue, encoding.hexadecimal, text, 2)

    def test_ipv4(self) -> None:
        """
        Four numbers below 256.
        """
        self.assertEqual(encoding.ipv4("127.0.0.1"), "127.0.0.1")
        for text in ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", "1.2.3.", "1.2.3.0001", "::1", "٣.2.3.4"]:
            self.assertRaises(BadValue, encoding.ipv4, text)

    def test_address_port(self) -> None:
        """
        IPv6 stands in brackets and IPv4 does not; a zone is refused.
        """
        self.assertEqual(encoding.address_port("127.0.0.1:80"), ("127.0.0.1", 80))
        self.assertEqual(encoding.address_port("[::]:9001"), ("::", 9001))
        for text in ["", "127.0.0.1", "[127.0.0.1]:80", "::1:80", "[fe80::1%eth0]:80", "[::1]", "[::1]:0", "host:80", "[]:80"]:
            self.assertRaises(BadValue, encoding.address_port, text)


class Base64Tests(SynchronousTestCase):
    """
    Base64.
    """

    def test_padding(self) -> None:
        """
        All of the padding may be there, or none.
        """
        for text in ["AQ", "AQ=="]:
            self.assertEqual(encoding.base64(text, 1), b"\x01")
        for text in ["AQ=", "AQ===", "=AQ", "A=Q="]:
            self.assertRaises(BadValue, encoding.base64, text)

    def test_strict(self) -> None:
        """
        Leftover bits, other alphabets, white space and a length that no bytes have are refused; so is another size.
        """
        for text in ["AR", "A", "AQ-_", "A Q", "AQ\n", "AQé", "AQID\r"]:
            self.assertRaises(BadValue, encoding.base64, text)
        self.assertRaises(BadValue, encoding.base64, "AQ", 2)

    @QUICK
    @given(st.binary(max_size=80))
    def test_every_value(self, value: bytes) -> None:
        """
        What is written with and without padding is read.
        """
        padded = base64.b64encode(value).decode()
        self.assertEqual(encoding.base64(padded), value)
        self.assertEqual(encoding.base64(encoding.unpadded(value), len(value)), value)

    @QUICK
    @given(st.text(max_size=12))
    def test_every_text(self, text: str) -> None:
        """
        Of all texts, those alone are read that are written so again.
        """
        try:
            value = encoding.base64(text)
        except BadValue:
            return
        self.assertIn(text, (encoding.unpadded(value), base64.b64encode(value).decode()))

    def test_object(self) -> None:
        """
        In an object, lines may end anywhere and padding is not optional.
        """
        self.assertEqual(encoding.object_base64("AQ\nI=\n"), b"\x01\x02")
        for body in ["AQ\n", "AQI\n", "AQ I=\n", "AQ=\r\n", "AR==\n", "AQI=\n=\n"]:
            self.assertRaises(BadValue, encoding.object_base64, body)
