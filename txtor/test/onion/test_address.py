# -*- test-case-name: txtor.test.onion.test_address -*-
"""
Onion addresses: every accepted spelling, and what is none.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import OnionAddress, OnionKey

ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead"
RFC_8032 = "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"


def spelled(public_key: bytes) -> str:
    """
    The address of any 32 bytes, with a right checksum.
    """
    checksum = hashlib.sha3_256(b".onion checksum" + public_key + b"\3").digest()[:2]
    return base64.b32encode(public_key + checksum + b"\3").decode("ascii").lower()


class AddressTests(SynchronousTestCase):
    """
    Reading and writing addresses.
    """

    def test_key(self) -> None:
        """
        The address of a key, and the key of an address.
        """
        key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        self.assertEqual(OnionAddress.from_public_key(key).bare, RFC_8032)
        self.assertEqual(OnionAddress.parse(RFC_8032).public_key, key)
        self.assertEqual(OnionAddress(key).hostname, RFC_8032 + ".onion")

    def test_spellings(self) -> None:
        """
        Either case, ``.onion``, a final dot, names before it: one normal form. Case 106.
        """
        for text in (ADDRESS, ADDRESS.upper(), ADDRESS + ".onion", ADDRESS.upper() + ".ONION.", ADDRESS + "."):
            address = OnionAddress.parse(text)
            self.assertEqual((address.bare, str(address), address.subdomain), (ADDRESS, ADDRESS + ".onion", ""))
        self.assertEqual(OnionAddress.parse(address), address)

    def test_subdomain(self) -> None:
        """
        What stands before an address is kept apart; it names the same service.
        """
        address = OnionAddress.parse(f"A.www.{ADDRESS}.onion")
        self.assertEqual((address.subdomain, address.full_hostname), ("a.www", f"a.www.{ADDRESS}.onion"))
        self.assertEqual(address, OnionAddress.parse(ADDRESS))
        self.assertEqual(hash(address), hash(OnionAddress.parse(ADDRESS)))
        self.assertEqual(OnionAddress.parse(ADDRESS).full_hostname, ADDRESS + ".onion")
        self.assertNotEqual(address, OnionAddress.parse(RFC_8032))
        self.assertNotEqual(address, ADDRESS)
        self.assertEqual(repr(address), f"OnionAddress.parse('a.www.{ADDRESS}.onion')")

    def test_copies(self) -> None:
        """
        An address is a value: a copy and one that was pickled are equal to it.
        """
        address = OnionAddress.parse(f"www.{ADDRESS}")
        for other in (copy.deepcopy(address), pickle.loads(pickle.dumps(address))):
            self.assertEqual((other, other.full_hostname), (address, address.full_hostname))

    def test_vectors_refused(self) -> None:
        """
        A part of small order with a right checksum, version 4, a wrong checksum. Case 106.
        """
        for text, why in (
            ("wubp6pms4moydefuvjhkaqkaaulh7liitrg6twwiul6ikd7nj5mizoyd", "small order"),
            ("aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqeae", "version 4"),
            ("l5satjgud6gucryazcyvyvhuxhr74u6ygigiuyixe3a6ysis67ororad", "checksum"),
        ):
            self.assertIn(why, str(self.assertRaises(InvalidArgument, OnionAddress.parse, text)))

    def test_points_refused(self) -> None:
        """
        With a right checksum: no point of the curve, a second spelling of one, the identity.
        """
        for number in (2, 2**255 - 18, 1, 0, 1 | 1 << 255):
            self.assertRaises(InvalidArgument, OnionAddress.parse, spelled(number.to_bytes(32, "little")))

    def test_malformed(self) -> None:
        """
        Wrong length, wrong characters, an empty label, version 2, no text at all.
        """
        for text in (
            "", ".onion", ".", ADDRESS[:-1], ADDRESS + "a", "1" + ADDRESS[1:], f".{ADDRESS}", f"a..{ADDRESS}", f"a b.{ADDRESS}",
            f"{ADDRESS}.onion.onion", f"{ADDRESS}.onion..", f"{ADDRESS}\n", f" {ADDRESS}", "expyuzz4wqqyqhjn.onion",
            f"{'a' * 64}.{ADDRESS}", f"{'a.' * 120}{ADDRESS}", f"http://{ADDRESS}", f"{ADDRESS}:80", f"a\r\nb.{ADDRESS}",
            RFC_8032.replace("k", "\N{KELVIN SIGN}"), f"\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}.{ADDRESS}",
        ):  # fmt: skip
            self.assertRaises(InvalidArgument, OnionAddress.parse, text)
        for thing in (None, 5, ADDRESS.encode()):
            self.assertRaises(InvalidArgument, OnionAddress.parse, thing)
        for key in (b"", bytes(31), "a" * 32, None):
            self.assertRaises(InvalidArgument, OnionAddress, key)


class AnyAddressTests(SynchronousTestCase):
    """
    Keys and texts of every kind.
    """

    @settings(max_examples=40)
    @given(st.binary(min_size=32, max_size=32))
    def test_round_trip(self, seed: bytes) -> None:
        """
        The address of any key is read again as itself.
        """
        address = OnionKey.from_seed(seed).address
        self.assertEqual(OnionAddress.parse(address.bare.upper()).public_key, address.public_key)

    @settings(max_examples=80)
    @given(
        st.one_of(st.text(max_size=80), st.binary(min_size=32, max_size=32).map(spelled), st.just(ADDRESS)), st.integers(0, 90)
    )
    def test_anything(self, text: str, cut: int) -> None:
        """
        Any text is an address or `InvalidArgument`.
        """
        for variant in (text, text[:cut], text[:cut] + "." + text[cut:]):
            try:
                address = OnionAddress.parse(variant)
            except InvalidArgument:
                continue
            self.assertEqual(OnionAddress.parse(address.full_hostname), address)
