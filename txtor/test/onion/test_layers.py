# -*- test-case-name: txtor.test.onion.test_layers -*-
"""
The encryption of a descriptor's layers.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.onion import ClientAuthKey, subcredential
from txtor.onion._encoding import read_base64, write_base64
from txtor.onion._layers import INNER, OUTER, LayerKeys, aes_ctr, client_keys

from .samples import KEY, PERIOD

BLINDED = KEY.blind(PERIOD).public_key
CREDENTIAL = subcredential(KEY.public_key, BLINDED)
KEYS = LayerKeys(BLINDED, CREDENTIAL, 17696)
COOKIE = b"\4" * 16
BLOB = read_base64("BQUFBQUFBQUFBQUFBQUFBUzDwmRggzHZzn9lULu3lQr/crGlVCpIH6tdlXGEhmRDsP/RwqwiB71nyDu+1NpBptct", "The layer")


class LayerTests(SynchronousTestCase):
    """
    One layer, and the cookie of a client.
    """

    def test_client_vector(self) -> None:
        """
        Both sides of client authorization, against a vector.
        """
        client, ephemeral = ClientAuthKey(b"\1" * 32), ClientAuthKey(b"\2" * 32)
        self.assertEqual(write_base64(ephemeral.public_key.public_bytes), "zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk=")
        client_id, key = client_keys(CREDENTIAL, client.exchange(ephemeral.public_key.public_bytes))
        self.assertEqual(write_base64(client_id), "1Q6S+4194wc=")
        self.assertEqual(key.hex(), "531605d76623121ec34cd3698a7b596888f1fa482559d2167b62cfb233a1d2ce")
        self.assertEqual(write_base64(aes_ctr(key, b"\3" * 16, COOKIE)), "gWOc32Ge07SMcgnXwvY2MA==")

    def test_layer_vector(self) -> None:
        """
        The inner layer of a vector, in both directions.
        """
        self.assertEqual(KEYS.encrypt(b"create2-formats 2\n", b"\5" * 16, INNER, COOKIE), BLOB)
        self.assertEqual(KEYS.decrypt(BLOB, INNER, COOKIE), b"create2-formats 2\n")

    def test_other_keys(self) -> None:
        """
        Another cookie, layer, revision, key or credential opens nothing.
        """
        self.assertIsNone(KEYS.decrypt(BLOB, INNER))
        self.assertIsNone(KEYS.decrypt(BLOB, INNER, b"\5" * 16))
        self.assertIsNone(KEYS.decrypt(BLOB, OUTER, COOKIE))
        self.assertIsNone(LayerKeys(BLINDED, CREDENTIAL, 17697).decrypt(BLOB, INNER, COOKIE))
        self.assertIsNone(LayerKeys(bytes(32), CREDENTIAL, 17696).decrypt(BLOB, INNER, COOKIE))
        self.assertIsNone(LayerKeys(BLINDED, bytes(32), 17696).decrypt(BLOB, INNER, COOKIE))

    def test_altered(self) -> None:
        """
        One bit changed anywhere, in salt, ciphertext or code, or some bytes cut off: nothing is decrypted.
        """
        for place in range(len(BLOB)):
            changed = BLOB[:place] + bytes([BLOB[place] ^ 1]) + BLOB[place + 1 :]
            self.assertIsNone(KEYS.decrypt(changed, INNER, COOKIE))
            self.assertIsNone(KEYS.decrypt(BLOB[:place], INNER, COOKIE))

    def test_secret(self) -> None:
        """
        What decrypts a descriptor is not shown.
        """
        self.assertNotIn(repr(CREDENTIAL)[2:20], repr(KEYS))

    @settings(max_examples=60)
    @given(st.binary(max_size=300), st.binary(min_size=16, max_size=16), st.binary(max_size=16), st.binary(max_size=100))
    def test_any_text(self, text: bytes, salt: bytes, cookie: bytes, noise: bytes) -> None:
        """
        A text is decrypted up to its first NUL; what was not encrypted is not.
        """
        blob = KEYS.encrypt(text, salt, OUTER, cookie)
        expected = text.split(b"\0")[0] if text else None
        self.assertEqual(KEYS.decrypt(blob, OUTER, cookie), expected)
        self.assertIsNone(KEYS.decrypt(noise, OUTER, cookie))
