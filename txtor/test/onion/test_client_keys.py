# -*- test-case-name: txtor.test.onion.test_client_keys -*-
"""
The keys of client authorization, in all their spellings.
"""

from __future__ import annotations

import traceback

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import ClientAuthKey, ClientAuthPublicKey
from txtor.onion._encoding import read_base32, write_base32

SECRET = ClientAuthKey(b"\1" * 32)
PUBLIC = "UTQJFEVWKHBHROLXFRLJ6X5JXMJ5SBVUNK3IZHPZ3QVUICPYUIEQ"
SMALL_ORDER = (
    0, 1, 2**255 - 20, 2**255 - 18,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)  # fmt: skip


class ClientKeyTests(SynchronousTestCase):
    """
    Secret and public keys.
    """

    def test_vector(self) -> None:
        """
        A secret key, its public key, and the spellings of both.
        """
        self.assertEqual(SECRET.public_key.base32, PUBLIC)
        self.assertEqual(str(SECRET.public_key), PUBLIC)
        self.assertEqual(SECRET.public_key.auth_line, f"descriptor:x25519:{PUBLIC}")
        self.assertEqual(SECRET.blob, "x25519:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
        self.assertEqual(SECRET.base32, "AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQ")
        self.assertEqual(ClientAuthKey(b"\2" * 32).public_key.public_bytes.hex()[:8], "ce8d3ad1")

    def test_spellings(self) -> None:
        """
        Base64 and base32, with and without padding and type, in either case, as the line of a file. Case 104.
        """
        base64 = SECRET.blob[7:]
        for text in (
            base64, base64[:-1], SECRET.blob, SECRET.base32, SECRET.base32.lower(), f"{SECRET.base32}====",
            f"x25519:{SECRET.base32}", f"descriptor:x25519:{SECRET.base32}", f"descriptor:x25519:{SECRET.base32}\n",
        ):  # fmt: skip
            self.assertEqual(ClientAuthKey.parse(text), SECRET)
        for text in (PUBLIC, PUBLIC.lower(), f"descriptor:x25519:{PUBLIC}\n", f"x25519:{PUBLIC}"):
            self.assertEqual(ClientAuthPublicKey.parse(text), SECRET.public_key)
        self.assertEqual(hash(ClientAuthPublicKey.parse(PUBLIC)), hash(SECRET.public_key))
        self.assertEqual(repr(SECRET.public_key), f"ClientAuthPublicKey.parse('{PUBLIC}')")
        self.assertEqual(hash(SECRET), hash(ClientAuthKey(b"\1" * 32)))
        self.assertNotEqual(SECRET, ClientAuthKey(b"\2" * 32))
        self.assertNotEqual(SECRET, 1)
        self.assertNotEqual(SECRET.public_key, PUBLIC)

    def test_refused(self) -> None:
        """
        Other types and lengths, leftover bits, a key of zeros, foreign characters; no error holds the text.
        """
        for text in (
            "", "x25519:", f"ed25519:{SECRET.base32}", f"descriptor:{SECRET.base32}", SECRET.base32[:-1], SECRET.base32 + "A",
            SECRET.base32[:-1] + "R", SECRET.blob[7:-2] + "F=", SECRET.base32.replace("A", "1"), f" {SECRET.base32}",
            f"{SECRET.base32}\n\n", f"{SECRET.base32}\r\n", "A" * 52, "A" * 43 + "=",
            SECRET.base32.replace("I", "\N{LATIN SMALL LETTER DOTLESS I}"),
            SECRET.base32[:-1] + "\udc80", SECRET.blob[7:-1] + "==", None, 5, SECRET.base32.encode(),
        ):  # fmt: skip
            error = self.assertRaises(InvalidArgument, ClientAuthKey.parse, text)
            self.assertNotIn("QCAIBAEAQ", "".join(traceback.format_exception(error)).replace("def ", ""))
        for thing in (b"", bytes(32), b"\1" * 31, "a" * 32, None):
            self.assertRaises(InvalidArgument, ClientAuthKey, thing)

    def test_small_order(self) -> None:
        """
        A public key of small order would let everybody in.
        """
        for number in SMALL_ORDER:
            self.assertRaises(InvalidArgument, ClientAuthPublicKey, number.to_bytes(32, "little"))
            self.assertRaises(InvalidArgument, SECRET.exchange, number.to_bytes(32, "little"))
        for thing in (b"", b"\1" * 31, "a" * 32, None):
            self.assertRaises(InvalidArgument, ClientAuthPublicKey, thing)

    def test_exchange(self) -> None:
        """
        Both sides of an exchange have one secret.
        """
        other = ClientAuthKey.generate()
        self.assertEqual(SECRET.exchange(other.public_key.public_bytes), other.exchange(SECRET.public_key.public_bytes))


class Base32Tests(SynchronousTestCase):
    """
    Base32 as such.
    """

    def test_lengths(self) -> None:
        """
        Numbers of characters that no bytes give, and all others.
        """
        for text in ("A", "AAA", "AAAAAA", "A" * 9, "=", "AA=", "AA=====" + "=" * 2, "AB", "A A"):
            self.assertRaises(InvalidArgument, read_base32, text, "It")
        for value in (b"", b"a", b"ab", b"abc", b"abcd", b"abcde"):
            self.assertEqual(read_base32(write_base32(value), "It"), value)
        self.assertEqual(read_base32("me======", "It"), b"a")


class AnyClientKeyTests(SynchronousTestCase):
    """
    Keys and texts of every kind.
    """

    @settings(max_examples=60)
    @given(st.binary(min_size=32, max_size=32).filter(any))
    def test_round_trip(self, secret: bytes) -> None:
        """
        A key is read from each of its spellings.
        """
        key = ClientAuthKey(secret)
        for text in (key.blob, key.base32, key.base32.lower()):
            self.assertEqual(ClientAuthKey.parse(text).secret_bytes, secret)
        self.assertEqual(ClientAuthPublicKey.parse(key.public_key.auth_line), key.public_key)

    @settings(max_examples=100)
    @given(
        st.one_of(
            st.text(max_size=60),
            st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=", min_size=50, max_size=56),
            st.text("ABCDabcd0189+/=", min_size=42, max_size=45),
        )
    )
    def test_anything(self, text: str) -> None:
        """
        Any text is a key or `InvalidArgument`; a key is the one whose spelling was read.
        """
        for kind in (ClientAuthKey, ClientAuthPublicKey):
            try:
                key = kind.parse(text)
            except InvalidArgument:
                continue
            written = [key.base32] + ([key.blob[7:]] if isinstance(key, ClientAuthKey) else [])
            self.assertTrue(text.rstrip("=") in [each.rstrip("=") for each in written] or len(text.rstrip("=")) in (43, 52))
