# -*- test-case-name: txtor.test.onion.test_introduction -*-
"""
Introduction points and how they name relays.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import encoding
from txtor.errors import InvalidArgument
from txtor.onion import IntroductionPoint, LinkSpecifier
from txtor.onion._introduction import format_link_specifiers, parse_link_specifiers

from .samples import point


class LinkSpecifierTests(SynchronousTestCase):
    """
    A list of link specifiers.
    """

    def test_read(self) -> None:
        """
        Addresses, identities, and a type that is not known.
        """
        data = (
            b"\5\0\6\x7f\0\0\1\x01\xbb" + b"\1\x12" + bytes(15) + b"\1\x01\xbb"
            + b"\2\x14" + b"r" * 20 + b"\3\x20" + b"e" * 32 + b"\7\2ab"
        )  # fmt: skip
        specifiers = parse_link_specifiers(data)
        self.assertEqual(
            [each.text for each in specifiers], ["127.0.0.1:443", "[::1]:443", "72" * 20, "65" * 32, "6162"]
        )
        self.assertEqual(format_link_specifiers(specifiers), data)

    def test_refused(self) -> None:
        """
        Cut, too long, of a wrong length, none at all.
        """
        for data in (
            b"", b"\0", b"\1", b"\1\0", b"\1\0\5abcde", b"\1\0\6abcde", b"\1\0\6abcdefg", b"\2\7\1a", b"\1\2\0", b"\0\7\1a",
        ):  # fmt: skip
            self.assertRaises(encoding.BadValue, parse_link_specifiers, data)
        for specifier in (LinkSpecifier(0, b"1"), LinkSpecifier(256, b""), LinkSpecifier(-1, b""), LinkSpecifier(9, bytes(256))):
            self.assertRaises(InvalidArgument, format_link_specifiers, (specifier,))
        self.assertRaises(InvalidArgument, format_link_specifiers, ())
        self.assertRaises(InvalidArgument, format_link_specifiers, (LinkSpecifier(9, b""),) * 256)

    @settings(max_examples=150)
    @given(st.binary(max_size=60))
    def test_anything(self, data: bytes) -> None:
        """
        Any bytes are specifiers or none; those that are read are written as they were.
        """
        try:
            specifiers = parse_link_specifiers(data)
        except encoding.BadValue:
            return
        self.assertEqual(format_link_specifiers(specifiers), data)


class IntroductionPointTests(SynchronousTestCase):
    """
    The value.
    """

    def test_relay(self) -> None:
        """
        What is known of the relay.
        """
        value = point(3)
        self.assertEqual(value.addresses, ("127.0.0.3:9001",))
        self.assertEqual(value.ed25519_identity, b"\3" * 32)
        self.assertEqual(value.fingerprint, value.link_specifiers[1].data.hex().upper())
        bare = IntroductionPoint((LinkSpecifier(9, b""),), value.onion_key, value.auth_key, value.enc_key)
        self.assertEqual((bare.fingerprint, bare.ed25519_identity, bare.addresses), (None, None, ()))

    def test_refused(self) -> None:
        """
        Keys that are none.
        """
        good = point(1)
        minus_one = (2**255 - 20).to_bytes(32, "little")
        for keys in (
            (b"", good.auth_key, good.enc_key),
            (good.onion_key, b"\1" + bytes(31), good.enc_key),
            (good.onion_key, good.auth_key, minus_one),
            (good.onion_key, good.auth_key, b"x"),
        ):
            self.assertRaises(InvalidArgument, IntroductionPoint, good.link_specifiers, *keys)
        self.assertRaises(InvalidArgument, IntroductionPoint, (), good.onion_key, good.auth_key, good.enc_key)
