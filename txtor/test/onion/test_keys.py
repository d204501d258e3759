# -*- test-case-name: txtor.test.onion.test_keys -*-
"""
The identity keys of services and their blinded keys.
"""

from __future__ import annotations

import copy
import pickle
import traceback

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import ClientAuthKey, OnionKey, TimePeriod, blinded_public_key

from .samples import GENUINE_ADDRESS, GENUINE_PERIOD, KEY, PERIOD, random

EXPANDED = bytes.fromhex(
    "3894eea49c580aef816935762be049559d6d1440dede12e6a125f1841fff8e6fa9d71862a3e5746b571be3d187b0041046f52ebd850c7cbd5fde8ee38473b649"
)
BLOB = "ED25519-V3:OJTupJxYCu+BaTV2K+BJVZ1tFEDe3hLmoSXxhB//jm+p1xhio+V0a1cb49GHsAQQRvUuvYUMfL1f3o7jhHO2SQ=="


class OnionKeyTests(SynchronousTestCase):
    """
    Making, reading and writing identity keys.
    """

    def test_vector(self) -> None:
        """
        Seed, expanded key, blob, public key and address of one key.
        """
        self.assertEqual(KEY.expanded, EXPANDED)
        self.assertEqual(KEY.blob, BLOB)
        self.assertEqual(KEY.public_key.hex(), "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
        self.assertEqual(KEY.address.bare, "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead")

    def test_round_trip(self) -> None:
        """
        A key keeps its address through its blob, padded or not. Case 100.
        """
        key = OnionKey.generate()
        for text in (key.blob, key.blob.rstrip("="), key.blob.replace("ED25519-V3", "ed25519-v3")):
            self.assertEqual(OnionKey.from_blob(text), key)
            self.assertEqual(OnionKey.from_blob(text).address, key.address)
        self.assertNotEqual(key, OnionKey.generate())
        self.assertNotEqual(key, 5)
        self.assertEqual(hash(key), hash(OnionKey(key.expanded)))

    def test_no_type(self) -> None:
        """
        A key without its type is refused, and the error says what is missing. Case 100.
        """
        error = self.assertRaises(InvalidArgument, OnionKey.from_blob, BLOB.partition(":")[2])
        self.assertIn("ED25519-V3:", str(error))

    def test_refused(self) -> None:
        """
        Other types, bad base64, wrong lengths, line ends, no text.
        """
        body = BLOB.partition(":")[2]
        for text in (
            "", ":", "RSA1024:" + body, "NEW:ED25519-V3", "ED25519-V3:", BLOB[:-3], BLOB + "=", BLOB[:-4], BLOB + "\n",
            BLOB + " ", "ED25519-V3: " + body, "ED25519-V3:" + body.replace("+", "-"), "ED25519-V3:\udcff", BLOB + "AAAA",
            None, 7, BLOB.encode(),
        ):  # fmt: skip
            self.assertRaises(InvalidArgument, OnionKey.from_blob, text)

    def test_other_forms_of_keys(self) -> None:
        """
        A seed, and a seed with its public key as NaCl keeps it, are refused with a hint: Tor would take the latter for a key.
        """
        self.assertIn("from_seed", str(self.assertRaises(InvalidArgument, OnionKey, bytes(32))))
        nacl = bytes(range(32)) + KEY.public_key
        self.assertIn("from_seed", str(self.assertRaises(InvalidArgument, OnionKey, nacl)))
        for thing in (b"", bytes(64), bytes(63), bytes(65), "a" * 64, None):
            self.assertRaises(InvalidArgument, OnionKey, thing)
        for thing in (b"", bytes(64), "a" * 32, None):
            self.assertRaises(InvalidArgument, OnionKey.from_seed, thing)

    def test_random(self) -> None:
        """
        A key is made from 32 bytes of the source that is given.
        """
        asked: list[int] = []

        def source(size: int) -> bytes:
            asked.append(size)
            return bytes(range(size))

        self.assertEqual(OnionKey.generate(source), KEY)
        self.assertEqual(asked, [32])

    def test_sign(self) -> None:
        """
        A signature of the identity key is that of any other implementation.
        """
        self.assertEqual(KEY.sign(b"x"), Ed25519PrivateKey.from_private_bytes(bytes(range(32))).sign(b"x"))

    def test_secret(self) -> None:
        """
        No repr, text, pickle or error holds a secret; a copy is the value itself.
        """
        client = ClientAuthKey.generate(random())
        blinded = KEY.blind(PERIOD)
        for value, secret in ((KEY, EXPANDED), (client, client.secret_bytes), (blinded, blinded.expanded)):
            for text in (repr(value), str(value), f"{value}", f"{[value]}"):
                for shown in (secret.hex(), repr(secret), secret.hex().upper(), secret[:8].hex()):
                    self.assertNotIn(shown, text)
            self.assertNotIn(BLOB[15:60], repr(value))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                self.assertRaises(InvalidArgument, pickle.dumps, value, protocol)
            self.assertIs(copy.copy(value), value)
            self.assertIs(copy.deepcopy([value])[0], value)
        for text in (BLOB[:-3], BLOB + "A", BLOB[11:], "x" + BLOB):
            error = self.assertRaises(InvalidArgument, OnionKey.from_blob, text)
            self.assertNotIn(BLOB[20:40], "".join(traceback.format_exception(error)))


class BlindingTests(SynchronousTestCase):
    """
    Blinded keys.
    """

    def test_vector(self) -> None:
        """
        The blinded key of a vector, from the secret and from the address.
        """
        blinded = KEY.blind(PERIOD)
        self.assertEqual(blinded.public_key.hex(), "21f1137c952723c3f17d52604521ccc4aac717ebb6733f872d141c7231055a4b")
        self.assertEqual(
            blinded.expanded.hex(),
            "dae68e419839abfdacfdb380ba4a40123e1fde93021ffbb0017067b2fd18e205"
            "dbb1aaee717bb8359a9f104295474da8572d9c2822a8680a641e4f6494b8689e",
        )
        self.assertEqual(blinded_public_key(KEY.address, PERIOD), blinded.public_key)

    def test_genuine(self) -> None:
        """
        The blinded key of a descriptor that tor made.
        """
        self.assertEqual(
            blinded_public_key(GENUINE_ADDRESS, GENUINE_PERIOD).hex(),
            "fc3c792a1bef563d95295d2687e9bbc569fb2a978ccadd55c846a817dac519c2",
        )

    @settings(max_examples=15)
    @given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40), st.integers(1, 14400), st.binary(max_size=50))
    def test_any_key(self, seed: bytes, number: int, length: int, message: bytes) -> None:
        """
        The address alone gives the public key of the blinded secret, whose signatures verify under it.
        """
        key = OnionKey.from_seed(seed)
        blinded = key.blind(TimePeriod(number, length))
        self.assertEqual(blinded_public_key(key.address, TimePeriod(number, length)), blinded.public_key)
        Ed25519PublicKey.from_public_bytes(blinded.public_key).verify(blinded.sign(message), message)
