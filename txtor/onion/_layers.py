# -*- test-case-name: txtor.test.onion.test_layers -*-
"""
The two layers of encryption of a descriptor, and the cookie that lets a client into the inner one.

A layer is salt (16) | ciphertext | MAC (32). See rend-spec-v3, "Hidden service descriptors: encryption format".
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ._periods import int8

OUTER, INNER = b"hsdir-superencrypted-data", b"hsdir-encrypted-data"
SALT_SIZE, MAC_SIZE = 16, 32
_KEY, _IV = 32, 16
#: A layer with nothing in it; real ones are longer.
EMPTY_SIZE = SALT_SIZE + MAC_SIZE


def aes_ctr(key: bytes, iv: bytes, text: bytes) -> bytes:
    """
    AES in counter mode, which is its own inverse.
    """
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(text)


@dataclass(frozen=True, repr=False)
class LayerKeys:
    """
    What both layers of one descriptor are encrypted with.

    :ivar blinded: the blinded public key.
    :ivar subcredential: 32 bytes.
    :ivar revision: the revision counter.
    """

    blinded: bytes
    subcredential: bytes
    revision: int

    def _derive(self, cookie: bytes, salt: bytes, constant: bytes) -> tuple[bytes, bytes, bytes]:
        """
        The key, the IV and the key of the MAC.
        """
        secret = self.blinded + cookie + self.subcredential + int8(self.revision) + salt + constant
        stream = hashlib.shake_256(secret).digest(_KEY + _IV + MAC_SIZE)
        return stream[:_KEY], stream[_KEY : _KEY + _IV], stream[_KEY + _IV :]

    def encrypt(self, text: bytes, salt: bytes, constant: bytes, cookie: bytes = b"") -> bytes:
        """
        Encrypt a layer.

        :param salt: 16 random bytes.
        :param constant: `OUTER` or `INNER`.
        :param cookie: 16 bytes for the inner layer of a service that wants client authorization.
        """
        key, iv, mac_key = self._derive(cookie, salt, constant)
        ciphertext = aes_ctr(key, iv, text)
        return salt + ciphertext + _mac(mac_key, salt, ciphertext)

    def decrypt(self, blob: bytes, constant: bytes, cookie: bytes = b"") -> bytes | None:
        """
        Decrypt a layer.

        :return: the text, up to the first NUL; ``None`` where the MAC is wrong, so that nothing was decrypted.
        """
        if len(blob) <= EMPTY_SIZE:
            return None
        salt, ciphertext, mac = blob[:SALT_SIZE], blob[SALT_SIZE:-MAC_SIZE], blob[-MAC_SIZE:]
        key, iv, mac_key = self._derive(cookie, salt, constant)
        if not hmac.compare_digest(mac, _mac(mac_key, salt, ciphertext)):
            return None
        return aes_ctr(key, iv, ciphertext).partition(b"\0")[0]


def _mac(key: bytes, salt: bytes, ciphertext: bytes) -> bytes:
    """
    The authentication code of a layer.
    """
    return hashlib.sha3_256(int8(MAC_SIZE) + key + int8(SALT_SIZE) + salt + ciphertext).digest()


def client_keys(subcredential: bytes, seed: bytes) -> tuple[bytes, bytes]:
    """
    How a client knows its line, and what its cookie is encrypted with.

    :param seed: what the client and the descriptor's ephemeral key share.
    :return: the client's id, 8 bytes, and a key, 32 bytes.
    """
    stream = hashlib.shake_256(subcredential + seed).digest(40)
    return stream[:8], stream[8:]
