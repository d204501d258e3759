"""
Tests for ``txtor.directory._statistics`` and ``_readers``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Item
from txtor.directory import _readers as readers
from txtor.directory import _statistics as statistics
from txtor.directory._encoding import BadValue
from txtor.directory._items import tokenize
from txtor.errors import MalformedDocument

END = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
PERIOD = "2026-11-22 12:00:00 (86400 s)"


def item(text: str) -> Item:
    """
    An item whose line is some text.
    """
    return Item(tokenize(f"key {text}\n".encode(), "test")[0], 1, 0)


class StatisticsTests(SynchronousTestCase):
    """
    The shapes of statistics.
    """

    def refused(self, read: Callable[[Item], object], *texts: str) -> None:
        """
        Assert that none of some lines can be read.
        """
        for text in texts:
            self.assertRaises(BadValue, read, item(text))

    def test_history(self) -> None:
        """
        A history is the end of its last interval, the length of each, and bytes; it may have no intervals.
        """
        read = statistics.read_byte_history
        self.assertEqual(read(item(f"{PERIOD} 1,2,3")), (END, 86400, (1, 2, 3)))
        self.assertEqual(read(item(PERIOD)), (END, 86400, ()))
        self.refused(read, "", "2026-11-22 12:00:00", f"{PERIOD} 1,,2", f"{PERIOD} x", "2026-11-22 12:00:00 (0 s) 1", "a b (9 s)")
        self.refused(read, "2026-11-22 12:00:00 (900 m) 1", "2026-11-22 12:00:00 900 s 1", f"{PERIOD} 1_0")

    def test_period(self) -> None:
        """
        A period is its end and its length.
        """
        self.assertEqual(statistics.read_period(item(PERIOD)), (END, 86400))
        self.refused(statistics.read_period, "", "2026-11-22 12:00:00")

    def test_counts(self) -> None:
        """
        Counts are by country, port, answer or version, and there may be none.
        """
        read = statistics.read_counts
        self.assertEqual(read(item("us=16,??=8")), {"us": 16, "??": 8})
        self.assertEqual(read(item("<OR>=8,obfs4=40")), {"<OR>": 8, "obfs4": 40})
        self.assertEqual(read(item("80=4,other=8")), {"80": 4, "other": 8})
        self.assertEqual(read(item("")), {})
        self.refused(read, "us", "us=", "us=x", "us=8,us=9", "us=8,,de=8", ",")

    def test_share(self) -> None:
        """
        A share is read as a part of one.
        """
        self.assertAlmostEqual(statistics.read_share(item("0.37%")), 0.0037)
        self.refused(statistics.read_share, "", "0.37", "%", "x%", "1e3%", "nan%", "1_0%")

    def test_deciles(self) -> None:
        """
        Deciles are decimal numbers; there may be none.
        """
        self.assertEqual(statistics.read_deciles(item("1437,0.44,0")), (1437.0, 0.44, 0.0))
        self.assertEqual(statistics.read_deciles(item("")), ())
        self.refused(statistics.read_deciles, "1,,2", "inf", "1e9", "٣")

    def test_bidirectional(self) -> None:
        """
        Four counts of connections.
        """
        read = statistics.read_bidirectional
        self.assertEqual(read(item(f"{PERIOD} 5,2,1,9")), (END, 86400, 5, 2, 1, 9))
        self.refused(read, PERIOD, f"{PERIOD} 1,2,3", f"{PERIOD} 1,2,3,4,5")

    def test_blurred(self) -> None:
        """
        A blurred number may be below zero, and says how it was blurred.
        """
        read = statistics.read_blurred
        found = read(item("-12 delta_f=8 epsilon=0.30 bin_size=8"))
        self.assertEqual((found.value, found.parameters), (-12, {"delta_f": "8", "epsilon": "0.30", "bin_size": "8"}))
        self.refused(read, "", "x", "5 delta_f", "5 a=1 a=2")

    def test_padding(self) -> None:
        """
        Counts of padding are by name.
        """
        found = statistics.read_padding(item(f"{PERIOD} bin-size=10000 write-drop=0"))
        self.assertEqual((found.end, found.interval, found.counts), (END, 86400, {"bin-size": 10000, "write-drop": 0}))
        self.refused(statistics.read_padding, "", f"{PERIOD} write-drop", f"{PERIOD} write-drop=x")

    def test_overload(self) -> None:
        """
        Overload lines have a version, an hour and numbers.
        """
        found = statistics.read_ratelimits(item("1 2026-11-22 12:00:00 100 200 3 4"))
        self.assertEqual(found, (1, END, 100, 200, 3, 4))
        self.assertEqual(statistics.read_fd_exhausted(item("1 2026-11-22 12:00:00")), (1, END))
        self.refused(statistics.read_ratelimits, "", "1 2026-11-22 12:00:00 100 200 3", "1 2026-11-22 12:00:00 100 200 3 x")
        self.refused(statistics.read_fd_exhausted, "", "1", "x 2026-11-22 12:00:00")

    def test_transport(self) -> None:
        """
        A transport has a name, an address and perhaps arguments; in sanitised documents the name alone.
        """
        read = statistics.read_transport
        self.assertEqual(read(item("obfs4 [::1]:443 cert=x,iat-mode=0")), ("obfs4", "::1", 443, "cert=x,iat-mode=0"))
        self.assertEqual(read(item("obfs4 1.2.3.4:443")), ("obfs4", "1.2.3.4", 443, None))
        self.assertEqual(read(item("obfs4")), ("obfs4", None, None, None))
        self.refused(read, "obfs4 here")

    @settings(max_examples=200)
    @given(st.text(st.characters(blacklist_characters="\n\0", blacklist_categories=["Cs"]), max_size=60), st.booleans())
    def test_every_line(self, text: str, begun: bool) -> None:
        """
        Whatever a line holds, each reader gives a value or the one declared error.
        """
        line = item(f"{PERIOD} {text}" if begun else text)
        for name, read in vars(statistics).items():
            if name.startswith("read_") and read.__module__ == statistics.__name__:
                try:
                    read(line)
                except BadValue:
                    continue


class ReaderTests(SynchronousTestCase):
    """
    Readers that several documents share.
    """

    def test_arguments(self) -> None:
        """
        A word that is missing is told, and those behind the known ones are passed over.
        """
        self.assertEqual(readers.read_first_word(item("a b")), "a")
        self.assertEqual(readers.read_words(item("a  b")), ("a", "b"))
        self.assertRaises(BadValue, readers.read_first_word, item(""))
        self.assertEqual(readers.read_time(item("2026-11-22 12:00:00 and more")), END)
        self.assertRaises(BadValue, readers.read_time, item("2026-11-22"))
        self.assertEqual(readers.read_grouped_fingerprint(item("ABCD " * 10 + "more")), "ABCD" * 10)
        self.assertEqual(readers.read_grouped_fingerprint(item("abcd" * 10)), "ABCD" * 10)
        self.assertRaises(BadValue, readers.read_grouped_fingerprint, item("ABCD " * 9))

    def test_objects(self) -> None:
        """
        An object that is no key or no certificate is refused.
        """
        (token,) = tokenize(b"key\n-----BEGIN X-----\nAQID\n-----END X-----\n", "test")
        broken = Item(token, 1, 0)
        self.assertEqual(readers.read_object(broken), b"\1\2\3")
        self.assertRaises(MalformedDocument, readers.read_rsa_key(1024), broken)
        self.assertRaises(MalformedDocument, readers.read_certificate, broken)
