# -*- test-case-name: txtor.test.directory.test_exit_list -*-
"""
Exit lists.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import ExitList
from txtor.errors import MalformedDocument

A, B = "63BA28370F543D175173E414D5450590D73E22DC", "B" * 40
TEXT = f"""@type tordnsel 1.0
Downloaded 2010-12-28 08:02:03
ExitNode {A}
Published 2010-12-28 07:35:55
LastStatus 2010-12-28 08:10:11
NewLine 1 2
ExitAddress 91.102.152.236 2010-12-28 07:10:30
ExitAddress 91.102.152.227 2010-12-28 10:35:30
ExitNode {B}
Published 2010-12-28 07:35:56
""".encode()


class ExitListTests(SynchronousTestCase):
    """
    TorDNSEL.
    """

    def test_entries(self) -> None:
        """
        Each ``ExitNode`` begins an entry with its own times, addresses and unknown lines.
        """
        document = ExitList.parse(TEXT)
        self.assertEqual(document.downloaded, datetime(2010, 12, 28, 8, 2, 3, tzinfo=timezone.utc))
        first, second = document.entries
        self.assertEqual((first.fingerprint, first.published), (A, datetime(2010, 12, 28, 7, 35, 55, tzinfo=timezone.utc)))
        self.assertEqual([address for address, _ in first.addresses], ["91.102.152.236", "91.102.152.227"])
        self.assertEqual(first.addresses[1].seen.hour, 10)
        self.assertEqual(first.unrecognized_lines, ("NewLine 1 2",))
        self.assertEqual((second.last_status, second.addresses), (None, ()))
        self.assertEqual(bytes(document), TEXT)

    def test_empty(self) -> None:
        """
        A list may name no exits.
        """
        self.assertEqual(ExitList.parse(b"Downloaded 2010-12-28 08:02:03\n").entries, ())

    def test_refused(self) -> None:
        """
        What cannot be read is told with its line.
        """
        for old, new, line in (
            (B.encode(), b"B" * 39, 9),
            (b"91.102.152.227", b"91.102.152.300", 8),
            (b"07:35:56", b"07:35:99", 10),
            (b"ExitAddress 91.102.152.236 2010-12-28 07:10:30", b"ExitAddress 91.102.152.236", 7),
            (f"ExitNode {A}".encode(), b"Downloaded 2010-12-28 08:02:03", 3),
        ):
            with self.assertRaises(MalformedDocument) as caught:
                ExitList.parse(TEXT.replace(old, new))
            self.assertEqual(caught.exception.line, line)

    @settings(max_examples=80)
    @given(st.integers(0, len(TEXT) - 1), st.binary(max_size=3))
    def test_any_change(self, place: int, new: bytes) -> None:
        """
        With bytes changed it is a list or the declared error.
        """
        data = TEXT[:place] + new + TEXT[place + 1 :]
        with contextlib.suppress(MalformedDocument):
            self.assertEqual(bytes(ExitList.parse(data)), data)
