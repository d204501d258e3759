"""
Tests for ``txtor.directory._rsa``.
"""

from __future__ import annotations

import hashlib
import pickle

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import RSAKey, generate_rsa, rsa_der, sign_rsa
from txtor.errors import InvalidArgument, MalformedDocument
from txtor.test.directory.keys import rsa_key

DIGEST = hashlib.sha1(b"what is signed").digest()


def der(tag: int, content: bytes) -> bytes:
    """
    A DER element.
    """
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def key_der(modulus: int, exponent: int) -> bytes:
    """
    An ``RSAPublicKey`` of any numbers.
    """
    numbers = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (modulus, exponent)]
    return der(0x30, b"".join(der(0x02, number) for number in numbers))


def raw_sign(key: RSAPrivateKey, block: bytes) -> bytes:
    """
    Sign a block of any shape, as an attacker who has the key would.
    """
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes((modulus.bit_length() + 7) // 8, "big")


class RSAKeyTests(SynchronousTestCase):
    """
    Keys and what they sign.
    """

    def setUp(self) -> None:
        self.private = rsa_key(1024)
        self.key = RSAKey(rsa_der(self.private), 1024)

    def test_der(self) -> None:
        """
        The DER that documents carry is what the library itself writes, for every size.
        """
        for bits in (1024, 2048):
            key = rsa_key(bits)
            wanted = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
            self.assertEqual(rsa_der(key), wanted)
            self.assertEqual(RSAKey(wanted).bits, bits)

    def test_fingerprint(self) -> None:
        """
        The fingerprint is the SHA-1 of the DER.
        """
        self.assertEqual(self.key.fingerprint, hashlib.sha1(self.key.der).hexdigest().upper())
        self.assertEqual(self.key.digest, hashlib.sha1(self.key.der).digest())

    def test_verifies(self) -> None:
        """
        A signature over a bare digest verifies, for this key and this digest alone.
        """
        signature = sign_rsa(self.private, DIGEST)
        self.assertTrue(self.key.verifies(signature, DIGEST))
        self.assertEqual(self.key.payload(signature), DIGEST)
        self.assertFalse(self.key.verifies(signature, hashlib.sha1(b"other").digest()))
        self.assertFalse(RSAKey(rsa_der(rsa_key(1024, 1))).verifies(signature, DIGEST))

    def test_filler(self) -> None:
        """
        Case 6 of the documents, case 121: a block whose filler is not FF is refused, and so is one of another type or with
        little filler.
        """
        size = 128 - 3 - len(DIGEST)
        good = b"\x00\x01" + b"\xff" * size + b"\x00" + DIGEST
        self.assertTrue(self.key.verifies(raw_sign(self.private, good), DIGEST))
        for block in [
            b"\x00\x01" + b"\x41" * size + b"\x00" + DIGEST,
            b"\x00\x01" + b"\xff" * (size - 1) + b"\x41\x00" + DIGEST,
            b"\x00\x02" + b"\xff" * size + b"\x00" + DIGEST,
            b"\x00\x00" + b"\x00" * size + b"\x00" + DIGEST,
            b"\x00\x01" + b"\xff" * 7 + b"\x00" + b"\x00" * (size - 7) + DIGEST,
            b"\x00\x01" + b"\x00" + b"\xff" * size + DIGEST,
        ]:
            self.assertEqual(len(block), 128)
            self.assertFalse(self.key.verifies(raw_sign(self.private, block), DIGEST))

    def test_longer_payload(self) -> None:
        """
        Case 7 of the documents, case 121: a digest at the end or at the beginning of something longer is no signature of it.
        """
        for payload in [b"more" + DIGEST, DIGEST + b"more", DIGEST[:-1], b""]:
            self.assertFalse(self.key.verifies(sign_rsa(self.private, payload), DIGEST))

    def test_digest_info(self) -> None:
        """
        A signature with the DigestInfo of the standard is not one of Tor's.
        """
        signature = self.private.sign(b"what is signed", PKCS1v15(), SHA1())
        self.assertFalse(self.key.verifies(signature, DIGEST))

    def test_not_a_signature(self) -> None:
        """
        Bytes of any length are a signature or not, and never an error.
        """
        longer = sign_rsa(self.private, DIGEST) + b"\0"
        for signature in [b"", b"\0" * 128, b"\xff" * 128, b"\1", longer, b"x" * 127, b"x" * 5000]:
            self.assertIsNone(self.key.payload(signature))

    def test_exponents(self) -> None:
        """
        Case 8 of the documents, case 121: a key whose exponent is not 65537 is refused, whatever the library would compute
        with it.
        """
        modulus = self.private.private_numbers().public_numbers.n
        self.assertEqual(RSAKey(key_der(modulus, 65537)).bits, 1024)
        for exponent in [0, 1, 2, 3, 17, 65536, 65539, 2**64 + 1]:
            self.assertRaises(MalformedDocument, RSAKey, key_der(modulus, exponent))

    def test_sizes(self) -> None:
        """
        Case 8 of the documents: a key of another size than the place allows is refused; so are keys too small and too great
        for any place.
        """
        for bits in [512, 513, 1023, 1025, 2048]:
            self.assertRaises(MalformedDocument, RSAKey, key_der(2 ** (bits - 1) + 1, 65537), 1024)
        for bits in [8, 512, 1023, 4097, 100000]:
            self.assertRaises(MalformedDocument, RSAKey, key_der(2 ** (bits - 1) + 1, 65537))
        self.assertEqual(RSAKey(key_der(2**1535 + 1, 65537)).bits, 1536)
        self.assertEqual(RSAKey(key_der(2**1029 + 1, 65537)).bits, 1030)

    def test_even(self) -> None:
        """
        An even modulus is refused.
        """
        self.assertRaises(MalformedDocument, RSAKey, key_der(2**1023 + 2, 65537))

    def test_der_is_strict(self) -> None:
        """
        Another spelling of the same numbers is another key, and refused: or one key would have two fingerprints.
        """
        modulus = self.private.private_numbers().public_numbers.n
        number = modulus.to_bytes(129, "big")
        exponent = b"\x02\x03\x01\x00\x01"
        body = der(0x02, number) + exponent
        self.assertEqual(der(0x30, body), self.key.der)
        for other in [
            b"",
            b"\x30",
            b"\x30\x80",
            self.key.der + b"\0",
            self.key.der[:-1],
            b"\x30\x82\x00" + bytes([len(body)]) + body,
            der(0x30, der(0x02, b"\0" + number) + exponent),
            der(0x30, der(0x02, number[1:]) + exponent),
            der(0x30, der(0x03, number) + exponent),
            der(0x31, body),
            der(0x30, b"\x02\x82\x00\x81" + number + exponent),
            der(0x30, der(0x02, number) + b"\x02\x04\x00\x01\x00\x01"),
            der(0x30, body + b"\x05\x00"),
            b"\x30\x83\x00\x00" + bytes([len(body)]) + body,
            b"\x30\xff" + body,
            der(0x30, der(0x02, b"") + exponent),
        ]:
            self.assertRaises(MalformedDocument, RSAKey, other)

    def test_other_format(self) -> None:
        """
        A key in the other usual format, with an algorithm around it, is refused.
        """
        spki = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.assertRaises(MalformedDocument, RSAKey, spki)

    @settings(max_examples=150)
    @given(st.integers(0, 139), st.integers(1, 255))
    def test_changed_key(self, place: int, change: int) -> None:
        """
        A key with any byte changed is refused, or is another key, with which the signature does not verify.
        """
        changed = bytearray(self.key.der)
        changed[place] ^= change
        try:
            key = RSAKey(bytes(changed), 1024)
        except MalformedDocument:
            return
        self.assertNotEqual(key.fingerprint, self.key.fingerprint)
        self.assertFalse(key.verifies(sign_rsa(self.private, DIGEST), DIGEST))

    @settings(max_examples=100)
    @given(st.binary(max_size=160))
    def test_every_der(self, data: bytes) -> None:
        """
        Any bytes are a key or the one declared error.
        """
        self.assertRaises(MalformedDocument, RSAKey, data)

    def test_sign_too_much(self) -> None:
        """
        What does not fit into the key is refused before anything is computed.
        """
        self.assertTrue(sign_rsa(self.private, b"x" * 117))
        self.assertRaises(InvalidArgument, sign_rsa, self.private, b"x" * 118)

    def test_value(self) -> None:
        """
        Keys are equal when their DER is, can be keys of a dict, and can be pickled.
        """
        self.assertEqual(self.key, RSAKey(self.key.der))
        self.assertNotEqual(self.key, self.key.der)
        self.assertEqual(len({self.key, RSAKey(self.key.der)}), 1)
        self.assertEqual(pickle.loads(pickle.dumps(self.key)), self.key)
        self.assertIn(self.key.fingerprint, repr(self.key))

    def test_generate(self) -> None:
        """
        A new key is of the size that was asked for, and has the exponent that is allowed.
        """
        self.assertEqual(RSAKey(rsa_der(generate_rsa(1024)), 1024).bits, 1024)
