# -*- test-case-name: txtor.test.directory.test_family -*-
"""
Families and subnets.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Family, FamilyMember, are_family, subnet
from txtor.errors import InvalidArgument

A, B, C = "A" * 40, "B" * 40, "C" * 40


class FamilyTests(SynchronousTestCase):
    """
    Lists of relatives.
    """

    def test_names(self) -> None:
        """
        A relay is named by fingerprint, in four forms, or by nickname in any case; a broken fingerprint names nobody.
        """
        family = Family.parse(f"${'a' * 40}  ${B}=bee\t${C}~cee Nick $12 ??")
        self.assertTrue(all(family.names(fingerprint) for fingerprint in (A, B, C, "a" * 40)))
        self.assertTrue(family.names("D" * 40, "nICK"))
        self.assertFalse(family.names("D" * 40, "bee") or family.names("D" * 40))
        self.assertEqual((family.others, family.nicknames), (("??",), frozenset({"nick"})))
        self.assertEqual(family.entries[-2:], ("$12", "??"))

    def test_canonical(self) -> None:
        """
        The canonical form is sorted and has the relay itself in it, once; unknown words stay.
        """
        family = Family.parse(f"${'b' * 40}~bee Zed abel ${B} ??word $12")
        self.assertEqual(family.canonical("a" * 40), f"${A} ${B} ??word abel zed")
        self.assertEqual(Family.parse(family.canonical(A)).canonical(A), family.canonical(A))

    @settings(max_examples=60)
    @given(st.text(alphabet="$=~ABab01 ?\t", max_size=120))
    def test_any_text(self, text: str) -> None:
        """
        Any text is a family, and its canonical form is its own canonical form.
        """
        once = Family.parse(text).canonical(A)
        self.assertEqual(Family.parse(once).canonical(A), once)


class RelatedTests(SynchronousTestCase):
    """
    Whether two relays may stand in one circuit.
    """

    def test_lists(self) -> None:
        """
        Both must name each other, and the parameter must allow it.
        """
        one = FamilyMember(A, "one", Family([f"${B}"]))
        self.assertFalse(are_family(one, FamilyMember(B, "two")))
        other = FamilyMember(B, "two", Family(["ONE"]))
        self.assertTrue(are_family(one, other) and are_family(other, one))
        self.assertFalse(are_family(one, other, use_family_lists=False))

    def test_ids(self) -> None:
        """
        One common family id is enough, unless the parameter forbids it.
        """
        one = FamilyMember(A, family_ids=frozenset({"ed25519:x", "ed25519:y"}))
        other = FamilyMember(B, family_ids=frozenset({"ed25519:y"}))
        self.assertTrue(are_family(one, other))
        self.assertFalse(are_family(one, other, use_family_ids=False))

    def test_subnets(self) -> None:
        """
        A common IPv4 /16 or IPv6 /32 is enough, unless the option forbids it.
        """
        one = FamilyMember(A, addresses=("192.0.2.1", "2001:db8::1"))
        self.assertTrue(are_family(one, FamilyMember(B, addresses=("192.0.99.1",))))
        self.assertTrue(are_family(one, FamilyMember(B, addresses=("[2001:db8:ffff::1]",))))
        self.assertFalse(are_family(one, FamilyMember(B, addresses=("192.1.2.1", "2001:db9::1"))))
        self.assertFalse(are_family(one, FamilyMember(B, addresses=("192.0.99.1",)), distinct_subnets=False))

    def test_node_family(self) -> None:
        """
        Relays of one ``NodeFamily`` of the user are related, and a relay always is with itself.
        """
        one, other = FamilyMember(A, "one"), FamilyMember(B, "two")
        self.assertTrue(are_family(one, other, node_families=[Family.parse(f"${A} two")]))
        self.assertFalse(are_family(one, other, node_families=[Family.parse(f"${A}"), Family.parse("two")]))
        self.assertTrue(are_family(one, FamilyMember(A.lower())))

    def test_subnet(self) -> None:
        """
        The network is written with its prefix; what is no address is the caller's mistake.
        """
        self.assertEqual((subnet("192.0.2.1"), subnet("[2001:db8:1::]")), ("192.0.0.0/16", "2001:db8::/32"))
        with self.assertRaises(InvalidArgument):
            subnet("example.com")
