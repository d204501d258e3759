# -*- test-case-name: txtor.test.onion.test_ed25519_math -*-
"""
Arithmetic on the curve, against the vectors of RFC 8032 and against the cryptography package.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.onion._ed25519_math import (
    BASE,
    IDENTITY,
    L,
    P,
    add,
    clamp,
    decode_point,
    encode_point,
    in_prime_order_subgroup,
    is_identity,
    multiply,
    public_of,
    sign,
)

#: A point of order 8, and with it all eight points of small order.
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


class CurveTests(SynchronousTestCase):
    """
    Points and their group.
    """

    def test_base(self) -> None:
        """
        The base point is the one of RFC 8032, and its order is L.
        """
        self.assertEqual(encode_point(BASE), b"\x58" + b"\x66" * 31)
        self.assertTrue(is_identity(multiply(L, BASE)))
        self.assertFalse(is_identity(multiply(L - 1, BASE)))
        self.assertTrue(in_prime_order_subgroup(BASE))

    def test_identity(self) -> None:
        """
        The neutral element: 0 times a point, and a point and its inverse.
        """
        self.assertTrue(is_identity(multiply(0, BASE)))
        self.assertTrue(is_identity(add(BASE, multiply(L - 1, BASE))))
        self.assertEqual(encode_point(add(BASE, IDENTITY)), encode_point(BASE))
        self.assertFalse(in_prime_order_subgroup(IDENTITY))

    def test_small_order(self) -> None:
        """
        Neither a point of small order, nor a good one with such a part, is in the group of L elements.
        """
        torsion = decode_point(ORDER_8)
        assert torsion is not None
        self.assertTrue(is_identity(multiply(8, torsion)))
        self.assertFalse(is_identity(multiply(4, torsion)))
        for times in range(1, 8):
            part = multiply(times, torsion)
            self.assertFalse(in_prime_order_subgroup(part))
            self.assertFalse(in_prime_order_subgroup(add(BASE, part)))

    def test_no_point(self) -> None:
        """
        What is no point, or not in the one spelling of its point, is none.
        """
        self.assertIsNone(decode_point((2).to_bytes(32, "little")))  # x*x would be no square
        self.assertIsNone(decode_point((P + 1).to_bytes(32, "little")))  # y = 1, spelled with P
        self.assertIsNone(decode_point((1 | 1 << 255).to_bytes(32, "little")))  # x = 0 has no sign
        self.assertIsNone(decode_point(b"\x58" + b"\x66" * 30))
        self.assertIsNotNone(decode_point((1).to_bytes(32, "little")))

    def test_rfc_8032(self) -> None:
        """
        The first test of RFC 8032: key and signature of the empty message.
        """
        digest = hashlib.sha512(
            bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
        ).digest()
        public = public_of(clamp(digest[:32]))
        self.assertEqual(public.hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        self.assertEqual(
            sign(clamp(digest[:32]), digest[32:], public, b"").hex(),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        )


class AgainstCryptographyTests(SynchronousTestCase):
    """
    The same results as the cryptography package, for any key.
    """

    @settings(max_examples=25)
    @given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
    def test_sign(self, seed: bytes, message: bytes) -> None:
        """
        The public key and the signature of a seed are the same, byte for byte.
        """
        theirs = Ed25519PrivateKey.from_private_bytes(seed)
        digest = hashlib.sha512(seed).digest()
        public = public_of(clamp(digest[:32]))
        self.assertEqual(public, theirs.public_key().public_bytes_raw())
        self.assertEqual(sign(clamp(digest[:32]), digest[32:], public, message), theirs.sign(message))

    @settings(max_examples=20)
    @given(st.integers(1, L - 1), st.binary(min_size=32, max_size=32), st.binary(max_size=50))
    def test_any_scalar(self, scalar: int, prefix: bytes, message: bytes) -> None:
        """
        A signature by any scalar, of which no seed exists, verifies there.
        """
        public = public_of(scalar)
        Ed25519PublicKey.from_public_bytes(public).verify(sign(scalar, prefix, public, message), message)

    @settings(max_examples=20)
    @given(st.integers(0, 2**256), st.integers(0, 2**256))
    def test_distributive(self, left: int, right: int) -> None:
        """
        (a + b) B = a B + b B, and the sign of x survives coding.
        """
        total = add(multiply(left, BASE), multiply(right, BASE))
        self.assertEqual(encode_point(total), encode_point(multiply((left + right) % L, BASE)))
        again = decode_point(encode_point(total))
        assert again is not None
        self.assertEqual(encode_point(again), encode_point(total))

    @settings(max_examples=60)
    @given(st.binary(max_size=40))
    def test_any_bytes(self, encoded: bytes) -> None:
        """
        Any bytes are a point or none; a point is written as it was read.
        """
        point = decode_point(encoded)
        if point is not None:
            self.assertEqual(encode_point(point), encoded)
