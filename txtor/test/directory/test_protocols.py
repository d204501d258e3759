# -*- test-case-name: txtor.test.directory.test_protocols -*-
"""
Subprotocol versions.
"""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Protocols
from txtor.errors import MalformedDocument

TOR = (
    "Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 "
    "Padding=2 Relay=2-6"
)


class ProtocolsTests(SynchronousTestCase):
    """
    ``proto`` and its relatives.
    """

    def test_real(self) -> None:
        """
        What tor 0.4.9.11 writes is read and written the same.
        """
        protocols = Protocols.parse(TOR)
        self.assertEqual(str(protocols), TOR)
        self.assertEqual(protocols["Link"], (3, 4, 5))
        self.assertTrue(protocols.supports("Relay", 6))
        self.assertFalse(protocols.supports("Relay", 7) or protocols.supports("relay", 2) or protocols.supports("Relay", 500))
        self.assertEqual(list(protocols)[:2], ["Conflux", "Cons"])

    def test_required(self) -> None:
        """
        What is required and missing is told.
        """
        required = Protocols("Cons=2 Link=4-6 New=1")
        self.assertEqual(str(required.missing_from(Protocols(TOR))), "Link=6 New=1")
        self.assertEqual(len(Protocols("Cons=2").missing_from(Protocols(TOR))), 0)

    def test_refused_in_bounded_time(self) -> None:
        """
        Huge and reversed ranges, an open comma and long names are refused; an empty list is read. Case 16 of the documents,
        case 126.
        """
        for text in (
            "Link=1-50000000", "Link=5-2", "Link=1,", "N" * 101 + "=1", "Link", "=1", "Link=64", "Link=-1", "Link=1--2",
            "Li_nk=1", "Link=٣", "Link=1 garbage",
        ):  # fmt: skip
            with self.assertRaises(MalformedDocument):
                Protocols(text)
        empty = Protocols("Link= Relay=0,63")
        self.assertEqual((empty["Link"], empty["Relay"], str(empty)), ((), (0, 63), "Link= Relay=0,63"))

    def test_equal_by_meaning(self) -> None:
        """
        Order and form make no difference; the text stays.
        """
        one, other = Protocols("B=1,2,3 A=1"), Protocols("A=1 B=1-3 C=")
        self.assertEqual((one, hash(one)), (other, hash(other)))
        self.assertEqual((str(one), one.text), ("A=1 B=1-3", "B=1,2,3 A=1"))
        self.assertNotEqual(one, Protocols("A=1"))

    @settings(max_examples=100)
    @given(st.dictionaries(st.sampled_from(["A", "Bc", "D-1"]), st.sets(st.integers(0, 63))))
    def test_any_versions(self, versions: dict[str, set[int]]) -> None:
        """
        Any sets of versions come back from what is written.
        """
        text = " ".join(f"{name}={','.join(map(str, numbers))}" for name, numbers in versions.items())
        protocols = Protocols(str(Protocols(text)))
        self.assertEqual({name: set(protocols[name]) for name in protocols}, versions)

    @settings(max_examples=100)
    @given(st.text(alphabet="AB=0123456789,- ٣_", max_size=30))
    def test_any_text(self, text: str) -> None:
        """
        A value, or the declared error.
        """
        with contextlib.suppress(MalformedDocument):
            self.assertEqual(Protocols(text).text, text)
