"""
Tests for ``txtor.directory._ed25519``.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA512, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import ed25519_from_x25519, is_good_ed25519_key, verify_ed25519, x25519_from_ed25519
from txtor.directory._ed25519 import _SMALL_ORDER
from txtor.errors import InvalidArgument

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
L = 2**252 + 27742317777372353535851937790883648493
QUICK = settings(max_examples=60)


def encode(y: int, sign: int = 0) -> bytes:
    """
    32 bytes of a y, reduced or not, and a sign.
    """
    return (y | sign << 255).to_bytes(32, "little")


def public(key: Ed25519PrivateKey) -> bytes:
    """
    The public half of a key.
    """
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class VerifyTests(SynchronousTestCase):
    """
    Signatures.
    """

    def setUp(self) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self.key = public(self.private)

    def test_verifies(self) -> None:
        """
        A signature verifies for its key and its message alone.
        """
        signature = self.private.sign(b"message")
        self.assertTrue(verify_ed25519(self.key, signature, b"message"))
        self.assertFalse(verify_ed25519(self.key, signature, b"another"))
        self.assertFalse(verify_ed25519(public(Ed25519PrivateKey.from_private_bytes(b"j" * 32)), signature, b"message"))

    def test_sizes(self) -> None:
        """
        Keys and signatures of any other size are refused without an error.
        """
        signature = self.private.sign(b"message")
        for key, given_signature in [
            (b"", signature),
            (self.key + b"\0", signature),
            (self.key, b""),
            (self.key, signature + b"\0"),
            (self.key, signature[:-1]),
        ]:
            self.assertFalse(verify_ed25519(key, given_signature, b"message"))

    def test_unreduced_signature(self) -> None:
        """
        A second spelling of a signature, with L added to S, is refused.
        """
        signature = self.private.sign(b"message")
        scalar = int.from_bytes(signature[32:], "little") + L
        self.assertFalse(verify_ed25519(self.key, signature[:32] + scalar.to_bytes(32, "little"), b"message"))

    def test_identity_point(self) -> None:
        """
        Under the identity point, R = identity and S = 0 would sign every message; it is no key.
        """
        forged = encode(1) + bytes(32)
        for key in [encode(1), encode(1, 1), encode(P + 1), encode(P + 1, 1)]:
            self.assertFalse(is_good_ed25519_key(key))
            self.assertFalse(verify_ed25519(key, forged, b"any message"))

    def test_small_order(self) -> None:
        """
        The y that are refused are exactly those of the points whose order divides 8.
        """
        # Orders 1 and 2 have x = 0, order 4 has y = 0, and doubling a point of order 8 gives y = 0, so that x*x = -y*y.
        order_8 = {y for y in _SMALL_ORDER if (D * pow(y, 4, P) + 2 * y * y - 1) % P == 0}
        self.assertEqual(len(order_8), 2)
        self.assertEqual(_SMALL_ORDER - order_8, {0, 1, P - 1})
        for y in _SMALL_ORDER:
            for sign in (0, 1):
                self.assertFalse(is_good_ed25519_key(encode(y, sign)))

    def test_non_canonical(self) -> None:
        """
        The second spelling of a y is refused.
        """
        for y in range(P, 2**255):
            self.assertFalse(is_good_ed25519_key(encode(y)))
        self.assertTrue(is_good_ed25519_key(encode(P - 2)))

    @QUICK
    @given(st.binary(min_size=32, max_size=32), st.binary(max_size=70), st.binary(max_size=20))
    def test_anything(self, key: bytes, signature: bytes, message: bytes) -> None:
        """
        Whatever bytes are given, there is an answer and no error.
        """
        self.assertFalse(verify_ed25519(key, signature, message))

    @QUICK
    @given(st.integers(0, 511))
    def test_changed_signature(self, bit: int) -> None:
        """
        A signature with any bit changed is refused.
        """
        signature = bytearray(self.private.sign(b"message"))
        signature[bit // 8] ^= 1 << bit % 8
        self.assertFalse(verify_ed25519(self.key, bytes(signature), b"message"))


class ConversionTests(SynchronousTestCase):
    """
    Keys of one curve as keys of the other.
    """

    @QUICK
    @given(st.binary(min_size=32, max_size=32))
    def test_there_and_back(self, seed: bytes) -> None:
        """
        The two keys that one secret has on both curves are turned into each other.
        """
        private = Ed25519PrivateKey.from_private_bytes(seed)
        hashed = Hash(SHA512())
        hashed.update(seed)
        x25519 = X25519PrivateKey.from_private_bytes(hashed.finalize()[:32])
        theirs = x25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        ours = public(private)
        self.assertEqual(x25519_from_ed25519(ours), theirs)
        self.assertEqual(ed25519_from_x25519(theirs, ours[31] >> 7), ours)

    def test_top_bit(self) -> None:
        """
        The top bit of a Curve25519 key means nothing.
        """
        key = bytes(range(32))
        self.assertEqual(ed25519_from_x25519(key, 0), ed25519_from_x25519(key[:31] + bytes([key[31] | 0x80]), 0))

    def test_none(self) -> None:
        """
        The keys without a counterpart have none, in both spellings.
        """
        self.assertIsNone(ed25519_from_x25519(encode(P - 1), 0))
        self.assertIsNone(ed25519_from_x25519(encode(P - 1, 1), 1))
        self.assertIsNone(x25519_from_ed25519(encode(1)))
        self.assertIsNone(x25519_from_ed25519(encode(P + 1)))

    def test_arguments(self) -> None:
        """
        What is no key or no bit is the caller's mistake.
        """
        self.assertRaises(InvalidArgument, ed25519_from_x25519, b"short", 0)
        self.assertRaises(InvalidArgument, ed25519_from_x25519, bytes(32), 2)
        self.assertRaises(InvalidArgument, x25519_from_ed25519, b"short")
